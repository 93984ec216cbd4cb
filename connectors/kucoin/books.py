"""KuCoin's order books as state machines: what all have in common, and increments stitched to a REST snapshot.

From KuCoin's manuals (Level-2 market data of spot and futures), read 2026-11. On both markets each number in the
sequence stands for one change; a spot frame spans several, of which only the last one of each price is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from connectors.book_feed import FeedEvent
from connectors.errors import MalformedPayload, SequenceGap
from connectors.kucoin.rest import moment
from connectors.kucoin.socket import ping, refusal_of, subscription
from connectors.order_book import MOST_DECIMALS, NEW_BEST, THIN, NumberedSide, OrderBook, TooFine
from connectors.payloads import UNREADABLE, unreadable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from connectors.book_feed import KeepAlive
    from connectors.kucoin.socket import Session
    from connectors.types import BookSnapshot, PairRules

    FetchSnapshot = Callable[[], Awaitable[BookSnapshot]]
    Message = bytes | bytearray | memoryview

MOST_BUFFERED = 20_000
"""Frames kept while the snapshot is on its way: minutes of the busiest pair."""
MOST_APART_MS = 5_000
"""By how much the clocks of the venue's REST and of its sockets may differ."""


class _Rows(msgspec.Struct, gc=False):
    asks: list[tuple[str, str, str]]
    bids: list[tuple[str, str, str]]


class _SpotChanges(msgspec.Struct, gc=False, rename="camel"):
    sequence_start: int
    sequence_end: int
    changes: _Rows
    time: int = 0


class _PerpetualChange(msgspec.Struct, gc=False, rename={"time": "timestamp"}):
    sequence: int
    change: str
    time: int = 0


_Changes = _SpotChanges | _PerpetualChange


class _SpotFrame(msgspec.Struct, gc=False):
    type: str
    data: _SpotChanges | str | None = None
    code: int = 0


class _PerpetualFrame(msgspec.Struct, gc=False):
    type: str
    data: _PerpetualChange | str | None = None
    code: int = 0


class KucoinFeed:
    """What every topic of KuCoin's sockets shares; `receive` and `stitch` are the channel's own."""

    def __init__(self, session: Session, topic: str, rules: PairRules, depth: int, fetch: FetchSnapshot) -> None:
        self.url = session.url
        self.keep_alive: KeepAlive = session.keep_alive
        self._rules = rules
        self._depth = depth
        self.book, self._bids, self._asks = self._new_book(rules.price_decimals)
        self._topic = topic
        self._fetch = fetch
        self._venue_ms = 0
        self._requests = 0

    def subscribe(self) -> str:
        """The frame that asks for the topic; whatever arrives is kept until the snapshot is there."""
        self._requests += 1
        return subscription(self._requests, self._topic)

    def ping(self) -> str:
        self._requests += 1
        return ping(self._requests)

    async def fetch_snapshot(self) -> BookSnapshot:
        """The book over REST."""
        return await self._fetch()

    def last_venue_time(self) -> datetime | None:
        """Of the last book frame; before 1970 or after 9999 there is none."""
        try:
            return moment(self._venue_ms) if self._venue_ms > 0 else None
        except MalformedPayload:
            return None

    def _new_book(self, price_decimals: int) -> tuple[OrderBook, NumberedSide, NumberedSide]:
        book = OrderBook(
            self._rules.pair,
            depth=self._depth,
            price_decimals=price_decimals,
            size_decimals=self._rules.size_decimals,
            side=NumberedSide,
        )
        assert isinstance(book.bids, NumberedSide)  # noqa: S101  # for the type checker
        assert isinstance(book.asks, NumberedSide)  # noqa: S101
        return book, book.bids, book.asks

    def _widen(self, error: TooFine) -> None:
        """Go on in a book that counts finer. Raises MalformedPayload for what no venue counts in.

        Where the venue has made its tick coarser, orders that rest since before keep their finer prices. It is a new
        book, for whoever noted levels of the old one reads them by its decimals.
        """
        if error.decimals > MOST_DECIMALS:
            raise self._malformed(error.message) from error
        before, bids, asks = self.book, self._bids, self._asks
        self.book, self._bids, self._asks = self._new_book(error.decimals)
        self._bids.take_over(bids)
        self._asks.take_over(asks)
        self.book.sequence = before.sequence

    def _load(self, snapshot: BookSnapshot, *, is_cut_at: int | None = None, least: int = 0) -> None:
        try:
            for side, levels in ((self._bids, snapshot.bids), (self._asks, snapshot.asks)):
                side.load(levels, is_cut=is_cut_at is not None and len(levels) >= is_cut_at, least=least)
        except TooFine as error:
            self._widen(error)
            self._load(snapshot, is_cut_at=is_cut_at, least=least)
            return
        self.book.sequence = snapshot.sequence
        self._refuse_crossed()

    def _refuse_crossed(self) -> None:
        bids, asks = self._bids.keys, self._asks.keys
        if bids and asks and -bids[0] >= asks[0]:
            self.book.refuse_crossed()

    def _receive_other(self, kind: str, data: object, code: int) -> FeedEvent:
        """A frame of the session. Raises what an error frame amounts to."""
        if kind == "pong":
            return FeedEvent.HEARTBEAT
        if kind == "welcome":
            return FeedEvent.WELCOME
        if kind == "error":
            raise refusal_of(code, data, endpoint=self._topic, pair=str(self.book.pair))
        if kind == "message":
            raise self._malformed("a book frame without a book")
        return FeedEvent.OTHER

    def _unreadable(self, error: Exception) -> MalformedPayload:
        return unreadable(error)(
            f"a frame that is not the documented JSON: {error}",
            venue="kucoin",
            pair=str(self.book.pair),
            endpoint=self._topic,
        )

    def _gap(self, what: str) -> SequenceGap:
        return SequenceGap(what, venue="kucoin", pair=str(self.book.pair), endpoint=self._topic)

    def _malformed(self, what: str) -> MalformedPayload:
        return MalformedPayload(what, venue="kucoin", pair=str(self.book.pair), endpoint=self._topic)


