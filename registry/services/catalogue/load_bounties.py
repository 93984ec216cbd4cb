"""Writes bounties into the database, where the tracker may have stated them before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.models import Bounty, Component, Exchange, Proposal
from registry.services.catalogue.files import Catalogue
from registry.services.catalogue.schema import BountyEntry, FiledBountyEntry
from registry.services.catalogue.sync import Loaded, Rows, columns

OF_THE_TRACKER = ("kind", "sponsor", "amount", "unit", "state")
"""Where a file of an exchange and the tracker state one bounty, the tracker wins for these."""


def load_bounties(
    catalogue: Catalogue, exchanges: Mapping[str, Exchange], proposals: Mapping[str, Proposal], loaded: Loaded
) -> None:
    """Those in the files of exchanges, then those of bounties.yaml."""
    if not catalogue.bounties and not any(entry.bounties for entry in catalogue.exchanges):
        return
    rows = Rows(
        Bounty.objects.select_related("component", "proposal"), "tracker_id", "issue_url", "part", "exchange_id"
    )
    components = {(row.exchange_id, row.kind): row for row in Component.objects.all()}
    for entry in catalogue.exchanges:
        for bounty in entry.bounties:
            exchange = exchanges[entry.slug]
            values = columns(bounty, "title", *OF_THE_TRACKER)
            values |= _joined(bounty, exchange, components, proposals)
            stored = _placed(bounty, 1, exchange, rows, loaded)
            if stored is not None and stored.last_synced_at:
                values = {name: value for name, value in values.items() if name not in OF_THE_TRACKER}
            rows.sync(_key(bounty, 1, exchange), values, _label(bounty, exchange), loaded)
    for filed in catalogue.bounties:
        _load_filed(filed, exchanges.get(filed.exchange or ""), components, proposals, rows, loaded)


def _load_filed(
    entry: FiledBountyEntry,
    exchange: Exchange | None,
    components: Mapping[tuple[int, str], Component],
    proposals: Mapping[str, Proposal],
    rows: Rows[Bounty],
    loaded: Loaded,
) -> None:
    """Leaves one alone that the tracker stated since the file was written: its later word holds."""
    stored = _placed(entry, entry.part, exchange, rows, loaded)
    stated = stored.last_synced_at if stored else None
    if stated and (entry.last_synced_at is None or entry.last_synced_at < stated):
        loaded.left_alone.append(f"{_label(entry, exchange)}: the tracker stated it later, on {stated:%Y-%m-%d}")
        return
    values = columns(entry, "named", "title", "kind", "sponsor", "unit", "state", "assignee", "fingerprint")
    values |= {"amount": entry.amount, "last_synced_at": entry.last_synced_at}
    values |= _joined(entry, exchange, components, proposals)
    rows.sync(_key(entry, entry.part, exchange), values, _label(entry, exchange), loaded)


def _joined(
    entry: BountyEntry | FiledBountyEntry,
    exchange: Exchange | None,
    components: Mapping[tuple[int, str], Component],
    proposals: Mapping[str, Proposal],
) -> dict[str, Any]:
    return {
        "component": components[exchange.pk, entry.component.value] if exchange and entry.component else None,
        "proposal": proposals[entry.proposal] if entry.proposal else None,
    }


def _placed(
    entry: BountyEntry | FiledBountyEntry, part: int, exchange: Exchange | None, rows: Rows[Bounty], loaded: Loaded
) -> Bounty | None:
    """The stored one. One that the tracker stated without its exchange is put there first, and so not doubled."""
    stored = rows.get(*_key(entry, part, exchange))
    homeless = rows.get(*_key(entry, part, None))
    if stored is not None or homeless is None or exchange is None:
        return stored
    rows.move(homeless, {"exchange_id": exchange.pk})
    loaded.changes.append(f"placed {_label(entry, exchange)}")
    return homeless


def _key(entry: BountyEntry | FiledBountyEntry, part: int, exchange: Exchange | None) -> tuple[Any, ...]:
    return entry.tracker_id, entry.issue_url or "", part, exchange.pk if exchange else None


def _label(entry: BountyEntry | FiledBountyEntry, exchange: Exchange | None) -> str:
    return f"{exchange.slug} bounty {entry.tracker_id}" if exchange else f"bounty {entry.tracker_id}"
