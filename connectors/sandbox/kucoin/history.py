"""Candles by KuCoin's names: which rows exist, and which of them a window asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.sandbox.candles import DAY_S, GRAINS, Bar

if TYPE_CHECKING:
    from connectors.sandbox.market import PairMarket

MINUTES = {
    "1min": 1, "3min": 3, "5min": 5, "15min": 15, "30min": 30, "1hour": 60, "2hour": 120, "4hour": 240,
    "6hour": 360, "8hour": 480, "12hour": 720, "1day": 1440, "1week": 10080,
}  # fmt: skip
GRANULARITIES = (1, 5, 15, 30, 60, 120, 240, 480, 720, 1440, 10080)  # futures REST, in minutes
MOST_ROWS = 4_500


def all_bars(market: PairMarket, minutes: int, now_s: int) -> list[Bar]:
    """Every candle of this length that there is, oldest first, the forming one last.

    Where a pair has minutes without a trade, its quiet candles are missing, as on the venue.
    """
    interval_s = minutes * 60
    bars = market.candles.rows(interval_s, now_s, limit=_rows_there_are(interval_s))
    return [bar for bar in bars if bar.trades] if market.spec.quiet else bars


def newest_bar(market: PairMarket, minutes: int, now_s: int) -> Bar:
    return market.candles.rows(minutes * 60, now_s, limit=_rows_there_are(minutes * 60))[-1]


def _rows_there_are(interval_s: int) -> int:
    """How far back candles of this length are whole: as far as a grain of the past reaches that divides it."""
    days = max(days for grain_s, days in GRAINS if interval_s % grain_s == 0)
    return min(MOST_ROWS, days * DAY_S // interval_s)
