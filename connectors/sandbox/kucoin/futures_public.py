"""KuCoin's public futures endpoints over the simulated market."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.sandbox.candle_faults import CandleFaults
from connectors.sandbox.kucoin.contracts import (
    CONTRACTS,
    FUNDING_EVERY_MS,
    PRICE_BAND,
    funding_rate,
    index_price,
    mark_price,
    next_funding_ms,
)
from connectors.sandbox.kucoin.history import GRANULARITIES, all_bars
from connectors.sandbox.kucoin.keys import MILLISECOND_NS, KucoinError
from connectors.sandbox.kucoin.numbers import bare, number, short
from connectors.sandbox.kucoin.routes import Route
from connectors.sandbox.kucoin.words import status_of, whole
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from connectors.sandbox.book import ShownSide
    from connectors.sandbox.candles import Bar
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.book import NumberedBook
    from connectors.sandbox.kucoin.contracts import KucoinContract
    from connectors.sandbox.kucoin.routes import Request
    from connectors.sandbox.market import PairMarket, Trade
    from connectors.sandbox.server import Clock

MOST_CANDLES = 500
DAY_S = 86_400
TRADES_SHOWN = 100
FULL_DEPTH = 1_000


class FuturesPublicApi:
    """One method per endpoint; each gives the `data`, or raises KucoinError."""

    def __init__(self, books: dict[str, NumberedBook], faults: Faults, clock: Clock) -> None:
        self._books = books
        self._faults = faults
        self._clock = clock
        self._candle_faults = CandleFaults(faults)

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/api/v1/timestamp", self.timestamp, 2, is_counted=False, is_alive_in_maintenance=True),
            Route("GET", "/api/v1/status", self.status, 4, is_alive_in_maintenance=True),
            Route("GET", "/api/v1/contracts/active", self.contracts, 3),
            Route("GET", "/api/v1/contracts/{symbol}", self.contract, 3),
            Route("GET", "/api/v1/ticker", self.ticker, 2),
            Route("GET", "/api/v1/allTickers", self.all_tickers, 5),
            Route("GET", "/api/v1/level2/depth20", lambda request: self.level2(request, 20), 5),
            Route("GET", "/api/v1/level2/depth100", lambda request: self.level2(request, 100), 5),
            Route("GET", "/api/v1/level2/snapshot", lambda request: self.level2(request, FULL_DEPTH), 3),
            Route("GET", "/api/v1/trade/history", self.trade_history, 5),
            Route("GET", "/api/v1/kline/query", self.candles, 3),
            Route("GET", "/api/v1/mark-price/{symbol}/current", self.mark_price, 3),
            Route("GET", "/api/v1/funding-rate/{symbol}/current", self.funding_rate, 2),
        ]

    def listed(self, symbol: str) -> KucoinContract | None:
        """The contract of this symbol that the venue lists now."""
        contract = CONTRACTS.get(symbol)
        delisted = self._faults.get("pair_delisted")
        return None if contract and delisted and str(contract.pair) == delisted["pair"] else contract

    def timestamp(self, _request: Request) -> int:
        return self._clock.now_ns() // MILLISECOND_NS

    def status(self, _request: Request) -> dict[str, str]:
        return status_of(self._faults)

    def contracts(self, _request: Request) -> list[dict[str, Any]]:
        return [self._entry(contract) for contract in CONTRACTS.values() if self.listed(contract.symbol)]

    def contract(self, request: Request) -> dict[str, Any]:
        contract = self.listed(request.names["symbol"])
        if contract is None:
            raise KucoinError("404000", "The contract information you requested does not exist.")
        return self._entry(contract)

    def ticker(self, request: Request) -> dict[str, Any]:
        contract, book = self._one(request.symbol())
        return ticker(contract, book, self._clock)

    def all_tickers(self, _request: Request) -> list[dict[str, Any]]:
        listed = [contract for contract in CONTRACTS.values() if self.listed(contract.symbol)]
        return [ticker(contract, self._books[contract.symbol], self._clock) for contract in listed]

    def level2(self, request: Request, depth: int) -> dict[str, Any]:
        contract, book = self._one(request.symbol())
        return {
            "sequence": book.sequence,
            "symbol": contract.symbol,
            "bids": number_rows(contract, book.market.shown_bids, depth),
            "asks": number_rows(contract, book.market.shown_asks, depth),
            "ts": self._clock.now_ns(),
        }

    def trade_history(self, request: Request) -> list[dict[str, Any]]:
        contract, book = self._one(request.symbol())
        skew_ns = self._clock.now_ns() - self._clock.true_ns()
        recent = list(book.market.trades)[-TRADES_SHOWN:]
        return [trade_row(contract, trade, skew_ns) for trade in reversed(recent)]

    def candles(self, request: Request) -> list[list[Any]]:
        contract, book = self._one(request.symbol())
        minutes = whole(request.query, "granularity")
        if minutes not in GRANULARITIES:
            raise KucoinError("100001", "granularity invalid")
        bars = self._candle_faults.spoil(all_bars(book.market, minutes, self._clock.true_ns() // SECOND_NS))
        begin, end = whole(request.query, "from"), whole(request.query, "to")
        wanted = [bar for bar in bars if begin <= bar.open_time_s * 1000 and (not end or bar.open_time_s * 1000 < end)]
        return [kline_row(contract, bar) for bar in wanted[-MOST_CANDLES:]]

    def mark_price(self, request: Request) -> dict[str, Any]:
        contract, book = self._one(request.names["symbol"])
        if not contract.is_perpetual:
            raise KucoinError("415000", "mark price is not supported")
        return {
            "symbol": contract.symbol,
            "granularity": 1000,
            "timePoint": self._now_ms() // 1000 * 1000,
            "value": number(mark_price(contract, book.market, self._faults)),
            "indexPrice": number(index_price(contract, book.market)),
        }

    def funding_rate(self, request: Request) -> dict[str, Any]:
        contract, _book = self._one(request.names["symbol"])
        next_ms = next_funding_ms(self._now_ms())
        return {
            "symbol": contract.funding_symbol,
            "granularity": FUNDING_EVERY_MS,
            "timePoint": next_ms - FUNDING_EVERY_MS,
            "value": float(funding_rate(contract, self._faults)),
            "predictedValue": None,
            "fundingRateCap": 0.003,
            "fundingRateFloor": -0.003,
            "period": 0,
            "fundingTime": next_ms,
        }

    def _entry(self, contract: KucoinContract) -> dict[str, Any]:
        """The contract's constants and what its market makes of the last 24 hours."""
        market, spec = self._books[contract.symbol].market, contract.spec
        now_s = self._clock.true_ns() // SECOND_NS
        day = market.candles.since(now_s - DAY_S, now_s)
        mark, index = mark_price(contract, market, self._faults), index_price(contract, market)
        value = contract.value(contract.price(max(1, day.turnover // max(1, day.volume))), day.volume)
        change = market.last_price - day.open
        now_ms = self._now_ms()
        next_ms = next_funding_ms(now_ms) if contract.is_perpetual else None
        return {
            **contract.constants(self._faults),
            "fundingFeeRate": float(funding_rate(contract, self._faults)) if contract.is_perpetual else None,
            "predictedFundingFeeRate": None,
            "fundingRateGranularity": FUNDING_EVERY_MS if contract.is_perpetual else None,
            "openInterest": str(day.volume // 2),
            "turnoverOf24h": float(value if not contract.is_inverse else day.volume),
            "volumeOf24h": float(day.volume * abs(contract.multiplier) if not contract.is_inverse else value),
            "markPrice": number(mark),
            "indexPrice": number(index),
            "lastTradePrice": bare(market.last_price, spec.price_decimals),
            "nextFundingRateTime": next_ms - now_ms if next_ms is not None else None,
            "nextFundingRateDateTime": next_ms,
            "maxLeverage": contract.max_leverage,
            "sourceExchanges": ["okex", "binance", "kucoin", "bybit", "bitmart", "gateio"],
            "premiumsSymbol1M": f".{contract.symbol}PI",
            "premiumsSymbol8H": f".{contract.symbol}PI8H",
            "fundingBaseSymbol1M": f".{contract.base}INT",
            "fundingQuoteSymbol1M": f".{contract.quote}INT",
            "lowPrice": bare(day.low, spec.price_decimals),
            "highPrice": bare(day.high, spec.price_decimals),
            "priceChgPct": round(change / day.open, 4),
            "priceChg": bare(change, spec.price_decimals),
            "k": 490.0,
            "m": 300.0,
            "f": 1.3,
            "mmrLimit": 0.3,
            "mmrLevConstant": float(contract.max_leverage),
            "supportCross": True,
            "buyLimit": number(mark * (1 + PRICE_BAND)),
            "sellLimit": number(mark * (1 - PRICE_BAND)),
        }

    def _one(self, symbol: str) -> tuple[KucoinContract, NumberedBook]:
        contract = self.listed(symbol)
        if contract is None:
            raise KucoinError("200003", "Invalid symbol.")
        return contract, self._books[symbol]

    def _now_ms(self) -> int:
        return self._clock.now_ns() // MILLISECOND_NS


def number_rows(contract: KucoinContract, side: ShownSide, depth: int) -> list[list[msgspec.Raw | int]]:
    """REST's rows: both price and lots are JSON numbers."""
    decimals = contract.spec.price_decimals
    return [[bare(price, decimals), size] for price, size in side.top(depth).items()]


def text_rows(contract: KucoinContract, side: ShownSide, depth: int) -> list[list[str | int]]:
    """The socket's rows: the price is text, the lots a number."""
    decimals = contract.spec.price_decimals
    return [[short(price, decimals), size] for price, size in side.top(depth).items()]


def ticker(contract: KucoinContract, book: NumberedBook, clock: Clock) -> dict[str, Any]:
    market: PairMarket = book.market
    decimals = contract.spec.price_decimals
    bid, bid_size = next(iter(market.shown_bids.top(1).items()), (0, 0))
    ask, ask_size = next(iter(market.shown_asks.top(1).items()), (0, 0))
    last: Trade | None = market.trades[-1] if market.trades else None
    return {
        "sequence": book.sequence,
        "symbol": contract.symbol,
        "side": last.taker_side if last else "buy",
        "size": last.size if last else 0,
        "tradeId": str(last.number if last else 0),
        "price": short(market.last_price, decimals),
        "bestBidPrice": short(bid, decimals),
        "bestBidSize": bid_size,
        "bestAskPrice": short(ask, decimals),
        "bestAskSize": ask_size,
        "ts": clock.now_ns(),
    }


def trade_row(contract: KucoinContract, trade: Trade, skew_ns: int) -> dict[str, Any]:
    number_text = f"{trade.number:024x}"
    return {
        "sequence": trade.number,
        "contractId": 1,
        "tradeId": str(trade.number),
        "makerOrderId": number_text,
        "takerOrderId": number_text,
        "ts": trade.time_ns + skew_ns,
        "size": trade.size,
        "price": short(trade.price, contract.spec.price_decimals),
        "side": trade.taker_side,
    }


def kline_row(contract: KucoinContract, bar: Bar) -> list[Any]:
    """Time in ms, open, high, low, close, lots: the close stands last."""
    decimals = contract.spec.price_decimals
    prices = (bar.open, bar.high, bar.low, bar.close)
    return [bar.open_time_s * 1000, *(bare(price, decimals) for price in prices), bar.volume]


def candle_texts(contract: KucoinContract, bar: Bar) -> list[str]:
    """The socket's row: seconds, open, close, high, low, then lots and turnover, in an order that is our guess."""
    decimals = contract.spec.price_decimals
    turnover = contract.value(Decimal(1), bar.turnover).scaleb(-decimals) if not contract.is_inverse else bar.volume
    return [
        str(bar.open_time_s),
        *(short(price, decimals) for price in (bar.open, bar.close, bar.high, bar.low)),
        str(bar.volume),
        str(turnover),
    ]
