"""What a plan of governance says of the checks, and that the checks then do it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.effects import effects_on_checks
from monitoring.models import Check
from monitoring.services.schedule import plan_checks
from monitoring.tasks import follow_registry
from registry.choices import Tier
from registry.effects import effects_of
from tests.monitoring.factories import assign_tier, make_check, make_component, make_exchange

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BELLWETHER_CADENCE_S", raising=False)
    monkeypatch.delenv("BELLWETHER_THRESHOLDS", raising=False)


def move(slug: str, old: str, new: str) -> dict[str, Any]:
    change = "unchanged" if old == new else "promoted"
    return {"exchange": slug, "name": slug.capitalize(), "change": change, "old": {"tier": old}, "new": {"tier": new}}


def test_promotion_says_how_often_the_checks_will_run_and_which_limits_change() -> None:
    make_check(make_component(make_exchange("kraken", tier=Tier.BRONZE)), kind="connectivity")

    cadence, limits = effects_on_checks([move("kraken", "bronze", "gold")])

    assert cadence == {
        "kind": "cadence",
        "exchange": "kraken",
        "text": "its check runs every 60 s instead of every 300 s",
    }
    assert limits["kind"] == "limits"
    assert limits["text"].endswith("limits, such as connectivity.slow_ms 2500 to 1000")


def test_an_exchange_that_keeps_its_tier_or_that_nothing_checks_is_not_mentioned() -> None:
    make_check(make_component(make_exchange("kraken", tier=Tier.BRONZE)))
    make_exchange("binance", tier=Tier.GOLD)

    assert effects_on_checks([move("kraken", "bronze", "bronze"), move("binance", "gold", "silver")]) == []


def test_one_cadence_for_all_leaves_only_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_CADENCE_S", "30")
    make_check(make_component(make_exchange("kraken", tier=Tier.BRONZE)))

    assert [effect["kind"] for effect in effects_on_checks([move("kraken", "bronze", "")])] == []
    assert [effect["kind"] for effect in effects_on_checks([move("kraken", "bronze", "gold")])] == ["limits"]


def test_a_plan_asks_monitoring() -> None:
    make_check(make_component(make_exchange("kraken", tier=Tier.BRONZE)))

    assert effects_on_checks([move("kraken", "bronze", "silver")])[0] in effects_of(
        [move("kraken", "bronze", "silver")]
    )


def test_checks_follow_a_tier_on_the_day_on_which_it_takes_effect() -> None:
    kraken = make_exchange("kraken", tier=Tier.BRONZE)
    make_component(kraken)
    now = timezone.now()
    plan_checks(now=now)
    assign_tier(kraken, Tier.GOLD, now.date() + timedelta(days=1))

    assert plan_checks(now=now).rescheduled == 0
    assert plan_checks(now=now + timedelta(days=1)).rescheduled == 5
    assert set(Check.objects.values_list("cadence_s", flat=True)) == {60}


def test_the_beat_makes_the_checks_follow() -> None:
    kraken = make_exchange("kraken", tier=Tier.BRONZE)
    make_component(kraken)
    plan_checks(now=timezone.now())
    assign_tier(kraken, Tier.SILVER, timezone.now().date())

    follow_registry()

    assert set(Check.objects.values_list("cadence_s", flat=True)) == {120}
