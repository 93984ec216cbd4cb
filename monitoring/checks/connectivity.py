"""Is the venue there, how fast does it answer, how does its clock stand to ours, and what does it say of itself?"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from connectors.base import MarketData
from connectors.types import VenueMode
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Blame, Cause, Condition, Outcome, Verdict, at_most, holds

if TYPE_CHECKING:
    from connectors.types import ServerTime, VenueStatus
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import ConnectivityThresholds

NEEDS = (MarketData,)

NO_ANSWER = (Cause.TRANSPORT, Cause.TIMEOUT)
"""A venue that is not there has nothing to say of itself either."""

OUTCOME_OF_MODE = {
    VenueMode.ONLINE: Outcome.OK,
    VenueMode.MAINTENANCE: Outcome.FAILED,
    VenueMode.CANCEL_ONLY: Outcome.DEGRADED,
    VenueMode.POST_ONLY: Outcome.DEGRADED,
    VenueMode.LIMIT_ONLY: Outcome.DEGRADED,
    VenueMode.UNKNOWN: Outcome.DEGRADED,
}


@dataclass(frozen=True, slots=True)
class Observation:
    """Latencies in the order measured; `clock_offset_ms` is venue minus local, known to `clock_uncertainty_ms`."""

    latencies_ms: tuple[float, ...] = ()
    clock_offset_ms: float | None = None
    clock_uncertainty_ms: float = 0.0
    venue_mode: VenueMode | None = None
    venue_said: str = ""
    failures: tuple[Failure, ...] = ()


async def observe(connector: MarketData, scope: Scope, limits: ConnectivityThresholds) -> Observation:
    """Time a few calls, one after the other, then ask for the venue's status; a failed call ends the timing."""
    steps = Steps(scope.deadline_s)
    clocks: list[ServerTime] = []
    status: VenueStatus | None = None
    async with steps.step("server_time"):
        for _ in range(max(1, limits.calls)):
            clocks.append(await connector.server_time())  # noqa: PERF401  # each call kept, should the next one fail
    if not any(failure.cause in NO_ANSWER for failure in steps.failures):
        async with steps.step("venue_status"):
            status = await connector.venue_status()
    # The shortest round trip bounds the error of the offset best.
    best = min(clocks, key=lambda clock: clock.round_trip_ms, default=None)
    return Observation(
        latencies_ms=tuple(round(clock.round_trip_ms, 1) for clock in clocks),
        clock_offset_ms=round(best.offset_ms, 1) if best else None,
        clock_uncertainty_ms=round((best.round_trip_ms + best.resolution_ms) / 2, 1) if best else 0.0,
        venue_mode=status.mode if status else None,
        venue_said=status.said if status else "",
        failures=steps.failures,
    )


def judge(observation: Observation, limits: ConnectivityThresholds) -> Verdict:
    """Maintenance explains every other failure, so the venue's own word comes first."""
    conditions = [
        *_venue_mode(observation),
        *(failure.condition() for failure in observation.failures),
        *_clock(observation, limits),
        *_latency(observation, limits),
    ]
    latencies = observation.latencies_ms
    summary = f"answers in {median(latencies):.0f} ms" if latencies else "answers"
    return Verdict.of(conditions, when_ok=f"{summary}, {observation.venue_said or 'online'}")


def _venue_mode(observation: Observation) -> list[Condition]:
    mode = observation.venue_mode
    if mode is None:
        return []
    outcome = OUTCOME_OF_MODE[mode]
    # Even a word that we do not know is the venue telling of a restriction, not of a fault.
    return [
        holds(
            "venue_status",
            outcome is Outcome.OK,
            limit="online",
            seen=observation.venue_said or mode.value,
            cause=Cause.EXCHANGE_MAINTENANCE,
            otherwise=outcome,
        )
    ]


def _latency(observation: Observation, limits: ConnectivityThresholds) -> list[Condition]:
    if not observation.latencies_ms:
        return []
    return [
        at_most(
            "median_latency",
            median(observation.latencies_ms),
            degraded=limits.slow_ms,
            failed=limits.too_slow_ms,
            unit="ms",
            cause=Cause.SLOW,
        )
    ]


def _clock(observation: Observation, limits: ConnectivityThresholds) -> list[Condition]:
    if observation.clock_offset_ms is None:
        return []
    margin = observation.clock_uncertainty_ms
    return [
        at_most(
            "clock_offset",
            abs(observation.clock_offset_ms),
            degraded=limits.skew_ms + margin,
            failed=limits.too_much_skew_ms + margin,
            unit="ms",
            cause=Cause.CLOCK_SKEW,
            # Two clocks differ; which one is wrong takes a third to tell.
            blame=Blame.UNKNOWN,
        )
    ]
