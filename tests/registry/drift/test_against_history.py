"""The whole recorded history held against the client's five lists, and against pages as they stood in November 2023."""

from __future__ import annotations

import shutil
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.drift.client import client_drift, shipped_tiers
from registry.drift.findings import Comparison, Kind
from registry.drift.folder import pages_under
from registry.drift.pages import pages_drift
from registry.drift.register import Register, read_register
from registry.importers.client_tiers import read_client_tiers
from registry.models import Component, Exchange, TierAssignment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whole_history")]

PAGES = Path(__file__).parents[2] / "payloads" / "pages"
NOVEMBER = date(2023, 11, 10)
TODAY = date(2026, 11, 21)

STALE = {"ascendex": "silver", "huobi": "bronze", "pancakeswap": "silver", "polkadex": "bronze", "uniswap": "gold"}
"""What five pages showed on 2023-11-10, a month after epoch 6 had decided otherwise."""

RIGHT = {"binance": "gold", "gate-io": "silver", "dydx": "gold", "okx": "bronze", "vertex": "bronze", "mexc": "bronze"}
COLOURS = {"gold": "yellow", "silver": "white", "bronze": "green"}


def page_showing(tier: str) -> str:
    """A page of our own in the layout of the time, with nothing on it but what is needed."""
    badge = f"![](https://img.shields.io/static/v1?label=Hummingbot&message={tier.upper()}&color={COLOURS[tier]})"
    return f"""## 🛠 Connector Info

- **Exchange Type**: Centralized Exchange (CEX)
- **Market Type**: Central Limit Order Book (CLOB)
- **Maintenance Tier**: {badge}
- **Maintainer**: None

| Component | Status | Notes |
| --------- | ------ | ----- |
| [🔀 Spot Connector](#spot-connector) | ✅ |
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Part of a documentation site: four real pages, and small ones for what the record tells of the others."""
    real = {"ascendex": "2023-08-24/ascendex.md", "uniswap": "2023-08-24/uniswap.md", "kraken": "seed/kraken.md"}
    for name, tier in (STALE | RIGHT).items():
        (tmp_path / f"{name}.md").write_text(page_showing(tier), encoding="utf-8")
    for name, file in (real | {"kucoin": "seed/kucoin.md"}).items():
        shutil.copy(PAGES / file, tmp_path / f"{name}.md")
    return tmp_path


@pytest.fixture
def register() -> Register:
    return read_register()


def found(comparison: Comparison, kind: Kind) -> dict[str, tuple[str, str]]:
    """Both sides by exchange."""
    return {one.exchange: (one.registry, one.other) for one in comparison.findings if one.kind is kind}


def of_client(commit: str, register: Register) -> Comparison:
    version = next(one for one in shipped_tiers() if f"@{commit}" in one.source)
    assert version.date is not None
    return client_drift(version, register, version.date, is_record=True)


def test_five_pages_of_november_2023_are_stale_and_no_others(site: Path, register: Register) -> None:
    drift = pages_drift(pages_under(site), register, today=TODAY, on=NOVEMBER)

    said = {finding.exchange: (finding.registry, finding.other.partition(" ")[0]) for finding in drift.findings}
    assert said == {
        "ascendex": ("Bronze", "Silver"),
        "htx": ("Silver", "Bronze"),
        "pancakeswap": ("Bronze", "Silver"),
        "polkadex": ("Silver", "Bronze"),
        "uniswap": ("Bronze", "Gold"),
    }
    assert {finding.kind for finding in drift.findings} == {Kind.TIER_STALE}
    assert drift.agreed == len(RIGHT) + 2
    assert drift.compared == "The tiers of 2023-11-10, against 13 pages of 13 exchanges."


def test_a_stale_page_is_named_with_its_line_since_when_and_what_to_do(site: Path, register: Register) -> None:
    drift = pages_drift(pages_under(site), register, today=TODAY, on=NOVEMBER)

    (ascendex,) = [finding for finding in drift.findings if finding.exchange == "ascendex"]
    assert ascendex.other == "Silver (badge, line 8; sentence, line 11; explanation, line 11)"
    assert ascendex.where == "ascendex.md:8"
    assert (ascendex.since, ascendex.since_what) == (date(2023, 10, 14), "Bronze in the registry")
    assert ascendex.remedy == "Correct the page: the tier is Bronze."


