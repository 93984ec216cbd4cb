"""Writes a checked catalogue into the database: all of it or nothing, and only what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from django.db import transaction

from registry.errors import RegistryError
from registry.governance.links import parse_proposal_link
from registry.models import Bounty, Exchange, Maintainer, Proposal
from registry.services.catalogue.files import CATALOGUE_DIR, Catalogue, read_catalogue
from registry.services.catalogue.load_bounties import load_bounties
from registry.services.catalogue.load_exchanges import load_exchanges
from registry.services.catalogue.load_names import load_names
from registry.services.catalogue.load_policies import load_policies
from registry.services.catalogue.schema import MaintainerEntry, ProposalEntry
from registry.services.catalogue.sync import Loaded, Rows, columns
from registry.services.lock import governance_lock


class PlanOutdated(RegistryError):
    """The registry or its files changed between the plan that somebody agreed to and the writing of it."""


def load_catalogue(
    directory: Path = CATALOGUE_DIR, *, dry_run: bool = False, agreed: Sequence[str] | None = None
) -> Loaded:
    """Makes the registry say what the files under *directory* say, and tells what that changed.

    A file's word replaces what stands in the database. Components that left their file become *removed*, since results
    and bounties hang on them; links and maintenances that left it are deleted; exchanges, maintainers, subjects,
    aliases, proposals and bounties that no file names stay as they are. A policy is never changed: one that reads
    differently is refused.

    With *dry_run* everything is done and then undone. *agreed* are the changes of a dry run: any other are refused.
    Raises CatalogueRefused and PlanOutdated; nothing is written then.
    """
    catalogue = read_catalogue(directory)
    loaded = Loaded()
    with transaction.atomic():
        governance_lock()
        write_catalogue(catalogue, loaded, directory=directory)
        loaded.left_alone += [f"{label}: in no file" for label in _left_alone(catalogue)]
        if agreed is not None and loaded.changes != list(agreed):
            raise PlanOutdated(
                "The registry or its files changed since this plan was made; nothing was written: look again."
            )
        transaction.set_rollback(dry_run)
    return loaded


def write_catalogue(catalogue: Catalogue, loaded: Loaded, *, directory: Path) -> None:
    """Brings the registry to *catalogue*, which may be a part of one: what it does not name stays as it is.

    For a transaction that holds the governance lock. Its references must be good, as `read_catalogue` sees to.
    *directory* is what a refusal names. Raises CatalogueRefused.
    """
    load_policies(catalogue.policies, directory, loaded)
    maintainers = _load_maintainers(catalogue.maintainers, loaded)
    exchanges = load_exchanges(catalogue, maintainers, loaded)
    load_names(catalogue, exchanges, directory, loaded)
    proposals = _load_proposals(catalogue.proposals, exchanges, loaded)
    load_bounties(catalogue, exchanges, proposals, loaded)


def _load_maintainers(entries: Sequence[MaintainerEntry], loaded: Loaded) -> dict[str, Maintainer]:
    rows = Rows(Maintainer.objects.all(), "slug")
    for entry in entries:
        rows.sync((entry.slug,), columns(entry, "name", "kind", "url"), f"maintainer {entry.slug}", loaded)
    return {row.slug: row for row in rows}


def _load_proposals(
    entries: Sequence[ProposalEntry], exchanges: Mapping[str, Exchange], loaded: Loaded
) -> dict[str, Proposal]:
    """Gives every proposal of the registry by vote id, and by number where no id is known."""
    stored = Proposal.objects.prefetch_related("exchanges")
    by_id = Rows(stored.exclude(snapshot_id=""), "snapshot_id")
    by_number = Rows(stored.filter(snapshot_id=""), "number")
    for entry in entries:
        values = columns(entry, "kind", "title", "url", "state", "space")
        label = f"proposal {entry.number or entry.key}"
        if entry.snapshot_id:
            values |= columns(entry, "number")
            values["space"] = parse_proposal_link(entry.url).space if entry.url else values["space"]
            proposal = by_id.sync((entry.snapshot_id,), values, label, loaded)
        else:
            proposal = by_number.sync((entry.number,), values, label, loaded)
        _link_exchanges(proposal, [exchanges[slug] for slug in entry.exchanges], label, loaded)
    return {row.snapshot_id or row.number: row for row in (*by_number, *by_id)}


def _link_exchanges(proposal: Proposal, exchanges: list[Exchange], label: str, loaded: Loaded) -> None:
    if set(proposal.exchanges.all()) != set(exchanges):
        proposal.exchanges.set(exchanges)
        loaded.changes.append(f"linked {label} to {', '.join(exchange.slug for exchange in exchanges) or 'none'}")


def _left_alone(catalogue: Catalogue) -> Iterator[str]:
    """What no file has (any more), but the database does. Bounties that the tracker states are its own matter."""
    maintainers = {entry.slug for entry in catalogue.maintainers}
    yield from (f"maintainer {row.slug}" for row in Maintainer.objects.all() if row.slug not in maintainers)
    exchanges = {entry.slug for entry in catalogue.exchanges} | {entry.slug for entry in catalogue.exchange_subjects}
    yield from (f"exchange {row.slug}" for row in Exchange.objects.all() if row.slug not in exchanges)
    votes = {entry.key for entry in catalogue.proposals}
    for proposal in Proposal.objects.all():
        if (proposal.snapshot_id or proposal.number) not in votes:
            yield f"proposal {proposal.number}"

    bounties = {
        (entry.slug, bounty.tracker_id, bounty.issue_url or "")
        for entry in catalogue.exchanges
        for bounty in entry.bounties
    } | {(bounty.exchange or "", bounty.tracker_id, bounty.issue_url or "") for bounty in catalogue.bounties}
    for row in Bounty.objects.filter(last_synced_at=None).select_related("exchange"):
        owner = row.exchange.slug if row.exchange else ""
        if (owner, row.tracker_id, row.issue_url) not in bounties:
            yield f"{owner} bounty {row.tracker_id}".strip()
