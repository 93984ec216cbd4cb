"""Applies an approved plan: one transaction under the lock, everything or nothing, and once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from registry.choices import Basis, ChangesetKind, EpochState, LedgerAction, PollGroup
from registry.models import Changeset, Exchange, Plan, Pot, Subject, TierAssignment
from registry.services.epochs.actors import APPLY_PLAN, Actor
from registry.services.epochs.approve import was_seen_by_one
from registry.services.epochs.create import policy_name
from registry.services.epochs.current import changeset_of, must_be_current, must_be_fresh, plan_with_hash
from registry.services.epochs.errors import WrongState
from registry.services.epochs.moves import NO_TIERS
from registry.services.epochs.outbox import cancel_untold, write_message
from registry.services.epochs.state import state_digest
from registry.services.epochs.wording import decision_sentence
from registry.services.ledger import changeset_name, record, rows_digest
from registry.services.lock import governance_lock

HOLDERS = "HBOT holders"
NOBODY_ASKED = "no poll"


@transaction.atomic
def apply_plan(plan_hash: str, *, actor: Actor) -> Changeset:
    """Does what the plan says, and gives the changeset that this became; applied before, the one it became then.

    Raises NotAllowed, NoSuchPlan, WrongState for a plan that is not approved or no longer counts, StalePlan where what
    it was made from has changed, OutOfOrder, RollbackRefused.
    """
    governance_lock()
    actor.must(APPLY_PLAN, "apply a plan")
    plan = plan_with_hash(plan_hash)
    if changeset := changeset_of(plan):
        return changeset
    must_be_current(plan)
    if not plan.approved_at:
        raise WrongState("This plan is not approved: have it approved first.")
    if was_seen_by_one(plan):
        raise WrongState(f"{plan.approved_by} planned and approved this: four eyes are asked for, so plan it again.")
    must_be_fresh(plan)
    before = {"state": state_digest(), "epoch": str(plan.epoch.state), "tiers": _tiers(plan.document, "old")}
    changeset = _changeset(plan, actor)
    if plan.kind == ChangesetKind.APPLY:
        TierAssignment.objects.bulk_create(_assignments(plan, changeset))
        Pot.objects.bulk_create(_pots(plan.document, changeset))
        if not plan.epoch.is_history:
            write_message(changeset, plan.document)
    elif plan.reverses and not cancel_untold(plan.reverses):
        write_message(changeset, plan.document)
    plan.epoch.state = EpochState.APPLIED if plan.kind == ChangesetKind.APPLY else EpochState.ROLLED_BACK
    plan.epoch.save(update_fields=["state"])
    record(
        LedgerAction.APPLIED if plan.kind == ChangesetKind.APPLY else LedgerAction.ROLLED_BACK,
        actor=actor,
        epoch=plan.epoch.number,
        subject=changeset_name(changeset),
        policy=policy_name(changeset.policy),
        reason=changeset.reason,
        before=before,
        after={
            "state": state_digest(),
            "epoch": str(plan.epoch.state),
            "tiers": _tiers(plan.document, "new"),
            "plan": plan.hash,
            "effective_from": changeset.effective_from,
            "polls": [[poll["group"], poll["evidence"], poll["results"]] for poll in plan.document["polls"]],
            "rows": rows_digest(changeset),
        },
    )
    return changeset


def _tiers(document: Mapping[str, Any], side: str) -> dict[str, Any]:
    """By exchange, its tier and its place in the release, of those that the plan changes."""
    changed = [move for move in document["moves"] if move["change"] != "unchanged"]
    return {move["exchange"]: [move[side]["tier"], move[side]["included"]] for move in changed}


def _changeset(plan: Plan, actor: Actor) -> Changeset:
    is_apply = plan.kind == ChangesetKind.APPLY
    last = Changeset.objects.aggregate(serial=Max("serial"), at=Max("applied_at"))
    return Changeset.objects.create(
        serial=(last["serial"] or 0) + 1,
        kind=plan.kind,
        epoch=plan.epoch,
        plan=plan,
        policy=plan.epoch.policy if is_apply else plan.reverses.policy if plan.reverses else None,
        reverses=plan.reverses,
        reason=plan.reason,
        effective_from=date.fromisoformat(plan.document["effective_from"]) if is_apply else timezone.now().date(),
        applied_by=actor.name,
        applied_at=_after(last["at"]),
    )


def _after(last: datetime | None) -> datetime:
    """Now, or right behind *last* where a clock went back: of two decisions for one day the later recorded counts."""
    now = timezone.now()
    return now if last is None or now > last else last + timedelta(microseconds=1)


def _assignments(plan: Plan, changeset: Changeset) -> list[TierAssignment]:
    """One row for what the polls and rules decide, and behind it one for an override, in the plan's order."""
    document = plan.document
    slugs = [move["exchange"] for move in document["moves"]]
    exchanges = {exchange.slug: exchange for exchange in Exchange.objects.filter(slug__in=slugs)}
    polls = {poll["poll"]: poll for poll in document["polls"]}
    overrides = {override["exchange"]: override for override in document["overrides"]}
    rows: list[TierAssignment] = []
    for move in document["moves"]:
        common = {
            "exchange": exchanges[move["exchange"]],
            "changeset": changeset,
            "epoch": str(plan.epoch),
            "recorded_by": changeset.applied_by,
            "effective_from": changeset.effective_from,
            "recorded_at": changeset.applied_at,
        }
        if move["decided"]:
            rows.append(TierAssignment(**common, **_decision(move, polls, document)))
        if override := overrides.get(move["exchange"]):
            rows.append(TierAssignment(**common, **_override(move, override, plan)))
    return rows