def test_before_epoch_6_two_of_the_five_were_right(site: Path, register: Register) -> None:
    drift = pages_drift(pages_under(site), register, today=TODAY, on=date(2023, 10, 13))

    assert {"ascendex", "uniswap"}.isdisjoint(found(drift, Kind.TIER_STALE))
    assert "dydx" in found(drift, Kind.TIER_STALE)


def test_today_no_page_may_show_a_tier_and_everything_else_is_compared_too(site: Path, register: Register) -> None:
    drift = pages_drift(pages_under(site), register, today=TODAY)

    assert found(drift, Kind.TIER_STALE)["kraken"] == (
        "No tier. Bronze until 2024-01-26; the rules in force since have no tiers.",
        "Bronze (badge, line 8; sentence, line 11; explanation, line 11)",
    )
    abouts = {finding.about for finding in drift.findings if finding.kind in {Kind.STALE, Kind.MISSING_HERE}}
    assert {about for about in abouts if about.startswith("Tip t")} == set()
    shipped = {slug for slug, one in register.exchanges.items() if one.is_shipped}
    assert set(found(drift, Kind.NO_PAGE)) <= shipped - {"kraken", "kucoin"}
    assert "bitmart" in found(drift, Kind.NO_PAGE)
    assert not Kind.NO_PAGE.is_drift


def test_a_page_of_nowhere_and_a_file_that_is_no_page_are_told(site: Path, register: Register) -> None:
    (site / "nosuchexchange.md").write_text(page_showing("gold"), encoding="utf-8")
    (site / "about.md").write_text("# About us\n\nWe write.\n", encoding="utf-8")

    drift = pages_drift(pages_under(site), register, today=TODAY, on=NOVEMBER)

    assert [(aside.title, aside.items) for aside in drift.asides] == [
        ("Pages of no exchange here", ("nosuchexchange.md: no exchange nosuchexchange is in the registry",)),
        ("Markdown files that are no exchange page", ("about.md",)),
    ]


def test_a_page_that_contradicts_itself_is_told_with_both_places(site: Path, register: Register) -> None:
    sentence = (
        "\nCurrently, Mexc is a **Silver** exchange, as voted by HBOT holders in each quarterly Epoch.\n\n| Component"
    )
    page = page_showing("bronze").replace("\n| Component", sentence)
    (site / "mexc.md").write_text(page, encoding="utf-8")

    drift = pages_drift(pages_under(site), register, today=TODAY, on=NOVEMBER)

    assert found(drift, Kind.TIER_CONTRADICTION) == {
        "mexc": ("Bronze", "Bronze (badge, line 5) and Silver (sentence, line 8)")
    }


def test_half_an_epoch_in_the_client_is_found_on_its_day(register: Register) -> None:
    drift = of_client("c7c63aee71", register)

    assert found(drift, Kind.DIFFERS) == {
        "dydx": ("Gold", "Silver (dydx_perpetual)"),
        "injective": ("Silver", "Bronze (injective, injective_perpetual, injective_v2, injective_v2_perpetual)"),
        "pancakeswap": ("Bronze", "Silver (pancakeswap)"),
        "polkadex": ("Silver", "Bronze (polkadex)"),
        "uniswap": ("Bronze", "Gold (uniswap, uniswapLP)"),
    }


def test_ids_of_one_exchange_that_disagree_are_told_apart_by_tier(register: Register) -> None:
    drift = of_client("6b8f74b88e", register)

    assert found(drift, Kind.DIFFERS) == {}
    assert found(drift, Kind.IDS_DISAGREE) == {
        "injective": (
            "Silver",
            "Silver (injective_v2, injective_v2_perpetual) and Bronze (injective, injective_perpetual)",
        )
    }


def test_what_was_voted_out_or_never_decided_stands_in_the_client_alone(register: Register) -> None:
    alone = found(of_client("6b8f74b88e", register), Kind.ONLY_FILE)

    assert alone["loopring"] == ("No tier. Bronze until 2023-10-14; voted out in Epoch 6.", "Bronze (loopring)")
    assert alone["woo-x"] == ("No tier. No vote has decided about it.", "Bronze (woo_x, woo_x_testnet)")


