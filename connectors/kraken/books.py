"""Kraken's order book as a state machine: snapshot and updates in one channel, every checksum verified.

From Kraken's own specification (krakenfx/api-specs) and documentation (docs.kraken.com), read 2026-11.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zlib import crc32

from connectors.book_feed import FeedEvent
from connectors.errors import ChecksumMismatch, Maintenance, MalformedPayload, Unavailable
from connectors.kraken.errors import error_of
from connectors.kraken.socket import decode_frame, subscription
from connectors.order_book import OrderBook
from connectors.types import VenueMode

if TYPE_CHECKING:
    from connectors.kraken.socket import Frame
    from connectors.types import PairRules

CHECKSUM_LEVELS = 10
"""Of each side, at any subscribed depth [docs.kraken.com: book-checksum-v2]."""


class KrakenBookFeed:
    """One book subscription on WebSocket v2. Kraken numbers nothing: the checksum is the only proof of continuity."""

    def __init__(self, url: str, rules: PairRules, depth: int) -> None:
        self.url = url
        self.book = OrderBook(
            rules.pair, depth=depth, price_decimals=rules.price_decimals, size_decimals=rules.size_decimals
        )
        self._symbol = rules.symbol
        self._has_snapshot = False
        self._timestamp = ""
        self._bids_text = b""
        self._asks_crc = 0
        self._crc = 0

    def subscribe(self) -> str:
        """The book frame; until its snapshot nothing is applied."""
        self._has_snapshot = False
        return subscription("subscribe", {"channel": "book", "symbol": [self._symbol], "depth": self.book.depth})

    def unsubscribe(self) -> str:
        """Ends the subscription at this depth, as Kraken allows one per symbol and connection."""
        return subscription("unsubscribe", {"channel": "book", "symbol": [self._symbol], "depth": self.book.depth})

    def ask_anew(self) -> tuple[str, ...]:
        """Kraken allows one subscription per symbol and connection, so the old one ends first."""
        return self.unsubscribe(), self.subscribe()

    def last_venue_time(self) -> datetime | None:
        """From the last book frame's timestamp, which recordings before 2026 lack on snapshots."""
        try:
            return datetime.fromisoformat(self._timestamp).astimezone(UTC)
        except (ValueError, OverflowError):  # none yet, or none that can be read: the book itself is proven otherwise
            return None

    def receive(self, message: bytes | bytearray | memoryview) -> FeedEvent:
        """Apply one frame and verify its checksum.

        Raises ChecksumMismatch, CrossedBook, MalformedPayload; UnknownPair, Rejected, RateLimited for a refused
        subscription; Maintenance when the venue announces it.
        """
        frame = decode_frame(message)
        if frame.channel == "book":
            return self._receive_book(frame)
        if frame.channel == "heartbeat":
            return FeedEvent.HEARTBEAT
        if frame.channel == "status":
            if any(item.system == VenueMode.MAINTENANCE for item in frame.data):
                raise Maintenance("the venue announces maintenance", venue="kraken", endpoint="status")
        elif frame.method == "subscribe" and not frame.success:
            raise error_of(frame.error, endpoint="book", pair=str(self.book.pair))
        elif frame.method == "unsubscribe" and not frame.success:
            raise Unavailable(f"could not unsubscribe: {frame.error}", venue="kraken", endpoint="book")
        return FeedEvent.OTHER

    def _receive_book(self, frame: Frame) -> FeedEvent:
        is_snapshot = frame.type == "snapshot"
        if not frame.data:
            raise MalformedPayload("a book frame without a book", venue="kraken", pair=str(self.book.pair))
        if not (is_snapshot or self._has_snapshot):
            return FeedEvent.OTHER  # of the subscription that broke; the new one starts with a snapshot
        if is_snapshot:
            self.book.clear()
            self._bids_text, self._asks_crc = b"", 0
        # Anything wrong with this frame makes the book worthless until the next snapshot.
        self._has_snapshot = False
        for part in frame.data:
            bids, asks = part.bids, part.asks
            bids_changed, asks_changed = self.book.apply(
                [(bytes(level.price), bytes(level.qty)) for level in bids] if bids else (),
                [(bytes(level.price), bytes(level.qty)) for level in asks] if asks else (),
            )
            # CRC-32 over the ten best asks, then the ten best bids: only a side that changed is put together anew.
            if asks_changed < CHECKSUM_LEVELS:
                self._asks_crc = crc32(b"".join(self.book.asks.marks[:CHECKSUM_LEVELS]))
            if bids_changed < CHECKSUM_LEVELS:
                self._bids_text = b"".join(self.book.bids.marks[:CHECKSUM_LEVELS])
            checksum = crc32(self._bids_text, self._asks_crc)
            if checksum != part.checksum:
                raise ChecksumMismatch(
                    f"the venue's checksum is {part.checksum}, ours {checksum}",
                    venue="kraken",
                    pair=str(self.book.pair),
                    endpoint="book",
                )
            if part.timestamp:
                self._timestamp = part.timestamp
        self._has_snapshot = True
        return FeedEvent.SNAPSHOT if is_snapshot else FeedEvent.UPDATE
