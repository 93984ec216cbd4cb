"""What a series of candles shows, and what that amounts to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import Timeout
from connectors.types import Candle, TradingPair
from monitoring.checks.candle_history import Change, Discrepancy
from monitoring.checks.candles import Observation, Series, judge, measure, observe
from monitoring.checks.causes import Failure
from monitoring.checks.evidence import Scope, as_json
from monitoring.checks.outcomes import Blame, Cause, Outcome
from monitoring.checks.thresholds import CandlesThresholds
from tests.monitoring.checks.conftest import standing

LIMITS = CandlesThresholds(max_age_intervals=2, grace_s=60, quiet_grace_s=900)
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
    assert (verdict.outcome, verdict.summary) == (Outcome.OK, "whole, fresh and unchanged: 1m")


def test_a_gap_is_a_candle_fault_of_the_exchange_and_is_named() -> None:
    verdict = judge(Observation(PAIR, series=(series([candle(3), candle(1), WHOLE[-1]]),)), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.CANDLE_FAULT,
        Blame.EXCHANGE,
    )
    assert verdict.summary == "1m faults: 1 (gap: 1 missing before 2026-11-21 11:59:00 UTC) (limit: 0)"


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

    verdict = judge(Observation(PAIR, series=(series(WHOLE),), not_asked=("15m",), failures=(late,)), LIMITS)

    assert (verdict.cause, verdict.conditions[0].name) == (Cause.TIMEOUT, "candles_5m")


def test_where_quiet_candles_are_left_out_the_longer_intervals_tell_what_is_old() -> None:
    quiet = Observation(PAIR, omits_quiet=True, series=(series(WHOLE, seconds_past_noon=1080),))
    too_quiet = replace(quiet, series=(series(WHOLE, seconds_past_noon=1081),))

    assert judge(quiet, LIMITS).outcome is Outcome.OK
    assert judge(replace(quiet, omits_quiet=False), LIMITS).cause is Cause.STALE_DATA
    assert judge(too_quiet, LIMITS).cause is Cause.STALE_DATA


def test_a_closed_candle_that_changed_is_the_exchanges_fault_and_is_shown_before_and_after() -> None:
    change = Change("1m", was="2026-11-21T11:59Z 1 2 1 2 7", now_is="2026-11-21T11:59Z 1 2 1 2 8")

    verdict = judge(Observation(PAIR, series=(series(WHOLE),), change_count=3, changes=(change,)), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (Outcome.FAILED, Cause.CANDLE_CHANGED, Blame.EXCHANGE)
    assert verdict.summary == (
        "closed candles changed: 3 (1m: was 2026-11-21T11:59Z 1 2 1 2 7, is 2026-11-21T11:59Z 1 2 1 2 8) (limit: 0)"
    )


@pytest.mark.parametrize(
    ("of", "says", "they_say", "has_hole", "outcome"),
    [
        ("volume", 9, 7, True, Outcome.FAILED),  # trades that are nowhere in the shorter ones, and a place for them
        ("volume", 9, 7, False, Outcome.DEGRADED),
        ("volume", 7, 9, True, Outcome.DEGRADED),
        ("high", 9, 7, True, Outcome.DEGRADED),
    ],
)
def test_intervals_that_disagree_are_a_blemish_unless_a_traded_candle_is_missing(
    of: str, says: int, they_say: int, *, has_hole: bool, outcome: Outcome
) -> None:
    found = Discrepancy("5m", NOON, of, Decimal(says), "1m", Decimal(they_say), has_hole)
    seen = Observation(PAIR, series=(series(WHOLE),), summed_up=12, discrepancy_count=1, discrepancies=(found,))

    verdict = judge(seen, LIMITS)

    assert (verdict.outcome, verdict.cause) == (outcome, Cause.CANDLE_FAULT)
    assert verdict.summary == (
        f"intervals disagree: 1 (5m of 2026-11-21 12:00: {of} {says}, its 1m candles {they_say}) (limit: 0 of 12)"
    )


FAULTS = [
    ("candle_gap", Cause.CANDLE_FAULT),
    ("candle_duplicate", Cause.CANDLE_FAULT),
    ("candle_disorder", Cause.CANDLE_FAULT),
    ("candle_prices", Cause.CANDLE_FAULT),
    ("candle_stale", Cause.STALE_DATA),
    ("candle_rewrite", Cause.CANDLE_CHANGED),
]


@pytest.mark.parametrize("connector_id", ["kraken", "kucoin"])
@pytest.mark.parametrize(("fault", "cause"), FAULTS)
async def test_a_fault_of_the_candles_is_found_in_one_run(connector_id: str, fault: str, cause: Cause) -> None:
    async with standing(connector_id) as (sandbox, connector):
        sandbox.faults.switch_on(fault)
        seen = await observe(connector, Scope(connector.default_pair, 0, 30), CandlesThresholds())

    verdict = judge(seen, CandlesThresholds())
    assert (verdict.outcome, verdict.cause, verdict.blame) == (Outcome.FAILED, cause, Blame.EXCHANGE)


@pytest.mark.parametrize(
    "connector_id",
    [
        "kraken",
        "kucoin",
        pytest.param("kucoin_perpetual", marks=pytest.mark.slow("its list of contracts alone takes half a second")),
    ],
)
async def test_two_runs_over_a_sound_market_find_nothing(connector_id: str) -> None:
    limits = CandlesThresholds()
    async with standing(connector_id) as (_, connector):
        first = await observe(connector, Scope(connector.default_pair, 0, 30), limits)
        previous = json.loads(json.dumps(as_json(first)))
        second = await observe(connector, Scope(connector.default_pair, 0, 30, previous), limits)

    assert judge(first, limits).outcome is Outcome.OK
    assert judge(second, limits).outcome is Outcome.OK
    assert [one.interval for one in first.series] == list(connector.candle_intervals)
    assert first.reread == "1m"
    assert first.summed_up >= 20
    assert {interval: len(lines) for interval, lines in first.memory["closed"].items()} == dict.fromkeys(
        connector.candle_intervals, 3
    )


@pytest.mark.slow(reason="three runs over every interval, and a perpetual's history is made first")
async def test_a_hole_that_was_filled_leaves_nothing_behind() -> None:
    async with standing("kucoin_perpetual") as (sandbox, connector):
        pair = connector.default_pair
        before = await observe(connector, Scope(pair, 0, 30), CandlesThresholds())
        sandbox.faults.switch_on("candle_gap")
        holed = await observe(connector, Scope(pair, 0, 30, as_json(before)), CandlesThresholds())
        sandbox.faults.clear()

        after = await observe(connector, Scope(pair, 0, 30, as_json(holed)), CandlesThresholds())

    assert judge(holed, CandlesThresholds()).outcome is Outcome.FAILED
    assert judge(after, CandlesThresholds()).outcome is Outcome.OK


async def test_a_candle_that_changed_since_the_last_run_is_found() -> None:
    limits = CandlesThresholds()
    async with standing("kraken") as (_, connector):
        previous = as_json(await observe(connector, Scope(connector.default_pair, 0, 30), limits))
        weeks = previous["memory"]["closed"]["1w"]
        now_is = weeks[1]
        was = weeks[1] = f"{now_is.rpartition(' ')[0]} 12345"
        second = await observe(connector, Scope(connector.default_pair, 0, 30, previous), limits)

    assert (second.change_count, second.changes) == (1, (Change("1w", was, now_is),))
    assert judge(second, limits).cause is Cause.CANDLE_CHANGED


async def test_a_sandbox_that_began_anew_is_another_market() -> None:
    of_another = {"memory": {"closed": {"1w": ["2026-11-05T00:00Z 1 2 1 2 3", "2026-11-12T00:00Z 1 2 1 2 3"]}}}
    async with standing("kraken") as (_, connector):
        seen = await observe(connector, Scope(connector.default_pair, 0, 30, of_another), CandlesThresholds())

    assert seen.change_count == 0


@pytest.mark.parametrize("previous", [{}, {"memory": 7}, {"memory": {"closed": "x"}}, {"left_out": "too much"}])
async def test_a_last_run_that_cannot_be_read_is_passed_over(previous: dict[str, Any]) -> None:
    async with standing("kraken") as (_, connector):
        seen = await observe(connector, Scope(connector.default_pair, 0, 30, previous), CandlesThresholds())

    assert (seen.change_count, seen.failures) == (0, ())
