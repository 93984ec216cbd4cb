"""The words that every connector speaks: pairs, rules, levels, candles, orders. Prices are exact, times are UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from connectors.errors import UnknownPair


@dataclass(frozen=True, slots=True, order=True)
class TradingPair:
    """Base and quote asset, spelled `BTC-USD` everywhere outside a venue's own module."""

    base: str
    quote: str

    def __str__(self) -> str:
        return f"{self.base}-{self.quote}"

    @classmethod
    def parse(cls, text: str) -> TradingPair:
        """The pair written as BASE-QUOTE, in either case. Raises UnknownPair for anything else."""
        base, separator, quote = text.strip().upper().partition("-")
        if not separator or not base or not quote or "-" in quote:
            raise UnknownPair(f"{text!r} is not a trading pair: write BASE-QUOTE, like BTC-USD")
        return cls(base, quote)


@dataclass(frozen=True, slots=True)
class Contract:
    """What one contract of a perpetual stands for, and what holding it takes.

    `multiplier` is the base that one contract stands for; of an inverse one, whose profit is paid in base, the quote.
    The margins are fractions of the position's value.
    """

    multiplier: Decimal
    settle_asset: str
    max_leverage: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    is_inverse: bool = False


@dataclass(frozen=True, slots=True)
class PairRules:
    """What the venue accepts for one pair. Price steps are in quote.

    Sizes are in base, or in whole contracts where there is a `contract`; so are those of its order book and orders.
    """

    pair: TradingPair
    symbol: str
    status: str
    is_trading: bool
    price_tick: Decimal
    size_step: Decimal
    min_size: Decimal
    min_cost: Decimal | None
    price_decimals: int
    size_decimals: int
    contract: Contract | None = None


@dataclass(frozen=True, slots=True)
class Phases:
    """What a request on a connection of its own took, phase by phase, in ms; `tls_ms` is None without TLS."""

    dns_ms: float
    connect_ms: float
    tls_ms: float | None
    first_byte_ms: float


@dataclass(frozen=True, slots=True)
class ServerTime:
    """The venue's clock against ours; `resolution_ms` is the step in which the venue prints it.

    `phases` is None where a connection that was open already served the call.
    """

    venue_time: datetime
    sent_at: datetime
    received_at: datetime
    resolution_ms: int
    phases: Phases | None = None

    @property
    def round_trip_ms(self) -> float:
        return (self.received_at - self.sent_at) / timedelta(milliseconds=1)

    @property
    def offset_ms(self) -> float:
        """Venue minus local clock at the midpoint of the call; exact to half the round trip and the resolution."""
        midpoint = self.sent_at + (self.received_at - self.sent_at) / 2
        middle_of_tick = self.venue_time + timedelta(milliseconds=self.resolution_ms) / 2
        return (middle_of_tick - midpoint) / timedelta(milliseconds=1)


class VenueMode(StrEnum):
    """What the venue says of itself."""

    ONLINE = "online"
    MAINTENANCE = "maintenance"
    CANCEL_ONLY = "cancel_only"
    POST_ONLY = "post_only"
    LIMIT_ONLY = "limit_only"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class VenueStatus:
    """The venue's own status feed; `said` keeps its word where `mode` is unknown."""

    mode: VenueMode
    said: str
    venue_time: datetime | None


class BookLevel(NamedTuple):
    """Price in quote; size in base, or in contracts on a perpetual."""

    price: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """Both sides of an order book, best first. `sequence` is None where the venue numbers nothing."""

    pair: TradingPair
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]
    sequence: int | None = None
    venue_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candle:
    """One OHLCV bar; `closed` is False for the one still forming. `trades` is None where the venue counts none."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    base_volume: Decimal
    quote_volume: Decimal | None
    trades: int | None
    closed: bool


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """The bot's own names, as its pages list them."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"


class PositionMode(StrEnum):
    """One position per pair, or a long and a short one side by side."""

    ONE_WAY = "one_way"
    HEDGE = "hedge"


class PositionSide(StrEnum):
    """Which position an order is for; BOTH is the only one in one-way mode."""

    BOTH = "both"
    LONG = "long"
    SHORT = "short"


class MarginMode(StrEnum):
    ISOLATED = "isolated"
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class Position:
    """An open position; `contracts` is negative for a short one. Profit is in the settlement asset."""

    pair: TradingPair
    side: PositionSide
    contracts: Decimal
    entry_price: Decimal
    mark_price: Decimal
    leverage: Decimal
    margin_mode: MarginMode
    unrealised_profit: Decimal
    realised_profit: Decimal


@dataclass(frozen=True, slots=True)
class FundingRate:
    """The share of a position's value that longs pay to shorts (a negative one: shorts to longs) at `next_at`."""

    pair: TradingPair
    rate: Decimal
    interval: timedelta
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyPermissions:
    """What a key may do, as the venue reports it; `said` keeps the venue's own words, in its order."""

    may_trade: bool
    may_withdraw: bool
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order to place; `price` is None for MARKET and only there.

    The last three concern perpetuals alone: `reduces_only` never opens or turns a position.
    """

    pair: TradingPair
    side: Side
    order_type: OrderType
    size: Decimal
    price: Decimal | None = None
    position_side: PositionSide = PositionSide.BOTH
    leverage: Decimal = Decimal(1)
    reduces_only: bool = False

    def __post_init__(self) -> None:
        if (self.price is None) != (self.order_type is OrderType.MARKET):
            raise ValueError("price: required for LIMIT and LIMIT_MAKER, not allowed for MARKET")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs a private request. Never printed, logged or compared in plain text."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Partner:
    """Whom a venue credits with a share of the fees; `key` signs, so it is as secret as an API secret."""

    id: str
    name: str
    key: str = field(repr=False)
