"""Does the live order book arrive, stay whole and keep moving?"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from connectors.base import BookStreaming, MarketData
from monitoring.checks.causes import Failure
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Blame, Cause, Condition, Outcome, Verdict, at_most, holds, quantity

if TYPE_CHECKING:
    from decimal import Decimal

    from connectors.book_stream import BookStream, StreamStats
    from connectors.types import BookLevel, BookSnapshot, ServerTime, TradingPair
    from monitoring.checks.thresholds import OrderBookThresholds

NEEDS = (MarketData, BookStreaming)

BREAKS = {
    "checksum_failures": Cause.CHECKSUM_MISMATCH,
    "sequence_gaps": Cause.SEQUENCE_GAP,
    "crossed_books": Cause.CROSSED_BOOK,
    "malformed": Cause.MALFORMED_PAYLOAD,
}
"""What breaks a book until its next snapshot, by the name of its count in the stream's statistics."""

MILLISECOND = timedelta(milliseconds=1)

SHOWN_LEVELS = 10
"""Levels of each side that the evidence keeps."""


class StreamedMarket(MarketData, BookStreaming, Protocol):
    """A stream, and the REST book to hold it against."""


@dataclass(frozen=True, slots=True)
class Top:
    """The best price of each side, without trailing zeros; None where a side is empty."""

    bid: Decimal | None
    ask: Decimal | None

    @classmethod
    def of(cls, book: BookSnapshot) -> Top:
        return cls(*(side[0].price.normalize() if side else None for side in (book.bids, book.asks)))


@dataclass(frozen=True, slots=True)
class Observation:
    """What one stream did while it was watched.

    `quiet_ms` is the time since the last book frame, and `rest` the same book over REST, asked for only when that is
    long. `delay_ms` is how old the last frame was on arrival, by the venue's clock, known to `clock_uncertainty_ms`.
    `broken_by` is the latest error that broke the stream, healed or not. `bids` and `asks` are the best levels of the
    last whole book, best first, for a page to show.
    """

    pair: TradingPair
    depth: int
    watched_s: float
    first_snapshot_ms: float | None = None
    updates: int = 0
    updates_per_second: float = 0.0
    heartbeats: int = 0
    breaks: dict[str, int] = field(default_factory=dict)
    resyncs: int = 0
    reconnects: int = 0
    largest_silence_ms: float = 0.0
    largest_book_silence_ms: float = 0.0
    quiet_ms: float = 0.0
    is_live: bool = False
    bid_levels: int = 0
    ask_levels: int = 0
    top: Top | None = None
    spread: Decimal | None = None
    bids: tuple[BookLevel, ...] = ()
    asks: tuple[BookLevel, ...] = ()
    rest: Top | None = None
    delay_ms: float | None = None
    clock_uncertainty_ms: float = 0.0
    broken_by: Failure | None = None
    failures: tuple[Failure, ...] = ()


async def observe(connector: StreamedMarket, scope: Scope, limits: OrderBookThresholds) -> Observation:
    """Watch one stream for a while; when it has gone quiet, ask REST whether the market has, too."""
    steps = Steps(scope.deadline_s)
    # Questions on the side: their failing is for the connectivity check to report.
    asides = Steps(scope.deadline_s)
    seen = Observation(scope.pair, limits.depth, 0.0)
    async with (
        steps.step("book_stream"),
        connector.book_stream(scope.pair, depth=limits.depth) as stream,
    ):
        try:
            await stream.ready()
            await _watch(stream, scope.seconds)
        finally:
            seen = _seen(stream, scope, limits)
        if seen.is_live and seen.quiet_ms > quiet_limit_ms(seen, limits):
            async with asides.step("rest_book", within_s=limits.aside_s):
                seen = await _compared(connector, stream, scope, limits)
        async with asides.step("server_time", within_s=limits.aside_s):
            seen = timed(seen, stream.stats, await connector.server_time())
    return replace(seen, failures=steps.failures)


