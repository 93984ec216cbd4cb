"""KuCoin's channels of a whole book to a fixed depth, as state machines.

From KuCoin's manuals (Level-2 market data of spot and futures), read 2026-11.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from connectors.book_feed import FeedEvent
from connectors.kucoin.books import KucoinFeed
from connectors.payloads import UNREADABLE
from connectors.types import BookLevel, BookSnapshot

if TYPE_CHECKING:
    from connectors.kucoin.books import FetchSnapshot, Message
    from connectors.kucoin.socket import Session
    from connectors.order_book import OrderBook
    from connectors.types import PairRules


class _Depth(msgspec.Struct, gc=False):
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]
    timestamp: int
    sequence: int | None = None


class _DepthFrame(msgspec.Struct, gc=False):
    type: str
    data: _Depth | str | None = None
    code: int = 0


class DepthFeed(KucoinFeed):
    """`level2Depth5` and `level2Depth50`: every frame is the whole book to that depth. Spot numbers none of them."""

    _decode = staticmethod(msgspec.json.Decoder(_DepthFrame, strict=False).decode)

    def __init__(self, session: Session, topic: str, rules: PairRules, depth: int, fetch: FetchSnapshot) -> None:
        super().__init__(session, topic, rules, depth, fetch)
        self._has_book = False

    def ask_anew(self) -> tuple[str, ...]:
        """The next frame is a whole book anyway."""
        self.book.clear()
        self._has_book = False
        return ()

    def stitch(self, snapshot: BookSnapshot) -> bool:
        """A quiet pair's first book: the channel speaks only of changes. One from the stream stands."""
        if not self._has_book:
            self._load(snapshot)
            self.book.sequence = None
            self._has_book = True
        return True

    def receive(self, message: Message) -> FeedEvent:
        """Take over one frame's book. Raises SequenceGap, CrossedBook, MalformedPayload, and refusals."""
        try:
            frame = self._decode(message)
        except UNREADABLE as error:
            raise self._unreadable(error) from error
        data = frame.data
        if type(data) is not _Depth:
            return self._receive_other(frame.type, data, frame.code)
        before = self.book.sequence
        if before is not None and data.sequence is not None and data.sequence < before:
            raise self._gap(f"sequence {data.sequence} after {before}")
        self._load(_as_snapshot(self.book, data))
        self._venue_ms = data.timestamp
        event = FeedEvent.UPDATE if self._has_book else FeedEvent.SNAPSHOT
        self._has_book = True
        return event


def _as_snapshot(book: OrderBook, data: _Depth) -> BookSnapshot:
    return BookSnapshot(
        book.pair,
        tuple(BookLevel(price, size) for price, size in data.bids),
        tuple(BookLevel(price, size) for price, size in data.asks),
        data.sequence,
    )
