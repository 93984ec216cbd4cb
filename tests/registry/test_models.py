"""Decisions cannot be rewritten, and the tier is what they amount to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import serializers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from registry.choices import (
    BountyKind,
    BountyState,
    BountyUnit,
    ComponentKind,
    DeclaredStatus,
    ProposalKind,
    Tier,
)
from registry.errors import AppendOnly
from registry.models import Bounty, Component, Exchange, Proposal, TierAssignment


def assign(exchange: Exchange, tier: str, effective_from: date, **values: object) -> TierAssignment:
    return TierAssignment.objects.create(
        exchange=exchange,
        tier=tier,
        effective_from=effective_from,
        reason="a poll",
        decided_by="HBOT holders",
        recorded_by="a test",
        **values,
    )


def other_exchange() -> Exchange:
    return Exchange.objects.create(slug="other", name="Other")


def test_exchange_without_decisions_has_no_tier(exchange: Exchange) -> None:
    assert exchange.current_assignment is None
    assert (exchange.current_tier, exchange.current_tier_label, exchange.current_tier_meaning) == ("", "", "")


def test_current_tier_is_that_of_the_latest_decision_in_force(exchange: Exchange) -> None:
    today = timezone.now().date()
    assign(exchange, Tier.GOLD, today + timedelta(days=1))
    assign(exchange, Tier.SILVER, today)
    assign(exchange, Tier.BRONZE, today - timedelta(days=1))

    assert exchange.current_tier == Tier.SILVER
    assert exchange.current_tier_label == "Silver"
    assert "bounties" in exchange.current_tier_meaning


def test_decision_recorded_later_corrects_one_of_the_same_day(exchange: Exchange) -> None:
    day = date(2023, 10, 14)
    assign(exchange, Tier.GOLD, day, recorded_at=datetime(2023, 10, 16, tzinfo=UTC))
    assign(exchange, Tier.BRONZE, day, recorded_at=datetime(2023, 10, 15, tzinfo=UTC))

    assert exchange.current_tier == Tier.GOLD


def test_empty_tier_ends_a_tier(exchange: Exchange) -> None:
    assign(exchange, Tier.GOLD, date(2023, 10, 14))
    assign(exchange, "", date(2024, 1, 26))

    assert exchange.current_tier == ""
    assert str(exchange.current_assignment) == "Some Exchange: no tier from 2024-01-26"


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda row: row.save(),
        lambda row: row.delete(),
        lambda row: TierAssignment.objects.update(tier=Tier.GOLD),
        lambda row: TierAssignment.objects.bulk_update([row], ["tier"]),
        lambda row: TierAssignment.objects.filter(pk=row.pk).delete(),
        lambda row: row.exchange.tier_assignments.all().delete(),
        lambda row: TierAssignment.objects.bulk_create(
            [row], update_conflicts=True, update_fields=["tier"], unique_fields=["id"]
        ),
        lambda row: row.save_base(),
        lambda row: TierAssignment._base_manager.update(tier=Tier.GOLD),
        lambda row: TierAssignment._base_manager.all().delete(),
        lambda row: other_exchange().tier_assignments.add(row),
        lambda row: other_exchange().tier_assignments.add(row, bulk=False),
        lambda row: other_exchange().tier_assignments.set([row]),
        lambda row: next(serializers.deserialize("json", serializers.serialize("json", [row]))).save(),
    ],
    ids=[
        "save",
        "delete",
        "update",
        "bulk_update",
        "queryset delete",
        "related delete",
        "upsert",
        "save_base",
        "base update",
        "base delete",
        "move",
        "move by saving",
        "move by replacing",
        "fixture",
    ],
)
def test_recorded_decision_cannot_be_rewritten(exchange: Exchange, rewrite) -> None:
    row = assign(exchange, Tier.BRONZE, date(2023, 10, 14))
    row.tier = Tier.GOLD

    with pytest.raises(AppendOnly, match="append-only"), transaction.atomic():
        rewrite(row)

    assert list(TierAssignment.objects.values_list("exchange__slug", "tier")) == [("some-exchange", "bronze")]


def test_decisions_of_a_backup_can_be_restored_where_they_are_missing(exchange: Exchange) -> None:
    backup = serializers.serialize("json", [TierAssignment(pk=7, exchange=exchange, effective_from=date(2023, 1, 13))])

    for decision in serializers.deserialize("json", backup):
        decision.save()

    assert TierAssignment.objects.get().pk == 7


def test_many_decisions_can_be_added_at_once(exchange: Exchange) -> None:
    days = [date(2023, 1, 13), date(2023, 4, 14)]
    TierAssignment.objects.bulk_create(
        TierAssignment(exchange=exchange, tier=Tier.SILVER, effective_from=day, reason="a poll") for day in days
    )

    assert [assignment.effective_from for assignment in TierAssignment.objects.all()] == days[::-1]


def test_new_decision_with_the_key_of_an_old_one_does_not_replace_it(exchange: Exchange) -> None:
    old = assign(exchange, Tier.BRONZE, date(2023, 10, 14))
    impostor = TierAssignment(
        pk=old.pk, exchange=exchange, tier=Tier.GOLD, effective_from=old.effective_from, reason="none"
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        impostor.save()

    assert TierAssignment.objects.get().tier == Tier.BRONZE


def test_exchange_with_decisions_cannot_be_deleted(exchange: Exchange) -> None:
    assign(exchange, Tier.BRONZE, date(2023, 10, 14))

    with pytest.raises(ProtectedError):
        exchange.delete()


def test_exchange_has_one_component_of_a_kind(exchange: Exchange) -> None:
    exchange.components.create(kind=ComponentKind.SPOT_CONNECTOR, status=DeclaredStatus.AVAILABLE)

    with pytest.raises(IntegrityError), transaction.atomic():
        exchange.components.create(kind=ComponentKind.SPOT_CONNECTOR, status=DeclaredStatus.NOT_BUILT)


@pytest.mark.parametrize(("status", "is_offered"), [(s, s == "available") for s in DeclaredStatus])
def test_only_an_available_component_is_offered(status: str, is_offered: bool) -> None:
    assert Component(kind=ComponentKind.SPOT_CANDLES, status=status).is_offered is is_offered


def test_component_without_prompts_is_not_connected_to() -> None:
    feed = Component(kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.AVAILABLE, connector_id="kucoin")

    assert feed.is_candle_feed
    assert (feed.connect_command, feed.connected_message, feed.paper_connect_command) == ("", "", "")


@pytest.mark.parametrize("choice", [*ComponentKind, *Tier])
def test_every_kind_and_tier_is_explained(choice: ComponentKind | Tier) -> None:
    assert (choice.purpose if isinstance(choice, ComponentKind) else choice.meaning).endswith(".")


def test_bounty_refuses_a_component_of_another_exchange(exchange: Exchange) -> None:
    other = other_exchange()
    component = other.components.create(kind=ComponentKind.SPOT_CONNECTOR, status=DeclaredStatus.AVAILABLE)
    bounty = Bounty(
        exchange=exchange,
        component=component,
        tracker_id="6764",
        kind=BountyKind.BUG_P3,
        amount=Decimal(50_000),
        unit=BountyUnit.HBOT,
        state=BountyState.PAID,
    )

    with pytest.raises(ValidationError, match="Other Spot Connector does not belong to Some Exchange"):
        bounty.full_clean()

    bounty.component = None
    bounty.full_clean()
    assert str(bounty) == "6764 50,000 HBOT"
    bounty.amount, bounty.unit = Decimal("1250.50"), BountyUnit.USDC
    assert bounty.reward == "1,250.5 USDC"


def test_two_proposals_may_share_a_number_but_not_a_vote_id(db: None) -> None:
    vote_id = "0x" + "a" * 64
    Proposal.objects.create(kind=ProposalKind.HGP, number="HGP-70", snapshot_id=vote_id)
    Proposal.objects.create(kind=ProposalKind.HGP, number="HGP-70")
    Proposal.objects.create(kind=ProposalKind.HGP, number="HGP-70")

    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.create(kind=ProposalKind.HGP, number="HGP-71", snapshot_id=vote_id)


def test_proposal_refuses_a_shortened_vote_id() -> None:
    with pytest.raises(ValidationError, match="write 0x and 64 hex digits"):
        Proposal(kind=ProposalKind.HIP, number="HIP-1", snapshot_id="0xabc").clean_fields()
