"""Kraken's public REST endpoints over the simulated market."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from connectors.sandbox.candle_faults import CandleFaults
from connectors.sandbox.decimals import fixed, rescaled
from connectors.sandbox.kraken.keys import KrakenError
from connectors.sandbox.kraken.names import ASSETS, PAIRS, find_asset, find_rest_pair, result_key
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.candles import Bar
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kraken.names import KrakenPair
    from connectors.sandbox.market import Market, PairMarket, Trade
    from connectors.sandbox.server import Clock

INTERVALS_MIN = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)
MAX_CANDLES = 720
DAY_S = 86_400
INFO_FIELDS = {
    "leverage": ("leverage_buy", "leverage_sell"),
    "fees": ("fees", "fees_maker", "fee_volume_currency"),
    "margin": ("margin_call", "margin_stop"),
}


def mode_of(faults: Faults) -> str:
    """The trading mode that Kraken states."""
    maintenance = faults.get("maintenance")
    return str(maintenance["mode"]) if maintenance else "online"


class PublicApi:
    """One method per endpoint; each takes the query and gives the `result`, or raises KrakenError."""

    def __init__(self, market: Market, faults: Faults, clock: Clock) -> None:
        self._market = market
        self._faults = faults
        self._clock = clock
        self._candle_faults = CandleFaults(faults)
        self.endpoints: Mapping[str, Callable[[Mapping[str, str]], Any]] = {
            "Time": self.time,
            "SystemStatus": self.system_status,
            "Assets": self.assets,
            "AssetPairs": self.asset_pairs,
            "Ticker": self.ticker,
            "Depth": self.depth,
            "OHLC": self.ohlc,
            "Trades": self.trades,
            "Spread": self.spread,
        }

    def listed(self, name: str) -> KrakenPair | None:
        """The pair of any REST spelling that the venue lists now."""
        entry = find_rest_pair(name)
        delisted = self._faults.get("pair_delisted")
        return None if entry and delisted and str(entry.pair) == delisted["pair"] else entry

    def time(self, _query: Mapping[str, str]) -> dict[str, Any]:
        now = self._clock.now_ns() // SECOND_NS
        text = format_datetime(datetime.fromtimestamp(now, UTC))  # Thu, 06 Jul 2023 18:50:48 +0000
        return {"unixtime": now, "rfc1123": f"{text[:12]}{text[14:]}"}

    def system_status(self, _query: Mapping[str, str]) -> dict[str, str]:
        now = datetime.fromtimestamp(self._clock.now_ns() // SECOND_NS, UTC)
        return {"status": mode_of(self._faults), "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def assets(self, query: Mapping[str, str]) -> dict[str, Any]:
        if "asset" not in query:
            return {asset.id: asset.rest_entry() for asset in ASSETS.values()}
        found = [find_asset(name) for name in query["asset"].split(",")]
        if None in found:
            raise KrakenError("EQuery:Unknown asset")
        return {asset.id: asset.rest_entry() for asset in found if asset}

    def asset_pairs(self, query: Mapping[str, str]) -> dict[str, Any]:
        info = query.get("info", "info")
        if info != "info" and info not in INFO_FIELDS:
            raise KrakenError("EGeneral:Invalid arguments:info")
        return {key: _part(entry.rest_entry(self._faults), info) for key, entry in self._asked_pairs(query)}

    def ticker(self, query: Mapping[str, str]) -> dict[str, Any]:
        return {key: self._ticker(entry) for key, entry in self._asked_pairs(query)}

    def depth(self, query: Mapping[str, str]) -> dict[str, Any]:
        key, entry, market = self._one(query)
        count = _whole(query, "count", 100, 1, 500)
        now = self._clock.now_ns() // SECOND_NS

        def rows(levels: dict[int, int]) -> list[list[str | int]]:
            return [[_price(entry, price), _short_size(entry, size), now] for price, size in levels.items()]

        return {key: {"asks": rows(market.shown_asks.top(count)), "bids": rows(market.shown_bids.top(count))}}

    def ohlc(self, query: Mapping[str, str]) -> dict[str, Any]:
        key, entry, market = self._one(query)
        minutes = _whole(query, "interval", 1, 1, INTERVALS_MIN[-1])
        if minutes not in INTERVALS_MIN:
            raise KrakenError("EGeneral:Invalid arguments:interval")
        since = _whole(query, "since", 0, 0, 2**63)
        bars = self._candle_faults.spoil(
            market.candles.rows(minutes * 60, _market_seconds(self._clock), limit=MAX_CANDLES)
        )
        last = max(bar.open_time_s for bar in bars) - minutes * 60
        return {key: [_ohlc_row(entry, bar) for bar in bars if bar.open_time_s > since], "last": last}

    def trades(self, query: Mapping[str, str]) -> dict[str, Any]:
        key, entry, market = self._one(query)
        count = _whole(query, "count", 1000, 1, 1000)
        since = _nanoseconds(query.get("since", "0"))
        trades = [trade for trade in market.trades if trade.time_ns > since]
        trades = trades[:count] if since else trades[-count:]
        last = trades[-1].time_ns if trades else since
        return {key: [_trade_row(entry, trade) for trade in trades], "last": str(last)}

    def spread(self, query: Mapping[str, str]) -> dict[str, Any]:
        key, entry, market = self._one(query)
        now = self._clock.now_ns() // SECOND_NS
        bid, ask = market.shown_bids.best or 0, market.shown_asks.best or 0
        return {key: [[now, _price(entry, bid), _price(entry, ask)]], "last": now}

    def _asked_pairs(self, query: Mapping[str, str]) -> list[tuple[str, KrakenPair]]:
        if "pair" not in query:
            return [(entry.id, entry) for entry in PAIRS.values() if self.listed(entry.id)]
        pairs = []
        for name in query["pair"].split(","):
            entry = self.listed(name)
            if entry is None:
                raise KrakenError("EQuery:Unknown asset pair")
            pairs.append((result_key(entry, name), entry))
        return pairs

    def _one(self, query: Mapping[str, str]) -> tuple[str, KrakenPair, PairMarket]:
        if not query.get("pair"):
            raise KrakenError("EGeneral:Invalid arguments")
        entry = self.listed(query["pair"])
        if entry is None:
            raise KrakenError("EQuery:Unknown asset pair")
        return result_key(entry, query["pair"]), entry, self._market.pairs[entry.pair]

    def _ticker(self, entry: KrakenPair) -> dict[str, Any]:
        market = self._market.pairs[entry.pair]
        now = _market_seconds(self._clock)
        periods = [market.candles.since(now // DAY_S * DAY_S, now), market.candles.since(now - DAY_S, now)]
        last_size = market.trades[-1].size if market.trades else 0

        def quote(levels: dict[int, int]) -> list[str]:
            price, size = next(iter(levels.items()), (0, 0))
            short = _short_size(entry, size)
            return [_price(entry, price), str(max(1, int(float(short)))), short]

        return {
            "a": quote(market.shown_asks.top(1)),
            "b": quote(market.shown_bids.top(1)),
            "c": [_price(entry, market.last_price), fixed(last_size, entry.spec.size_decimals)],
            "v": [fixed(bar.volume, entry.spec.size_decimals) for bar in periods],
            "p": [_price(entry, vwap(bar)) for bar in periods],
            "t": [bar.trades for bar in periods],
            "l": [_price(entry, bar.low) for bar in periods],
            "h": [_price(entry, bar.high) for bar in periods],
            "o": _price(entry, periods[0].open),
        }


def vwap(bar: Bar) -> int:
    """Volume-weighted average price in ticks, 0 without a trade."""
    return bar.turnover // bar.volume if bar.volume else 0


def _part(entry: dict[str, Any], info: str) -> dict[str, Any]:
    return entry if info == "info" else {name: entry[name] for name in INFO_FIELDS[info]}


def _price(entry: KrakenPair, ticks: int) -> str:
    """REST prints at least 5 decimals wherever it is not OHLC."""
    decimals = max(5, entry.spec.price_decimals)
    return fixed(rescaled(ticks, entry.spec.price_decimals, decimals), decimals)


def _short_size(entry: KrakenPair, lots: int) -> str:
    """Depth and the ticker's best levels print 3 decimals, never a zero."""
    return fixed(max(1, rescaled(lots, entry.spec.size_decimals, 3)), 3)


