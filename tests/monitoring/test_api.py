"""The public JSON: the same facts as the pages, in one shape, and one shape for every error."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from monitoring.checks.outcomes import Confidence, Kind, Outcome
from monitoring.models import Check, Result
from tests.monitoring.factories import make_exchange, record

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(catalogue_of_the_module: None, db: None) -> None:
    """Loaded once for all of these tests."""


LIST = "/api/v1/exchanges/"
KRAKEN = "/api/v1/exchanges/kraken/"
ASKED = "as_of, bounty, component, health, lifecycle, maintainer, market, order, q, sort, tier, type"


@pytest.fixture
def watched(catalogue: None) -> None:
    """Kraken's checks ran five seconds ago: the order book failed, the rest was ok."""
    for check in Check.objects.all():
        outcome = Outcome.FAILED if check.kind == Kind.ORDER_BOOK else Outcome.OK
        record(
            check,
            outcome,
            at=timezone.now() - timedelta(seconds=5),
            evidence={"top": {"bid": "83735.8"}, "memory": {"updates_applied": True}},
            confidence=Confidence.MEDIUM,
            reasons=("It was cut off twice.",),
            write_capture=lambda: b"frames",
        )


def numbers(value: Any, under: str = "") -> Iterator[tuple[str, float]]:
    """Every number that is not whole, with the name it stands under."""
    match value:
        case dict():
            for key, item in value.items():
                yield from numbers(item, key)
        case list():
            for item in value:
                yield from numbers(item, under)
        case float():
            yield under, value


def test_list_holds_each_exchange_with_promise_and_observation(client: Client, watched: None, tiers: None) -> None:
    document = client.get(LIST).json()

    assert (document["schema_version"], document["registry_serial"]) == ("1.0.0", 0)
    assert (document["total"], document["source"]) == (len(document["result"]), "sandbox")
    assert document["headline"] == "Kraken is failing, in the sandbox"
    kraken = document["result"][0]
    kucoin = next(row for row in document["result"] if row["slug"] == "kucoin")
    assert (kraken["slug"], kraken["tier"], kraken["maintainers"], kraken["health"]) == (
        "kraken",
        "bronze",
        [],
        "failed",
    )
    assert (kucoin["tier"], kucoin["health"], kucoin["source"]) == ("silver", None, None)
    assert (kucoin["lifecycle"], kucoin["open_bounties"]) == ("active", 0)
    assert [one["slug"] for one in kucoin["maintainers"]] == ["hummingbot-foundation"]
    assert (kraken["url"], kraken["html_url"]) == (KRAKEN, "/exchanges/kraken/")
    assert (kraken["tier_basis"], kraken["why_no_tier"], kraken["latest_vote"]) == ("poll", None, "Epoch 6: stays in")


def test_list_ends_with_those_that_are_known_from_votes_alone(client: Client, catalogue: None) -> None:
    make_exchange("aaa-votes", tier="")

    rows = client.get(LIST).json()["result"]

    assert rows[0]["slug"] == "kraken", "what is checked live comes first"
    at = next(place for place, row in enumerate(rows) if row["lifecycle"] != "active")
    assert {row["lifecycle"] for row in rows[:at]} == {"active"}
    assert {row["lifecycle"] for row in rows[at:]} <= {"votes_only", "proposed"}
    (votes,) = [row for row in rows[at:] if row["slug"] == "aaa-votes"]
    assert (votes["health"], votes["tier"], votes["why_no_tier"]) == (None, None, "No vote has decided about it")
    assert (votes["lifecycle"], votes["components"]) == ("votes_only", [])


def test_components_keep_declared_and_observed_apart(client: Client, watched: None) -> None:
    rows = client.get(LIST).json()["result"]
    kraken, kucoin = (next(row for row in rows if row["slug"] == slug) for slug in ("kraken", "kucoin"))

    assert [(c["kind"], c["declared_status"], c["health"]) for c in kraken["components"]] == [
        ("spot_connector", "available", "failed"),
        ("perp_connector", "not_available", None),
        ("spot_candles", "not_built", None),
        ("perp_candles", "not_built", None),
    ]
    assert {(c["declared_status"], c["health"]) for c in kucoin["components"]} == {("available", None)}
    assert kraken["components"][2]["why_not_checked"] == "Not checked, because it is not built."


