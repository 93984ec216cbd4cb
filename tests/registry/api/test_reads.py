"""What machines read about governance: the same facts as the pages, in one envelope, for any past day."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from registry.models import Changeset
from registry.services.epochs import state_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow(reason="the first test of the module loads eleven epochs")

API = "/api/v1/"
READS = (
    "epochs/",
    "epochs/6/",
    "policies/",
    "policies/hgp-45/1/",
    "changes/",
    "changes/4/",
    "exchanges/kucoin/tier/",
    "state/",
)


def get(client: Client, address: str, **headers: str) -> Any:
    return client.get(API + address, headers=headers).json()


def floats(value: Any) -> Iterator[float]:
    match value:
        case dict():
            for item in value.values():
                yield from floats(item)
        case list():
            for item in value:
                yield from floats(item)
        case float():
            yield value


def test_every_list_has_the_one_envelope_and_says_how_far_the_registry_is(client: Client, record: None) -> None:
    for address, total in (("epochs/", 13), ("policies/", 7), ("changes/", 11)):
        document = get(client, address)
        assert list(document) == ["schema_version", "registry_serial", "as_of", "total", "result"]
        assert (document["schema_version"], document["registry_serial"]) == ("1.0.0", 11)
        assert document["total"] == len(document["result"]) == total


def test_every_read_has_serial_and_etag_and_costs_an_unchanged_reader_a_304(client: Client, record: None) -> None:
    for address in (*READS, "exchanges/", "exchanges/kucoin/"):
        first = client.get(API + address)
        again = client.get(API + address, headers={"if-none-match": first["ETag"]})
        assert (first.status_code, first["X-Registry-Serial"]) == (200, "11")
        assert (again.status_code, again.content) == (304, b"")
        assert first["Access-Control-Allow-Origin"] == "*"
        assert "WWW-Authenticate" not in first


def test_every_read_refuses_what_it_does_not_know(client: Client, record: None) -> None:
    for address in READS:
        for query, field in (("as_of=2999-01-01", "as_of"), ("as_of=soon", "as_of"), ("asof=2023-01-01", "asof")):
            response = client.get(f"{API}{address}?{query}")
            error = response.json()["error"]
            assert (response.status_code, error["code"], list(error["fields"])) == (400, "invalid", [field])
    assert get(client, "changes/?since=last")["error"]["fields"] == {"since": ["“last” is no whole number from 0 on"]}


def test_nothing_is_a_float(client: Client, record: None) -> None:
    for address in READS:
        assert list(floats(get(client, address))) == []


def test_epoch_carries_polls_with_outcomes_and_what_moved(client: Client, record: None) -> None:
    document = get(client, "epochs/13/")

    assert (document["number"], document["policy"], document["changeset"]) == (13, "hgp-70 v1", 11)
    assert [poll["group"] for poll in document["polls"]] == ["clob_cex", "clob_dex", "gateway_dex"]
    kucoin = document["polls"][0]["choices"][1]
    assert (kucoin["name"], kucoin["votes"], kucoin["subject"]["slug"]) == ("Kucoin", "10300000", "kucoin")
    outcome = kucoin["outcome"]
    assert (outcome["rank"], outcome["included"], outcome["pot"].partition(".")[0]) == (2, True, "95300")
    assert outcome["margin_to_removal"] == "9900000"
    assert {move["change"] for move in document["moves"]} == {"entered", "left", "unchanged"}


def test_epoch_before_its_day_has_no_outcome(client: Client, record: None) -> None:
    document = get(client, "epochs/6/?as_of=2023-10-13")
    assert (document["as_of"], document["changeset"], document["moves"]) == ("2023-10-13", None, [])
    assert {choice["outcome"] for poll in document["polls"] for choice in poll["choices"]} == {None}
    by_number = {row["number"]: row["changeset"] for row in get(client, "epochs/?as_of=2023-10-13")["result"]}
    assert (by_number[5], by_number[6]) == (3, None)


def test_policy_in_force_is_that_of_the_day(client: Client, record: None) -> None:
    def in_force(query: str) -> list[str]:
        return [row["slug"] for row in get(client, f"policies/{query}")["result"] if row["is_in_force"]]

    assert in_force("") == ["hgp-77"]
    assert in_force("?as_of=2025-12-31") == ["hgp-70"]
    assert in_force("?as_of=2023-10-14") == ["hgp-45"]
    assert in_force("?as_of=2023-10-13") == ["weighted-polls"]
    assert in_force("?as_of=2022-12-31") == []
    document = get(client, "policies/hgp-45/1/")
    assert document["document"]["eligibility"]["min_votes"] == "200000"
    assert document["schema_url"] == "/policies/schema.json"


def test_changes_since_a_serial_are_the_ones_after_it(client: Client, record: None) -> None:
    assert [row["serial"] for row in get(client, "changes/?since=9")["result"]] == [11, 10]
    assert get(client, "changes/?since=11")["result"] == []
    assert [row["serial"] for row in get(client, "changes/?since=2&as_of=2023-11-10")["result"]] == [4, 3]
    change = get(client, "changes/4/")
    assert (change["epoch"], change["kind"], change["effective_from"]) == (6, "apply", "2023-10-14")
    assert change["document"]["counts"]["promoted"] == 3


def test_tier_says_why_and_what_it_was_on_any_day(client: Client, record: None) -> None:
    def tier(query: str) -> tuple[Any, ...]:
        document = get(client, f"exchanges/kucoin/tier/{query}")
        return document["tier"], document["rank"], document["of"], document["policy"] and document["policy"]["slug"]

    assert tier("") == ("", 2, 18, "hgp-70")
    assert tier("?as_of=2023-10-14") == ("silver", None, 22, "hgp-45")
    assert tier("?as_of=2023-10-13") == ("silver", None, 26, "weighted-polls")
    assert tier("?as_of=2022-12-31") == ("", None, None, None)
    last = get(client, "exchanges/kucoin/tier/")["last_tier"]
    assert (last["tier"], last["until"]) == ("silver", "2024-01-26")


def test_exchange_list_of_a_past_day_has_the_tiers_of_that_day(client: Client, record: None) -> None:
    rows = {row["slug"]: row for row in get(client, "exchanges/?as_of=2023-11-10")["result"]}
    assert [rows[slug]["tier"] for slug in ("binance", "kucoin", "kraken", "bittrex")] == [
        "gold",
        "silver",
        "bronze",
        None,
    ]
    today = {row["slug"]: row for row in get(client, "exchanges/?lifecycle=active&lifecycle=removed")["result"]}
    assert {row["tier"] for row in today.values()} == {None}
    assert today["bittrex"]["why_no_tier"] == "Bronze until 2023-10-14; voted out in Epoch 6"


def test_state_is_the_bytes_that_plans_start_from(client: Client, record: None) -> None:
    response = client.get(f"{API}state/")
    assert hashlib.sha256(response.content).hexdigest() == state_digest()
    assert response["Content-Type"] == "application/json"
    assert client.get(f"{API}state/?as_of=2023-11-10").content != response.content


def test_what_if_is_a_difference_and_writes_nothing(client: Client, record: None) -> None:
    before = Changeset.objects.count()
    with CaptureQueriesContext(connection) as asked:
        document = get(client, "epochs/13/what-if/?min_votes=4,000,000")

    assert {move["change"] for move in document["moves"]} == {"left"}
    assert "cube" in {move["exchange"].partition("-")[0] for move in document["moves"]}
    assert Changeset.objects.count() == before
    assert [query for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []
    error = client.get(f"{API}epochs/13/what-if/")
    assert (error.status_code, list(error.json()["error"]["fields"])) == (400, ["policy"])


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("epochs/99/", "there is no epoch 99 here: there are 1 to 13"),
        ("policies/hgp-1/1/", "there is no policy hgp-1 v1 here: there are quarterly-polls v1"),
        ("changes/99/", "there is no change 99 here: the latest is 11"),
        ("exchanges/krakn/tier/", "no exchange is called “krakn” here: did you mean kraken"),
    ],
)
def test_what_is_not_here_is_a_404_in_the_one_body(client: Client, record: None, address: str, said: str) -> None:
    response = client.get(API + address)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["fields"]) == (404, "not_found", None)
    assert error["message"].startswith(said)


def test_queries_do_not_grow_with_history(client: Client, record: None) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(API + address).status_code == 200
        return len(captured)

    assert queries("epochs/3/") == queries("epochs/13/")
    for address in ("policies/", "changes/", "exchanges/", "exchanges/kucoin/", "exchanges/kucoin/tier/", "state/"):
        assert queries(f"{address}?as_of=2023-01-20") == queries(address)
    assert max(queries(address) for address in READS) <= 12