class IncrementFeed(KucoinFeed):
    """A book that comes as numbered changes to the REST snapshot; the market says how a frame reads."""

    is_cut_at: ClassVar[int] = 100
    """Levels a side that REST gives at most: a side with fewer is whole."""

    def __init__(self, session: Session, topic: str, rules: PairRules, depth: int, fetch: FetchSnapshot) -> None:
        super().__init__(session, topic, rules, depth, fetch)
        # Of 100 levels asked for, all are known only until the first one goes: there half of them are enough.
        self._least = depth if depth < self.is_cut_at else depth // 2
        self._next = -1
        """The sequence that the next frame has to begin with; -1 while the book is not live."""
        self._is_fresh = False
        """Nothing was applied to the snapshot yet, so frames older than it may still arrive."""
        self._snapshot_ms = 0.0
        """When the venue made the snapshot; 0 where it does not say."""
        self._has_seen_frames = False
        self._buffer: list[tuple[int, int, _Changes]] | None = []
        """First and last sequence and content of each frame since the snapshot was asked for; None without need."""
        self._kept_from = -1
        """The sequence from which on a live book keeps its frames; what came before it cannot be put onto anything."""

    def ask_anew(self) -> tuple[str, ...]:
        """The subscription goes on: only a new snapshot is needed."""
        self.book.clear()
        self._next, self._is_fresh, self._has_seen_frames = -1, False, False
        self._buffer, self._kept_from = [], -1
        return ()

    def stitch(self, snapshot: BookSnapshot) -> bool:
        """Put the buffered frames onto *snapshot*. Raises SequenceGap, CrossedBook, MalformedPayload."""
        if snapshot.sequence is None:
            raise self._malformed("a snapshot without a sequence")
        buffered = self._buffer or []
        kept_from = buffered[0][0] if buffered else self._kept_from
        if kept_from >= 0 and snapshot.sequence < kept_from - 1:
            return False
        self._buffer = None
        self._load(snapshot, is_cut_at=self.is_cut_at, least=self._least)
        self._next, self._is_fresh = snapshot.sequence + 1, True
        self._snapshot_ms = snapshot.venue_time.timestamp() * 1000 if snapshot.venue_time else 0
        self._has_seen_frames = self._has_seen_frames or bool(buffered)
        for start, end, content in buffered:
            self._take(start, end, content)
        if self._bids.is_short or self._asks.is_short:  # the frames took too much of what the snapshot knew
            self._buffer, self._kept_from = [], self._next
            return False
        self._buffer, self._kept_from = None, -1
        return True

    def _out_of_turn(self, start: int, end: int, content: _Changes) -> FeedEvent:
        """A frame while a snapshot is on its way, or one that does not begin where the last one ended."""
        if self._buffer is None:
            return self._take(start, end, content)
        if len(self._buffer) >= MOST_BUFFERED:
            raise self._malformed(f"no snapshot within {MOST_BUFFERED} frames")
        self._buffer.append((start, end, content))
        return FeedEvent.BUFFERED if self._next < 0 else self._take(start, end, content)

    def _take(self, start: int, end: int, content: _Changes) -> FeedEvent:
        """Apply a frame if it continues the book. Raises SequenceGap where it does not."""
        if start <= self._next <= end:
            newer_than = self._next - 1 if start < self._next else 0
            self._is_fresh = False
            return self._apply(content, newer_than)
        if self._is_fresh and end < self._next:
            if 0 < self._snapshot_ms < content.time - MOST_APART_MS:
                raise self._gap(f"numbers have gone back: {end} is newer than {self._next - 1}")
            self._has_seen_frames = True
            return FeedEvent.OTHER
        if self._is_fresh and not self._has_seen_frames:  # what is missing may be older than our subscription
            self.book.clear()
            self._next, self._buffer = -1, [(start, end, content)]
            return FeedEvent.OUTDATED
        raise self._gap(f"expected sequence {self._next}, got {start} to {end}")

    def _apply(self, content: _Changes, newer_than: int, changed: int = 0) -> FeedEvent:
        """Apply one frame, without the rows that are not *newer_than*; the market's own.

        *changed* is what a first attempt did, before a price finer than any: a frame may be applied again from its
        beginning, for a row sets its price or removes it.
        """
        raise NotImplementedError

    def _after(self, changed: int) -> FeedEvent:
        """What a change of the best levels, or a side that has become short, amounts to. Raises CrossedBook."""
        if changed & NEW_BEST:
            self._refuse_crossed()
        if not changed & THIN:
            return FeedEvent.UPDATE
        if is_first := self._buffer is None:
            self._buffer, self._kept_from = [], self._next
        if not (self._bids.keys and self._asks.keys) and (self._bids.is_short or self._asks.is_short):
            return FeedEvent.OUTDATED  # empty to our knowledge, which is not to say that it is
        return FeedEvent.THIN if is_first else FeedEvent.UPDATE


