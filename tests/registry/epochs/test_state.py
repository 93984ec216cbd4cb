"""The exported state: equal states have equal bytes, and any day can be asked for."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta

import pytest
from django.utils import timezone

from registry.choices import PollGroup
from registry.services.epochs import export_state, state_digest
from registry.services.epochs.state import assignments_in_force
from tests.registry.epochs.factories import applied, make_epoch, make_exchanges


def test_it_holds_what_is_in_force_with_rank_votes_and_rules(epoch):
    today = timezone.now().date()
    applied(6)
    state = json.loads(export_state())
    assert state["exchanges"]["kraken"] == {
        "tier": "silver",
        "included": True,
        "basis": "poll",
        "epoch": "Epoch 6",
        "policy": "hgp-45 v1",
        "since": today.isoformat(),
        "rank": 4,
        "votes": "300000",
        "expires_on": None,
    }
    assert state["exchanges"]["huobi"]["included"] is False
    assert state["pots"][0] == {
        "epoch": 6,
        "group": "cex",
        "subject": "exchange:binance",
        "allocated": "100000",
        "unit": "HBOT",
    }
    assert state_digest() == hashlib.sha256(export_state()).hexdigest()


def test_what_lies_ahead_is_upcoming_until_its_day(epoch):
    today = timezone.now().date()
    applied(6, effective_from=today + timedelta(days=7))
    state = json.loads(export_state())
    assert (state["exchanges"], state["pots"]) == ({}, [])
    assert {row["exchange"]: row["since"] for row in state["upcoming"]}["kucoin"] == (
        today + timedelta(days=7)
    ).isoformat()
    assert json.loads(export_state(as_of=today - timedelta(days=1)))["upcoming"] == []
    assert json.loads(export_state(as_of=today + timedelta(days=7)))["upcoming"] == []


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_first_and_the_last_day_can_be_asked_for(epoch, day):
    applied(6)
    assert bool(json.loads(export_state(as_of=day))["exchanges"]) == (day == date.max)


def test_the_deciding_one_of_many_is_found_in_one_query(epoch, django_assert_num_queries):
    applied(6)
    for number in (7, 8):
        make_epoch(number, polls={PollGroup.CEX: {"kucoin": 300_000 + number, "okx": 250_000 + number}})
        applied(number, policy="hgp-45", policy_reason="once more")
    make_exchanges(["nobody"])
    with django_assert_num_queries(1):
        found = assignments_in_force(as_of=timezone.now().date())
    assert {slug: row.epoch for slug, row in found.items() if slug in {"kucoin", "okx", "kraken", "nobody"}} == {
        "kucoin": "Epoch 8",
        "okx": "Epoch 8",
        "kraken": "Epoch 6",
    }
