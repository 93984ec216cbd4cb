"""KuCoin's spot names and rules: which pairs and currencies the sandbox lists.

BTC-USDT's entry is KuCoin's own (tests/payloads/kucoin/spot_symbol_btc_usdt.json); the others, and the currencies, have
the same shape with values made up here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.sandbox.decimals import published_rule
from connectors.sandbox.kucoin.numbers import short
from connectors.sandbox.market import PairSpec
from connectors.types import TradingPair

if TYPE_CHECKING:
    from connectors.sandbox.faults import Faults


@dataclass(frozen=True, slots=True)
class SpotSymbol:
    """One pair's rules; price and size steps are one tick and one lot of its `spec`."""

    spec: PairSpec
    base_min: str
    min_funds: str
    quote_increment: str
    market: str = "USDS"
    enable_trading: bool = True

    @property
    def pair(self) -> TradingPair:
        return self.spec.pair

    @property
    def symbol(self) -> str:
        return str(self.spec.pair)

    def entry(self, faults: Faults) -> dict[str, Any]:
        min_funds = published_rule(self.min_funds, faults)
        return {
            "symbol": self.symbol,
            "name": self.symbol,
            "baseCurrency": self.pair.base,
            "quoteCurrency": self.pair.quote,
            "feeCurrency": self.pair.quote,
            "market": self.market,
            "baseMinSize": published_rule(self.base_min, faults),
            "quoteMinSize": min_funds,
            "baseMaxSize": "10000000000",
            "quoteMaxSize": "99999999",
            "baseIncrement": published_rule(short(1, self.spec.size_decimals), faults),
            "quoteIncrement": self.quote_increment,
            "priceIncrement": published_rule(short(1, self.spec.price_decimals), faults),
            "priceLimitRate": "0.1",
            "minFunds": min_funds,
            "isMarginEnabled": self.enable_trading,
            "enableTrading": self.enable_trading,
            "feeCategory": 1,
            "makerFeeCoefficient": "1.00",
            "takerFeeCoefficient": "1.00",
            "st": False,
            "callauctionIsEnabled": False,
            "callauctionPriceFloor": None,
            "callauctionPriceCeiling": None,
            "callauctionFirstStageStartTime": None,
            "callauctionSecondStageStartTime": None,
            "callauctionThirdStageStartTime": None,
            "tradingStartTime": None,
        }


def _symbol(
    spec: PairSpec,
    *,
    base_min: str,
    min_funds: str = "0.1",
    quote_increment: str = "0.000001",
    **more: Any,
) -> SpotSymbol:
    return SpotSymbol(spec, base_min, min_funds, quote_increment, **more)


# Only the slow pairs have quiet minutes, for which KuCoin prints no candle at all.
SYMBOLS = {
    entry.symbol: entry
    for entry in (
        _symbol(
            PairSpec(TradingPair("BTC", "USDT"), 1, 8, 863_640, 12_000_000, 1.0, 900, quiet=0.0),
            base_min="0.00001",
        ),
        _symbol(
            PairSpec(TradingPair("ETH", "USDT"), 2, 7, 261_735, 30_000_000, 0.6, 500, spacing=5, quiet=0.0),
            base_min="0.0001",
        ),
        _symbol(
            PairSpec(TradingPair("SOL", "USDT"), 3, 4, 142_180, 250_000, 0.4, 300, spacing=15, quiet=0.0),
            base_min="0.01",
        ),
        _symbol(
            PairSpec(TradingPair("DOGE", "USDT"), 5, 4, 16_234, 12_000_000, 0.2, 200, spacing=2, quiet=0.05),
            base_min="10",
        ),
        _symbol(
            PairSpec(TradingPair("ETH", "BTC"), 5, 7, 3_031, 9_000_000, 0.05, 60, spacing=1, quiet=0.4),
            base_min="0.0001",
            min_funds="0.000001",
            quote_increment="0.0000000001",
            market="BTC",
        ),
        _symbol(
            PairSpec(TradingPair("BSV", "USDT"), 2, 4, 4_512, 80_000, 0.0, 40, quiet=0.9),
            base_min="0.01",
            enable_trading=False,
        ),
    )
}
BY_PAIR = {entry.pair: entry for entry in SYMBOLS.values()}


@dataclass(frozen=True, slots=True)
class Currency:
    """A coin and the one chain the sandbox names for it."""

    code: str
    full_name: str
    precision: int
    chain: str
    chain_id: str

    def entry(self) -> dict[str, Any]:
        return {
            "currency": self.code,
            "name": self.code,
            "fullName": self.full_name,
            "precision": self.precision,
            "confirms": None,
            "contractAddress": None,
            "isMarginEnabled": True,
            "isDebitEnabled": True,
            "chains": [
                {
                    "chainName": self.chain,
                    "withdrawalMinSize": "0.001",
                    "depositMinSize": "0.0002",
                    "withdrawFeeRate": "0",
                    "withdrawalMinFee": "0.0005",
                    "isWithdrawEnabled": True,
                    "isDepositEnabled": True,
                    "confirms": 3,
                    "preConfirms": 1,
                    "contractAddress": "",
                    "withdrawPrecision": 8,
                    "maxWithdraw": None,
                    "maxDeposit": None,
                    "needTag": False,
                    "chainId": self.chain_id,
                }
            ],
        }


CURRENCIES = {
    currency.code: currency
    for currency in (
        Currency("BTC", "Bitcoin", 8, "BTC", "btc"),
        Currency("ETH", "Ethereum", 8, "ERC20", "eth"),
        Currency("SOL", "Solana", 8, "SOL", "sol"),
        Currency("DOGE", "Dogecoin", 8, "DOGE", "doge"),
        Currency("BSV", "Bitcoin SV", 8, "BSV", "bsv"),
        Currency("USDT", "Tether", 8, "TRC20", "trx"),
        Currency("KCS", "KuCoin Token", 8, "KCC", "kcc"),
    )
}
