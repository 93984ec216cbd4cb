"""The public pages of governance: what they say about every vote, and that past days are answered as they were."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.models import Changeset, OutboxMessage, TierAssignment

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.slow(reason="the first test of the module loads eleven epochs")

PAGES = (
    "/governance/",
    "/epochs/6/",
    "/epochs/13/",
    "/epochs/1/",
    "/epochs/compare/?from=5&to=6",
    "/epochs/compare/?from=12&to=13",
    "/epochs/6/what-if/",
    "/epochs/13/what-if/?min_votes=1000000",
    "/policies/hgp-45/v1/",
    "/policies/hgp-77/v1/",
    "/exchanges/kucoin/tier/",
    "/exchanges/binance/tier/?as_of=2023-11-10",
    "/changes/",
    "/changes/4/",
)


def text_of(response: Any) -> str:
    """What a reader sees, on one line."""
    html = re.sub(r"<(title|script|style|caption)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def announce(serial: int, key: str, **fields: Any) -> OutboxMessage:
    now = timezone.now()
    plain = {"title": "Epoch 6: tiers", "body": "# Tiers <of> epoch 6", "created_at": now, "published_at": now}
    return OutboxMessage.objects.create(changeset=Changeset.objects.get(serial=serial), key=key, **(plain | fields))


# Governance at a glance


def test_overview_names_the_rules_in_force_today_and_on_any_day(client: Client, record: None) -> None:
    today, then = (text_of(client.get(f"/governance/{query}")) for query in ("", "?as_of=2023-11-10"))

    assert "Rules in force Single proposals (HGP-77) From epoch 14 on · in force from 2026-01-02" in today
    assert "The latest result in effect here is that of epoch 13, under hgp-70 v1." in today
    assert "The latest result" not in then
    assert "Governance as of 2023-11-10. Back to today" in then.replace(" .", ".")
    assert "Rules in force Tiers with budgets (epoch 6, HGP-45)" in then
    assert "Gold Rank 1, with 400,000 HBOT for bounties" in then


def test_picture_tells_each_exchange_epoch_by_epoch_in_words_too(client: Client, record: None) -> None:
    html = client.get("/governance/").content.decode()
    row = re.search(r'<tr><th scope="row"><a href="/exchanges/kucoin/tier/">KuCoin</a></th>(.*?)</tr>', html)

    assert row is not None
    words = re.findall(r'<span class="hidden">([^<]+)</span>', row[1])
    shapes = re.findall(r'href="#([\w-]+)"', row[1])
    assert words == ["Silver"] * 4 + ["Stays in"] * 7
    assert shapes == ["tier-silver"] * 4 + ["g-stays"] * 7


def test_picture_of_a_past_day_ends_with_it(client: Client, record: None) -> None:
    html = client.get("/governance/?as_of=2023-11-10").content.decode()
    heads = re.search(r'<table class="picture">.*?</thead>', html, flags=re.S)
    assert heads is not None
    assert re.findall(r'href="/epochs/(\d+)/"', heads[0]) == ["3", "4", "5", "6"]
    assert re.findall(r'href="/policies/([\w-]+)/v1/"', heads[0]) == ["quarterly-polls", "weighted-polls", "hgp-45"]


def test_overview_of_a_day_before_all_votes_says_so(client: Client, record: None) -> None:
    text = text_of(client.get("/governance/?as_of=2022-12-31"))
    assert "No rules were in force on 2022-12-31." in text
    assert "Epoch 6 Q3 2023" in text
    assert "Not in effect on 2022-12-31." in text


# Epochs


def test_epoch_page_shows_rank_votes_share_outcome_rule_and_margin(client: Client, record: None) -> None:
    response = client.get("/epochs/13/")
    text = text_of(response)

    assert "Epoch 13 printed as Q3 2025" in text
    assert (
        "Kucoin now KuCoin 2 10.3m rounded 9.53 % Stays in 95,300 Threshold of 400,000 HBOT "
        "9,900,000 HBOT above the threshold" in text
    )
    assert 'href="https://snapshot.' in response.content.decode()


def test_epoch_with_tiers_tells_them_by_word_and_shape(client: Client, record: None) -> None:
    html = client.get("/epochs/6/").content.decode()
    assert '<span class="outcome is-gold"><svg class="icon" aria-hidden="true"><use href="#tier-gold">' in html
    assert "Binance – – – Gold 400,000 Rank 1" in text_of(client.get("/epochs/6/"))
    assert "Ethereum" in html


def test_epoch_page_says_where_the_printed_record_contradicts_itself(client: Client, record: None) -> None:
    text = text_of(client.get("/epochs/10/"))
    assert "Where the printed record contradicts itself" in text
    assert "Plenty" in text.partition("Where the printed record contradicts itself")[2]


def test_epoch_on_a_day_before_its_result_claims_no_outcome(client: Client, record: None) -> None:
    text = text_of(client.get("/epochs/6/?as_of=2023-10-01"))
    assert "Not in effect on 2023-10-01." in text
    assert "Not decided" in text
    assert "Gold" not in text


def test_epoch_that_held_no_poll_says_so(client: Client, record: None) -> None:
    assert "No poll was held in it." in text_of(client.get("/epochs/1/"))


# What if


def test_what_if_shows_the_difference_and_writes_nothing(client: Client, record: None) -> None:
    before = (Changeset.objects.count(), TierAssignment.objects.count())

    with CaptureQueriesContext(connection) as asked:
        text = text_of(client.get("/epochs/13/what-if/?min_votes=4000000"))

    assert "Nothing is written." in text
    assert "− Left:" in text
    assert "Cube Exchange" in text
    assert (Changeset.objects.count(), TierAssignment.objects.count()) == before
    assert [query["sql"] for query in asked if re.match("INSERT|UPDATE|DELETE", query["sql"])] == []


def test_what_if_with_its_own_rules_differs_in_nothing(client: Client, record: None) -> None:
    text = text_of(client.get("/epochs/13/what-if/?policy=hgp-70+v1"))
    assert "nothing would have come out otherwise for any exchange." in text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("policy=hgp-99+v1", "“hgp-99 v1” is no policy for polls: there are quarterly-polls v1"),
        ("policy=hgp-77+v1", "“hgp-77 v1” is no policy for polls"),
        ("min_votes=many", "“many” is no number of HBOT: write whole HBOT, such as 200000"),
        ("min_votes=-1", "“-1” is no number of HBOT"),
        ("votes=1", "Parameter votes: unknown parameter; known here: min_votes, policy"),
        ("as_of=2023-01-01", "Parameter as_of: unknown parameter; known here: min_votes, policy"),
    ],
)
def test_what_cannot_be_asked_is_a_400_that_says_what_can(client: Client, record: None, query: str, said: str) -> None:
    response = client.get(f"/epochs/13/what-if/?{query}")
    assert (response.status_code, said in text_of(response)) == (400, True)


# Policies


def test_policy_page_tells_the_rules_in_words_and_as_the_document(client: Client, record: None) -> None:
    response = client.get("/policies/hgp-70/v1/")
    text = text_of(response)

    assert "Stays in At least 400,000 HBOT; below that it leaves the next release" in text
    assert "with 20 choices the lowest 2 leave next quarter; with 19 choices the lowest leaves next quarter" in text
    assert "Tiers None: these rules know no tiers" in text
    assert "Pots 1,000,000 HBOT per poll, shared by votes among all that stay in" in text
    assert '"min_votes": "400000"' in text
    assert 'href="/policies/schema.json"' in response.content.decode()
    assert "Standing Not in force" in text
    assert "Standing In force on that day" in text_of(client.get("/policies/hgp-70/v1/?as_of=2025-07-02"))


def test_schema_of_policies_is_served_for_editors(client: Client, db: None) -> None:
    response = client.get("/policies/schema.json")
    schema = response.json()
    assert (response["Content-Type"], response["Access-Control-Allow-Origin"]) == ("application/schema+json", "*")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "eligibility" in schema["$defs"]["PolicyDocument"]["properties"]


# One exchange


def test_tier_page_says_which_rule_decided_and_by_what_margin(client: Client, record: None) -> None:
    text = text_of(client.get("/exchanges/kucoin/tier/?as_of=2023-11-10"))
    assert "KuCoin Silver" in text
    assert "Rule that decided Ranks 2 to 4 bands[1]: ranks 2 to 4" in text
    assert "place 3 of 22 in the source's list" in text
    assert "Rank 3" not in text, "the record lists names under a tier, and ranks none of them"
    assert "Changed by change 4 , applied by catalogue" in text


def test_where_rules_have_no_tiers_the_last_one_and_the_latest_vote_are_told(client: Client, record: None) -> None:
    for address in ("/exchanges/kucoin/tier/", "/exchanges/kucoin/", "/"):
        text = text_of(client.get(address))
        assert "Silver until 2024-01-26; the rules in force since have no tiers" in text
        assert "Epoch 13: rank 2 of 18, stays in" in text
    assert "KuCoin No tier" in text_of(client.get("/exchanges/kucoin/tier/"))
    assert "Bronze until 2023-10-14; voted out in Epoch 6" in text_of(client.get("/exchanges/bittrex/"))
    # Binance was in no list of epoch 7: not voted out, and yet no tier outlives the rules that gave it.
    assert "Gold until 2024-01-26; the rules in force since have no tiers" in text_of(client.get("/exchanges/binance/"))


def test_unknown_exchange_is_answered_with_the_nearest_one(client: Client, record: None) -> None:
    response = client.get("/exchanges/krakn/tier/")
    assert (response.status_code, "did you mean kraken" in text_of(response)) == (404, True)


# Changes


def test_changes_are_listed_newest_first_with_what_was_announced(client: Client, record: None) -> None:
    announce(4, "changeset:4")
    announce(3, "changeset:3", title="Withheld", published_at=None)
    html = client.get("/changes/").content.decode()
    text = text_of(client.get("/changes/"))

    serials = [int(serial) for serial in re.findall(r'id="change-(\d+)"', html)]
    assert serials == sorted(serials, reverse=True)
    assert len(serials) == 11
    assert ": Epoch 6: tiers" in text
    assert "Withheld" not in text


def test_changes_by_a_day_are_those_in_effect_by_then(client: Client, record: None) -> None:
    html = client.get("/changes/?as_of=2023-11-10").content.decode()
    assert re.findall(r'id="change-(\d+)"', html) == ["4", "3", "2", "1"]
    response = client.get("/changes/4/?as_of=2023-10-13")
    assert response.status_code == 404
    assert "Change 4 takes effect on 2023-10-14, after 2023-10-13: ask about a later day" in text_of(response)


def test_one_change_shows_its_difference_and_its_announcement_as_text(client: Client, record: None) -> None:
    announce(4, "changeset:4")
    response = client.get("/changes/4/")
    text = text_of(response)

    assert "▲ Promoted: 3" in text
    assert "dYdX Silver Gold DEX connectors – –" in text
    assert "− Left: 5" in text
    assert "# Tiers <of> epoch 6" in text
    assert "<of>" not in response.content.decode()


# Every page


@pytest.mark.parametrize("address", ["/epochs/99/", "/policies/hgp-1/v1/", "/changes/99/", "/epochs/99/what-if/"])
def test_what_is_not_here_is_a_plain_404(client: Client, record: None, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert "There is no" in text_of(response)


@pytest.mark.parametrize(
    "address",
    ["/governance/", "/epochs/6/", "/policies/hgp-45/v1/", "/exchanges/kucoin/tier/", "/changes/", "/changes/4/"],
)
def test_every_page_refuses_days_that_cannot_be_meant(client: Client, record: None, address: str) -> None:
    for query in ("as_of=soon", "as_of=2999-01-01", "on=2023-01-01"):
        response = client.get(f"{address}?{query}")
        assert (response.status_code, "Bad request" in text_of(response)) == (400, True)


def test_pages_are_only_read(client: Client, db: None) -> None:
    assert {client.post(address).status_code for address in ("/governance/", "/epochs/6/what-if/", "/changes/")} == {
        405
    }


def test_queries_do_not_grow_with_history(client: Client, record: None) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    # By then one epoch had been decided, today eleven are.
    for address in ("/governance/", "/changes/", "/exchanges/kucoin/tier/", "/exchanges/kucoin/", "/"):
        assert queries(f"{address}?as_of=2023-01-20") == queries(address)
    assert queries("/epochs/7/") == queries("/epochs/13/")
    assert max(queries(address) for address in PAGES if "what-if" not in address) <= 12
