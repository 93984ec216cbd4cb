"""The whole way of one epoch, step by step, and back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from registry.choices import EpochState, PollGroup
from registry.models import Exchange, LedgerEntry, OutboxMessage, TierAssignment
from registry.services import ledger
from registry.services.epochs import (
    WrongState,
    announce_epoch,
    apply_plan,
    approve_plan,
    export_state,
    next_steps,
    plan_epoch,
    plan_rollback,
)
from tests.registry.epochs.factories import ANN, BEN, applied, approved, make_epoch, moves_of

TIERS = {"kucoin": "gold", "binance": "silver", "okx": "silver", "kraken": "silver", "bybit": "bronze", "huobi": ""}


def test_an_epoch_goes_from_its_polls_to_published_tiers(epoch):
    assert epoch.state == EpochState.MAPPED

    plan = plan_epoch(6, actor=ANN)
    assert set(moves_of(plan).values()) == {"entered", "unchanged"}
    assert not TierAssignment.objects.exists()

    approve_plan(plan.hash, actor=BEN, acknowledgement="there was no chain poll in this test")
    changeset = apply_plan(plan.hash, actor=BEN)
    assert changeset.serial == 1
    assert {slug: Exchange.objects.get(slug=slug).current_tier for slug in TIERS} == TIERS

    (message,) = announce_epoch(6, actor=ANN)
    assert message.key == "changeset:1"
    assert announce_epoch(6, actor=ANN) == []
    epoch.refresh_from_db()
    assert epoch.state == EpochState.ANNOUNCED
    assert [str(entry.action) for entry in LedgerEntry.objects.order_by("number")] == [
        "created",
        "imported",
        "imported",
        "planned",
        "approved",
        "applied",
        "announced",
    ]
    assert ledger.verify() == []


def test_state_after_a_roll_back_is_byte_identical_to_before(epoch):
    applied(6)
    before = export_state()
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 90, "okx": 900_000}})
    applied(7)
    assert export_state() != before

    plan = plan_rollback(7, actor=ANN, reason="wrong poll")
    apply_plan(approved(plan).hash, actor=BEN)

    assert export_state() == before
    assert ledger.verify() == []


def test_the_day_before_a_roll_back_shows_what_stood_then(epoch):
    today = timezone.now().date()
    empty = export_state()
    applied(6, effective_from=today - timedelta(days=10))
    stood = export_state()
    plan = plan_rollback(6, actor=ANN, reason="wrong poll")
    apply_plan(approved(plan).hash, actor=BEN)

    assert export_state() == empty
    assert export_state(as_of=today - timedelta(days=1)) == stood
    assert export_state(as_of=today - timedelta(days=11)) == empty


def test_planning_again_after_a_roll_back_shows_the_same_difference(epoch):
    first = applied(6, effective_from=timezone.now().date() - timedelta(days=10)).plan
    apply_plan(approved(plan_rollback(6, actor=ANN, reason="wrong day")).hash, actor=BEN)

    second = plan_epoch(6, actor=ANN, effective_from=timezone.now().date() - timedelta(days=10))

    assert moves_of(second) == moves_of(first)
    assert second.base == first.base
    assert second.hash != first.hash  # pressing the first one again must not apply the second


def test_an_epoch_taken_back_can_be_applied_again(epoch):
    applied(6)
    apply_plan(approved(plan_rollback(6, actor=ANN, reason="wrong day")).hash, actor=BEN)
    again = applied(6)
    assert again.serial == 3
    assert Exchange.objects.get(slug="kucoin").current_tier == "gold"


def test_an_applied_epoch_is_rolled_back_before_it_is_planned_again(epoch):
    applied(6)
    with pytest.raises(WrongState, match="roll back first"):
        plan_epoch(6, actor=ANN)


def test_next_steps_lead_along_the_way(epoch):
    def first() -> str:
        epoch.refresh_from_db()
        return next_steps(epoch)[0].service

    assert first() == "plan_epoch"
    plan = plan_epoch(6, actor=ANN)
    assert first() == "approve_plan"
    approved(plan)
    assert first() == "apply_plan"
    apply_plan(plan.hash, actor=BEN)
    assert first() == "announce_epoch"
    announce_epoch(6, actor=ANN)
    assert first() == "plan_rollback"
    back = plan_rollback(6, actor=ANN, reason="wrong")
    assert first() == "approve_plan"
    approved(back)
    assert first() == "apply_plan"
    apply_plan(back.hash, actor=BEN)
    assert first() == "announce_epoch"
    assert OutboxMessage.objects.count() == 2
