"""The grown-up installation, against whichever real services run on this machine."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from kombu import Connection, Exchange, Queue
from psycopg import sql

from config.celery import app
from tests.services import service

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_DIR = Path(__file__).resolve().parents[2]


@pytest.fixture
def database_url() -> Iterator[str]:
    """An empty PostgreSQL database that goes with the test."""
    server = service("postgresql").url_or_skip()
    name = f"bellwether_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield server.replace("/postgres?", f"/{name}?") if "?" in server else server.rpartition("/")[0] + f"/{name}"
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(f"test_{name}")))


@pytest.fixture
def broker_url(request: pytest.FixtureRequest) -> str:
    """The URL of the named broker; `folder` is the embedded one and runs everywhere."""
    name: str = request.param
    return "folder://localhost" if name == "folder" else service(name).url_or_skip()


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], env=environment, cwd=BASE_DIR, capture_output=True, text=True, timeout=140
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow(reason="migrates a database of its own, and starts Django for each command")
def test_postgresql_is_migrated_and_loaded_like_sqlite(environment: dict[str, str], database_url: str) -> None:
    environment["DATABASE_URL"] = database_url
    run(environment, "manage.py", "migrate", "--verbosity", "0")
    run(environment, "manage.py", "migrate", "--check")
    run(environment, "manage.py", "catalogue", "apply", "--yes")
    assert run(environment, "manage.py", "catalogue", "apply", "--yes").splitlines()[-1] == "nothing to change"
    run(environment, "manage.py", "load_history", "--through", "4")
    assert run(environment, "manage.py", "load_history", "--through", "4").splitlines()[-1] == "nothing to change"
    assert ", every hash holds; head " in run(environment, "manage.py", "ledger", "verify")
    run(environment, "manage.py", "plan_checks")
    assert run(environment, "manage.py", "plan_checks").startswith("checks: 0 created, 0 retired")


PAGES = [
    "browser",
    "compare",
    "drift_report",
    "facets",
    "maintainers",
    "page_markup",
    "pages",
    "pages_of_few",
    "search",
    "walk_through",
]
LOOKS = (
    "tests/registry/pages",
    *(f"tests/registry/admin/test_{name}.py" for name in ("exchange_facts", "markup")),
    *(f"tests/monitoring/test_{name}.py" for name in PAGES),
)
"""Tests of how pages look: one database is like another to them."""
FILES = (
    *(f"tests/registry/{name}" for name in ("drift", "importers", "page_export", "page_import")),
    *(f"tests/registry/test_{name}.py" for name in ("catalogue_export", "catalogue_names", "load_catalogue")),
)
"""Tests of what is read from files and written to them; the whole catalogue is loaded there in a test of its own."""
AT_ONCE = tuple(f"tests/registry/epochs/test_{name}.py" for name in ("any_order", "concurrency", "cut_off"))
RECORD = tuple(f"tests/registry/{name}" for name in ("bounties", "history", "security"))
BY_PEOPLE = ("tests/registry/admin", "tests/registry/api", "tests/registry/commands")


@pytest.mark.slow(reason="runs every test that uses the database once more")
@pytest.mark.parametrize(
    ("folders", "left_out"),
    [
        (AT_ONCE, ()),
        (("tests/registry/epochs",), AT_ONCE),
        (BY_PEOPLE, LOOKS),
        (RECORD, ()),
        (("tests/registry",), ("tests/registry/epochs", *RECORD, *BY_PEOPLE, *LOOKS, *FILES)),
        (("tests/monitoring",), LOOKS),
    ],
    ids=["epochs at once", "epochs", "registry by people", "registry record", "registry", "monitoring"],
)
def test_every_database_test_passes_on_postgresql_too(
    folders: tuple[str, ...], left_out: tuple[str, ...], environment: dict[str, str], database_url: str
) -> None:
    environment["BELLWETHER_TEST_DATABASE_URL"] = database_url
    selected = ["-m", "django_db", *folders, *(f"--ignore={place}" for place in left_out)]
    said = run(environment, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *selected)
    assert "database: postgresql\n" in said
    assert re.search(r"\d+ passed", said)


@pytest.mark.slow(reason="starts a worker")
@pytest.mark.parametrize("broker_url", ["folder", "redis", "rabbitmq"], indirect=True)
def test_a_task_travels_through_the_broker_to_a_worker(
    broker_url: str, environment: dict[str, str], tmp_path: Path
) -> None:
    name = f"bellwether-{uuid.uuid4()}"
    queue = Queue(name, Exchange(name, type="direct"), routing_key=name)
    seen = tmp_path / "seen"
    os.mkfifo(seen)
    reader = os.open(seen, os.O_RDONLY | os.O_NONBLOCK)
    environment["CELERY_BROKER_URL"] = broker_url
    folder = tmp_path / "var" / "broker"
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "routes"),
    }
    for kind in ("messages", "routes"):
        (folder / kind).mkdir(parents=True)
    command = ["--app", "tests.config.probe", "worker", "--pool", "threads", "--concurrency", "2", "--queues", name]
    with (
        Connection(broker_url, transport_options=options if broker_url == "folder://localhost" else {}) as connection,
        (tmp_path / "worker.log").open("w+b") as log,
    ):
        app.send_task("tests.write_line", [str(seen), "done"], connection=connection, queue=queue)
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", *command, "--without-gossip", "--without-mingle"],
            env=environment,
            cwd=BASE_DIR,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            assert select.select([reader], [], [], 30)[0], (tmp_path / "worker.log").read_text()
            assert os.read(reader, 100) == b"done\n"
        finally:
            worker.terminate()
            worker.wait(timeout=20)
            channel = connection.default_channel
            queue(channel).delete()
            if broker_url.startswith("amqp"):
                queue.exchange(channel).delete()
            os.close(reader)
