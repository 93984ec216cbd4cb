"""What a watched order book amounts to: limits beside what was seen, what broke it before what followed from that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from monitoring.checks.order_book_evidence import BREAKS
from monitoring.checks.order_book_watch import quiet_limit_ms
from monitoring.checks.outcomes import Blame, Cause, Condition, Confidence, Outcome, Verdict, at_most, holds, quantity

if TYPE_CHECKING:
    from monitoring.checks.causes import Failure
    from monitoring.checks.order_book_evidence import Observation
    from monitoring.checks.thresholds import OrderBookThresholds


def judge(observation: Observation, limits: OrderBookThresholds) -> Verdict:
    """What broke the book comes before what followed from it."""
    conditions = [_of_recovery(failure).condition() for failure in observation.failures]
    if observation.first_snapshot_ms is not None:
        conditions += [
            *_whole(observation, limits),
            _connected(observation, limits),
            _live(observation),
            *_filled(observation),
            *_agreeing(observation),
            *_fresh(observation, limits),
            *_narrow(observation, limits),
            *_in_time(observation, observation.first_snapshot_ms, limits),
        ]
    came_back = f", back {quantity(observation.recovery_ms, 'ms')} after a cut" if observation.recovery_ms else ""
    return Verdict.of(
        conditions,
        when_ok=f"{observation.updates} updates in {observation.watched_s:g} s, whole and live{came_back}",
    )


def _of_recovery(failure: Failure) -> Failure:
    """That it took too long is what was looked for; anything else that was in the way is named as it is."""
    if failure.step == "recovery" and failure.cause is Cause.TIMEOUT:
        return replace(failure, cause=Cause.SLOW_RECOVERY)
    return failure


def _healed(observation: Observation, breaks: int, limits: OrderBookThresholds) -> Outcome:
    """One break that a new snapshot mended is a blemish; more, or one that lasts, is a failure."""
    is_mended = observation.is_live and breaks <= limits.healed_breaks
    return Outcome.DEGRADED if is_mended else Outcome.FAILED


def _whole(observation: Observation, limits: OrderBookThresholds) -> list[Condition]:
    # The snapshot's checksum agreed, so the sum is ours as well; that updates are applied well, only updates prove.
    is_proven = bool(observation.updates) or observation.was_proven
    return [
        holds(
            name,
            count == 0,
            limit="0",
            seen=str(count),
            cause=_cause_of(name, observation.broken_by),
            confidence=_confidence_in(name, is_proven=is_proven),
            otherwise=_healed(observation, count, limits),
        )
        for name, count in observation.breaks.items()
    ]


def _confidence_in(name: str, *, is_proven: bool) -> Confidence:
    """A gap, a crossed book or a broken frame are seen in the frame itself; a checksum is between the venue and us."""
    if name != "checksum_failures":
        return Confidence.HIGH
    return Confidence.MEDIUM if is_proven else Confidence.LOW


def _cause_of(name: str, broken_by: Failure | None) -> Cause:
    """What cannot be read is either garbled or too large: the stream counts both as one."""
    is_too_large = broken_by is not None and broken_by.cause is Cause.MESSAGE_TOO_LARGE
    return Cause.MESSAGE_TOO_LARGE if name == "malformed" and is_too_large else BREAKS[name]


def _connected(observation: Observation, limits: OrderBookThresholds) -> Condition:
    broken_by = observation.broken_by
    return _by(
        broken_by,
        Condition(
            "reconnects",
            "0",
            f"{observation.reconnects}{f' ({broken_by.error})' if broken_by and observation.reconnects else ''}",
            _healed(observation, observation.reconnects, limits) if observation.reconnects else Outcome.OK,
        ),
        otherwise=Cause.TRANSPORT,
    )


def _live(observation: Observation) -> Condition:
    broken_by = observation.broken_by
    outcome = broken_by.outcome if broken_by else Outcome.FAILED
    return _by(
        broken_by,
        Condition(
            "live_at_end",
            "live",
            "live" if observation.is_live else f"broken{f' by {broken_by.error}' if broken_by else ''}",
            Outcome.OK if observation.is_live else outcome,
        ),
        otherwise=Cause.STALE_DATA,
    )


def _by(broken_by: Failure | None, condition: Condition, *, otherwise: Cause) -> Condition:
    """*condition*, with the error that broke the stream as its cause, or *otherwise* where none is known."""
    if condition.outcome is Outcome.OK:
        return condition
    if broken_by is None:
        return replace(condition, cause=otherwise, blame=Blame.EXCHANGE)
    return replace(
        condition,
        cause=broken_by.cause,
        blame=broken_by.blame,
        confidence=broken_by.confidence,
        error=broken_by.error,
        endpoint=broken_by.endpoint,
    )


def _filled(observation: Observation) -> list[Condition]:
    if not observation.is_live:
        return []
    return [
        holds(side, levels > 0, limit="≥ 1", seen=str(levels), cause=Cause.EMPTY_BOOK)
        for side, levels in (
            ("bid_levels", observation.bid_levels),
            ("ask_levels", observation.ask_levels),
        )
    ]


def _agreeing(observation: Observation) -> list[Condition]:
    """A venue whose stream and snapshot differ at one number contradicts itself, or we have lost a change in between.

    That other books agreed in the same minute speaks for our arithmetic.
    """
    comparison = observation.comparison
    if comparison is None or not (comparison.agreed or comparison.differed):
        return []
    compared = comparison.agreed + comparison.differed
    seen = f"{comparison.agreed} of {compared} agree"
    return [
        holds(
            "rest_agreement",
            not comparison.differed,
            limit=f"the best {comparison.levels} levels of each side, as REST has them at the same sequence",
            seen=f"{seen}; {comparison.difference}" if comparison.difference else seen,
            cause=Cause.BOOK_MISMATCH,
            confidence=Confidence.MEDIUM if comparison.agreed or observation.was_proven else Confidence.LOW,
        )
    ]


def _fresh(observation: Observation, limits: OrderBookThresholds) -> list[Condition]:
    conditions = []
    if observation.is_live:
        conditions.append(_moving(observation, limits))
    if observation.delay_ms is not None:
        margin = observation.clock_uncertainty_ms
        conditions.append(
            at_most(
                "delay",
                observation.delay_ms,
                degraded=limits.late_ms + margin,
                failed=limits.too_late_ms + margin,
                unit="ms",
                cause=Cause.STALE_DATA,
            )
        )
    return conditions


def _moving(observation: Observation, limits: OrderBookThresholds) -> Condition:
    """A stream may be as quiet as its market is: only one that REST contradicts is stale."""
    quiet_limit = quiet_limit_ms(observation.planned_s, limits)
    limit = f"≤ {quantity(quiet_limit, 'ms')}, or as REST has it"
    seen = f"{quantity(observation.quiet_ms, 'ms')} since the last book frame"
    if observation.quiet_ms <= quiet_limit:
        return Condition("book_silence", limit, seen)
    refusal = observation.rest_refusal
    if refusal is not None and refusal.outcome is Outcome.INCONCLUSIVE:
        # That the venue does not let us ask tells nothing of a market that may as well be quiet.
        return replace(refusal.condition(), name="book_silence", limit=limit, seen=f"{seen}, and REST: {refusal.error}")
    if observation.rest is None or observation.top is None:
        return Condition(
            "book_silence",
            limit,
            f"{seen}, and REST could not be asked",
            Outcome.DEGRADED,
            Cause.STALE_DATA,
            Blame.EXCHANGE,
            Confidence.LOW,
        )
    is_behind = observation.top.is_behind(observation.rest)
    return holds(
        "book_silence",
        not is_behind,
        limit=limit,
        seen=f"{seen}, REST {'has moved on' if is_behind else 'agrees'}",
        cause=Cause.STALE_DATA,
    )


def _narrow(observation: Observation, limits: OrderBookThresholds) -> list[Condition]:
    if observation.spread_percent is None:
        return []
    return [
        holds(
            "spread",
            observation.spread_percent <= limits.wide_spread_percent,
            limit=f"≤ {limits.wide_spread_percent:g} % of the middle",
            seen=f"{observation.spread_percent:g} %",
            cause=Cause.WIDE_SPREAD,
            otherwise=Outcome.DEGRADED,
        )
    ]


def _in_time(observation: Observation, first_snapshot_ms: float, limits: OrderBookThresholds) -> list[Condition]:
    conditions = [
        at_most(
            "first_snapshot",
            first_snapshot_ms,
            degraded=limits.slow_snapshot_ms,
            failed=limits.too_slow_snapshot_ms,
            unit="ms",
            cause=Cause.SLOW,
        )
    ]
    if observation.recovery_ms is not None:
        conditions.append(
            at_most(
                "recovery",
                observation.recovery_ms,
                degraded=limits.slow_recovery_ms,
                failed=limits.too_slow_recovery_ms,
                unit="ms",
                cause=Cause.SLOW_RECOVERY,
            )
        )
    return conditions
