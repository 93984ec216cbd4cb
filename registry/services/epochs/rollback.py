"""Plans to take an epoch back: a changeset of its own, previewed, approved and applied like any other."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from registry.choices import ChangesetKind
from registry.governance.canonical import decimal_text, digest
from registry.models import Bounty, Changeset, Plan, Pot, TierAssignment
from registry.services.epochs.actors import PLAN_EPOCH, Actor
from registry.services.epochs.document import FORMAT, withdrawn_changesets
from registry.services.epochs.errors import RollbackRefused, WrongState
from registry.services.epochs.guards import APPLIED_STATES, epoch_numbered, given_reason
from registry.services.epochs.moves import CHANGES, change_of, summary
from registry.services.epochs.plan import keep_plan
from registry.services.epochs.state import Standing, exchange_names, standings, state
from registry.services.ledger import changeset_name, plain
from registry.services.lock import governance_lock


@transaction.atomic
def plan_rollback(number: int, *, actor: Actor, reason: str) -> Plan:
    """Computes and keeps what taking the epoch back would change; approve and apply it like any plan.

    It takes effect on the day it is applied: what stood until then did stand. Raises NotAllowed, NoSuchEpoch,
    WrongState for an epoch that is not applied, RollbackRefused where something stands on it, BadValue.
    """
    governance_lock()
    actor.must(PLAN_EPOCH, "plan to take an epoch back")
    epoch = epoch_numbered(number)
    reverses = epoch.standing_changeset
    if epoch.state not in APPLIED_STATES or reverses is None:
        raise WrongState(f"{epoch} is not applied: there is nothing to take back.")
    document = rollback_document(reverses)
    before = {"state": str(epoch.state), "plan": epoch.current_plan.hash if epoch.current_plan else None}
    return keep_plan(
        epoch,
        document,
        actor=actor,
        reason=given_reason(reason),
        policy=reverses.policy,
        before=before,
        facts={"reverses": changeset_name(reverses)},
        reverses=reverses,
    )


def rollback_document(reverses: Changeset) -> dict[str, Any]:
    """What taking *reverses* back would change now. Raises RollbackRefused."""
    if reasons := [*_later_changesets(reverses), *_spent_pots(reverses)]:
        raise RollbackRefused(f"{reverses.epoch} cannot be taken back: something stands on it.", reasons=reasons)
    day = max(timezone.now().date(), reverses.effective_from)  # what lies ahead is compared on its first day
    left_out = withdrawn_changesets()
    now = standings(as_of=day, without=left_out)
    then = standings(as_of=day, without=[*left_out, reverses.pk])
    touched = TierAssignment.objects.filter(changeset=reverses).values_list("exchange__slug", flat=True)
    names = exchange_names()
    moves = [
        _move(slug, names[slug], now.get(slug, Standing()), then.get(slug, Standing())) for slug in sorted(set(touched))
    ]
    moves.sort(key=lambda move: (list(CHANGES).index(move["change"]), move["exchange"]))
    counts = {change: sum(move["change"] == change for move in moves) for change in CHANGES}
    document = {
        "format": FORMAT,
        "kind": "rollback",
        "epoch": reverses.epoch.number,
        "reverses": reverses.serial,
        "effective_from": timezone.now().date(),
        "base": {
            "state": digest(state(as_of=reverses.effective_from, without=left_out)),
            "changesets": list(reverses.epoch.changesets.order_by("serial").values_list("serial", flat=True)),
        },
        "polls": [],
        "moves": moves,
        "counts": counts,
        "summary": summary(counts),
        "open": [],
        "absent": [],
        "overrides": [],
        "pots": [_pot(pot) for pot in reverses.pots.select_related("subject").order_by("pk")],
        "decisions": [],
        "effects": [],
        "warnings": [],
        "questions": [],
    }
    as_json: dict[str, Any] = plain(document)
    return as_json


def _later_changesets(reverses: Changeset) -> list[str]:
    """Those that stand and decided about the same exchanges since."""
    touched = TierAssignment.objects.filter(changeset=reverses).values("exchange")
    later = TierAssignment.objects.filter(
        changeset__serial__gt=reverses.serial,
        changeset__reversed_by__isnull=True,
        changeset__kind=ChangesetKind.APPLY,
        exchange__in=touched,
    )
    by_changeset: dict[str, list[str]] = {}
    for assignment in later.select_related("changeset__epoch", "exchange").order_by("changeset__serial", "exchange"):
        names = by_changeset.setdefault(str(assignment.changeset), [])
        if assignment.exchange.name not in names:
            names.append(assignment.exchange.name)
    return [
        f"{changeset.capitalize()} decided since about {', '.join(names)}: take that back first."
        for changeset, names in by_changeset.items()
    ]


def _spent_pots(reverses: Changeset) -> list[str]:
    """Bounties that are paid from what it allotted."""
    spending = Bounty.objects.filter(pot__changeset=reverses).select_related("pot__subject", "pot__epoch")
    return [
        f"Bounty {bounty.tracker_id} is paid from the {bounty.pot}: give it another pot, or none, first."
        for bounty in spending.order_by("pk")
    ]


def _move(slug: str, name: str, old: Standing, new: Standing) -> dict[str, Any]:
    return {
        "exchange": slug,
        "name": name,
        "change": "unchanged" if (old.tier, old.included) == (new.tier, new.included) else change_of(old, new),
        "old": old.as_json(),
        "new": new.as_json(),
        "decided": None,
        "poll": None,
        "group": "",
        "of": None,
        "also": [],
        "note": "" if new.basis else "Nothing was decided about it before this epoch.",
        "rank": None,
        "votes": None,
        "rounded": False,
        "share": None,
        "margin_to_next": None,
        "next_label": "",
        "margin_to_removal": None,
        "rule": "roll-back",
        "leaves_next": False,
    }


def _pot(pot: Pot) -> dict[str, Any]:
    return {
        "subject": pot.subject.slug,
        "kind": pot.subject.kind,
        "name": pot.subject.name,
        "group": pot.group,
        "amount": decimal_text(pot.allocated),
        "unit": pot.unit,
        "basis": "lapses",
    }
