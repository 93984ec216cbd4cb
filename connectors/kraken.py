"""Kraken spot: REST, WebSocket v2 order book, signed calls.

Facts from Kraken's own specification (krakenfx/api-specs) and documentation (docs.kraken.com), read 2026-11.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar
from zlib import crc32

import msgspec

from connectors.base import Account, BookStreaming, Candles, Connector, MarketData, OrderValidation, ReportsPermissions
from connectors.book_feed import FeedEvent
from connectors.book_stream import BookStream
from connectors.candles import INTERVALS
from connectors.clock import utc_now
from connectors.conversation import conversation
from connectors.errors import (
    AuthRejected,
    ChecksumMismatch,
    ConnectorError,
    InsufficientFunds,
    InvalidKey,
    InvalidNonce,
    InvalidSignature,
    Maintenance,
    MalformedPayload,
    PermissionDenied,
    RateLimited,
    Rejected,
    Timeout,
    Unavailable,
    UnexpectedShape,
    UnknownPair,
    UsageError,
)
from connectors.http import error_of_status
from connectors.nonce import NonceFile
from connectors.order_book import OrderBook
from connectors.pairs import KnownPairs
from connectors.payloads import UNREADABLE, convert, refuse_unless_amounts
from connectors.rate_limit import RateLimit
from connectors.signing import decode_base64_secret, form_body, hmac_base64
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

    from connectors.http import HttpAnswer

CHECKSUM_LEVELS = 10
"""Of each side, at any subscribed depth [docs.kraken.com: book-checksum-v2]."""

PRIVATE_ACK_TIMEOUT_S = 10.0
NONCE_TIMEOUT_S = 20.0
"""Twice what a request may take, for whoever is ahead of us with the same key."""

ERRORS: tuple[tuple[str, type[ConnectorError]], ...] = (
    ("EAPI:Invalid key", InvalidKey),
    ("EAPI:Invalid signature", InvalidSignature),
    ("EAPI:Invalid nonce", InvalidNonce),
    ("EAPI:Rate limit exceeded", RateLimited),
    ("EGeneral:Permission denied", PermissionDenied),
    ("EGeneral:Temporary lockout", AuthRejected),
    ("EGeneral:Too many requests", RateLimited),
    ("EGeneral:Internal error", Unavailable),
    ("EService:Market in ", Maintenance),
    ("EService:Throttled", RateLimited),
    ("EService: Throttled", RateLimited),
    ("EService:", Unavailable),
    ("EQuery:Unknown asset pair", UnknownPair),
    ("EOrder:Rate limit exceeded", RateLimited),
    ("EOrder:Insufficient funds", InsufficientFunds),
    ("EAuth:", AuthRejected),
    ("EAccount:", AuthRejected),
    ("ETrade:User Locked", AuthRejected),
    ("ESession:", AuthRejected),
    ("Currency pair not supported", UnknownPair),
    ("Exceeded msg rate", RateLimited),
    ("Already subscribed", Unavailable),  # a subscription that did not end: only a new connection is clean
)
"""By prefix, the first that fits; the text may go on with details. Anything else is Rejected."""

RENAMED = {"XBT": "BTC", "XDG": "DOGE"}
"""Exactly these two differ between REST and WebSocket v2; our spelling is that of v2."""

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


def error_of(text: str, *, endpoint: str, pair: str = "") -> ConnectorError:
    """Kraken's error text as one of ours."""
    kind = next((kind for prefix, kind in ERRORS if text.startswith(prefix)), Rejected)
    error = kind(text, venue="kraken", pair=pair, endpoint=endpoint)
    until = text.rpartition(":")[2].strip()
    if isinstance(error, RateLimited) and until.isascii() and until.isdigit():  # EService:Throttled:<unix time>
        error.retry_after_s = max(0.0, int(until[:12]) - utc_now().timestamp())
    return error


def asset_name(altname: str) -> str:
    """Our spelling of an asset, keeping a suffix such as `.F`."""
    name, dot, suffix = altname.partition(".")
    return RENAMED.get(name, name) + dot + suffix


def symbol_of(pair: TradingPair) -> str:
    """The v2 symbol, which REST accepts as well."""
    return f"{pair.base}/{pair.quote}"


