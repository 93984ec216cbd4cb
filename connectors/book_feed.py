"""What a venue's order book needs to be followed: a state machine without I/O, told from the stream that drives it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.order_book import OrderBook
    from connectors.types import BookSnapshot


class FeedEvent(Enum):
    """What one frame did to a feed."""

    SNAPSHOT = auto()
    UPDATE = auto()
    HEARTBEAT = auto()
    OTHER = auto()
    WELCOME = auto()
    BUFFERED = auto()
    """Kept until the snapshot is there, which has to be asked for now if it is not yet."""
    THIN = auto()
    """An update after which too few levels are known: it is time for a new snapshot, and the book stays live."""
    OUTDATED = auto()
    """The snapshot is older than the stream, or all it knew of a side is gone: not live until there is a newer one."""


class BookFeed(Protocol):
    """A venue's subscription to one order book on one connection, as a state machine without I/O."""

    url: str
    book: OrderBook

    def subscribe(self) -> str:
        """The frame that asks for the book; whatever arrives before its snapshot is passed over."""

    def ask_anew(self) -> tuple[str, ...]:
        """Start over with an empty book on the same connection; the frames to send for it, in order."""

    def receive(self, message: bytes | bytearray | memoryview) -> FeedEvent:
        """Take one frame in. Raises DataError for a broken book, VenueError or UsageError for a refusal."""

    def last_venue_time(self) -> datetime | None:
        """The venue's own time on the last book frame."""


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """How often a venue wants to hear a ping, and within which time it answers."""

    interval_s: float
    timeout_s: float


@runtime_checkable
class SessionFeed(BookFeed, Protocol):
    """A feed whose venue greets, wants pings instead of sending heartbeats, and gives its snapshot by another way."""

    keep_alive: KeepAlive

    def ping(self) -> str:
        """A frame that the venue answers with what `receive` calls a HEARTBEAT."""

    async def fetch_snapshot(self) -> BookSnapshot:
        """The book with its sequence, by the other way. The one thing in here that is I/O."""

    def stitch(self, snapshot: BookSnapshot) -> bool:
        """Put the frames kept so far onto *snapshot*. False where it is too old for them: fetch another.

        Raises DataError as `receive` does.
        """
