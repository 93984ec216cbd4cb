"""Applying: once, whole, and only what was approved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from registry.choices import EpochState
from registry.models import Changeset, Choice, Epoch, Exchange, LedgerEntry, OutboxMessage, Pot, TierAssignment
from registry.services.epochs import (
    NoSuchPlan,
    NotAllowed,
    OutOfOrder,
    StalePlan,
    WrongState,
    apply_plan,
    map_choice,
    plan_epoch,
    plan_rollback,
    state_digest,
)
from tests.registry.epochs.cut_off import Crash, CrashAfter, everything
from tests.registry.epochs.factories import ANN, BEN, NOBODY, PollGroup, applied, approved, make_epoch, make_exchanges

FAR = "2031-01-01"


def test_every_row_says_who_decided_it_and_why(epoch):
    changeset = applied(6)
    row = TierAssignment.objects.get(exchange__slug="kraken")
    assert (row.tier, row.included, row.basis, row.epoch) == ("silver", True, "poll", "Epoch 6")
    assert (row.changeset, row.recorded_by, row.decided_by) == (changeset, "ben", "HBOT holders, CEX connectors poll")
    assert row.reason.startswith("Rank 4 of 6 with 300,000 HBOT: Silver. Rule: Ranks 2 to 4.")
    assert (row.trace["outcome"]["rank"], row.trace["outcome"]["votes"]) == (4, "300000")
    assert (row.trace["group"], row.trace["policy"], row.trace["move"]) == ("cex", "hgp-45 v1", "entered")


def test_the_ledger_tells_before_and_after(epoch):
    before = state_digest()
    changeset = applied(6)
    entry = LedgerEntry.objects.get(action="applied")
    assert (entry.subject, entry.actor, entry.epoch) == ("changeset 1", "ben", 6)
    assert entry.policy.startswith("hgp-45 v1 ")
    assert (entry.before["state"], entry.after["state"]) == (before, state_digest())
    assert (entry.before["tiers"]["kraken"], entry.after["tiers"]["kraken"]) == (["", None], ["silver", True])
    assert entry.after["plan"] == changeset.plan.hash


def test_an_unchanged_tier_is_recorded_anew_so_that_the_last_poll_answers_for_it(epoch):
    applied(6)
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 400_000}})
    applied(7, policy="hgp-45", policy_reason="once more")
    assert [row.epoch for row in TierAssignment.objects.in_force().filter(exchange__slug="kucoin")] == [
        "Epoch 7",
        "Epoch 6",
    ]


def test_pressing_twice_makes_one_changeset(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    first = apply_plan(plan.hash, actor=BEN)
    rows = everything()
    assert apply_plan(plan.hash, actor=ANN) == first
    assert everything() == rows


def test_a_plan_that_nobody_approved_is_not_applied(epoch):
    plan = plan_epoch(6, actor=ANN)
    with pytest.raises(WrongState, match="have it approved first"):
        apply_plan(plan.hash, actor=BEN)


def test_planning_again_takes_the_approval_away(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    plan_epoch(6, actor=ANN)
    with pytest.raises(WrongState, match="have it approved first"):
        apply_plan(plan.hash, actor=BEN)


def test_a_plan_that_another_took_the_place_of_is_not_applied(epoch):
    old = approved(plan_epoch(6, actor=ANN))
    new = plan_epoch(6, actor=ANN, effective_from=timezone.now().date() + timedelta(days=3))
    with pytest.raises(WrongState, match=f"go on with {new.hash}"):
        apply_plan(old.hash, actor=BEN)


def test_a_plan_of_another_hash_is_not_found(epoch):
    for wanted in ("0" * 64, "", "\0", plan_epoch(6, actor=ANN).hash[:12]):
        with pytest.raises(NoSuchPlan, match="copy it whole"):
            apply_plan(wanted, actor=BEN)


def test_applying_needs_its_permission(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    with pytest.raises(NotAllowed, match=r"registry\.apply_plan"):
        apply_plan(plan.hash, actor=NOBODY)


def test_a_mapping_that_was_changed_takes_the_approved_plan_out(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    map_choice(Choice.objects.get(name="huobi").pk, actor=ANN, ignore=True, reason="it closed")
    with pytest.raises(WrongState, match="plan again"):
        apply_plan(plan.hash, actor=BEN)


def test_a_changed_base_is_refused_with_the_new_difference(epoch, exchanges):
    plan = approved(plan_epoch(6, actor=ANN))
    TierAssignment.objects.create(
        exchange=exchanges["okx"],
        tier="gold",
        reason="an emergency",
        decided_by="the board",
        recorded_by="test",
        effective_from=timezone.now().date() - timedelta(days=1),
    )
    rows = everything()
    with pytest.raises(StalePlan) as refusal:
        apply_plan(plan.hash, actor=BEN)
    assert refusal.value.difference == (
        "Okx: demoted, from Gold to Silver; it was: entered, from no tier to Silver.",
        "The registry's state, which the plan starts from, has changed.",
    )
    assert everything() == rows


def test_votes_changed_behind_the_services_back_are_found(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    Choice.objects.filter(name="kraken").update(votes=1_000_000)
    with pytest.raises(StalePlan) as refusal:
        apply_plan(plan.hash, actor=BEN)
    assert "CEX connectors: the result is another one." in refusal.value.difference
    assert "Kraken: entered, from no tier to Gold; it was: entered, from no tier to Silver." in refusal.value.difference


def test_an_epoch_that_a_later_one_overtook_is_not_applied(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 400_000}})
    applied(7)
    with pytest.raises(OutOfOrder, match="Epoch 7 stands"):
        apply_plan(plan.hash, actor=BEN)


def test_a_plan_for_today_is_out_of_date_tomorrow(epoch, monkeypatch):
    """What stood yesterday was published: it changes only where somebody asks for that day and says so."""
    plan = approved(plan_epoch(6, actor=ANN))
    today = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: today + timedelta(days=1))
    with pytest.raises(StalePlan, match="which has passed"):
        apply_plan(plan.hash, actor=BEN)


def test_a_day_that_has_passed_needs_an_acknowledgement(epoch, monkeypatch):
    yesterday = timezone.now().date() - timedelta(days=1)
    plan = plan_epoch(6, actor=ANN, effective_from=yesterday)
    assert [warning for warning in plan.document["warnings"] if "has passed" in warning]
    changeset = apply_plan(approved(plan).hash, actor=BEN)
    assert changeset.effective_from == yesterday


def test_a_day_that_lies_ahead_changes_the_tier_on_that_day(epoch, exchanges):
    today = timezone.now().date()
    applied(6, effective_from=today + timedelta(days=7))
    tiers = {
        day: Exchange.objects.with_tier(as_of=today + timedelta(days=day)).get(slug="kucoin").current_tier
        for day in (0, 6, 7)
    }
    assert tiers == {0: "", 6: "", 7: "gold"}


def test_an_override_holds_until_it_expires_and_then_the_poll_again(epoch):
    until = timezone.now().date() + timedelta(days=30)
    wanted = {"exchange": "bybit", "tier": "gold", "reason": "a partner", "expires_on": until.isoformat()}
    applied(6, overrides=[wanted])
    assert TierAssignment.objects.filter(exchange__slug="bybit").count() == 2
    on = Exchange.objects.with_tier
    assert on(as_of=until - timedelta(days=1)).get(slug="bybit").current_tier == "gold"
    assert on(as_of=until).get(slug="bybit").current_tier == "bronze"
    row = TierAssignment.objects.get(basis="override")
    assert (row.reason, row.decided_by, row.expires_on) == ("a partner", "ann", until)


def test_history_tells_nobody(epoch):
    Epoch.objects.filter(number=6).update(is_history=True)
    applied(6)
    assert not OutboxMessage.objects.exists()


def test_a_clock_that_goes_back_does_not_bring_an_old_tier_back(epoch, monkeypatch):
    day = timezone.now().date()
    applied(6, effective_from=day)
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 90_000}})
    plan = approved(plan_epoch(7, actor=ANN, effective_from=day))
    earlier = timezone.now() - timedelta(minutes=5)
    monkeypatch.setattr(timezone, "now", lambda: earlier)
    apply_plan(plan.hash, actor=BEN)
    assert Exchange.objects.with_tier(as_of=day).get(slug="kucoin").current_tier == ""


def _writes_of(step: Callable[[], Any]) -> int:
    count = 0

    def counting(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(counting):
        step()
    return count


@pytest.mark.parametrize("writes", range(6))
def test_cut_off_at_any_write_an_apply_leaves_nothing(epoch, writes):
    plan = approved(plan_epoch(6, actor=ANN))
    rows = everything()
    with pytest.raises(Crash), connection.execute_wrapper(CrashAfter(writes)):
        apply_plan(plan.hash, actor=BEN)
    assert everything() == rows
    apply_plan(plan.hash, actor=BEN)
    assert Changeset.objects.count() == 1


def test_an_apply_writes_six_times_so_the_test_above_meets_every_write(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    assert _writes_of(lambda: apply_plan(plan.hash, actor=BEN)) == 6


@pytest.mark.parametrize("writes", range(4))
def test_cut_off_at_any_write_a_roll_back_leaves_nothing(epoch, writes):
    applied(6)
    plan = approved(plan_rollback(6, actor=ANN, reason="wrong"))
    rows = everything()
    with pytest.raises(Crash), connection.execute_wrapper(CrashAfter(writes)):
        apply_plan(plan.hash, actor=BEN)
    assert everything() == rows
    apply_plan(plan.hash, actor=BEN)
    epoch.refresh_from_db()
    assert epoch.state == EpochState.ROLLED_BACK


def test_a_roll_back_writes_four_times_so_the_test_above_meets_every_write(epoch):
    applied(6)
    plan = approved(plan_rollback(6, actor=ANN, reason="wrong"))
    assert _writes_of(lambda: apply_plan(plan.hash, actor=BEN)) == 4
    assert Pot.objects.standing().count() == 0


@pytest.mark.parametrize("many", [4, 40])
def test_queries_do_not_grow_with_exchanges(policies, django_assert_max_num_queries, many):
    slugs = [f"exchange-{index}" for index in range(many)]
    make_exchanges(slugs)
    make_epoch(6, polls={PollGroup.CEX: {slug: 300_000 + index for index, slug in enumerate(slugs)}})
    plan = approved(plan_epoch(6, actor=ANN))
    with django_assert_max_num_queries(52):
        apply_plan(plan.hash, actor=BEN)
