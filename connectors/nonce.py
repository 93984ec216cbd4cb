"""Nonces that never repeat or fall for one API key, however many processes on this machine use it."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import time
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.errors import NotSetUp

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

# A waiter asks again this often: a blocking flock would need a thread that cancellation cannot reach.
RETRY_S = 0.005
# Fixed width: writing in place is then one write of the same few bytes, whole or not at all for a reader.
_WIDTH = len(str(2**64))
_READABLE = re.compile(rb"\s*0*(\d{1,20})\s*")


nonces_in: ContextVar[Path | None] = ContextVar("nonces_in", default=None)
"""Another folder for the tasks of this context, as for a replay, whose nonces nobody sees."""


def nonce_directory() -> Path:
    """Where nonces are kept: $BELLWETHER_NONCE_DIR, or bellwether/nonces under the XDG state folder."""
    if chosen := nonces_in.get():
        return chosen
    if configured := os.environ.get("BELLWETHER_NONCE_DIR"):
        return Path(configured)
    state = os.environ.get("XDG_STATE_HOME")
    try:
        return (Path(state) if state else Path.home() / ".local" / "state") / "bellwether" / "nonces"
    except RuntimeError as error:  # a user without a home, as in some containers
        raise NotSetUp("no folder for nonces: set BELLWETHER_NONCE_DIR") from error


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


class NonceFile:
    """The last nonce of one API key, in a file that is locked from taking a nonce until its request is answered.

        async with NonceFile(api_key) as nonce:
            ...  # sign with it, send, read the answer

    The lock is held all that time because a venue takes only rising nonces and two requests under way may overtake
    one another. It excludes other processes, threads and coroutines, and ends with the process that held it.
    Nonces are milliseconds: a finer unit, once used, would lock out every client of the same key that counts coarser.

    Waiting is bounded by the caller's `asyncio.timeout`. Raises NotSetUp where the file cannot be kept.
    """

    def __init__(self, api_key: str, directory: Path | None = None, *, now_ms: Callable[[], int] = clock_ms) -> None:
        # The hash keeps the key itself out of file names and error messages.
        name = hashlib.sha256(api_key.encode(errors="surrogatepass")).hexdigest()
        self.path = (nonce_directory() if directory is None else directory) / name
        self._now_ms = now_ms
        self._descriptor = -1

    async def __aenter__(self) -> int:
        try:
            descriptor = self._open()
            try:
                while not _is_locked_now(descriptor):  # noqa: ASYNC110 another process can set no Event here
                    await asyncio.sleep(RETRY_S)
                nonce = self._take(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as exc:
            raise NotSetUp(
                f"cannot keep nonces in {self.path.parent} ({exc.strerror}): "
                "let BELLWETHER_NONCE_DIR name a folder that can be written"
            ) from exc
        # Only the one holder of the lock gets here, so coroutines and threads may share this object.
        self._descriptor = descriptor
        return nonce

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # Read before the lock is let go: the next holder may be a thread that sets it at once.
        descriptor = self._descriptor
        # A child forked meanwhile has a copy of the descriptor, so that closing alone would keep the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)

    def _open(self) -> int:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _take(self, descriptor: int) -> int:
        """The next nonce, written before it is used.

        Not synced to disk: what a killed process wrote survives it, and after a power cut the clock is ahead of
        all that was lost.
        """
        nonce = max(self._now_ms(), _last_nonce(os.pread(descriptor, 64, 0)) + 1)
        os.ftruncate(descriptor, os.pwrite(descriptor, b"%0*d\n" % (_WIDTH, nonce), 0))
        return nonce


def _is_locked_now(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _last_nonce(content: bytes) -> int:
    """The number in the file, or 0 where it holds none: then the clock alone decides."""
    number = _READABLE.fullmatch(content)
    last = int(number[1]) if number else 0
    return last if last < 2**64 - 1 else 0
