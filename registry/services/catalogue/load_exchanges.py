"""Writes exchanges, and what hangs on them, into the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.choices import DeclaredStatus
from registry.models import Component, Exchange, ExchangeLink, Maintainer, Maintenance
from registry.services.catalogue.files import Catalogue
from registry.services.catalogue.schema import ComponentEntry, ExchangeEntry
from registry.services.catalogue.sync import Loaded, Rows, columns, keep_order


@dataclass(frozen=True, slots=True)
class _Tables:
    """All that a load of exchanges compares with, read at once; the new maintainers among it."""

    exchanges: Rows[Exchange]
    links: Rows[ExchangeLink]
    components: Rows[Component]
    maintenances: Rows[Maintenance]
    maintainers: Mapping[str, Maintainer]


def load_exchanges(catalogue: Catalogue, maintainers: Mapping[str, Maintainer], loaded: Loaded) -> dict[str, Exchange]:
    """Those with a file as it says, and one of name and type alone for each that polls name and no file has.

    Gives every exchange of the registry by slug.
    """
    tables = _Tables(
        exchanges=Rows(Exchange.objects.select_related("renamed_to"), "slug"),
        links=Rows(ExchangeLink.objects.all(), "exchange_id", "kind"),
        components=Rows(Component.objects.all(), "exchange_id", "kind"),
        maintenances=Rows(Maintenance.objects.select_related("maintainer"), "exchange_id", "maintainer_id"),
        maintainers=maintainers,
    )
    with_file = {entry.slug for entry in catalogue.exchanges}
    for subject in catalogue.exchange_subjects:
        if subject.slug not in with_file:
            tables.exchanges.sync((subject.slug,), columns(subject, "name", "exchange_type"), subject.slug, loaded)
    for entry in _targets_first(catalogue.exchanges):
        _load_exchange(entry, tables, loaded)
    return {exchange.slug: exchange for exchange in tables.exchanges}


def _targets_first(entries: Sequence[ExchangeEntry]) -> list[ExchangeEntry]:
    """Each behind the entry under which it goes on, and else in their order."""
    renamed = {entry.slug: entry.lifecycle.renamed_to for entry in entries}

    def steps(slug: str | None) -> Iterator[str]:
        while slug is not None and (slug := renamed.get(slug)):
            yield slug

    return sorted(entries, key=lambda entry: sum(1 for _ in steps(entry.slug)))


def _load_exchange(entry: ExchangeEntry, tables: _Tables, loaded: Loaded) -> None:
    values = columns(
        entry,
        "name",
        "exchange_type",
        "market_type",
        "partnership",
        "chains",
        "supported_countries",
        "supported_countries_url",
        "has_fee_share",
        "key_creation_steps",
    )
    said = entry.lifecycle
    values |= {
        "tip_title": entry.tip.title if entry.tip else "",
        "tip": entry.tip.text if entry.tip else "",
        "lifecycle": said.state.value,
        "removed_in": said.removed_in or "",
        "renamed_to": tables.exchanges.get(said.renamed_to) if said.renamed_to else None,
        "lifecycle_source": said.source or "",
    }
    exchange = tables.exchanges.sync((entry.slug,), values, entry.slug, loaded)
    _load_maintenances(exchange, entry, tables, loaded)
    _load_links(exchange, entry, tables.links, loaded)
    _load_components(exchange, entry, tables.components, loaded)


def _load_maintenances(exchange: Exchange, entry: ExchangeEntry, tables: _Tables, loaded: Loaded) -> None:
    stated = set()
    for one in entry.maintainers:
        maintainer = tables.maintainers[one.maintainer].pk if one.maintainer else None
        stated.add(maintainer)
        values = columns(one, "state", "source") | {"since": one.since, "last_confirmed": one.last_confirmed}
        label = f"{entry.slug} maintainer {one.maintainer or 'wanted'}"
        tables.maintenances.sync((exchange.pk, maintainer), values, label, loaded)
    for row in tables.maintenances.found(exchange.pk):
        if row.maintainer_id not in stated:
            name = row.maintainer.slug if row.maintainer else "wanted"
            tables.maintenances.delete(row, f"{entry.slug} maintainer {name}", loaded)


def _load_links(exchange: Exchange, entry: ExchangeEntry, links: Rows[ExchangeLink], loaded: Loaded) -> None:
    rows = []
    for position, (kind, url) in enumerate(entry.links.items()):
        label = f"{entry.slug} link {kind.value}"
        rows.append(links.sync((exchange.pk, kind.value), {"url": url}, label, loaded, position=position))
    for row in links.found(exchange.pk):
        if row.kind not in entry.links:
            links.delete(row, f"{entry.slug} link {row.kind}", loaded)
    keep_order(rows, f"the links of {entry.slug}", loaded)


def _load_components(exchange: Exchange, entry: ExchangeEntry, components: Rows[Component], loaded: Loaded) -> None:
    rows = []
    for position, one in enumerate(entry.components):
        label = f"{entry.slug} {one.kind.value}"
        key = (exchange.pk, one.kind.value)
        rows.append(components.sync(key, _component_values(one), label, loaded, position=position))
    kinds = {one.kind for one in entry.components}
    for gone in components.found(exchange.pk):
        if gone.status != DeclaredStatus.REMOVED and gone.kind not in kinds:
            gone.status = DeclaredStatus.REMOVED
            gone.save(update_fields=["status"])
            loaded.changes.append(f"marked {entry.slug} {gone.kind} as removed: no longer in its file")
    keep_order(rows, f"the components of {entry.slug}", loaded)


def _component_values(entry: ComponentEntry) -> dict[str, Any]:
    values = columns(
        entry,
        "status",
        "notes",
        "removed_in",
        "connector_id",
        "connector_version",
        "connection_type",
        "folder_url",
        "api_docs_url",
        "configs_url",
        "order_types",
        "position_modes",
        "intervals",
        "credential_prompts",
        "usage_example",
        "usage_url",
    )
    paper = entry.paper_trading
    return values | {
        "v2_strategies": entry.v2_strategies,
        "paper_trading": paper.mode.value if paper else "",
        "paper_connector_id": (paper.connector_id if paper else None) or "",
        "paper_url": (paper.url if paper else None) or "",
        "paper_notes": (paper.notes if paper else None) or "",
    }
