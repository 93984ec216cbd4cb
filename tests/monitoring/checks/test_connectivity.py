"""What a venue's answers, clock and status word amount to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.errors import Unavailable, Unreachable
from connectors.types import VenueMode
from monitoring.checks.causes import Failure
from monitoring.checks.connectivity import Observation, judge
from monitoring.checks.outcomes import Blame, Cause, Outcome
from monitoring.checks.thresholds import ConnectivityThresholds

LIMITS = ConnectivityThresholds(slow_ms=100, too_slow_ms=1000, skew_ms=2000, too_much_skew_ms=30_000)
HEALTHY = Observation(
    latencies_ms=(30.0, 20.0, 40.0),
    clock_offset_ms=-300.0,
    clock_uncertainty_ms=510.0,
    venue_mode=VenueMode.ONLINE,
    venue_said="online",
)


def test_a_prompt_venue_that_is_online_is_ok() -> None:
    verdict = judge(HEALTHY, LIMITS)

    assert (verdict.outcome, verdict.summary) == (Outcome.OK, "answers in 30 ms, online")
    assert [condition.name for condition in verdict.conditions] == [
        "venue_status",
        "clock_offset",
        "median_latency",
    ]


@pytest.mark.parametrize(
    ("latencies", "outcome"),
    [
        # One slow call of three is chance; the median is not.
        ((90.0, 5000.0, 80.0), Outcome.OK),
        ((101.0, 5000.0, 80.0), Outcome.DEGRADED),
        ((1001.0, 5000.0, 80.0), Outcome.FAILED),
    ],
)
def test_the_median_latency_is_judged(latencies: tuple[float, ...], outcome: Outcome) -> None:
    verdict = judge(replace(HEALTHY, latencies_ms=latencies), LIMITS)

    assert verdict.outcome is outcome
    assert verdict.cause is (Cause.NONE if outcome is Outcome.OK else Cause.SLOW)


@pytest.mark.parametrize(
    ("offset_ms", "outcome"),
    [
        (2510.0, Outcome.OK),
        (-2510.0, Outcome.OK),
        (-2511.0, Outcome.DEGRADED),
        (30_510.0, Outcome.DEGRADED),
        (3_600_000.0, Outcome.FAILED),
    ],
)
def test_a_clock_may_differ_by_the_limit_and_what_the_measurement_cannot_tell(
    offset_ms: float, outcome: Outcome
) -> None:
    verdict = judge(replace(HEALTHY, clock_offset_ms=offset_ms), LIMITS)

    assert verdict.outcome is outcome
    if outcome is not Outcome.OK:
        assert (verdict.cause, verdict.blame) == (Cause.CLOCK_SKEW, Blame.UNKNOWN)


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        (VenueMode.MAINTENANCE, Outcome.FAILED),
        (VenueMode.CANCEL_ONLY, Outcome.DEGRADED),
        (VenueMode.POST_ONLY, Outcome.DEGRADED),
        (VenueMode.LIMIT_ONLY, Outcome.DEGRADED),
        (VenueMode.UNKNOWN, Outcome.DEGRADED),
    ],
)
def test_a_venue_that_is_not_online_says_so_itself(mode: VenueMode, outcome: Outcome) -> None:
    verdict = judge(replace(HEALTHY, venue_mode=mode, venue_said="said"), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        outcome,
        Cause.EXCHANGE_MAINTENANCE,
        Blame.EXCHANGE,
    )
    assert verdict.summary == "venue status: said (limit: online)"


def test_every_mode_has_an_outcome() -> None:
    for mode in VenueMode:
        assert judge(replace(HEALTHY, venue_mode=mode), LIMITS).conditions[0].name == "venue_status"


def test_maintenance_explains_the_errors_that_come_with_it() -> None:
    unavailable = Failure.of(Unavailable("EService:Unavailable"), step="server_time")

    verdict = judge(Observation(venue_mode=VenueMode.MAINTENANCE, failures=(unavailable,)), LIMITS)

    assert verdict.cause is Cause.EXCHANGE_MAINTENANCE


def test_a_venue_that_does_not_answer_is_judged_by_the_error_alone() -> None:
    refused = Failure.of(Unreachable("connection refused", venue="kraken"), step="server_time")

    verdict = judge(Observation(failures=(refused,)), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.TRANSPORT,
        Blame.EXCHANGE,
    )
    assert [condition.name for condition in verdict.conditions] == ["server_time"]
