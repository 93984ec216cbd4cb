"""What the order book check saw: one record of a watched stream, and how it is taken from the stream."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.clock import utc_now
from monitoring.checks.causes import Failure
from monitoring.checks.outcomes import Cause

if TYPE_CHECKING:
    from decimal import Decimal

    from connectors.book_stream import BookStream
    from connectors.stream_stats import StreamStats
    from connectors.types import BookLevel, BookSnapshot, ServerTime, TradingPair

BREAKS = {
    "checksum_failures": Cause.CHECKSUM_MISMATCH,
    "sequence_gaps": Cause.SEQUENCE_GAP,
    "crossed_books": Cause.CROSSED_BOOK,
    "locked_books": Cause.LOCKED_BOOK,
    "malformed": Cause.MALFORMED_PAYLOAD,
}
"""What breaks a book until its next snapshot, by the name of its count in the evidence."""

MILLISECOND = timedelta(milliseconds=1)

SHOWN_LEVELS = 10
"""Levels of each side that the evidence keeps."""


@dataclass(frozen=True, slots=True)
class Top:
    """The best price of each side, without trailing zeros; None where a side is empty.

    `sequence` is None where the venue numbers nothing.
    """

    bid: Decimal | None
    ask: Decimal | None
    sequence: int | None = None

    @classmethod
    def of(cls, book: BookSnapshot) -> Top:
        bid, ask = (side[0].price.normalize() if side else None for side in (book.bids, book.asks))
        return cls(bid, ask, book.sequence)

    def is_behind(self, rest: Top) -> bool:
        """Whether the venue is further than this stream: by their numbers, or else because the best prices differ."""
        if self.sequence is not None and rest.sequence is not None:
            return rest.sequence > self.sequence
        return (self.bid, self.ask) != (rest.bid, rest.ask)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The stream held against REST books of exactly the same sequence; `difference` is of the first that differs.

    `unmatched` counts REST books whose number the stream passed over: one frame may span several.
    """

    levels: int
    agreed: int = 0
    differed: int = 0
    unmatched: int = 0
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one stream did while it was watched, for `watched_s` of the `planned_s` where the verdict was clear sooner.

    `quiet_ms` is the time since the last book frame, and `rest` the same book over REST, asked for only when that is
    long; `rest_refusal` is why it did not come. `delay_ms` is how old the last frame was on arrival, by the venue's
    clock, known to `clock_uncertainty_ms`. `spread_percent` is of the middle, the smallest of the last moments.
    `broken_by` is the latest error that broke the stream, healed or not; `found_after_ms` the time from when something
    was first wrong to when that was certain. `recovery_ms` is the time from cutting our own connection to a live book.
    `bids` and `asks` are the best levels of the last whole book, best first, for a page to show. `was_proven` tells
    that an earlier run saw updates pass; `memory` tells the next one.
    """

    pair: TradingPair
    depth: int
    planned_s: float
    watched_s: float = 0.0
    subscribed_ms: float | None = None
    first_snapshot_ms: float | None = None
    first_update_ms: float | None = None
    updates: int = 0
    updates_per_second: float = 0.0
    heartbeats: int = 0
    breaks: dict[str, int] = field(default_factory=dict)
    resyncs: int = 0
    refills: int = 0
    reconnects: int = 0
    largest_silence_ms: float = 0.0
    largest_book_silence_ms: float = 0.0
    quiet_ms: float = 0.0
    is_live: bool = False
    bid_levels: int = 0
    ask_levels: int = 0
    top: Top | None = None
    spread: Decimal | None = None
    spread_percent: float | None = None
    bids: tuple[BookLevel, ...] = ()
    asks: tuple[BookLevel, ...] = ()
    rest: Top | None = None
    rest_refusal: Failure | None = None
    comparison: Comparison | None = None
    delay_ms: float | None = None
    clock_uncertainty_ms: float = 0.0
    was_proven: bool = False
    broken_by: Failure | None = None
    found_after_ms: float | None = None
    recovery_ms: float | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


def taken_from(stream: BookStream, before: Observation) -> Observation:
    """*before*, brought up to what *stream* has seen by now."""
    stats = stream.stats
    seen = replace(
        before,
        subscribed_ms=_rounded(stats.subscribed_ms),
        first_snapshot_ms=_rounded(stats.first_snapshot_ms),
        first_update_ms=_rounded(stats.first_update_ms),
        updates=stats.updates,
        updates_per_second=round(stats.updates / before.watched_s, 2) if before.watched_s else 0.0,
        heartbeats=stats.heartbeats,
        breaks=breaks_of(stats),
        resyncs=stats.resyncs,
        refills=stats.refills,
        reconnects=stats.reconnects,
        largest_silence_ms=round(stats.largest_silence_ms, 1),
        largest_book_silence_ms=round(stats.largest_book_silence_ms, 1),
        quiet_ms=quiet_ms(stats),
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


def breaks_of(stats: StreamStats) -> dict[str, int]:
    """Each break under one name: a locked book is not counted as a crossed one, too."""
    counts = {name: int(getattr(stats, name)) for name in BREAKS}
    return {**counts, "crossed_books": counts["crossed_books"] - counts["locked_books"]}


def quiet_ms(stats: StreamStats) -> float:
    """Since the last book frame; 0 before the first."""
    quiet = utc_now() - stats.last_update_at if stats.last_update_at else timedelta()
    return round(quiet / MILLISECOND, 1)


def delay_of(stats: StreamStats, clock: ServerTime) -> float | None:
    """How old the last book frame was on arrival, in ms; None where the venue does not date its frames."""
    if stats.last_venue_time is None or stats.last_update_at is None:
        return None
    by_our_clock_ms = (stats.last_update_at - stats.last_venue_time) / MILLISECOND
    # What the clocks disagree by is the connectivity check's to judge: no frame is late by one of them only.
    return round(min(by_our_clock_ms, by_our_clock_ms + clock.offset_ms), 1)


def uncertainty_ms(clock: ServerTime) -> float:
    return round((clock.round_trip_ms + clock.resolution_ms) / 2, 1)


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)
