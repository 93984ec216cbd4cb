"""Tier is a promise, health an observation: whatever happens to one, the other stays as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitoring.checks.outcomes import Kind, Outcome
from monitoring.models import Check
from monitoring.scheduler import claim_due_checks
from monitoring.services.results import record_results
from monitoring.services.schedule import plan_checks
from monitoring.status import exchange_status
from registry.choices import Tier
from registry.models import Exchange
from registry.services.epochs import export_state
from tests.monitoring.factories import NOON, assign_tier, make_check, make_component, make_exchange, seen

TIERS = ["", *Tier.values]


def health_of(kraken: Exchange, at: timedelta) -> object:
    status = exchange_status(kraken.slug, NOON + at)
    views = [view for component in status.components for view in component.checks]
    return status.health, [(view.health, view.check.outcome, view.is_stale) for view in views]


class TestTwoAxes(TestCase):
    @settings(max_examples=12)
    @given(
        st.sampled_from(TIERS),
        st.lists(st.sampled_from(TIERS), min_size=1, max_size=3),
        st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=4),
        st.integers(min_value=1, max_value=1500),
    )
    def test_no_order_of_tiers_and_results_lets_one_write_the_other(
        self, first: str, tiers: list[str], outcomes: list[Outcome], age_s: int
    ) -> None:
        kraken = make_exchange("kraken", tier=first)
        make_component(kraken)
        plan_checks(now=NOON)
        (claim,) = claim_due_checks(NOON)
        promised = export_state()
        checks = Check.objects.order_by("pk")
        results = [seen(check, outcome) for check, outcome in zip(checks, outcomes, strict=False)]
        record_results(claim.token, results, now=NOON)
        assert export_state() == promised

        before = health_of(kraken, timedelta(seconds=age_s))
        for days, tier in enumerate(tiers):
            assign_tier(kraken, tier, NOON.date() - timedelta(days=len(tiers) - days))
            plan_checks(now=NOON + timedelta(seconds=age_s))
            assert health_of(kraken, timedelta(seconds=age_s)) == before


@pytest.mark.django_db
def test_a_promotion_does_not_age_what_was_seen_under_the_slower_pace() -> None:
    """Bronze is looked at every five minutes, Gold every minute: four minutes old was fresh, and stays so."""
    kraken = make_exchange("kraken", tier=Tier.BRONZE)
    check = make_check(make_component(kraken), kind=Kind.CONNECTIVITY.value, cadence_s=300, phase_s=0)
    (claim,) = claim_due_checks(NOON)
    record_results(claim.token, [seen(check)], now=NOON)
    assign_tier(kraken, Tier.GOLD, NOON.date())

    later = NOON + timedelta(minutes=4)
    plan_checks(now=later)

    check.refresh_from_db()
    assert check.cadence_s == 60
    assert not check.is_stale(later)
    assert check.is_stale(NOON + timedelta(minutes=16))
