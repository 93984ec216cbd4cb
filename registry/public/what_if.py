"""What a reader may ask "what if" with: another shipped policy over the same results, or another threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from registry.governance.policy import with_changes
from registry.governance.policy_schema import PolicyDocument, PolicyKind
from registry.governance.wording import figure, listed
from registry.models import Policy
from registry.parameters import BadParameters
from registry.public.epochs import epoch_on
from registry.services.epochs import what_if
from registry.services.epochs.plan_words import sections
from registry.services.epochs.wording import group_words

if TYPE_CHECKING:
    from django.http import QueryDict

    from registry.public.epochs import EpochView
    from registry.services.epochs.plan_words import Section


@dataclass(frozen=True, slots=True)
class Asked:
    """*difference* is None while nothing is asked; otherwise what `what_if` says."""

    view: EpochView
    policies: tuple[Policy, ...]
    policy: Policy | None
    min_votes: str
    difference: dict[str, Any] | None

    @property
    def pots(self) -> list[dict[str, str]]:
        """Pots that would be others, their amounts ready to print."""
        return [
            pot | {"group": group_words(pot["group"]), "old": figure(pot["old"]), "new": figure(pot["new"])}
            for pot in (self.difference or {}).get("pots", ())
        ]

    @property
    def sections(self) -> list[Section]:
        """What would have come out otherwise, by what changes."""
        return sections(self.difference or {})


def asked_of(number_of_epoch: int, given: QueryDict) -> Asked:
    """Reads `policy` ("hgp-50 v1") and `min_votes` (HBOT). Raises NotHere and BadParameters."""
    view = epoch_on(number_of_epoch)
    policies = tuple(
        policy for policy in Policy.objects.all() if policy.document.get("kind") == PolicyKind.RANKED_POLLS.value
    )
    chosen, least = given.get("policy", ""), given.get("min_votes", "").strip()
    if not chosen and not least:
        return Asked(view, policies, view.policy, "", None)
    policy = _policy_named(chosen, policies) if chosen else view.policy
    if policy is None:
        raise BadParameters({"policy": [f"{view.epoch} has no rules of its own: name some, {_known(policies)}"]})
    rules = msgspec.convert(policy.document, PolicyDocument)
    if least:
        rules = with_changes(rules, min_votes=_votes(least))
    if not view.epoch.polls.all():
        raise BadParameters({"policy": [f"{view.epoch} has no poll that rules could be tried on"]})
    return Asked(view, policies, policy, least, what_if(number_of_epoch, policy=rules))


def _policy_named(name: str, policies: tuple[Policy, ...]) -> Policy:
    for policy in policies:
        if str(policy) == name:
            return policy
    raise BadParameters({"policy": [f"“{name}” is no policy for polls: {_known(policies)}"]})


def _known(policies: tuple[Policy, ...]) -> str:
    return f"there are {listed([str(policy) for policy in policies])}" if policies else "there are none here"


def _votes(text: str) -> str:
    plain = text.replace(",", "").replace("_", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 15):
        raise BadParameters({"min_votes": [f"“{text}” is no number of HBOT: write whole HBOT, such as 200000"]})
    return str(int(plain))
