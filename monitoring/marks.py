"""The states that the status pages show, each by a shape and a word, and which of them a check is in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.checks.outcomes import Outcome
from monitoring.choices import Health
from monitoring.pictures import mark_of

if TYPE_CHECKING:
    from datetime import datetime

    from monitoring.models import Check


@dataclass(frozen=True, slots=True)
class Mark:
    """A state to show: *name* chooses shape and colour, *word* says it."""

    name: str
    word: str


OUTCOME_MARKS = {
    Outcome.OK.value: Mark("ok", "OK"),
    Outcome.DEGRADED.value: Mark("degraded", "Degraded"),
    Outcome.FAILED.value: Mark("failed", "Failed"),
    Outcome.INCONCLUSIVE.value: Mark("inconclusive", "Inconclusive"),
    "maintenance": Mark("maintenance", "Maintenance"),
}
HEALTH_MARKS = {
    Health.OK: Mark("ok", "Operational"),
    Health.DEGRADED: Mark("degraded", "Degraded"),
    Health.FAILED: Mark("failed", "Failing"),
    Health.UNKNOWN: Mark("inconclusive", "Unknown"),
}
WAITING = Mark("waiting", "Waiting for the first run")
STALE = Mark("stale", "Out of date")
OFF = Mark("off", "Switched off")
UNWATCHED = Mark("unwatched", "No live check yet")
ABSENT = Mark("absent", "Not checked")
MAINTENANCE = OUTCOME_MARKS["maintenance"]
OURS = Mark("inconclusive", "Our side")


def check_mark(check: Check, now: datetime) -> Mark:
    if not check.enabled:
        return OFF
    if not check.outcome:
        return WAITING
    if check.is_stale(now):
        return STALE
    return mark_of_outcome(check)


def mark_of_outcome(check: Check) -> Mark:
    mark = OUTCOME_MARKS[mark_of(check.outcome, check.cause, check.blame)]
    return OURS if mark.name == Outcome.INCONCLUSIVE and check.outcome != Outcome.INCONCLUSIVE else mark