def test_check_carries_verdict_evidence_history_and_source(client: Client, watched: None) -> None:
    component = client.get(KRAKEN).json()["components"][0]
    (check,) = [check for check in component["checks"] if check["kind"] == "order_book"]
    result = Result.objects.get(live_check__kind="order_book")

    assert (check["outcome"], check["cause"], check["blame"]) == ("failed", "transport", "exchange")
    assert (check["cause_text"], check["blame_text"]) == ("The connection was refused or broke", "The exchange")
    assert (check["confidence"], check["reasons"]) == ("medium", ["It was cut off twice."])
    assert (check["summary"], check["source"], check["duration_ms"]) == ("as it is", "sandbox", 250.0)
    assert check["conditions"] == [{"name": "answers", "limit": "yes", "seen": "no", "outcome": "failed"}]
    assert check["evidence"] == {"top": {"bid": "83735.8"}}
    assert check["capture_url"] == f"/exchanges/kraken/captures/{result.pk}/"
    assert client.get(check["capture_url"]).content == b"frames"
    assert check["hosts"] == {"rest": "127.0.0.1:8443"}
    assert parse_datetime(check["started_at"]) == result.started_at
    assert check["started_at"].endswith("Z")
    assert [(past["outcome"], past["source"]) for past in check["history"]] == [("failed", "sandbox")]


def test_page_of_an_exchange_and_its_json_state_the_same_facts(client: Client, watched: None, tiers: None) -> None:
    document = client.get(KRAKEN).json()

    assert document["about"]["links"]["api_docs"] == "https://docs.kraken.com/rest/"
    assert document["about"]["supported_countries"] == "Not available"
    assert document["tier_in_force"]["epoch"] == "Epoch 6"
    assert [entry["effective_from"] for entry in document["tier_history"]] == ["2023-10-14", "2023-07-06"]
    declared = document["components"][0]["declared"]
    assert declared["order_types"] == ["LIMIT", "LIMIT_MAKER"]
    assert declared["credential_prompts"] == ["Enter your kraken API key", "Enter your kraken secret key"]
    assert document["proposals"][0]["number"] == "HIP-35"


def test_money_is_text_and_only_times_are_floats(client: Client, watched: None) -> None:
    document = client.get(KRAKEN).json()
    assert [Decimal(bounty["amount"]) for bounty in document["bounties"]] == [30_000, 600_000]
    assert {isinstance(bounty["amount"], str) for bounty in document["bounties"]} == {True}
    assert {name for name, _ in numbers(document)} == {"duration_ms"}


def test_tier_is_that_of_the_day_asked_about_and_health_is_of_now(client: Client, watched: None, tiers: None) -> None:
    then, before = (client.get(f"{KRAKEN}?as_of={day}").json() for day in ("2023-09-30", "2022-12-31"))

    assert (then["tier_as_of"], then["tier_in_force"]["epoch"]) == ("2023-09-30", "Epoch 5")
    assert [entry["epoch"] for entry in then["tier_history"]] == ["Epoch 5"]
    assert (before["tier"], before["tier_in_force"], before["tier_history"]) == (None, None, [])
    assert {then["health"], before["health"]} == {"failed"}
    listed = client.get(f"{LIST}?as_of=2022-12-31").json()
    assert (listed["tier_as_of"], {row["tier"] for row in listed["result"]}) == ("2022-12-31", {None})


def test_before_the_first_run_everything_seen_is_null(client: Client, catalogue: None) -> None:
    document = client.get(KRAKEN).json()
    check = document["components"][0]["checks"][0]

    assert (document["health"], document["source"], document["last_checked_at"]) == ("unknown", None, None)
    seen = ("outcome", "cause", "blame", "summary", "source", "started_at", "duration_ms", "hosts", "evidence")
    assert {name: check[name] for name in seen} == dict.fromkeys(seen)
    assert (check["conditions"], check["history"]) == ([], [])


