"""What two looks at the same candles must agree on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.types import Candle
from monitoring.checks.candle_history import (
    Change,
    History,
    find_changes,
    find_discrepancies,
    is_other_market,
    recorded,
    records,
    records_in,
    remembered,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def candle(minute: int, volume: str = "1", *, high: str = "103", low: str = "97", closed: bool = True) -> Candle:
    """The one that opens so many minutes after noon."""
    return Candle(
        open_time=NOON + minute * MINUTE,
        open=Decimal(100),
        high=Decimal(high),
        low=Decimal(low),
        close=Decimal(101),
        base_volume=Decimal(volume),
        quote_volume=None,
        trades=None,
        closed=closed,
    )


def history(interval: str, minutes: int, candles: list[Candle], *, settled: int = 60) -> History:
    """Final are those that open before so many minutes past noon."""
    return History(interval, minutes * MINUTE, candles, settled_until=NOON + settled * MINUTE)


ONE_MINUTE = history("1m", 1, [candle(minute) for minute in range(10)])
THREE_MINUTES = history("3m", 3, [candle(0, "3"), candle(3, "3"), candle(6, "3")])

TENTH_OF_A_PERCENT = Decimal("0.001")


def discrepancies(*histories: History) -> list[str]:
    return [str(found) for found in find_discrepancies(histories, tolerance=TENTH_OF_A_PERCENT)[0]]


def test_a_candle_is_recorded_by_value_and_not_as_it_was_printed() -> None:
    assert recorded(candle(0, "1.500")) == "2026-11-21T12:00Z 100 103 97 101 1.5"
    assert recorded(candle(0, "1.5")) == recorded(candle(0, "1.50"))


def test_only_candles_that_are_final_are_recorded() -> None:
    running = history("1m", 1, [candle(0), candle(1), candle(2), candle(3, closed=False)], settled=2)

    assert records(running) == [recorded(candle(0)), recorded(candle(1))]


def test_a_candle_that_reads_differently_has_changed_and_one_that_is_gone_is_not_compared() -> None:
    was = [recorded(candle(-5)), recorded(candle(1, "2")), recorded(candle(2))]

    assert find_changes(was, ONE_MINUTE) == [Change("1m", was=was[1], now_is=recorded(candle(1)))]


def test_a_candle_that_is_not_final_yet_may_change() -> None:
    young = replace(ONE_MINUTE, settled_until=NOON + 9 * MINUTE)

    assert find_changes([recorded(candle(9, "5"))], young) == []
    assert len(find_changes([recorded(candle(8, "5"))], young)) == 1


def test_the_latest_of_each_interval_are_remembered_and_of_one_not_read_those_of_before() -> None:
    before = {"closed": {"1m": ["old"], "5m": ["kept"]}}

    memory = remembered([ONE_MINUTE], before)

    assert memory == {"closed": {"1m": [recorded(candle(minute)) for minute in (7, 8, 9)], "5m": ["kept"]}}
    assert records_in(memory)["5m"] == ("kept",)


@pytest.mark.parametrize("memory", [{}, {"closed": None}, {"closed": [7]}, {"closed": {"1m": 7}}])
def test_a_memory_of_another_shape_holds_no_records(memory: dict[str, object]) -> None:
    assert records_in(memory) == {}


def test_a_market_of_which_nothing_is_as_it_was_is_another_one() -> None:
    one_is_left = {"1m": (recorded(candle(1, "9")), recorded(candle(2)))}
    nothing_is_left = {"1m": (recorded(candle(1, "9")),), "3m": (recorded(candle(3, "9")),)}

    assert not is_other_market(one_is_left, [ONE_MINUTE, THREE_MINUTES])
    assert is_other_market(nothing_is_left, [ONE_MINUTE, THREE_MINUTES])
    assert not is_other_market({}, [ONE_MINUTE])


def test_candles_that_sum_up_the_shorter_ones_agree() -> None:
    assert find_discrepancies([ONE_MINUTE, THREE_MINUTES], tolerance=TENTH_OF_A_PERCENT) == ([], 3)


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (candle(3, "3.01"), "3m of 2026-11-21 12:03: volume 3.01, its 1m candles 3"),
        (candle(3, "3", high="104"), "3m of 2026-11-21 12:03: high 104, its 1m candles 103"),
        (candle(3, "3", low="96"), "3m of 2026-11-21 12:03: low 96, its 1m candles 97"),
    ],
)
def test_a_candle_that_says_something_else_than_its_parts_is_told(whole: Candle, said: str) -> None:
    long = replace(THREE_MINUTES, candles=[candle(0, "3"), whole])

    assert discrepancies(ONE_MINUTE, long) == [said]


def test_a_volume_that_was_only_rounded_agrees() -> None:
    assert discrepancies(ONE_MINUTE, replace(THREE_MINUTES, candles=[candle(3, "3.003")])) == []
    assert discrepancies(ONE_MINUTE, replace(THREE_MINUTES, candles=[candle(3, "3.0031")])) != []


def test_a_quiet_candle_that_is_left_out_changes_no_sum() -> None:
    omitting = replace(ONE_MINUTE, candles=[candle(minute) for minute in (0, 1, 2, 3, 5, 6)])

    assert discrepancies(omitting, replace(THREE_MINUTES, candles=[candle(3, "2")])) == []


def test_a_quiet_candle_that_repeats_the_last_price_makes_no_high_and_no_low() -> None:
    quiet = candle(3, "0", high="500", low="1")
    parts = replace(ONE_MINUTE, candles=[candle(2), quiet, candle(4), candle(5), candle(6)])

    assert discrepancies(parts, replace(THREE_MINUTES, candles=[candle(3, "2")])) == []


def test_a_candle_of_quiet_parts_alone_has_no_prices_to_compare() -> None:
    parts = replace(ONE_MINUTE, candles=[candle(minute, "0", high="500") for minute in range(2, 7)])

    assert discrepancies(parts, replace(THREE_MINUTES, candles=[candle(3, "0")])) == []


def test_trades_that_are_in_none_of_the_parts_are_lost_where_a_part_is_missing() -> None:
    whole = replace(THREE_MINUTES, candles=[candle(3, "3")])
    with_a_hole = replace(ONE_MINUTE, candles=[candle(minute) for minute in (2, 3, 5, 6)])
    short_of_volume = replace(ONE_MINUTE, candles=[candle(2), candle(3), candle(4, "0.5"), candle(5), candle(6)])

    [lost], _ = find_discrepancies([with_a_hole, whole], tolerance=TENTH_OF_A_PERCENT)
    [small], _ = find_discrepancies([short_of_volume, whole], tolerance=TENTH_OF_A_PERCENT)

    assert (lost.is_lost, small.is_lost) == (True, False)


@pytest.mark.parametrize(
    "parts",
    [
        [candle(minute) for minute in range(4, 10)],  # begins within
        [candle(minute) for minute in range(5)],  # ends within
        [],
    ],
)
def test_a_candle_whose_parts_were_not_all_asked_for_is_not_compared(parts: list[Candle]) -> None:
    long = replace(THREE_MINUTES, candles=[candle(3, "9")])

    assert find_discrepancies([replace(ONE_MINUTE, candles=parts), long], tolerance=TENTH_OF_A_PERCENT) == ([], 0)


def test_parts_that_are_not_final_are_not_compared() -> None:
    young = replace(ONE_MINUTE, settled_until=NOON + 5 * MINUTE)

    assert discrepancies(young, replace(THREE_MINUTES, candles=[candle(3, "9")])) == []


def test_the_longest_of_the_shorter_intervals_is_the_one_compared_with() -> None:
    six = history("6m", 6, [candle(0, "7")])

    assert discrepancies(ONE_MINUTE, THREE_MINUTES, six) == ["6m of 2026-11-21 12:00: volume 7, its 3m candles 6"]


def test_an_interval_that_does_not_divide_another_is_not_compared() -> None:
    four = history("4m", 4, [candle(0, "9")])

    assert discrepancies(THREE_MINUTES, four) == []


def test_candles_that_are_wrong_in_themselves_are_left_to_their_own_condition() -> None:
    doubled = replace(ONE_MINUTE, candles=[candle(minute) for minute in (2, 3, 4, 4, 5, 6)])
    unreadable = replace(ONE_MINUTE, candles=[candle(2), candle(3, "NaN"), candle(4), candle(5), candle(6)])
    long = replace(THREE_MINUTES, candles=[candle(3, "3")])

    assert discrepancies(doubled, long) == []
    assert discrepancies(unreadable, long) == []
