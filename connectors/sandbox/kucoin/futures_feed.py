"""KuCoin's futures topics: one book change a frame, depth pictures every 100 ms, trades, candles, mark and funding."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connectors.sandbox.accounts import Event
from connectors.sandbox.kucoin.contracts import BY_PAIR, funding_rate, index_price, mark_price
from connectors.sandbox.kucoin.feed import DEPTH_EVERY_NS, KucoinFeed, Pace, Topic, takes_at_once
from connectors.sandbox.kucoin.futures_frames import order_change, wallet_change
from connectors.sandbox.kucoin.futures_public import candle_texts, text_rows, ticker, trade_row
from connectors.sandbox.kucoin.history import MINUTES, newest_bar
from connectors.sandbox.kucoin.keys import MILLISECOND_NS
from connectors.sandbox.kucoin.numbers import number, short
from connectors.sandbox.kucoin.positions import position_view
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from decimal import Decimal

    from connectors.sandbox.accounts import AccountOrder, Fill
    from connectors.sandbox.kucoin.book import Change, NumberedBook
    from connectors.sandbox.kucoin.contracts import KucoinContract
    from connectors.sandbox.kucoin.futures_public import FuturesPublicApi
    from connectors.sandbox.kucoin.positions import FuturesAccount, FuturesPosition
    from connectors.sandbox.market import Trade

LEVEL2 = "/contractMarket/level2"
DEPTHS = {"/contractMarket/level2Depth5": 5, "/contractMarket/level2Depth50": 50}
CANDLES = "/contractMarket/limitCandle"
EXECUTION = "/contractMarket/execution"
TICKER, TICKER_V2 = "/contractMarket/ticker", "/contractMarket/tickerV2"
INSTRUMENT = "/contract/instrument"
ORDERS, WALLET = "/contractMarket/tradeOrders", "/contractAccount/wallet"
POSITION, ALL_POSITIONS = "/contract/position", "/contract/positionAll"


class FuturesFeed(KucoinFeed):
    """The futures market's sessions."""

    topics = MappingProxyType(
        {
            **{prefix: Topic() for prefix in (LEVEL2, *DEPTHS, CANDLES, EXECUTION, TICKER, TICKER_V2, INSTRUMENT)},
            POSITION: Topic(is_private=True),
            **{
                prefix: Topic(needs_symbol=False, is_private=True)
                for prefix in (ORDERS, WALLET, ALL_POSITIONS, "/contractMarket/advancedOrders")
            },
        }
    )

    def __init__(self, public: FuturesPublicApi, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._public = public
        self._depth_pace = Pace(DEPTH_EVERY_NS)
        self._second_pace = Pace(SECOND_NS)
        self._minute_pace = Pace(60 * SECOND_NS)
        self._shown: dict[str, object] = {}

    def _is_listed(self, book: NumberedBook) -> bool:
        return self._public.listed(_contract(book).symbol) is not None

    def _publish_updates(self, book: NumberedBook, updates: list[list[Change]]) -> None:
        contract = _contract(book)
        topic = f"{LEVEL2}:{contract.symbol}"
        if topic in self._followers:
            time_ms = self.clock.book_ns() // MILLISECOND_NS
            for (change,) in updates:
                self._send_bytes(topic, level2_frame(contract, topic, change, time_ms))

    def _publish_trades(self, book: NumberedBook, trades: list[Trade]) -> None:
        contract = _contract(book)
        skew_ns = self.clock.now_ns() - self.clock.true_ns()
        for trade in trades:
            data = {"symbol": contract.symbol, **trade_row(contract, trade, skew_ns)}
            self._send(f"{EXECUTION}:{contract.symbol}", "match", data, sn=trade.number)
        self._send(f"{TICKER}:{contract.symbol}", "ticker", ticker(contract, book, self.clock), sn=book.sequence)

    def _publish_on_time(self, now_ns: int) -> None:
        is_depth_due, is_second_due = self._depth_pace.is_due(now_ns), self._second_pace.is_due(now_ns)
        is_minute_due = self._minute_pace.is_due(now_ns)
        for topic in tuple(self._followers):
            prefix, _, suffix = topic.partition(":")
            contract = self._public.listed(suffix.partition("_")[0])
            if contract is None:
                continue
            if prefix in DEPTHS and is_depth_due:
                self._publish_depth(topic, contract, DEPTHS[prefix])
            elif prefix == TICKER_V2:
                self._publish_best(topic, contract)
            elif prefix == CANDLES and is_second_due:
                self._publish_candle(topic, contract, suffix.partition("_")[2])
            elif prefix == INSTRUMENT and is_second_due:
                self._publish_instrument(topic, contract, with_funding=is_minute_due)

    def _publish_depth(self, topic: str, contract: KucoinContract, depth: int) -> None:
        """Repeated even when nothing changed."""
        if self.faults.is_on("stall"):
            return
        book = self._books[contract.symbol]
        time_ms = self.clock.book_ns() // DEPTH_EVERY_NS * (DEPTH_EVERY_NS // MILLISECOND_NS)
        data = {
            "bids": text_rows(contract, book.market.shown_bids, depth),
            "sequence": book.sequence,
            "timestamp": time_ms,
            "ts": time_ms,
            "asks": text_rows(contract, book.market.shown_asks, depth),
        }
        self._send(topic, "level2", data, sn=time_ms)

    def _publish_best(self, topic: str, contract: KucoinContract) -> None:
        book = self._books[contract.symbol]
        full = ticker(contract, book, self.clock)
        best = {name: full[name] for name in ("bestBidSize", "bestBidPrice", "bestAskPrice", "bestAskSize")}
        if self._shown.get(topic) != best:
            self._shown[topic] = best
            data = {"symbol": contract.symbol, "sequence": book.sequence, **best, "ts": full["ts"]}
            self._send(topic, "tickerV2", data, sn=book.sequence)

    def _publish_candle(self, topic: str, contract: KucoinContract, name: str) -> None:
        if name in MINUTES:
            now_s = self.clock.true_ns() // SECOND_NS
            bar = newest_bar(self._books[contract.symbol].market, MINUTES[name], now_s)
            time_ms = self.clock.now_ns() // MILLISECOND_NS
            data = {"symbol": contract.symbol, "candles": candle_texts(contract, bar), "time": time_ms}
            self._send(topic, "candle.stick", data)

    def _publish_instrument(self, topic: str, contract: KucoinContract, *, with_funding: bool) -> None:
        market = self._books[contract.symbol].market
        now_ms = self.clock.now_ns() // MILLISECOND_NS
        mark = {
            "markPrice": number(mark_price(contract, market, self.faults)),
            "indexPrice": number(index_price(contract, market)),
            "granularity": 1000,
            "timestamp": now_ms // 1000 * 1000,
        }
        self._send(topic, "mark.index.price", mark)
        if with_funding and contract.is_perpetual:
            rate = float(funding_rate(contract, self.faults))
            minute_ms = now_ms // 60_000 * 60_000
            self._send(topic, "funding.rate", {"granularity": 60_000, "fundingRate": rate, "timestamp": minute_ms})

    def watch(self, account: FuturesAccount) -> None:
        """Push what happens to this account's orders and positions to whoever holds a key of it."""

        def publish(order: AccountOrder, event: Event, fill: Fill | None) -> None:
            if event is Event.OPENED and takes_at_once(order):
                return
            contract, now_ns = BY_PAIR[order.market.spec.pair], self.clock.now_ns()
            if event is not Event.ACCEPTED:
                change = order_change(order, event, fill, now_ns)
                self._send_private(account, ORDERS, "orderChange", change)
                self._send_private(account, f"{ORDERS}:{contract.symbol}", "symbolOrderChange", change)
            if event is not Event.OPENED:
                wallet = wallet_change(account, contract.settle, self._profit, now_ns)
                self._send_private(account, WALLET, "walletBalance.change", wallet, id=f"{now_ns // 1000:024x}")

        def publish_position(position: FuturesPosition) -> None:
            now_ms = self.clock.now_ns() // MILLISECOND_NS
            data = {**position_view(position, self._mark(position.contract), now_ms), "changeReason": "positionChange"}
            for topic in (f"{POSITION}:{position.contract.symbol}", ALL_POSITIONS):
                self._send_private(account, topic, "position.change", data)

        account.listeners.append(publish)
        account.position_listeners.append(publish_position)

    def _mark(self, contract: KucoinContract) -> Decimal:
        return mark_price(contract, self._books[contract.symbol].market, self.faults)

    def _profit(self, position: FuturesPosition) -> Decimal:
        return position.profit_at(self._mark(position.contract))


def _contract(book: NumberedBook) -> KucoinContract:
    return BY_PAIR[book.market.spec.pair]


def level2_frame(contract: KucoinContract, topic: str, change: Change, time_ms: int) -> bytes:
    """Exactly one change and one number."""
    side = "buy" if change.is_bid else "sell"
    text = f"{short(change.price, contract.spec.price_decimals)},{side},{change.size}"
    return (
        f'{{"topic":"{topic}","type":"message","subject":"level2","sn":{change.sequence},"data":'
        f'{{"sequence":{change.sequence},"change":"{text}","timestamp":{time_ms}}}}}'
    ).encode()
