"""A live order book: connect, subscribe, apply, notice when it breaks, heal, and count all of it.

The venue's part is a `BookFeed`, a state machine without I/O. Here is the rest, the same for every venue: deadlines,
silence, reconnecting with back-off, and getting a new snapshot after a broken one.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol, Self

from connectors.errors import (
    ChecksumMismatch,
    ConnectorError,
    CrossedBook,
    DataError,
    MalformedPayload,
    MessageTooLarge,
    SequenceGap,
    Stale,
    Timeout,
    is_transient,
)
from connectors.websocket import open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import TracebackType

    from connectors.order_book import OrderBook
    from connectors.types import TradingPair
    from connectors.websocket import HandingConnection

READY_TIMEOUT_S = 10.0
"""From subscribing to the first snapshot; venues answer within a fraction of a second."""
SILENCE_LIMIT_S = 5.0
"""No frame of any kind for so long means a dead connection: venues send a heartbeat every second or so."""
BACKOFF_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Before each attempt to heal; up to half as much is added at random."""
SETTLED_S = 10.0
"""A subscription that held for so long starts the back-off anew; a break sooner is the same trouble again."""


class FeedEvent(Enum):
    """What one frame did to a feed."""

    SNAPSHOT = auto()
    UPDATE = auto()
    HEARTBEAT = auto()
    OTHER = auto()


class BookFeed(Protocol):
    """A venue's subscription to one order book on one connection, as a state machine without I/O."""

    url: str
    book: OrderBook

    def subscribe(self) -> str:
        """The frame that asks for the book; whatever arrives before its snapshot is passed over."""

    def unsubscribe(self) -> str:
        """The frame that ends the subscription, before asking anew on the same connection."""

    def receive(self, message: bytes | bytearray | memoryview) -> FeedEvent:
        """Take one frame in. Raises DataError for a broken book, VenueError or UsageError for a refusal."""

    def last_venue_time(self) -> datetime | None:
        """The venue's own time on the last book frame."""


@dataclass(slots=True)
class StreamStats:
    """Counts since the stream was entered; silence is between any two frames, in whole or in part."""

    updates: int = 0
    snapshots: int = 0
    heartbeats: int = 0
    checksum_failures: int = 0
    sequence_gaps: int = 0
    crossed_books: int = 0
    malformed: int = 0
    resyncs: int = 0
    reconnects: int = 0
    first_snapshot_ms: float | None = None
    largest_silence_ms: float = 0.0
    largest_book_silence_ms: float = 0.0
    last_venue_time: datetime | None = None
    last_update_at: datetime | None = None
    last_error: ConnectorError | None = None


