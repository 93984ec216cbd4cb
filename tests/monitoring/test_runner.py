"""One run, against a sandbox exchange on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import threading
from contextlib import closing
from datetime import date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

import pytest
from django.core import serializers
from django.db import OperationalError, connection
from django.utils import timezone

from connectors.kraken import Kraken
from monitoring import runner, tasks, worker_loop
from monitoring.checks import runner as check_runner
from monitoring.checks.outcomes import Kind
from monitoring.checks.thresholds import Thresholds
from monitoring.models import Check, OutcomeChange, Result
from monitoring.runner import run_claim
from monitoring.scheduler import LEASE, RUN_DEADLINE, claim_due_checks
from registry.choices import Tier
from tests.monitoring.factories import NOON, assign_tier, make_check, make_component, make_exchange

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from connectors.sandbox import KrakenSandbox, SandboxThread

QUICK_KINDS = (Kind.CONNECTIVITY, Kind.MARKETS, Kind.AUTH)


@pytest.fixture
def checks() -> list[Check]:
    component = make_component(make_exchange("kraken"))
    now = timezone.now()
    return [make_check(component, kind=kind, next_due_at=now) for kind in QUICK_KINDS]


def claim() -> UUID:
    (claim,) = claim_due_checks(timezone.now())
    return claim.token


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox")
def test_a_run_records_every_check_of_its_claim_and_where_it_was_seen(checks: list[Check]) -> None:
    token = claim()
    changes = run_claim("kraken", token)
    results = list(Result.objects.order_by("live_check"))
    assert [result.live_check for result in results] == checks
    assert [(result.outcome, result.cause, result.source) for result in results] == [("ok", "none", "sandbox")] * 3
    assert all(result.hosts["rest"].startswith("127.0.0.1:") for result in results)
    assert {result.run_id for result in results} == {token}
    assert [change.to_outcome for change in changes] == ["ok"] * 3
    assert Check.objects.due(timezone.now()).count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox")
def test_a_task_that_is_delivered_twice_runs_once(checks: list[Check]) -> None:
    token = str(claim())
    tasks.run_exchange_checks("kraken", token)
    tasks.run_exchange_checks("kraken", token)
    assert Result.objects.count() == len(checks)


@pytest.mark.django_db
def test_a_fault_of_the_exchange_is_its_own_result(checks: list[Check], sandbox: SandboxThread[KrakenSandbox]) -> None:
    sandbox.faults.switch_on("http_5xx")
    run_claim("kraken", claim())
    found = dict(Result.objects.values_list("live_check__kind", "outcome"))
    assert found == {"connectivity": "failed", "markets": "failed", "auth": "failed"}
    assert set(Result.objects.values_list("blame", flat=True)) == {"exchange"}


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_half_a_pair_of_credentials_is_our_own_mistake_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KRAKEN_API_SECRET")
    run_claim("kraken", claim())
    result = Result.objects.first()
    assert result is not None
    assert (result.outcome, result.cause, result.blame) == ("inconclusive", "connector_error", "vantage")
    assert "KRAKEN_API_SECRET is not set" in result.summary
    assert (result.source, result.hosts) == ("none", {})
    assert Check.objects.due(timezone.now()).count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_a_configured_partner_reaches_the_connector(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("ID", "NAME", "KEY"):
        monkeypatch.setenv(f"KRAKEN_PARTNER_{part}", "a-partner")
    run_claim("kraken", claim())
    result = Result.objects.first()
    assert result is not None
    assert (result.outcome, result.blame) == ("inconclusive", "vantage")
    assert "kraken credits no partners" in result.summary


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
@pytest.mark.parametrize(
    ("thresholds", "said"),
    [({"gone_limit": 1}, "markets has no limit 'gone_limit'"), ([1], "write an object of limits by name")],
)
def test_a_limit_that_this_build_does_not_have_stops_its_own_check_alone(thresholds: object, said: str) -> None:
    Check.objects.filter(kind=Kind.MARKETS).update(thresholds=thresholds)
    run_claim("kraken", claim())
    assert dict(Check.objects.values_list("kind", "outcome")) == {
        "connectivity": "ok",
        "markets": "inconclusive",
        "auth": "ok",
    }
    result = Result.objects.get(live_check__kind="markets")
    assert (result.cause, result.blame, result.source) == ("connector_error", "vantage", "none")
    assert said in result.summary


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_a_kind_that_the_connector_no_longer_allows_stops_its_own_check_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    without_account = tuple(kind for kind in Kind if kind not in (Kind.AUTH, Kind.PAPER_ORDER))
    monkeypatch.setattr(runner, "kinds_of", lambda _: without_account)
    run_claim("kraken", claim())
    assert dict(Check.objects.values_list("kind", "outcome")) == {
        "connectivity": "ok",
        "markets": "ok",
        "auth": "inconclusive",
    }
    assert "no auth check for kraken" in Result.objects.get(live_check__kind="auth").summary


class Clinging(Kraken):
    """A connector that does not let go when its time is up."""

    async def trading_pairs(self) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.Event().wait()


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_a_check_that_takes_all_its_time_leaves_the_results_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "find_connector", lambda _: Clinging)
    monkeypatch.setattr(runner, "RUN_DEADLINE", timedelta(milliseconds=400))
    monkeypatch.setattr(runner, "CLOSING", timedelta(milliseconds=50))
    monkeypatch.setattr(runner, "SECOND_LOOK_S", 0.1)
    for module in (runner, check_runner):
        monkeypatch.setattr(module, "GRACE_S", 0.1, raising=False)
    run_claim("kraken", claim())
    assert dict(Check.objects.values_list("kind", "cause")) == {
        "connectivity": "none",
        "markets": "timeout",
        "auth": "none",
    }


def test_every_check_may_take_the_time_that_its_own_limits_give_it() -> None:
    limits = Thresholds()
    longest = max(getattr(limits, kind).deadline_s for kind in Kind)
    order_book = limits.order_book.deadline_s + check_runner.DEFAULT_SECONDS
    assert max(longest, order_book) <= runner.observing_s()
    assert runner.observing_s() + check_runner.GRACE_S + runner.SECOND_LOOK_S <= RUN_DEADLINE.total_seconds()


class SteppingBack(datetime):
    """A clock that is set back again and again, as one that ran fast is."""

    reading = NOON

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> SteppingBack:
        cls.reading -= timedelta(seconds=1)
        return cls.fromtimestamp(cls.reading.timestamp(), tz)


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_a_clock_that_steps_back_under_a_run_does_not_lose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KRAKEN_API_SECRET")
    monkeypatch.setattr(runner, "datetime", SteppingBack)
    run_claim("kraken", claim())
    assert [result.duration_ms >= 0 for result in Result.objects.all()] == [True] * len(QUICK_KINDS)


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_unreadable_control_hosts_are_our_own_mistake_and_not_the_venues(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_CONTROL_HOSTS", "[x")
    run_claim("kraken", claim())
    found = set(Result.objects.values_list("outcome", "cause", "blame"))
    assert found == {("inconclusive", "connector_error", "vantage")}
    result = Result.objects.first()
    assert result is not None
    assert "BELLWETHER_CONTROL_HOSTS: '[x' is no host" in result.summary


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox")
def test_no_credentials_leave_the_signed_check_inconclusive_and_the_others_ok(
    checks: list[Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KRAKEN_API_KEY")
    monkeypatch.delenv("KRAKEN_API_SECRET")
    run_claim("kraken", claim())
    found = dict(Check.objects.values_list("kind", "cause"))
    assert found == {"connectivity": "none", "markets": "none", "auth": "no_credentials"}


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_a_bug_in_a_check_is_recorded_as_ours_and_the_check_waits_for_its_turn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("quotes something private")

    monkeypatch.setattr(runner, "run_checks", broken)
    run_claim("kraken", claim())
    result = Result.objects.first()
    assert result is not None
    assert (result.outcome, result.cause, result.blame) == ("inconclusive", "connector_error", "vantage")
    assert "ZeroDivisionError" in result.summary
    assert "private" not in result.summary + json.dumps(result.evidence)
    assert Check.objects.due(timezone.now()).count() == 0
    errors = [record.message for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == ["a run ended without results"]


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_a_check_that_blocks_the_loop_ends_at_the_deadline_and_the_next_run_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unblock = threading.Event()

    async def blocking(*_: Any, **__: Any) -> None:
        unblock.wait(30)

    monkeypatch.setattr(worker_loop, "_current", None)
    with monkeypatch.context() as patch:
        patch.setattr(runner, "RUN_DEADLINE", timedelta(milliseconds=20))
        patch.setattr(runner, "CLOSING", timedelta(milliseconds=10))
        patch.setattr(runner, "run_checks", blocking)
        run_claim("kraken", claim())
    assert set(Result.objects.values_list("outcome", "source")) == {("inconclusive", "none")}
    Check.objects.update(next_due_at=timezone.now())
    run_claim("kraken", claim())
    assert set(Check.objects.values_list("outcome", flat=True)) == {"ok"}
    unblock.set()
    worker_loop.worker_loop().close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("sandbox")
def test_a_locked_database_is_never_a_failure_of_the_exchange() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite locks the whole database")
    check = make_check(make_component(make_exchange("kraken")), next_due_at=timezone.now())
    token = claim()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            run_claim("kraken", token)
        other.execute("ROLLBACK")
    connection.close()  # and with it the impatience
    check.refresh_from_db()
    assert (check.outcome, check.claim_token, Result.objects.count()) == ("", token, 0)
    assert list(Check.objects.due(timezone.now() + LEASE)) == [check]


@pytest.mark.django_db
@pytest.mark.usefixtures("checks")
@pytest.mark.parametrize("fault", ["", "invalid_signature", "html", "malformed"])
def test_no_row_and_no_log_holds_the_credentials(
    sandbox: SandboxThread[KrakenSandbox], caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault:
        sandbox.faults.switch_on(fault)
    run_claim("kraken", claim())
    rows = [*Check.objects.all(), *Result.objects.all(), *OutcomeChange.objects.all()]
    written = serializers.serialize("json", rows) + caplog.text
    assert Result.objects.filter(live_check__kind="auth").count() == 1
    assert sandbox.credentials.api_secret not in written
    assert sandbox.credentials.api_key not in written


def limit_of(kind: Kind, condition: str) -> str:
    """The limit that the latest result of this kind was held against."""
    conditions = Result.objects.filter(live_check__kind=kind).latest("started_at").conditions
    return next(entry["limit"] for entry in conditions if entry["name"] == condition)


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(("tier", "limit"), [(Tier.GOLD, "≤ 1,000 ms"), ("", "≤ 2,500 ms")])
def test_the_limits_are_those_of_the_tier_that_the_exchange_has_now(tier: str, limit: str) -> None:
    exchange = make_exchange("kraken", tier="")
    make_check(make_component(exchange), next_due_at=timezone.now())
    if tier:
        assign_tier(exchange, tier, date(2024, 1, 1))
    run_claim("kraken", claim())
    assert limit_of(Kind.CONNECTIVITY, "median_latency") == limit


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_the_operators_limits_and_then_a_checks_own_go_over_the_tiers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("[all.connectivity]\nslow_ms = 777\nslow_first_byte_ms = 888\n", encoding="utf-8")
    monkeypatch.setenv("BELLWETHER_THRESHOLDS", str(file))
    Check.objects.filter(kind=Kind.CONNECTIVITY).update(thresholds={"slow_first_byte_ms": 999})
    run_claim("kraken", claim())
    assert limit_of(Kind.CONNECTIVITY, "median_latency") == "≤ 777 ms"
    assert limit_of(Kind.CONNECTIVITY, "first_byte") == "≤ 999 ms"


@pytest.mark.django_db
@pytest.mark.usefixtures("sandbox", "checks")
def test_a_file_of_limits_that_cannot_be_read_is_our_own_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_THRESHOLDS", "/nowhere/limits.toml")
    run_claim("kraken", claim())
    assert set(Result.objects.values_list("outcome", "blame")) == {("inconclusive", "vantage")}
    result = Result.objects.first()
    assert result is not None
    assert "/nowhere/limits.toml: No such file or directory" in result.summary


@pytest.mark.django_db
def test_a_change_of_rules_is_told_from_run_to_run_and_past_one_that_did_not_run(
    sandbox: SandboxThread[KrakenSandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = make_check(make_component(make_exchange("kraken")), kind=Kind.MARKETS, next_due_at=timezone.now())

    def run() -> tuple[str, str, str]:
        Check.objects.update(next_due_at=timezone.now())
        run_claim("kraken", claim())
        check.refresh_from_db()
        return check.outcome, check.cause, check.blame

    assert run() == ("ok", "none", "none")
    with monkeypatch.context() as patch:
        patch.delenv("KRAKEN_API_SECRET")
        assert run() == ("inconclusive", "connector_error", "vantage")
    sandbox.faults.switch_on("rules_change")
    assert run() == ("degraded", "rules_changed", "exchange")
    assert run() == ("degraded", "rules_changed", "exchange")
    sandbox.faults.clear()
    assert run() == ("ok", "none", "none")


@pytest.mark.django_db
@pytest.mark.usefixtures("checks")
def test_a_result_keeps_why_somebody_is_blamed_and_how_surely(sandbox: SandboxThread[KrakenSandbox]) -> None:
    sandbox.faults.switch_on("http_5xx")
    run_claim("kraken", claim())
    result = Result.objects.get(live_check__kind=Kind.MARKETS)
    assert (result.blame, result.confidence) == ("exchange", "high")
    assert result.reasons == [
        "The venue answered, and its answer was an error of its own.",
    ]
