"""The rules that were in force, in words: read from the policy documents, never from memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from registry.choices import ChangesetKind
from registry.governance.policy_schema import PolicyDocument, PolicyKind
from registry.governance.wording import figure, listed
from registry.models import Changeset, Policy
from registry.public.missing import NotHere

if TYPE_CHECKING:
    from datetime import date

    from registry.governance.policy_schema import Band


class Fact(NamedTuple):
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class PolicyView:
    """One version of the rules. `in_force_from` is None where nothing was decided under it by the day that is shown."""

    policy: Policy
    rules: PolicyDocument
    in_force_from: date | None
    is_in_force: bool

    @property
    def epochs(self) -> str:
        return epochs_in_words(self.policy.from_epoch, self.policy.to_epoch)

    @property
    def facts(self) -> list[Fact]:
        return rules_in_words(self.rules)

    @property
    def gist(self) -> str:
        """In one line, what a vote under these rules gives."""
        if self.rules.kind is PolicyKind.SINGLE_PROPOSALS:
            return "No polls: one proposal for each connector to add or remove"
        if self.rules.has_tiers:
            return f"Tiers by rank; in from {figure(self.rules.threshold)} HBOT"
        pool = self.rules.pool
        shared = f"; polls share {figure(pool.amount)} HBOT" if pool else ""
        return f"No tiers{shared}; in from {figure(self.rules.threshold)} HBOT"


def policies_on(day: date) -> list[PolicyView]:
    """Every policy, the earliest first; the one of the latest decision by that day is in force."""
    begun = _first_effect(day)
    views = [_view(policy, begun, day) for policy in Policy.objects.all()]
    latest = max((view for view in views if view.in_force_from), key=lambda view: view.in_force_from, default=None)  # type: ignore[arg-type,return-value]  # None was left out
    return [
        PolicyView(view.policy, view.rules, view.in_force_from, is_in_force=view is latest)
        for view in sorted(views, key=lambda view: (view.policy.from_epoch or 0, view.policy.slug, view.policy.version))
    ]


def policy_on(slug: str, version: int, day: date) -> PolicyView:
    """Raises NotHere."""
    views = policies_on(day)
    for view in views:
        if (view.policy.slug, view.policy.version) == (slug, version):
            return view
    known = listed([str(view.policy) for view in views])
    raise NotHere(f"there is no policy {slug} v{version} here{f': there are {known}' if known else ''}")


def epochs_in_words(first: int | None, last: int | None) -> str:
    if first is None:
        return "No epoch"
    if last is None:
        return f"From epoch {first} on"
    return f"Epoch {first}" if first == last else f"Epochs {first}–{last}"


def rules_in_words(rules: PolicyDocument) -> list[Fact]:
    """What a reader asks of rules: who votes on what, who is in, what a rank gives, and the money."""
    facts = [
        Fact("Polls", listed([group.label for group in rules.groups])),
        Fact("Voting", "; ".join(voting.label for voting in rules.voting) or "Not stated"),
        Fact("Open for", f"{rules.days} days" if rules.days else "Not stated"),
        *_who_is_in(rules),
        *_what_a_rank_gives(rules),
        *_money(rules),
    ]
    if rules.kind is PolicyKind.RANKED_POLLS:
        facts.append(
            Fact("Equal votes", "Across a cut a person decides, with a reason; within one tier they change nothing")
        )
    return facts


def _who_is_in(rules: PolicyDocument) -> list[Fact]:
    facts = []
    if rules.threshold is not None:
        facts.append(
            Fact("Stays in", f"At least {figure(rules.threshold)} HBOT; below that it leaves the next release")
        )
    if rules.passing:
        quorum = rules.passing.quorum_votes
        with_quorum = f", and at least {figure(quorum)} HBOT took part" if quorum else ""
        facts.append(Fact("Passes", f"More than {rules.passing.over_percent} % of the votes are for it{with_quorum}"))
    if rules.quorum:
        facts.append(Fact("Quorum", f"{figure(rules.quorum.votes)} HBOT over all choices"))
    if rules.slots:
        drops = [
            f"with {rule.choices} choices {_lowest(rule.drop_lowest_next)} next quarter" for rule in rules.slots.rules
        ]
        facts.append(Fact("Places", "; ".join([f"{rules.slots.limit} choices at most in a poll", *drops])))
    return facts


def _lowest(count: int) -> str:
    return "the lowest leaves" if count == 1 else f"the lowest {count} leave"


def _what_a_rank_gives(rules: PolicyDocument) -> list[Fact]:
    if not rules.bands:
        return [Fact("Tiers", "None: these rules know no tiers")]
    return [Fact(_band_label(band), _band_words(band)) for band in rules.bands]


def _band_label(band: Band) -> str:
    label = band.label.value.capitalize()
    return f"{label} ({listed([group.label for group in band.groups])})" if band.groups else label


def _band_words(band: Band) -> str:
    money = f", with {figure(band.allocation)} HBOT for bounties" if band.allocation else ""
    return f"{band.span.capitalize()}{money}"


def _money(rules: PolicyDocument) -> list[Fact]:
    if rules.pool is None:
        return []
    pool = rules.pool
    among = f"the first {pool.top}" if pool.top else "all that stay in"
    cap = f", {figure(pool.cap)} HBOT at most each" if pool.cap else ""
    return [Fact("Pots", f"{figure(pool.amount)} HBOT per poll, shared by votes among {among}{cap}")]


def _first_effect(day: date) -> dict[int, date]:
    """By policy, the first day on which something that stands was decided under it."""
    applied = Changeset.objects.filter(kind=ChangesetKind.APPLY, effective_from__lte=day, reversed_by__isnull=True)
    begun: dict[int, date] = {}
    for policy_id, since in applied.order_by("effective_from").values_list("policy_id", "effective_from"):
        if policy_id is not None:
            begun.setdefault(policy_id, since)
    return begun


def _view(policy: Policy, begun: dict[int, date], day: date) -> PolicyView:
    rules = msgspec.convert(policy.document, PolicyDocument)
    stated = rules.in_force_from if rules.in_force_from and rules.in_force_from <= day else None
    return PolicyView(policy, rules, stated or begun.get(policy.pk), is_in_force=False)
