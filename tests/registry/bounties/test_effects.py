"""A plan names the open bounties of the exchanges that it moves."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from registry.choices import BountyState
from registry.effects import effects_of
from registry.models import Exchange
from registry.services.bounties.effects import effects_on_bounties
from tests.registry.bounties.factories import make_bounty

pytestmark = pytest.mark.django_db


def move(slug: str, change: str = "demoted") -> dict[str, Any]:
    return {
        "exchange": slug,
        "change": change,
        "old": {"tier": "gold", "included": True},
        "new": {"tier": "gold" if change == "unchanged" else "silver", "included": True},
    }


def test_open_bounties_of_moved_exchanges_are_named(
    exchange: Exchange, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = Exchange.objects.create(slug="other", name="Other")
    make_bounty(exchange, tracker_id="7", title="Mend it", state=BountyState.ASSIGNED)
    make_bounty(exchange, tracker_id="8", amount=None)
    make_bounty(exchange, tracker_id="9", state=BountyState.PAID)
    make_bounty(other, tracker_id="10")
    make_bounty(None, tracker_id="11")

    with django_assert_num_queries(1):
        effects = effects_on_bounties([move("some-exchange"), move("other", "unchanged")])

    assert effects == [
        {
            "kind": "bounty",
            "exchange": "some-exchange",
            "text": "bounty 7 (Mend it) of 10,000 HBOT is assigned",
        },
        {"kind": "bounty", "exchange": "some-exchange", "text": "bounty 8 of an unstated amount is open"},
    ]


def test_bounties_are_among_the_effects_that_a_plan_lists(exchange: Exchange) -> None:
    make_bounty(exchange, tracker_id="7")

    effects = [effect for effect in effects_of([move("some-exchange")]) if effect["kind"] == "bounty"]

    assert [effect["text"] for effect in effects] == ["bounty 7 of 10,000 HBOT is open"]
