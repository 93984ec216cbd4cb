"""Small pages of our own, and the exchange that they are about as the registry may hold it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from registry.choices import (
    Basis,
    ComponentKind,
    ConnectionType,
    DeclaredStatus,
    ExchangeType,
    LinkKind,
    MaintainerKind,
    MaintenanceState,
    MarketType,
    OrderType,
)
from registry.importers.pages import Page, read_page
from registry.models import Exchange, TierAssignment
from registry.page_export import PageLayout, render
from registry.services.catalogue.schema import ComponentEntry, ExchangeEntry, MaintainerEntry, MaintenanceEntry
from registry.services.pages import read_known
from registry.services.pages.exporting import exported

REAL_PAGES = Path(__file__).parents[2] / "payloads" / "pages"

BELL = """\
## 🛠 Connector Info

- **Exchange Type**: Centralized Exchange (**CEX**)
- **Market Type**: Central Limit Order Book (**CLOB**)
- **Maintenance Tier**: ![](https://img.shields.io/static/v1?label=Hummingbot&message=SILVER&color=white)
- **Maintainer**: Ann

| Component | Status | Notes |
| --------- | ------ | ----- |
| [🔀 Spot Connector](#spot-connector) | ✅ | Supports testnet |
| [🕯 Spot Candles Feed](#spot-candles-feed) | Not built | |

## ℹ️ Exchange Info

- **Website**: <https://bell.example>
- **Fees**: <https://bell.example/fees>

## 🔀 Spot Connector

- **ID**: `bell`
- **Connection Type**: WebSocket
- **Folder**: <https://code.example/bell>

### Order Types

- `LIMIT`
- `MARKET`
"""

ANN = MaintainerEntry(slug="ann", name="Ann", kind=MaintainerKind.PERSON)
BEN = MaintainerEntry(slug="ben", name="Ben & Sons, Ltd", kind=MaintainerKind.ORGANISATION, url="https://ben.example/")
KNOWN = {"ann": ANN, "ben": BEN}


def bell(*replacements: tuple[str, str], file: str = "bell.md") -> Page:
    """The page of Bell with each first text replaced by the second, which must be on it."""
    text = BELL
    for before, after in replacements:
        assert before in text, before
        text = text.replace(before, after, 1)
    return read_page(text.encode(), file)


def export(layout: PageLayout) -> list[Page]:
    """Every exchange of the database that has components, written and read."""
    known = read_known()
    return [
        read_page(render(exported(slug, known), layout), f"{slug}.md")
        for slug, entry in known.entries.items()
        if entry.components
    ]


def put_in_force(exchange: Exchange, tier: str, since: date, until: date | None = None) -> None:
    TierAssignment.objects.create(
        exchange=exchange,
        tier=tier,
        basis=Basis.RECORD,
        reason="voted",
        decided_by="poll",
        recorded_by="test",
        effective_from=since,
        expires_on=until,
    )


def entry(**changed: Any) -> ExchangeEntry:
    """Bell as its page states it."""
    values: dict[str, Any] = {
        "slug": "bell",
        "name": "Bell",
        "exchange_type": ExchangeType.CEX,
        "market_type": MarketType.CLOB,
        "maintainers": [MaintenanceEntry(maintainer="ann", state=MaintenanceState.ACTIVE)],
        "links": {LinkKind.WEBSITE: "https://bell.example", LinkKind.FEES: "https://bell.example/fees"},
        "components": [spot(), ComponentEntry(kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_BUILT)],
    }
    return ExchangeEntry(**values | changed)


def spot(**changed: Any) -> ComponentEntry:
    values: dict[str, Any] = {
        "kind": ComponentKind.SPOT_CONNECTOR,
        "status": DeclaredStatus.AVAILABLE,
        "notes": "Supports testnet",
        "connector_id": "bell",
        "connection_type": ConnectionType.WEBSOCKET,
        "folder_url": "https://code.example/bell",
        "order_types": [OrderType.LIMIT, OrderType.MARKET],
    }
    return ComponentEntry(**values | changed)
