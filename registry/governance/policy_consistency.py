"""What a policy document must obey beyond the type of each key: which keys go together, and where bands begin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from registry.choices import PollGroup, SubjectKind
from registry.governance.policy_schema import Band, Label, PolicyDocument, PolicyKind
from registry.strict_yaml import Fault

STRATEGY_LABELS = (Label.CORE, Label.COMMUNITY)


def document_faults(policy: PolicyDocument) -> Iterator[Fault]:
    """Each place in *policy* that contradicts another, with the remedy."""
    if policy.to_epoch is not None and policy.to_epoch < policy.from_epoch:
        yield ("to_epoch",), f"lies before from_epoch ({policy.from_epoch}); write that epoch, a later one, or null"
    for key, items in (("sources", policy.sources), ("groups", policy.groups), ("voting", policy.voting)):
        if not items:
            yield (key,), "is empty; name at least one"
    if policy.kind is PolicyKind.RANKED_POLLS:
        yield from _ranked_faults(policy)
        yield from _band_faults(policy)
        yield from _money_faults(policy)
        yield from _slot_faults(policy)
    else:
        yield from _proposal_faults(policy)


def _ranked_faults(policy: PolicyDocument) -> Iterator[Fault]:
    if policy.passing is not None:
        yield ("passing",), "is a rule for single_proposals; remove it"
    if PollGroup.PROPOSAL in policy.groups:
        yield ("groups",), "proposal is no ranked poll; remove it, or write kind: single_proposals"
    for key, value in (("tie", policy.tie), ("rank_among", policy.rank_among), ("eligibility", policy.eligibility)):
        if value is None:
            yield (key,), "is missing; ranked polls need it"
    if len(policy.order) != 1:
        yield ("order",), "write the one order there is: [{by: votes, dir: desc}]"


def _proposal_faults(policy: PolicyDocument) -> Iterator[Fault]:
    if policy.passing is None:
        yield ("passing",), "is missing; single proposals need it"
    if policy.groups and policy.groups != [PollGroup.PROPOSAL]:
        yield ("groups",), "single proposals have the one group proposal; write [proposal]"
    for key in ("order", "tie", "rank_among", "eligibility", "quorum", "bands", "pool", "slots"):
        if getattr(policy, key):
            yield (key,), "is a rule for ranked_polls; remove it"


def _band_faults(policy: PolicyDocument) -> Iterator[Fault]:
    for place, band in enumerate(policy.bands):
        first, last = band.ranks
        if last is not None and last < first:
            yield ("bands", place, "ranks"), f"ends before it begins; write [{last}, {first}]?"
        if unknown := [group for group in band.groups or () if group not in policy.groups]:
            yield ("bands", place, "groups"), f"{unknown[0].value} is not among the policy's groups; add it there"
        if band.groups == []:
            yield ("bands", place, "groups"), "is empty; write null for every group that no other band names"
        yield from _label_faults(policy, place, band)
    for group in policy.groups:
        yield from _cover_faults(policy.bands_of(group), group)


def _label_faults(policy: PolicyDocument, place: int, band: Band) -> Iterator[Fault]:
    groups = [group for group in policy.groups if (place, band) in policy.bands_of(group)]
    for group in groups:
        of_strategies = group.subject_kind == SubjectKind.STRATEGY
        if of_strategies != (band.label in STRATEGY_LABELS):
            fit = "core or community" if of_strategies else "gold, silver or bronze"
            yield ("bands", place, "label"), f"{band.label} is no label of {group.value}; write {fit}"


def _cover_faults(bands: Sequence[tuple[int, Band]], group: PollGroup) -> Iterator[Fault]:
    """Bands stand best first, begin at rank 1, and leave neither a gap nor an overlap."""
    expected: int | None = 1
    labels: set[Label] = set()
    for place, band in bands:
        first, last = band.ranks
        if expected is None:
            yield ("bands", place, "ranks"), f"{group.value}: the band before it has no end; give that one a last rank"
            return
        if first != expected:
            yield (
                ("bands", place, "ranks"),
                f"{group.value}: begins at {first}, the band before it ends at {expected - 1}",
            )
        if band.label in labels:
            yield ("bands", place, "label"), f"{group.value}: {band.label} stands twice; join the two bands"
        labels.add(band.label)
        expected = None if last is None else last + 1


def _money_faults(policy: PolicyDocument) -> Iterator[Fault]:
    if policy.pool is None:
        return
    if policy.pool.cap is not None and int(policy.pool.cap) > int(policy.pool.amount):
        yield ("pool", "cap"), "is more than the pool itself; write null where there is no cap"
    for place, band in enumerate(policy.bands):
        if band.allocation is not None:
            yield ("bands", place, "allocation"), "money comes from the pool or from the bands, not both; remove one"


def _slot_faults(policy: PolicyDocument) -> Iterator[Fault]:
    if policy.slots is None:
        return
    for place, rule in enumerate(policy.slots.rules):
        if rule.choices > policy.slots.limit:
            yield ("slots", "rules", place, "choices"), f"is over the limit of {policy.slots.limit}"
        if rule.drop_lowest_next >= rule.choices:
            yield ("slots", "rules", place, "drop_lowest_next"), f"would drop all of {rule.choices} choices"
    yield from _repeated(rule.choices for rule in policy.slots.rules)


def _repeated(choices: Iterable[int]) -> Iterator[Fault]:
    seen: set[int] = set()
    for place, number in enumerate(choices):
        if number in seen:
            yield ("slots", "rules", place, "choices"), f"{number} stands twice; join the two rules"
        seen.add(number)
