"""What a venue's answers, clock and status word amount to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import Unavailable, Unreachable
from connectors.types import Phases, ServerTime, VenueMode
from monitoring.checks.causes import Failure
from monitoring.checks.connectivity import Observation, Offset, judge, offset_of
from monitoring.checks.outcomes import Blame, Cause, Kind, Outcome
from monitoring.checks.runner import run_checks
from monitoring.checks.thresholds import ConnectivityThresholds
from tests.monitoring.checks.conftest import SANDBOXES, standing

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
        assert (verdict.cause, verdict.blame) == (Cause.CLOCK_SKEW, Blame.EXCHANGE)


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


PHASES = Phases(dns_ms=5.0, connect_ms=30.0, tls_ms=60.0, first_byte_ms=45.0)


def test_the_phases_of_a_new_connection_are_conditions_of_their_own() -> None:
    verdict = judge(replace(HEALTHY, phases=PHASES), LIMITS)

    phases = {condition.name: condition.seen for condition in verdict.conditions[3:]}
    assert phases == {"name_lookup": "5 ms", "connecting": "30 ms", "tls_handshake": "60 ms", "first_byte": "45 ms"}
    assert verdict.outcome is Outcome.OK


@pytest.mark.parametrize(
    ("phase", "name", "limit_ms"),
    [
        ("dns_ms", "name lookup", 1_000),
        ("connect_ms", "connecting", 1_000),
        ("tls_ms", "tls handshake", 1_500),
        ("first_byte_ms", "first byte", 1_500),
    ],
)
def test_a_slow_phase_is_named_and_degrades(phase: str, name: str, limit_ms: float) -> None:
    at_limit, above = (replace(PHASES, **{phase: value}) for value in (limit_ms, limit_ms + 1))

    assert judge(replace(HEALTHY, phases=at_limit), LIMITS).outcome is Outcome.OK
    verdict = judge(replace(HEALTHY, phases=above), LIMITS)
    assert (verdict.outcome, verdict.cause) == (Outcome.DEGRADED, Cause.SLOW)
    assert verdict.summary == f"{name}: {limit_ms + 1:,} ms (limit: ≤ {limit_ms:,} ms)"


def test_a_connection_without_tls_has_no_handshake_to_judge() -> None:
    verdict = judge(replace(HEALTHY, phases=replace(PHASES, tls_ms=None)), LIMITS)

    assert "tls_handshake" not in {condition.name for condition in verdict.conditions}


def clock(offset_ms: float, *, round_trip_ms: float = 20, resolution_ms: int = 0) -> ServerTime:
    """A call whose own midpoint says that the venue is *offset_ms* ahead."""
    sent_at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    received_at = sent_at + timedelta(milliseconds=round_trip_ms)
    venue_time = sent_at + timedelta(milliseconds=round_trip_ms / 2 + offset_ms - resolution_ms / 2)
    return ServerTime(venue_time, sent_at, received_at, resolution_ms)


@pytest.mark.parametrize(
    ("clocks", "offset"),
    [
        ([clock(100)], Offset(100.0, 10.0, 0.0)),
        # [90, 110], [100, 120] and [60, 140]: the truth is in all of them.
        ([clock(100), clock(110), clock(100, round_trip_ms=80)], Offset(105.0, 5.0, 10.0)),
        # Whole seconds, asked at different moments of them: [-400, 600] and [-900, 100].
        (
            [clock(100, round_trip_ms=0, resolution_ms=1000), clock(-400, round_trip_ms=0, resolution_ms=1000)],
            Offset(-150.0, 250.0, 500.0),
        ),
        # A clock was set between two calls: the better one counts.
        ([clock(5000, round_trip_ms=30), clock(100)], Offset(100.0, 10.0, 4900.0)),
    ],
)
def test_several_calls_tell_the_offset_better_than_one(clocks: list[ServerTime], offset: Offset) -> None:
    assert offset_of(clocks) == offset


def test_without_a_call_there_is_no_offset() -> None:
    assert offset_of([]) is None


@pytest.mark.parametrize("connector_id", SANDBOXES)
async def test_a_healthy_venue_has_its_phases_clock_and_status_seen(connector_id: str) -> None:
    async with standing(connector_id) as (_, connector):
        [result] = await run_checks(connector, [Kind.CONNECTIVITY])

    assert (result.outcome, len(result.evidence["latencies_ms"])) == (Outcome.OK, 3)
    phases = result.evidence["phases"]
    assert phases["tls_ms"] is None
    assert all(0 <= phases[phase] < 500 for phase in ("dns_ms", "connect_ms", "first_byte_ms"))
    assert abs(result.evidence["clock_offset_ms"]) <= result.evidence["clock_uncertainty_ms"] + 50
    assert result.evidence["venue_mode"] == "online"


@pytest.mark.parametrize("connector_id", SANDBOXES)
async def test_a_venue_that_told_us_to_wait_is_asked_no_more(connector_id: str) -> None:
    async with standing(connector_id) as (sandbox, connector):
        sandbox.faults.switch_on("rate_limit")
        [result] = await run_checks(connector, [Kind.CONNECTIVITY])

    assert (result.outcome, result.verdict.cause, result.verdict.blame) == ("inconclusive", "rate_limited", "own_rate")
    assert [condition.name for condition in result.verdict.conditions] == ["server_time"]
