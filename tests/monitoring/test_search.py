"""Finding exchanges: by any spelling, in an order, on a page and as JSON, in a fixed number of queries."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from monitoring.facets import FACET_NAMES
from monitoring.search import Asked, search_key
from monitoring.status import index_status
from registry.choices import (
    BountyKind,
    BountyState,
    ComponentKind,
    DeclaredStatus,
    ExchangeType,
    Lifecycle,
    Tier,
)
from registry.models import Bounty, Component, Exchange
from registry.parameters import BadParameters
from tests.monitoring.factories import NOON, make_component, make_exchange
from tests.monitoring.market_place import LIST, found
from tests.monitoring.test_pages import text_of

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


# Words


@pytest.mark.parametrize(
    ("words", "slugs"),
    [
        ("alpha", ["alpha"]),
        ("ALPHA_paper-trade", ["alpha"]),
        ("gamma io", ["gamma-io"]),
        ("GAMMA.IO", ["gamma-io"]),
        ("gámma", ["gamma-io"]),
        ("gammalp/router", ["gamma-io"]),
        ("novel perpetual", ["novel"]),
        ("ancient", ["novel"]),
        ("et", ["beta", "novel"]),
        ("ET", ["beta", "novel"]),
        ("zzz", []),
        ("", ["alpha", "beta", "gamma-io", "novel", "votes"]),
        ("  ", ["alpha", "beta", "gamma-io", "novel", "votes"]),
    ],
)
def test_any_spelling_finds_it(client: Client, market_place: None, words: str, slugs: list[str]) -> None:
    assert [row["slug"] for row in client.get(LIST, {"q": words}).json()["result"]] == slugs


def test_spelling_that_is_not_its_name_is_told_with_it(client: Client, market_place: None) -> None:
    assert "Novel also Ancient" in text_of(client.get("/?q=ancient"))
    assert "also" not in text_of(client.get("/?q=novel")).partition("1 of 7")[2].partition("How to read")[0]


def test_what_is_not_found_is_answered_with_the_nearest_names(client: Client, market_place: None) -> None:
    response = client.get("/?q=alpah&as_of=2024-02-01")
    assert "No exchange is found" in text_of(response)
    assert "Did you mean Alpha ?" in text_of(response)
    assert '<a href="/?as_of=2024-02-01&amp;q=Alpha#answer">Alpha</a>' in response.content.decode()


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_a_name_is_found_however_it_is_cased_and_pointed(name: str) -> None:
    assert search_key(name.upper()) == search_key(name.lower()) == search_key(f"-{name}. ")


# What was asked, and the ways on


def test_form_shows_what_was_asked_and_each_limit_can_be_taken_away(client: Client, market_place: None) -> None:
    html = client.get("/?q=a&tier=gold&tier=silver&sort=health").content.decode()

    checked = re.findall(r'<input type="checkbox"[^>]*name="(\w+)" value="([\w-]+)" checked>', html)
    assert checked == [("tier", "gold"), ("tier", "silver"), ("lifecycle", "active"), ("lifecycle", "votes_only")]
    assert 'name="q" value="a"' in html
    assert '<option value="health" selected>' in html
    links = [unescape(link) for link in re.findall(r'<li><a href="([^"]+)#answer">', html)]
    assert links == [
        "/?tier=gold&tier=silver&sort=health",
        "/?q=a&tier=silver&sort=health",
        "/?q=a&tier=gold&sort=health",
    ]
    assert '<a href="/">Clear all</a>' in html
    assert "2 of 7 exchanges" in text_of(client.get("/?q=a&tier=gold&tier=silver"))


def test_past_day_goes_with_the_question_and_the_question_with_the_day(client: Client, market_place: None) -> None:
    assert found(client, "tier=gold&as_of=2023-12-31") == []
    html = client.get("/?tier=none&as_of=2023-12-31").content.decode()
    assert html.count('<input type="hidden" name="as_of" value="2023-12-31">') == 2, "to search and to compare"
    assert '<input type="hidden" name="tier" value="none">' in html.partition('class="day"')[2]
    assert '<a href="/?tier=none">Back to today</a>' in html


def test_those_that_the_bot_no_longer_ships_are_shown_on_ask(client: Client, market_place: None) -> None:
    plain = client.get("/")
    assert "2 more that the bot no longer ships are left out. Show them" in text_of(plain)
    (address,) = re.findall(r'left out. <a href="([^"]+)">', plain.content.decode())

    text = text_of(client.get(unescape(address)))

    assert "No longer in the bot 2" in text
    assert "Gone Removed in 1.21.0 Spot : removed" in text
    assert "Ancient Renamed to Novel" in text
    assert "left out" not in text
    assert "1 more that the bot no longer ships is left out. Show it" in text_of(client.get("/?order=LIMIT"))


def test_form_asks_for_no_more_than_its_reader_did(client: Client, market_place: None) -> None:
    """It sends what is ticked from the beginning, and still tells of one that left the bot."""
    html = client.get("/").content.decode()
    ticked = re.findall(r'<input type="checkbox"[^>]*name="(\w+)" value="([\w-]+)" checked>', html)
    sent = urlencode([("q", "gone"), *ticked, ("sort", "name")])
    assert "lifecycle=active" in sent

    text = text_of(client.get(f"/?{sent}"))

    assert "1 more that the bot no longer ships is left out. Show it" in text
    assert "Release: " not in text
    assert client.get(f"{LIST}?{sent}").json()["left_out"] == 1
    assert "Release: In the current release" in text_of(client.get("/?lifecycle=active"))


def test_exchange_whose_connectors_were_all_removed_is_no_stranger(client: Client, market_place: None) -> None:
    Component.objects.filter(exchange__slug="novel").update(status=DeclaredStatus.REMOVED)

    assert found(client, "lifecycle=active") == ["alpha", "beta", "gamma-io", "novel"]
    assert "Novel Spot : removed" in text_of(client.get("/"))
    assert found(client, "component=spot_connector") == ["alpha", "beta"]


def test_past_day_shows_those_too_that_have_left_since(client: Client, market_place: None) -> None:
    """Whether the bot ships an exchange is known of today alone."""
    assert found(client, "as_of=2023-12-31")[-2:] == ["ancient", "gone"]
    assert found(client, "as_of=2023-12-31&lifecycle=active") == ["alpha", "beta", "gamma-io", "novel"]
    assert "left out" not in text_of(client.get("/?as_of=2023-12-31"))


def test_exchange_that_was_proposed_and_never_shipped_stands_with_those_voted_on(client: Client, db: None) -> None:
    exchange = make_exchange("hoped-for", tier="")
    Exchange.objects.filter(pk=exchange.pk).update(lifecycle=Lifecycle.PROPOSED)
    make_component(exchange, status=DeclaredStatus.NOT_BUILT, connector_id="")

    text = text_of(client.get("/"))

    assert "Known from votes or proposals alone 1" in text
    assert "Hoped-for Spot : not built No tier" in text
    assert "no longer ships" not in text


def test_removed_exchange_is_not_called_down_and_nothing_of_it_is_checked(client: Client, market_place: None) -> None:
    text = text_of(client.get("/exchanges/gone/"))
    assert "Observed Not checked The bot does not ship Gone, so nothing of it is checked." in text
    assert "Spot Connector Removed Not checked" in text


# Order and groups


def test_list_is_sorted_within_its_groups(client: Client, market_place: None) -> None:
    novel = Exchange.objects.get(slug="novel")
    for number in ("3", "4"):
        Bounty.objects.create(exchange=novel, tracker_id=number, kind=BountyKind.BUG_P2, state=BountyState.ASSIGNED)

    assert found(client, "sort=bounties") == ["alpha", "beta", "novel", "gamma-io", "votes"]
    assert found(client, "") == ["alpha", "beta", "gamma-io", "novel", "votes"]


def test_orders(market_place: None) -> None:
    def order(sort: str) -> list[str]:
        everyone = Asked(sort=sort, chosen={"lifecycle": frozenset({"active", "votes_only", "removed", "renamed"})})
        return [match.view.exchange.slug for match in index_status(timezone.now(), asked=everyone).found.matches]

    assert order("name") == ["alpha", "ancient", "beta", "gamma-io", "gone", "novel", "votes"]
    assert order("tier") == ["alpha", "beta", "votes", "ancient", "gamma-io", "gone", "novel"]
    assert order("health") == ["alpha", "beta", "ancient", "gamma-io", "gone", "novel", "votes"]
    assert order("bounties") == ["gamma-io", "alpha", "ancient", "beta", "gone", "novel", "votes"]


def test_what_is_checked_comes_first_and_the_rest_says_that_it_is_not(client: Client, market_place: None) -> None:
    text = text_of(client.get("/"))
    places = [
        text.index(words)
        for words in ("Checked live Alpha", "No live check yet 2", "Known from votes or proposals alone 1 HBOT")
    ]
    assert places == sorted(places)
    assert "The bot ships these, and this build cannot check them live yet." in text
    html = client.get("/").content.decode()
    assert html.count("<article") == 2
    assert html.count('name="exchange"') == 5, "each can be chosen to compare"


def test_headline_is_about_all_that_is_checked_whatever_is_asked(client: Client, market_place: None) -> None:
    index = index_status(timezone.now(), asked=Asked(words="beta"))
    assert index.headline == "Alpha is failing, in the sandbox"
    assert "<title>1 of 7 exchanges · Alpha is failing" in client.get("/?q=beta").content.decode()


# What cannot be asked


@pytest.mark.parametrize(
    ("query", "parameter", "said"),
    [
        ("tier=golden", "tier", "“golden” is none of its values: choose among gold, silver, bronze and none"),
        ("health=down", "health", "“down” is none of its values: choose among ok, degraded, failed, unknown and"),
        ("maintainer=nobody", "maintainer", "choose among foundation, seeking and none"),
        ("component=spot", "component", "choose among spot_connector, perp_connector"),
        ("sort=age", "sort", "“age” is no order: choose name or tier or health or bounties"),
        ("sort=name&sort=tier", "sort", "given more than once: give it once"),
        ("q=...", "q", "“...” holds nothing to look for: write a letter or a digit"),
        (f"q={'a' * 101}", "q", "101 characters; 100 are the most"),
        ("q=a&q=b", "q", "given more than once: give it once"),
        ("tear=gold", "tear", "unknown parameter; known here: as_of, bounty, component, health, lifecycle, maintainer"),
        ("tier=", "tier", "“” is none of its values"),
        ("tier=%00", "tier", "“\0” is none of its values"),
        ("tier=b&tier=a", "tier", "“a” and “b” are none of its values: choose among gold, silver, bronze and none"),
        ("q=a%00b", "q", "holds a control character: write letters and digits"),
    ],
)
def test_what_cannot_be_asked_is_a_400_that_names_it(
    client: Client, market_place: None, query: str, parameter: str, said: str
) -> None:
    page, answer = client.get(f"/?{query}"), client.get(f"{LIST}?{query}")
    assert (page.status_code, answer.status_code) == (400, 400)
    assert f"Parameter {parameter}: " in text_of(page)
    (reason,) = answer.json()["error"]["fields"][parameter]
    assert said in reason


def test_words_cannot_become_markup(client: Client, market_place: None) -> None:
    html = client.get("/", {"q": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in html
    assert 'href="/?q=%22%3E%3Cscript' not in html.partition("Clear all")[0].rpartition("limits")[2]


def test_asked_in_code_what_no_exchange_could_be_is_refused(market_place: None) -> None:
    with pytest.raises(BadParameters, match="parameter tier: “golden”"):
        index_status(NOON, asked=Asked(chosen={"tier": frozenset({"golden"})}))


# JSON and cost


def test_json_says_what_page_says(client: Client, market_place: None) -> None:
    document = client.get(f"{LIST}?type=cex&sort=tier").json()

    assert (document["total"], document["known"], document["left_out"]) == (2, 7, 0)
    assert [facet["name"] for facet in document["facets"]] == list(FACET_NAMES)
    (kind,) = [facet for facet in document["facets"] if facet["name"] == "type"]
    assert kind["options"][0] == {
        "value": "cex",
        "label": "Centralized exchange (CEX)",
        "count": 2,
        "is_chosen": True,
    }
    html = client.get("/?type=cex&sort=tier").content.decode()
    assert f'href="{LIST}?type=cex&amp;sort=tier"' in html


@pytest.mark.slow(reason="two hundred exchanges are made")
def test_two_hundred_exchanges_cost_as_many_queries_as_seven(client: Client, market_place: None) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    addresses = ("/", "/?q=a&tier=none&maintainer=none&lifecycle=removed", f"{LIST}?health=unwatched")
    few = [queries(address) for address in addresses]
    many = Exchange.objects.bulk_create(
        Exchange(slug=f"many-{n}", name=f"Many {n}", exchange_type=ExchangeType.CEX) for n in range(200)
    )
    for n, exchange in enumerate(many):
        for kind in (ComponentKind.SPOT_CONNECTOR, ComponentKind.PERP_CONNECTOR, ComponentKind.SPOT_CANDLES):
            make_component(exchange, kind=kind, connector_id=f"many_{n}")
        exchange.tier_assignments.create(
            tier=Tier.BRONZE, effective_from=date(2023, 1, 1), reason="r", decided_by="d", recorded_by="t"
        )

    assert [queries(address) for address in addresses] == few
    assert max(few) <= 12
    assert found(client, "q=many 17&sort=tier")[:2] == ["many-17", "many-170"]


def test_unused_day_is_not_in_links(market_place: None) -> None:
    asked = Asked(words="gate io", chosen={"tier": frozenset({"gold", "bronze"})}, as_of=date(2023, 11, 10))
    assert asked.address == "?as_of=2023-11-10&q=gate+io&tier=bronze&tier=gold"
    assert index_status(NOON + timedelta(days=1), asked=asked).found.today == "?q=gate+io&tier=bronze&tier=gold"
