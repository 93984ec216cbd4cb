"""Finds what each file says well by itself and the files, or the keys of one, deny together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from registry.choices import ComponentKind, DeclaredStatus, Lifecycle, MaintenanceState
from registry.governance.links import parse_proposal_link
from registry.services.catalogue.schema import (
    BountyEntry,
    ComponentEntry,
    ExchangeEntry,
    FiledBountyEntry,
    MaintainerEntry,
    ProposalEntry,
)
from registry.strict_yaml import Fault, nearest, shown


def maintainer_faults(maintainers: Sequence[MaintainerEntry]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, entry in enumerate(maintainers):
        if entry.slug in seen:
            yield ("maintainers", index, "slug"), f"{entry.slug!r} stands twice"
        seen.add(entry.slug)


def proposal_faults(proposals: Sequence[ProposalEntry], exchange_slugs: set[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, entry in enumerate(proposals):
        key = "snapshot_id" if entry.snapshot_id else "number"
        if not entry.key:
            yield ("proposals", index, "number"), "missing: a vote without an id is known by its number"
        elif entry.key in seen:
            yield ("proposals", index, key), f"{entry.key!r} stands twice"
        seen.add(entry.key)
        if entry.url and entry.snapshot_id and (reason := _link_fault(entry.url, entry.snapshot_id)):
            yield ("proposals", index, "url"), reason
        if entry.url and entry.space:
            yield ("proposals", index, "space"), "belongs to a vote without a link: the link names its space"
        for place, slug in enumerate(entry.exchanges):
            if slug not in exchange_slugs:
                yield (
                    ("proposals", index, "exchanges", place),
                    f"no exchange {slug!r} in the catalogue; {nearest(slug, sorted(exchange_slugs))}",
                )


def _link_fault(url: str, vote_id: str) -> str:
    try:
        named = parse_proposal_link(url).id
    except ValueError as error:
        return str(error)
    return "" if named == vote_id else f"the link names another vote than snapshot_id: {named}"


def exchange_faults(entry: ExchangeEntry, stem: str) -> Iterator[Fault]:
    if entry.slug != stem:
        yield ("slug",), f"{entry.slug!r} in a file named {stem}.yaml: the two must agree"
    yield from _lifecycle_faults(entry)
    yield from _maintenance_faults(entry)
    kinds: set[ComponentKind] = set()
    for index, component in enumerate(entry.components):
        if component.kind in kinds:
            yield ("components", index, "kind"), f"{component.kind.value!r} stands twice"
        kinds.add(component.kind)
        for key, reason in component_faults(component):
            yield ("components", index, key), reason
    bounties: set[tuple[object, object]] = set()
    for index, bounty in enumerate(entry.bounties):
        if (bounty.tracker_id, bounty.issue_url) in bounties:
            yield ("bounties", index, "tracker_id"), f"{bounty.tracker_id!r} stands twice for one issue"
        bounties.add((bounty.tracker_id, bounty.issue_url))
        for key, reason in _bounty_faults(bounty, kinds):
            yield ("bounties", index, key), reason


def _lifecycle_faults(entry: ExchangeEntry) -> Iterator[Fault]:
    said = entry.lifecycle
    if said.state == Lifecycle.RENAMED and said.renamed_to is None:
        yield ("lifecycle", "renamed_to"), "missing: say which entry it goes on under"
    if said.state != Lifecycle.RENAMED and said.renamed_to is not None:
        yield ("lifecycle", "renamed_to"), f"belongs to the state renamed, and this is {said.state.value}"
    if said.renamed_to == entry.slug:
        yield ("lifecycle", "renamed_to"), "is this same exchange: name the entry it goes on under"
    if said.state not in {Lifecycle.REMOVED, Lifecycle.RENAMED} and said.removed_in is not None:
        yield ("lifecycle", "removed_in"), f"belongs to the states removed and renamed, and this is {said.state.value}"


def rename_faults(entry: ExchangeEntry, known: set[str], renamed: Mapping[str, str]) -> Iterator[Fault]:
    """*renamed*: the entry under which each goes on, by slug."""
    target = entry.lifecycle.renamed_to
    if target is not None and target not in known:
        yield ("lifecycle", "renamed_to"), f"no exchange {target!r} in the catalogue; {nearest(target, sorted(known))}"
    seen = {entry.slug}
    while target is not None and target in renamed and target not in seen:
        seen.add(target)
        target = renamed[target]
    if target == entry.slug and len(seen) > 1:
        yield ("lifecycle", "renamed_to"), f"leads back to {entry.slug}: one of them has to go on under its own name"


def _maintenance_faults(entry: ExchangeEntry) -> Iterator[Fault]:
    seen: set[str | None] = set()
    for index, one in enumerate(entry.maintainers):
        if (one.state == MaintenanceState.SEEKING) != (one.maintainer is None):
            reason = "null goes with the state seeking, and with no other"
            yield ("maintainers", index, "maintainer"), reason
        if one.maintainer in seen:
            yield ("maintainers", index, "maintainer"), f"{one.maintainer or 'null'!r} stands twice"
        seen.add(one.maintainer)
        if one.since and one.last_confirmed and one.last_confirmed < one.since:
            yield ("maintainers", index, "last_confirmed"), f"{one.last_confirmed} is before since, {one.since}"


def component_faults(component: ComponentEntry) -> Iterator[tuple[str, str]]:
    if component.status == DeclaredStatus.AVAILABLE and not component.connector_id:
        yield "connector_id", "missing: a component that is available needs one"
    if component.kind.is_candle_feed:
        for key in ("order_types", "position_modes", "credential_prompts", "paper_trading"):
            if getattr(component, key):
                yield key, "does not belong to a candle feed"
    elif component.intervals:
        yield "intervals", "belongs to a candle feed only"
    if component.removed_in and component.status != DeclaredStatus.REMOVED:
        yield "removed_in", f"belongs to the status removed, and this is {component.status.value}"
    if component.position_modes and component.kind == ComponentKind.SPOT_CONNECTOR:
        yield "position_modes", "does not belong to a spot connector"


def _bounty_faults(bounty: BountyEntry, kinds: set[ComponentKind]) -> Iterator[tuple[str, str]]:
    if bounty.component and bounty.component not in kinds:
        yield "component", f"{bounty.component.value!r} is not among the components of this exchange"
    if reason := _amount_fault(bounty.amount):
        yield "amount", reason


def maintainer_reference_faults(entry: ExchangeEntry, known: Sequence[str]) -> Iterator[Fault]:
    for index, one in enumerate(entry.maintainers):
        if one.maintainer is not None and one.maintainer not in known:
            reason = f"no maintainer {one.maintainer!r} in maintainers.yaml; {nearest(one.maintainer, known)}"
            yield ("maintainers", index, "maintainer"), reason


def bounty_reference_faults(entry: ExchangeEntry, votes: set[str]) -> Iterator[Fault]:
    for index, bounty in enumerate(entry.bounties):
        if bounty.proposal and bounty.proposal not in votes:
            yield ("bounties", index, "proposal"), _no_proposal(bounty.proposal)


def filed_bounty_faults(
    bounties: Sequence[FiledBountyEntry],
    exchanges: Mapping[str, ExchangeEntry | None],
    known: set[str] | None,
    votes: set[str] | None,
) -> Iterator[Fault]:
    """*exchanges*: what their files say, by slug. What names others is not judged where *known* or *votes* is None."""
    seen: set[tuple[object, ...]] = {
        (entry.slug, bounty.tracker_id, bounty.issue_url, 1)
        for entry in exchanges.values()
        if entry
        for bounty in entry.bounties
    }
    for index, bounty in enumerate(bounties):
        for key, reason in _filed_bounty_faults(bounty, exchanges, known, votes):
            yield ("bounties", index, key), reason
        same = (bounty.exchange, bounty.tracker_id, bounty.issue_url, bounty.part)
        if same in seen:
            yield ("bounties", index, "tracker_id"), f"{bounty.tracker_id!r} stands twice for one issue and part"
        seen.add(same)


def _filed_bounty_faults(
    bounty: FiledBountyEntry,
    exchanges: Mapping[str, ExchangeEntry | None],
    known: set[str] | None,
    votes: set[str] | None,
) -> Iterator[tuple[str, str]]:
    if bounty.exchange and known is not None and bounty.exchange not in known:
        yield "exchange", f"no exchange {bounty.exchange!r} in the catalogue; {nearest(bounty.exchange, sorted(known))}"
    owner = exchanges.get(bounty.exchange or "")
    if bounty.component and not bounty.exchange:
        yield "component", "belongs to a bounty of an exchange: name that, too"
    elif bounty.component and (owner or (known is not None and bounty.exchange in known - set(exchanges))):
        kinds = {component.kind for component in owner.components} if owner else set()
        if bounty.component not in kinds:
            yield "component", f"{bounty.component.value!r} is not among the components of this exchange"
    if bounty.amount is not None and (reason := _amount_fault(bounty.amount)):
        yield "amount", reason
    if bounty.proposal and votes is not None and bounty.proposal not in votes:
        yield "proposal", _no_proposal(bounty.proposal)


def _no_proposal(named: str) -> str:
    return f"no proposal {named} in proposals.yaml"


def _amount_fault(amount: Decimal) -> str:
    if not amount.is_finite() or amount < 0 or amount >= 10**18 or amount != round(amount, 2):
        return f"expected zero or more with at most two decimals, got {shown(amount)}"
    return ""
