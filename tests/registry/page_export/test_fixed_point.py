"""What is written as a page is read back as it was: the renderer and the reader are each other's proof."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.choices import Tier
from registry.importers.pages import Page, read_page
from registry.importers.pages.page import Tip
from registry.page_export import ExportedExchange, PageLayout, new_page, render, with_block
from registry.page_export.markdown import words
from registry.services.catalogue import read_catalogue
from registry.services.catalogue.schema import ExchangeEntry, TipEntry
from registry.services.pages import differences
from registry.services.pages.facts import is_same, kept_in, stated_by
from tests.registry.page_export.entries import MAINTAINERS, entries, exported

ONLY_TODAY = {"connector_version", "v2_strategies"}


def read_back(entry: ExchangeEntry, layout: PageLayout, tier: Tier | None) -> Page:
    return read_page(new_page(words(entry.name), render(exported(entry, tier), layout)), "some-exchange/index.md")


def _words(tip: Tip | TipEntry | None) -> list[str]:
    return f"{tip.title}: {tip.text}".split() if tip else []


@pytest.mark.slow(reason="draws exchanges with every field, and reads a whole page of each")
@settings(max_examples=40)
@given(entry=entries(), layout=st.sampled_from(list(PageLayout)), tier=st.none() | st.sampled_from(list(Tier)))
def test_page_states_what_the_registry_holds(entry: ExchangeEntry, layout: PageLayout, tier: Tier | None) -> None:
    page = read_back(entry, layout, tier)

    has_tiers = layout is PageLayout.TIERS
    assert differences(page, entry, tier=(tier or "") if has_tiers else None, maintainers=MAINTAINERS) == ()
    assert page.warnings == ()
    assert page.repairs == ()
    assert page.tier == (tier or "" if has_tiers else "")
    stated, kept = stated_by(page), kept_in(entry)
    missing = [path for path in kept if path not in stated and (not has_tiers or path[-1] not in ONLY_TODAY)]
    assert missing == []
    assert [path for path, fact in stated.items() if not is_same(path, kept[path], fact.value)] == []
    assert _words(page.tip) == _words(entry.tip)
    block = render(exported(entry, tier), layout)
    assert with_block(new_page("Any", block), block) == new_page("Any", block)


@pytest.fixture(scope="module")
def kucoin(catalogue_of_two: Path) -> ExchangeEntry:
    return next(entry for entry in read_catalogue(catalogue_of_two).exchanges if entry.slug == "kucoin")


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("Centralized Exchange (**CEX**)", "Decentralized Exchange (**DEX**)", "exchange type"),
        ("https://docs.kucoin.com", "https://docs.kucoin.org", "link api docs"),
        ("| ✅ | Supports testnet |", "| Not built | Supports testnet |", "component perp_connector status"),
        ("- `LIMIT_MAKER`\n", "", "component spot_connector order types"),
        ("1m | 3m", "1m", "component spot_candles intervals"),
        (
            "`connect kucoin_paper_trade`",
            "`connect ku_paper_trade`",
            "component spot_connector paper trading connector id",
        ),
        ("Enter your kucoin passphrase >>>\n", "", "component spot_connector credential prompts"),
    ],
)
def test_one_changed_word_of_a_page_is_seen(kucoin: ExchangeEntry, before: str, after: str, place: str) -> None:
    """What the property above compares does tell pages apart."""
    text = render(ExportedExchange(entry=kucoin), PageLayout.TIERS)
    assert before in text

    page = read_page(text.replace(before, after, 1), "kucoin.md")

    assert place in [one.place for one in differences(page, kucoin)]
