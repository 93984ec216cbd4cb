"""A live order book: connect, subscribe, apply, notice when it breaks, heal, and count all of it.

The venue's part is a `BookFeed`, a state machine without I/O. Here is the rest, the same for every venue: deadlines,
silence, reconnecting with back-off, and getting a new snapshot after a broken one. What some venues want besides, such
as pings and a snapshot over REST, a `SessionFeed` tells.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from connectors.book_feed import FeedEvent, SessionFeed
from connectors.book_memory import BookMemory
from connectors.clock import between, clock_in_use
from connectors.errors import (
    ConnectorError,
    DataError,
    Disconnected,
    MessageTooLarge,
    Stale,
    Timeout,
    is_transient,
)
from connectors.pings import Pings
from connectors.stitching import stitched
from connectors.stream_stats import StreamRecord
from connectors.websocket import open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from types import TracebackType

    from connectors.book_feed import BookFeed
    from connectors.order_book import OrderBook
    from connectors.stream_stats import StreamStats
    from connectors.types import TradingPair
    from connectors.websocket import WebSocketConnection

READY_TIMEOUT_S = 10.0
"""From subscribing to the first snapshot; venues answer within a fraction of a second."""
SILENCE_LIMIT_S = 5.0
"""No frame of any kind for so long means a dead connection: venues send a heartbeat every second or so."""
BACKOFF_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Before each attempt to heal; up to half as much is added at random."""
SETTLED_S = 10.0
"""A subscription that held for so long starts the back-off anew; a break sooner is the same trouble again."""
QUIET_S = 1.0
"""A pair without a change for so long after subscribing is quiet: its snapshot is asked for without waiting for one."""


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
        self._record = StreamRecord()
        self._stats = self._record.stats
        self._changed = asyncio.Event()
        self._trouble = asyncio.Event()
        self._welcomed = asyncio.Event()
        self._error: Exception | None = None
        self._cut: Disconnected | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._now = clock_in_use.get().monotonic
        self._asked_at = 0.0
        self._pings: Pings | None = None
        self._live_since: float | None = None
        self._attempts = 0
        self._memory: BookMemory | None = None

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
            await self._stop_fetching()

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

    @contextmanager
    def remember(self, *, levels: int, last: int) -> Iterator[BookMemory]:
        """While entered, keep the best *levels* a side at each of the *last* sequences, the present one included."""
        if self._memory is not None:
            raise RuntimeError("the stream is remembering already")
        self._memory = memory = BookMemory(levels=levels, last=last)
        if self.is_live:
            memory.note(self.book)
        try:
            yield memory
        finally:
            self._memory = None

    async def reconnect(self) -> float:
        """Cut this stream's own connection, and return how many ms later the book was live again.

        Only after `ready()`. It counts as a reconnect and not as an error. Raises what ends the stream instead; who
        wants a limit sets one around it.
        """
        snapshots, started = self._stats.snapshots, self._now()
        self._attempts = 0  # whoever asks for it does not wait for it
        self._error = self._cut = Disconnected("cut by ourselves", venue=self._venue, pair=str(self.pair))
        self.is_live = False
        self._trouble.set()
        while self._stats.snapshots == snapshots or not self.is_live:
            await self._change()
        return (self._now() - started) * 1000

    @property
    def book(self) -> OrderBook:
        """The book of the present connection; empty while it is not live. Only after `ready()`."""
        if self._feed is None:
            raise RuntimeError("the stream has no book before it is ready")
        return self._feed.book

    @property
    def stats(self) -> StreamStats:
        """The counts as they stand; a silence that still lasts is part of the largest."""
        return self._record.as_of(self._now(), self._feed.last_venue_time() if self._feed is not None else None)

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
        now = self._now()
        stats, record = self._stats, self._record
        silence_ms = (now - record.last_frame) * 1000
        if silence_ms > stats.largest_silence_ms:
            stats.largest_silence_ms = silence_ms
        record.last_frame = now
        if self._error is not None:
            return  # of a subscription that is being ended
        try:
            event = self._feed.receive(message)
        except ConnectorError as error:
            self._break(error)
            return
        except Exception as error:  # noqa: BLE001  # a fault of ours must reach the consumer, not the loop's log
            self._fail(error)
            return
        if event is FeedEvent.UPDATE:
            stats.updates += 1
            if stats.first_update_ms is None:
                stats.first_update_ms = (now - record.opened_at) * 1000
        elif not self._takes(event, now):
            return
        book_silence_ms = (now - record.last_book_frame) * 1000
        if book_silence_ms > stats.largest_book_silence_ms:
            stats.largest_book_silence_ms = book_silence_ms
        record.last_book_frame = now
        if self._memory is not None:
            self._memory.note(self._feed.book)
        self._changed.set()

    def _takes(self, event: FeedEvent, now: float) -> bool:
        """See to a rarer event; whether it changed a live book."""
        if event is FeedEvent.HEARTBEAT:
            self._stats.heartbeats += 1
            if self._pings is not None:
                self._pings.note_pong()
        elif event is FeedEvent.WELCOME:
            self._welcomed.set()
        elif event is FeedEvent.SNAPSHOT:
            self._go_live(now)
            return True
        elif event is FeedEvent.THIN:
            self._stats.updates += 1
            self._fetch()
            return True
        elif event is FeedEvent.OUTDATED:
            if self.is_live:
                self._asked_at = now
            self.is_live = False
            self._fetch()
        elif event is FeedEvent.BUFFERED:
            self._fetch()
        return False

    def _go_live(self, now: float) -> None:
        self._record.note_snapshot(now)
        self.is_live = True
        self._live_since = now

    def _break(self, error: ConnectorError) -> None:
        """Note what is wrong, once per break."""
        if self._error is error:
            return
        self._error = error
        self.is_live = False
        self._record.note_break(error)
        self._trouble.set()

    def _fail(self, error: Exception) -> None:
        self._error = error
        self.is_live = False
        self._trouble.set()

    # The snapshot, where the stream itself has none.

    def _fetch(self) -> None:
        """See that a snapshot is on its way."""
        if isinstance(self._feed, SessionFeed) and (self._fetching is None or self._fetching.done()):
            self._fetching = asyncio.create_task(self._fetch_and_stitch(self._feed), name=f"snapshot {self.pair}")

    async def _fetch_and_stitch(self, feed: SessionFeed) -> None:
        """What prevents it breaks the stream, as a bad frame would."""
        try:
            if await stitched(feed, is_live=lambda: self.is_live, is_ending=lambda: self._error is not None):
                self._take_over(feed)
        except ConnectorError as error:
            self._break(error)
        except Exception as error:  # noqa: BLE001  # as in _on_message: the consumer has to hear of it
            self._fail(error)

    def _take_over(self, feed: SessionFeed) -> None:
        """The book has what the snapshot had."""
        now = self._now()
        if self.is_live:
            self._stats.refills += 1
        else:
            self._go_live(now)
            self._record.last_book_frame = now
        if self._memory is not None:
            self._memory.note(feed.book)
        self._changed.set()

    async def _stop_fetching(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
            self._fetching = None

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
        await asyncio.sleep(delay * between(1.0, 1.5))

    async def _connection(self) -> None:
        """One connection, from open to broken. Raises what broke it."""
        feed = await self._new_feed()
        self._record.note_opening(self._now())
        await self._stop_fetching()
        self._feed = feed
        self._start_over()
        self._welcomed.clear()
        async with open_websocket(feed.url, self._on_message, venue=self._venue) as connection:
            if isinstance(feed, SessionFeed):
                await self._until_welcome(connection, feed)
            await connection.send(feed.subscribe())
            self._record.note_subscription(self._now())
            self._pings = Pings(feed.keep_alive, self._now()) if isinstance(feed, SessionFeed) else None
            while True:
                error = await self._until_trouble(connection, feed)
                if self._live_since is not None and self._now() - self._live_since > SETTLED_S:
                    self._attempts = 0
                if isinstance(error, ConnectorError):
                    self._break(error)  # before the goodbye, which may take a while
                if error is self._cut:
                    connection.abort()
                if not isinstance(error, DataError) or isinstance(error, MessageTooLarge):
                    raise error
                if not self._may_heal(error):
                    raise error
                await self._stop_fetching()
                await self._back_off()
                self._stats.resyncs += 1
                frames = feed.ask_anew()
                self._start_over()
                for frame in frames:
                    await connection.send(frame)

    def _start_over(self) -> None:
        self.is_live = False
        self._live_since = None
        self._error = None
        self._trouble.clear()

    async def _until_welcome(self, connection: WebSocketConnection, feed: BookFeed) -> None:
        """Raises what comes instead."""
        closed = asyncio.ensure_future(connection.wait_closed())
        waits = {closed, *(asyncio.ensure_future(event.wait()) for event in (self._welcomed, self._trouble))}
        try:
            await asyncio.wait(waits, timeout=READY_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._error is not None:
            raise self._error
        if self._welcomed.is_set():
            return
        if closed.done() and not closed.cancelled():
            raise connection.why_closed(venue=self._venue, endpoint=_endpoint(feed))
        raise Timeout(f"no welcome within {READY_TIMEOUT_S:g} s", venue=self._venue, pair=str(self.pair))

    async def _until_trouble(self, connection: WebSocketConnection, feed: BookFeed) -> Exception:
        """Watch one subscription until something is wrong: a bad frame, silence, no snapshot, a closed socket."""
        self._asked_at = self._now()
        session = feed if isinstance(feed, SessionFeed) else None
        closed = asyncio.ensure_future(connection.wait_closed())
        trouble = asyncio.ensure_future(self._trouble.wait())
        try:
            while True:
                now = self._now()
                until_silent_s = max(self._record.last_frame, self._asked_at) + SILENCE_LIMIT_S - now
                until_late_s = SILENCE_LIMIT_S if self.is_live else self._asked_at + READY_TIMEOUT_S - now
                if until_silent_s <= 0:
                    return Stale(f"no frame for {SILENCE_LIMIT_S:g} s", venue=self._venue, pair=str(self.pair))
                if until_late_s <= 0:
                    return Timeout(f"no snapshot within {READY_TIMEOUT_S:g} s", venue=self._venue, pair=str(self.pair))
                wait_s = min(until_silent_s, until_late_s)
                if session is not None and self._pings is not None:
                    wait_s = min(wait_s, await self._keep_session(connection, session, self._pings, now))
                    if wait_s <= 0:
                        limit_s = session.keep_alive.timeout_s
                        return Stale(f"no pong within {limit_s:g} s", venue=self._venue, pair=str(self.pair))
                await asyncio.wait({closed, trouble}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
                if self._error is not None:
                    return self._error
                if closed.done():
                    return connection.why_closed(venue=self._venue, endpoint=_endpoint(feed))
        finally:
            closed.cancel()
            trouble.cancel()

    async def _keep_session(
        self, connection: WebSocketConnection, feed: SessionFeed, pings: Pings, now: float
    ) -> float:
        """Ping when it is time, ask for the snapshot of a quiet pair; in how many seconds to look again.

        That is 0 where a ping has stayed without its pong for too long.
        """
        if now >= pings.overdue_at:
            return 0
        # A link that is quiet is asked early whether it lives: a venue without heartbeats tells by its pong alone.
        heard_at, quiet_s = max(self._record.last_frame, self._asked_at), SILENCE_LIMIT_S / 2
        if now >= pings.due_at(heard_at, quiet_s):
            await connection.send(feed.ping())
            pings.note_ping(now)
        look_again_at = min(pings.due_at(heard_at, quiet_s), pings.overdue_at)
        if not self.is_live:
            if now >= self._asked_at + QUIET_S:
                self._fetch()
            else:
                look_again_at = min(look_again_at, self._asked_at + QUIET_S)
        return max(look_again_at - now, 0.001)


def _endpoint(feed: BookFeed) -> str:
    """The address without its query, which may hold a token."""
    return feed.url.partition("?")[0]
