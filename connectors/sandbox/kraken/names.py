"""Kraken's names and rules: which pairs and assets the sandbox lists, under each of Kraken's spellings.

The entries of XXBT, ZUSD, XXBTZUSD, XDGUSD and ACAEUR are Kraken's own of September 2026 (tests/payloads/kraken/
rest_catalog_2026.json), XBTUSDT's of November 2025; the others have the same shape with values made up here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.sandbox.decimals import published_rule
from connectors.sandbox.market import PairSpec
from connectors.types import TradingPair

if TYPE_CHECKING:
    from connectors.sandbox.faults import Faults


@dataclass(frozen=True, slots=True)
class KrakenAsset:
    """`code` is our spelling and v2's; `id` and `altname` are REST's."""

    code: str
    id: str
    altname: str
    decimals: int
    display_decimals: int
    collateral_value: float
    margin_rate: str | None

    def rest_entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "aclass": "currency",
            "altname": self.altname,
            "decimals": self.decimals,
            "display_decimals": self.display_decimals,
            "collateral_value": self.collateral_value,
            "status": "enabled",
        }
        if self.margin_rate is not None:
            entry["margin_rate"] = self.margin_rate
        return entry


ASSETS = {
    asset.code: asset
    for asset in (
        KrakenAsset("BTC", "XXBT", "XBT", 10, 5, 0.99, "0.01"),
        KrakenAsset("ETH", "XETH", "ETH", 10, 5, 0.99, "0.02"),
        KrakenAsset("SOL", "SOL", "SOL", 10, 5, 0.95, "0.02"),
        KrakenAsset("DOGE", "XXDG", "XDG", 8, 2, 0.9, "0.02"),
        KrakenAsset("ACA", "ACA", "ACA", 10, 5, 0.0, None),
        KrakenAsset("USD", "ZUSD", "USD", 4, 2, 1.0, "0.036"),
        KrakenAsset("USDT", "USDT", "USDT", 8, 4, 0.99, "0.02"),
        KrakenAsset("EUR", "ZEUR", "EUR", 4, 2, 0.99, "0.036"),
    )
}


@dataclass(frozen=True, slots=True)
class KrakenPair:
    """One pair's rules. `position_limits` is empty where Kraken states none."""

    spec: PairSpec
    id: str
    altname: str
    cost_decimals: int
    ordermin: str
    costmin: str
    tick_size: str
    status: str = "online"
    leverage: tuple[int, ...] = ()
    position_limits: tuple[int, ...] = ()

    @property
    def pair(self) -> TradingPair:
        return self.spec.pair

    @property
    def base(self) -> KrakenAsset:
        return ASSETS[self.pair.base]

    @property
    def quote(self) -> KrakenAsset:
        return ASSETS[self.pair.quote]

    @property
    def symbol(self) -> str:
        """The WebSocket v2 spelling, `BTC/USD`."""
        return f"{self.pair.base}/{self.pair.quote}"

    @property
    def wsname(self) -> str:
        """The WebSocket v1 spelling, `XBT/USD`."""
        return f"{self.base.altname}/{self.quote.altname}"

    def rest_entry(self, faults: Faults) -> dict[str, Any]:
        """As AssetPairs prints it; a lot is the number of its decimals there, which no factor changes."""
        entry: dict[str, Any] = {
            "altname": self.altname,
            "wsname": self.wsname,
            "aclass_base": "currency",
            "base": self.base.id,
            "aclass_quote": "currency",
            "quote": self.quote.id,
            "lot": "unit",
            "cost_decimals": self.cost_decimals,
            "pair_decimals": self.spec.price_decimals,
            "lot_decimals": self.spec.size_decimals,
            "lot_multiplier": 1,
            "leverage_buy": list(self.leverage),
            "leverage_sell": list(self.leverage),
            "fees": [],
            "fees_maker": [],
            "fee_volume_currency": "ZUSD",
            "margin_call": 80,
            "margin_stop": 40,
            "ordermin": published_rule(self.ordermin, faults),
            "costmin": published_rule(self.costmin, faults),
            "tick_size": published_rule(self.tick_size, faults),
            "status": self.status,
            "execution_venue": "international",
        }
        if self.position_limits:
            entry["long_position_limit"], entry["short_position_limit"] = self.position_limits
        return entry


