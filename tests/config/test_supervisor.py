"""Processes that live and die together, with real ones."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.supervisor import LaunchError, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    Lifeline = tuple[Path, Callable[[], bool]]

BASE_DIR = Path(__file__).resolve().parents[2]
SLOW = "starts several interpreters"

CHILD = """
import signal, sys
lifeline = open(sys.argv[1], "w")
name, obedient = sys.argv[2], sys.argv[3] == "obedient"
journal = open(sys.argv[1] + ".journal", "a")
def end(*_):
    journal.write(name + chr(10)); journal.flush()
    if obedient: sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
lifeline.write("up"); lifeline.flush()
while True: signal.pause()
"""

SUPERVISOR = """
import os, sys
from pathlib import Path
from config.supervisor import LaunchError, StopRequested, Supervisor
lifeline, child, *plan = sys.argv[1:]
here = Path(lifeline).parent
with Supervisor(here / "log", stop_grace_s=0.5) as supervisor:
    try:
        for item in plan:
            name, manner, needed = item.split(":")
            started = supervisor.start(name, [sys.executable, "-c", child, lifeline, name, manner],
                os.environ, cwd=here, needed_by_others=bool(needed))
            supervisor.wait_for(name, lambda: "up" in started.log.read_text() or None, timeout_s=20)
        print("all up", *(str(each.process.pid) for each in supervisor._children), flush=True)
        supervisor.watch()
    except StopRequested:
        print("stop requested", flush=True)
    except LaunchError as exc:
        print(exc, flush=True)
"""


def supervised(lifeline: Path, *plan: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A supervisor with these children, all up, and the children's process ids."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(lifeline), CHILD, *plan],
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline().split()
    assert first[:2] == ["all", "up"], first
    return process, [int(pid) for pid in first[2:]]


@pytest.mark.slow(reason=SLOW)
@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_every_child(lifeline: Lifeline, order: signal.Signals) -> None:
    path, all_gone = lifeline
    supervisor, _ = supervised(path, "web:obedient:", "worker:obedient:")
    supervisor.send_signal(order)
    said, _ = supervisor.communicate(timeout=20)
    assert said == "stop requested\n"
    assert supervisor.returncode == 0
    assert all_gone()


@pytest.mark.slow(reason=SLOW)
def test_children_that_others_need_are_stopped_last(lifeline: Lifeline) -> None:
    path, all_gone = lifeline
    supervisor, _ = supervised(path, "sandbox:obedient:needed", "worker:obedient:", "web:obedient:")
    supervisor.send_signal(signal.SIGTERM)
    supervisor.communicate(timeout=20)
    assert all_gone()
    journal = path.with_name("lifeline.journal").read_text().split()
    assert sorted(journal[:2]) == ["web", "worker"]
    assert journal[2:] == ["sandbox"]


@pytest.mark.slow(reason="waits out the grace that a deaf child gets")
def test_a_child_that_ignores_the_order_is_killed(lifeline: Lifeline) -> None:
    path, all_gone = lifeline
    supervisor, _ = supervised(path, "worker:deaf:")
    supervisor.send_signal(signal.SIGINT)
    supervisor.communicate(timeout=20)
    assert all_gone()


@pytest.mark.slow(reason=SLOW)
def test_a_child_that_dies_is_named_with_the_end_of_its_log_and_takes_the_rest_along(lifeline: Lifeline) -> None:
    path, all_gone = lifeline
    supervisor, (_web, worker) = supervised(path, "web:obedient:", "worker:obedient:")
    subprocess.run(["kill", "-KILL", str(worker)], check=True)
    said, _ = supervisor.communicate(timeout=20)
    log = path.with_name("log") / "worker.log"
    assert said == f"worker stopped (signal SIGKILL). The end of {log}:\n    up\n"
    assert all_gone()


@pytest.mark.slow(reason=SLOW)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process die with its parent")
def test_no_child_outlives_a_supervisor_that_was_killed(lifeline: Lifeline) -> None:
    path, all_gone = lifeline
    supervisor, _ = supervised(path, "web:deaf:", "worker:deaf:")
    supervisor.kill()
    supervisor.communicate(timeout=20)
    assert all_gone()


def test_a_log_that_cannot_be_written_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    with Supervisor(tmp_path / "log") as supervisor, pytest.raises(LaunchError) as refusal:
        supervisor.start("web", [sys.executable, "-c", ""], {}, cwd=tmp_path)
    assert str(refusal.value) == (
        f"cannot write {tmp_path / 'log'}: File exists; BELLWETHER_VAR can name another folder"
    )
