"""Facets: each narrows the list down, and each count says how many exchanges it would leave."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitoring.facets import FACET_NAMES, facets_of
from monitoring.search import Asked, find
from monitoring.status import index_status
from tests.monitoring.market_place import LIST, found, open_market_place

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def counts(client: Client, query: str, facet: str) -> dict[str, int]:
    facets = {one["name"]: one for one in client.get(f"{LIST}?{query}").json()["facets"]}
    return {option["value"]: option["count"] for option in facets[facet]["options"]}


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("tier=gold", ["alpha"]),
        ("tier=gold&tier=silver", ["alpha", "beta"]),
        ("tier=none", ["gamma-io", "novel"]),
        ("type=cex&tier=silver", ["beta"]),
        ("type=unknown", ["novel", "votes"]),
        ("market=clob", ["alpha", "beta"]),
        ("component=amm_connector&component=perp_candles", ["gamma-io"]),
        ("order=MARKET", ["alpha"]),
        ("health=failed", ["alpha"]),
        ("health=ok", ["beta"]),
        ("health=unwatched", ["gamma-io", "novel", "votes"]),
        ("maintainer=foundation", ["alpha"]),
        ("maintainer=seeking", ["beta"]),
        ("maintainer=none", ["gamma-io", "novel", "votes"]),
        ("bounty=open", ["gamma-io"]),
        ("lifecycle=removed", ["gone"]),
        ("lifecycle=removed&order=LIMIT&component=spot_connector", ["gone"]),
        ("lifecycle=renamed&lifecycle=votes_only", ["votes", "ancient"]),
        ("q=a&health=failed&tier=silver", []),
    ],
)
def test_each_facet_narrows_the_list_down(client: Client, market_place: None, query: str, slugs: list[str]) -> None:
    assert found(client, query) == slugs


def test_counts_of_a_facet_follow_all_others_and_not_itself(client: Client, market_place: None) -> None:
    assert counts(client, "", "tier") == {"gold": 1, "silver": 1, "bronze": 1, "none": 2}
    assert counts(client, "type=cex", "tier") == {"gold": 1, "silver": 1, "bronze": 0, "none": 0}
    assert counts(client, "type=cex&tier=gold", "tier") == {"gold": 1, "silver": 1, "bronze": 0, "none": 0}
    assert counts(client, "tier=gold", "type") == {"cex": 1, "dex": 0, "unknown": 0}
    assert counts(client, "q=beta", "health") == {"ok": 1, "failed": 0, "unwatched": 0}
    assert counts(client, "", "lifecycle") == {"active": 4, "votes_only": 1, "removed": 1, "renamed": 1}


@pytest.mark.slow(reason="forty questions are asked of a registry, each with every way on")
class TestCounts(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        open_market_place()

    @settings(max_examples=40)
    @given(
        st.dictionaries(st.sampled_from(FACET_NAMES), st.integers(0, 3), max_size=3), st.sampled_from(["", "a", "e"])
    )
    def test_each_count_is_the_length_of_the_list_that_it_leads_to(self, picks: dict[str, int], words: str) -> None:
        index = index_status(timezone.now())
        offered = {facet.name: facet.options for facet in index.found.facets}
        asked = Asked(
            words, {name: frozenset({offered[name][n % len(offered[name])].value}) for name, n in picks.items()}
        )
        for facet in find(index.everyone, asked).facets:
            for option in facet.options:
                chosen = find(index.everyone, asked.choosing(facet.name, frozenset({option.value})))
                assert len(chosen.matches) == option.count


def test_manual_names_every_facet_with_its_values() -> None:
    manual = (Path(__file__).resolve().parents[2] / "docs" / "search.md").read_text(encoding="utf-8")
    rows = {row[0]: row[1] for row in re.findall(r"^\| `(\w+)` \| (.*) \|$", manual, flags=re.M)}

    assert tuple(rows) == FACET_NAMES
    for facet in facets_of(()):
        if facet.name != "component":
            assert [value for value in facet.labels if f"`{value}`" not in rows[facet.name]] == []
