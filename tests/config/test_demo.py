"""The demo as a person meets it: one command, an address, a page, Ctrl-C, and nothing left running."""

from __future__ import annotations

import http.client
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.services import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE_DIR = Path(__file__).resolve().parents[2]
START_S = 90  # about ten seconds alone on two cores; the other tests run beside it

pytestmark = pytest.mark.slow(reason="starts the whole installation")


@contextmanager
def demo(environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The launcher in a process group of its own, as a terminal would have it; killed if the test forgets it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "config.launch", "demo", "--port", str(port)],
        cwd=BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)


def read_until(process: subprocess.Popen[bytes], wanted: str) -> str:
    """What the process said, up to *wanted*. Fails when it ends or stays silent."""
    assert process.stdout is not None
    said = b""
    while wanted.encode() not in said:
        assert select.select([process.stdout], [], [], START_S)[0], f"silent after:\n{said.decode()}"
        chunk = os.read(process.stdout.fileno(), 65536)  # past Python's buffer, which select cannot see
        assert chunk, f"ended after:\n{said.decode()}"
        said += chunk
    return said.decode()


def get(url: str) -> tuple[int, str]:
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=30)) as connection:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def processes_of(var: Path) -> list[str]:
    """Every process that was started for this folder, as Linux tells it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"BELLWETHER_VAR={var}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_text().replace("\0", " "))
    return found


def checks_left(var: Path) -> set[tuple[str, str]]:
    """Connector and kind of every check in the demo's database that has not been ok yet."""
    with closing(sqlite3.connect(f"file:{var / 'bellwether.sqlite3'}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT connector_id, monitoring_check.kind FROM monitoring_check"
            " JOIN registry_component ON registry_component.id = component_id"
            " WHERE latest_result_id IS NULL OR outcome != 'ok'"
        )
        return set(rows)


def test_demo_starts_answers_and_stops_without_a_trace(environment: dict[str, str], tmp_path: Path) -> None:
    var, port = tmp_path / "var", free_port()
    with demo(environment, port) as first:
        said = read_until(first, "Ctrl-C stops every process")
        assert f"http://127.0.0.1:{port}/" in said
        status, page = get(f"http://127.0.0.1:{port}/")
        assert status == 200
        assert "Kraken" in page
        assert any(" worker " in command for command in processes_of(var)) or sys.platform != "linux"

        with demo(environment, free_port()) as second:
            refusal, _ = second.communicate(timeout=30)
            assert second.returncode == 1
            assert re.fullmatch(rf"bellwether: already running in .* \(process {first.pid}\): .*\n", refusal.decode())

        os.killpg(first.pid, signal.SIGINT)  # the whole foreground group, like Ctrl-C in a terminal
        rest, _ = first.communicate(timeout=60)
        assert first.returncode == 0, rest
        assert rest.decode().endswith(f"Stopped. The history is kept in {var}\n")
    assert processes_of(var) == []
    assert (var / "bellwether.sqlite3").exists()


def test_every_declared_component_is_ok_within_a_minute_and_after_a_restart(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    environment |= {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}  # which serves nobody
    with demo(environment, port) as first:
        read_until(first, "Ctrl-C stops every process")
        deadline = time.monotonic() + 60
        while left := checks_left(tmp_path / "var"):
            assert time.monotonic() < deadline, f"not ok within a minute: {left}"
            select.select([], [], [], 0.5)
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=60)
    with demo(environment, port) as again:
        read_until(again, "Ctrl-C stops every process")
        assert checks_left(tmp_path / "var") == set()
        again.send_signal(signal.SIGTERM)
        again.communicate(timeout=60)
    assert processes_of(tmp_path / "var") == []
    for log in (tmp_path / "var" / "log").iterdir():
        assert "Traceback" not in log.read_text(), log
