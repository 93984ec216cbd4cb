"""The loop that a worker process keeps."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from connectors.http import shared_tls_context
from monitoring import worker_loop as module
from monitoring.worker_loop import WorkerLoop, worker_loop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def loop() -> Iterator[WorkerLoop]:
    loop = WorkerLoop()
    yield loop
    loop.close()


async def current_thread() -> threading.Thread:
    return threading.current_thread()


def test_every_thread_of_the_process_uses_the_same_loop() -> None:
    with ThreadPoolExecutor(8) as threads:
        loops = {id(found.result()) for found in [threads.submit(worker_loop) for _ in range(32)]}
    assert loops == {id(worker_loop())}
    assert worker_loop().run(current_thread(), timeout_s=5) is not threading.current_thread()


def test_coroutines_of_several_threads_run_side_by_side(loop: WorkerLoop) -> None:
    async def meet(barrier: asyncio.Barrier) -> bool:
        await barrier.wait()
        return True

    async def new_barrier() -> asyncio.Barrier:
        return asyncio.Barrier(4)

    barrier = loop.run(new_barrier(), timeout_s=5)
    with ThreadPoolExecutor(4) as threads:
        met = [threads.submit(loop.run, meet(barrier), timeout_s=5) for _ in range(4)]
        assert [answer.result() for answer in met] == [True] * 4


def test_an_exception_reaches_the_thread_that_asked(loop: WorkerLoop) -> None:
    async def fail() -> None:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        loop.run(fail(), timeout_s=5)
    assert not loop.is_stuck


def test_a_time_out_inside_a_coroutine_does_not_condemn_the_loop(loop: WorkerLoop) -> None:
    async def fail() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        loop.run(fail(), timeout_s=5)
    assert not loop.is_stuck


def test_a_loop_that_is_blocked_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = WorkerLoop()
    monkeypatch.setattr(module, "_current", blocked)
    unblock = threading.Event()

    async def block() -> None:
        unblock.wait(10)

    with pytest.raises(TimeoutError):
        blocked.run(block(), timeout_s=0.01)
    assert blocked.is_stuck
    fresh = worker_loop()
    assert fresh is not blocked
    assert fresh.run(current_thread(), timeout_s=5).is_alive()
    unblock.set()
    fresh.close()
    blocked.close()


def test_an_exchange_keeps_one_client_and_all_share_the_tls_context(loop: WorkerLoop) -> None:
    async def clients() -> list[object]:
        return [loop.http_client(slug) for slug in ("kraken", "kraken", "kucoin")]

    kraken, again, kucoin = loop.run(clients(), timeout_s=5)
    assert kraken is again
    assert kraken is not kucoin
    contexts = {id(client._transport._pool._ssl_context) for client in (kraken, kucoin)}  # type: ignore[attr-defined]
    assert contexts == {id(shared_tls_context())}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_forked_child_makes_a_loop_of_its_own() -> None:
    parents = worker_loop()
    child = os.fork()
    if child == 0:
        own = worker_loop()
        works = own is not parents and own.run(current_thread(), timeout_s=5).is_alive()
        os._exit(0 if works else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert worker_loop() is parents
