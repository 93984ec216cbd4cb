"""What the checks of an exchange add up to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitoring.checks.outcomes import Blame, Cause, Outcome
from monitoring.choices import Health
from monitoring.health import check_health, exchange_health
from monitoring.models import Check
from tests.monitoring.factories import NOON


def a_check(
    outcome: str = "ok", blame: str = "exchange", *, cause: str = "none", age_s: float = 10, cadence_s: int = 60
) -> Check:
    if not outcome:
        return Check(cadence_s=cadence_s)
    checked_at = NOON - timedelta(seconds=age_s)
    blame = "none" if outcome == "ok" else blame
    check = Check(outcome=outcome, cause=cause, blame=blame, checked_at=checked_at, cadence_s=cadence_s)
    check.fresh_until = checked_at + check.freshness()
    return check


def without_key() -> Check:
    return a_check(Outcome.INCONCLUSIVE, "none", cause=Cause.NO_CREDENTIALS)


def wrong_key(outcome: str = "failed") -> Check:
    return a_check(outcome, "credentials", cause=Cause.AUTH_REJECTED)


@pytest.mark.parametrize(
    ("checks", "health"),
    [
        ([], Health.UNKNOWN),
        ([a_check()], Health.OK),
        ([a_check(), without_key()], Health.OK),
        ([without_key()], Health.UNKNOWN),
        ([a_check(), wrong_key()], Health.OK),
        ([a_check(), wrong_key("inconclusive")], Health.OK),
        ([a_check(), a_check("degraded", "credentials", cause="key_may_withdraw")], Health.OK),
        ([wrong_key()], Health.UNKNOWN),
        ([a_check("failed"), wrong_key()], Health.FAILED),
        ([a_check(), a_check("failed", "connector")], Health.FAILED),
        ([a_check(), a_check("failed", cause="auth_rejected")], Health.FAILED),
        ([a_check(), a_check("failed", "vantage")], Health.UNKNOWN),
        ([a_check(), a_check("inconclusive", "own_rate")], Health.UNKNOWN),
        ([a_check(), a_check("degraded", "none")], Health.UNKNOWN),
        ([a_check(), a_check("degraded")], Health.DEGRADED),
        ([a_check("degraded"), a_check("failed"), a_check()], Health.FAILED),
        ([a_check(), a_check("inconclusive", "vantage", cause="no_network")], Health.UNKNOWN),
        ([a_check("failed"), a_check("inconclusive", "vantage", cause="no_network")], Health.FAILED),
        ([a_check(), a_check("")], Health.UNKNOWN),
        ([a_check(), a_check(age_s=181)], Health.UNKNOWN),
        ([a_check(), a_check("failed", age_s=181)], Health.UNKNOWN),
    ],
)
def test_an_exchange_is_as_healthy_as_the_worst_that_its_checks_can_say(checks: list[Check], health: Health) -> None:
    assert exchange_health(checks, NOON) == health


def test_an_outcome_counts_for_three_cadences_and_no_longer() -> None:
    assert check_health(a_check(age_s=180), NOON) == Health.OK
    assert check_health(a_check(age_s=180.001), NOON) == Health.UNKNOWN


def test_a_short_cadence_leaves_time_for_a_run_that_meets_a_hanging_venue() -> None:
    assert check_health(a_check(age_s=119, cadence_s=5), NOON) == Health.OK
    assert check_health(a_check(age_s=121, cadence_s=5), NOON) == Health.UNKNOWN


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_health(outcome: Outcome) -> None:
    assert check_health(a_check(outcome), NOON) in Health


@pytest.mark.parametrize("blame", list(Blame))
@pytest.mark.parametrize("outcome", ["degraded", "failed"])
def test_only_faults_of_the_exchange_and_of_the_connector_colour_the_light(outcome: str, blame: str) -> None:
    coloured = check_health(a_check(outcome, blame), NOON) is not Health.UNKNOWN

    assert coloured == (blame in {"exchange", "connector"})