def _spec(pair: str, decimals: int, price: int, size: int, pace: float, levels: int, **more: Any) -> PairSpec:
    return PairSpec(TradingPair.parse(pair), decimals, 8, price, size, pace, levels, **more)


_TO_10X = tuple(range(2, 11))

PAIRS = {
    entry.pair: entry
    for entry in (
        KrakenPair(
            _spec("BTC-USD", 1, 837_442, 25_000_000, 1.0, 1100),
            id="XXBTZUSD",
            altname="XBTUSD",
            cost_decimals=5,
            ordermin="0.00005",
            costmin="0.5",
            tick_size="0.1",
            leverage=_TO_10X,
            position_limits=(350, 250),
        ),
        KrakenPair(
            _spec("ETH-USD", 2, 261_735, 400_000_000, 0.6, 600, spacing=5),
            id="XETHZUSD",
            altname="ETHUSD",
            cost_decimals=5,
            ordermin="0.001",
            costmin="0.5",
            tick_size="0.01",
            leverage=_TO_10X,
            position_limits=(5000, 4000),
        ),
        KrakenPair(
            _spec("BTC-USDT", 1, 837_610, 8_000_000, 0.3, 300, spacing=8),
            id="XBTUSDT",
            altname="XBTUSDT",
            cost_decimals=5,
            ordermin="0.00005",
            costmin="0.5",
            tick_size="0.1",
            leverage=_TO_10X,
            position_limits=(80, 80),
        ),
        KrakenPair(
            _spec("SOL-USD", 2, 14_218, 3_000_000_000, 0.4, 300),
            id="SOLUSD",
            altname="SOLUSD",
            cost_decimals=5,
            ordermin="0.02",
            costmin="0.5",
            tick_size="0.01",
            leverage=_TO_10X,
            position_limits=(50_000, 40_000),
        ),
        KrakenPair(
            _spec("DOGE-USD", 7, 1_623_417, 250_000_000_000, 0.2, 200, spacing=40, quiet=0.1),
            id="XDGUSD",
            altname="XDGUSD",
            cost_decimals=9,
            ordermin="50",
            costmin="0.5",
            tick_size="0.0000001",
            leverage=_TO_10X,
            position_limits=(30_000_000, 30_000_000),
        ),
        KrakenPair(
            _spec("ETH-BTC", 5, 3_125, 150_000_000, 0.1, 100, spacing=1, quiet=0.3),
            id="XETHXXBT",
            altname="ETHXBT",
            cost_decimals=10,
            ordermin="0.001",
            costmin="0.00002",
            tick_size="0.00001",
            leverage=(2, 3, 4, 5),
            position_limits=(1000, 800),
        ),
        KrakenPair(
            _spec("ACA-EUR", 5, 2_817, 1_000_000_000_000, 0.0, 8, quiet=0.9),
            id="ACAEUR",
            altname="ACAEUR",
            cost_decimals=5,
            ordermin="12000",
            costmin="0.45",
            tick_size="0.00001",
            status="cancel_only",
        ),
    )
}

BY_SYMBOL = {entry.symbol: entry for entry in PAIRS.values()}
_BY_REST_NAME = {
    **BY_SYMBOL,
    **{name: entry for entry in PAIRS.values() for name in (entry.id, entry.altname)},
}


def find_rest_pair(name: str) -> KrakenPair | None:
    """The pair REST knows under *name*: its id, its altname or its v2 symbol; not a v1 name that differs from v2's."""
    return _BY_REST_NAME.get(name)


def result_key(entry: KrakenPair, asked: str) -> str:
    """The key of a REST result: the v2 symbol if it was asked for by that, else the id."""
    return asked if asked == entry.symbol else entry.id


def find_asset(name: str) -> KrakenAsset | None:
    return next((asset for asset in ASSETS.values() if name in (asset.id, asset.altname, asset.code)), None)