class SpotIncrementFeed(IncrementFeed):
    """`/market/level2`."""

    _decode = staticmethod(msgspec.json.Decoder(_SpotFrame).decode)

    def receive(self, message: Message) -> FeedEvent:
        """Apply one frame. Raises SequenceGap, CrossedBook, MalformedPayload, and what an error frame amounts to."""
        try:
            frame = self._decode(message)
        except UNREADABLE as error:
            raise self._unreadable(error) from error
        data = frame.data
        if type(data) is not _SpotChanges:
            return self._receive_other(frame.type, data, frame.code)
        if data.sequence_start == self._next and self._buffer is None:
            self._is_fresh = False
            return self._apply(data, 0)
        return self._out_of_turn(data.sequence_start, data.sequence_end, data)

    def _apply(self, content: _Changes, newer_than: int, changed: int = 0) -> FeedEvent:
        data: _SpotChanges = content  # type: ignore[assignment]  # what our own receive put there
        rows = data.changes
        try:
            if rows.asks:
                change = self._asks.change
                for price, size, sequence in rows.asks:
                    if not newer_than or int(sequence) > newer_than:
                        changed |= change(price, size)
            if rows.bids:
                change = self._bids.change
                for price, size, sequence in rows.bids:
                    if not newer_than or int(sequence) > newer_than:
                        changed |= change(price, size)
        except TooFine as error:
            self._widen(error)
            return self._apply(data, newer_than, changed)
        except ValueError as error:
            raise self._malformed(f"a row whose sequence is no number: {error}") from error
        self.book.sequence = end = data.sequence_end
        self._next = end + 1
        self._venue_ms = data.time
        return self._after(changed) if changed else FeedEvent.UPDATE


class PerpetualIncrementFeed(IncrementFeed):
    """`/contractMarket/level2`: exactly one change a frame."""

    _decode = staticmethod(msgspec.json.Decoder(_PerpetualFrame).decode)

    def receive(self, message: Message) -> FeedEvent:
        """Apply one frame. Raises SequenceGap, CrossedBook, MalformedPayload, and what an error frame amounts to."""
        try:
            frame = self._decode(message)
        except UNREADABLE as error:
            raise self._unreadable(error) from error
        data = frame.data
        if type(data) is not _PerpetualChange:
            return self._receive_other(frame.type, data, frame.code)
        sequence = data.sequence
        if sequence == self._next and self._buffer is None:
            self._is_fresh = False
            return self._apply(data, 0)
        return self._out_of_turn(sequence, sequence, data)

    def _apply(self, content: _Changes, newer_than: int, changed: int = 0) -> FeedEvent:
        data: _PerpetualChange = content  # type: ignore[assignment]  # what our own receive put there
        try:
            price, side, lots = data.change.split(",")
        except ValueError as error:
            raise self._malformed(f"{data.change[:80]!r} is not price, side and lots") from error
        try:
            if side == "buy":
                changed |= self._bids.change(price, lots)
            elif side == "sell":
                changed |= self._asks.change(price, lots)
            else:
                raise self._malformed(f"{side[:40]!r} is neither buy nor sell")
        except TooFine as error:
            self._widen(error)
            return self._apply(data, newer_than, changed)
        self.book.sequence = data.sequence
        self._next = data.sequence + 1
        self._venue_ms = data.time
        return self._after(changed) if changed else FeedEvent.UPDATE
