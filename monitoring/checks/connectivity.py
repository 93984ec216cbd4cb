"""Is the venue there, how fast does it answer and in which phase, how does its clock stand, what does it say itself?"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from connectors.base import MarketData
from connectors.types import VenueMode
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Cause, Condition, Confidence, Outcome, Verdict, at_most, holds, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.types import Phases, ServerTime, VenueStatus
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import ConnectivityThresholds

NEEDS = (MarketData,)

NO_ANSWER = (Cause.TRANSPORT, Cause.TIMEOUT, Cause.RATE_LIMITED)
"""A venue that is not there has nothing to say of itself either, and one that told us to wait is not asked more."""

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
    """Round trips on an open connection in the order measured, and the `phases` of one call on a connection of its own.

    `clock_offset_ms` is venue minus local, known to `clock_uncertainty_ms`; the calls, `clock_spread_ms` apart in what
    they say of it, are taken together.
    """

    latencies_ms: tuple[float, ...] = ()
    phases: Phases | None = None
    clock_offset_ms: float | None = None
    clock_uncertainty_ms: float = 0.0
    clock_spread_ms: float = 0.0
    venue_mode: VenueMode | None = None
    venue_said: str = ""
    failures: tuple[Failure, ...] = ()


async def observe(connector: MarketData, scope: Scope, limits: ConnectivityThresholds) -> Observation:
    """Time one call on a new connection and a few on an open one, then ask for the venue's status.

    A failed call ends the timing.
    """
    steps = Steps(scope.deadline_s)
    clocks: list[ServerTime] = []
    phases: Phases | None = None
    status: VenueStatus | None = None
    async with steps.step("server_time"):
        anew = await connector.server_time(new_connection=True)
        phases = anew.phases
        for _ in range(max(1, limits.calls)):
            clocks.append(await connector.server_time())  # noqa: PERF401  # each call kept, should the next one fail
    if not any(failure.cause in NO_ANSWER for failure in steps.failures):
        async with steps.step("venue_status"):
            status = await connector.venue_status()
    offset = offset_of(clocks)
    return Observation(
        latencies_ms=tuple(round(clock.round_trip_ms, 1) for clock in clocks),
        phases=phases,
        clock_offset_ms=offset.ms if offset else None,
        clock_uncertainty_ms=offset.uncertainty_ms if offset else 0.0,
        clock_spread_ms=offset.spread_ms if offset else 0.0,
        venue_mode=status.mode if status else None,
        venue_said=status.said if status else "",
        failures=steps.failures,
    )


class Offset(NamedTuple):
    """A clock's offset in ms, to which it is known, and how far apart the single calls were."""

    ms: float
    uncertainty_ms: float
    spread_ms: float


def offset_of(clocks: Sequence[ServerTime]) -> Offset | None:
    """What several calls say together: each leaves a range in which the offset lies, and the truth is in all of them.

    Where they share nothing, because a clock was set meanwhile, the call with the narrowest range counts.
    """
    if not clocks:
        return None
    ranges = [(clock.offset_ms, (clock.round_trip_ms + clock.resolution_ms) / 2) for clock in clocks]
    offsets = [offset for offset, _ in ranges]
    spread = round(max(offsets) - min(offsets), 1)
    low = max(offset - margin for offset, margin in ranges)
    high = min(offset + margin for offset, margin in ranges)
    if low > high:
        offset, margin = min(ranges, key=lambda known: known[1])
        return Offset(round(offset, 1), round(margin, 1), spread)
    return Offset(round((low + high) / 2, 1), round((high - low) / 2, 1), spread)


def judge(observation: Observation, limits: ConnectivityThresholds) -> Verdict:
    """Maintenance explains every other failure, so the venue's own word comes first."""
    conditions = [
        *_venue_mode(observation),
        *(failure.condition() for failure in observation.failures),
        *_clock(observation, limits),
        *_latency(observation, limits),
        *_phases(observation, limits),
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


def _phases(observation: Observation, limits: ConnectivityThresholds) -> list[Condition]:
    """Which part of a new connection is slow; a connection that stays open hardly feels it, so it fails nothing."""
    phases = observation.phases
    if phases is None:
        return []
    timed = (
        ("name_lookup", phases.dns_ms, limits.slow_dns_ms),
        ("connecting", phases.connect_ms, limits.slow_connect_ms),
        ("tls_handshake", phases.tls_ms, limits.slow_tls_ms),
        ("first_byte", phases.first_byte_ms, limits.slow_first_byte_ms),
    )
    return [
        holds(
            name,
            took_ms <= limit_ms,
            limit=f"≤ {quantity(limit_ms, 'ms')}",
            seen=quantity(took_ms, "ms"),
            cause=Cause.SLOW,
            otherwise=Outcome.DEGRADED,
        )
        for name, took_ms, limit_ms in timed
        if took_ms is not None
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
            confidence=Confidence.LOW,
        )
    ]
