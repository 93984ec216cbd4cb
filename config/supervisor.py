"""Processes that live and die together: started in sessions of their own, watched, and stopped by one supervisor."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType, TracebackType

Found = TypeVar("Found")

POLL_S = 0.1
STOP_GRACE_S = 8.0  # a check that still runs may finish; a longer one is dispatched again after the next start
SAME_SIGNAL_S = 0.5  # make passes a SIGTERM on that its whole process group was sent anyway
LOG_TAIL_LINES = 12
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class LaunchError(Exception):
    """Something that keeps the processes from running; its text is what the operator reads."""


class StopRequested(Exception):
    """SIGINT, SIGTERM or SIGHUP arrived."""


@dataclass(frozen=True, slots=True)
class Child:
    """One supervised process. *needed_by_others* means that it is stopped after all the rest."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    needed_by_others: bool = False


class Supervisor:
    """Starts children, notices the first one that dies, and leaves none behind.

    A context manager: leaving it stops every child. Signals only set a flag that is looked at between two steps, so
    no child can be started and then forgotten. On Linux the kernel kills the children should the supervisor itself be
    killed; elsewhere only `kill -9` of the supervisor can orphan them.
    """

    def __init__(self, log_dir: Path, *, stop_grace_s: float = STOP_GRACE_S) -> None:
        self._log_dir = log_dir
        self._stop_grace_s = stop_grace_s
        self._children: list[Child] = []
        self._signals = 0
        self._last_signal = float("-inf")
        self._previous: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            previous = signal.getsignal(number)
            if number is signal.SIGHUP and previous is signal.SIG_IGN:
                continue  # started by nohup
            self._previous[number] = previous
            signal.signal(number, self._note_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for number, previous in self._previous.items():
            signal.signal(number, previous)

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        cwd: Path,
        needed_by_others: bool = False,
    ) -> Child:
        """A new process whose output goes to `<name>.log`; the log of the run before is kept as `<name>.log.1`.

        Raises LaunchError where the log cannot be written, StopRequested after a signal.
        """
        self._raise_if_stopped()
        log = self._log_dir / f"{name}.log"
        with writing_in(self._log_dir):
            self._log_dir.mkdir(parents=True, exist_ok=True)
            if log.exists():
                log.replace(log.with_name(f"{log.name}.1"))
            output = log.open("wb")
        with output:
            process = subprocess.Popen(  # noqa: S603 -- our own commands
                command,
                env=dict(environment),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone
                preexec_fn=_death_with_parent(),  # safe: the supervisor has one thread
            )
        child = Child(name, process, log, needed_by_others)
        self._children.append(child)
        return child

    def run(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, cwd: Path, timeout_s: float
    ) -> None:
        """One command to its end. Raises LaunchError when it fails, StopRequested when a signal interrupts it."""
        child = self.start(name, command, environment, cwd=cwd)
        deadline = time.monotonic() + timeout_s
        while child.process.poll() is None:
            if time.monotonic() > deadline:
                raise LaunchError(f"{name} did not finish within {timeout_s:.0f} s. {_tail(child)}")
            self._pause()
        self._children.remove(child)
        if child.process.returncode:
            raise LaunchError(f"{name} failed ({_ending(child)}). {_tail(child)}")

    def wait_for(self, what: str, ready: Callable[[], Found | None], *, timeout_s: float) -> Found:
        """What *ready* gives once it is not None. Raises LaunchError when a child dies or the time is over."""
        deadline = time.monotonic() + timeout_s
        while (found := ready()) is None:
            if time.monotonic() > deadline:
                raise LaunchError(f"{what} took more than {timeout_s:.0f} s; the logs are in {self._log_dir}")
            self._check_children()
            self._pause()
        return found

    def watch(self) -> None:
        """Returns never: raises StopRequested on a signal, LaunchError when a child dies."""
        while True:
            self._check_children()
            self._pause()

    def stop(self) -> None:
        """Ends every child: the ones that others need last, politely first; a second signal cuts the wait short."""
        asked = self._signals
        for needed_by_others in (False, True):
            group = [child for child in self._children if child.needed_by_others is needed_by_others]
            for child in group:
                _send(child, signal.SIGTERM)
            deadline = time.monotonic() + self._stop_grace_s
            while any(child.process.poll() is None for child in group):
                if time.monotonic() > deadline or self._signals > asked:
                    break
                time.sleep(POLL_S)
            for child in group:
                _send(child, signal.SIGKILL)
                child.process.wait()
        self._children.clear()

    def _note_signal(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if now - self._last_signal > SAME_SIGNAL_S:
            self._signals += 1
        self._last_signal = now

    def _pause(self) -> None:
        time.sleep(POLL_S)
        self._raise_if_stopped()

    def _raise_if_stopped(self) -> None:
        if self._signals:
            raise StopRequested

    def _check_children(self) -> None:
        for child in self._children:
            if child.process.poll() is not None:
                raise LaunchError(f"{child.name} stopped ({_ending(child)}). {_tail(child)}")


@contextmanager
def writing_in(folder: Path) -> Iterator[None]:
    """Makes what the system refuses in the block a LaunchError: a folder that may not be written, a full disk."""
    try:
        yield
    except OSError as exc:
        where = exc.filename or folder
        raise LaunchError(f"cannot write {where}: {exc.strerror}; BELLWETHER_VAR can name another folder") from None


def _death_with_parent() -> Callable[[], None] | None:
    """A hook for the forked child: the kernel kills it when its parent dies, however that dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: nothing is loaded in the child
    parent = os.getpid()

    def hook() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return hook


def _send(child: Child, number: signal.Signals) -> None:
    if child.process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, number)


def _ending(child: Child) -> str:
    code = child.process.returncode
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _tail(child: Child) -> str:
    lines = child.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n".join([f"The end of {child.log}:", *(f"    {line}" for line in lines)])
