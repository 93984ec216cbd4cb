"""The token bucket against a clock that the test moves."""

from __future__ import annotations

import asyncio
import heapq
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.rate_limit import RateLimit, RateLimiter

ONE_A_SECOND = RateLimit(capacity=3, refill_per_s=1)


class ManualClock:
    """Time that stands still until `advance`; sleepers wake exactly when they asked to."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), woken))
        await woken

    async def settle(self) -> None:
        """Give every task the turns it needs to reach its next wait."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        await self.settle()
        until = self.now + seconds
        while self._sleepers and self._sleepers[0][0] <= until:
            self.now, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await self.settle()
        self.now = until


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def limiter_on(clock: ManualClock, limit: RateLimit = ONE_A_SECOND) -> RateLimiter:
    return RateLimiter(limit, clock=clock, sleep=clock.sleep)


async def served_at(limiter: RateLimiter, clock: ManualClock, weight: float = 1) -> float:
    await limiter.acquire(weight)
    return clock.now - 1_000.0


async def test_burst_up_to_capacity_passes_at_once_and_then_one_each_second(clock: ManualClock) -> None:
    limiter = limiter_on(clock)
    tasks = [asyncio.create_task(served_at(limiter, clock)) for _ in range(6)]

    await clock.advance(10)

    assert [task.result() for task in tasks] == [0, 0, 0, 1, 2, 3]


async def test_idle_time_refills_no_further_than_capacity(clock: ManualClock) -> None:
    limiter = limiter_on(clock)
    await clock.advance(100)
    tasks = [asyncio.create_task(served_at(limiter, clock)) for _ in range(5)]

    await clock.advance(10)

    assert [task.result() for task in tasks] == [100, 100, 100, 101, 102]


async def test_heavy_request_waits_for_its_whole_weight_and_is_not_overtaken(clock: ManualClock) -> None:
    limiter = limiter_on(clock)
    await limiter.acquire(2)
    heavy = asyncio.create_task(served_at(limiter, clock, 3))
    light = asyncio.create_task(served_at(limiter, clock, 1))

    await clock.advance(10)

    assert heavy.result() == 2
    assert light.result() == 3


async def test_cancelled_waiter_takes_nothing_and_the_next_is_served(clock: ManualClock) -> None:
    limiter = limiter_on(clock)
    await limiter.acquire(3)
    first = asyncio.create_task(served_at(limiter, clock, 3))
    queued = asyncio.create_task(served_at(limiter, clock))
    last = asyncio.create_task(served_at(limiter, clock))
    await clock.settle()

    first.cancel()
    queued.cancel()
    await clock.advance(10)

    assert first.cancelled()
    assert queued.cancelled()
    assert last.result() == 1


async def test_pause_holds_back_waiting_and_new_callers_and_is_never_shortened(clock: ManualClock) -> None:
    limiter = limiter_on(clock)
    await limiter.acquire(3)
    waiting = asyncio.create_task(served_at(limiter, clock))
    await clock.settle()

    limiter.pause(30)
    limiter.pause(5)
    later = asyncio.create_task(served_at(limiter, clock, 0))
    await clock.advance(60)

    assert waiting.result() == 30
    assert later.result() == 30


async def test_weight_that_can_never_fit_is_refused(clock: ManualClock) -> None:
    limiter = limiter_on(clock)

    with pytest.raises(ValueError, match="capacity of 3"):
        await limiter.acquire(4)
    with pytest.raises(ValueError, match="weight -1"):
        await limiter.acquire(-1)


@pytest.mark.parametrize(("capacity", "refill_per_s"), [(0, 1), (0.5, 1), (1, 0), (1, -1)])
def test_impossible_limit_is_refused(capacity: float, refill_per_s: float) -> None:
    with pytest.raises(ValueError, match="a rate limit needs"):
        RateLimit(capacity, refill_per_s)


async def test_real_clock_serves_within_the_declared_rate() -> None:
    limiter = RateLimiter(RateLimit(capacity=2, refill_per_s=100))
    loop = asyncio.get_running_loop()
    started = loop.time()

    for _ in range(7):
        await limiter.acquire()

    assert loop.time() - started >= 0.049


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.3, 1.0, 2.5, 3.0]), st.sampled_from([0.0, 0.1, 0.7, 4.0])),
        max_size=30,
    )
)
def test_no_window_ever_carries_more_than_capacity_and_its_refill(calls: list[tuple[float, float]]) -> None:
    async def run() -> list[tuple[float, float]]:
        clock = ManualClock()
        limiter = limiter_on(clock)
        served = []

        async def call(weight: float) -> None:
            served.append((await served_at(limiter, clock, weight), weight))

        async with asyncio.TaskGroup() as group:
            for weight, pause in calls:
                group.create_task(call(weight))
                await clock.advance(pause)
            await clock.advance(1_000)
        return served

    served = asyncio.run(run())

    assert len(served) == len(calls)
    for start, (opened, _) in enumerate(served):
        carried = 0.0
        for moment, weight in served[start:]:
            carried += weight
            assert carried <= 3 + (moment - opened) + 1e-6