def _ohlc_row(entry: KrakenPair, bar: Bar) -> list[str | int]:
    prices = [fixed(price, entry.spec.price_decimals) for price in (bar.open, bar.high, bar.low, bar.close)]
    average = fixed(vwap(bar), entry.spec.price_decimals) if bar.trades else "0.0"
    return [bar.open_time_s, *prices, average, fixed(bar.volume, entry.spec.size_decimals), bar.trades]


def _trade_row(entry: KrakenPair, trade: Trade) -> list[str | int | float]:
    seconds = trade.time_ns // 1000 / 1_000_000
    side = "b" if trade.taker_side == "buy" else "s"
    size = fixed(trade.size, entry.spec.size_decimals)
    return [_price(entry, trade.price), size, seconds, side, trade.taker_type[0], "", trade.number]


def _whole(query: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise KrakenError(f"EGeneral:Invalid arguments:{name}")
    return min(max(int(text), low), high)


def _nanoseconds(text: str) -> int:
    """`since` of Trades: seconds or nanoseconds."""
    digits = text.partition(".")[0]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise KrakenError("EGeneral:Invalid arguments:since")
    value = int(digits)
    return value if value > 10**15 else value * SECOND_NS


def _market_seconds(clock: Clock) -> int:
    """Candles keep the true time even where the venue's clock is put ahead."""
    return clock.true_ns() // SECOND_NS
