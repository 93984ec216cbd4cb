"""Page and registry are compared fact by fact, and what pages never say is not held against them."""

from __future__ import annotations

from typing import Any

import pytest

from registry.choices import (
    ComponentKind,
    DeclaredStatus,
    ExchangeType,
    Lifecycle,
    LinkKind,
    MaintenanceState,
    OrderType,
    PaperTrading,
)
from registry.importers.pages import read_page
from registry.services.catalogue.schema import (
    ChainEntry,
    ComponentEntry,
    LifecycleEntry,
    MaintenanceEntry,
    PaperTradingEntry,
    TipEntry,
)
from registry.services.pages import Difference, Severity, differences
from tests.registry.page_import.pages import BELL, KNOWN, bell, entry, spot

STALE, HERE, THERE = Severity.STALE, Severity.MISSING_HERE, Severity.MISSING_THERE


def test_page_that_says_the_same_has_no_difference() -> None:
    assert differences(bell(), entry(), tier="silver", maintainers=KNOWN) == ()


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        (
            "Centralized Exchange (**CEX**)",
            "Decentralized Exchange (**DEX**)",
            Difference("exchange type", "Centralized exchange (CEX)", "Decentralized exchange (DEX)", 3, STALE),
        ),
        (
            "bell.example/fees",
            "bell.example/prices",
            Difference("link fees", "https://bell.example/fees", "https://bell.example/prices", 16, STALE),
        ),
        ("| Not built |", "| ✅ |", Difference("component spot_candles status", "Not built", "Available", 11, STALE)),
        (
            "Connection Type**: WebSocket",
            "Connection Type**: REST",
            Difference("component spot_connector connection type", "WebSocket", "REST", 18, STALE),
        ),
        (
            "- `MARKET`",
            "- `LIMIT_MAKER`",
            Difference("component spot_connector order types", "LIMIT, MARKET", "LIMIT, LIMIT_MAKER", 18, STALE),
        ),
        (
            "Maintainer**: Ann",
            "Maintainer**: Ben & Sons, Ltd",
            Difference("maintainer", "Ann", "Ben & Sons, Ltd", 6, STALE),
        ),
        ("Maintainer**: Ann", "Maintainer**: None", Difference("maintainer", "Ann", "nobody", 6, STALE)),
        ("message=SILVER", "message=GOLD", Difference("tier", "Silver", "Gold", 5, STALE)),
        (
            "- **Fees**",
            "- **API Docs**: <https://bell.example/api>\n- **Fees**",
            Difference("link api docs", "", "https://bell.example/api", 16, HERE),
        ),
        (
            "| [🕯 Spot",
            "| 🔀 Perp Connector | Not available |\n| [🕯 Spot",
            Difference("component perp_connector", "", "Not available", 11, HERE),
        ),
        (
            "- **Fees**: <https://bell.example/fees>\n",
            "",
            Difference("link fees", "https://bell.example/fees", "", 0, THERE),
        ),
        (
            "- **Folder**: <https://code.example/bell>\n",
            "",
            Difference("component spot_connector folder url", "https://code.example/bell", "", 0, THERE),
        ),
        (
            "| [🕯 Spot Candles Feed](#spot-candles-feed) | Not built | |\n",
            "",
            Difference("component spot_candles", "Not built", "", 0, THERE),
        ),
        ("- **Maintainer**: Ann\n", "", Difference("maintainer", "Ann", "", 0, THERE)),
    ],
)
def test_one_changed_fact_is_one_difference_with_its_line(before: str, after: str, difference: Difference) -> None:
    assert differences(bell((before, after)), entry(), tier="silver", maintainers=KNOWN) == (difference,)


def test_section_that_a_page_leaves_out_is_one_difference() -> None:
    page = read_page(BELL.partition("## 🔀 Spot Connector\n")[0].encode(), "bell.md")

    assert differences(page, entry(), maintainers=KNOWN) == (
        Difference("component spot_connector section", "its section, with the id bell", "", 0, THERE),
    )


@pytest.mark.parametrize(
    ("tier", "registry"), [("gold", "Gold"), ("", "no tier")], ids=["another in force", "none in force"]
)
def test_tier_is_held_against_the_one_in_force(tier: str, registry: str) -> None:
    assert differences(bell(), entry(), tier=tier, maintainers=KNOWN) == (
        Difference("tier", registry, "Silver", 5, STALE),
    )


