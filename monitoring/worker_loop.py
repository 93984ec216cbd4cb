"""One event loop per worker process, in a thread of its own, with one long-lived HTTP client per exchange."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.http import new_http_client

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import httpx

Answer = TypeVar("Answer")


class WorkerLoop:
    """Runs coroutines for threads that have no loop; any number of them at once.

    It outlives the tasks that use it, so that connections, and the TLS context under them, are made once.
    """

    def __init__(self) -> None:
        self.is_stuck = False
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="worker-loop", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Answer], *, timeout_s: float) -> Answer:
        """What *coroutine* returns or raises. Raises TimeoutError after *timeout_s*, and then counts as stuck.

        A coroutine keeps deadlines of its own; only one that blocks the loop can get this far.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(timeout_s)
        except BaseException as error:
            if isinstance(error, TimeoutError) and not future.done():
                self.is_stuck = True
            future.cancel()
            raise

    def http_client(self, exchange_slug: str) -> httpx.AsyncClient:
        """The client of this exchange; only for use inside the loop."""
        if exchange_slug not in self._clients:
            self._clients[exchange_slug] = new_http_client()
        return self._clients[exchange_slug]

    def close(self) -> None:
        """Closes the connections and ends the thread."""
        self.run(self._close_clients(), timeout_s=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close_clients(self) -> None:
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()


_lock = threading.Lock()
_current: WorkerLoop | None = None


def worker_loop() -> WorkerLoop:
    """This process's loop: made on first use, and made anew after a fork or in place of one that is stuck."""
    global _current
    with _lock:
        if _current is None or _current.is_stuck:
            _current = WorkerLoop()
        return _current


def _forget_after_fork() -> None:
    """A child has neither the parent's threads nor the right to its connections, and the lock may have been held."""
    global _current, _lock
    _current, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget_after_fork)
