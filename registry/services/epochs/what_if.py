"""What other rules would have made of the same results; it reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils import timezone

from registry.governance.policy import PolicyDocument, parse_policy
from registry.models import Changeset, Epoch
from registry.services.epochs.create import policy_in_force
from registry.services.epochs.document import Rules, apply_document
from registry.services.epochs.errors import BadValue
from registry.services.epochs.guards import epoch_numbered
from registry.services.epochs.moves import Override, change_of
from registry.services.epochs.plan import must_be_mapped
from registry.services.epochs.state import Standing, undisturbed

Document = Mapping[str, Any]


def what_if(
    number: int, *, policy: PolicyDocument, decisions: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """The difference between what happened in the epoch and what *policy* makes of its polls.

    In a move, old is what happened and new what would have; exchanges that come out alike are only counted.
    *decisions* stand in for the epoch's own, which other rules may not ask for. Where the epoch does not stand, what
    happened is what its own rules would make of it. Raises NoSuchEpoch, WrongState, Unmapped, and what the evaluation
    refuses. Exchanges that a question is open about stand in `open`, and in no move.
    """
    return undisturbed(lambda: _what_if(number, policy, decisions))


def _what_if(number: int, policy: PolicyDocument, decisions: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    epoch = epoch_numbered(number)
    must_be_mapped(epoch)
    standing = epoch.standing_changeset
    own = _own_policy(epoch, standing)
    happened = dict(standing.plan.document) if standing else _document(epoch, Rules(own), epoch.decisions)
    settled = epoch.decisions if decisions is None else decisions
    would = _document(epoch, Rules(policy, held_under=own), settled, standing=standing)
    undecided = {entry["exchange"] for entry in [*happened["open"], *would["open"]]}
    moves = _differing_moves(happened, would, undecided, has_tiers=Rules(policy).has_tiers)
    compared = {move["exchange"] for move in [*happened["moves"], *would["moves"]]} - undecided
    return {
        "epoch": number,
        "policy": Rules(policy).as_json(),
        "against": str(standing) if standing else "its own rules, not applied",
        "moves": moves,
        "same": len(compared) - len(moves),
        "open": would["open"],
        "pots": _differing_pots(happened, would),
        "questions": would["questions"],
        "warnings": would["warnings"],
    }


def _own_policy(epoch: Epoch, standing: Changeset | None) -> PolicyDocument:
    policy = (standing.policy if standing else None) or epoch.policy or policy_in_force(epoch.number)
    if policy is None:
        raise BadValue("policy", f"no rules are in force for {epoch}, so there is nothing to compare with")
    return parse_policy(policy.document)


def _document(
    epoch: Epoch, rules: Rules, decisions: Sequence[Mapping[str, Any]], *, standing: Changeset | None = None
) -> dict[str, Any]:
    """Planned on what stood before the epoch: neither it nor what came after it had been applied then."""
    since = Changeset.objects.filter(serial__gte=standing.serial) if standing else Changeset.objects.none()
    return apply_document(
        epoch,
        rules,
        effective_from=standing.effective_from if standing else epoch.effective_from or timezone.now().date(),
        decisions=decisions,
        overrides=[Override(**override) for override in epoch.overrides],
        without=since.values_list("pk", flat=True),
    )


def _differing_moves(
    happened: Document, would: Document, undecided: Collection[str], *, has_tiers: bool
) -> list[dict[str, Any]]:
    """Of exchanges that come out otherwise; one that only one side decides about keeps what it had on the other."""
    before = {move["exchange"]: move for move in happened["moves"]}
    after = {move["exchange"]: move for move in would["moves"]}
    moves = []
    for slug in sorted((before.keys() | after.keys()) - set(undecided)):
        shown: Document = after.get(slug) or before[slug]
        old = before[slug]["new"] if slug in before else shown["old"]
        new = after[slug]["new"] if slug in after else shown["old"]
        if (old["tier"], old["included"]) != (new["tier"], new["included"]):
            change = change_of(Standing(**old), Standing(**new), has_tiers=has_tiers)
            moves.append({**shown, "change": change, "old": old, "new": new})
    return moves


def _differing_pots(happened: Document, would: Document) -> list[dict[str, Any]]:
    before = {(pot["group"], pot["kind"], pot["subject"]): pot for pot in happened["pots"]}
    after = {(pot["group"], pot["kind"], pot["subject"]): pot for pot in would["pots"]}
    pots = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        known: Mapping[str, Any] = new or old or {}
        amounts = {"old": old["amount"] if old else None, "new": new["amount"] if new else None}
        if amounts["old"] != amounts["new"]:
            about = {"subject": key[2], "kind": key[1], "name": known["name"], "group": key[0], "unit": known["unit"]}
            pots.append(about | amounts)
    return pots
