"""What was a rule yesterday: told for a day when it changes, then taken as given."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.types import Contract
from monitoring.checks.rules_memory import compared, remembered
from tests.monitoring.checks.test_markets import RULES

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY_S = 86_400.0
COARSER = replace(RULES, price_tick=Decimal(1))


def first() -> dict[str, Any]:
    memory, change = compared(RULES, {}, now=NOON, shown_s=DAY_S)
    assert change is None
    return memory


def test_a_first_run_makes_the_baseline_and_reports_nothing() -> None:
    assert first() == {
        "rules": {"price_tick": "0.1", "size_step": "0.00000001", "min_size": "0.00005", "min_cost": "0.5"}
    }


def test_a_rule_that_changed_is_told_with_what_it_was_and_is() -> None:
    memory, change = compared(COARSER, first(), now=NOON, shown_s=DAY_S)

    assert str(change) == "price tick was 0.1, is 1, since 2026-11-21 12:00 UTC"
    assert memory["rules"] == first()["rules"]


def test_a_rule_written_with_other_digits_is_the_same_rule() -> None:
    longer = replace(RULES, price_tick=Decimal("0.100"))

    assert compared(longer, first(), now=NOON, shown_s=DAY_S)[1] is None


def test_a_change_is_shown_for_its_time_and_then_taken_as_the_rules() -> None:
    memory, _ = compared(COARSER, first(), now=NOON, shown_s=DAY_S)
    memory = json.loads(json.dumps(memory))

    almost, change = compared(COARSER, memory, now=NOON + timedelta(seconds=DAY_S - 1), shown_s=DAY_S)
    assert change is not None
    assert change.since == NOON

    accepted, change = compared(COARSER, almost, now=NOON + timedelta(seconds=DAY_S), shown_s=DAY_S)
    assert (accepted["rules"]["price_tick"], change) == ("1", None)
    assert "changed_at" not in accepted


def test_a_change_that_is_taken_back_leaves_no_trace() -> None:
    memory, _ = compared(COARSER, first(), now=NOON, shown_s=DAY_S)

    assert compared(RULES, memory, now=NOON, shown_s=DAY_S) == (first(), None)


def test_another_change_meanwhile_has_a_time_of_its_own() -> None:
    memory, _ = compared(COARSER, first(), now=NOON, shown_s=DAY_S)
    later = NOON + timedelta(hours=23)

    _, change = compared(replace(RULES, price_tick=Decimal(2)), memory, now=later, shown_s=DAY_S)

    assert change is not None
    assert change.since == later


def test_a_rule_that_is_new_or_gone_is_a_change() -> None:
    _, gone = compared(replace(RULES, min_cost=None), first(), now=NOON, shown_s=DAY_S)

    assert str(gone) == "min cost was 0.5, is none, since 2026-11-21 12:00 UTC"


def test_a_contract_is_remembered_by_what_one_of_it_is_worth() -> None:
    contract = Contract(Decimal("0.001"), "USDT", Decimal(125), Decimal("0.008"), Decimal("0.004"))

    assert remembered(replace(RULES, contract=contract))["contract_multiplier"] == Decimal("0.001")


@pytest.mark.parametrize(
    "memory",
    [
        {"rules": None},
        {"rules": ["0.1"]},
        {"rules": {"price_tick": "a tenth"}},
        {"rules": {"price_tick": [1]}},
        {"rules": "0.1"},
    ],
)
def test_a_memory_that_cannot_be_read_is_none(memory: dict[str, Any]) -> None:
    assert compared(RULES, memory, now=NOON, shown_s=DAY_S) == (first(), None)


@pytest.mark.parametrize("since", ["yesterday", None, "2026-11-20T12:00:00"])
def test_a_time_that_cannot_be_read_is_now(since: object) -> None:
    memory, _ = compared(COARSER, first(), now=NOON - timedelta(days=2), shown_s=DAY_S)

    _, change = compared(COARSER, memory | {"changed_at": since}, now=NOON, shown_s=DAY_S)

    assert change is not None
    assert change.since == NOON
