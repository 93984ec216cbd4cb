"""A page is placed by its connector ids and its names, and where these disagree it is placed nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registry.choices import ComponentKind, DeclaredStatus, PaperTrading
from registry.governance.names import name_key
from registry.importers.pages import Page, read_page
from registry.services.catalogue.schema import ComponentEntry, ExchangeEntry, PaperTradingEntry
from registry.services.pages import Known, Place, place
from registry.services.pages.places import name_of_file, strange_ids


def exchange(slug: str, name: str, *ids: str) -> ExchangeEntry:
    kinds = (ComponentKind.SPOT_CONNECTOR, ComponentKind.PERP_CONNECTOR)
    components = [
        ComponentEntry(kind=kind, status=DeclaredStatus.AVAILABLE, connector_id=one)
        for kind, one in zip(kinds, ids, strict=False)
    ]
    return ExchangeEntry(slug=slug, name=name, exchange_type=None, market_type=None, components=components)


@pytest.fixture
def known() -> Known:
    known = Known(maintainers={}, tiers={})
    known.add(exchange("gate-io", "Gate.io", "gate_io", "gate_io_perpetual"))
    known.add(exchange("htx", "HTX", "htx"))
    known.add(exchange("bell", "Bell", "bell"))
    known.add(exchange("mm-finance", "MM Finance"))
    known.names[name_key("Huobi")].add("htx")  # an alias
    known.names[name_key("Twin")] |= {"bell", "htx"}
    return known


def page(file: str, title: str = "", *ids: str) -> Page:
    sections = [f"## {name} Connector\n\n- **ID**: `{one}`\n" for name, one in zip(("Spot", "Perp"), ids, strict=False)]
    info = "## 🛠 Connector Info\n\n- **Exchange Type**: CEX\n"
    heading = f"# {title}\n\n" if title else ""
    return read_page("\n".join((heading, info, *sections)), file)


@pytest.mark.parametrize(
    ("given", "slug"),
    [
        (page("unheard-of.md", "", "gate_io"), "gate-io"),
        (page("unheard-of.md", "", "GATE_IO_perpetual"), "gate-io"),
        (page("docs/gate-io/index.md"), "gate-io"),
        (page("Gate.IO.md"), "gate-io"),
        (page("gate_io_perpetual.md"), "gate-io"),
        (page("huobi.md"), "htx"),
        (page("1.md", "Huobi"), "htx"),
        (page("1.md", "", "bell_perpetual"), "bell"),
        (page("1.md", "", "bell/clmm"), "bell"),
        (page("mm_finance.md", "", "mm_finance_[CHAIN]_[NETWORK]"), "mm-finance"),
        (page("twin.md", "", "bell"), "bell"),
        (page("bell.md", "", "bell", "htx"), "bell"),
        (page("bell.md", "Bell", "htx"), "bell"),  # an id that was copied: file and title agree
    ],
    ids=lambda value: value if isinstance(value, str) else value.file,
)
def test_known_exchange_is_found(known: Known, given: Page, slug: str) -> None:
    assert place(given, known) == Place(slug, is_known=True)


def test_paper_id_is_an_id_of_the_exchange(known: Known) -> None:
    paper = PaperTradingEntry(mode=PaperTrading.TESTNET, connector_id="tok_sandbox")
    known.add(
        ExchangeEntry(
            slug="tok",
            name="Tok",
            exchange_type=None,
            market_type=None,
            components=[
                ComponentEntry(
                    kind=ComponentKind.SPOT_CONNECTOR,
                    status=DeclaredStatus.NOT_BUILT,
                    paper_trading=paper,
                )
            ],
        )
    )

    assert place(page("1.md", "", "tok_sandbox"), known).slug == "tok"


@pytest.mark.parametrize(
    ("given", "why_not"),
    [
        (
            page("bell.md", "", "htx"),
            "its connector ids are those of htx, and its name is that of bell: correct the one that is wrong",
        ),
        (page("unheard-of.md", "", "bell", "htx"), "it may be the page of bell or htx: give it a connector id"),
        (page("twin.md"), "it may be the page of bell or htx: give it a connector id"),
        (
            Page(file="new.md", exchange="new", is_exchange_page=True),
            "it states nothing, and no exchange is known by its name",
        ),
        (read_page("# News\n\nNothing but words.\n", "bell.md"), "it is not the page of an exchange"),
    ],
    ids=["id against name", "two ids", "one name of two", "nothing but labels", "no exchange page"],
)
def test_what_cannot_be_placed_says_why(known: Known, given: Page, why_not: str) -> None:
    assert place(given, known) == Place("", is_known=False, why_not=why_not)


def test_id_of_a_feed_counts_less_than_a_name(known: Known) -> None:
    feed = read_page(
        "## 🛠 Connector Info\n\n- **Exchange Type**: DEX\n\n## 🕯 AMM Data Feed\n\n- **ID**: `htx`\n", "bell.md"
    )

    assert place(feed, known) == Place("bell", is_known=True)
    assert [(section.id, owner) for section, owner in strange_ids(feed, "bell", known)] == [("htx", "htx")]
    assert place(replace(feed, file="1.md", exchange="", title=""), known) == Place("htx", is_known=True)


def test_unknown_exchange_gets_the_slug_of_its_file(known: Known) -> None:
    assert place(page("new_one/index.md", "", "newone"), known) == Place("new-one", is_known=False)


def test_files_are_named_by_themselves_or_by_their_folder() -> None:
    assert [name_of_file(file) for file in ("a/kraken.md", "kraken/index.md", "kraken/README.md", "index.md")] == [
        "kraken",
        "kraken",
        "kraken",
        "",
    ]
