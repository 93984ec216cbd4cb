"""Evaluation over HTTP: results and rules in, outcome out, and nothing of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.governance.policy import read_policies
from registry.services.catalogue import load_catalogue

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/policies/evaluate/"
HGP_45 = next(policy.to_builtins() for policy in read_policies() if policy.slug == "hgp-45")
RESULT = {
    "group": "cex",
    "tallies": [
        {"name": "KuCoin", "votes": "500000.25"},
        {"name": "Kraken", "votes": "900000"},
        {"name": "AscendEx", "votes": "100k"},
    ],
}


def post(client: Client, body: Any, **more: Any) -> Any:
    return client.post(ADDRESS, body, content_type="application/json", **more)


def test_tiers_come_out_with_rule_and_margins(client: Client) -> None:
    response = post(client, {"policy": HGP_45, "result": RESULT})

    choices = response.json()["choices"]
    assert response.status_code == 200
    assert [(choice["name"], choice["rank"], choice["label"], choice["included"]) for choice in choices] == [
        ("Kraken", 1, "gold", True),
        ("KuCoin", 2, "silver", True),
        ("AscendEx", 3, "", False),
    ]
    assert [choice["margin_to_removal"] for choice in choices] == ["700000", "300000.25", "-100000"]


@pytest.mark.slow(reason="the whole catalogue is loaded")
def test_rules_that_are_here_can_be_named(client: Client) -> None:
    load_catalogue()
    named = post(client, {"policy": "hgp-45 v1", "result": RESULT})
    assert named.json() == post(client, {"policy": HGP_45, "result": RESULT}).json()


def test_nothing_is_asked_of_who_calls_and_nothing_is_written(client: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        response = post(client, {"policy": HGP_45, "result": RESULT})
    assert [query["sql"] for query in asked if not query["sql"].startswith("SELECT")] == []
    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (200, "*")


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({"policy": "hgp-99 v1", "result": RESULT}, 400, ["policy"]),
        ({"result": RESULT}, 400, ["policy"]),
        ({"policy": HGP_45, "result": {**RESULT, "tallies": []}}, 400, ["result.tallies"]),
        ({"policy": HGP_45, "result": {**RESULT, "group": "cexx"}}, 400, ["result.group"]),
        (
            {"policy": HGP_45, "result": {**RESULT, "tallies": [{"name": "A", "votes": "many"}]}},
            400,
            ["result.tallies[0].votes"],
        ),
        (
            {"policy": HGP_45, "result": {**RESULT, "tallies": [{"name": "A", "votes": 5}]}},
            400,
            ["result.tallies[0].votes"],
        ),
        ({"policy": HGP_45 | {"min_vote": "1"}, "result": RESULT}, 400, ["policy"]),
        ({"policy": HGP_45, "result": RESULT, "why": "?"}, 400, ["why"]),
        ({"policy": HGP_45, "result": RESULT, "decisions": [{"group": "cex", "kind": "bribe"}]}, 400, None),
        ([], 400, [""]),
        ("[", 400, None),
    ],
)
def test_what_cannot_be_evaluated_is_refused_by_name(
    client: Client, body: Any, status: int, fields: list[str] | None
) -> None:
    response = post(client, body)
    error = response.json()["error"]
    assert (response.status_code, error["fields"] and list(error["fields"])) == (status, fields), error
    assert error["message"]


def test_result_that_is_none_is_a_422(client: Client) -> None:
    twice = {
        "group": "cex",
        "tallies": [{"index": 1, "name": "A", "votes": "1"}, {"index": 1, "name": "B", "votes": "2"}],
    }
    response = post(client, {"policy": HGP_45, "result": twice})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "unfit")


def test_body_that_is_too_large_is_not_read(client: Client) -> None:
    response = post(client, {"policy": "x" * 300_000, "result": RESULT})
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")