def test_pages_link_to_their_json(client: Client, watched: None) -> None:
    for page, address in (("/", LIST), ("/exchanges/kraken/", KRAKEN)):
        html = client.get(page).content.decode()
        assert f'<link rel="alternate" type="application/json" title="This page as JSON" href="{address}">' in html
    names = ("exchanges", "maintainers", "drift", "epochs", "policies", "changes", "state")
    lists = {name: f"/api/v1/{name}/" for name in names} | {"bounty_drafts": "/api/v1/bounties/drafts/"}
    assert client.get("/api/v1/").json() == lists


def test_unchanged_answer_costs_a_304(client: Client, watched: None) -> None:
    for address in (LIST, KRAKEN):
        first = client.get(address)
        again = client.get(address, headers={"if-none-match": first["ETag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")

    tag = client.get(KRAKEN)["ETag"]
    record(Check.objects.get(kind="markets"), Outcome.DEGRADED, at=timezone.now())
    assert client.get(KRAKEN, headers={"if-none-match": tag}).status_code == 200


def test_answers_may_be_read_from_any_site_and_are_asked_for_anew(client: Client, catalogue: None) -> None:
    response = client.head(LIST)
    assert (response.status_code, response.content) == (200, b"")
    assert (response["Access-Control-Allow-Origin"], response["Cache-Control"]) == ("*", "no-cache")
    assert response["Content-Type"] == "application/json"


def test_address_without_its_slash_is_put_right(client: Client, catalogue: None) -> None:
    response = client.get("/api/v1/exchanges/kraken")
    assert (response.status_code, response["Location"]) == (301, KRAKEN)


@pytest.mark.parametrize(
    ("method", "address", "headers", "status", "code", "message", "fields"),
    [
        ("get", "/api/v1/nowhere/", {}, 404, "not_found", "There is nothing at this address.", None),
        ("get", "/api/", {}, 404, "not_found", "There is nothing at this address.", None),
        (
            "get",
            "/api/v1/exchanges/lambdaplexx/",
            {},
            404,
            "not_found",
            "no exchange is called “lambdaplexx” here: did you mean lambdaplex?",
            None,
        ),
        ("get", "/api/v1/exchanges/zzz/", {}, 404, "not_found", "no exchange is called “zzz” here", None),
        ("get", "/api/v1/exchanges/%00/", {}, 404, "not_found", "no exchange is called “\0” here", None),
        ("post", LIST, {}, 405, "method_not_allowed", 'Method "POST" not allowed.', None),
        ("delete", KRAKEN, {}, 405, "method_not_allowed", 'Method "DELETE" not allowed.', None),
        (
            "get",
            LIST,
            {"accept": "text/html"},
            406,
            "not_acceptable",
            "Could not satisfy the request Accept header.",
            None,
        ),
        (
            "get",
            f"{LIST}?teir=gold",
            {},
            400,
            "invalid",
            "The request has parameters that are not valid.",
            {"teir": [f"unknown parameter; known here: {ASKED}"]},
        ),
        (
            "get",
            f"{KRAKEN}?format=xml",
            {},
            400,
            "invalid",
            "The request has parameters that are not valid.",
            {"format": ["unknown parameter; known here: as_of"]},
        ),
        ("get", LIST, {"host": "elsewhere.example"}, 400, "bad_request", "The request could not be understood.", None),
    ],
)
def test_every_error_has_the_one_body(
    client: Client,
    catalogue: None,
    method: str,
    address: str,
    headers: dict[str, str],
    status: int,
    code: str,
    message: str,
    fields: dict[str, list[str]] | None,
) -> None:
    response = getattr(client, method)(address, headers=headers)

    assert response["Access-Control-Allow-Origin"] == "*"
    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    assert response.json() == {"error": {"code": code, "message": message, "fields": fields}}


def test_broken_inside_is_a_500_with_the_same_body_and_no_detail(watched: None) -> None:
    Result.objects.update(conditions=[{"half": "a condition"}])

    response = Client(raise_request_exception=False).get(KRAKEN)

    assert response.status_code == 500
    assert response.json() == {
        "error": {"code": "server_error", "message": "Something went wrong here; it was logged.", "fields": None}
    }
