"""Settings from the environment, each process with its own."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow(reason="each test starts Django in a process of its own")


def manage(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        env=environment,
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
    )


def setting(environment: dict[str, str], name: str) -> str:
    """The value of one setting, as Python writes it."""
    program = f"from django.conf import settings; print(repr(settings.{name}))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_documented_production_environment_passes_the_deployment_check(environment: dict[str, str]) -> None:
    environment |= {"BELLWETHER_HTTPS": "1", "DJANGO_ALLOWED_HOSTS": "status.example.org"}
    done = manage(environment, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_secret_key_is_made_once_and_readable_by_its_owner_alone(environment: dict[str, str], tmp_path: Path) -> None:
    first = setting(environment, "SECRET_KEY")
    assert len(first) > 80
    assert setting(environment, "SECRET_KEY") == first
    assert stat.S_IMODE((tmp_path / "var" / "secret-key").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "var").glob("secret-key*")) == ["secret-key"]


def test_secret_key_is_made_where_the_file_system_has_no_hard_links(
    environment: dict[str, str], tmp_path: Path
) -> None:
    program = (
        "import os\n"
        "def refuse(*_): raise PermissionError(1, 'Operation not permitted')\n"
        "os.link = refuse\n"
        "from django.conf import settings; print(repr(settings.SECRET_KEY))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=BASE_DIR, capture_output=True, text=True
    )
    assert done.stdout.strip() == setting(environment, "SECRET_KEY"), done.stderr
    assert stat.S_IMODE((tmp_path / "var" / "secret-key").stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "var").glob("secret-key*")) == ["secret-key"]


def test_embedded_database_is_in_its_folder_whatever_that_is_called(
    environment: dict[str, str], tmp_path: Path
) -> None:
    var = tmp_path / "a#b?c%41 d"
    program = "import django; django.setup(); from django.db import connection; connection.ensure_connection()"
    subprocess.run(
        [sys.executable, "-c", program], env=environment | {"BELLWETHER_VAR": str(var)}, cwd=BASE_DIR, check=True
    )
    assert (var / "bellwether.sqlite3").exists()


def test_empty_list_of_hosts_is_the_usual_one(environment: dict[str, str]) -> None:
    usual = "['localhost', '127.0.0.1', '[::1]']"
    assert setting(environment | {"DJANGO_ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS") == usual


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BELLWETHER_VAR", "/dev/null", "BELLWETHER_VAR='/dev/null' cannot be a folder: File exists"),
        ("BELLWETHER_HTTPS", "yes", "BELLWETHER_HTTPS='yes': write 1 or 0"),
        ("BELLWETHER_LOG_LEVEL", "loud", "BELLWETHER_LOG_LEVEL='LOUD': write DEBUG, INFO, WARNING or ERROR"),
        ("BELLWETHER_CADENCE_S", "abc", "BELLWETHER_CADENCE_S='abc': write whole seconds, at least 1"),
        ("BELLWETHER_CONTROL_HOSTS", "[x", "BELLWETHER_CONTROL_HOSTS: '[x' is no host: write name:443 or https://name"),
        ("DATABASE_URL", "x://u:secret-word@db/n", "DATABASE_URL is no database: write postgresql://"),
        ("CELERY_BROKER_URL", "redis://u:secret-word[x", "CELERY_BROKER_URL is no queue: write redis://"),
        ("DJANGO_DEBUG", "on", "DJANGO_DEBUG='on': write 1 or 0"),
        ("KRAKEN_REST_URL", "x.example", "KRAKEN_REST_URL is not an address like https://api.kraken.com"),
    ],
)
def test_unreadable_setting_stops_the_start_by_name(
    name: str, value: str, told: str, environment: dict[str, str]
) -> None:
    done = manage(environment | {name: value}, "check")
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr


def test_broker_url_replaces_the_embedded_broker(environment: dict[str, str], tmp_path: Path) -> None:
    url = "redis://127.0.0.1:6379/0"
    assert setting(environment | {"CELERY_BROKER_URL": url}, "CELERY_BROKER_URL") == repr(url)
    assert not (tmp_path / "var" / "broker").exists()
    assert setting(environment, "CELERY_BROKER_URL") == "'folder://localhost'"
    assert (tmp_path / "var" / "broker" / "messages").is_dir()


def test_the_beat_sends_a_task_that_exists(environment: dict[str, str]) -> None:
    program = (
        "import django; django.setup()\n"
        "from config.celery import app\n"
        "app.loader.import_default_modules()\n"
        "sent = {entry['task'] for entry in app.conf.beat_schedule.values()}\n"
        "print(sorted(sent - set(app.tasks)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
