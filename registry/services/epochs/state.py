"""What the registry says about tiers, as bytes: equal states have equal bytes, whatever happened in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from registry.governance.canonical import canonical_json, digest
from registry.models import Changeset, Exchange, Pot, TierAssignment

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force for one exchange."""

    tier: str = ""
    included: bool | None = None
    basis: str = ""  # "": nothing was ever decided
    epoch: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"tier": self.tier, "included": self.included, "basis": self.basis, "epoch": self.epoch}


def export_state(*, as_of: date | None = None) -> bytes:
    """Canonical JSON of every exchange that a decision is in force for on *as_of* (today in UTC when None), of what
    was decided by then for later, and of the pots. What was taken back by then leaves no trace in it."""
    return canonical_json(undisturbed(lambda: state(as_of=as_of)))


def state_digest(*, as_of: date | None = None) -> str:
    """SHA-256 of the exported state, in hex."""
    return digest(undisturbed(lambda: state(as_of=as_of)))


def undisturbed(read: Callable[[], Read]) -> Read:
    """What *read* gives, read again while a changeset was applied meanwhile: its queries see one state, without the
    lock that would make readers wait for writers."""
    while True:
        serial = _last_serial()
        found = read()
        if _last_serial() == serial:
            return found


def _last_serial() -> int | None:
    return Changeset.objects.order_by("-serial").values_list("serial", flat=True).first()


def state(*, as_of: date | None = None, without: Iterable[int] = ()) -> dict[str, Any]:
    """The exported state as plain values, as though the changesets in *without* had never been; three queries however
    many exchanges there are."""
    left_out = list(without)
    day = as_of or timezone.now().date()
    held = Q(changeset__reversed_by__isnull=True) | Q(changeset__reversed_by__effective_from__gt=day)
    known = datetime.combine(day, time.max, tzinfo=UTC)
    upcoming = TierAssignment.objects.filter(held, effective_from__gt=day, recorded_at__lte=known)
    pots = Pot.objects.filter(held, changeset__effective_from__lte=day).select_related("epoch", "subject")
    in_force = assignments_in_force(as_of=day, without=left_out)
    if left_out:
        upcoming = upcoming.exclude(changeset__in=left_out)
        pots = pots.exclude(changeset__in=left_out)
    return {
        "format": 1,
        "exchanges": {slug: _row(assignment) for slug, assignment in sorted(in_force.items())},
        "upcoming": [
            {"exchange": assignment.exchange.slug, **_row(assignment)}
            for assignment in _with_origin(upcoming).order_by("effective_from", "exchange__slug", "recorded_at", "pk")
        ],
        "pots": [
            {
                "epoch": pot.epoch.number,
                "group": pot.group,
                "subject": f"{pot.subject.kind}:{pot.subject.slug}",
                "allocated": pot.allocated,
                "unit": pot.unit,
            }
            for pot in pots.order_by("epoch__number", "group", "subject__kind", "subject__slug")
        ],
    }


def assignments_in_force(*, as_of: date, without: Iterable[int] = ()) -> dict[str, TierAssignment]:
    """By exchange, the decision in force on that day; *without* leaves out changesets, by primary key, as though they
    had never been applied. One query."""
    in_force = TierAssignment.objects.in_force(as_of=as_of)
    if left_out := list(without):
        in_force = in_force.exclude(changeset__in=left_out)
    deciding = Subquery(in_force.filter(exchange=OuterRef("pk")).values("pk")[:1])
    found = TierAssignment.objects.filter(pk__in=Exchange.objects.annotate(deciding=deciding).values("deciding"))
    return {assignment.exchange.slug: assignment for assignment in _with_origin(found)}


def standings(*, as_of: date, without: Iterable[int] = ()) -> dict[str, Standing]:
    """By exchange, what is in force on that day; exchanges that nothing was decided for are left out."""
    return {slug: standing(row) for slug, row in assignments_in_force(as_of=as_of, without=without).items()}


def standing(assignment: TierAssignment | None) -> Standing:
    if assignment is None:
        return Standing()
    return Standing(assignment.tier, assignment.included, assignment.basis, assignment.epoch)


def exchange_names() -> Mapping[str, str]:
    """By slug, of every exchange."""
    return dict(Exchange.objects.values_list("slug", "name"))


def _with_origin(assignments: Any) -> Any:
    return assignments.select_related("exchange", "changeset__policy").defer("changeset__policy__document")


def _row(assignment: TierAssignment) -> dict[str, Any]:
    outcome = assignment.trace.get("outcome") or {}
    policy = assignment.changeset.policy if assignment.changeset else None
    return {
        "tier": assignment.tier,
        "included": assignment.included,
        "basis": assignment.basis,
        "epoch": assignment.epoch,
        "policy": str(policy) if policy else "",
        "since": assignment.effective_from,
        "rank": outcome.get("rank"),
        "votes": outcome.get("votes"),
        "expires_on": assignment.expires_on,
    }
