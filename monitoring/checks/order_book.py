"""Does the live order book arrive, stay whole, keep moving, say what REST says, and come back when it is cut off?"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from connectors.base import BookStreaming, MarketData
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.order_book_evidence import Observation
from monitoring.checks.order_book_judge import judge
from monitoring.checks.order_book_watch import BookWatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.book_stream import BookStream
    from monitoring.checks.thresholds import OrderBookThresholds

__all__ = ["NEEDS", "Observation", "judge", "observe"]

NEEDS = (MarketData, BookStreaming)

APPLIED = "updates_applied"
"""In the memory for the next run: that updates passed, each of which has proven our arithmetic."""


class StreamedMarket(MarketData, BookStreaming, Protocol):
    """A stream, and the REST book to hold it against."""


async def observe(connector: StreamedMarket, scope: Scope, limits: OrderBookThresholds) -> Observation:
    """Watch one stream for a while, and if nothing was wrong with it, cut it off and see it come back."""
    steps, asides = Steps(scope.deadline_s), Steps(scope.deadline_s)
    depth = depth_of(connector.book_depths, limits.depth)
    seen = Observation(scope.pair, depth, scope.seconds, was_proven=scope.memory.get(APPLIED) is True)
    async with steps.step("book_stream"), connector.book_stream(scope.pair, depth=depth) as stream:
        watch = BookWatch(connector, stream, scope, limits, asides)
        try:
            await stream.ready()
            await watch.run()
        finally:
            seen = watch.seen(seen)
        if not watch.is_decided and seen.is_live:
            async with steps.step("recovery"):
                back_after_ms = await _recovery_ms(stream, within_s=limits.too_slow_recovery_ms / 1000)
                seen = replace(seen, recovery_ms=round(back_after_ms, 1))
    memory = {APPLIED: True} if seen.updates else scope.memory
    return replace(seen, memory=memory, failures=steps.failures)


async def _recovery_ms(stream: BookStream, *, within_s: float) -> float:
    """From cutting the connection to a live book. Raises what was in the way, and TimeoutError for mere slowness."""
    before = stream.stats.last_error
    try:
        async with asyncio.timeout(within_s):
            return await stream.reconnect()
    except TimeoutError:
        error = stream.stats.last_error
        if error is None or error is before:
            raise
        raise error from None


def depth_of(offered: Sequence[int], wanted: int) -> int:
    """The smallest depth on offer that holds the *wanted* levels, or else the largest."""
    return min((depth for depth in offered if depth >= wanted), default=max(offered))