def _decision(move: Mapping[str, Any], polls: Mapping[int, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    decided, poll = move["decided"], polls.get(move["poll"])
    values = {"tier": decided["tier"], "included": decided["included"], "basis": decided["basis"]}
    policy = document["policy"]
    named = {"policy": f"{policy['slug']} v{policy['version']}", "move": move["change"]}
    also = [_trace_of(move, polls[key]) for key in move["also"]]
    if poll is None:
        reason = f"{policy['title']}: {NO_TIERS}."
        return values | {"reason": reason, "trace": {"also": also, **named}, "decided_by": NOBODY_ASKED}
    return values | {
        "reason": decision_sentence(move, poll),
        "trace": {**_trace_of(move, poll), "also": also, **named},
        "source_url": poll["url"],
        "decided_by": f"{HOLDERS}, {PollGroup(poll['group']).label} poll"
        if poll["group"] != PollGroup.PROPOSAL
        else f"{HOLDERS}, single proposal",
    }


def _trace_of(move: Mapping[str, Any], poll: Mapping[str, Any]) -> dict[str, Any]:
    """What this poll says of the exchange, with where it says so."""
    return {
        "outcome": _outcome(move["exchange"], poll),
        "group": poll["group"],
        "poll": poll["poll"],
        "poll_url": poll["url"],
        "of": len(poll["choices"]),
    }


def _outcome(exchange: str, poll: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = poll["choices"]
    named = (choice for choice in choices if choice["exchange"] == exchange)
    outcome: Mapping[str, Any] = next(named, choices[0])  # of a single proposal: the votes for it
    return outcome


def _override(move: Mapping[str, Any], override: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    return {
        "tier": override["tier"],
        "included": move["new"]["included"],
        "basis": Basis.OVERRIDE,
        "reason": override["reason"],
        "trace": {"override": dict(override), "move": move["change"]},
        "decided_by": plan.planned_by[:120],
        "expires_on": date.fromisoformat(override["expires_on"]),
    }


def _pots(document: Mapping[str, Any], changeset: Changeset) -> Iterator[Pot]:
    slugs = {pot["subject"] for pot in document["pots"]}
    subjects = {(subject.kind, subject.slug): subject for subject in Subject.objects.filter(slug__in=slugs)}
    for pot in document["pots"]:
        yield Pot(
            changeset=changeset,
            epoch=changeset.epoch,
            subject=subjects[pot["kind"], pot["subject"]],
            group=pot["group"],
            allocated=Decimal(pot["amount"]),
            unit=pot["unit"],
        )
