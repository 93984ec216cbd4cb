"""Candles of a simulated market: a made-up past that joins the first live trade, and every live trade after it."""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import reduce
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

MINUTE_S = 60
DAY_S = 86_400
FIRST_DAY_S = 1_420_070_400  # 2015-01-01: the oldest candle of any sandbox market

# Grain of the made-up past and how many days before the start each grain reaches. Coarser candles are sums of finer
# ones wherever finer ones exist, so 720 rows of any interval agree with 720 rows of any other.
GRAINS = ((MINUTE_S, 3), (15 * MINUTE_S, 31), (240 * MINUTE_S, 721), (DAY_S, 10**6))


class Bar(NamedTuple):
    """Prices in ticks, volume in lots, turnover in ticks times lots."""

    open_time_s: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    turnover: int = 0
    trades: int = 0

    def joined_with(self, later: Bar) -> Bar:
        """This bar extended by a later one."""
        if not later.trades:
            return self._replace(close=later.close)
        first = later.open if not self.trades else self.open
        return Bar(
            self.open_time_s,
            first,
            max(self.high, later.high) if self.trades else later.high,
            min(self.low, later.low) if self.trades else later.low,
            later.close,
            self.volume + later.volume,
            self.turnover + later.turnover,
            self.trades + later.trades,
        )


class CandleHistory:
    """All candles of one pair; minutes without a trade are there, with volume 0 at the last close."""

    def __init__(self, *, start_s: int, price: int, past: Iterator[list[Bar]]) -> None:
        """*past* gives the bars up to *start_s*, the newest stretch first; it is read as far back as somebody asks."""
        self._bars = [Bar(start_s // MINUTE_S * MINUTE_S, price, price, price, price)]
        self._past = past
        self._closed: dict[int, list[Bar]] = {}
        self._sums: dict[tuple[int, int], Bar] = {}

    def record(self, time_s: int, price: int, size: int) -> None:
        """Add a live trade; trades come in order of time."""
        self.fill_quiet_minutes(time_s)
        bar = self._bars[-1]
        trade = Bar(bar.open_time_s, price, price, price, price, size, price * size, 1)
        self._bars[-1] = bar.joined_with(trade)

    def fill_quiet_minutes(self, now_s: int) -> None:
        while (next_minute := self._bars[-1].open_time_s + MINUTE_S) <= now_s:
            close = self._bars[-1].close
            self._bars.append(Bar(next_minute, close, close, close, close))

    def rows(self, interval_s: int, now_s: int, *, limit: int) -> list[Bar]:
        """The latest *limit* candles, oldest first; the last one is still forming."""
        closed = self._closed.setdefault(interval_s, [])
        forming_time = now_s // interval_s * interval_s
        begin = closed[-1].open_time_s + interval_s if closed else forming_time - (limit - 1) * interval_s
        self._complete(begin, now_s)
        fresh = self._rolled_up(begin, interval_s)
        closed += [bar for bar in fresh if bar.open_time_s < forming_time]
        return [*closed, fresh[-1]][-limit:]

    def since(self, begin_s: int, now_s: int) -> Bar:
        """Everything from the minute of *begin_s*, a past one, as one bar."""
        self._complete(begin_s, now_s)
        first = bisect_left(self._bars, begin_s // MINUTE_S * MINUTE_S, key=attrgetter("open_time_s"))
        closed = len(self._bars) - 1
        if first >= closed:
            return self._bars[-1]
        if (first, closed) not in self._sums:
            self._sums = {span: total for span, total in self._sums.items() if span[1] == closed}
            self._sums[first, closed] = reduce(Bar.joined_with, self._bars[first:closed])
        return self._sums[first, closed].joined_with(self._bars[-1])

    def _complete(self, begin_s: int, now_s: int) -> None:
        """Have every bar from *begin_s* on, as far as there ever were any."""
        while self._bars[0].open_time_s > begin_s and (older := next(self._past, None)) is not None:
            self._bars = older + self._bars
            self._sums.clear()
        self.fill_quiet_minutes(now_s)

    def _rolled_up(self, begin_s: int, interval_s: int) -> list[Bar]:
        rows: list[Bar] = []
        for bar in self._bars[bisect_left(self._bars, begin_s, key=attrgetter("open_time_s")) :]:
            bucket = bar.open_time_s // interval_s * interval_s
            if rows and rows[-1].open_time_s == bucket:
                rows[-1] = rows[-1].joined_with(bar)
            elif bucket == bar.open_time_s or rows:  # a bucket begun before our past is incomplete: left out
                rows.append(bar._replace(open_time_s=bucket))
        return rows


def made_up_past(
    *, start_s: int, price: int, volume_per_minute: float, trades_per_minute: float, quiet: float, rng: Random
) -> Iterator[list[Bar]]:
    """Bars up to *start_s*, written backwards from *price* so that the newest one ends where live trading begins.

    One list for each grain, the finest and newest first, each oldest first.
    """
    next_price = price
    end = start_s // MINUTE_S * MINUTE_S
    today = start_s // DAY_S * DAY_S
    for grain_s, days in GRAINS:
        bars: list[Bar] = []
        begin = max(today - days * DAY_S, FIRST_DAY_S)
        minutes = grain_s // MINUTE_S
        swing = 0.0003 * math.sqrt(minutes)
        pull = 0.0002 * math.sqrt(minutes)
        for open_time in range(end - grain_s, begin - 1, -grain_s):
            if grain_s == MINUTE_S and rng.random() < quiet:
                bars.append(Bar(open_time, next_price, next_price, next_price, next_price))
                continue
            close = next_price
            drift = pull * math.log(price / close)
            open_ = max(1, round(close * math.exp(rng.gauss(drift, swing))))
            high = max(open_, close) + round(close * abs(rng.gauss(0, swing / 2)))
            low = max(1, min(open_, close) - round(close * abs(rng.gauss(0, swing / 2))))
            volume = max(1, round(volume_per_minute * minutes * math.exp(rng.gauss(0, 0.7))))
            trades = max(1, round(minutes * trades_per_minute * math.exp(rng.gauss(0, 0.5))))
            bars.append(Bar(open_time, open_, high, low, close, volume, (open_ + close) * volume // 2, trades))
            next_price = open_
        end = min(end, begin)
        bars.reverse()
        yield bars