class BookStream:
    """One order book kept live while the stream is entered.

    Until the first snapshot any failure is final: `ready()` raises it. After that the stream heals itself and counts;
    only a refusal by the venue ends it, and iterating raises that.
    """

    def __init__(self, new_feed: Callable[[], Awaitable[BookFeed]], *, venue: str, pair: TradingPair) -> None:
        """*new_feed* is asked once per connection; it may fetch what the subscription needs first."""
        self.pair = pair
        self.is_live = False
        self._new_feed = new_feed
        self._venue = venue
        self._feed: BookFeed | None = None
        self._stats = StreamStats()
        self._changed = asyncio.Event()
        self._trouble = asyncio.Event()
        self._error: Exception | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._opened_at = self._asked_at = self._last_frame = self._last_book_frame = 0.0
        self._live_since: float | None = None
        self._attempts = 0

    # What a consumer does.

    async def __aenter__(self) -> Self:
        self._supervisor = asyncio.create_task(self._supervise(), name=f"book {self._venue} {self.pair}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)

    async def ready(self) -> None:
        """Return at the first snapshot. Raises the ConnectorError that prevents it."""
        while not self._stats.snapshots:
            await self._change()

    async def __aiter__(self) -> AsyncIterator[OrderBook]:
        """The live book after each batch of changes: what piled up while the consumer was busy is one wake-up."""
        while True:
            await self._change()
            if self.is_live:
                yield self.book

    @property
    def book(self) -> OrderBook:
        """The book of the present connection; empty while it is not live. Only after `ready()`."""
        if self._feed is None:
            raise RuntimeError("the stream has no book before it is ready")
        return self._feed.book

    @property
    def stats(self) -> StreamStats:
        """The counts as they stand; a silence that still lasts is part of the largest."""
        now = time.monotonic()
        if self._opened_at:
            self._note_silence(now)
        if self._stats.snapshots:
            self._stats.last_update_at = datetime.now(UTC) - timedelta(seconds=now - self._last_book_frame)
        if self._feed is not None:
            self._stats.last_venue_time = self._feed.last_venue_time() or self._stats.last_venue_time
        return self._stats

    async def _change(self) -> None:
        if self._supervisor is None:
            raise RuntimeError("the stream is not entered")
        if self._supervisor.done():
            if self._error is not None:
                raise self._error
            self._supervisor.result()
        await self._changed.wait()
        self._changed.clear()

    # What arrives: the transport calls for every frame.

    def _on_message(self, message: bytes | bytearray | memoryview) -> None:
        if self._feed is None:
            return
        now = time.monotonic()
        stats = self._stats
        silence_ms = (now - self._last_frame) * 1000
        if silence_ms > stats.largest_silence_ms:
            stats.largest_silence_ms = silence_ms
        self._last_frame = now
        if self._error is not None:
            return  # of a subscription that is being ended
        try:
            event = self._feed.receive(message)
        except ConnectorError as error:
            self._break(error)
            return
        except Exception as error:  # noqa: BLE001  # a fault of ours must reach the consumer, not the loop's log
            self._error = error
            self.is_live = False
            self._trouble.set()
            return
        if event is FeedEvent.UPDATE:
            stats.updates += 1
        elif event is FeedEvent.SNAPSHOT:
            stats.snapshots += 1
            self.is_live = True
            self._live_since = now
            if stats.first_snapshot_ms is None:
                stats.first_snapshot_ms = (now - self._opened_at) * 1000
                self._last_book_frame = now
        else:
            stats.heartbeats += event is FeedEvent.HEARTBEAT
            return
        book_silence_ms = (now - self._last_book_frame) * 1000
        if book_silence_ms > stats.largest_book_silence_ms:
            stats.largest_book_silence_ms = book_silence_ms
        self._last_book_frame = now
        self._changed.set()

    def _note_silence(self, now: float) -> None:
        stats = self._stats
        stats.largest_silence_ms = max(stats.largest_silence_ms, (now - self._last_frame) * 1000)
        if stats.snapshots:
            stats.largest_book_silence_ms = max(stats.largest_book_silence_ms, (now - self._last_book_frame) * 1000)

    def _break(self, error: ConnectorError) -> None:
        """Note what is wrong, once per break."""
        if self._error is error:
            return
        self._error = error
        self.is_live = False
        stats = self._stats
        stats.last_error = error
        if isinstance(error, ChecksumMismatch):
            stats.checksum_failures += 1
        elif isinstance(error, SequenceGap):
            stats.sequence_gaps += 1
        elif isinstance(error, CrossedBook):
            stats.crossed_books += 1
        elif isinstance(error, MalformedPayload | MessageTooLarge):
            stats.malformed += 1
        self._trouble.set()

    # The supervisor.

    async def _supervise(self) -> None:
        """Keep a connection until a failure is final; the last word is left in `_error`."""
        try:
            while True:
                try:
                    await self._connection()
                except ConnectorError as error:
                    self._break(error)
                    if not self._may_heal(error):
                        return
                await self._back_off()
                self._stats.reconnects += 1
        finally:
            self.is_live = False
            self._changed.set()

    def _may_heal(self, error: Exception) -> bool:
        return bool(self._stats.snapshots) and (is_transient(error) or isinstance(error, DataError))

    async def _back_off(self) -> None:
        """Wait before the next attempt: not at all after a good time, longer with each one that did not hold."""
        delay = BACKOFF_S[min(self._attempts, len(BACKOFF_S) - 1)]
        self._attempts += 1
        await asyncio.sleep(delay * random.uniform(1.0, 1.5))  # noqa: S311  # jitter, not cryptography

    async def _connection(self) -> None:
        """One connection, from open to broken. Raises what broke it."""
        feed = await self._new_feed()
        if not self._opened_at:
            self._opened_at = self._last_frame = time.monotonic()
        self._feed = feed
        self._start_over()
        async with open_websocket(feed.url, self._on_message, venue=self._venue) as connection:
            while True:
                await connection.send(feed.subscribe())
                error = await self._until_trouble(connection, feed.url)
                if self._live_since is not None and time.monotonic() - self._live_since > SETTLED_S:
                    self._attempts = 0
                if isinstance(error, ConnectorError):
                    self._break(error)  # before the goodbye, which may take a while
                if not isinstance(error, DataError) or isinstance(error, MessageTooLarge):
                    raise error
                if not self._may_heal(error):
                    raise error
                await self._back_off()
                self._stats.resyncs += 1
                self._start_over()
                await connection.send(feed.unsubscribe())

    def _start_over(self) -> None:
        self.is_live = False
        self._live_since = None
        self._error = None
        self._trouble.clear()

    async def _until_trouble(self, connection: HandingConnection, url: str) -> Exception:
        """Watch one subscription until something is wrong: a bad frame, silence, no snapshot, a closed socket."""
        self._asked_at = time.monotonic()
        closed = asyncio.ensure_future(connection.wait_closed())
        trouble = asyncio.ensure_future(self._trouble.wait())
        try:
            while True:
                now = time.monotonic()
                until_silent_s = max(self._last_frame, self._asked_at) + SILENCE_LIMIT_S - now
                until_late_s = SILENCE_LIMIT_S if self.is_live else self._asked_at + READY_TIMEOUT_S - now
                if until_silent_s <= 0:
                    return Stale(f"no frame for {SILENCE_LIMIT_S:g} s", venue=self._venue, pair=str(self.pair))
                if until_late_s <= 0:
                    return Timeout(f"no snapshot within {READY_TIMEOUT_S:g} s", venue=self._venue, pair=str(self.pair))
                await asyncio.wait(
                    {closed, trouble},
                    timeout=min(until_silent_s, until_late_s),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if self._error is not None:
                    return self._error
                if closed.done():
                    return connection.why_closed(venue=self._venue, endpoint=url)
        finally:
            closed.cancel()
            trouble.cancel()