def test_labels_from_after_the_tiers_had_ended_are_told_as_such(register: Register) -> None:
    drift = of_client("18acc765d0", register)

    assert {finding.kind for finding in drift.findings} == {Kind.AFTER_TIERS}
    assert drift.note.startswith("No exchange had a tier on 2024-02-05: the rules in force had ended them.")
    assert found(drift, Kind.AFTER_TIERS)["okx"] == (
        "No tier. Bronze until 2024-01-26; the rules in force since have no tiers. Epoch 7: rank 1 of 19, stays in.",
        "Gold (okx)",
    )


def test_after_the_tiers_had_ended_no_label_is_right_even_where_ids_disagree(register: Register) -> None:
    (version,) = read_client_tiers(b"connector_status = {'okx': 'gold', 'okx_perpetual': 'bronze'}", "status.py")

    (finding,) = client_drift(version, register, date(2024, 2, 5)).findings

    assert (finding.kind, finding.other) == (Kind.AFTER_TIERS, "Gold (okx) and Bronze (okx_perpetual)")
    assert finding.remedy == "Drop the label: the rules of that day give no tiers."


def test_a_record_asks_for_nothing_and_a_list_in_use_says_what_to_set(register: Register) -> None:
    (version,) = read_client_tiers(b"connector_status = {'kraken': 'gold', 'nowhere_perpetual': 'gold'}", "status.py")

    drift = client_drift(version, register, NOVEMBER)

    (kraken,) = [finding for finding in drift.findings if finding.exchange == "kraken"]
    assert (kraken.kind, kraken.where) == (Kind.DIFFERS, "status.py:1")
    assert kraken.remedy == "The poll decides: set kraken to bronze."
    assert [aside.items for aside in drift.asides] == [("nowhere_perpetual: gold",)]
    alone = found(drift, Kind.ONLY_REGISTRY)
    assert alone["binance"] == ("Gold", "Not listed")
    assert {finding.remedy for finding in of_client("6b8f74b88e", register).findings} == {""}


def test_ids_are_known_by_component_by_alias_and_without_what_the_client_adds(register: Register) -> None:
    ids = ("kucoin_perpetual", "huobi", "uniswapLP", "bybit_perpetual_testnet", "bit_com_perpetual", "nowhere")

    assert [register.of_client_id(one) for one in ids] == ["kucoin", "htx", "uniswap", "bybit", "bit-com", ""]


def test_an_exchange_under_its_former_name_is_held_against_what_it_became() -> None:
    former = Exchange.objects.create(
        slug="huobi", name="Huobi Global", lifecycle="renamed", renamed_to=Exchange.objects.get(slug="htx")
    )
    Component.objects.create(exchange=former, kind="spot_connector", status="removed", connector_id="huobi_global")
    register = read_register()

    drift = of_client("6b8f74b88e", register)

    assert register.of_client_id("huobi_global") == "htx"
    assert {"huobi", "htx"}.isdisjoint(finding.exchange for finding in drift.findings)


def test_the_register_costs_as_many_queries_with_more_exchanges() -> None:
    with CaptureQueriesContext(connection) as before:
        read_register()
    for number in range(3):
        exchange = Exchange.objects.create(slug=f"more-{number}", name=f"More {number}")
        Component.objects.create(exchange=exchange, kind="spot_connector", status="available", connector_id="more")
        TierAssignment.objects.create(exchange=exchange, tier="gold", effective_from=NOVEMBER, reason="voted")
    with CaptureQueriesContext(connection) as after:
        register = read_register()

    assert register.standing("more-0", NOVEMBER).tier == "gold"
    assert len(after) == len(before)


@pytest.mark.slow(reason="writes and reads a page of every exchange of the catalogue")
def test_pages_that_were_just_exported_agree_with_the_registry(tmp_path: Path, register: Register) -> None:
    call_command("export_pages", str(tmp_path), stdout=StringIO())

    drift = pages_drift(pages_under(tmp_path), register, today=TODAY)

    assert drift.findings == ()
    assert drift.agreed == len(register.exchanges)
