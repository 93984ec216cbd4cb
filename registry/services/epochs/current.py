"""Finds a plan by its hash, and tells whether it still is the one that counts."""

from __future__ import annotations

import re
from typing import Any

from registry.choices import ChangesetKind, EpochState
from registry.models import Changeset, Plan
from registry.services.epochs.difference import difference
from registry.services.epochs.document import plan_hash
from registry.services.epochs.errors import NoSuchPlan, StalePlan, WrongState
from registry.services.epochs.guards import APPLIED_STATES, must_not_stand
from registry.services.epochs.plan import epoch_document, must_be_in_order, must_be_mapped
from registry.services.epochs.rollback import rollback_document

_HASH = re.compile(r"[0-9a-f]{64}")


def plan_with_hash(wanted: str) -> Plan:
    """The latest that has this hash. Raises NoSuchPlan."""
    plans = Plan.objects.select_related("epoch__policy", "reverses", "changeset")
    plan = plans.filter(hash=wanted).order_by("-pk").first() if _HASH.fullmatch(wanted) else None
    if plan is None:
        raise NoSuchPlan(wanted)
    return plan


def changeset_of(plan: Plan) -> Changeset | None:
    """What the plan became, if it was applied."""
    return getattr(plan, "changeset", None)


def must_be_current(plan: Plan) -> None:
    """Raises WrongState for a plan that was applied, or that another or a change of its epoch took the place of."""
    if changeset := changeset_of(plan):
        raise WrongState(f"This plan was applied as {changeset}: plan anew for another change.")
    current = plan.epoch.current_plan
    if current is not None and current.pk != plan.pk:
        raise WrongState(f"A newer plan of {plan.epoch} took its place: go on with {current.hash}.")
    if plan.kind == ChangesetKind.APPLY:
        must_not_stand(plan.epoch, "apply another plan of it")
    states = APPLIED_STATES if plan.kind == ChangesetKind.ROLLBACK else (EpochState.PLANNED, EpochState.APPROVED)
    if plan.epoch.state not in states:
        raise WrongState(
            f"{plan.epoch} is {plan.epoch.get_state_display().lower()}, "
            "since something about it was changed after this plan: plan again."
        )


def must_be_fresh(plan: Plan) -> None:
    """Computes the plan again and compares. Raises StalePlan with what is different now, and OutOfOrder."""
    now = _computed_again(plan)
    if plan_hash(now) != plan.hash:
        raise StalePlan(
            f"What the plan of {plan.epoch} was made from has changed, so nothing was written: plan again.",
            difference=difference(plan.document, now),
        )


def _computed_again(plan: Plan) -> dict[str, Any]:
    if plan.kind == ChangesetKind.ROLLBACK:
        assert plan.reverses is not None  # noqa: S101  every roll-back plan has it
        return rollback_document(plan.reverses)
    must_be_mapped(plan.epoch)
    document = epoch_document(plan.epoch)
    must_be_in_order(plan.epoch, plan.epoch.effective_from)  # type: ignore[arg-type]  # epoch_document asks for it
    return document
