"""What a series of candles shows, and what that amounts to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from connectors.errors import Timeout
from connectors.types import Candle, TradingPair
from monitoring.checks.candles import Observation, Series, judge, measure
from monitoring.checks.causes import Failure
from monitoring.checks.outcomes import Blame, Cause, Outcome
from monitoring.checks.thresholds import CandlesThresholds

LIMITS = CandlesThresholds(max_age_intervals=2, grace_s=60)
PAIR = TradingPair("BTC", "USD")
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def candle(minutes_before_noon: int, *, closed: bool = True) -> Candle:
    price = Decimal("100.5")
    return Candle(
        open_time=NOON - minutes_before_noon * MINUTE,
        open=price,
        high=price,
        low=price,
        close=price,
        base_volume=Decimal(1),
        quote_volume=None,
        trades=1,
        closed=closed,
    )


WHOLE = [candle(3), candle(2), candle(1), candle(0, closed=False)]


def series(candles: list[Candle], *, seconds_past_noon: float = 20.0, margin: timedelta = timedelta()) -> Series:
    venue_now = NOON + timedelta(seconds=seconds_past_noon)
    return measure(candles, "1m", MINUTE, earliest=venue_now, latest=venue_now + margin)


def test_a_whole_and_fresh_series_is_ok() -> None:
    seen = series(WHOLE)

    assert (seen.candles, seen.newest_closed, seen.age) == (4, NOON - MINUTE, timedelta(seconds=20))
    assert (seen.has_forming, seen.closed_early, seen.fault_count) == (True, 0, 0)
    verdict = judge(Observation(PAIR, series=(seen,)), LIMITS)
    assert (verdict.outcome, verdict.summary) == (Outcome.OK, "whole and fresh: 1m")


def test_a_gap_is_a_candle_fault_of_the_exchange_and_is_named() -> None:
    verdict = judge(Observation(PAIR, series=(series([candle(3), candle(1), WHOLE[-1]]),)), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.CANDLE_FAULT,
        Blame.EXCHANGE,
    )
    assert verdict.summary == "1m faults: 1 (gap: 1 missing before 2026-11-21T11:59:00+00:00) (limit: 0)"


def test_only_the_first_few_faults_are_kept_but_all_are_counted() -> None:
    seen = series([candle(minutes) for minutes in range(20, 0, -2)])

    assert (seen.fault_count, len(seen.faults)) == (9, 5)


def test_a_candle_closed_before_its_time_is_the_connectors_fault() -> None:
    verdict = judge(Observation(PAIR, series=(series([*WHOLE[:-1], candle(0, closed=True)]),)), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.CANDLE_FAULT,
        Blame.CONNECTOR,
    )
    assert verdict.summary == "1m closed early: 1 (limit: 0)"


def test_a_clock_that_is_known_only_to_a_second_makes_no_candle_early() -> None:
    new_minute = [*WHOLE[:-1], candle(0), candle(-1, closed=False)]

    seen = series(new_minute, seconds_past_noon=59.6, margin=timedelta(milliseconds=500))

    assert (seen.closed_early, seen.fault_count) == (0, 0)
    assert series(new_minute, seconds_past_noon=59.6).fault_count == 1


def test_candles_that_stopped_are_stale() -> None:
    at_the_limit = series(WHOLE, seconds_past_noon=180)
    beyond = series(WHOLE, seconds_past_noon=181)

    assert judge(Observation(PAIR, series=(at_the_limit,)), LIMITS).outcome is Outcome.OK
    verdict = judge(Observation(PAIR, series=(beyond,)), LIMITS)
    assert (verdict.cause, verdict.blame) == (Cause.STALE_DATA, Blame.EXCHANGE)
    assert verdict.summary == "1m age: 181 s (limit: ≤ 180 s)"


def test_no_candles_at_all_is_a_fault() -> None:
    seen = series([])

    assert (seen.newest_closed, seen.age, seen.has_forming) == (None, None, False)
    verdict = judge(Observation(PAIR, series=(seen,)), LIMITS)
    assert (verdict.outcome, verdict.cause) == (Outcome.FAILED, Cause.CANDLE_FAULT)
    assert verdict.summary == "1m age: no closed candle (limit: ≤ 180 s)"


def test_one_bad_interval_is_enough_and_is_the_one_named() -> None:
    hour = replace(series(WHOLE), interval="1h", fault_count=1)

    verdict = judge(Observation(PAIR, series=(series(WHOLE), hour)), LIMITS)

    assert verdict.summary == "1h faults: 1 (limit: 0)"


def test_an_interval_that_did_not_come_is_judged_by_its_error() -> None:
    late = Failure.of(Timeout("no answer within 10 s"), step="candles_5m")

    verdict = judge(Observation(PAIR, (series(WHOLE),), ("15m",), (late,)), LIMITS)

    assert (verdict.cause, verdict.conditions[0].name) == (Cause.TIMEOUT, "candles_5m")
