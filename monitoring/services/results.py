"""Writes down what a run saw: results, the checks' current state, and the changes of outcome, all or nothing."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from monitoring.cadence import next_slot
from monitoring.models import Check, OutcomeChange, Result
from monitoring.services.captures import keep_captures, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from monitoring.checks.outcomes import CheckResult

MAX_EVIDENCE_CHARS = 64 * 1024
NEEDED_NEXT = ("source", "pair", "memory")
"""What the next run is held against."""
MAX_SUMMARY_CHARS = 500


@dataclass(frozen=True, slots=True)
class Seen:
    """One check's result, and where it was seen: live, sandbox or custom; host and port by URL role.

    `write_capture` makes the file from which the check can be run again; None where nothing was recorded.
    """

    check_id: int
    result: CheckResult
    source: str
    hosts: Mapping[str, str]
    write_capture: Callable[[], bytes] | None = None


def record_results(run_id: UUID, seen: Sequence[Seen], *, now: datetime) -> list[OutcomeChange]:
    """Stores what the run *run_id* saw, moves its checks to their next slot, and ends their claim.

    What the run no longer holds a claim on is left out: it was recorded before, or another run owns it by now. So
    recording twice changes nothing. Returns the changes of outcome.
    """
    files = written(seen)
    with transaction.atomic():
        claimed = Check.objects.filter(claim_token=run_id, pk__in=[item.check_id for item in seen])
        checks = {check.pk: check for check in claimed.select_for_update().order_by("pk")}
        results = Result.objects.bulk_create(_row(run_id, item) for item in seen if item.check_id in checks)
        changes = [
            OutcomeChange(
                live_check_id=result.live_check_id,
                from_outcome=checks[result.live_check_id].outcome,
                to_outcome=result.outcome,
                at=result.finished_at,
                result=result,
            )
            for result in results
            if result.outcome != checks[result.live_check_id].outcome
        ]
        keep_captures(results, files)
        for result in results:
            _move_on(checks[result.live_check_id], result, now)
        return OutcomeChange.objects.bulk_create(changes)


def _row(run_id: UUID, item: Seen) -> Result:
    verdict = item.result.verdict
    return Result(
        live_check_id=item.check_id,
        run_id=run_id,
        source=item.source,
        hosts=dict(item.hosts),
        started_at=item.result.started_at,
        finished_at=item.result.started_at + timedelta(milliseconds=item.result.duration_ms),
        duration_ms=item.result.duration_ms,
        outcome=verdict.outcome.value,
        cause=verdict.cause.value,
        blame=verdict.blame.value,
        confidence=verdict.confidence.value,
        reasons=_storable(verdict.reasons),
        summary=_storable(verdict.summary)[:MAX_SUMMARY_CHARS],
        conditions=_storable([condition.to_json() for condition in verdict.conditions]),
        evidence=_bounded(_storable(item.result.evidence)),
    )


def _move_on(check: Check, result: Result, now: datetime) -> None:
    if result.outcome != check.outcome:
        check.outcome_since = result.finished_at
    check.latest_result = result
    check.outcome = result.outcome
    check.cause = result.cause
    check.blame = result.blame
    check.checked_at = result.finished_at
    # Kept, and not worked out later: a promotion quickens the checks, and must not age what was seen before it.
    check.fresh_until = result.finished_at + check.freshness()
    check.next_due_at = next_slot(now, cadence_s=check.cadence_s, phase_s=check.phase_s)
    check.claim_token = check.lease_until = None
    check.save(
        update_fields=[
            "latest_result",
            "outcome",
            "cause",
            "blame",
            "outcome_since",
            "checked_at",
            "fresh_until",
            "next_due_at",
            "claim_token",
            "lease_until",
        ]
    )


def _storable(value: Any) -> Any:
    """*value* without what a database refuses in text or JSON: NUL, half a surrogate pair, a number not finite.

    A venue may send any of them, and a refusal would lose the results of the whole run.
    """
    match value:
        case str():
            return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
    return value


def _bounded(evidence: dict[str, Any]) -> dict[str, Any]:
    size = len(json.dumps(evidence))
    if size <= MAX_EVIDENCE_CHARS:
        return evidence
    told = {"left_out": f"{size} characters of evidence, more than the {MAX_EVIDENCE_CHARS} that are kept"}
    needed = {name: evidence[name] for name in NEEDED_NEXT if name in evidence}
    return told | needed if len(json.dumps(needed)) <= MAX_EVIDENCE_CHARS else told
