"""What a connector may be able to do: one small protocol per capability, and the few facts all of them state."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self, runtime_checkable
from urllib.parse import urlsplit

from connectors.errors import UnknownInterval, UsageError, nearest
from connectors.http import HttpTransport, new_http_client

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from decimal import Decimal
    from types import TracebackType

    import httpx

    from connectors.book_stream import BookStream
    from connectors.rate_limit import RateLimit
    from connectors.types import (
        BookSnapshot,
        Candle,
        Credentials,
        FundingRate,
        KeyPermissions,
        OrderRequest,
        OrderType,
        PairRules,
        Partner,
        Position,
        PositionMode,
        ServerTime,
        TradingPair,
        VenueStatus,
    )

Source = Literal["live", "sandbox", "custom"]


@runtime_checkable
class MarketData(Protocol):
    """Public facts over REST."""

    async def server_time(self, *, new_connection: bool = False) -> ServerTime:
        """The venue's clock; over a *new_connection*, which is closed again, also what each phase of the call took."""

    async def venue_status(self) -> VenueStatus:
        """What the venue says of itself."""

    async def trading_pairs(self) -> dict[TradingPair, PairRules]:
        """Every pair that the venue lists, whether it trades now or not."""

    async def book_snapshot(self, pair: TradingPair, *, depth: int = 100) -> BookSnapshot:
        """The top *depth* levels of each side over REST, best first. Raises UnknownPair."""


@runtime_checkable
class BookStreaming(Protocol):
    """A live order book over WebSocket."""

    book_depths: ClassVar[tuple[int, ...]]

    def book_stream(self, pair: TradingPair, *, depth: int = 10) -> BookStream:
        """A stream that keeps one order book; it connects when entered. Raises UsageError on a depth not offered."""


@runtime_checkable
class Candles(Protocol):
    """OHLCV history over REST."""

    candle_intervals: ClassVar[Mapping[str, timedelta]]
    max_candles: ClassVar[int]
    omits_quiet_candles: ClassVar[bool]
    """Whether a candle in which nothing traded may be missing, so that a hole alone is no fault."""

    async def candles(self, pair: TradingPair, interval: str, *, limit: int = 100) -> list[Candle]:
        """The latest *limit* candles, oldest first, the forming one last. Raises UnknownPair, UnknownInterval."""


@runtime_checkable
class Account(Protocol):
    """Signed reads."""

    async def balances(self) -> dict[str, Decimal]:
        """Total balance by asset, in our spelling. Raises AuthRejected."""

    async def private_stream_ack(self) -> None:
        """Return once the venue accepted this key on its private WebSocket. Raises AuthRejected."""


@runtime_checkable
class ReportsPermissions(Protocol):
    """The venue tells what a key may do."""

    async def key_permissions(self) -> KeyPermissions:
        """Of the key in use. Raises AuthRejected."""


@runtime_checkable
class Perpetual(Protocol):
    """Contracts without an end: their price for margin, the rate between longs and shorts, and our positions."""

    position_modes: ClassVar[tuple[PositionMode, ...]]

    async def mark_price(self, pair: TradingPair) -> Decimal:
        """The price by which the venue values positions. Raises UnknownPair."""

    async def funding_rate(self, pair: TradingPair) -> FundingRate:
        """The rate of the present interval. Raises UnknownPair."""

    async def positions(self) -> list[Position]:
        """Every open position. Raises AuthRejected."""

    async def position_mode(self) -> PositionMode:
        """The account's mode. Raises AuthRejected."""


@runtime_checkable
class OrderValidation(Protocol):
    """The venue's own check of an order, which never reaches its matching engine."""

    async def validate_order(self, order: OrderRequest) -> str:
        """The venue's description of the order it would accept. Raises Rejected, AuthRejected."""


def is_address(url: str, *, like: str) -> bool:
    """Whether *url* names a host over the same protocol as *like*, with or without TLS."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and parts.scheme.rstrip("s") == urlsplit(like).scheme.rstrip("s")


class Connector:
    """Shared state of every venue's connector: where it talks to, with which credentials, over which client."""

    id: ClassVar[str]
    venue: ClassVar[str]
    live_urls: ClassVar[Mapping[str, str]]
    default_pair: ClassVar[TradingPair]
    rate_limit: ClassVar[RateLimit]
    order_types: ClassVar[tuple[OrderType, ...]]
    credits_partners: ClassVar[bool] = False
    signature_header: ClassVar[str] = ""
    """The header of a signed request that carries its signature in base64; empty where there is none."""
    remembers: ClassVar[tuple[str, ...]] = ()
    """Paths whose answers are kept for later calls: a capture has them even where another check had asked."""

    def __init__(
        self,
        *,
        urls: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
        partner: Partner | None = None,
        http: httpx.AsyncClient | None = None,
        attempts: int = 1,
    ) -> None:
        """*urls* override the venue's own by role; *http* is shared and stays open, or else is ours and is closed.

        *partner* is credited with a share of the fees, where the venue has such a programme; nobody by default.
        *attempts* bounds how often a transient failure of a public read is tried; a check wants to see each failure.
        """
        unknown = sorted(set(urls or {}) - set(self.live_urls))
        if unknown:
            raise UsageError(f"no URL role {unknown[0]!r}: {nearest(unknown[0], self.live_urls)}", venue=self.venue)
        for role, url in (urls or {}).items():
            if not is_address(url, like=self.live_urls[role]):
                raise UsageError(f"{role}: {url!r} is not an address like {self.live_urls[role]}", venue=self.venue)
        if partner is not None and not self.credits_partners:
            raise UsageError(f"partner: {self.venue} credits no partners through its API", venue=self.venue)
        self.urls = {**self.live_urls, **(urls or {})}
        self.credentials = credentials
        self.partner = partner
        self._owns_client = http is None
        self._client = http if http is not None else new_http_client()
        self.http = HttpTransport(
            self.urls["rest"],
            venue=self.venue,
            client=self._client,
            rate_limit=self.rate_limit,
            attempts=attempts,
        )

    @property
    def source(self) -> Source:
        """Where the answers come from: the venue itself, a sandbox on this machine, or somewhere else."""
        if self.urls == dict(self.live_urls):
            return "live"
        hosts = {urlsplit(url).hostname for url in self.urls.values()}
        return "sandbox" if hosts <= {"127.0.0.1", "::1", "localhost"} else "custom"

    async def aclose(self) -> None:
        if self._owns_client:
            await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def _refuse_unknown(self, interval: str, offered: Mapping[str, timedelta]) -> None:
        if interval not in offered:
            raise UnknownInterval(f"no candles of {interval!r}: {nearest(interval, offered)}", venue=self.venue)

    def _refuse_limit(self, limit: int, most: int) -> None:
        if not 1 <= limit <= most:
            raise UsageError(f"limit {limit}: 1 to {most} candles can be had", venue=self.venue)

    def _refuse_depth(self, depth: int, offered: Sequence[int]) -> None:
        if depth not in offered:
            choices = ", ".join(map(str, offered))
            raise UsageError(f"no book of depth {depth}: choose from {choices}", venue=self.venue)
