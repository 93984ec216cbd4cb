"""What an order book was at each of its last sequences, so that a snapshot by another way can be held against it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connectors.types import BookSnapshot

if TYPE_CHECKING:
    from connectors.order_book import NotedLevel, OrderBook

_Noted = tuple["OrderBook", tuple["NotedLevel", ...], tuple["NotedLevel", ...]]


class BookMemory:
    """The best *levels* a side at each of the *last* sequences; made by `BookStream.remember`."""

    def __init__(self, *, levels: int, last: int) -> None:
        self.newest: int | None = None
        self._levels = levels
        self._last = last
        self._noted: dict[int, _Noted] = {}
        self._moved = asyncio.Event()

    def note(self, book: OrderBook) -> None:
        """Keep the book as it stands.

        One without a sequence cannot be found again, and one of which too little is known until its new snapshot is
        there proves nothing: both are passed over.
        """
        if book.sequence is None:
            return
        self.newest = book.sequence
        self._moved.set()
        if not (book.bids.knows(self._levels) and book.asks.knows(self._levels)):
            return
        noted = self._noted
        noted[book.sequence] = (book, book.bids.noted(self._levels), book.asks.noted(self._levels))
        if len(noted) > self._last:
            del noted[next(iter(noted))]

    async def at(self, sequence: int, *, timeout_s: float) -> BookSnapshot | None:
        """The book at exactly *sequence*, waiting for a stream that is not there yet.

        None where no frame ended at that number, where the book was not known to *levels* then, where it is forgotten,
        or where the stream does not get there within *timeout_s*: then `newest` is below *sequence*.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while self.newest is None or self.newest < sequence:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return None
        if sequence not in self._noted:
            return None
        book, bids, asks = self._noted[sequence]
        return BookSnapshot(book.pair, book.bids.levels_of(bids), book.asks.levels_of(asks), sequence)