def test_tiers_are_not_compared_where_none_is_given_and_not_missed_in_a_layout_without_them() -> None:
    today = bell(
        (
            "- **Maintenance Tier**: ![](https://img.shields.io/static/v1?label=Hummingbot&message=SILVER&color=white)\n",
            "",
        ),
        ("- **Maintainer**: Ann\n", ""),
    )

    assert differences(bell(("SILVER", "GOLD")), entry(), maintainers=KNOWN) == ()
    assert differences(today, entry(), tier="silver", maintainers=KNOWN) == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"components": [spot(order_types=[OrderType.MARKET, OrderType.LIMIT]), entry().components[1]]},
        {"components": [entry().components[1], spot()]},
        {"components": [spot(notes="Supports   testnet"), entry().components[1]]},
        {"components": [spot(connector_version="v2.1", v2_strategies=True), entry().components[1]]},
        {"components": [spot(usage_example="x", usage_url="https://x.example"), entry().components[1]]},
        {
            "components": [
                spot(),
                entry().components[1],
                ComponentEntry(kind=ComponentKind.PERP_CONNECTOR, status=DeclaredStatus.REMOVED, connector_id="gone"),
            ]
        },
        {"maintainers": [*entry().maintainers, MaintenanceEntry(maintainer="ben", state=MaintenanceState.EMERITUS)]},
        {"links": {LinkKind.FEES: "https://bell.example/fees", LinkKind.WEBSITE: "https://bell.example"}},
        {"links": {LinkKind.FEES: "https://bell.example/fees/", LinkKind.WEBSITE: "https://bell.example/"}},
    ],
    ids=[
        "order types",
        "order of rows",
        "spaces",
        "later columns",
        "samples",
        "removed",
        "emeritus",
        "order of links",
        "closing slash",
    ],
)
def test_what_pages_do_not_say_is_no_difference(changed: dict[str, Any]) -> None:
    assert differences(bell(), entry(**changed), tier="silver", maintainers=KNOWN) == ()


def test_page_of_an_exchange_that_left_the_bot_need_not_list_its_components() -> None:
    perp = ComponentEntry(kind=ComponentKind.PERP_CONNECTOR, status=DeclaredStatus.NOT_AVAILABLE)
    components = [*entry().components, perp]
    gone = entry(components=components, lifecycle=LifecycleEntry(state=Lifecycle.REMOVED))

    assert differences(bell(), gone, maintainers=KNOWN) == ()
    assert [one.place for one in differences(bell(), entry(components=components), maintainers=KNOWN)] == [
        "component perp_connector"
    ]


def test_each_side_has_its_own_words_for_a_tip() -> None:
    page = read_page(f'!!! tip "Support us"\n    Open an account.\n\n{BELL}'.encode(), "bell.md")

    assert differences(page, entry(tip=TipEntry(title="Support", text="In our words.")), maintainers=KNOWN) == ()
    assert [(one.place, one.page) for one in differences(page, entry(), maintainers=KNOWN)] == [
        ("tip title", "Support us"),
        ("tip text", "Open an account."),
    ]


def test_values_are_printed_as_a_reader_knows_them() -> None:
    paper = PaperTradingEntry(mode=PaperTrading.SIMULATED, connector_id="bell_paper_trade")
    changed = entry(
        exchange_type=ExchangeType.DEX,
        chains=[ChainEntry(chain="ethereum", networks=["mainnet", "sepolia"]), ChainEntry(chain="bsc")],
        has_fee_share=True,
        components=[spot(paper_trading=paper), entry().components[1]],
    )

    assert [(one.place, one.registry) for one in differences(bell(), changed, maintainers=KNOWN)] == [
        ("exchange type", "Decentralized exchange (DEX)"),
        ("chains", "ethereum (mainnet, sepolia); bsc (no network named)"),
        ("has fee share", "yes"),
        ("component spot_connector paper trading mode", "Simulated by the bot"),
    ]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Ann", {"ann"}),
        ("[ANN](https://elsewhere.example)", {"ann"}),
        ("[the sons](https://www.ben.example)", {"ben"}),
        ("Ann, [Ben & Sons, Ltd](https://ben.example/)", {"ann", "ben"}),
        ("Ann / Ben & Sons, Ltd", {"ann", "ben"}),
        ("Ann and Somebody", {"ann-and-somebody"}),
    ],
)
def test_maintainers_are_known_by_name_or_address(line: str, names: set[str]) -> None:
    page = bell(("Maintainer**: Ann", f"Maintainer**: {line}"))
    rows = [MaintenanceEntry(maintainer=slug, state=MaintenanceState.ACTIVE) for slug in names]

    assert differences(page, entry(maintainers=rows), maintainers=KNOWN) == ()
    assert len(differences(page, entry(maintainers=[]), maintainers=KNOWN)) == 1
