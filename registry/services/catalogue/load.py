"""Writes a checked catalogue into the database: all of it or nothing, and only what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from django.db import transaction

from registry.choices import DeclaredStatus
from registry.governance.links import parse_proposal_link
from registry.models import Bounty, Component, Exchange, ExchangeLink, Maintainer, Proposal
from registry.services.catalogue.files import CATALOGUE_DIR, Catalogue, read_catalogue
from registry.services.catalogue.load_names import load_names
from registry.services.catalogue.load_policies import load_policies
from registry.services.catalogue.schema import BountyEntry, ComponentEntry, ExchangeEntry
from registry.services.catalogue.sync import Loaded, columns, sync
from registry.services.lock import governance_lock


def load_catalogue(directory: Path = CATALOGUE_DIR, *, dry_run: bool = False) -> Loaded:
    """Makes the registry say what the files under *directory* say, and tells what that changed.

    A file's word replaces what stands in the database. Components that left their file become *removed*, since results
    and bounties hang on them; links that left it are deleted; exchanges, maintainers, subjects, aliases, proposals and
    bounties that no file names stay as they are. A policy is never changed: one that reads differently is refused.

    With *dry_run* everything is done and then undone. Raises CatalogueRefused; nothing is written then.
    """
    catalogue = read_catalogue(directory)
    loaded = Loaded()
    with transaction.atomic():
        governance_lock()
        _load(catalogue, directory, loaded)
        transaction.set_rollback(dry_run)
    return loaded


def _load(catalogue: Catalogue, directory: Path, loaded: Loaded) -> None:
    load_policies(catalogue.policies, directory, loaded)
    maintainers = {
        entry.slug: sync(
            Maintainer,
            {"slug": entry.slug},
            columns(entry, "name", "kind", "url"),
            f"maintainer {entry.slug}",
            loaded,
        )
        for entry in catalogue.maintainers
    }
    exchanges = {entry.slug: _load_exchange(entry, maintainers, loaded) for entry in catalogue.exchanges}
    known = load_names(catalogue, exchanges, directory, loaded)
    proposals = {}
    for proposal_entry in catalogue.proposals:
        values = columns(proposal_entry, "kind", "number", "title", "url", "state")
        values["space"] = parse_proposal_link(proposal_entry.url).space if proposal_entry.url else ""
        label = f"proposal {proposal_entry.number}"
        proposal = sync(Proposal, {"snapshot_id": proposal_entry.snapshot_id}, values, label, loaded)
        _link_exchanges(proposal, [known[slug] for slug in proposal_entry.exchanges], label, loaded)
        proposals[proposal_entry.snapshot_id] = proposal
    for entry in catalogue.exchanges:
        for bounty_entry in entry.bounties:
            _load_bounty(exchanges[entry.slug], bounty_entry, proposals, loaded)
    loaded.left_alone += [f"{label}: in no file" for label in _left_alone(catalogue)]


def _left_alone(catalogue: Catalogue) -> Iterator[str]:
    """What no file has (any more), but the database does. Bounties that the tracker states are its own matter."""
    maintainers = [entry.slug for entry in catalogue.maintainers]
    for maintainer in Maintainer.objects.exclude(slug__in=maintainers):
        yield f"maintainer {maintainer.slug}"
    exchanges = {entry.slug for entry in catalogue.exchanges} | {entry.slug for entry in catalogue.exchange_subjects}
    for exchange in Exchange.objects.exclude(slug__in=exchanges):
        yield f"exchange {exchange.slug}"
    votes = [entry.snapshot_id for entry in catalogue.proposals]
    for proposal in Proposal.objects.exclude(snapshot_id__in=votes):
        yield f"proposal {proposal.number}"

    bounties = {
        (entry.slug, bounty.tracker_id, bounty.issue_url or "")
        for entry in catalogue.exchanges
        for bounty in entry.bounties
    }
    for bounty in Bounty.objects.filter(last_synced_at=None).select_related("exchange"):
        owner = bounty.exchange.slug if bounty.exchange else ""
        if (owner, bounty.tracker_id, bounty.issue_url) not in bounties:
            yield f"{owner} bounty {bounty.tracker_id}".strip()


def _load_exchange(entry: ExchangeEntry, maintainers: Mapping[str, Maintainer], loaded: Loaded) -> Exchange:
    values = columns(
        entry,
        "name",
        "exchange_type",
        "market_type",
        "supported_countries",
        "supported_countries_url",
        "has_fee_share",
        "key_creation_steps",
    )
    values["maintainer"] = maintainers[entry.maintainer] if entry.maintainer else None
    values["tip_title"] = entry.tip.title if entry.tip else ""
    values["tip"] = entry.tip.text if entry.tip else ""
    exchange = sync(Exchange, {"slug": entry.slug}, values, entry.slug, loaded)

    for position, (kind, url) in enumerate(entry.links.items()):
        values = {"url": url, "position": position}
        key = {"exchange": exchange, "kind": kind.value}
        sync(ExchangeLink, key, values, f"{entry.slug} link {kind.value}", loaded)
    for link in exchange.links.exclude(kind__in=list(entry.links)):
        loaded.changes.append(f"deleted {entry.slug} link {link.kind}")
        link.delete()

    for position, component in enumerate(entry.components):
        _load_component(exchange, component, position, loaded)
    kinds = [component.kind for component in entry.components]
    for gone in exchange.components.listed().exclude(kind__in=kinds):
        gone.status = DeclaredStatus.REMOVED
        gone.save(update_fields=["status"])
        loaded.changes.append(f"marked {entry.slug} {gone.kind} as removed: no longer in its file")
    return exchange


def _load_component(exchange: Exchange, entry: ComponentEntry, position: int, loaded: Loaded) -> None:
    values = columns(
        entry,
        "status",
        "notes",
        "connector_id",
        "connection_type",
        "folder_url",
        "order_types",
        "position_modes",
        "intervals",
        "credential_prompts",
        "usage_example",
        "usage_url",
    )
    paper = entry.paper_trading
    values |= {
        "paper_trading": paper.mode.value if paper else "",
        "paper_connector_id": paper.connector_id if paper else "",
        "paper_url": (paper.url if paper else None) or "",
        "paper_notes": (paper.notes if paper else None) or "",
        "position": position,
    }
    key = {"exchange": exchange, "kind": entry.kind.value}
    sync(Component, key, values, f"{exchange.slug} {entry.kind.value}", loaded)


def _load_bounty(exchange: Exchange, entry: BountyEntry, proposals: Mapping[str, Proposal], loaded: Loaded) -> None:
    """The tracker may have stated it before: then the file adds what the tracker lacks, and its exchange."""
    values = columns(entry, "title", "kind", "sponsor", "amount", "unit", "state")
    values["component"] = exchange.components.get(kind=entry.component) if entry.component else None
    values["proposal"] = proposals[entry.proposal] if entry.proposal else None
    key = {"exchange": exchange, "tracker_id": entry.tracker_id, "issue_url": entry.issue_url or "", "part": 1}
    label = f"{exchange.slug} bounty {entry.tracker_id}"
    tracked = Bounty.objects.filter(**key | {"exchange": None}).first()
    if tracked is not None and not Bounty.objects.filter(**key).exists():
        tracked.exchange = exchange
        tracked.save(update_fields=["exchange"])
        loaded.changes.append(f"placed {label}")
    if Bounty.objects.filter(**key, last_synced_at__isnull=False).exists():
        values = {name: values[name] for name in ("title", "component", "proposal")}
    sync(Bounty, key, values, label, loaded)


def _link_exchanges(proposal: Proposal, exchanges: list[Exchange], label: str, loaded: Loaded) -> None:
    if set(proposal.exchanges.all()) != set(exchanges):
        proposal.exchanges.set(exchanges)
        loaded.changes.append(f"linked {label} to {', '.join(exchange.slug for exchange in exchanges) or 'none'}")
