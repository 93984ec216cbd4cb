"""Plans an epoch: computes the whole difference, hashes it, and changes no tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from registry.choices import ChangesetKind, EpochState, LedgerAction, Tier
from registry.effects import effects_of
from registry.governance.canonical import digest
from registry.governance.evaluate import Decision
from registry.governance.policy import parse_policy
from registry.models import Changeset, Epoch, Exchange, Plan, Policy
from registry.services.epochs.actors import PLAN_EPOCH, Actor
from registry.services.epochs.create import policy_in_force, policy_name, policy_named
from registry.services.epochs.document import Rules, apply_document, plan_hash
from registry.services.epochs.errors import BadValue, OutOfOrder, Unmapped, WrongState
from registry.services.epochs.guards import (
    before_planning,
    epoch_numbered,
    given_reason,
    must_not_stand,
    open_choices,
    readable,
    subjects_twice,
    untargeted,
)
from registry.services.epochs.moves import Override
from registry.services.ledger import plain, plan_name, record
from registry.services.lock import governance_lock


@transaction.atomic
def plan_epoch(
    number: int,
    *,
    actor: Actor,
    reason: str = "",
    effective_from: date | None = None,
    policy: Policy | str | None = None,
    policy_reason: str = "",
    decisions: Sequence[Mapping[str, Any]] | None = None,
    overrides: Sequence[Mapping[str, Any]] | None = None,
) -> Plan:
    """Computes and keeps what the epoch would change; an earlier plan and its approval no longer count.

    What is None is taken from the epoch as it was last planned; its day only where it lies ahead, or the epoch is
    history: else the plan takes effect today. `decisions` are {"group", "kind", "choices", "reason"}, `overrides`
    {"exchange", "tier", "reason", "expires_on"}. Raises NotAllowed, NoSuchEpoch, WrongState, Unmapped, BadValue,
    OutOfOrder, and what the evaluation refuses.
    """
    governance_lock()
    actor.must(PLAN_EPOCH, "plan an epoch")
    epoch = epoch_numbered(number)
    must_not_stand(epoch, "plan it anew")
    must_be_mapped(epoch)
    _choose_policy(epoch, policy, policy_reason)
    epoch.effective_from = effective_from or _day_of(epoch)
    must_be_in_order(epoch, epoch.effective_from)
    if decisions is not None:
        settled = [Decision.from_json(decision) for decision in decisions]
        epoch.decisions = [one.to_json() | {"reason": given_reason(one.reason, field="decisions")} for one in settled]
    if overrides is not None:
        epoch.overrides = [override.as_json() for override in checked_overrides(overrides, epoch.effective_from)]
    document = epoch_document(epoch)
    before = {"state": str(epoch.state), "plan": epoch.current_plan.hash if epoch.current_plan else None}
    epoch.state = EpochState.PLANNED
    epoch.save(update_fields=["state", "policy", "policy_reason", "effective_from", "decisions", "overrides"])
    return keep_plan(
        epoch,
        document,
        actor=actor,
        reason=readable(reason, field="reason"),
        policy=epoch.policy,
        before=before,
        facts={
            "effective_from": epoch.effective_from,
            "polls": {str(poll["poll"]): [poll["group"], poll["evidence"]] for poll in document["polls"]},
            "policy_reason": epoch.policy_reason,
            "decisions": epoch.decisions,
            "overrides": epoch.overrides,
        },
    )


def keep_plan(
    epoch: Epoch,
    document: dict[str, Any],
    *,
    actor: Actor,
    reason: str,
    policy: Policy | None,
    before: Mapping[str, Any],
    facts: Mapping[str, Any],
    reverses: Changeset | None = None,
) -> Plan:
    """Writes the plan and its ledger entry, which seals the document and tells *facts* beside it.

    The document's effects are asked for here: they inform, and are not in the hash.
    """
    document["effects"] = plain(effects_of(document["moves"]))
    plan = Plan.objects.create(
        epoch=epoch,
        kind=document["kind"],
        hash=plan_hash(document),
        base=document["base"]["state"],
        document=document,
        reverses=reverses,
        reason=reason,
        planned_by=actor.name,
    )
    sealed = {"plan": plan.hash, "document": digest(document), "counts": document["counts"]}
    record(
        LedgerAction.PLANNED,
        actor=actor,
        epoch=epoch.number,
        subject=plan_name(plan.hash),
        policy=policy_name(policy),
        reason=reason,
        before=before,
        after={"state": str(epoch.state), **sealed, **facts},
    )
    return plan


def epoch_document(epoch: Epoch) -> dict[str, Any]:
    """The document of what *epoch* would change now, under what its row holds."""
    if epoch.policy is None or epoch.effective_from is None:
        raise WrongState(f"{epoch} was not planned yet: plan it first.")
    return apply_document(
        epoch,
        Rules(parse_policy(epoch.policy.document)),
        effective_from=epoch.effective_from,
        decisions=epoch.decisions,
        overrides=checked_overrides(epoch.overrides, epoch.effective_from),
    )


def must_be_mapped(epoch: Epoch) -> None:
    """Raises WrongState for an epoch without polls, Unmapped where a choice stands for nothing, or two for one."""
    if before_planning(epoch) == EpochState.DRAFT:
        raise WrongState(f"{epoch} has no polls: import them first.")
    if choices := open_choices(epoch):
        names = ", ".join(f"{choice.name} ({choice.poll.group})" for choice in choices)
        raise Unmapped(f"Say first what these choices of {epoch} stand for: {names}.", choices=choices)
    if pairs := subjects_twice(epoch):
        twice = "; ".join(f"{second.subject}: choices {first.index} and {second.index}" for first, second in pairs)
        raise Unmapped(
            f"One poll counts an exchange once. Leave one of each pair out, with a reason: {twice}.",
            choices=[choice for pair in pairs for choice in pair],
        )
    if polls := untargeted(epoch):
        titles = ", ".join(poll.title or poll.snapshot_id or str(poll.pk) for poll in polls)
        raise Unmapped(f"Say first whom these proposals are about, and what they ask for: {titles}.")


def must_be_in_order(epoch: Epoch, effective_from: date) -> None:
    """Raises OutOfOrder where a later epoch stands, or an earlier one takes effect after that day."""
    standing = Changeset.objects.filter(kind=ChangesetKind.APPLY, reversed_by__isnull=True).select_related("epoch")
    later = standing.filter(epoch__number__gt=epoch.number).order_by("epoch__number").first()
    if later is not None:
        raise OutOfOrder(f"{later.epoch} stands, and comes after {epoch}: roll it back first.")
    earlier = standing.filter(epoch__number__lt=epoch.number, effective_from__gt=effective_from)
    if latest := earlier.order_by("-effective_from").first():
        raise OutOfOrder(
            f"{latest.epoch} takes effect on {latest.effective_from}: {epoch} cannot before that day, "
            f"as {effective_from} is. Give a later effective_from."
        )


def checked_overrides(overrides: Sequence[Mapping[str, Any]], effective_from: date) -> list[Override]:
    """In the order of their exchanges. Raises BadValue that names what is missing or cannot be meant."""
    checked = [_checked_override(override, effective_from) for override in overrides]
    slugs = [override.exchange for override in checked]
    if twice := sorted({slug for slug in slugs if slugs.count(slug) > 1}):
        raise BadValue("overrides", f"{twice[0]} stands there twice: keep one")
    known = set(Exchange.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    if unknown := sorted(set(slugs) - known):
        raise BadValue("overrides", f"there is no exchange {unknown[0]!r}: write its slug")
    return sorted(checked, key=lambda override: override.exchange)


def _checked_override(override: Mapping[str, Any], effective_from: date) -> Override:
    keys = {"exchange", "tier", "reason", "expires_on"}
    if not isinstance(override, Mapping) or set(override) != keys:
        raise BadValue("overrides", "each has the keys exchange, tier, reason and expires_on, and no others")
    exchange, tier = str(override["exchange"]), override["tier"]
    if not isinstance(tier, str) or tier not in {*Tier.values, ""}:
        raise BadValue("overrides", f"{exchange}: {tier!r} is no tier; write gold, silver, bronze or nothing")
    why = f"{exchange}: say why it does not get what the poll says"
    reason = given_reason(str(override["reason"] or ""), field="overrides", why=why)
    try:
        expires_on = date.fromisoformat(str(override["expires_on"]))
    except ValueError:
        raise BadValue("overrides", f"{exchange}: expires_on is no day; write it as 2027-03-31") from None
    if expires_on <= effective_from:
        raise BadValue("overrides", f"{exchange}: it expires on {expires_on}, before it takes effect: give a later day")
    return Override(exchange, tier, reason, expires_on.isoformat())


def _choose_policy(epoch: Epoch, policy: Policy | str | None, policy_reason: str) -> None:
    in_force = policy_in_force(epoch.number)
    if policy is not None:
        epoch.policy = policy_named(policy)
        epoch.policy_reason = readable(policy_reason, field="policy_reason")
    elif not epoch.policy_reason:  # nobody chose: a version that came since counts
        epoch.policy = in_force or epoch.policy
    if epoch.policy is None:
        raise BadValue("policy", f"no rules are in force for {epoch}: load the catalogue, or choose a policy")
    if epoch.policy != in_force and not epoch.policy_reason:
        why = f"say why {epoch} goes by {epoch.policy} and not by {in_force or 'the rules in force, of which none are'}"
        raise BadValue("policy_reason", why)


def _day_of(epoch: Epoch) -> date:
    today = timezone.now().date()
    kept = epoch.effective_from
    return kept if kept and (epoch.is_history or kept >= today) else today
