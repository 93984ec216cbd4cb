"""Two epochs side by side: who stands otherwise, each poll choice by choice, and the rules matter by matter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.models import Epoch
from registry.public.epoch_compare import Decided, Shift
from tests.registry.pages.test_governance_pages import text_of

if TYPE_CHECKING:
    from django.test import Client

PAGE = "/epochs/compare/"
API = "/api/v1/epochs/compare/"

pytestmark = pytest.mark.slow(reason="the first test of the module loads eleven epochs")

GOLD, BRONZE, IN, OUT = Decided("gold", True), Decided("bronze", True), Decided("", True), Decided("", False)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (BRONZE, GOLD, "promoted"),
        (GOLD, BRONZE, "demoted"),
        (IN, GOLD, "gained"),
        (GOLD, IN, "lost"),
        (GOLD, Decided("", None), "lost"),
        (None, BRONZE, "entered"),
        (OUT, IN, "entered"),
        (GOLD, OUT, "left"),
        (IN, None, "absent"),
        (IN, Decided("", None), "absent"),
        (GOLD, GOLD, "unchanged"),
        (IN, IN, "unchanged"),
        (OUT, OUT, ""),
        (None, OUT, ""),
        (None, None, ""),
    ],
)
def test_every_two_decisions_have_one_word(before: Decided | None, after: Decided | None, change: str) -> None:
    assert Shift("x", "X", before, after).change == change


def changes(client: Client, query: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for shift in client.get(f"{API}?{query}").json()["exchanges"]:
        found.setdefault(shift["change"], []).append(shift["name"])
    return found


def test_tiers_that_changed_are_told_by_what_changed(client: Client, record: None) -> None:
    found = changes(client, "from=5&to=6")

    assert {change: names for change, names in found.items() if change != "unchanged"} == {
        "promoted": ["dYdX", "HTX", "Injective Helix"],
        "demoted": ["AscendEx", "PancakeSwap", "Uniswap"],
        "entered": ["Perpetual Protocol", "Plenty", "Polkadex", "Vertex"],
        "left": ["AltMarkets", "Binance.US", "Defira", "Loopring"],
    }
    assert len(found["unchanged"]) == 28
    text = text_of(client.get(f"{PAGE}?from=5&to=6"))
    assert "▼ Demoted: 3 A lower tier in the second, and still one. Exchange Epoch 5 Epoch 6 AscendEx Silver" in text
    assert "Uniswap Gold Bronze" in text
    assert "Perpetual Protocol Not voted on Bronze" in text
    assert "= The same in both: 28 Binance Gold" in text


def test_epochs_may_be_named_in_any_order(client: Client, record: None) -> None:
    found = changes(client, "from=6&to=5")
    assert found["promoted"] == ["AscendEx", "PancakeSwap", "Uniswap"]
    assert found["absent"] == ["Perpetual Protocol", "Plenty", "Polkadex", "Vertex"]


def test_end_of_the_tiers_is_no_demotion(client: Client, record: None) -> None:
    found = changes(client, "from=6&to=7")
    assert "demoted" not in found
    assert "KuCoin" in found["lost"]
    assert "Binance" in found["absent"], "no list of epoch 7 names it, and none votes it out"


def test_each_poll_stands_choice_by_choice_with_ranks_and_votes(client: Client, record: None) -> None:
    text = text_of(client.get(f"{PAGE}?from=12&to=13"))
    assert (
        "Bybit Stays in rank 9, 5.6m HBOT, rounded Stays in rank 3, 10m HBOT, rounded "
        "6 places up, about 4,400,000 HBOT more" in text
    )
    assert "Binance Stays in rank 1, 10.3m HBOT, rounded Stays in rank 1, 11.1m HBOT, rounded same rank" in text
    assert "Mad Meerkat Leaves Not in the poll –" in text

    (poll,) = [p for p in client.get(f"{API}?from=12&to=13").json()["polls"] if p["title"] == "CLOB CEX connectors"]
    (kucoin,) = [choice for choice in poll["choices"] if choice["name"] == "KuCoin"]
    assert (kucoin["from"]["rank"], kucoin["from"]["votes"]) == (2, "10100000")
    assert (kucoin["to"]["rank"], kucoin["to"]["votes"], kucoin["to"]["outcome"]) == (2, "10300000", "Stays in")


def test_polls_that_one_epoch_held_alone_are_named(client: Client, record: None) -> None:
    html = client.get(f"{PAGE}?from=5&to=6").content.decode()
    assert re.search(r'Chain connectors: held in <a href="/epochs/6/#poll-\d+">Epoch 6</a> alone', html)
    assert re.search(r'Core strategies: held in <a href="/epochs/5/#poll-\d+">Epoch 5</a> alone', html)
    assert "Poll by poll No poll was recorded in either." in text_of(client.get(f"{PAGE}?from=1&to=2"))


def test_rules_are_compared_matter_by_matter(client: Client, record: None) -> None:
    text = text_of(client.get(f"{PAGE}?from=5&to=6"))
    assert (
        "Stays in differs At least 100,000 HBOT; below that it leaves the next release "
        "At least 200,000 HBOT; below that it leaves the next release" in text
    )
    assert "Gold differs Rank 1 Rank 1, with 400,000 HBOT for bounties" in text
    assert "Open for 7 days 7 days" in text
    assert "Core (Core strategies) differs Ranks 1 to 3 Says nothing of it" in text

    rules = {line["label"]: line for line in client.get(f"{API}?from=5&to=6").json()["rules"]}
    assert rules["Voting"] == {"label": "Voting", "before": "Weighted", "after": "Weighted", "differs": False}
    assert rules["Gold"]["differs"] is True
    assert "Both were decided by the same rules" in text_of(client.get(f"{PAGE}?from=12&to=13"))


def test_where_none_is_named_the_last_two_are_shown_and_another_choice_offered(client: Client, record: None) -> None:
    html = client.get(PAGE).content.decode()
    assert "<h1>Epoch 12 and Epoch 13</h1>" in html
    assert re.findall(r'<option value="(\d+)" selected>', html) == ["12", "13"]
    assert len(re.findall(r'<option value="(\d+)"', html)) == 2 * Epoch.objects.count()


def test_past_day_knows_only_what_was_in_effect(client: Client, record: None) -> None:
    text = text_of(client.get(f"{PAGE}?from=5&to=6&as_of=2023-10-01"))
    assert "In effect from 2023-07-06. Not in effect on 2023-10-01." in text
    assert changes(client, "from=5&to=6&as_of=2023-10-01").keys() == {"absent"}
    html = client.get(f"{PAGE}?from=5&to=6&as_of=2023-10-01").content.decode()
    assert f'<a href="{PAGE}?from=5&amp;to=6">Back to today</a>' in html
    by_then = client.get(f"{PAGE}?as_of=2023-10-01").content.decode()
    assert re.findall(r'<option value="(\d+)" selected>', by_then) == ["4", "5"]
    response = client.get(f"{PAGE}?as_of=2021-01-01")
    assert response.status_code == 404
    assert "here were no two decided epochs to compare by 2021-01-01" in text_of(response)
    assert "decided anything about an exchange by that day" in text_of(
        client.get(f"{PAGE}?from=5&to=6&as_of=2022-10-01")
    )


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("from=5", 400, "missing: name two epochs, such as from=5&to=6"),
        ("to=5", 400, "missing: name two epochs, such as from=5&to=6"),
        ("from=5&to=5", 400, "5 is the epoch that from names as well: name another"),
        ("from=5&to=six", 400, "“six” is no whole number from 0 on"),
        ("from=5&to=6&to=7", 400, "given more than once: give it once"),
        ("from=5&to=6&policy=x", 400, "unknown parameter; known here: as_of, from, to"),
        ("from=5&to=99", 404, "here is no epoch 99 here: there are 1 to "),
    ],
)
def test_what_cannot_be_compared_says_why(client: Client, record: None, query: str, status: int, said: str) -> None:
    page, answer = client.get(f"{PAGE}?{query}"), client.get(f"{API}?{query}")
    assert (page.status_code, answer.status_code) == (status, status)
    assert said in text_of(page)
    assert said in str(answer.json()["error"])


def test_pages_of_governance_lead_here(client: Client, record: None) -> None:
    assert f'href="{PAGE}?from=12&amp;to=13"' in client.get("/epochs/13/").content.decode()
    assert f'href="{PAGE}"' in client.get("/governance/").content.decode()


def test_queries_do_not_grow_with_polls(client: Client, record: None) -> None:
    def queries(query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{PAGE}?{query}").status_code == 200
        return len(captured)

    assert queries("from=5&to=6") == queries("from=12&to=13") <= 12
