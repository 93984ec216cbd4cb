"""KuCoin futures, the classic API: the contracts without an end among them.

Facts from KuCoin's manual and its own specification (Kucoin/kucoin-universal-sdk), read 2026-11. There is no test
network: what used to be one is gone, and test orders stand in for it.
"""

from __future__ import annotations

import uuid
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
    Perpetual,
    ReportsPermissions,
)
from connectors.candles import EPOCH, INTERVALS, roll_up
from connectors.clock import utc_now
from connectors.errors import MalformedPayload, UsageError
from connectors.http import HttpTransport
from connectors.kucoin.books import PerpetualIncrementFeed
from connectors.kucoin.contracts import (
    OPEN,
    PERPETUAL,
    Accepted,
    Book,
    CandleRow,
    ContractEntry,
    Kind,
    Mode,
    Overview,
    PositionEntry,
    Prices,
    asset_name,
    candle_of_row,
    position_of_entry,
    rules_of_contract,
)
from connectors.kucoin.parts import (
    BOOK_DEPTHS,
    RATE_LIMIT,
    book_stream,
    latest_candles,
    refuse_unless_levels,
    rest_depth,
)
from connectors.kucoin.rest import Rest, duration, moment
from connectors.kucoin.socket import acknowledged, new_session
from connectors.pairs import KnownPairs
from connectors.payloads import convert, refuse_unless_amounts, refuse_unless_numbers
from connectors.types import (
    BookLevel,
    BookSnapshot,
    Candle,
    FundingRate,
    KeyPermissions,
    OrderRequest,
    OrderType,
    PairRules,
    Position,
    PositionMode,
    PositionSide,
    ServerTime,
    TradingPair,
    VenueStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.book_stream import BookStream

GRANULARITIES = {
    "1m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "8h": 480,
    "12h": 720,
    "1d": 1440,
    "1w": 10080,
}
ROLLED_UP = {"3m": "1m", "6h": "2h"}
"""What the venue has no candles of, and from which it is put together."""

CANDLES_A_REQUEST = 500
REST_DEPTHS = (20, 100)
WALLETS = ("USDT", "USDC", "XBT")
"""Those settlement currencies whose wallet is looked into, where a listed contract settles in them."""


class KucoinPerpetual(
    Connector, MarketData, BookStreaming, Candles, Account, ReportsPermissions, Perpetual, OrderValidation
):
    """KuCoin's perpetual contracts; sizes are whole contracts."""

    id = "kucoin_perpetual"
    venue = "kucoin"
    live_urls = {"rest": "https://api-futures.kucoin.com", "rest_keys": "https://api.kucoin.com"}
    default_pair = TradingPair("BTC", "USDT")
    rate_limit = RATE_LIMIT
    remembers = ("/api/v1/contracts/active",)
    credits_partners = True
    signature_header = "KC-API-SIGN"
    order_types = (OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET)
    position_modes: ClassVar[tuple[PositionMode, ...]] = (PositionMode.ONE_WAY, PositionMode.HEDGE)
    book_depths: ClassVar[tuple[int, ...]] = BOOK_DEPTHS
    candle_intervals: ClassVar[Mapping[str, timedelta]] = {
        name: INTERVALS[name] for name in sorted({*GRANULARITIES, *ROLLED_UP}, key=INTERVALS.__getitem__)
    }
    max_candles: ClassVar[int] = CANDLES_A_REQUEST
    omits_quiet_candles: ClassVar[bool] = True  # as spot does, though no source says so of futures

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._rest = Rest(self.http, "futures", credentials=self.credentials, partner=self.partner)
        keys_http = HttpTransport(
            self.urls["rest_keys"], venue=self.venue, client=self._client, rate_limit=self.rate_limit
        )
        self._keys = Rest(keys_http, "spot", credentials=self.credentials, partner=self.partner)
        self._pairs = KnownPairs(self._fetch_pairs, venue=self.venue)

    # Public.

    async def server_time(self, *, new_connection: bool = False) -> ServerTime:
        return await self._rest.server_time(weight=2, new_connection=new_connection)

    async def venue_status(self) -> VenueStatus:
        return await self._rest.venue_status(weight=4)

    async def trading_pairs(self) -> dict[TradingPair, PairRules]:
        """Every perpetual contract, `BTC-USD` being the inverse one. Raises MalformedPayload on unreadable rules."""
        return await self._pairs.refresh()

    async def rules_of(self, pair: TradingPair) -> PairRules:
        """One pair's rules, from the last list fetched. Raises UnknownPair, naming the nearest pairs."""
        return await self._pairs.rules_of(pair)

    async def _fetch_pairs(self) -> dict[TradingPair, PairRules]:
        path = "/api/v1/contracts/active"
        listed: list[msgspec.Raw] = await self._rest.get(path, list[msgspec.Raw], weight=3)
        rules = {}
        for raw in listed:
            if convert(raw, Kind, venue=self.venue, endpoint=path).type != PERPETUAL:
                continue  # a dated contract, which may lack what a perpetual has
            entry: ContractEntry = convert(raw, ContractEntry, venue=self.venue, endpoint=path)
            pair = TradingPair(asset_name(entry.base_currency), asset_name(entry.quote_currency))
            try:
                rules[pair] = rules_of_contract(entry, pair)
            except MalformedPayload:
                if entry.status == OPEN:
                    raise  # one that is not traded may have no rules yet, or no more
        return rules

    async def book_snapshot(self, pair: TradingPair, *, depth: int = 100) -> BookSnapshot:
        """Over REST, 1 to 100 levels a side, with the sequence that the stream counts by too."""
        symbol = (await self.rules_of(pair)).symbol
        path = f"/api/v1/level2/depth{rest_depth(depth, REST_DEPTHS)}"
        book: Book = await self._rest.get(path, Book, {"symbol": symbol}, weight=5, pair=pair)
        bids, asks = (tuple(BookLevel(*level) for level in side[:depth]) for side in (book.bids, book.asks))
        refuse_unless_levels(bids + asks, pair)
        return BookSnapshot(pair, bids, asks, book.sequence, moment(book.ts / 1_000_000))

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
            channel="/contractMarket/level2Depth",
            topic="/contractMarket/level2",
            increments=PerpetualIncrementFeed,
            snapshot=lambda: self.book_snapshot(pair),
        )

    async def candles(self, pair: TradingPair, interval: str, *, limit: int = 100) -> list[Candle]:
        """The latest *limit* candles, at most 500, oldest first; 3m and 6h are put together from 1m and 2h.

        Candles in which nothing traded may be missing. KuCoin does not say which are closed: one is when its interval
        is over by our clock, or when a newer one is there.
        """
        self._refuse_unknown(interval, self.candle_intervals)
        self._refuse_limit(limit, self.max_candles)
        rules = await self.rules_of(pair)
        length = self.candle_intervals[interval]
        if interval not in ROLLED_UP:
            return await self._candles(rules, interval, limit)
        part = self.candle_intervals[ROLLED_UP[interval]]
        # Whole buckets before the newest one, and of that as much as there is.
        begun = ((utc_now() - EPOCH) % length) // part + 1
        parts = await self._candles(rules, ROLLED_UP[interval], (limit - 1) * (length // part) + begun)
        return roll_up(parts, part, length)[-limit:]

    async def _candles(self, rules: PairRules, interval: str, limit: int) -> list[Candle]:
        async def read(start: datetime, end: datetime) -> list[Candle]:
            query = {
                "symbol": rules.symbol,
                "granularity": str(GRANULARITIES[interval]),
                "from": str((start - EPOCH) // timedelta(milliseconds=1)),
                "to": str((end - EPOCH) // timedelta(milliseconds=1)),
            }
            rows: list[CandleRow] = await self._rest.get(
                "/api/v1/kline/query", list[CandleRow], query, weight=3, pair=rules.pair
            )
            refuse_unless_amounts(
                *(number for row in rows for number in row[1:]), venue=self.venue, what=str(rules.pair)
            )
            return [candle_of_row(row, rules) for row in rows]

        return await latest_candles(read, self.candle_intervals[interval], limit, CANDLES_A_REQUEST)

    async def mark_price(self, pair: TradingPair) -> Decimal:
        prices = await self._prices(pair)
        refuse_unless_amounts(prices.mark_price, venue=self.venue, what=str(pair), above_zero=True)
        return prices.mark_price

    async def funding_rate(self, pair: TradingPair) -> FundingRate:
        """`next_at` is when KuCoin's countdown ends by our clock."""
        prices = await self._prices(pair)
        left_ms = prices.next_funding_rate_time
        return FundingRate(
            pair,
            prices.funding_fee_rate,
            duration(prices.funding_rate_granularity),
            None if left_ms is None else moment((utc_now() - EPOCH) / timedelta(milliseconds=1) + left_ms),
        )

    async def _prices(self, pair: TradingPair) -> Prices:
        path = f"/api/v1/contracts/{(await self.rules_of(pair)).symbol}"
        prices: Prices = await self._rest.get(path, Prices, weight=3, pair=pair)
        refuse_unless_numbers(prices.funding_fee_rate, venue=self.venue, what=str(pair))
        return prices

    # Private.

    async def balances(self) -> dict[str, Decimal]:
        """The equity of each wallet that a listed contract settles in; unrealised profit is part of it."""
        settled = {rules.contract.settle_asset for rules in (await self._pairs.all()).values() if rules.contract}
        totals = {}
        for wallet in WALLETS:
            if asset_name(wallet) in settled:
                query = {"currency": wallet}
                overview: Overview = await self._rest.get_signed("/api/v1/account-overview", Overview, query, weight=5)
                refuse_unless_numbers(overview.account_equity, venue=self.venue, what=wallet)
                totals[asset_name(wallet)] = overview.account_equity
        return totals

    async def positions(self) -> list[Position]:
        """Every open position in a perpetual contract."""
        by_symbol = {rules.symbol: pair for pair, rules in (await self._pairs.all()).items()}
        held: list[PositionEntry] = await self._rest.get_signed("/api/v1/positions", list[PositionEntry], weight=2)
        return [
            position_of_entry(entry, by_symbol[entry.symbol])
            for entry in held
            if entry.current_qty and entry.symbol in by_symbol
        ]

    async def position_mode(self) -> PositionMode:
        path = "/api/v2/position/getPositionMode"
        said: Mode = await self._rest.get_signed(path, Mode, weight=2)
        if said.position_mode not in (0, 1):
            raise MalformedPayload(f"position mode {said.position_mode}", venue=self.venue, endpoint=path)
        return PositionMode.HEDGE if said.position_mode else PositionMode.ONE_WAY

    async def key_permissions(self) -> KeyPermissions:
        return await self._keys.key_permissions(may_trade="Futures")

    async def private_stream_ack(self) -> None:
        """Subscribe to our own wallet with a fresh token, and return once KuCoin accepted."""
        await acknowledged(await new_session(self._rest, private=True), "/contractAccount/wallet")

    async def validate_order(self, order: OrderRequest) -> str:
        """A test order: checked in full by the venue, and never sent to its matching engine; the id it would have."""
        rules = await self.rules_of(order.pair)
        if order.size != order.size.to_integral_value():
            raise UsageError(f"size {order.size}: whole contracts only", venue=self.venue, pair=str(order.pair))
        body: dict[str, object] = {
            "clientOid": uuid.uuid4().hex,
            "symbol": rules.symbol,
            "side": order.side.value,
            "type": "market" if order.order_type is OrderType.MARKET else "limit",
            "size": int(order.size),
            "leverage": f"{order.leverage:f}",
            "marginMode": "ISOLATED",
        }
        if order.price is not None:
            body["price"] = f"{order.price:f}"
        if order.order_type is OrderType.LIMIT_MAKER:
            body["postOnly"] = True
        if order.position_side is not PositionSide.BOTH:
            body["positionSide"] = order.position_side.value.upper()
        if order.reduces_only:
            body["reduceOnly"] = True
        path = "/api/v1/orders/test"
        accepted: Accepted = await self._rest.post_signed(path, Accepted, body, weight=2, pair=order.pair)
        return f"test order {accepted.order_id}"
