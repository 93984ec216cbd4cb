"""Approves a plan by its hash: whoever approves says yes to this difference and to no other."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from registry.choices import ChangesetKind, EpochState, LedgerAction
from registry.models import Plan
from registry.services.epochs.actors import APPROVE_PLAN, CATALOGUE, Actor
from registry.services.epochs.current import must_be_current, must_be_fresh, plan_with_hash
from registry.services.epochs.errors import NotAllowed, OpenQuestions, WrongState
from registry.services.epochs.guards import given_reason, readable
from registry.services.ledger import plan_name, record
from registry.services.lock import governance_lock


@transaction.atomic
def approve_plan(plan_hash: str, *, actor: Actor, acknowledgement: str = "") -> Plan:
    """The plan, approved. Approved by the same actor before, it stays as it is.

    *acknowledgement* answers the plan's warnings in words, where it has any. Raises NotAllowed, NoSuchPlan, WrongState,
    OpenQuestions, BadValue, StalePlan.
    """
    governance_lock()
    actor.must(APPROVE_PLAN, "approve a plan")
    plan = plan_with_hash(plan_hash)
    if plan.approved_by == actor.name and plan.approved_at:
        return plan
    must_be_current(plan)
    if plan.approved_at:
        raise WrongState(f"{plan.approved_by} has approved this plan already: apply it.")
    _keep_four_eyes(plan, actor)
    if questions := plan.document["questions"]:
        raise OpenQuestions("The rules are silent here: decide these, and plan again.", questions=questions)
    must_be_fresh(plan)
    words = readable(acknowledgement, field="acknowledgement")
    if plan.document["warnings"]:
        words = given_reason(words, field="acknowledgement", why="say in words what you make of the plan's warnings")
    plan.approved_by, plan.approved_at, plan.acknowledgement = actor.name, timezone.now(), words
    plan.save(update_fields=["approved_by", "approved_at", "acknowledgement"])
    if plan.kind == ChangesetKind.APPLY:
        plan.epoch.state = EpochState.APPROVED
        plan.epoch.save(update_fields=["state"])
    record(
        LedgerAction.APPROVED,
        actor=actor,
        epoch=plan.epoch.number,
        subject=plan_name(plan.hash),
        reason=words,
        before={"approved_by": ""},
        after={
            "approved_by": actor.name,
            "planned_by": plan.planned_by,
            "kind": str(plan.kind),
            "warnings": plan.document["warnings"],
        },
    )
    return plan


def was_seen_by_one(plan: Plan) -> bool:
    """Whether an approval from before four eyes were switched on is one that they would have refused."""
    is_records_own = plan.epoch.is_history and plan.approved_by == CATALOGUE.name
    return bool(settings.BELLWETHER_FOUR_EYES) and plan.planned_by == plan.approved_by and not is_records_own


def _keep_four_eyes(plan: Plan, actor: Actor) -> None:
    """Raises NotAllowed where it is switched on and one person did both. History was decided long ago."""
    is_records_own = plan.epoch.is_history and actor == CATALOGUE
    if settings.BELLWETHER_FOUR_EYES and plan.planned_by == actor.name and not is_records_own:
        raise NotAllowed(f"{actor.name} made this plan: four eyes are asked for, so let another person approve it.")
