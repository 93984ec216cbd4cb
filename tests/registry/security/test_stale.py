"""Between approval and press: what the plan rests on may be another by then, and nothing is written."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from registry.models import Changeset, Choice, Epoch, Exchange, Policy, Poll, PollEvidence, Subject, TierAssignment
from registry.services.epochs import apply_plan, approve_plan, plan_epoch
from registry.services.epochs.errors import EpochRefused, StalePlan, WrongState
from tests.registry.epochs.conftest import epoch, exchanges, policies
from tests.registry.epochs.factories import ANN

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["epoch", "exchanges", "policies"]

pytestmark = pytest.mark.django_db


def _first(epoch: Epoch) -> Choice:
    return Choice.objects.filter(poll__epoch=epoch, subject__isnull=False).order_by("pk").first()


def _votes(epoch: Epoch) -> None:
    Choice.objects.filter(pk=_first(epoch).pk).update(votes=1)


def _mapping(epoch: Epoch) -> None:
    Choice.objects.filter(pk=_first(epoch).pk).update(subject=None, mapping="ignored")


def _exchange_of_subject(epoch: Epoch) -> None:
    other = Exchange.objects.create(slug="zz", name="Another", exchange_type="cex", market_type="clob")
    Subject.objects.filter(pk=_first(epoch).subject_id).update(exchange=other)


def _slug(epoch: Epoch) -> None:
    Exchange.objects.filter(pk=_first(epoch).subject.exchange_id).update(slug="renamed")


def _decisions(epoch: Epoch) -> None:
    group = epoch.polls.order_by("pk").first().group
    Epoch.objects.update(decisions=[{"group": group, "kind": "stands", "choices": [1], "reason": "slipped in"}])


def _overrides(epoch: Epoch) -> None:
    slug = _first(epoch).subject.exchange.slug
    slipped_in = {"exchange": slug, "tier": "", "reason": "slipped in", "expires_on": "2999-01-01"}
    Epoch.objects.update(overrides=[slipped_in])


def _policy(epoch: Epoch) -> None:
    Epoch.objects.update(policy=Policy.objects.exclude(pk=epoch.policy_id).order_by("pk").first())


def _day(epoch: Epoch) -> None:
    Epoch.objects.update(effective_from="2999-01-01")


def _evidence(epoch: Epoch) -> None:
    other = PollEvidence.objects.create(
        sha256="e" * 64,
        content=b"x",
        source="csv",
        origin="b.csv",
        received_at=epoch.plans.order_by("pk").first().planned_at,
        received_by="eve",
    )
    Poll.objects.filter(epoch=epoch).update(evidence=other)


def _tier(epoch: Epoch) -> None:
    plan = epoch.plans.order_by("pk").first()
    TierAssignment.objects.create(
        exchange=_first(epoch).subject.exchange,
        tier="bronze",
        effective_from=plan.document["effective_from"],
        decided_by="somebody",
        recorded_by="eve",
        reason="slipped in",
    )


def _poll_taken_out(epoch: Epoch) -> None:
    epoch.polls.order_by("pk").first().delete()


@pytest.mark.parametrize(
    "change",
    [
        _votes,
        _mapping,
        _exchange_of_subject,
        _slug,
        _decisions,
        _overrides,
        _policy,
        _day,
        _evidence,
        _tier,
        _poll_taken_out,
    ],
)
@pytest.mark.parametrize("when", ["before-approval", "after-approval"])
def test_it_is_refused(epoch: Epoch, change: Callable[[Epoch], None], when: str) -> None:
    """These are changes behind the services' back: what the services do besides takes the approval away."""
    plan = plan_epoch(6, actor=ANN)
    press = partial(approve_plan, plan.hash, actor=ANN, acknowledgement="read")
    if when == "after-approval":
        press()
        press = partial(apply_plan, plan.hash, actor=ANN)
    before = TierAssignment.objects.count()

    change(epoch)

    with pytest.raises(EpochRefused) as refused:
        press()
    assert isinstance(refused.value, StalePlan | WrongState), refused.value
    assert not Changeset.objects.exists()
    assert TierAssignment.objects.count() == before + (change is _tier)


def test_what_does_not_concern_it_is_no_obstacle(epoch: Epoch) -> None:
    plan = plan_epoch(6, actor=ANN)
    approve_plan(plan.hash, actor=ANN, acknowledgement="read")

    Exchange.objects.create(slug="zz", name="Another", exchange_type="cex", market_type="clob")
    Policy.objects.create(slug="later", version=1, title="Later", document={}, sha256="0" * 64, from_epoch=99)

    assert apply_plan(plan.hash, actor=ANN).serial == 1


def test_the_same_plan_again_has_the_same_hash_and_needs_its_own_approval(epoch: Epoch) -> None:
    plan = plan_epoch(6, actor=ANN)
    approve_plan(plan.hash, actor=ANN, acknowledgement="read")

    again = plan_epoch(6, actor=ANN)

    assert again.hash == plan.hash
    with pytest.raises(WrongState, match="not approved"):
        apply_plan(plan.hash, actor=ANN)
