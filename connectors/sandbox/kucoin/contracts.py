"""KuCoin's futures: the contracts that the sandbox lists, and what follows from their market: mark price and funding.

XBTUSDTM's constants are KuCoin's own (tests/payloads/kucoin/futures_contract_xbtusdtm.json); the others have the same
shape with values made up here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox.decimals import published_rule
from connectors.sandbox.kucoin.numbers import short
from connectors.sandbox.market import PairSpec
from connectors.types import TradingPair

if TYPE_CHECKING:
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.market import PairMarket

FUNDING_EVERY_MS = 28_800_000
DAY_S = 86_400
FEE_MAKER, FEE_TAKER = Decimal("0.0002"), Decimal("0.0006")
PRICE_BAND = Decimal("0.05")  # how far from the mark price an order may be


@dataclass(frozen=True, slots=True)
class KucoinContract:
    """One contract; sizes of its `spec` are whole lots. `multiplier` is negative where it is inverse."""

    symbol: str
    spec: PairSpec
    base: str
    quote: str
    settle: str
    multiplier: Decimal
    max_leverage: int = 100
    funding_rate: str = "0.0001"
    index: str = ""
    initial_margin: str = "0.01"
    maintain_margin: str = "0.005"
    status: str = "Open"
    expire_ms: int | None = None
    max_order_qty: int = 1_000_000

    @property
    def pair(self) -> TradingPair:
        return self.spec.pair

    @property
    def is_inverse(self) -> bool:
        return self.multiplier < 0

    @property
    def is_perpetual(self) -> bool:
        return self.expire_ms is None

    def price(self, ticks: int) -> Decimal:
        return Decimal(ticks).scaleb(-self.spec.price_decimals)

    def value(self, price: Decimal, lots: int) -> Decimal:
        """What *lots* are worth in the settlement currency."""
        if self.is_inverse:
            return Decimal(lots) * -self.multiplier / price
        return Decimal(lots) * self.multiplier * price

    def constants(self, faults: Faults) -> dict[str, Any]:
        """The fields that no trade changes."""
        return {
            "symbol": self.symbol,
            "rootSymbol": self.settle,
            "type": "FFWCSX" if self.is_perpetual else "FFICSX",
            "firstOpenDate": 1_585_555_200_000,
            "expireDate": self.expire_ms,
            "settleDate": self.expire_ms,
            "baseCurrency": self.base,
            "quoteCurrency": self.quote,
            "settleCurrency": self.settle,
            "maxOrderQty": self.max_order_qty,
            "maxPrice": 1_000_000.0,
            "lotSize": int(published_rule("1", faults)),
            "tickSize": float(published_rule(short(1, self.spec.price_decimals), faults)),
            "indexPriceTickSize": 0.01,
            "multiplier": float(self.multiplier),
            "initialMargin": float(self.initial_margin),
            "maintainMargin": float(self.maintain_margin),
            "maxRiskLimit": 100_000,
            "minRiskLimit": 100_000,
            "riskStep": 50_000,
            "makerFeeRate": float(FEE_MAKER),
            "takerFeeRate": float(FEE_TAKER),
            "takerFixFee": 0.0,
            "makerFixFee": 0.0,
            "settlementFee": None if self.is_perpetual else 0.0,
            "isDeleverage": True,
            "isQuanto": not self.is_inverse,
            "isInverse": self.is_inverse,
            "markMethod": "FairPrice",
            "fairMethod": "FundingRate" if self.is_perpetual else "",
            "fundingBaseSymbol": f".{self.base}INT8H" if self.is_perpetual else None,
            "fundingQuoteSymbol": f".{self.quote}INT8H" if self.is_perpetual else None,
            "fundingRateSymbol": self.funding_symbol if self.is_perpetual else None,
            "indexSymbol": self.index or f".K{self.base}{self.quote}",
            "settlementSymbol": "",
            "status": self.status,
        }

    @property
    def funding_symbol(self) -> str:
        return f".{self.symbol}FPI8H"


def mark_price(contract: KucoinContract, market: PairMarket, faults: Faults) -> Decimal:
    """Near the middle of the book; away from it by the fault `mark_price_off`."""
    mark = Decimal(market.fair).scaleb(-contract.spec.price_decimals)
    off = faults.get("mark_price_off")
    if off is not None:
        mark *= 1 + Decimal(str(off["percent"])) / 100
    return _to_index_tick(contract, mark)


def index_price(contract: KucoinContract, market: PairMarket) -> Decimal:
    """What other venues pay: a little above the book, always."""
    fair = Decimal(market.fair).scaleb(-contract.spec.price_decimals)
    return _to_index_tick(contract, fair * Decimal("1.00005"))


def _to_index_tick(contract: KucoinContract, price: Decimal) -> Decimal:
    """Mark and index prices have more digits than orders may have."""
    return price.quantize(Decimal("0.01") if contract.spec.price_decimals < 3 else Decimal("0.0001"))


def funding_rate(contract: KucoinContract, faults: Faults) -> Decimal:
    off = faults.get("funding_off")
    return Decimal(str(off["rate"])) if off is not None else Decimal(contract.funding_rate)


def next_funding_ms(now_ms: int) -> int:
    """KuCoin settles funding three times a day, from midnight UTC."""
    return (now_ms // FUNDING_EVERY_MS + 1) * FUNDING_EVERY_MS


CONTRACTS = {
    contract.symbol: contract
    for contract in (
        KucoinContract(
            "XBTUSDTM",
            PairSpec(TradingPair("BTC", "USDT"), 1, 0, 863_786, 180, 1.0, 900, quiet=0.0),
            base="XBT",
            quote="USDT",
            settle="USDT",
            multiplier=Decimal("0.001"),
            max_leverage=125,
            funding_rate="0.000052",
            index=".KXBTUSDT",
            initial_margin="0.008",
            maintain_margin="0.004",
        ),
        KucoinContract(
            "ETHUSDTM",
            PairSpec(TradingPair("ETH", "USDT"), 2, 0, 261_790, 400, 0.6, 500, spacing=5, quiet=0.0),
            base="ETH",
            quote="USDT",
            settle="USDT",
            multiplier=Decimal("0.01"),
            max_leverage=100,
            funding_rate="0.000071",
        ),
        KucoinContract(
            "SOLUSDTM",
            PairSpec(TradingPair("SOL", "USDT"), 3, 0, 142_210, 300, 0.4, 300, spacing=15, quiet=0.0),
            base="SOL",
            quote="USDT",
            settle="USDT",
            multiplier=Decimal("0.1"),
            max_leverage=75,
            funding_rate="-0.000018",
        ),
        KucoinContract(
            "XBTUSDM",
            PairSpec(TradingPair("BTC", "USD"), 1, 0, 863_550, 2_400, 0.2, 200, spacing=8, quiet=0.0),
            base="XBT",
            quote="USD",
            settle="XBT",
            multiplier=Decimal(-1),
            max_leverage=100,
            max_order_qty=10_000_000,
        ),
        KucoinContract(
            "XBTMZ26",
            PairSpec(TradingPair("BTC.Z26", "USD"), 1, 0, 866_120, 900, 0.05, 40, spacing=10, quiet=0.4),
            base="XBT",
            quote="USD",
            settle="XBT",
            multiplier=Decimal(-1),
            max_leverage=20,
            expire_ms=1_798_185_600_000,
            max_order_qty=10_000_000,
        ),
        KucoinContract(
            "DOTUSDTM",
            PairSpec(TradingPair("DOT", "USDT"), 3, 0, 6_205, 100, 0.0, 40, quiet=0.9),
            base="DOT",
            quote="USDT",
            settle="USDT",
            multiplier=Decimal(1),
            max_leverage=50,
            status="Paused",
        ),
    )
}
BY_PAIR = {contract.pair: contract for contract in CONTRACTS.values()}
