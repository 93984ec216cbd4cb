"""What KuCoin's spot answers and frames share: levels, tickers, trades and candles in the venue's own fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.sandbox.kucoin.keys import KucoinError
from connectors.sandbox.kucoin.numbers import short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.sandbox.book import ShownSide
    from connectors.sandbox.candles import Bar
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.book import NumberedBook
    from connectors.sandbox.kucoin.symbols import SpotSymbol
    from connectors.sandbox.market import Trade

STATES = {"maintenance": "close", "cancel_only": "cancelonly"}
REASONS = {"close": "The exchange is under maintenance.", "cancelonly": "Orders can only be cancelled.", "open": ""}


def status_of(faults: Faults) -> dict[str, str]:
    """What KuCoin says of itself; it has no other modes than these."""
    maintenance = faults.get("maintenance")
    status = STATES.get(maintenance["mode"], "open") if maintenance else "open"
    return {"status": status, "msg": REASONS[status]}


def rows(entry: SpotSymbol, side: ShownSide, depth: int) -> list[list[str]]:
    prices, sizes = entry.spec.price_decimals, entry.spec.size_decimals
    return [[short(price, prices), short(size, sizes)] for price, size in side.top(depth).items()]


def ticker(entry: SpotSymbol, book: NumberedBook, now_ms: int) -> dict[str, Any]:
    """The best pair and the last trade."""
    market, prices, sizes = book.market, entry.spec.price_decimals, entry.spec.size_decimals
    bid, bid_size = next(iter(market.shown_bids.top(1).items()), (0, 0))
    ask, ask_size = next(iter(market.shown_asks.top(1).items()), (0, 0))
    return {
        "time": now_ms,
        "sequence": str(book.sequence),
        "price": short(market.last_price, prices),
        "size": short(market.trades[-1].size if market.trades else 0, sizes),
        "bestBid": short(bid, prices),
        "bestBidSize": short(bid_size, sizes),
        "bestAsk": short(ask, prices),
        "bestAskSize": short(ask_size, sizes),
    }


def history_row(entry: SpotSymbol, trade: Trade, skew_ns: int) -> dict[str, Any]:
    return {
        "sequence": str(trade.number),
        "price": short(trade.price, entry.spec.price_decimals),
        "size": short(trade.size, entry.spec.size_decimals),
        "side": trade.taker_side,
        "time": trade.time_ns + skew_ns,
    }


def candle_row(entry: SpotSymbol, bar: Bar) -> list[str]:
    """Time in seconds, open, close, high, low, base volume, quote turnover: the close stands before the high."""
    prices, sizes = entry.spec.price_decimals, entry.spec.size_decimals
    return [
        str(bar.open_time_s),
        *(short(price, prices) for price in (bar.open, bar.close, bar.high, bar.low)),
        short(bar.volume, sizes),
        short(bar.turnover, prices + sizes),
    ]


def whole(query: Mapping[str, str], name: str, default: int = 0) -> int:
    """A whole number of the query. Raises KucoinError where it is none."""
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise KucoinError("400100", f"{name} invalid")
    return int(text)
