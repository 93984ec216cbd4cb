"""Kraken spot.

Facts from Kraken's own specification (krakenfx/api-specs) and documentation (docs.kraken.com), read 2026-11.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from connectors.base import Account, BookStreaming, Candles, Connector, MarketData, OrderValidation, ReportsPermissions
from connectors.book_stream import BookStream
from connectors.candles import INTERVALS
from connectors.kraken.books import KrakenBookFeed
from connectors.kraken.names import asset_name, symbol_of
from connectors.kraken.rest import Rest, moment, only_entry
from connectors.kraken.socket import acknowledged
from connectors.pairs import KnownPairs
from connectors.payloads import convert, refuse_unless_amounts
from connectors.rate_limit import RateLimit
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
    VenueMode,
    VenueStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CANDLE_MINUTES = {
    "1m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "4h": 240,
    "1d": 1440,
    "1w": 10080,
    "15d": 21600,
}


class _Time(msgspec.Struct):
    unixtime: int


class _SystemStatus(msgspec.Struct):
    status: str
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)]


Decimals = Annotated[int, msgspec.Meta(ge=0, le=18)]


class _AssetPair(msgspec.Struct, kw_only=True):
    wsname: str = ""
    pair_decimals: Decimals
    lot_decimals: Decimals
    status: str
    ordermin: Decimal
    tick_size: Decimal
    costmin: Decimal | None = None


class _Asset(msgspec.Struct):
    altname: str


class _Depth(msgspec.Struct):
    asks: list[tuple[Decimal, Decimal, int]]
    bids: list[tuple[Decimal, Decimal, int]]


class _Description(msgspec.Struct):
    order: str


class _AddOrder(msgspec.Struct):
    descr: _Description


class _Token(msgspec.Struct):
    token: str


class _KeyInfo(msgspec.Struct):
    """The answer has the key itself as well, which is not read."""

    permissions: list[str]


_OhlcRow = tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal, Decimal, int]


class Kraken(Connector, MarketData, BookStreaming, Candles, Account, ReportsPermissions, OrderValidation):
    """Kraken spot. Paper trading is our own engine: the venue has no test network, only `validate`."""

    id = "kraken"
    venue = "kraken"
    live_urls = {
        "rest": "https://api.kraken.com",
        "ws": "wss://ws.kraken.com/v2",
        "ws_auth": "wss://ws-auth.kraken.com/v2",
    }
    default_pair = TradingPair("BTC", "USD")
    # About one public call a second and address, with some burst; the exact number is unpublished.
    rate_limit = RateLimit(capacity=15, refill_per_s=1)
    signature_header = "API-Sign"
    remembers = ("/0/public/AssetPairs",)
    order_types = (OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET)
    book_depths: ClassVar[tuple[int, ...]] = (10, 25, 100, 500, 1000)
    candle_intervals: ClassVar[Mapping[str, timedelta]] = {name: INTERVALS[name] for name in CANDLE_MINUTES}
    max_candles: ClassVar[int] = 720
    omits_quiet_candles: ClassVar[bool] = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._rest = Rest(self.http, credentials=self.credentials)
        self._pairs = KnownPairs(self._fetch_pairs, venue=self.venue)

    # Public.

    async def server_time(self, *, new_connection: bool = False) -> ServerTime:
        """Kraken prints whole seconds."""

        async def read() -> ServerTime:
            answer = await self.http.get("/0/public/Time", new_connection=new_connection)
            venue_time = moment(self._rest.read(answer, _Time, "Time").unixtime)
            return ServerTime(venue_time, answer.sent_at, answer.received_at, 1000, answer.phases)

        return await self.http.retrying(read)

    async def venue_status(self) -> VenueStatus:
        """The SystemStatus endpoint."""
        answer = await self._rest.get("SystemStatus", _SystemStatus)
        try:
            mode = VenueMode(answer.status)
        except ValueError:
            mode = VenueMode.UNKNOWN
        return VenueStatus(mode, answer.status, answer.timestamp)

    async def trading_pairs(self) -> dict[TradingPair, PairRules]:
        """Every spot pair. Raises MalformedPayload where a pair's rules cannot be read."""
        return await self._pairs.refresh()

    async def rules_of(self, pair: TradingPair) -> PairRules:
        """One pair's rules, from the last list fetched. Raises UnknownPair, naming the nearest pairs."""
        return await self._pairs.rules_of(pair)

    async def _fetch_pairs(self) -> dict[TradingPair, PairRules]:
        listed = await self._rest.get("AssetPairs", dict[str, _AssetPair])
        rules = {}
        for entry in listed.values():
            base, _, quote = entry.wsname.partition("/")
            if not (base and quote):
                continue  # no WebSocket name, as dark pools have none: nothing here can follow it
            pair = TradingPair(asset_name(base), asset_name(quote))
            refuse_unless_amounts(entry.tick_size, entry.ordermin, venue=self.venue, what=str(pair), above_zero=True)
            refuse_unless_amounts(entry.costmin, venue=self.venue, what=str(pair))
            rules[pair] = PairRules(
                pair=pair,
                symbol=symbol_of(pair),
                status=entry.status,
                is_trading=entry.status == "online",
                price_tick=entry.tick_size,
                size_step=Decimal(1).scaleb(-entry.lot_decimals),
                min_size=entry.ordermin,
                min_cost=entry.costmin,
                price_decimals=entry.pair_decimals,
                size_decimals=entry.lot_decimals,
            )
        return rules

    async def book_snapshot(self, pair: TradingPair, *, depth: int = 100) -> BookSnapshot:
        """Over REST, 1 to 500 levels a side. Cached by the venue: it need not equal the stream at an instant."""
        answer = await self._rest.get("Depth", dict[str, _Depth], {"pair": symbol_of(pair), "count": str(depth)}, pair)
        book = only_entry(answer, "Depth", pair)
        amounts = (amount for price, size, _ in book.bids + book.asks for amount in (price, size))
        refuse_unless_amounts(*amounts, venue=self.venue, what=str(pair))
        return BookSnapshot(
            pair,
            tuple(BookLevel(price, size) for price, size, _ in book.bids),
            tuple(BookLevel(price, size) for price, size, _ in book.asks),
        )

    async def candles(self, pair: TradingPair, interval: str, *, limit: int = 100) -> list[Candle]:
        """The latest *limit* candles, at most 720, oldest first; the last one is still forming.

        A minute without a trade is a candle of volume zero, so a missing open time is a real gap.
        """
        self._refuse_unknown(interval, self.candle_intervals)
        self._refuse_limit(limit, self.max_candles)
        answer = await self._rest.get(
            "OHLC",
            dict[str, msgspec.Raw],
            {"pair": symbol_of(pair), "interval": str(CANDLE_MINUTES[interval])},
            pair,
        )
        asked = {"venue": self.venue, "endpoint": "OHLC", "pair": str(pair)}
        committed: int = convert(answer.pop("last", msgspec.Raw(b"null")), int, **asked)
        rows: list[_OhlcRow] = convert(only_entry(answer, "OHLC", pair), list[_OhlcRow], **asked)[-limit:]
        refuse_unless_amounts(*(number for row in rows for number in row[1:7]), venue=self.venue, what=str(pair))
        return [
            Candle(
                open_time=moment(opened),
                open=opening,
                high=high,
                low=low,
                close=close,
                base_volume=volume,
                quote_volume=None,
                trades=trades,
                closed=opened <= committed,
            )
            for opened, opening, high, low, close, _vwap, volume, trades in rows
        ]

    def book_stream(self, pair: TradingPair, *, depth: int = 10) -> BookStream:
        """WebSocket v2, every checksum verified. Raises UsageError on a depth that Kraken does not offer."""
        self._refuse_depth(depth, self.book_depths)

        async def new_feed() -> KrakenBookFeed:
            rules = await self.rules_of(pair)
            return KrakenBookFeed(self.urls["ws"], rules, depth)

        return BookStream(new_feed, venue=self.venue, pair=pair)

    # Private.

    async def balances(self) -> dict[str, Decimal]:
        """Total balances; a suffix such as `.F` (earning) is kept, since such funds cannot be spent as they are."""
        names = await self._rest.get("Assets", dict[str, _Asset])
        held = await self._rest.post_signed("Balance", dict[str, Decimal])
        balances = {}
        for asset, amount in held.items():
            base, dot, suffix = asset.partition(".")
            altname = names[base].altname if base in names else base
            balances[asset_name(altname) + dot + suffix] = amount
        return balances

    async def key_permissions(self) -> KeyPermissions:
        """What GetApiKeyInfo says, which any key may ask [docs.kraken.com: Get API Key Info]."""
        said = (await self._rest.post_signed("GetApiKeyInfo", _KeyInfo)).permissions
        return KeyPermissions("modify-trades" in said, "withdraw-funds" in said, tuple(said))

    async def validate_order(self, order: OrderRequest) -> str:
        """AddOrder with `validate`: checked in full by the venue, and never sent to its matching engine."""
        fields = {
            "ordertype": "market" if order.order_type is OrderType.MARKET else "limit",
            "type": order.side.value,
            "volume": f"{order.size:f}",
            "pair": symbol_of(order.pair),
            "validate": "true",
        }
        if order.price is not None:
            fields["price"] = f"{order.price:f}"
        if order.order_type is OrderType.LIMIT_MAKER:
            fields["oflags"] = "post"
        answer = await self._rest.post_signed("AddOrder", _AddOrder, fields, pair=order.pair)
        return answer.descr.order

    async def private_stream_ack(self) -> None:
        """Subscribe to our own balances with a fresh token, and return once Kraken accepted."""
        token = (await self._rest.post_signed("GetWebSocketsToken", _Token)).token
        await acknowledged(self.urls["ws_auth"], "balances", token)
