"""What a venue that errs makes of its candles, whatever words it prints them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.sandbox.candles import Bar
    from connectors.sandbox.faults import Faults

REWRITES = 1000  # then the rewritten values begin again


class CandleFaults:
    """Spoils the rows of every read as the faults demand."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._reads = 0

    def spoil(self, bars: list[Bar]) -> list[Bar]:
        """*bars*, oldest first with the forming one last, as they are given out; the list itself is left alone."""
        bars = list(bars)
        if stale := self._faults.get("candle_stale"):
            del bars[max(1, len(bars) - stale["intervals"]) :]
        if self._faults.is_on("candle_rewrite"):
            self._reads += 1
            bars[:-1] = [_rewritten(bar, self._reads % REWRITES + 1) for bar in bars[:-1]]
        if (at := self._place("candle_prices", bars)) is not None:
            bars[at] = bars[at]._replace(high=bars[at].low, low=bars[at].high + 1)
        if (at := self._place("candle_disorder", bars)) is not None:
            bars[at - 1 : at + 1] = [bars[at], bars[at - 1]]
        if (at := self._place("candle_duplicate", bars)) is not None:
            bars.insert(at, bars[at])
        if (gap := self._faults.get("candle_gap")) and (at := self._place("candle_gap", bars)) is not None:
            del bars[max(0, at + 1 - gap["rows"]) : at + 1]
        return bars

    def _place(self, name: str, bars: list[Bar]) -> int | None:
        """The row that a fault concerns, None where it is off or the answer too short."""
        fault = self._faults.get(name)
        at = len(bars) - 1 - fault["back"] if fault else 0
        return at if at > 0 else None


def _rewritten(bar: Bar, number: int) -> Bar:
    """A candle as it could have been: a higher high and more volume; a quiet one has nothing to rewrite."""
    return bar._replace(high=bar.high + number, volume=bar.volume + number) if bar.trades else bar
