"""One order book at one depth, byte for byte as Kraken's WebSocket v2 shows it: snapshots, updates, checksums."""

from __future__ import annotations

import zlib
from random import Random
from typing import TYPE_CHECKING

from connectors.sandbox.decimals import fixed

if TYPE_CHECKING:
    from connectors.sandbox.book import ShownSide
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kraken.names import KrakenPair
    from connectors.sandbox.market import PairMarket

CHECKSUM_LEVELS = 10

Levels = dict[int, int]


class BookView:
    """What every subscriber of this pair and depth has been shown so far."""

    def __init__(self, entry: KrakenPair, market: PairMarket, depth: int, faults: Faults) -> None:
        self.depth = depth
        self._entry = entry
        self._market = market
        self._faults = faults
        self._shuffle = Random(depth).shuffle
        self._bids, self._asks = market.shown_bids.top(depth), market.shown_asks.top(depth)
        self._updates = 0

    def snapshot(self, timestamp: str) -> bytes:
        """The frame that shows all levels, best first."""
        return self._frame("snapshot", list(self._bids.items()), list(self._asks.items()), timestamp)

    def update(self, timestamp: str) -> bytes | None:
        """The frame that leads from what was shown last to the book of now; None where no level in view changed."""
        if self._faults.is_on("stall"):
            return None
        self._bids, bids = self._changes(self._bids, self._market.shown_bids)
        self._asks, asks = self._changes(self._asks, self._market.shown_asks)
        if not bids and not asks:
            return None
        self._updates += 1
        missing = self._faults.get("missing_update")
        if missing and self._updates % missing["every"] == 0:
            return None
        return self._frame("update", bids, asks, timestamp)

    def _changes(self, shown: Levels, side: ShownSide) -> tuple[Levels, list[tuple[int, int]]]:
        """The levels now in view, and the entries that announce them.

        A level that fell below the depth is not announced; one that rose into view is. Removals come first, so that a
        client that cuts its book after each entry keeps the same levels as one that cuts after each message; beyond
        that the order means nothing, as on the venue.
        """
        now = side.top(self.depth)
        entries = [(price, size) for price, size in now.items() if shown.get(price) != size]
        self._shuffle(entries)
        removed = [(price, 0) for price in shown if price not in now and not side.has(price)]
        return now, removed + entries

    def _frame(self, kind: str, bids: list[tuple[int, int]], asks: list[tuple[int, int]], timestamp: str) -> bytes:
        text = (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{self._entry.symbol}",'
            f'"bids":[{self._levels(bids)}],"asks":[{self._levels(asks)}],'
            f'"checksum":{self._checksum(kind)},"timestamp":"{timestamp}"}}]}}'
        )
        return text.encode()

    def _levels(self, entries: list[tuple[int, int]]) -> str:
        price_decimals, size_decimals = self._entry.spec.price_decimals, self._entry.spec.size_decimals
        return ",".join(
            f'{{"price":{fixed(price, price_decimals)},"qty":{fixed(size, size_decimals)}}}' for price, size in entries
        )

    def _checksum(self, kind: str) -> int:
        right = checksum(self._bids, self._asks)
        bad = self._faults.get("bad_checksum")
        return right ^ 1 if bad and kind == "update" and self._updates % bad["every"] == 0 else right


def checksum(bids: Levels, asks: Levels) -> int:
    """CRC-32 over the ten best levels, best first, asks before bids.

    The digits of a whole number of ticks or lots are what the venue's text leaves without its point and leading zeros.
    Source: docs.kraken.com exchange/guides/websockets/book-checksum-v2.
    """
    best = [*list(asks.items())[:CHECKSUM_LEVELS], *list(bids.items())[:CHECKSUM_LEVELS]]
    return zlib.crc32("".join(f"{price}{size}" for price, size in best).encode())
