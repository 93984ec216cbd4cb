"""Real Celery workers over the embedded broker: nothing but the clock of a lease is moved by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from monitoring.checks.outcomes import Kind
from monitoring.models import Check, Result
from monitoring.tasks import dispatch_due_checks
from tests.monitoring.factories import make_check, make_component, make_exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.sandbox import KrakenSandbox, SandboxThread

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK_KINDS = (Kind.CONNECTIVITY, Kind.MARKETS, Kind.AUTH)


class Workers:
    """Starts worker processes on this test's database and broker folder, and leaves none behind."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "BELLWETHER_VAR": str(settings.VAR_DIR),
            "BELLWETHER_LOG_LEVEL": "DEBUG",
            "DATABASE_URL": _test_database_url(),
        }
        command = [sys.executable, "-m", "celery", "--app", "config.celery", "worker", *options]
        with (self.logs / f"worker-{len(self._processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                self.kill(process)

    def wait_until(self, happened: Callable[[], bool], *, within_s: float = 30) -> None:
        """What another process does is no event here, so the rows are asked for it."""
        deadline = time.monotonic() + within_s
        while not happened():
            logs = [log.read_text(errors="replace")[-3000:] for log in self.logs.glob("worker-*.log")]
            assert time.monotonic() < deadline, "\n".join(logs)
            time.sleep(0.05)


def _test_database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    host, port = database["HOST"] or "127.0.0.1", database["PORT"] or 5432
    return f"postgresql://{database['USER']}:{database['PASSWORD']}@{host}:{port}/{database['NAME']}"


def queued() -> list[Path]:
    return list((settings.VAR_DIR / "broker").rglob("*.msg"))


@pytest.fixture
def workers(transactional_db: None, tmp_path: Path) -> Iterator[Workers]:
    workers = Workers(tmp_path)
    yield workers
    workers.stop_all()
    for message in queued():
        message.unlink()


@pytest.mark.slow  # two real workers start, one after the other
@pytest.mark.parametrize(
    "pool", [("--pool", "threads", "--concurrency", "4"), ("--pool", "prefork", "--concurrency", "2")]
)
def test_a_worker_killed_in_the_middle_of_a_run_loses_nothing_but_that_run(
    workers: Workers, sandbox: SandboxThread[KrakenSandbox], pool: tuple[str, ...], tmp_path: Path
) -> None:
    component = make_component(make_exchange("kraken"))
    now = timezone.now()
    checks = [make_check(component, kind=kind, next_due_at=now, cadence_s=3600) for kind in QUICK_KINDS]

    sandbox.faults.switch_on("hang")
    dispatch_due_checks.delay()
    first = workers.start(*pool)
    workers.wait_until(lambda: Check.objects.exclude(claim_token=None).count() == 3 and not queued())
    lost = Check.objects.values_list("claim_token", flat=True)[0]
    workers.kill(first)
    sandbox.faults.switch_off("hang")
    assert Result.objects.count() == 0

    Check.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    dispatch_due_checks.delay()
    workers.start(*pool)
    workers.wait_until(lambda: Result.objects.count() == 3)

    assert sorted(Result.objects.values_list("live_check", flat=True)) == [check.pk for check in checks]
    assert set(Result.objects.values_list("outcome", "source")) == {("ok", "sandbox")}
    assert lost not in Result.objects.values_list("run_id", flat=True)
    assert set(Check.objects.values_list("claim_token", flat=True)) == {None}
    for secret in (sandbox.credentials.api_secret, sandbox.credentials.api_key):
        assert_no_file_holds(secret, settings.VAR_DIR, tmp_path)


def assert_no_file_holds(secret: str, *folders: Path) -> None:
    """Neither database nor journal, nor the broker's folders, nor a log."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert {"worker-0.log", "worker-1.log"} <= {path.name for path in files}
    assert [path for path in files if secret.encode() in path.read_bytes()] == []
