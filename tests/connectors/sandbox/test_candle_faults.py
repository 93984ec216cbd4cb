"""Candles that a fault has spoiled, row by row; every fault leaves the others' rows alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.sandbox.candle_faults import CandleFaults
from connectors.sandbox.candles import Bar
from connectors.sandbox.faults import Faults

if TYPE_CHECKING:
    from connectors.sandbox.faults import Parameter

BARS = [Bar(minute * 60, 100, 105, 95, 102, volume=7, turnover=700, trades=3) for minute in range(10)]


def spoiled_by(name: str, **given: Parameter) -> list[Bar]:
    faults = Faults()
    faults.switch_on(name, **given)
    return CandleFaults(faults).spoil(BARS)


def minutes(bars: list[Bar]) -> list[int]:
    return [bar.open_time_s // 60 for bar in bars]


def test_without_a_fault_nothing_is_spoiled() -> None:
    assert CandleFaults(Faults()).spoil(BARS) == BARS


@pytest.mark.parametrize(
    ("name", "given", "left"),
    [
        ("candle_gap", {}, [0, 1, 2, 3, 4, 5, 7, 8, 9]),
        ("candle_gap", {"rows": 2, "back": 1}, [0, 1, 2, 3, 4, 5, 6, 9]),
        ("candle_gap", {"rows": 50, "back": 8}, [2, 3, 4, 5, 6, 7, 8, 9]),
        ("candle_gap", {"back": 50}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("candle_duplicate", {}, [0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9]),
        ("candle_disorder", {"back": 2}, [0, 1, 2, 3, 4, 5, 7, 6, 8, 9]),
        ("candle_stale", {"intervals": 4}, [0, 1, 2, 3, 4, 5]),
        ("candle_stale", {"intervals": 50}, [0]),
    ],
)
def test_rows_that_a_fault_leaves(name: str, given: dict[str, Parameter], left: list[int]) -> None:
    assert minutes(spoiled_by(name, **given)) == left


def test_prices_of_one_candle_break_the_invariant_even_where_nothing_moved() -> None:
    assert [bar.high < bar.low for bar in spoiled_by("candle_prices", back=2)] == [False] * 7 + [True, False, False]
    faults = Faults()
    faults.switch_on("candle_prices")
    still = [Bar(minute * 60, 100, 100, 100, 100) for minute in range(10)]
    assert CandleFaults(faults).spoil(still)[6].high < CandleFaults(faults).spoil(still)[6].low


def test_rewritten_candles_differ_from_read_to_read_but_stay_possible() -> None:
    faults = Faults()
    faults.switch_on("candle_rewrite")
    candles = CandleFaults(faults)
    first, second = candles.spoil(BARS), candles.spoil(BARS)
    assert all(row != again for row, again in zip(first[:-1], second[:-1], strict=True))
    assert first[-1] == second[-1] == BARS[-1]
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in first + second)
    faults.clear()
    assert candles.spoil(BARS) == BARS


def test_rewriting_leaves_a_quiet_candle_quiet() -> None:
    faults = Faults()
    faults.switch_on("candle_rewrite")
    quiet = Bar(0, 100, 100, 100, 100)
    assert CandleFaults(faults).spoil([quiet, BARS[1]]) == [quiet, BARS[1]]
