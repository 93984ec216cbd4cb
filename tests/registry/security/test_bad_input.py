"""Whatever is sent is answered, and never by a failure of ours: no text that a database refuses, no endless nesting."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from registry.models import Choice, Epoch, Poll, Subject
from tests.registry.small_registry import small_registry

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db

EVALUATE = "/api/v1/policies/evaluate/"
POLLS = "/api/v1/epochs/14/polls/"
RESULT = {"group": "cex", "tallies": [{"name": "a", "votes": "1"}]}
TABLE = {
    "group": "cex",
    "source": "csv",
    "content": "Exchange,Votes\nKraken,900000\n",
    "closed_at": "2025-10-13T00:00:00Z",
}


@pytest.fixture(autouse=True)
def _registry(db: None) -> None:
    small_registry()


@pytest.fixture
def root(db: None) -> Client:
    """Signed in by HTTP Basic as one who may everything."""
    User.objects.create_superuser("root", password="pw")
    Epoch.objects.create(number=14)
    return Client(headers={"authorization": "Basic " + b64encode(b"root:pw").decode()})


def post(client: Client, address: str, body: Any) -> HttpResponse:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(address, text, content_type="application/json")


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"policy": {"a": ' + "[" * 900 + "]" * 900 + '}, "result": {"group": "cex", "tallies": []}}',
        '{"policy": {"a": ' + "[" * 400 + "]" * 400 + '}, "result": {"group": "cex", "tallies": []}}',
        '{"policy": ' + '{"a": ' * 450 + "1" + "}" * 450 + ', "result": {"group": "cex", "tallies": []}}',
    ],
    ids=["only-lists", "only-objects", "deep", "half-as-deep", "deep-objects"],
)
def test_endless_nesting_is_refused(client: Client, body: str) -> None:
    response = post(client, EVALUATE, body)

    assert response.status_code == 400
    assert "nested" in response.content.decode()


@pytest.mark.parametrize(
    "body",
    [
        {"policy": "\ud800", "result": RESULT},
        {"policy": "hgp-45 v1", "result": {"group": "cex", "tallies": [{"name": "\udfff", "votes": "1"}]}},
        {"policy": "hgp-45 v1\0", "result": RESULT},
        {"policy": {"\ud800": 1}, "result": RESULT},
        {"policy": "hgp-45 v1", "result": RESULT, "\ud800": 1},
    ],
)
def test_half_a_surrogate_pair_and_nul_are_refused(client: Client, body: Any) -> None:
    response = post(client, EVALUATE, body)

    assert response.status_code == 400
    assert "no text" in response.content.decode()


def test_a_length_that_is_no_number_is_refused(client: Client) -> None:
    response = client.post(EVALUATE, "{}", content_type="application/json", CONTENT_LENGTH="many")

    assert response.status_code == 400


def test_more_decisions_than_choices_can_need_are_refused(client: Client) -> None:
    decision = {"group": "cex", "kind": "order", "choices": [1, 2], "reason": "x"}

    response = post(client, EVALUATE, {"policy": "hgp-45 v1", "result": RESULT, "decisions": [decision] * 201})

    assert response.json()["error"]["fields"] == {"decisions": ["201 decisions: send 200 at most"]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("voters", 2**31),
        ("voters", -1),
        ("voters", 10**30),
        ("closed_at", "0001-01-01T00:00:00+14:00"),
        ("closed_at", "9999-12-31T23:59:59-14:00"),
        ("opened_at", "0001-01-01T00:00:00+23:00"),
        ("title", "\ud800"),
        ("content", "\ud800"),
        ("origin", "a\0b"),
    ],
)
def test_facts_that_no_database_keeps_are_refused(root: Client, name: str, value: Any) -> None:
    response = post(root, POLLS, TABLE | {name: value})

    assert response.status_code in {400, 422}, response.content
    assert not Poll.objects.exists()


@pytest.mark.parametrize("amount", ["1e-999999999", "0.005", "1e400", "NaN", "Infinity", "-1"])
def test_an_amount_that_is_no_sum_of_money_is_refused(root: Client, amount: str) -> None:
    """The first would be written out with a thousand million zeros."""
    poll = Poll.objects.create(epoch=Epoch.objects.get(), group="proposal", title="A proposal")
    Choice.objects.create(poll=poll, index=1, name="For")
    asked = {"poll": poll.pk, "subject": "exchange:kraken", "action": "fund", "amount": amount}

    response = post(root, "/api/v1/epochs/14/target/", asked)

    assert response.status_code == 400
    assert response.json()["error"]["fields"]["amount"]
    assert Subject.objects.filter(slug="kraken").exists()
