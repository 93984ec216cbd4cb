"""KuCoin spot, the classic API.

Facts from KuCoin's manual and its own specification (Kucoin/kucoin-universal-sdk), read 2026-11.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from connectors.base import (
    Account,
    BookStreaming,
    Candles,
    Connector,
    MarketData,
    OrderValidation,
    ReportsPermissions,
)
from connectors.candles import EPOCH, INTERVALS
from connectors.errors import MalformedPayload
from connectors.kucoin.books import SpotIncrementFeed
from connectors.kucoin.parts import (
    BOOK_DEPTHS,
    RATE_LIMIT,
    book_stream,
    latest_candles,
    refuse_unless_levels,
    rest_depth,
)
from connectors.kucoin.rest import Rest, decimals_of, moment
from connectors.kucoin.socket import acknowledged, new_session
from connectors.pairs import KnownPairs
from connectors.payloads import refuse_unless_amounts, refuse_unless_numbers
from connectors.types import (
    BookLevel,
    BookSnapshot,
    Candle,
    KeyPermissions,
    OrderRequest,
    OrderType,
    PairRules,
    ServerTime,
    TradingPair,
    VenueStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.book_stream import BookStream

CANDLE_TYPES = {
    "1m": "1min",
    "3m": "3min",
    "5m": "5min",
    "15m": "15min",
    "30m": "30min",
    "1h": "1hour",
    "2h": "2hour",
    "4h": "4hour",
    "6h": "6hour",
    "8h": "8hour",
    "12h": "12hour",
    "1d": "1day",
    "1w": "1week",
}
REST_DEPTHS = {20: 2, 100: 4}
"""And what each weighs."""


class _Symbol(msgspec.Struct, rename="camel"):
    symbol: str
    base_currency: str
    quote_currency: str
    base_min_size: Decimal
    base_increment: Decimal
    price_increment: Decimal
    enable_trading: bool
    min_funds: Decimal | None = None


class _Book(msgspec.Struct):
    time: int
    sequence: int
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


class _Balance(msgspec.Struct):
    currency: str
    balance: Decimal


class _Order(msgspec.Struct, rename="camel"):
    order_id: str


_CandleRow = tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal, Decimal]


class Kucoin(Connector, MarketData, BookStreaming, Candles, Account, ReportsPermissions, OrderValidation):
    """KuCoin spot. Paper trading is our own engine: the venue has no test network, only test orders."""

    id = "kucoin"
    venue = "kucoin"
    live_urls = {"rest": "https://api.kucoin.com"}
    default_pair = TradingPair("BTC", "USDT")
    rate_limit = RATE_LIMIT
    remembers = ("/api/v2/symbols",)
    credits_partners = True
    signature_header = "KC-API-SIGN"
    order_types = (OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET)
    book_depths: ClassVar[tuple[int, ...]] = BOOK_DEPTHS
    candle_intervals: ClassVar[Mapping[str, timedelta]] = {name: INTERVALS[name] for name in CANDLE_TYPES}
    max_candles: ClassVar[int] = 1500
    omits_quiet_candles: ClassVar[bool] = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._rest = Rest(self.http, "spot", credentials=self.credentials, partner=self.partner)
        self._pairs = KnownPairs(self._fetch_pairs, venue=self.venue)

    # Public.

    async def server_time(self, *, new_connection: bool = False) -> ServerTime:
        return await self._rest.server_time(weight=3, new_connection=new_connection)

    async def venue_status(self) -> VenueStatus:
        return await self._rest.venue_status(weight=3)

    async def trading_pairs(self) -> dict[TradingPair, PairRules]:
        """Every spot pair. Raises MalformedPayload where the rules of one that trades cannot be read."""
        return await self._pairs.refresh()

    async def rules_of(self, pair: TradingPair) -> PairRules:
        """One pair's rules, from the last list fetched. Raises UnknownPair, naming the nearest pairs."""
        return await self._pairs.rules_of(pair)

    async def _fetch_pairs(self) -> dict[TradingPair, PairRules]:
        listed: list[_Symbol] = await self._rest.get("/api/v2/symbols", list[_Symbol], weight=4)
        rules = {}
        for entry in listed:
            pair = TradingPair(entry.base_currency, entry.quote_currency)
            steps = (entry.price_increment, entry.base_increment, entry.base_min_size)
            try:
                refuse_unless_amounts(*steps, venue=self.venue, what=entry.symbol, above_zero=True)
                refuse_unless_amounts(entry.min_funds, venue=self.venue, what=entry.symbol)
            except MalformedPayload:
                if entry.enable_trading:
                    raise
                continue  # a pair that is not traded may have no rules yet, or no more
            rules[pair] = PairRules(
                pair=pair,
                symbol=entry.symbol,
                status="trading" if entry.enable_trading else "not trading",
                is_trading=entry.enable_trading,
                price_tick=entry.price_increment,
                size_step=entry.base_increment,
                min_size=entry.base_min_size,
                min_cost=entry.min_funds,
                price_decimals=decimals_of(entry.price_increment),
                size_decimals=decimals_of(entry.base_increment),
            )
        return rules

    async def book_snapshot(self, pair: TradingPair, *, depth: int = 100) -> BookSnapshot:
        """Over REST, 1 to 100 levels a side, with the sequence that the stream counts by too."""
        symbol = (await self.rules_of(pair)).symbol
        level2 = rest_depth(depth, REST_DEPTHS)
        path = f"/api/v1/market/orderbook/level2_{level2}"
        book: _Book = await self._rest.get(path, _Book, {"symbol": symbol}, weight=REST_DEPTHS[level2], pair=pair)
        bids, asks = (tuple(BookLevel(*level) for level in side[:depth]) for side in (book.bids, book.asks))
        refuse_unless_levels(bids + asks, pair)
        return BookSnapshot(pair, bids, asks, book.sequence, moment(book.time))

    def book_stream(self, pair: TradingPair, *, depth: int = 20) -> BookStream:
        """20 and 100 by increments, every sequence checked; 5 and 50 by the channels of that name.

        Of 100 levels at least 50 are known at any time: REST gives no more than 100 to begin with. Raises UsageError
        on a depth that KuCoin does not offer.
        """
        self._refuse_depth(depth, self.book_depths)
        return book_stream(
            self._rest,
            self._pairs,
            pair,
            depth,
            channel="/spotMarket/level2Depth",
            topic="/market/level2",
            increments=SpotIncrementFeed,
            snapshot=lambda: self.book_snapshot(pair),
        )

    async def candles(self, pair: TradingPair, interval: str, *, limit: int = 100) -> list[Candle]:
        """The latest *limit* candles, at most 1,500, oldest first.

        KuCoin leaves out those in which nothing traded, so there may be fewer. It does not say which are closed: one is
        when its interval is over by our clock, or when a newer one is there.
        """
        self._refuse_unknown(interval, self.candle_intervals)
        self._refuse_limit(limit, self.max_candles)
        symbol = (await self.rules_of(pair)).symbol

        async def read(start: datetime, end: datetime) -> list[Candle]:
            query = {
                "symbol": symbol,
                "type": CANDLE_TYPES[interval],
                "startAt": str((start - EPOCH) // timedelta(seconds=1)),
                "endAt": str((end - EPOCH) // timedelta(seconds=1)),
            }
            rows: list[_CandleRow] = await self._rest.get(
                "/api/v1/market/candles", list[_CandleRow], query, weight=3, pair=pair
            )
            refuse_unless_amounts(*(number for row in rows for number in row[1:]), venue=self.venue, what=str(pair))
            return [_candle(row) for row in reversed(rows)]

        return await latest_candles(read, self.candle_intervals[interval], limit, self.max_candles)

    # Private.

    async def balances(self) -> dict[str, Decimal]:
        """Total balances of the trade account, the only one that orders can use."""
        held: list[_Balance] = await self._rest.get_signed(
            "/api/v1/accounts", list[_Balance], {"type": "trade"}, weight=5
        )
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for entry in held:
            refuse_unless_numbers(entry.balance, venue=self.venue, what=entry.currency)
            totals[entry.currency] += entry.balance
        return dict(totals)

    async def key_permissions(self) -> KeyPermissions:
        return await self._rest.key_permissions(may_trade="Spot")

    async def private_stream_ack(self) -> None:
        """Subscribe to our own balances with a fresh token, and return once KuCoin accepted."""
        await acknowledged(await new_session(self._rest, private=True), "/account/balance")

    async def validate_order(self, order: OrderRequest) -> str:
        """A test order: checked in full by the venue, and never sent to its matching engine; the id it would have."""
        rules = await self.rules_of(order.pair)
        body: dict[str, object] = {
            "clientOid": uuid.uuid4().hex,
            "symbol": rules.symbol,
            "side": order.side.value,
            "type": "market" if order.order_type is OrderType.MARKET else "limit",
            "size": f"{order.size:f}",
        }
        if order.price is not None:
            body["price"] = f"{order.price:f}"
        if order.order_type is OrderType.LIMIT_MAKER:
            body["postOnly"] = True
        path = "/api/v1/hf/orders/test"
        accepted: _Order = await self._rest.post_signed(path, _Order, body, weight=1, pair=order.pair)
        return f"test order {accepted.order_id}"


def _candle(row: _CandleRow) -> Candle:
    opened, opening, close, high, low, volume, turnover = row
    return Candle(
        open_time=moment(opened * 1000),
        open=opening,
        high=high,
        low=low,
        close=close,
        base_volume=volume,
        quote_volume=turnover,
        trades=None,
        closed=False,
    )
