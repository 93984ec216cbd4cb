"""Writes a checked catalogue into the database: all of it or nothing, and only what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from django.db import models, transaction

from registry.choices import DeclaredStatus
from registry.models import (
    Bounty,
    Component,
    Exchange,
    ExchangeLink,
    Maintainer,
    Proposal,
    TierAssignment,
)
from registry.services.catalogue.files import CATALOGUE_DIR, Catalogue, read_catalogue
from registry.services.catalogue.schema import BountyEntry, ComponentEntry, ExchangeEntry, TierEntry

RECORDED_BY = "catalogue"

Row = TypeVar("Row", bound=models.Model)


@dataclass(slots=True)
class Loaded:
    """What a load did, one line each, and what it found in the database that stands in no file and so left alone."""

    changes: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)


def load_catalogue(directory: Path = CATALOGUE_DIR, *, dry_run: bool = False) -> Loaded:
    """Makes the registry say what the files under *directory* say, and tells what that changed.

    A file's word replaces what stands in the database. Components that left their file become *removed*, since results
    and bounties hang on them; links that left it are deleted; exchanges, maintainers, proposals and bounties that no
    file names stay as they are. Tier decisions are only ever added: a file's decision that reads differently from
    what this function recorded before is recorded anew, after it, and one that left its file stays in force.

    With *dry_run* everything is done and then undone. Raises CatalogueRefused before the first write.
    """
    catalogue = read_catalogue(directory)
    loaded = Loaded()
    with transaction.atomic():
        _load(catalogue, loaded)
        transaction.set_rollback(dry_run)
    return loaded


def _load(catalogue: Catalogue, loaded: Loaded) -> None:
    maintainers = {
        entry.slug: _sync(
            Maintainer,
            {"slug": entry.slug},
            _columns(entry, "name", "kind", "url"),
            f"maintainer {entry.slug}",
            loaded,
        )
        for entry in catalogue.maintainers
    }
    exchanges = {entry.slug: _load_exchange(entry, maintainers, loaded) for entry in catalogue.exchanges}
    proposals = {}
    for proposal_entry in catalogue.proposals:
        values = _columns(proposal_entry, "kind", "number", "title", "url", "state")
        label = f"proposal {proposal_entry.number}"
        proposal = _sync(Proposal, {"snapshot_id": proposal_entry.snapshot_id}, values, label, loaded)
        _link_exchanges(proposal, [exchanges[slug] for slug in proposal_entry.exchanges], label, loaded)
        proposals[proposal_entry.snapshot_id] = proposal
    for entry in catalogue.exchanges:
        for bounty_entry in entry.bounties:
            _load_bounty(exchanges[entry.slug], bounty_entry, proposals, loaded)
    loaded.left_alone += [f"{label}: in no file" for label in _left_alone(catalogue)]


def _left_alone(catalogue: Catalogue) -> Iterator[str]:
    """What no file has (any more), but the database does; of tier decisions, those that a file once had."""
    maintainers = [entry.slug for entry in catalogue.maintainers]
    for maintainer in Maintainer.objects.exclude(slug__in=maintainers):
        yield f"maintainer {maintainer.slug}"
    for exchange in Exchange.objects.exclude(slug__in=[entry.slug for entry in catalogue.exchanges]):
        yield f"exchange {exchange.slug}"
    votes = [entry.snapshot_id for entry in catalogue.proposals]
    for proposal in Proposal.objects.exclude(snapshot_id__in=votes):
        yield f"proposal {proposal.number}"

    decisions = {
        (entry.slug, tier.epoch or "", tier.effective_from) for entry in catalogue.exchanges for tier in entry.tiers
    }
    for decision in TierAssignment.objects.filter(recorded_by=RECORDED_BY).select_related("exchange"):
        if (decision.exchange.slug, decision.epoch, decision.effective_from) not in decisions:
            yield _decided(decision)
    bounties = {
        (entry.slug, bounty.tracker_id, bounty.issue_url or "")
        for entry in catalogue.exchanges
        for bounty in entry.bounties
    }
    for bounty in Bounty.objects.select_related("exchange"):
        if (bounty.exchange.slug, bounty.tracker_id, bounty.issue_url) not in bounties:
            yield f"{bounty.exchange.slug} bounty {bounty.tracker_id}"


def _load_exchange(entry: ExchangeEntry, maintainers: Mapping[str, Maintainer], loaded: Loaded) -> Exchange:
    values = _columns(
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
    exchange = _sync(Exchange, {"slug": entry.slug}, values, entry.slug, loaded)

    for position, (kind, url) in enumerate(entry.links.items()):
        values = {"url": url, "position": position}
        key = {"exchange": exchange, "kind": kind.value}
        _sync(ExchangeLink, key, values, f"{entry.slug} link {kind.value}", loaded)
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

    for tier in entry.tiers:
        _record_tier(exchange, tier, loaded)
    return exchange


def _load_component(exchange: Exchange, entry: ComponentEntry, position: int, loaded: Loaded) -> None:
    values = _columns(
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
    _sync(Component, key, values, f"{exchange.slug} {entry.kind.value}", loaded)


def _record_tier(exchange: Exchange, entry: TierEntry, loaded: Loaded) -> None:
    """Adds the decision unless the latest that the catalogue recorded for its epoch and date reads the same."""
    values = _columns(entry, "tier", "reason", "source_url", "decided_by")
    key = {"epoch": entry.epoch or "", "effective_from": entry.effective_from, "recorded_by": RECORDED_BY}
    latest = exchange.tier_assignments.filter(**key).order_by("recorded_at", "pk").last()
    if latest is None or any(getattr(latest, name) != value for name, value in values.items()):
        recorded = TierAssignment.objects.create(exchange=exchange, **key, **values)
        loaded.changes.append(f"recorded {_decided(recorded)}")


def _decided(decision: TierAssignment) -> str:
    tier = decision.get_tier_display() or "no tier"
    return f"{decision.exchange.slug} {tier} from {decision.effective_from} ({decision.epoch})"


def _load_bounty(exchange: Exchange, entry: BountyEntry, proposals: Mapping[str, Proposal], loaded: Loaded) -> None:
    values = _columns(entry, "title", "kind", "sponsor", "amount", "unit", "state")
    values["component"] = exchange.components.get(kind=entry.component) if entry.component else None
    values["proposal"] = proposals[entry.proposal] if entry.proposal else None
    key = {"exchange": exchange, "tracker_id": entry.tracker_id, "issue_url": entry.issue_url or ""}
    _sync(Bounty, key, values, f"{exchange.slug} bounty {entry.tracker_id}", loaded)


def _link_exchanges(proposal: Proposal, exchanges: list[Exchange], label: str, loaded: Loaded) -> None:
    if set(proposal.exchanges.all()) != set(exchanges):
        proposal.exchanges.set(exchanges)
        loaded.changes.append(f"linked {label} to {', '.join(exchange.slug for exchange in exchanges) or 'none'}")


def _columns(entry: msgspec.Struct, *names: str) -> dict[str, Any]:
    """The named fields as columns hold them: plain values, and "" for what the file does not say."""
    plain = msgspec.to_builtins(entry, builtin_types=(Decimal, date))
    return {name: "" if plain[name] is None else plain[name] for name in names}


def _sync(model: type[Row], key: dict[str, Any], values: dict[str, Any], label: str, loaded: Loaded) -> Row:
    """The row with *key*, created or brought to *values*; writes the columns that differ and notes each."""
    row = model._default_manager.filter(**key).first()
    if row is None:
        loaded.changes.append(f"created {label}")
        return model._default_manager.create(**key, **values)
    differing = [name for name, value in values.items() if getattr(row, name) != value]
    for name in differing:
        loaded.changes.append(f"changed {label}: {name} {getattr(row, name)!r} to {values[name]!r}")
        setattr(row, name, values[name])
    if differing:
        row.save(update_fields=differing)
    return row
