"""An epoch's beginning: its number, its dates, and the rules it goes by."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction

from registry.choices import LedgerAction
from registry.governance.policy import policy_for_epoch
from registry.models import Epoch, Policy
from registry.services.epochs.actors import CATALOGUE, IMPORT_POLL, PLAN_EPOCH, Actor
from registry.services.epochs.errors import BadValue, NotAllowed, WrongState
from registry.services.epochs.guards import epoch_numbered, given_reason, must_not_stand, readable, step_back
from registry.services.ledger import record
from registry.services.lock import governance_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_NUMBER = 32767
"""What the column holds on every database."""


@transaction.atomic
def create_epoch(
    number: int,
    *,
    actor: Actor,
    label: str = "",
    starts_on: date | None = None,
    ends_on: date | None = None,
    reason: str,
    is_history: bool = False,
) -> Epoch:
    """A new epoch in draft, under the rules in force for its number where there are any.

    Only the catalogue creates history. Raises NotAllowed, BadValue, WrongState for a number that is taken.
    """
    governance_lock()
    actor.must(IMPORT_POLL, "create an epoch")
    if is_history and actor != CATALOGUE:
        raise NotAllowed("History is loaded from the project's own files: create the epoch without is_history.")
    if not 1 <= number <= LARGEST_NUMBER:
        raise BadValue("number", f"{number} is no epoch's number: they count from 1")
    if starts_on and ends_on and ends_on < starts_on:
        raise BadValue("ends_on", f"{ends_on} lies before the epoch's first day, {starts_on}")
    if len(label) > 60:
        raise BadValue("label", "it is longer than 60 characters: shorten it")
    told = given_reason(reason)
    if Epoch.objects.filter(number=number).exists():
        raise WrongState(f"There is an epoch {number} already: import its polls, or take another number.")
    epoch = Epoch.objects.create(
        number=number,
        label=readable(label, field="label"),
        starts_on=starts_on,
        ends_on=ends_on,
        policy=policy_in_force(number),
        is_history=is_history,
    )
    record(
        LedgerAction.CREATED,
        actor=actor,
        epoch=number,
        subject=str(epoch),
        policy=policy_name(epoch.policy),
        reason=told,
        after=_facts(epoch),
    )
    return epoch


@transaction.atomic
def choose_policy(number: int, policy: Policy | str, *, actor: Actor, reason: str) -> Epoch:
    """Gives the epoch rules other than those in force for its number, or these again.

    A plan that was made under other rules no longer counts. Raises NotAllowed, NoSuchEpoch, BadValue, WrongState.
    """
    governance_lock()
    actor.must(PLAN_EPOCH, "choose an epoch's rules")
    epoch = epoch_numbered(number)
    must_not_stand(epoch, "choose its rules")
    chosen = policy_named(policy)
    before = _facts(epoch)
    epoch.policy = chosen
    epoch.policy_reason = given_reason(reason)
    epoch.save(update_fields=["policy", "policy_reason"])
    step_back(epoch)
    record(
        LedgerAction.CHANGED,
        actor=actor,
        epoch=number,
        subject=str(epoch),
        policy=policy_name(chosen),
        reason=epoch.policy_reason,
        before=before,
        after=_facts(epoch),
    )
    return epoch


def policy_in_force(number: int) -> Policy | None:
    """The rules that the epoch of this number goes by; of two, those that came into force later."""
    return policy_for_epoch(Policy.objects.exclude(from_epoch=None).defer("document"), number)


def policy_named(policy: Policy | str) -> Policy:
    """From "hgp-45" its latest version, from "hgp-45 v1" that one. Raises BadValue, with the names there are."""
    if isinstance(policy, Policy):
        return policy
    slug, _, version = readable(policy, field="policy").partition(" v")
    named = Policy.objects.filter(slug=slug)
    if version:
        named = named.filter(version=int(version)) if version.isdecimal() else named.none()
    found: Policy | None = named.order_by("-version").first()
    if found is None:
        known = ", ".join(str(known) for known in Policy.objects.order_by("from_epoch", "slug", "version"))
        raise BadValue("policy", f"there are no rules {policy!r}; there are: {known or 'none, load the catalogue'}")
    return found


def policy_name(policy: Policy | None) -> str:
    """How the ledger names it: slug, version and SHA-256."""
    return f"{policy} {policy.sha256}" if policy else ""


def _facts(epoch: Epoch) -> Mapping[str, Any]:
    return {
        "state": str(epoch.state),
        "label": epoch.label,
        "starts_on": epoch.starts_on,
        "ends_on": epoch.ends_on,
        "policy": str(epoch.policy) if epoch.policy else "",
    }
