"""Watching one order book stream until its time is up, or until nothing that may still come could make it ok."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.clock import monotonic
from monitoring.checks.order_book_evidence import (
    Comparison,
    Observation,
    Top,
    breaks_of,
    delay_of,
    quiet_ms,
    taken_from,
    uncertainty_ms,
)

if TYPE_CHECKING:
    from connectors.book_memory import BookMemory
    from connectors.book_stream import BookStream
    from connectors.types import BookLevel, BookSnapshot, ServerTime
    from monitoring.checks.causes import Failure
    from monitoring.checks.evidence import Scope, Steps
    from monitoring.checks.order_book import StreamedMarket
    from monitoring.checks.thresholds import OrderBookThresholds

TICK_S = 0.05
"""How often the watch looks at the counts; between two looks the stream costs nothing here."""

COMPARED_LEVELS = 20
"""Of each side; what every venue with numbers has in its smallest REST book."""

ASKED_WHEN_QUIET = "rest_book"

REMEMBERED = 1000
REMEMBERED_FOR_S = 1.0
"""How many books the stream keeps, and how long it may take to reach the number that its REST book has already."""


def quiet_limit_ms(planned_s: float, limits: OrderBookThresholds) -> float:
    """How long a stream may be quiet unasked: half of the watch, where the watch is short."""
    return min(limits.quiet_ms, planned_s * 1000 / 2)


def spread_percent_of(spread: float, bid: float, ask: float) -> float:
    return 200 * spread / (bid + ask)


class BookWatch:
    """`is_decided` once the verdict cannot be ok any more; `seen` gives the evidence so far."""

    def __init__(
        self,
        connector: StreamedMarket,
        stream: BookStream,
        scope: Scope,
        limits: OrderBookThresholds,
        asides: Steps,
    ) -> None:
        """*asides* takes the questions on the side: their failing is for the connectivity check to report."""
        self.is_decided = False
        self._connector = connector
        self._stream = stream
        self._scope = scope
        self._limits = limits
        self._asides = asides
        self._quiet_limit_ms = quiet_limit_ms(scope.seconds, limits)
        self._passes_within_s = min(limits.settle_s, scope.seconds / 2)
        self._started = self._ended = monotonic()
        self._clock: ServerTime | None = None
        self._rest: Top | None = None
        self._comparison: Comparison | None = None
        self._since: dict[str, float] = {}
        self._found_after_s: float | None = None
        self._spreads: deque[tuple[float, float | None]] = deque()
        self._ask_again_at = 0.0
        self._is_over = asyncio.Event()
        self._quiet_ms: float | None = None

    def seen(self, before: Observation) -> Observation:
        stats = self._stream.stats
        seen = taken_from(self._stream, replace(before, watched_s=round(self._ended - self._started, 2)))
        narrowest = min((percent for _, percent in self._spreads if percent is not None), default=None)
        return replace(
            seen,
            quiet_ms=seen.quiet_ms if self._quiet_ms is None else self._quiet_ms,
            rest=self._rest,
            rest_refusal=self._rest_refusal(),
            comparison=self._comparison,
            spread_percent=None if narrowest is None else round(narrowest, 4),
            delay_ms=delay_of(stats, self._clock) if self._clock else None,
            clock_uncertainty_ms=uncertainty_ms(self._clock) if self._clock else 0.0,
            found_after_ms=None if self._found_after_s is None else round(self._found_after_s * 1000, 1),
        )

    def _rest_refusal(self) -> Failure | None:
        if self._rest is not None:
            return None
        refusals = [failure for failure in self._asides.failures if failure.step == ASKED_WHEN_QUIET]
        return refusals[-1] if refusals else None

    async def run(self) -> None:
        """Watch a stream that is ready. Raises what ends it."""
        self._started = self._ended = monotonic()
        following = asyncio.create_task(self._follow())
        asking = asyncio.create_task(self._ask_the_time())
        comparing = asyncio.create_task(self._compare())
        try:
            await self._until_decided(following)
            quiet = quiet_ms(self._stream.stats)
            if not self.is_decided and self._is_quiet():
                self.is_decided = await self._is_contradicted() or self._rest is None
                quiet = quiet_ms(self._stream.stats)
            # As it is now: what follows may hold us up, and a silence that nobody asked about is no finding.
            self._quiet_ms = quiet
            if not self.is_decided:
                self._is_over.set()
                await asyncio.wait({comparing}, timeout=self._limits.aside_s)
                self.is_decided = self._differs()
        finally:
            self._ended = monotonic()
            following.cancel()
            comparing.cancel()
            await asyncio.gather(following, comparing, return_exceptions=True)
            # A verdict that is clear already is not held up by it.
            await asyncio.wait({asking}, timeout=TICK_S if self.is_decided else self._limits.aside_s)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _follow(self) -> None:
        async for _ in self._stream:
            pass

    async def _until_decided(self, following: asyncio.Task[None]) -> None:
        until = self._started + self._scope.seconds
        while (left_s := until - monotonic()) > 0 and not self.is_decided:
            await asyncio.wait({following}, timeout=min(TICK_S, left_s))
            if following.done():
                following.result()
            self.is_decided = self._is_broken() or self._is_odd() or self._differs()
            if not self.is_decided and self._is_quiet() and monotonic() >= self._ask_again_at:
                self.is_decided = await self._is_contradicted()

    # What may be wrong. Each says whether that is certain, and since when it was so.

    def _lasts(self, what: str, *, is_so: bool) -> float | None:
        """For how many seconds it has been so, looked at again and again; None while it is not."""
        if not is_so:
            self._since.pop(what, None)
            return None
        now = monotonic()
        return now - self._since.setdefault(what, now)

    def _found(self, after_s: float) -> bool:
        self._found_after_s = after_s
        return True

    def _is_broken(self) -> bool:
        """A broken book has a moment to heal, a lost connection as long as a new one may take."""
        stats, limits = self._stream.stats, self._limits
        breaks = sum(breaks_of(stats).values())
        lasts = self._lasts("broken", is_so=bool(breaks or stats.reconnects or not self._stream.is_live))
        held = self._lasts("live again", is_so=self._stream.is_live)
        if lasts is None:
            return False
        is_beyond_healing = max(breaks, stats.reconnects) > limits.healed_breaks
        has_settled = held is not None and min(held, lasts) >= limits.settle_s
        patience_s = limits.settle_s if breaks else limits.too_slow_recovery_ms / 1000
        return (is_beyond_healing or has_settled or lasts >= patience_s) and self._found(lasts)

    def _is_odd(self) -> bool:
        """A side that is empty, a spread that is too wide, frames that are too late: each may pass, or stay."""
        stream, now = self._stream, monotonic()
        if not stream.is_live:
            return False
        bid, ask, spread = stream.book.best_bid, stream.book.best_ask, stream.book.spread
        percent = None
        if bid and ask and spread is not None:
            percent = spread_percent_of(float(spread), float(bid.price), float(ask.price))
        self._spreads.append((now, percent))
        while self._spreads[0][0] < now - self._passes_within_s:
            self._spreads.popleft()
        delay_ms = delay_of(stream.stats, self._clock) if self._clock else None
        late_ms = self._limits.late_ms + (uncertainty_ms(self._clock) if self._clock else 0.0)
        is_odd = percent is None or percent > self._limits.wide_spread_percent or (delay_ms or 0) > late_ms
        lasts = self._lasts("odd", is_so=is_odd)
        return lasts is not None and lasts >= self._passes_within_s and self._found(lasts)

    def _differs(self) -> bool:
        """One difference at the same sequence is proof."""
        if self._comparison is None or not self._comparison.differed:
            return False
        return self._found(monotonic() - self._since.get("agreed", self._started))

    def _is_quiet(self) -> bool:
        return self._stream.is_live and quiet_ms(self._stream.stats) > self._quiet_limit_ms

    async def _is_contradicted(self) -> bool:
        """Whether REST has moved on and stays ahead: it may be cached, and a frame on its way, so it is asked again."""
        self._rest = None
        self._ask_again_at = monotonic() + self._quiet_limit_ms / 1000
        async with self._asides.step(ASKED_WHEN_QUIET, within_s=self._limits.aside_s):
            for asked in range(max(1, self._limits.rest_asked)):
                if asked:
                    await asyncio.sleep(self._limits.recheck_s)
                self._rest = Top.of(
                    await self._connector.book_snapshot(self._scope.pair, depth=self._stream.book.depth)
                )
                if not self._is_quiet() or not Top.of(self._stream.book.snapshot(1)).is_behind(self._rest):
                    return False
            return self._found(quiet_ms(self._stream.stats) / 1000)
        self._rest = None  # a first answer alone may be a cached one
        return False

    # Questions on the side.

    async def _ask_the_time(self) -> None:
        async with self._asides.step("server_time", within_s=self._limits.aside_s):
            self._clock = await self._connector.server_time()

    async def _compare(self) -> None:
        """Hold the stream against REST where the venue numbers its books, now and again, and when the watch is over."""
        if self._stream.book.sequence is None:
            return
        levels = min(self._stream.book.depth, COMPARED_LEVELS)
        self._comparison = Comparison(levels)
        with self._stream.remember(levels=levels, last=REMEMBERED) as memory:
            has_answer = True
            while has_answer:
                has_answer, is_last = False, self._is_over.is_set()
                async with self._asides.step("rest_snapshot", within_s=self._limits.aside_s):
                    rest = await self._connector.book_snapshot(self._scope.pair, depth=levels)
                    has_answer = await self._has_compared(rest, memory, levels) and not is_last
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._limits.compare_s):
                        await self._is_over.wait()

    async def _has_compared(self, rest: BookSnapshot, memory: BookMemory, levels: int) -> bool:
        """False where the snapshot has no number, as then the next one has none either."""
        if rest.sequence is None:
            return False
        ours = await memory.at(rest.sequence, timeout_s=REMEMBERED_FOR_S)
        comparison = self._comparison or Comparison(levels)
        difference = None if ours is None else difference_of(ours, rest, levels)
        if difference is None:
            self._comparison = replace(comparison, unmatched=comparison.unmatched + 1)
        elif difference:
            difference = comparison.difference or f"at {rest.sequence}, {difference}"
            self._comparison = replace(comparison, differed=comparison.differed + 1, difference=difference)
        else:
            self._since["agreed"] = monotonic()
            self._comparison = replace(comparison, agreed=comparison.agreed + 1)
        return True


def difference_of(ours: BookSnapshot, rest: BookSnapshot, levels: int) -> str:
    """The first of the best *levels* in which two books differ, in words; empty where they agree."""
    for side, mine, theirs in (("bid", ours.bids, rest.bids), ("ask", ours.asks, rest.asks)):
        for rank in range(levels):
            one, other = _level(mine, rank), _level(theirs, rank)
            if one != other:
                return f"{side} {rank + 1}: {_shown(one)} in the stream, {_shown(other)} over REST"
    return ""


def _level(side: tuple[BookLevel, ...], rank: int) -> BookLevel | None:
    return side[rank] if rank < len(side) else None


def _shown(level: BookLevel | None) -> str:
    return "none" if level is None else f"{level.size.normalize():f} at {level.price.normalize():f}"
