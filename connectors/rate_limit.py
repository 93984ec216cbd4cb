"""Keeps requests within what a venue allows: a weighted token bucket, first come, first served."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.clock import monotonic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a venue allows, in its own units of weight: *capacity* at once, *refill_per_s* after that."""

    capacity: float
    refill_per_s: float

    def __post_init__(self) -> None:
        if self.capacity < 1 or self.refill_per_s <= 0:
            raise ValueError("a rate limit needs capacity >= 1 and refill_per_s > 0")


class RateLimiter:
    """One bucket, full at first, for one event loop; whoever shares the limit shares the instance."""

    def __init__(
        self,
        limit: RateLimit,
        *,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.limit = limit
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()
        # The bucket is kept as the moment at which it will be full again: there is no token count to refill.
        self._full_at = clock()
        self._paused_until = clock()

    async def acquire(self, weight: float = 1) -> None:
        """Return when a request of *weight* may be sent; a caller cancelled while it waits takes nothing.

        Raises ValueError for a weight that the bucket can never hold.
        """
        if not 0 <= weight <= self.limit.capacity:
            raise ValueError(f"weight {weight} does not fit a capacity of {self.limit.capacity}")
        # Whoever waits keeps the turn, so a light request cannot overtake a heavy one for ever.
        async with self._turn:
            while (wait_s := self._ready_at(weight) - self._clock()) > 0:
                await self._sleep(wait_s)
            self._full_at = max(self._full_at, self._clock()) + weight / self.limit.refill_per_s

    def pause(self, seconds: float) -> None:
        """Let nobody through for *seconds* from now, not even who already waits. Never shortens a pause."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _ready_at(self, weight: float) -> float:
        return max(self._paused_until, self._full_at - (self.limit.capacity - weight) / self.limit.refill_per_s)
