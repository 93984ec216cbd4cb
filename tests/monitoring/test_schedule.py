"""Which checks there are."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from monitoring.models import Check, Result
from monitoring.querysets import offered_without_check
from monitoring.scheduler import claim_due_checks
from monitoring.services.results import record_results
from monitoring.services.schedule import Plan, plan_checks
from registry.choices import ComponentKind, DeclaredStatus, Tier
from registry.models import Component
from tests.monitoring.factories import NOON, assign_tier, make_component, make_exchange, seen

CONNECTOR_KINDS = ["connectivity", "markets", "order_book", "auth", "paper_order"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BELLWETHER_CADENCE_S", raising=False)


@pytest.fixture
def kraken() -> Component:
    """As the catalogue declares it: a spot connector, its candle feed not built, no perpetuals."""
    exchange = make_exchange("kraken", tier=Tier.BRONZE)
    make_component(exchange, kind=ComponentKind.PERP_CONNECTOR, status=DeclaredStatus.NOT_AVAILABLE)
    make_component(exchange, kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_BUILT)
    make_component(exchange, kind=ComponentKind.PERP_CANDLES, status=DeclaredStatus.NOT_BUILT)
    return make_component(exchange, kind=ComponentKind.SPOT_CONNECTOR)


def kinds(component: Component) -> list[str]:
    return list(component.checks.values_list("kind", flat=True))


def test_an_available_connector_is_checked_in_all_that_it_can_do(kraken: Component) -> None:
    assert plan_checks(now=NOON) == Plan(created=5, retired=0, restored=0, rescheduled=0)
    assert kinds(kraken) == CONNECTOR_KINDS


def test_what_is_declared_not_built_or_not_available_is_not_scheduled(kraken: Component) -> None:
    plan_checks(now=NOON)
    assert set(Check.objects.values_list("component", flat=True)) == {kraken.pk}


def test_a_candle_feed_that_is_declared_available_is_asked_for_candles(kraken: Component) -> None:
    feed = kraken.exchange.components.get(kind=ComponentKind.SPOT_CANDLES)
    Component.objects.filter(pk=feed.pk).update(status=DeclaredStatus.AVAILABLE)
    plan_checks(now=NOON)
    assert kinds(feed) == ["candles"]


def test_new_checks_are_due_at_once_and_stay_at_their_phase_after_that(kraken: Component) -> None:
    plan_checks(now=NOON)
    assert Check.objects.due(NOON).count() == 5
    (claim,) = claim_due_checks(NOON)
    record_results(claim.token, [seen(check) for check in kraken.checks.all()], now=NOON)
    slots = {check.next_due_at for check in kraken.checks.all()}
    assert len(slots) == 5
    assert all(NOON < slot <= NOON + timedelta(minutes=5) for slot in slots)


def test_planning_twice_changes_nothing(kraken: Component) -> None:
    plan_checks(now=NOON)
    before = list(Check.objects.values())
    assert plan_checks(now=NOON + timedelta(hours=1)) == Plan(0, 0, 0, 0)
    assert list(Check.objects.values()) == before


def test_a_component_no_longer_declared_available_keeps_its_history_and_is_not_checked(kraken: Component) -> None:
    plan_checks(now=NOON)
    (claim,) = claim_due_checks(NOON)
    record_results(claim.token, [seen(check) for check in kraken.checks.all()], now=NOON)
    Component.objects.filter(pk=kraken.pk).update(status=DeclaredStatus.NOT_BUILT)
    assert plan_checks(now=NOON) == Plan(created=0, retired=5, restored=0, rescheduled=0)
    assert Check.objects.due(NOON + timedelta(days=1)).count() == 0
    assert Result.objects.count() == 5


def test_a_component_declared_available_again_is_checked_at_once(kraken: Component) -> None:
    plan_checks(now=NOON)
    Component.objects.filter(pk=kraken.pk).update(status=DeclaredStatus.REMOVED)
    plan_checks(now=NOON)
    Component.objects.filter(pk=kraken.pk).update(status=DeclaredStatus.AVAILABLE)
    back = NOON + timedelta(days=30)
    assert plan_checks(now=back) == Plan(created=0, retired=0, restored=5, rescheduled=0)
    assert Check.objects.due(back).count() == 5


def test_what_an_operator_switched_off_stays_off(kraken: Component) -> None:
    plan_checks(now=NOON)
    kraken.checks.filter(kind="auth").update(enabled=False)
    plan_checks(now=NOON)
    assert list(kraken.checks.filter(enabled=False).values_list("kind", flat=True)) == ["auth"]


def test_a_vote_that_moves_the_tier_moves_the_cadence(kraken: Component) -> None:
    plan_checks(now=NOON)
    assert set(kraken.checks.values_list("cadence_s", flat=True)) == {300}
    assign_tier(kraken.exchange, Tier.GOLD, date(2025, 1, 1))
    assert plan_checks(now=NOON) == Plan(created=0, retired=0, restored=0, rescheduled=5)
    assert set(kraken.checks.values_list("cadence_s", flat=True)) == {60}
    assert all(check.phase_s < 60 for check in kraken.checks.all())


def test_a_shorter_cadence_brings_the_next_run_forward_but_never_puts_a_due_one_off(kraken: Component) -> None:
    plan_checks(now=NOON)
    kraken.checks.exclude(kind="auth").update(next_due_at=NOON + timedelta(minutes=5))
    assign_tier(kraken.exchange, Tier.GOLD, date(2025, 1, 1))
    plan_checks(now=NOON)
    assert all(check.next_due_at <= NOON + timedelta(minutes=1) for check in kraken.checks.all())
    assert kraken.checks.get(kind="auth").next_due_at == NOON


def test_an_available_component_without_a_connector_here_is_named_and_not_checked(kraken: Component) -> None:
    kucoin = make_component(make_exchange("kucoin"), connector_id="an_id_that_nothing_implements")
    plan_checks(now=NOON)
    assert kinds(kucoin) == []
    assert list(offered_without_check()) == [kucoin]


def test_the_command_plans_and_says_what_it_did(kraken: Component) -> None:
    said = StringIO()
    call_command("plan_checks", stdout=said)
    assert said.getvalue() == "checks: 5 created, 0 retired, 0 restored, 0 rescheduled\n"
    assert kinds(kraken) == CONNECTOR_KINDS


def test_the_command_refuses_a_cadence_that_is_none_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    make_component(make_exchange("kraken"))
    monkeypatch.setenv("BELLWETHER_CADENCE_S", "often")
    with pytest.raises(CommandError, match="BELLWETHER_CADENCE_S='often': write whole seconds"):
        call_command("plan_checks")


def test_the_command_can_end_the_claims_of_workers_that_died(kraken: Component) -> None:
    plan_checks(now=NOON)
    claim_due_checks(NOON)
    said = StringIO()
    call_command("plan_checks", "--release-claims", stdout=said)
    assert "5 claims released" in said.getvalue()
    assert Check.objects.due(NOON).count() == 5
