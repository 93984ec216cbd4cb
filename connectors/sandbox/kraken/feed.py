"""Kraken's WebSocket v2: who is subscribed to what, and the frames that go out as the market moves."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from connectors.sandbox.kraken import frames
from connectors.sandbox.kraken.book import BookView
from connectors.sandbox.kraken.names import BY_SYMBOL, PAIRS
from connectors.sandbox.kraken.public import mode_of
from connectors.sandbox.kraken.session import KrakenSession
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from connectors.sandbox.connection import Connection
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kraken.keys import Keyring
    from connectors.sandbox.kraken.names import KrakenPair
    from connectors.sandbox.kraken.private import Trading
    from connectors.sandbox.kraken.public import PublicApi
    from connectors.sandbox.market import Market, PairMarket, Trade
    from connectors.sandbox.server import Clock

PUBLIC_PATH, PRIVATE_PATH = "/v2", "/auth/v2"


class KrakenFeed:
    """Every open session, and one view of the book for each pair and depth in use."""

    def __init__(
        self,
        market: Market,
        faults: Faults,
        clock: Clock,
        public: PublicApi,
        keyring: Keyring,
        trading: Trading,
    ) -> None:
        self.market = market
        self.faults = faults
        self.clock = clock
        self.keyring = keyring
        self.trading = trading
        self._public = public
        self._sessions: set[KrakenSession] = set()
        self._views: dict[tuple[str, int], BookView] = {}
        self._connection_ids = Random()
        self._mode = mode_of(faults)
        market.on_step = self._publish_step

    def open_session(self, connection: Connection, *, is_private: bool) -> KrakenSession:
        """Greet a new connection with the venue's status."""
        session = KrakenSession(self, connection, is_private=is_private)
        session.connection_id = self._connection_ids.randrange(2**60, 2**64)
        self._sessions.add(session)
        connection.send(frames.status(self._mode, session.connection_id))
        return session

    def forget(self, session: KrakenSession) -> None:
        self._sessions.discard(session)
        self.drop_unused_views()

    def listed(self, symbol: str) -> KrakenPair | None:
        """The pair of this v2 symbol, None for v1 names and delisted pairs."""
        return self._public.listed(symbol) if symbol in BY_SYMBOL else None

    def listed_pairs(self) -> list[KrakenPair]:
        return [entry for entry in PAIRS.values() if self.listed(entry.symbol)]

    def view(self, entry: KrakenPair, depth: int) -> BookView:
        """The book at this depth as its subscribers know it, begun where nobody is subscribed yet."""
        key = (entry.symbol, depth)
        if key not in self._views:
            self._views[key] = BookView(entry, self.market.pairs[entry.pair], depth, self.faults)
        return self._views[key]

    def drop_unused_views(self) -> None:
        used = {book for session in self._sessions for book in session.books.items()}
        self._views = {key: view for key, view in self._views.items() if key in used}

    def announce_mode(self) -> None:
        """Push the venue's status to everyone where it changed."""
        mode = mode_of(self.faults)
        if mode != self._mode:
            self._mode = mode
            for session in self._sessions:
                session.connection.send(frames.status(mode, session.connection_id))

    def beat(self) -> None:
        for session in self._sessions:
            session.send_heartbeat_when_due()

    def _publish_step(self, market: PairMarket, trades: list[Trade]) -> None:
        entry = PAIRS[market.spec.pair]
        if not self._sessions or self._mode == "maintenance" or self.listed(entry.symbol) is None:
            return
        now_ns = self.clock.now_ns()
        timestamp = frames.rfc3339(self.clock.book_ns())
        for (symbol, depth), view in self._views.items():
            if symbol == entry.symbol and (frame := view.update(timestamp)) is not None:
                for session in self._sessions:
                    if session.books.get(symbol) == depth:
                        session.connection.send(frame)
        if trades:
            self._publish_trades(entry, market, trades, now_ns)

    def _publish_trades(self, entry: KrakenPair, market: PairMarket, trades: list[Trade], now_ns: int) -> None:
        skew_ns = now_ns - self.clock.true_ns()
        followers = [session for session in self._sessions if entry.symbol in session.trades]
        if followers:
            frame = frames.channel_frame("trade", "update", [frames.trade(entry, one, skew_ns) for one in trades])
            for session in followers:
                session.connection.send(frame)
        followers = [session for session in self._sessions if entry.symbol in session.tickers]
        if followers:
            frame = frames.channel_frame("ticker", "update", [frames.ticker(entry, market, self.clock.true_ns())])
            for session in followers:
                session.connection.send(frame)
        for session in self._sessions:
            minutes = session.candles.get(entry.symbol)
            if minutes is not None:
                bars = market.candles.rows(minutes * 60, self.clock.true_ns() // SECOND_NS, limit=1)
                data = [frames.ohlc(entry, bars[-1], minutes)]
                session.connection.send(
                    frames.channel_frame("ohlc", "update", data, timestamp=frames.rfc3339(now_ns, 9))
                )