def sign(path: str, nonce: int, body: bytes, secret: bytes) -> str:
    """The API-Sign header [docs.kraken.com: exchange/guides/rest/authentication]."""
    digest = hashlib.sha256(str(nonce).encode("ascii") + body).digest()
    return hmac_base64(secret, path.encode("ascii") + digest, "sha512")


def moment(seconds: int) -> datetime:
    """Unix time as an aware datetime. Raises MalformedPayload for what no clock says."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise MalformedPayload(f"{seconds} is not a time", venue="kraken") from error


class _Envelope(msgspec.Struct):
    error: list[str] = []
    result: msgspec.Raw = msgspec.Raw(b"null")


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


T = TypeVar("T")

_OhlcRow = tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal, Decimal, int]
_envelope = msgspec.json.Decoder(_Envelope)


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
        self._pairs = KnownPairs(self._fetch_pairs, venue=self.venue)

    # Public.

    async def server_time(self, *, new_connection: bool = False) -> ServerTime:
        """Kraken prints whole seconds."""

        async def read() -> ServerTime:
            answer = await self.http.get("/0/public/Time", new_connection=new_connection)
            venue_time = moment(self._read(answer, _Time, "Time").unixtime)
            return ServerTime(venue_time, answer.sent_at, answer.received_at, 1000, answer.phases)

        return await self.http.retrying(read)

    async def venue_status(self) -> VenueStatus:
        """The SystemStatus endpoint."""
        answer = await self._public("SystemStatus", _SystemStatus)
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
        listed = await self._public("AssetPairs", dict[str, _AssetPair])
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
        answer = await self._public("Depth", dict[str, _Depth], {"pair": symbol_of(pair), "count": str(depth)}, pair)
        book = self._only(answer, "Depth", pair)
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
        answer = await self._public(
            "OHLC",
            dict[str, msgspec.Raw],
            {"pair": symbol_of(pair), "interval": str(CANDLE_MINUTES[interval])},
            pair,
        )
        committed = self._convert(answer.pop("last", msgspec.Raw(b"null")), int, "OHLC", pair)
        rows = self._convert(self._only(answer, "OHLC", pair), list[_OhlcRow], "OHLC", pair)[-limit:]
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
        names = await self._public("Assets", dict[str, _Asset])
        held = await self._private("Balance", dict[str, Decimal])
        balances = {}
        for asset, amount in held.items():
            base, dot, suffix = asset.partition(".")
            altname = names[base].altname if base in names else base
            balances[asset_name(altname) + dot + suffix] = amount
        return balances

    async def key_permissions(self) -> KeyPermissions:
        """What GetApiKeyInfo says, which any key may ask [docs.kraken.com: Get API Key Info]."""
        said = (await self._private("GetApiKeyInfo", _KeyInfo)).permissions
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
        answer = await self._private("AddOrder", _AddOrder, fields, pair=order.pair)
        return answer.descr.order

    async def private_stream_ack(self) -> None:
        """Subscribe to our own balances with a fresh token, and return once Kraken accepted."""
        token = (await self._private("GetWebSocketsToken", _Token)).token
        endpoint = self.urls["ws_auth"]
        async with conversation(endpoint, venue=self.venue, timeout_s=PRIVATE_ACK_TIMEOUT_S) as talk:
            await talk.send(_subscription("subscribe", {"channel": "balances", "token": token}))
            while (frame := _decode_frame(await talk.hear())).method != "subscribe":
                pass  # the venue's status comes first
        if not frame.success:
            raise error_of(frame.error or "refused without a reason", endpoint=endpoint)

    # The envelope.

    async def _public(
        self,
        name: str,
        kind: type[T],
        params: Mapping[str, str] | None = None,
        pair: TradingPair | None = None,
    ) -> T:
        async def read() -> T:
            return self._read(await self.http.get(f"/0/public/{name}", params), kind, name, pair)

        return await self.http.retrying(read)

    async def _private(
        self,
        name: str,
        kind: type[T],
        fields: Mapping[str, str] | None = None,
        *,
        pair: TradingPair | None = None,
    ) -> T:
        """Sign and send one call; its nonce is held until the answer is here, so that none overtakes it."""
        if self.credentials is None:
            raise UsageError("credentials: needed for this call", venue=self.venue, endpoint=name)
        path = f"/0/private/{name}"
        key = self.credentials.api_key.strip()
        if not (key.isascii() and key.isprintable()):
            raise InvalidKey("the key has characters that no key has: copy it anew", venue=self.venue, endpoint=name)
        secret = decode_base64_secret(self.credentials.api_secret)
        try:
            async with asyncio.timeout(NONCE_TIMEOUT_S) as waiting, NonceFile(key) as nonce:
                waiting.reschedule(None)  # the request has a deadline of its own
                body = form_body({"nonce": str(nonce), **(fields or {})}).encode("ascii")
                headers = {
                    "API-Key": key,
                    "API-Sign": sign(path, nonce, body, secret),
                    "Content-Type": "application/x-www-form-urlencoded",
                }
                answer = await self.http.post(path, body, headers)
        except TimeoutError as error:
            raise Timeout(
                f"another process held this key's nonce for {NONCE_TIMEOUT_S:g} s", venue=self.venue, endpoint=name
            ) from error
        return self._read(answer, kind, name, pair)

    def _read(self, answer: HttpAnswer, kind: type[T], endpoint: str, pair: TradingPair | None = None) -> T:
        """The result in the envelope. Failures come with HTTP 200, so `error` is looked at first."""
        spelled = str(pair) if pair else ""
        try:
            envelope = _envelope.decode(answer.body)
        except UNREADABLE as error:
            if answer.status >= 400:  # of the proxy in front of Kraken, which speaks HTML
                raise error_of_status(answer.status, {}, venue=self.venue, endpoint=endpoint) from error
            kind_said = answer.content_type.partition(";")[0] or "no content type"
            raise MalformedPayload(
                f"expected JSON, got {kind_said}: {error}", venue=self.venue, pair=spelled, endpoint=endpoint
            ) from error
        for text in envelope.error:
            if not text.startswith("W"):  # a warning comes with its result
                refusal = error_of(text, endpoint=endpoint, pair=spelled)
                if isinstance(refusal, RateLimited):
                    self.http.ease_off(refusal)
                raise refusal
        if answer.status >= 400:
            raise error_of_status(answer.status, {}, venue=self.venue, endpoint=endpoint)
        result: T = self._convert(envelope.result, kind, endpoint, pair)
        return result

    def _convert(self, raw: msgspec.Raw, kind: Any, endpoint: str, pair: TradingPair | None) -> Any:
        return convert(raw, kind, venue=self.venue, endpoint=endpoint, pair=str(pair) if pair else "")

    def _only(self, answer: Mapping[str, T], endpoint: str, pair: TradingPair) -> T:
        """The one entry: its key is spelled as the venue likes."""
        if len(answer) != 1:
            raise UnexpectedShape(
                f"expected one entry, got {len(answer)}", venue=self.venue, pair=str(pair), endpoint=endpoint
            )
        return next(iter(answer.values()))


class _Level(msgspec.Struct, gc=False):
    price: msgspec.Raw
    qty: msgspec.Raw


class _Book(msgspec.Struct, gc=False):
    """One element of a book frame's data; `system` is what a status frame has in its place."""

    symbol: str = ""
    bids: list[_Level] = []
    asks: list[_Level] = []
    checksum: int = -1
    timestamp: str = ""
    system: str = ""


class _Frame(msgspec.Struct, gc=False):
    channel: str = ""
    type: str = ""
    data: list[_Book] = []
    method: str = ""
    success: bool = False
    error: str = ""


_frame_decoder = msgspec.json.Decoder(_Frame)


def _decode_frame(message: bytes | bytearray | memoryview) -> _Frame:
    try:
        return _frame_decoder.decode(message)
    except UNREADABLE as error:
        raise MalformedPayload(f"a frame that is not the documented JSON: {error}", venue="kraken") from error


def _subscription(method: str, params: Mapping[str, object]) -> str:
    return msgspec.json.encode({"method": method, "params": params}).decode("ascii")


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
        return _subscription("subscribe", {"channel": "book", "symbol": [self._symbol], "depth": self.book.depth})

    def unsubscribe(self) -> str:
        """Ends the subscription at this depth, as Kraken allows one per symbol and connection."""
        return _subscription("unsubscribe", {"channel": "book", "symbol": [self._symbol], "depth": self.book.depth})

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
        frame = _decode_frame(message)
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

    def _receive_book(self, frame: _Frame) -> FeedEvent:
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
