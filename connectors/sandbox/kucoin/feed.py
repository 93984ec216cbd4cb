"""KuCoin's WebSocket: who follows which topic, and when frames are due. Each market adds its topics and its words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import msgspec

from connectors.sandbox.kucoin.session import KucoinSession
from connectors.sandbox.kucoin.words import status_of
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.sandbox.accounts import Account, AccountOrder
    from connectors.sandbox.connection import Connection
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.book import Change, NumberedBook
    from connectors.sandbox.kucoin.tokens import Tokens
    from connectors.sandbox.market import Market, PairMarket, Trade
    from connectors.sandbox.server import Clock

DEPTH_EVERY_NS = SECOND_NS // 10
USER_ID = "633559791e1cbc0001f319bc"


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic asks of its subscribers."""

    needs_symbol: bool = True
    is_private: bool = False


class Pace:
    """Says when a grid of time has its next point, seen from the last look."""

    def __init__(self, every_ns: int) -> None:
        self._every_ns = every_ns
        self._seen = 0

    def is_due(self, now_ns: int) -> bool:
        point = now_ns // self._every_ns
        is_due, self._seen = point > self._seen, point
        return is_due


def takes_at_once(order: AccountOrder) -> bool:
    """Whether an order that has just come in meets the other side, so that it is matched before it could rest."""
    if order.draft.price is None:
        return True
    side = order.market.asks if order.draft.side == "buy" else order.market.bids
    return side.best is not None and side.best * side.sign <= order.draft.price * side.sign


class KucoinFeed(ABC):
    """Every open session of one market, by topic."""

    topics: ClassVar[Mapping[str, Topic]]

    def __init__(
        self,
        market: Market,
        books: dict[str, NumberedBook],
        tokens: Tokens,
        faults: Faults,
        clock: Clock,
        *,
        client_silence_s: float,
    ) -> None:
        self.tokens = tokens
        self.faults = faults
        self.clock = clock
        self._books = books
        self._by_market = {id(book.market): book for book in books.values()}
        self._client_silence_s = client_silence_s
        self._sessions: set[KucoinSession] = set()
        self._followers: dict[str, tuple[KucoinSession, ...]] = {}
        market.on_step = self._publish_step

    def open_session(self, connection: Connection) -> KucoinSession:
        session = KucoinSession(self, connection)
        if not session.is_over:
            self._sessions.add(session)
        return session

    def note_topics(self) -> None:
        """A session's topics changed."""
        followers: dict[str, list[KucoinSession]] = {}
        for session in self._sessions:
            for topic in session.topics:
                followers.setdefault(topic, []).append(session)
        self._followers = {topic: tuple(sessions) for topic, sessions in followers.items()}

    def forget(self, session: KucoinSession) -> None:
        if session in self._sessions:
            self._sessions.discard(session)
            self.note_topics()

    def beat(self) -> None:
        for session in tuple(self._sessions):
            session.end_when_silent(self._client_silence_s)
        if self._followers and not self._is_closed():
            self._publish_on_time(self.clock.true_ns())

    def _publish_step(self, market: PairMarket, trades: list[Trade]) -> None:
        book = self._by_market[id(market)]
        updates = book.next_updates()
        if self._followers and not self._is_closed() and self._is_listed(book):
            self._publish_updates(book, updates)
            if trades:
                self._publish_trades(book, trades)

    def _is_closed(self) -> bool:
        return status_of(self.faults)["status"] == "close"

    @abstractmethod
    def _is_listed(self, book: NumberedBook) -> bool: ...

    @abstractmethod
    def _publish_updates(self, book: NumberedBook, updates: list[list[Change]]) -> None:
        """The book changed."""

    @abstractmethod
    def _publish_trades(self, book: NumberedBook, trades: list[Trade]) -> None: ...

    @abstractmethod
    def _publish_on_time(self, now_ns: int) -> None:
        """What goes out on a grid of time."""

    def _symbols_followed(self, prefix: str) -> list[str]:
        return [topic.partition(":")[2] for topic in self._followers if topic.partition(":")[0] == prefix]

    def _send(self, topic: str, subject: str, data: object, **more: object) -> None:
        """One data frame to everybody who follows the topic."""
        if topic in self._followers:
            frame = {"topic": topic, "type": "message", "subject": subject, **more, "data": data}
            self._send_bytes(topic, msgspec.json.encode(frame))

    def _send_bytes(self, topic: str, frame: bytes) -> None:
        for session in self._followers.get(topic, ()):
            session.connection.send(frame)

    def _send_private(self, account: Account, topic: str, subject: str, data: object, **more: object) -> None:
        """One data frame to those followers of the topic who hold a key of *account*."""
        mine = [session for session in self._followers.get(topic, ()) if session.key and session.key.account is account]
        if mine:
            about = {"topic": topic, "type": "message", "subject": subject, **more}
            frame = msgspec.json.encode({**about, "userId": USER_ID, "channelType": "private", "data": data})
            for session in mine:
                session.connection.send(frame)
