"""KuCoin's public spot endpoints over the simulated market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.sandbox.candle_faults import CandleFaults
from connectors.sandbox.kucoin.history import MINUTES, all_bars
from connectors.sandbox.kucoin.keys import MILLISECOND_NS, KucoinError, Permission
from connectors.sandbox.kucoin.numbers import short
from connectors.sandbox.kucoin.routes import SPOT, Route
from connectors.sandbox.kucoin.symbols import CURRENCIES, SYMBOLS
from connectors.sandbox.kucoin.words import candle_row, history_row, rows, status_of, ticker, whole
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.book import NumberedBook
    from connectors.sandbox.kucoin.routes import Request
    from connectors.sandbox.kucoin.symbols import SpotSymbol
    from connectors.sandbox.server import Clock

MOST_CANDLES = 1_500
DAY_S = 86_400
TRADES_SHOWN = 100
FEE_RATE = "0.001"
FULL_DEPTH = 10_000


class SpotPublicApi:
    """One method per endpoint; each gives the `data`, or raises KucoinError."""

    def __init__(self, books: dict[str, NumberedBook], faults: Faults, clock: Clock) -> None:
        self._books = books
        self._faults = faults
        self._clock = clock
        self._candle_faults = CandleFaults(faults)

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/api/v1/timestamp", self.timestamp, 3, is_counted=False, is_alive_in_maintenance=True),
            Route("GET", "/api/v1/status", self.status, 3, is_alive_in_maintenance=True),
            Route("GET", "/api/v2/symbols", self.symbols, 4),
            Route("GET", "/api/v2/symbols/{symbol}", self.symbol, 4),
            Route("GET", "/api/v1/symbols", self.symbols, 4),
            Route("GET", "/api/v3/currencies", self.currencies, 3),
            Route("GET", "/api/v1/market/allTickers", self.all_tickers, 15),
            Route("GET", "/api/v1/market/stats", self.stats, 15),
            Route("GET", "/api/v1/market/orderbook/level1", self.level1, 2),
            Route("GET", "/api/v1/market/orderbook/level2_20", lambda request: self.level2(request, 20), 2),
            Route("GET", "/api/v1/market/orderbook/level2_100", lambda request: self.level2(request, 100), 4),
            Route(
                "GET",
                "/api/v3/market/orderbook/level2",
                lambda request: self.level2(request, FULL_DEPTH),
                3,
                SPOT,
                Permission.GENERAL,
            ),
            Route("GET", "/api/v1/market/histories", self.histories, 3),
            Route("GET", "/api/v1/market/candles", self.candles, 3),
        ]

    def listed(self, symbol: str) -> SpotSymbol | None:
        """The pair of this symbol that the venue lists now."""
        entry = SYMBOLS.get(symbol)
        delisted = self._faults.get("pair_delisted")
        return None if entry and delisted and symbol == delisted["pair"] else entry

    def timestamp(self, _request: Request) -> int:
        return self._clock.now_ns() // MILLISECOND_NS

    def status(self, _request: Request) -> dict[str, str]:
        return status_of(self._faults)

    def symbols(self, request: Request) -> list[dict[str, Any]]:
        wanted = request.query.get("market")
        entries = [entry for entry in SYMBOLS.values() if self.listed(entry.symbol)]
        return [entry.entry(self._faults) for entry in entries if wanted in (None, entry.market)]

    def symbol(self, request: Request) -> dict[str, Any]:
        entry = self.listed(request.names["symbol"])
        if entry is None:
            raise KucoinError("900001", "The symbol does not exist.")
        return entry.entry(self._faults)

    def currencies(self, _request: Request) -> list[dict[str, Any]]:
        return [currency.entry() for currency in CURRENCIES.values()]

    def all_tickers(self, _request: Request) -> dict[str, Any]:
        listed = [entry for entry in SYMBOLS.values() if self.listed(entry.symbol) and entry.enable_trading]
        return {"time": self._now_ms(), "ticker": [self._ticker(entry) for entry in listed]}

    def stats(self, request: Request) -> dict[str, Any]:
        entry, _book = self._one(request)
        return self.day_of(entry)

    def level1(self, request: Request) -> dict[str, Any]:
        entry, book = self._one(request)
        return ticker(entry, book, self._now_ms())

    def level2(self, request: Request, depth: int) -> dict[str, Any]:
        entry, book = self._one(request)
        return {
            "time": self._now_ms(),
            "sequence": str(book.sequence),
            "bids": rows(entry, book.market.shown_bids, depth),
            "asks": rows(entry, book.market.shown_asks, depth),
        }

    def histories(self, request: Request) -> list[dict[str, Any]]:
        entry, book = self._one(request)
        return [history_row(entry, trade, self._skew_ns()) for trade in list(book.market.trades)[-TRADES_SHOWN:]]

    def candles(self, request: Request) -> list[list[str]]:
        entry, book = self._one(request, code="400100", message="This pair is not provided at present")
        minutes = MINUTES.get(request.query.get("type", ""))
        if minutes is None:
            raise KucoinError("400100", "type invalid")
        bars = self._candle_faults.spoil(all_bars(book.market, minutes, self._clock.true_ns() // SECOND_NS))
        begin, end = whole(request.query, "startAt"), whole(request.query, "endAt")
        wanted = [bar for bar in bars if begin <= bar.open_time_s and (not end or bar.open_time_s < end)]
        return [candle_row(entry, bar) for bar in reversed(wanted[-MOST_CANDLES:])]

    def day_of(self, entry: SpotSymbol) -> dict[str, Any]:
        """The statistics of the last 24 hours."""
        market = self._books[entry.symbol].market
        now_s = self._clock.true_ns() // SECOND_NS
        day = market.candles.since(now_s - DAY_S, now_s)
        prices, sizes = entry.spec.price_decimals, entry.spec.size_decimals
        return {
            "time": self._now_ms(),
            "symbol": entry.symbol,
            "buy": short(market.shown_bids.best or 0, prices),
            "sell": short(market.shown_asks.best or 0, prices),
            "changeRate": f"{market.last_price / day.open - 1:.4f}",
            "changePrice": short(market.last_price - day.open, prices),
            "high": short(day.high, prices),
            "low": short(day.low, prices),
            "vol": short(day.volume, sizes),
            "volValue": short(day.turnover, prices + sizes),
            "last": short(market.last_price, prices),
            "averagePrice": short(day.turnover // day.volume if day.volume else day.close, prices),
            "takerFeeRate": FEE_RATE,
            "makerFeeRate": FEE_RATE,
            "takerCoefficient": "1",
            "makerCoefficient": "1",
        }

    def _ticker(self, entry: SpotSymbol) -> dict[str, Any]:
        day = self.day_of(entry)
        del day["time"]
        market = self._books[entry.symbol].market
        sizes = entry.spec.size_decimals
        best_bid, best_ask = market.shown_bids.top(1), market.shown_asks.top(1)
        return {
            **day,
            "symbolName": entry.symbol,
            "bestBidSize": short(next(iter(best_bid.values()), 0), sizes),
            "bestAskSize": short(next(iter(best_ask.values()), 0), sizes),
        }

    def _one(
        self, request: Request, *, code: str = "900001", message: str = "The symbol does not exist."
    ) -> tuple[SpotSymbol, NumberedBook]:
        entry = self.listed(request.symbol())
        if entry is None:
            raise KucoinError(code, message)
        return entry, self._books[entry.symbol]

    def _now_ms(self) -> int:
        return self._clock.now_ns() // MILLISECOND_NS

    def _skew_ns(self) -> int:
        return self._clock.now_ns() - self._clock.true_ns()
