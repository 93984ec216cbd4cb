"""Approving: this difference and no other, by another person where that is asked for."""

from __future__ import annotations

import pytest

from registry.choices import EpochState, PollGroup
from registry.models import Epoch, LedgerEntry, TierAssignment
from registry.services.epochs import (
    CATALOGUE,
    BadValue,
    NotAllowed,
    OpenQuestions,
    StalePlan,
    WrongState,
    approve_plan,
    plan_epoch,
    plan_rollback,
)
from tests.registry.epochs.factories import ANN, BEN, NOBODY, applied, approved, make_epoch


def test_an_approval_is_kept_with_its_words(epoch):
    plan = approve_plan(plan_epoch(6, actor=ANN).hash, actor=BEN, acknowledgement=" no chain poll was held ")
    plan.refresh_from_db()
    assert (plan.approved_by, plan.acknowledgement) == ("ben", "no chain poll was held")
    epoch.refresh_from_db()
    assert epoch.state == EpochState.APPROVED
    entry = LedgerEntry.objects.order_by("-number")[0]
    assert (str(entry.action), entry.reason, entry.after["planned_by"]) == ("approved", "no chain poll was held", "ann")


def test_warnings_are_answered_in_words(epoch):
    plan = plan_epoch(6, actor=ANN)
    with pytest.raises(BadValue, match="say in words what you make of the plan's warnings"):
        approve_plan(plan.hash, actor=BEN, acknowledgement="  ")


def test_approving_twice_is_approving_once(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    entries = LedgerEntry.objects.count()
    assert approved(plan) == plan
    assert LedgerEntry.objects.count() == entries


def test_what_another_approved_is_to_be_applied(epoch):
    plan = approved(plan_epoch(6, actor=ANN))
    with pytest.raises(WrongState, match="ben has approved this plan already: apply it"):
        approve_plan(plan.hash, actor=ANN, acknowledgement="x")


def test_open_questions_are_decided_first(policies, exchanges):
    make_epoch(6, polls={PollGroup.CEX: {"kucoin": 500_000, "okx": 500_000}})
    plan = plan_epoch(6, actor=ANN)
    with pytest.raises(OpenQuestions) as refusal:
        approved(plan)
    assert refusal.value.questions[0]["choices"] == [1, 2]


def test_only_the_current_plan_can_be_approved(epoch):
    old = plan_epoch(6, actor=ANN)
    plan_epoch(6, actor=ANN, policy="hgp-50", policy_reason="asked")
    with pytest.raises(WrongState, match="A newer plan of Epoch 6 took its place"):
        approved(old)


def test_a_plan_that_grew_stale_is_not_approved(epoch, exchanges):
    plan = plan_epoch(6, actor=ANN)
    TierAssignment.objects.create(
        exchange=exchanges["okx"],
        tier="gold",
        reason="x",
        decided_by="x",
        recorded_by="x",
        effective_from="2024-01-01",
    )
    with pytest.raises(StalePlan):
        approved(plan)


def test_with_four_eyes_the_planner_does_not_approve(epoch, settings):
    settings.BELLWETHER_FOUR_EYES = True
    plan = plan_epoch(6, actor=ANN)
    with pytest.raises(NotAllowed, match="four eyes") as refusal:
        approve_plan(plan.hash, actor=ANN, acknowledgement="x")
    assert refusal.value.permission == ""
    assert approved(plan).approved_by == "ben"


def test_four_eyes_watch_over_roll_backs_as_well(epoch, settings):
    applied(6)
    settings.BELLWETHER_FOUR_EYES = True
    plan = plan_rollback(6, actor=ANN, reason="wrong")
    with pytest.raises(NotAllowed, match="four eyes"):
        approve_plan(plan.hash, actor=ANN)


def test_four_eyes_do_not_stop_the_catalogue_from_loading_history(epoch, settings):
    settings.BELLWETHER_FOUR_EYES = True
    plan = plan_epoch(6, actor=CATALOGUE)
    with pytest.raises(NotAllowed, match="four eyes"):
        approve_plan(plan.hash, actor=CATALOGUE, acknowledgement="x")
    Epoch.objects.filter(number=6).update(is_history=True)
    assert approve_plan(plan.hash, actor=CATALOGUE, acknowledgement="x").approved_by == "catalogue"


def test_approving_needs_its_permission(epoch):
    plan = plan_epoch(6, actor=ANN)
    with pytest.raises(NotAllowed, match=r"registry\.approve_plan"):
        approve_plan(plan.hash, actor=NOBODY)
