"""Exchanges side by side: every fact in one line, differences in words, and nothing claimed where nothing is stated."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.checks.outcomes import Outcome
from registry.choices import (
    BountyKind,
    BountyState,
    ComponentKind,
    DeclaredStatus,
    ExchangeType,
    Lifecycle,
    LinkKind,
    MaintainerKind,
    MaintenanceState,
    Tier,
)
from registry.models import Bounty, Exchange, Maintainer
from tests.monitoring.factories import make_check, make_component, make_exchange, record
from tests.monitoring.test_page_markup import Nesting
from tests.monitoring.test_pages import text_of

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

PAGE = "/compare/"
API = "/api/v1/compare/"
BOTH = "?exchange=alpha&exchange=beta"


@pytest.fixture
def two(db: None) -> None:
    """Alpha is checked and fails, Beta is not checked; each has something that the other has not."""
    alpha = make_exchange("alpha", tier=Tier.GOLD)
    Exchange.objects.filter(pk=alpha.pk).update(
        exchange_type=ExchangeType.CEX, chains=[{"chain": "ethereum", "networks": ["mainnet"]}]
    )
    spot = make_component(alpha, order_types=["LIMIT", "MARKET"], connector_version="v2.1", v2_strategies=True)
    make_component(alpha, kind=ComponentKind.SPOT_CANDLES, intervals=["1m", "1h"])
    record(make_check(spot), Outcome.FAILED, at=timezone.now())
    foundation = Maintainer.objects.create(slug="foundation", name="The Foundation", kind=MaintainerKind.ORGANISATION)
    alpha.maintenances.create(maintainer=foundation, state=MaintenanceState.ACTIVE)
    alpha.links.create(kind=LinkKind.WEBSITE, url="https://www.alpha.example/spot")
    Bounty.objects.create(exchange=alpha, tracker_id="1", kind=BountyKind.BUG_P2, state=BountyState.OPEN)

    beta = make_exchange("beta", tier=Tier.SILVER)
    Exchange.objects.filter(pk=beta.pk).update(exchange_type=ExchangeType.CEX)
    make_component(beta, order_types=["MARKET", "LIMIT", "LIMIT_MAKER"])
    make_component(
        beta, kind=ComponentKind.PERP_CONNECTOR, status=DeclaredStatus.NOT_BUILT, connector_id="", position_modes=[]
    )
    make_component(beta, kind=ComponentKind.SPOT_CANDLES, intervals=["1h", "1m"])
    beta.maintenances.create(maintainer=None, state=MaintenanceState.SEEKING)


def lines(client: Client, query: str = BOTH) -> dict[tuple[str, str], dict[str, Any]]:
    return {(line["group"], line["key"]): line for line in client.get(f"{API}{query}").json()["result"]}


def test_each_fact_is_a_line_with_what_each_has(client: Client, two: None) -> None:
    found = lines(client)

    said = {key: (line["values"]["alpha"], line["values"]["beta"], line["differs"]) for key, line in found.items()}
    assert said == {
        ("standing", "tier"): ("Gold", "Silver", True),
        ("standing", "health"): ("Failing", "No live check yet", True),
        ("standing", "maintainers"): ("The Foundation", "Seeking a maintainer", True),
        ("standing", "open_bounties"): ("1", "None", True),
        ("exchange", "lifecycle"): ("In the current release", "In the current release", False),
        ("exchange", "exchange_type"): ("Centralized exchange (CEX)", "Centralized exchange (CEX)", False),
        ("exchange", "fee_share"): ("None known", "None known", False),
        ("exchange", "chains"): (["ethereum"], None, False),
        ("spot_connector", "declared"): ("Available", "Available", False),
        ("spot_connector", "observed"): ("Failing", "No live check yet", True),
        ("spot_connector", "connector_id"): ("alpha", "beta", None),
        ("spot_connector", "connector_version"): ("v2.1", None, False),
        ("spot_connector", "v2_strategies"): ("Yes", None, False),
        ("spot_connector", "order_types"): (["LIMIT", "MARKET"], ["MARKET", "LIMIT", "LIMIT_MAKER"], True),
        ("perp_connector", "declared"): ("Not listed", "Not built", True),
        ("spot_candles", "declared"): ("Available", "Available", False),
        ("spot_candles", "observed"): ("No live check yet", "No live check yet", False),
        ("spot_candles", "connector_id"): ("alpha", "beta", None),
        ("spot_candles", "intervals"): (["1m", "1h"], ["1h", "1m"], False),
        ("links", "website"): ("https://www.alpha.example/spot", None, None),
    }


def test_page_marks_differences_in_words_and_says_what_one_lacks(client: Client, two: None) -> None:
    response = client.get(f"{PAGE}{BOTH}")
    text = text_of(response)

    assert "They differ in 7 of 20 lines, each marked “differs”." in text
    assert "Tier differs Gold Silver" in text
    assert "Health differs Failing No live check yet" in text
    assert "Order types differs LIMIT, MARKET not LIMIT_MAKER MARKET, LIMIT, LIMIT_MAKER" in text
    assert "Intervals 1m, 1h 1h, 1m" in text
    assert '<a href="https://www.alpha.example/spot">alpha.example</a>' in response.content.decode()
    assert '<td role="cell" data-label="Beta"' in response.content.decode()


def test_differences_alone_are_shown_on_ask(client: Client, two: None) -> None:
    (link,) = re.findall(r'<a href="([^"]+)">Show only', client.get(f"{PAGE}{BOTH}").content.decode())
    page = client.get(unescape(link))
    text = text_of(page)

    assert "Tier differs" in text
    assert "In the current release" not in text
    assert f'<a href="{PAGE}?exchange=alpha&amp;exchange=beta">Show every line</a>' in page.content.decode()
    assert all(line["differs"] for line in lines(client, f"{BOTH}&only=differences").values())


def test_columns_stand_in_the_order_in_which_they_were_named(client: Client, two: None) -> None:
    document = client.get(f"{API}?exchange=beta&exchange=alpha&exchange=beta").json()
    assert document["exchanges"] == ["beta", "alpha"]
    assert (document["total"], list(document["result"][0]["values"])) == (20, ["beta", "alpha"])


def test_past_day_has_its_tiers_and_the_health_of_now(client: Client, two: None) -> None:
    found = lines(client, f"{BOTH}&as_of=2023-12-31")
    assert found["standing", "tier"]["values"] == {"alpha": "No tier", "beta": "No tier"}
    assert found["standing", "health"]["values"]["alpha"] == "Failing"
    html = client.get(f"{PAGE}{BOTH}&as_of=2023-12-31").content.decode()
    assert f'<a href="{PAGE}?exchange=alpha&amp;exchange=beta">Back to today</a>' in html
    assert html.partition('class="day"')[2].count('<input type="hidden" name="exchange"') == 2


def test_alike_exchanges_differ_in_nothing(client: Client, db: None) -> None:
    for slug in ("one", "two"):
        make_exchange(slug)
    assert "No line of theirs differs." in text_of(client.get(f"{PAGE}?exchange=one&exchange=two"))


def test_what_the_bot_had_stands_beside_what_it_has(client: Client, two: None) -> None:
    gone = make_exchange("gone", tier="")
    Exchange.objects.filter(pk=gone.pk).update(lifecycle=Lifecycle.REMOVED, removed_in="1.21.0")
    make_component(gone, status=DeclaredStatus.REMOVED, order_types=["LIMIT"])

    found = lines(client, "?exchange=alpha&exchange=gone")

    assert found["exchange", "lifecycle"]["values"]["gone"] == "Removed in 1.21.0"
    assert found["spot_connector", "declared"]["values"]["gone"] == "Removed"
    assert found["spot_connector", "observed"]["values"]["gone"] is None
    assert found["standing", "health"]["values"]["gone"] == "Not checked"


# Choosing


def test_without_a_choice_the_page_offers_one(client: Client, two: None) -> None:
    response = client.get(PAGE)
    assert response.status_code == 200
    assert "Choose 2 to 6 exchanges" in text_of(response)
    assert re.findall(r'name="exchange" value="(\w+)"', response.content.decode()) == ["alpha", "beta"]


@pytest.mark.parametrize(
    ("query", "parameter", "said"),
    [
        ("?exchange=alpha", "exchange", "one is named: choose 2 to 6 different exchanges"),
        ("?exchange=alpha&exchange=alpha", "exchange", "one is named: choose 2 to 6 different exchanges"),
        ("?" + "&".join(f"exchange=e{n}" for n in range(7)), "exchange", "7 are named: choose 2 to 6"),
        ("?only=same", "only", "“same” is nothing to show alone: write differences, or leave it out"),
        (f"{BOTH}&only=same", "only", "“same” is nothing to show alone: write differences, or leave it out"),
        (f"{BOTH}&tier=gold", "tier", "unknown parameter; known here: as_of, exchange, only"),
    ],
)
def test_what_cannot_be_compared_is_a_400_that_says_what_can(
    client: Client, two: None, query: str, parameter: str, said: str
) -> None:
    page, answer = client.get(f"{PAGE}{query}"), client.get(f"{API}{query}")
    assert (page.status_code, answer.status_code) == (400, 400)
    assert f"arameter {parameter}: {said}" in text_of(page)
    assert said in answer.json()["error"]["fields"][parameter][0]


def test_too_few_stay_ticked(client: Client, two: None) -> None:
    html = client.get(f"{PAGE}?exchange=beta").content.decode()
    assert re.findall(r'value="(\w+)" checked', html) == ["beta"]


@pytest.mark.parametrize("slug", ["alpah", "%00", "no such"])
def test_exchange_that_is_not_here_is_a_404(client: Client, two: None, slug: str) -> None:
    for address in (PAGE, API):
        response = client.get(f"{address}?exchange=alpha&exchange={slug}")
        assert response.status_code == 404
        assert "no exchange is called" in response.content.decode().replace("No ", "no ")


# The page as a document


@pytest.mark.parametrize("query", [BOTH, f"{BOTH}&only=differences", "", "?exchange=alpha"])
def test_page_is_built_for_everyone(client: Client, two: None, query: str) -> None:
    html = client.get(f"{PAGE}{query}").content.decode()
    nesting = Nesting()
    nesting.feed(html)

    assert (nesting.wrong, nesting.open) == ([], [])
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'\b(?:aria-labelledby|for)="([^"]+)"', html)) <= set(ids)
    assert html.count("<table") == html.count("<caption")
    assert re.findall(r"<th(?![^>]*scope=)[ >]", html) == []
    assert re.findall(r"<svg(?![^>]*(?:aria-hidden|aria-label))", html) == []


def test_six_exchanges_cost_as_many_queries_as_two(client: Client, two: None) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    few = [queries(f"{address}{BOTH}") for address in (PAGE, API)]
    for slug in ("c", "d", "e", "f"):
        for kind in (ComponentKind.SPOT_CONNECTOR, ComponentKind.PERP_CONNECTOR):
            record(
                make_check(make_component(Exchange.objects.filter(slug=slug).first() or make_exchange(slug), kind=kind))
            )
    more = BOTH + "".join(f"&exchange={slug}" for slug in "cdef")

    assert [queries(f"{address}{more}") for address in (PAGE, API)] == few
    assert max(few) <= 12
