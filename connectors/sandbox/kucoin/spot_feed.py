"""KuCoin's spot topics: numbered book changes in batches, depth pictures, tickers, trades and candles."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connectors.sandbox.accounts import Event
from connectors.sandbox.kucoin.feed import DEPTH_EVERY_NS, KucoinFeed, Pace, Topic, takes_at_once
from connectors.sandbox.kucoin.history import MINUTES, newest_bar
from connectors.sandbox.kucoin.keys import MILLISECOND_NS
from connectors.sandbox.kucoin.numbers import short
from connectors.sandbox.kucoin.spot_frames import BalanceNews, order_change
from connectors.sandbox.kucoin.symbols import BY_PAIR, SYMBOLS
from connectors.sandbox.kucoin.words import candle_row, rows, ticker
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from connectors.sandbox.accounts import Account, AccountOrder, Fill
    from connectors.sandbox.kucoin.book import Change, NumberedBook
    from connectors.sandbox.kucoin.spot_public import SpotPublicApi
    from connectors.sandbox.kucoin.symbols import SpotSymbol
    from connectors.sandbox.market import Trade

LEVEL2 = "/market/level2"
DEPTHS = {"/spotMarket/level2Depth5": 5, "/spotMarket/level2Depth50": 50}
LEVEL1 = "/spotMarket/level1"
CANDLES = "/market/candles"
MATCH = "/market/match"
TICKER = "/market/ticker"
SNAPSHOT = "/market/snapshot"
ORDERS, ORDERS_V2, BALANCE = "/spotMarket/tradeOrders", "/spotMarket/tradeOrdersV2", "/account/balance"


class SpotFeed(KucoinFeed):
    """The spot market's sessions."""

    topics = MappingProxyType(
        {
            **{prefix: Topic() for prefix in (LEVEL2, *DEPTHS, LEVEL1, CANDLES, MATCH, TICKER, SNAPSHOT)},
            **{
                prefix: Topic(needs_symbol=False, is_private=True)
                for prefix in (ORDERS, ORDERS_V2, BALANCE, "/spotMarket/advancedOrders", "/spot/tradeFills")
            },
        }
    )

    def __init__(self, public: SpotPublicApi, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._public = public
        self._depth_pace = Pace(DEPTH_EVERY_NS)
        self._snapshot_pace = Pace(2 * SECOND_NS)
        self._shown: dict[str, object] = {}

    def _is_listed(self, book: NumberedBook) -> bool:
        return self._public.listed(_entry(book).symbol) is not None

    def _publish_updates(self, book: NumberedBook, updates: list[list[Change]]) -> None:
        entry = _entry(book)
        topic = f"{LEVEL2}:{entry.symbol}"
        if topic in self._followers:
            time_ms = self.clock.book_ns() // MILLISECOND_NS
            for update in updates:
                self._send_bytes(topic, level2_frame(entry, topic, update, time_ms))

    def _publish_trades(self, book: NumberedBook, trades: list[Trade]) -> None:
        entry = _entry(book)
        skew_ns = self.clock.now_ns() - self.clock.true_ns()
        for trade in trades:
            self._send(f"{MATCH}:{entry.symbol}", "trade.l3match", match(entry, trade, skew_ns))
        for suffix in self._symbols_followed(CANDLES):
            symbol, _, name = suffix.partition("_")
            if symbol == entry.symbol and name in MINUTES:
                bar = newest_bar(book.market, MINUTES[name], self.clock.true_ns() // SECOND_NS)
                data = {"symbol": symbol, "candles": candle_row(entry, bar), "time": self.clock.now_ns()}
                self._send(f"{CANDLES}:{suffix}", "trade.candles.update", data)

    def _publish_on_time(self, now_ns: int) -> None:
        is_depth_due, is_snapshot_due = self._depth_pace.is_due(now_ns), self._snapshot_pace.is_due(now_ns)
        for topic in tuple(self._followers):
            prefix, _, symbol = topic.partition(":")
            entry = self._public.listed(symbol)
            if entry is None:
                if topic == f"{TICKER}:all" and is_depth_due:
                    self._publish_all_tickers()
                continue
            if prefix in DEPTHS and is_depth_due:
                self._publish_depth(topic, entry, DEPTHS[prefix])
            elif prefix == LEVEL1:
                self._publish_best(topic, entry)
            elif prefix == TICKER and is_depth_due:
                self._send_when_changed(topic, "trade.ticker", self._ticker(entry))
            elif prefix == SNAPSHOT and is_snapshot_due:
                book = self._books[entry.symbol]
                self._send(topic, "trade.snapshot", {"sequence": str(book.sequence), "data": self._snapshot(entry)})

    def _publish_depth(self, topic: str, entry: SpotSymbol, depth: int) -> None:
        if not self.faults.is_on("stall"):
            market = self._books[entry.symbol].market
            levels = {"asks": rows(entry, market.shown_asks, depth), "bids": rows(entry, market.shown_bids, depth)}
            time_ms = self.clock.book_ns() // MILLISECOND_NS
            self._send_when_changed(topic, "level2", levels, timestamp=time_ms)

    def _publish_best(self, topic: str, entry: SpotSymbol) -> None:
        market = self._books[entry.symbol].market
        asks, bids = rows(entry, market.shown_asks, 1), rows(entry, market.shown_bids, 1)
        if asks and bids and not self.faults.is_on("stall"):
            time_ms = self.clock.book_ns() // MILLISECOND_NS
            self._send_when_changed(topic, "level1", {"asks": asks[0], "bids": bids[0]}, timestamp=time_ms)

    def _send_when_changed(self, topic: str, subject: str, data: dict[str, Any], **time: int) -> None:
        if self._shown.get(topic) != data:
            self._shown[topic] = data
            self._send(topic, subject, {**data, **time})

    def _publish_all_tickers(self) -> None:
        for entry in SYMBOLS.values():
            if self._public.listed(entry.symbol):
                self._send(f"{TICKER}:all", entry.symbol, self._ticker(entry))

    def _ticker(self, entry: SpotSymbol) -> dict[str, Any]:
        return ticker(entry, self._books[entry.symbol], self.clock.now_ns() // MILLISECOND_NS)

    def _snapshot(self, entry: SpotSymbol) -> dict[str, Any]:
        """The day's statistics with numbers where REST has text."""
        day = self._public.day_of(entry)
        numbers = ("buy", "sell", "changeRate", "changePrice", "high", "low", "vol", "volValue", "last", "averagePrice")
        return {
            **{name: float(day[name]) for name in numbers},
            "symbol": entry.symbol,
            "symbolCode": entry.symbol,
            "baseCurrency": entry.pair.base,
            "quoteCurrency": entry.pair.quote,
            "market": entry.market,
            "markets": [entry.market],
            "datetime": day["time"],
            "lastTradedPrice": float(day["last"]),
            "trading": entry.enable_trading,
        }

    def watch(self, account: Account) -> None:
        """Push what happens to this account's orders to whoever holds a key of it."""
        news = BalanceNews(account)

        def publish(order: AccountOrder, event: Event, fill: Fill | None) -> None:
            if event is Event.OPENED and takes_at_once(order):
                return
            now_ns = self.clock.now_ns()
            change = order_change(order, event, fill, now_ns)
            if event is not Event.ACCEPTED:
                self._send_private(account, ORDERS, "orderChange", change)
            self._send_private(account, ORDERS_V2, "orderChange", change)
            for data in news.after(order, event, now_ns):
                self._send_private(account, BALANCE, "account.balance", data, id=data["relationEventId"])

        account.listeners.append(publish)


def _entry(book: NumberedBook) -> SpotSymbol:
    return BY_PAIR[book.market.spec.pair]


def level2_frame(entry: SpotSymbol, topic: str, update: list[Change], time_ms: int) -> bytes:
    """Several changes to one price collapse to the last, so the rows need not cover every number."""
    last = {(change.is_bid, change.price): change for change in update}
    prices, sizes = entry.spec.price_decimals, entry.spec.size_decimals
    asks: list[str] = []
    bids: list[str] = []
    for change in last.values():
        row = f'["{short(change.price, prices)}","{short(change.size, sizes)}","{change.sequence}"]'
        (bids if change.is_bid else asks).append(row)
    return (
        f'{{"topic":"{topic}","type":"message","subject":"trade.l2update","data":{{"changes":'
        f'{{"asks":[{",".join(asks)}],"bids":[{",".join(bids)}]}},"sequenceEnd":{update[-1].sequence},'
        f'"sequenceStart":{update[0].sequence},"symbol":"{entry.symbol}","time":{time_ms}}}}}'
    ).encode()


def match(entry: SpotSymbol, trade: Trade, skew_ns: int) -> dict[str, Any]:
    number = f"{trade.number:024x}"
    return {
        "makerOrderId": number,
        "price": short(trade.price, entry.spec.price_decimals),
        "sequence": str(trade.number),
        "side": trade.taker_side,
        "size": short(trade.size, entry.spec.size_decimals),
        "symbol": entry.symbol,
        "takerOrderId": number,
        "time": str(trade.time_ns + skew_ns),
        "tradeId": str(trade.number),
        "type": "match",
    }
