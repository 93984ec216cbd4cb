"""What a stream of a book counts: what came, what broke and healed, how long it took, and how long nothing came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.clock import utc_now
from connectors.errors import ChecksumMismatch, CrossedBook, LockedBook, MalformedPayload, MessageTooLarge, SequenceGap

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.errors import ConnectorError


@dataclass(slots=True)
class StreamStats:
    """Counts since the stream was entered; silence is between any two frames, in whole or in part.

    The times count from before the first connection. `locked_books` are among the `crossed_books`; `refills` are new
    snapshots of a healthy book that had run short of known levels, and not among the `snapshots`.
    """

    updates: int = 0
    snapshots: int = 0
    heartbeats: int = 0
    checksum_failures: int = 0
    sequence_gaps: int = 0
    crossed_books: int = 0
    locked_books: int = 0
    malformed: int = 0
    resyncs: int = 0
    reconnects: int = 0
    refills: int = 0
    subscribed_ms: float | None = None
    first_snapshot_ms: float | None = None
    first_update_ms: float | None = None
    largest_silence_ms: float = 0.0
    largest_book_silence_ms: float = 0.0
    last_venue_time: datetime | None = None
    last_update_at: datetime | None = None
    last_error: ConnectorError | None = None


class StreamRecord:
    """The stats of one stream while it runs, and the times behind them; `now` is the monotonic clock's.

    The stream itself notes each frame, for nothing is as frequent.
    """

    __slots__ = ("last_book_frame", "last_frame", "opened_at", "stats")

    def __init__(self) -> None:
        self.stats = StreamStats()
        self.opened_at = self.last_frame = self.last_book_frame = 0.0

    def note_opening(self, now: float) -> None:
        """The first connection is about to be made; all times count from here."""
        if not self.opened_at:
            self.opened_at = self.last_frame = now

    def note_subscription(self, now: float) -> None:
        if self.stats.subscribed_ms is None:
            self.stats.subscribed_ms = (now - self.opened_at) * 1000

    def note_snapshot(self, now: float) -> None:
        """A new book; what came before the first one is no silence of the book."""
        self.stats.snapshots += 1
        if self.stats.first_snapshot_ms is None:
            self.stats.first_snapshot_ms = (now - self.opened_at) * 1000
            self.last_book_frame = now

    def note_break(self, error: ConnectorError) -> None:
        stats = self.stats
        stats.last_error = error
        if isinstance(error, ChecksumMismatch):
            stats.checksum_failures += 1
        elif isinstance(error, SequenceGap):
            stats.sequence_gaps += 1
        elif isinstance(error, CrossedBook):
            stats.crossed_books += 1
            stats.locked_books += isinstance(error, LockedBook)
        elif isinstance(error, MalformedPayload | MessageTooLarge):
            stats.malformed += 1

    def as_of(self, now: float, venue_time: datetime | None) -> StreamStats:
        """The counts as they stand; a silence that still lasts is part of the largest."""
        stats = self.stats
        if self.opened_at:
            stats.largest_silence_ms = max(stats.largest_silence_ms, (now - self.last_frame) * 1000)
        if stats.snapshots:
            book_silence_ms = (now - self.last_book_frame) * 1000
            stats.largest_book_silence_ms = max(stats.largest_book_silence_ms, book_silence_ms)
            stats.last_update_at = utc_now() - timedelta(seconds=now - self.last_book_frame)
        stats.last_venue_time = venue_time or stats.last_venue_time
        return stats
