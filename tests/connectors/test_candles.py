"""Candle rules: a clean series has no fault, and each injected breach is named exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.candles import INTERVALS, CandleFault, CandleFaultKind, find_faults, freshness, is_closed, roll_up
from connectors.types import Candle

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def candle(open_time: datetime, *, closed: bool = True) -> Candle:
    return Candle(
        open_time=open_time,
        open=Decimal("100.0"),
        high=Decimal("110.0"),
        low=Decimal("90.0"),
        close=Decimal("105.0"),
        base_volume=Decimal("1.5"),
        quote_volume=Decimal("150"),
        trades=3,
        closed=closed,
    )


def series(count: int, *, start: datetime = NOON, interval: timedelta = MINUTE) -> list[Candle]:
    """*count* clean candles, the last one still forming."""
    return [candle(start + interval * number, closed=number < count - 1) for number in range(count)]


def at(minute: int) -> datetime:
    return NOON + minute * MINUTE


def kinds(faults: list[CandleFault]) -> list[tuple[CandleFaultKind, datetime]]:
    return [(fault.kind, fault.open_time) for fault in faults]


def test_every_interval_is_as_long_as_its_name_says() -> None:
    unit = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

    assert {name: int(name[:-1]) * unit[name[-1]] for name in INTERVALS} == INTERVALS


# What breaks.


def test_missing_candles_are_one_gap_with_its_exact_range() -> None:
    candles = series(10)
    del candles[3:6]

    assert find_faults(candles, MINUTE) == [
        CandleFault(CandleFaultKind.GAP, at(3), "3 missing before 2026-11-20 12:06:00 UTC", missing_until=at(6))
    ]


def test_a_hole_is_excused_where_the_venue_omits_quiet_candles_and_the_price_stood_still() -> None:
    candles = [replace(row, open=Decimal(105)) for row in series(10)]
    del candles[3:6]

    assert find_faults(candles, MINUTE, omits_quiet=True) == []
    assert kinds(find_faults(candles, MINUTE)) == [(CandleFaultKind.GAP, at(3))]


def test_a_hole_across_which_the_price_moved_is_a_gap_even_where_quiet_candles_are_omitted() -> None:
    candles = series(10)  # each opens at 100 and closes at 105
    del candles[3:6]

    assert kinds(find_faults(candles, MINUTE, omits_quiet=True)) == [(CandleFaultKind.GAP, at(3))]


def test_candles_of_a_longer_interval_than_asked_for_are_gaps() -> None:
    faults = find_faults(series(3, interval=7 * MINUTE, start=EPOCH), MINUTE)

    assert [(fault.kind, fault.missing_until) for fault in faults] == [
        (CandleFaultKind.GAP, EPOCH + 7 * MINUTE),
        (CandleFaultKind.GAP, EPOCH + 14 * MINUTE),
    ]


def test_newest_first_is_out_of_order_and_nothing_else() -> None:
    faults = find_faults(series(4)[::-1], MINUTE)

    assert kinds(faults) == [(CandleFaultKind.OUT_OF_ORDER, at(minute)) for minute in range(3)]
    assert faults[0].message == "comes after the candle of 2026-11-20 12:03:00 UTC"


def test_candle_off_the_grid_is_misaligned_and_its_place_is_missing() -> None:
    candles = series(5)
    candles[2] = candle(at(2) + timedelta(seconds=20))

    assert find_faults(candles, MINUTE) == [
        CandleFault(CandleFaultKind.GAP, at(2), "1 missing before 2026-11-20 12:03:00 UTC", missing_until=at(3)),
        CandleFault(
            CandleFaultKind.MISALIGNED,
            at(2) + timedelta(seconds=20),
            "opens 0:00:20 after the start of an interval",
        ),
    ]


def test_whole_series_off_the_grid_is_misaligned_up_to_a_day() -> None:
    day = timedelta(days=1)
    faults = find_faults(series(2, start=EPOCH + timedelta(hours=5), interval=day), day)

    assert [fault.kind for fault in faults] == [CandleFaultKind.MISALIGNED, CandleFaultKind.MISALIGNED]


@pytest.mark.parametrize("weekday", range(7))
def test_weeks_may_begin_on_any_weekday_but_all_on_the_same(weekday: int) -> None:
    week = timedelta(weeks=1)
    candles = series(6, start=datetime(2026, 1, 1 + weekday, tzinfo=UTC), interval=week)
    assert find_faults(candles, week) == []

    shifted = candles[0].open_time - timedelta(days=1)
    candles[0] = candle(shifted)
    assert kinds(find_faults(candles, week)) == [(CandleFaultKind.MISALIGNED, shifted)]


@pytest.mark.parametrize(
    "changes",
    [
        {"low": Decimal("100.1")},
        {"low": Decimal("105.0"), "open": Decimal("104.9")},
        {"high": Decimal("104.9")},
        {"high": Decimal("105"), "open": Decimal("105.1")},
        {"low": Decimal(0)},
        {"low": Decimal(-1)},
        {"close": Decimal("NaN")},
        {"high": Decimal("Infinity")},
    ],
)
def test_prices_that_contradict_one_another_are_shown(changes: dict[str, Decimal]) -> None:
    candles = series(3)
    candles[1] = replace(candles[1], **changes)  # type: ignore[arg-type]  # only prices are changed

    faults = find_faults(candles, MINUTE)

    assert kinds(faults) == [(CandleFaultKind.PRICES, at(1))]
    assert all(str(price) in faults[0].message for price in changes.values())


def test_message_about_prices_names_all_four() -> None:
    broken = replace(candle(NOON), low=Decimal("100.1"))

    assert find_faults([broken], MINUTE)[0].message == "open 100.0 high 110.0 low 100.1 close 105.0"


def test_prices_that_just_touch_are_accepted() -> None:
    still = replace(candle(NOON), open=Decimal(5), high=Decimal(5), low=Decimal(5), close=Decimal(5))

    assert find_faults([still], MINUTE) == []


@pytest.mark.parametrize("volume", [Decimal("-0.1"), Decimal("NaN"), Decimal("Infinity")])
def test_impossible_volume_is_named(volume: Decimal) -> None:
    candles = [
        replace(candle(at(0)), base_volume=volume),
        replace(candle(at(1)), quote_volume=volume),
        replace(candle(at(2)), base_volume=Decimal(0), quote_volume=None),
    ]

    assert find_faults(candles, MINUTE) == [
        CandleFault(CandleFaultKind.VOLUME, at(0), f"base volume {volume}"),
        CandleFault(CandleFaultKind.VOLUME, at(1), f"quote volume {volume}"),
    ]


def test_forming_candle_may_only_be_the_newest() -> None:
    candles = [candle(at(minute), closed=minute not in (1, 4, 5)) for minute in range(6)]

    assert kinds(find_faults(candles, MINUTE)) == [
        (CandleFaultKind.UNCLOSED, at(1)),
        (CandleFaultKind.UNCLOSED, at(4)),
    ]


def test_candle_that_opens_after_the_venues_clock_is_from_the_future() -> None:
    candles = series(3)

    assert find_faults(candles, MINUTE, now=at(2)) == []
    assert kinds(find_faults(candles, MINUTE, now=at(1))) == [(CandleFaultKind.FUTURE, at(2))]


def test_no_candle_has_no_fault() -> None:
    assert find_faults([], MINUTE, now=NOON) == []


# Closed and fresh.


def test_candle_is_closed_from_the_moment_its_interval_ends() -> None:
    assert not is_closed(NOON, MINUTE, at(1) - timedelta(microseconds=1))
    assert is_closed(NOON, MINUTE, at(1))


def test_freshness_counts_from_the_end_of_the_newest_closed_candle() -> None:
    candles = [candle(at(1)), candle(at(0)), candle(at(2), closed=False)]

    assert freshness(candles, MINUTE, now=at(5)) == 3 * MINUTE
    assert freshness(candles[2:], MINUTE, now=at(5)) is None
    assert freshness([], MINUTE, now=at(5)) is None


# Any clean series, and any one breach in it.


@st.composite
def clean_series(draw: st.DrawFn) -> tuple[list[Candle], timedelta]:
    interval = draw(st.sampled_from(list(INTERVALS.values())))
    start = EPOCH + interval * draw(st.integers(min_value=1_000, max_value=1_300))
    return series(draw(st.integers(min_value=4, max_value=30)), start=start, interval=interval), interval


@given(clean_series())
def test_clean_series_has_no_fault(clean: tuple[list[Candle], timedelta]) -> None:
    candles, interval = clean

    assert find_faults(candles, interval, now=candles[-1].open_time) == []


@given(clean_series(), st.data())
def test_any_removal_inside_is_found_as_exactly_its_ranges(
    clean: tuple[list[Candle], timedelta], data: st.DataObject
) -> None:
    candles, interval = clean
    removed = sorted(data.draw(st.sets(st.integers(1, len(candles) - 2))))
    runs = [[number for _, number in run] for _, run in groupby(enumerate(removed), lambda pair: pair[1] - pair[0])]

    faults = find_faults([c for number, c in enumerate(candles) if number not in removed], interval)

    assert [(fault.kind, fault.open_time, fault.missing_until) for fault in faults] == [
        (CandleFaultKind.GAP, candles[run[0]].open_time, candles[run[-1] + 1].open_time) for run in runs
    ]


@given(clean_series(), st.data())
def test_any_repetition_is_found_as_exactly_one_duplicate(
    clean: tuple[list[Candle], timedelta], data: st.DataObject
) -> None:
    candles, interval = clean
    repeated = data.draw(st.integers(0, len(candles) - 1))
    again_at = data.draw(st.integers(repeated + 1, len(candles)))

    faults = find_faults([*candles[:again_at], candles[repeated], *candles[again_at:]], interval)

    assert kinds(faults) == [(CandleFaultKind.DUPLICATE, candles[repeated].open_time)]


@given(clean_series(), st.data())
def test_any_swap_is_found_as_exactly_the_candles_that_came_too_late(
    clean: tuple[list[Candle], timedelta], data: st.DataObject
) -> None:
    candles, interval = clean
    left = data.draw(st.integers(0, len(candles) - 2))
    right = data.draw(st.integers(left + 1, len(candles) - 1))
    swapped = list(candles)
    swapped[left], swapped[right] = swapped[right], swapped[left]

    faults = find_faults(swapped, interval)

    assert kinds(faults) == [(CandleFaultKind.OUT_OF_ORDER, late.open_time) for late in candles[left:right]]


@given(clean_series(), st.data())
def test_any_shift_off_the_grid_is_found_with_the_place_it_left(
    clean: tuple[list[Candle], timedelta], data: st.DataObject
) -> None:
    candles, interval = clean
    number = data.draw(st.integers(1, len(candles) - 2))
    shift = data.draw(st.integers(1, interval // timedelta(seconds=1) - 1)) * timedelta(seconds=1)
    shifted = list(candles)
    shifted[number] = candle(candles[number].open_time + shift)

    faults = find_faults(shifted, interval)

    assert [(fault.kind, fault.open_time, fault.missing_until) for fault in faults] == [
        (CandleFaultKind.GAP, candles[number].open_time, candles[number + 1].open_time),
        (CandleFaultKind.MISALIGNED, candles[number].open_time + shift, None),
    ]


# Rolling up.


def test_three_candles_become_one_of_the_first_open_and_the_last_close() -> None:
    prices = [("10", "12", "9", "11"), ("11", "15", "11", "14"), ("14", "14", "8", "9")]
    parts = [
        replace(
            candle(at(minute)),
            open=Decimal(opened),
            high=Decimal(high),
            low=Decimal(low),
            close=Decimal(close),
            base_volume=Decimal(minute + 1),
        )
        for minute, (opened, high, low, close) in enumerate(prices)
    ]

    (rolled,) = roll_up(parts, MINUTE, 3 * MINUTE)

    assert (rolled.open, rolled.high, rolled.low, rolled.close) == (Decimal(10), Decimal(15), Decimal(8), Decimal(9))
    assert (rolled.base_volume, rolled.quote_volume, rolled.trades) == (Decimal(6), Decimal(450), 9)
    assert (rolled.open_time, rolled.closed) == (NOON, True)


def test_a_bucket_is_closed_only_when_it_is_whole_or_a_later_one_has_begun() -> None:
    parts = [candle(at(minute)) for minute in range(5)]

    assert [rolled.closed for rolled in roll_up(parts, MINUTE, 3 * MINUTE)] == [True, False]
    assert [rolled.closed for rolled in roll_up(parts[:2], MINUTE, 3 * MINUTE)] == [False]
    assert [rolled.closed for rolled in roll_up([*parts[:2], candle(at(3))], MINUTE, 3 * MINUTE)] == [True, False]


def test_a_volume_that_is_not_known_of_one_part_is_not_known_of_the_whole() -> None:
    parts = [candle(at(0)), replace(candle(at(1)), quote_volume=None, trades=None)]

    (rolled,) = roll_up(parts, MINUTE, 3 * MINUTE)

    assert (rolled.quote_volume, rolled.trades) == (None, None)


@given(
    minutes=st.sets(st.integers(0, 200), min_size=1),
    parts=st.sampled_from([2, 3, 5, 60]),
    data=st.data(),
)
def test_rolling_up_loses_no_volume_and_no_extreme(minutes: set[int], parts: int, data: st.DataObject) -> None:
    number = st.integers(1, 1_000)
    candles = [
        replace(
            candle(at(minute)),
            high=Decimal(data.draw(number)),
            low=Decimal(data.draw(number)),
            base_volume=Decimal(data.draw(number)) / 8,
        )
        for minute in sorted(minutes)
    ]
    wider = parts * MINUTE

    rolled = roll_up(candles, MINUTE, wider)

    assert sum(row.base_volume for row in rolled) == sum(row.base_volume for row in candles)
    assert max(row.high for row in rolled) == max(row.high for row in candles)
    assert min(row.low for row in rolled) == min(row.low for row in candles)
    assert {row.open_time for row in rolled} == {EPOCH + (row.open_time - EPOCH) // wider * wider for row in candles}
    assert all(row.closed for row in rolled[:-1])
    assert rolled[-1].closed == ((candles[-1].open_time + MINUTE - EPOCH) % wider == timedelta())
