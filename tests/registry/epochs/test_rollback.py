"""Taking an epoch back: previewed, refused where something stands on it, and gone without a trace in the state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from registry.choices import BountyKind, BountyState, BountyUnit, EpochState, PollGroup
from registry.models import Bounty, Exchange, LedgerEntry, Pot, TierAssignment
from registry.services.epochs import (
    BadValue,
    NotAllowed,
    RollbackRefused,
    StalePlan,
    WrongState,
    apply_plan,
    export_state,
    plan_epoch,
    plan_rollback,
)
from tests.registry.epochs.factories import ANN, BEN, NOBODY, applied, approved, make_epoch, moves_of


def spend(pot: Pot) -> Bounty:
    return Bounty.objects.create(
        exchange=pot.subject.exchange,
        pot=pot,
        tracker_id="6764",
        kind=BountyKind.values[0],
        amount=Decimal(1000),
        unit=BountyUnit.HBOT,
        state=BountyState.values[0],
    )


def test_the_preview_shows_what_would_stand_again(epoch):
    applied(6)
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 90_000, "okx": 900_000, "kraken": 300_000}})
    applied(7, policy="hgp-45", policy_reason="once more")
    plan = plan_rollback(7, actor=ANN, reason="wrong poll")
    assert moves_of(plan) == {"kucoin": "entered", "okx": "demoted", "kraken": "unchanged"}
    kucoin = next(move for move in plan.document["moves"] if move["exchange"] == "kucoin")
    assert (kucoin["old"]["tier"], kucoin["new"]["tier"], kucoin["new"]["epoch"]) == ("", "gold", "Epoch 6")
    assert plan.document["reverses"] == 2
    assert {pot["subject"] for pot in plan.document["pots"]} == {"okx", "kraken"}


def test_what_lies_ahead_is_compared_on_its_first_day(epoch):
    applied(6, effective_from=timezone.now().date() + timedelta(days=30))
    plan = plan_rollback(6, actor=ANN, reason="wrong poll")
    assert moves_of(plan)["kucoin"] == "left"
    before = export_state(as_of=timezone.now().date() + timedelta(days=31))
    apply_plan(approved(plan).hash, actor=BEN)
    after = export_state(as_of=timezone.now().date() + timedelta(days=31))
    assert b'"gold"' in before
    assert after == export_state() == b'{"exchanges":{},"format":1,"pots":[],"upcoming":[]}'


def test_a_roll_back_writes_no_tier_and_drops_the_pots(epoch):
    applied(6)
    rows = TierAssignment.objects.count()
    changeset = apply_plan(approved(plan_rollback(6, actor=ANN, reason="wrong poll")).hash, actor=BEN)
    assert TierAssignment.objects.count() == rows
    assert (changeset.kind, changeset.reverses.serial, changeset.serial) == ("rollback", 1, 2)
    assert not Pot.objects.standing().exists()
    assert Exchange.objects.get(slug="kucoin").current_tier == ""
    epoch.refresh_from_db()
    assert epoch.state == EpochState.ROLLED_BACK
    entry = LedgerEntry.objects.order_by("-number")[0]
    assert (str(entry.action), entry.subject, entry.reason) == ("rolled_back", "changeset 2", "wrong poll")


def test_it_takes_effect_on_the_day_it_is_applied(epoch, monkeypatch):
    applied(6)
    plan = approved(plan_rollback(6, actor=ANN, reason="wrong poll"))
    later = timezone.now() + timedelta(days=3)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert apply_plan(plan.hash, actor=BEN).effective_from == later.date()
    on = Exchange.objects.with_tier
    assert on(as_of=later.date() - timedelta(days=1)).get(slug="kucoin").current_tier == "gold"
    assert on(as_of=later.date()).get(slug="kucoin").current_tier == ""


def test_it_is_refused_while_a_later_epoch_decided_about_the_same_exchanges(epoch):
    applied(6)
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 400_000}})
    applied(7, policy="hgp-45", policy_reason="once more")
    with pytest.raises(RollbackRefused) as refusal:
        plan_rollback(6, actor=ANN, reason="wrong poll")
    assert refusal.value.reasons == ("Changeset 2 (epoch 7) decided since about Kucoin: take that back first.",)
    apply_plan(approved(plan_rollback(7, actor=ANN, reason="x")).hash, actor=BEN)
    apply_plan(approved(plan_rollback(6, actor=ANN, reason="x")).hash, actor=BEN)
    assert export_state() == b'{"exchanges":{},"format":1,"pots":[],"upcoming":[]}'


def test_it_is_refused_while_a_bounty_is_paid_from_its_pots(epoch):
    applied(6)
    plan = approved(plan_rollback(6, actor=ANN, reason="wrong poll"))
    bounty = spend(Pot.objects.get(subject__slug="kucoin"))
    reason = "Bounty 6764 is paid from the Kucoin pot of Epoch 6: give it another pot, or none, first."
    with pytest.raises(RollbackRefused, match=reason):
        apply_plan(plan.hash, actor=BEN)
    with pytest.raises(RollbackRefused, match=reason):
        plan_rollback(6, actor=ANN, reason="wrong poll")
    bounty.delete()
    assert apply_plan(plan.hash, actor=BEN).serial == 2


def test_a_roll_back_grows_stale_like_any_plan(epoch, exchanges):
    applied(6)
    plan = approved(plan_rollback(6, actor=ANN, reason="wrong poll"))
    TierAssignment.objects.create(
        exchange=exchanges["okx"],
        tier="gold",
        reason="x",
        decided_by="x",
        recorded_by="x",
        effective_from=timezone.now().date() - timedelta(days=1),
    )
    with pytest.raises(StalePlan) as refusal:
        apply_plan(plan.hash, actor=BEN)
    assert refusal.value.difference == ("Okx: promoted, from Silver to Gold; it was: left, from Silver to no tier.",)


def test_a_plan_to_take_back_leaves_the_epoch_applied(epoch):
    applied(6)
    approved(plan_rollback(6, actor=ANN, reason="wrong poll"))
    epoch.refresh_from_db()
    assert epoch.state == EpochState.APPLIED


def test_only_what_is_applied_is_taken_back_and_with_a_reason(epoch):
    with pytest.raises(WrongState, match="nothing to take back"):
        plan_rollback(6, actor=ANN, reason="wrong poll")
    applied(6)
    with pytest.raises(BadValue, match="reason"):
        plan_rollback(6, actor=ANN, reason="")
    with pytest.raises(NotAllowed, match=r"registry\.plan_epoch"):
        plan_rollback(6, actor=NOBODY, reason="wrong poll")


def test_an_old_press_on_a_plan_that_was_taken_back_gives_the_old_changeset(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    first = apply_plan(plan.hash, actor=BEN)
    apply_plan(approved(plan_rollback(6, actor=ANN, reason="x")).hash, actor=BEN)
    approved(plan_epoch(6, actor=ANN))
    assert apply_plan(plan.hash, actor=BEN) == first
    epoch.refresh_from_db()
    assert epoch.state == EpochState.APPROVED
