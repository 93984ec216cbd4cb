"""All thirteen epochs applied, in the order of time: what stood on a day is what its pages said."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.models import Changeset, Choice, Epoch, Exchange, LedgerEntry, OutboxMessage, Poll, Pot, TierAssignment
from registry.services.catalogue import Loaded
from registry.services.ledger import verify
from tests.registry.history.polls import epochs
from tests.registry.history.rows import command, everything

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow("the first of them takes eleven epochs through plan, approval and application"),
]


def tiers(day: date) -> dict[str, str]:
    exchanges = Exchange.objects.with_tier(as_of=day)
    return {exchange.slug: exchange.current_tier for exchange in exchanges if exchange.current_tier}


def test_all_thirteen_epochs_are_loaded_and_applied(whole_history: Loaded) -> None:
    assert "created Epoch 1 (Q1-Q2 2022)" in whole_history.changes
    assert "recorded Epoch 12 Gateway DEX connectors: 18 choices" in whole_history.changes
    assert whole_history.changes[-1].startswith("applied Epoch 13 from 2025-07-01: ")
    assert dict(Epoch.objects.values_list("number", "state")) == {
        1: "draft",
        2: "draft",
        **dict.fromkeys(range(3, 14), "applied"),
    }
    assert Poll.objects.count() == 33
    assert set(Choice.objects.values_list("mapping", flat=True)) == {"mapped"}
    assert [changeset.epoch.number for changeset in Changeset.objects.order_by("serial")] == list(range(3, 14))
    assert {changeset.effective_from for changeset in Changeset.objects.all()} == {
        epoch.effective_from for epoch in epochs().values() if epoch.effective_from
    }
    assert verify() == []
    assert set(LedgerEntry.objects.values_list("actor", flat=True)) == {"catalogue"}
    assert not OutboxMessage.objects.exists()  # it was told in its time
    assert tiers(date(2025, 8, 1)) == {}  # the rules have had no tiers since epoch 7


def test_second_load_writes_nothing(whole_history: Loaded) -> None:
    before = everything()

    with CaptureQueriesContext(connection) as queries:
        assert command() == ["nothing to change"]

    assert everything() == before
    assert {query["sql"].split()[0] for query in queries.captured_queries} <= {"SELECT", "SAVEPOINT", "RELEASE"}


def test_pots_as_printed_stand_where_no_votes_are(whole_history: Loaded) -> None:
    pots = Pot.objects.filter(epoch__number=7, group="dex").order_by("-allocated")

    assert [(pot.subject.slug, pot.allocated) for pot in pots] == [
        ("uniswap", 410_423),
        ("dydx", 400_000),
        ("xrpl", 103_582),
        ("pancakeswap", 85_993),
    ]
    both = Pot.objects.filter(epoch__number=10, subject__slug="binance")
    assert {pot.group: pot.allocated for pot in both} == {"clob_spot": 134_023, "clob_perp": 159_779}


def test_plenty_which_passes_and_fails_is_not_taken_out(whole_history: Loaded) -> None:
    plenty = TierAssignment.objects.in_force(as_of=date(2024, 12, 1)).filter(exchange__slug="plenty").first()

    assert plenty is not None
    assert (plenty.included, plenty.tier) == (True, "")  # as epoch 9 left it


def test_tiers_of_2023_are_those_that_the_pages_had(whole_history: Loaded) -> None:
    spring, autumn = tiers(date(2023, 2, 1)), tiers(date(2023, 12, 1))

    assert (spring["kraken"], spring["kucoin"], spring["binance"], spring["uniswap"]) == (
        "bronze",
        "silver",
        "gold",
        "gold",
    )
    assert {slug for slug, tier in autumn.items() if tier == "gold"} == {"binance", "dydx"}
    assert {slug for slug, tier in autumn.items() if tier == "silver"} == {
        "dexalot",
        "gate-io",
        "htx",
        "injective",
        "kucoin",
        "polkadex",
    }
    assert (autumn["kraken"], autumn["uniswap"], autumn["ascendex"]) == ("bronze", "bronze", "bronze")
    assert tiers(date(2023, 1, 12)) == {}
    history = TierAssignment.objects.filter(exchange__slug="kraken", tier="bronze").order_by("effective_from")
    assert [(row.epoch, row.effective_from.isoformat()) for row in history] == [
        ("Epoch 3", "2023-01-13"),
        ("Epoch 4", "2023-04-14"),
        ("Epoch 5", "2023-07-06"),
        ("Epoch 6", "2023-10-14"),
    ]


def test_absence_stands_and_a_release_that_took_out_ends_the_tier(whole_history: Loaded) -> None:
    # Neither list of epoch 5 names Bittrex or Perpetual Protocol; release 1.21.0 took out Bittrex after epoch 6.
    summer, autumn = tiers(date(2023, 8, 1)), tiers(date(2023, 12, 1))

    assert (summer["bittrex"], summer["perp"]) == ("bronze", "bronze")
    assert "bittrex" not in autumn
    assert autumn["perp"] == "bronze"
    out = TierAssignment.objects.get(exchange__slug="bittrex", epoch="Epoch 6")
    assert (out.tier, out.included) == ("", False)


def test_rules_without_tiers_end_them_also_for_whom_no_list_names(whole_history: Loaded) -> None:
    assert tiers(date(2024, 1, 25))["binance"] == "gold"
    assert tiers(date(2024, 1, 26)) == {}
    binance = TierAssignment.objects.get(exchange__slug="binance", epoch="Epoch 7")
    assert binance.tier == ""
    assert binance.included is not False  # absence is no removal
