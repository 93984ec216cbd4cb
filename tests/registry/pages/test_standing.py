"""Where an exchange stands on a day: its tier, or in words why it has none."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from registry.choices import Basis, ChangesetKind
from registry.models import Changeset, Epoch, Exchange, Plan, TierAssignment
from registry.public.standing import standing_on

if TYPE_CHECKING:
    from registry.public.standing import Standing

pytestmark = pytest.mark.django_db

JANUARY, APRIL, JULY, OCTOBER = (date(2023, month, 1) for month in (1, 4, 7, 10))


def decide(exchange: Exchange, tier: str, since: date, **fields: Any) -> TierAssignment:
    plain = {"reason": "as voted", "decided_by": "HBOT holders", "recorded_by": "test", "basis": Basis.POLL}
    return TierAssignment.objects.create(exchange=exchange, tier=tier, effective_from=since, **(plain | fields))


def change(serial: int, since: date, **fields: Any) -> Changeset:
    epoch, _ = Epoch.objects.get_or_create(number=6)
    kind = ChangesetKind.ROLLBACK if fields else ChangesetKind.APPLY
    plan = Plan.objects.create(epoch=epoch, kind=kind, hash=str(serial), base="", document={}, planned_by="test")
    return Changeset.objects.create(
        serial=serial, kind=kind, epoch=epoch, plan=plan, effective_from=since, applied_by="test", **fields
    )


def standing(exchange: Exchange, day: date) -> Standing:
    (fetched,) = Exchange.objects.with_history().filter(pk=exchange.pk)
    return standing_on(fetched.tier_assignments.all(), day)


def test_nothing_decided_is_said_so(exchange: Exchange) -> None:
    there = standing(exchange, JULY)
    assert (there.tier, there.tier_label, there.why_no_tier, there.vote) == (
        "",
        "No tier",
        "No vote has decided about it",
        "",
    )


def test_tier_in_force_needs_no_excuse(exchange: Exchange) -> None:
    decide(exchange, "gold", JANUARY, included=True, epoch="Epoch 3", trace={"outcome": {"rank": 1}, "of": 23})
    there = standing(exchange, JANUARY)
    assert (there.tier_label, there.why_no_tier, there.vote) == ("Gold", "", "Epoch 3: rank 1 of 23, stays in")


@pytest.mark.parametrize(
    ("ender", "why"),
    [
        ({"included": True}, "Silver until 2023-04-01; the rules in force since have no tiers"),
        ({"included": False}, "Silver until 2023-04-01; voted out in Epoch 7"),
        ({"trace": {"move": "ended"}}, "Silver until 2023-04-01; the rules in force since have no tiers"),
        ({"reason": "merged with another"}, "Silver until 2023-04-01; merged with another"),
    ],
)
def test_last_tier_is_told_with_its_end_and_why(exchange: Exchange, ender: dict[str, Any], why: str) -> None:
    decide(exchange, "bronze", date(2022, 10, 1))
    decide(exchange, "silver", JANUARY)
    decide(exchange, "", APRIL, epoch="Epoch 7", **ender)
    decide(exchange, "", JULY, epoch="Epoch 8", included=True)

    assert standing(exchange, date(2023, 3, 31)).tier_label == "Silver"
    assert standing(exchange, APRIL).why_no_tier == standing(exchange, OCTOBER).why_no_tier == why


def test_tier_that_was_corrected_on_its_day_never_was(exchange: Exchange) -> None:
    decide(exchange, "bronze", JANUARY)
    decide(exchange, "gold", APRIL)
    decide(exchange, "", APRIL, included=False, epoch="Epoch 4")
    assert standing(exchange, JULY).why_no_tier == "Bronze until 2023-04-01; voted out in Epoch 4"


def test_override_is_one_until_it_runs_out(exchange: Exchange) -> None:
    decide(exchange, "", JANUARY, included=True, epoch="Epoch 8")
    decide(exchange, "gold", APRIL, basis=Basis.OVERRIDE, expires_on=JULY)

    during, after = standing(exchange, APRIL), standing(exchange, JULY)

    assert (during.tier, during.is_override, during.vote) == ("gold", True, "Epoch 8: stays in")
    assert (after.tier, after.is_override) == ("", False)
    assert after.why_no_tier == "Gold until 2023-07-01; the override ran out"


def test_tier_that_was_taken_back_ended_with_that(exchange: Exchange) -> None:
    applied = change(1, JANUARY)
    decide(exchange, "gold", JANUARY, changeset=applied)
    change(2, APRIL, reverses=applied)

    assert standing(exchange, date(2023, 3, 31)).tier == "gold"
    assert standing(exchange, APRIL).why_no_tier == "Gold until 2023-04-01; the decision was taken back"


def test_what_lies_ahead_is_upcoming_unless_it_was_taken_back(exchange: Exchange) -> None:
    taken_back = change(1, OCTOBER)
    decide(exchange, "gold", OCTOBER, changeset=taken_back)
    decide(exchange, "silver", JULY)
    assert [row.tier for row in standing(exchange, APRIL).upcoming] == ["silver", "gold"]

    change(2, APRIL, reverses=taken_back)
    there = standing(exchange, APRIL)
    assert ([row.tier for row in there.upcoming], there.history, there.tier) == (["silver"], (), "")
    assert standing(exchange, OCTOBER).tier == "silver"