async def _watch(stream: BookStream, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for _ in stream:
                pass


async def _compared(
    connector: StreamedMarket, stream: BookStream, scope: Scope, limits: OrderBookThresholds
) -> Observation:
    """The stream beside the REST book, until they agree: REST is cached, so it may take a while to follow."""
    for asked in range(max(1, limits.rest_asked)):
        if asked:
            await asyncio.sleep(limits.recheck_s)
        rest = Top.of(await connector.book_snapshot(scope.pair, depth=limits.depth))
        seen = replace(_seen(stream, scope, limits), rest=rest)
        if seen.rest == seen.top or seen.quiet_ms <= quiet_limit_ms(seen, limits):
            break
    return seen


def _seen(stream: BookStream, scope: Scope, limits: OrderBookThresholds) -> Observation:
    stats = stream.stats
    quiet = datetime.now(UTC) - stats.last_update_at if stats.last_update_at else timedelta()
    seen = Observation(
        pair=scope.pair,
        depth=limits.depth,
        watched_s=scope.seconds,
        first_snapshot_ms=None if stats.first_snapshot_ms is None else round(stats.first_snapshot_ms, 1),
        updates=stats.updates,
        updates_per_second=round(stats.updates / scope.seconds, 2) if scope.seconds else 0.0,
        heartbeats=stats.heartbeats,
        breaks={name: getattr(stats, name) for name in BREAKS},
        resyncs=stats.resyncs,
        reconnects=stats.reconnects,
        largest_silence_ms=round(stats.largest_silence_ms, 1),
        largest_book_silence_ms=round(stats.largest_book_silence_ms, 1),
        quiet_ms=round(quiet / MILLISECOND, 1),
        is_live=stream.is_live,
        broken_by=Failure.of(stats.last_error, step="stream") if stats.last_error else None,
    )
    if not seen.is_live:
        return seen
    book = stream.book.snapshot()
    return replace(
        seen,
        bid_levels=len(book.bids),
        ask_levels=len(book.asks),
        top=Top.of(book),
        spread=stream.book.spread,
        bids=tuple(book.bids[:SHOWN_LEVELS]),
        asks=tuple(book.asks[:SHOWN_LEVELS]),
    )


def quiet_limit_ms(observation: Observation, limits: OrderBookThresholds) -> float:
    """How long a stream may be quiet unasked: half of the watch, where the watch is short."""
    return min(limits.quiet_ms, observation.watched_s * 1000 / 2)


def timed(seen: Observation, stats: StreamStats, clock: ServerTime) -> Observation:
    """*seen* with the delay of the last book frame, where the venue dates its frames."""
    if stats.last_venue_time is None or stats.last_update_at is None:
        return seen
    by_our_clock_ms = (stats.last_update_at - stats.last_venue_time) / MILLISECOND
    # What the clocks disagree by is the connectivity check's to judge: no frame is late by one of them only.
    delay_ms = min(by_our_clock_ms, by_our_clock_ms + clock.offset_ms)
    return replace(
        seen,
        delay_ms=round(delay_ms, 1),
        clock_uncertainty_ms=round((clock.round_trip_ms + clock.resolution_ms) / 2, 1),
    )


def judge(observation: Observation, limits: OrderBookThresholds) -> Verdict:
    """What broke the book comes before what followed from it."""
    conditions = [failure.condition() for failure in observation.failures]
    if observation.first_snapshot_ms is not None:
        conditions += [
            *_whole(observation, limits),
            _connected(observation, limits),
            _live(observation),
            *_filled(observation),
            *_fresh(observation, limits),
            at_most(
                "first_snapshot",
                observation.first_snapshot_ms,
                degraded=limits.slow_snapshot_ms,
                failed=limits.too_slow_snapshot_ms,
                unit="ms",
                cause=Cause.SLOW,
            ),
        ]
    return Verdict.of(
        conditions,
        when_ok=f"{observation.updates} updates in {observation.watched_s:g} s, whole and live",
    )


def _healed(observation: Observation, breaks: int, limits: OrderBookThresholds) -> Outcome:
    """One break that a new snapshot mended is a blemish; more, or one that lasts, is a failure."""
    is_mended = observation.is_live and breaks <= limits.healed_breaks
    return Outcome.DEGRADED if is_mended else Outcome.FAILED


def _whole(observation: Observation, limits: OrderBookThresholds) -> list[Condition]:
    return [
        holds(
            name,
            count == 0,
            limit="0",
            seen=str(count),
            cause=_cause_of(name, observation.broken_by),
            # Only where other updates passed is our own arithmetic proven.
            blame=Blame.UNKNOWN if name == "checksum_failures" and not observation.updates else Blame.EXCHANGE,
            otherwise=_healed(observation, count, limits),
        )
        for name, count in observation.breaks.items()
    ]


def _cause_of(name: str, broken_by: Failure | None) -> Cause:
    """What cannot be read is either garbled or too large: the stream counts both as one."""
    is_too_large = broken_by is not None and broken_by.cause is Cause.MESSAGE_TOO_LARGE
    return Cause.MESSAGE_TOO_LARGE if name == "malformed" and is_too_large else BREAKS[name]


def _connected(observation: Observation, limits: OrderBookThresholds) -> Condition:
    broken_by = observation.broken_by
    return holds(
        "reconnects",
        observation.reconnects == 0,
        limit="0",
        seen=f"{observation.reconnects}{f' ({broken_by.error})' if broken_by else ''}",
        cause=broken_by.cause if broken_by else Cause.TRANSPORT,
        blame=broken_by.blame if broken_by else Blame.EXCHANGE,
        otherwise=_healed(observation, observation.reconnects, limits),
    )


def _live(observation: Observation) -> Condition:
    broken_by = observation.broken_by
    return holds(
        "live_at_end",
        observation.is_live,
        limit="live",
        seen="live" if observation.is_live else f"broken{f' by {broken_by.error}' if broken_by else ''}",
        cause=broken_by.cause if broken_by else Cause.STALE_DATA,
        blame=broken_by.blame if broken_by else Blame.EXCHANGE,
        otherwise=broken_by.outcome if broken_by else Outcome.FAILED,
    )


def _filled(observation: Observation) -> list[Condition]:
    if not observation.is_live:
        return []
    return [
        holds(side, levels > 0, limit="≥ 1", seen=str(levels), cause=Cause.EMPTY_BOOK)
        for side, levels in (
            ("bid_levels", observation.bid_levels),
            ("ask_levels", observation.ask_levels),
        )
    ]


def _fresh(observation: Observation, limits: OrderBookThresholds) -> list[Condition]:
    conditions = []
    if observation.is_live:
        conditions.append(_moving(observation, limits))
    if observation.delay_ms is not None:
        margin = observation.clock_uncertainty_ms
        conditions.append(
            at_most(
                "delay",
                observation.delay_ms,
                degraded=limits.late_ms + margin,
                failed=limits.too_late_ms + margin,
                unit="ms",
                cause=Cause.STALE_DATA,
            )
        )
    return conditions


def _moving(observation: Observation, limits: OrderBookThresholds) -> Condition:
    """A stream may be as quiet as its market is: only one that REST contradicts is stale."""
    quiet_limit = quiet_limit_ms(observation, limits)
    limit = f"≤ {quantity(quiet_limit, 'ms')}, or as REST has it"
    seen = f"{quantity(observation.quiet_ms, 'ms')} since the last book frame"
    if observation.quiet_ms <= quiet_limit:
        return Condition("book_silence", limit, seen)
    if observation.rest is None:
        return Condition(
            "book_silence",
            limit,
            f"{seen}, and REST could not be asked",
            Outcome.DEGRADED,
            Cause.STALE_DATA,
            Blame.UNKNOWN,
        )
    return holds(
        "book_silence",
        observation.rest == observation.top,
        limit=limit,
        seen=f"{seen}, REST {'agrees' if observation.rest == observation.top else 'has moved on'}",
        cause=Cause.STALE_DATA,
    )
