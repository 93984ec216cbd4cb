"""What the pages read, and in how many queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.checks.outcomes import Kind, Outcome
from monitoring.models import Check, Result
from monitoring.scheduler import claim_due_checks
from monitoring.services.results import record_results
from registry.choices import ComponentKind
from tests.monitoring.factories import NOON, make_check, make_component, make_exchange, record, seen

MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.django_db


def run_each_minute(checks: list[Check], outcomes: list[Outcome]) -> None:
    for minute, outcome in enumerate(outcomes):
        at = NOON + minute * MINUTE
        for claim in claim_due_checks(at):
            record_results(claim.token, [seen(check, outcome, at=at) for check in checks], now=at)


def test_the_exchange_page_reads_its_checks_with_their_results_in_one_query() -> None:
    exchange = make_exchange()
    feed = make_component(exchange, kind=ComponentKind.SPOT_CANDLES, position=2)
    spot = make_component(exchange, kind=ComponentKind.SPOT_CONNECTOR, position=1)
    candles = make_check(feed, kind=Kind.CANDLES, phase_s=0)
    markets = make_check(spot, kind=Kind.MARKETS, phase_s=0)
    make_check(spot, kind=Kind.AUTH, retired_at=NOON)
    make_check(make_component(make_exchange("kucoin")))
    run_each_minute([candles, markets], [Outcome.OK])

    with CaptureQueriesContext(connection) as queries:
        checks = list(Check.objects.for_exchange_page(exchange))
        shown = [(str(check), check.latest_result.summary) for check in checks if check.latest_result]

    assert checks == [markets, candles]
    assert shown == [
        ("Kraken Spot Connector: Markets", "as it is"),
        ("Kraken Spot Candles Feed: Candles", "as it is"),
    ]
    assert len(queries) == 1


def test_a_strip_shows_the_latest_outcomes_oldest_first() -> None:
    check = make_check(phase_s=0)
    run_each_minute([check], [Outcome.FAILED, Outcome.OK, Outcome.DEGRADED, Outcome.OK])
    strip = Result.objects.latest_by_check([check], count=3)[check.pk]
    assert [result.outcome for result in strip] == ["ok", "degraded", "ok"]
    assert strip[-1].started_at == NOON + 3 * MINUTE


def test_a_strip_of_a_young_check_is_shorter_and_that_of_a_new_one_empty() -> None:
    component = make_component(make_exchange())
    young = make_check(component, kind=Kind.AUTH, phase_s=0)
    new = make_check(component, kind=Kind.MARKETS, next_due_at=NOON + timedelta(days=1))
    run_each_minute([young], [Outcome.OK, Outcome.OK])
    strips = Result.objects.latest_by_check([young, new])
    assert {pk: len(strip) for pk, strip in strips.items()} == {young.pk: 2, new.pk: 0}
    assert Result.objects.latest_by_check([]) == {}


def test_strips_cost_two_queries_for_however_many_checks() -> None:
    component = make_component(make_exchange())
    checks = [make_check(component, kind=kind, phase_s=0) for kind in Kind]
    run_each_minute(checks, [Outcome.OK] * 4)
    with CaptureQueriesContext(connection) as queries:
        strips = Result.objects.latest_by_check(checks, count=2)
        assert [[result.summary for result in strip] for strip in strips.values()] == [["as it is"] * 2] * 6
    assert len(queries) == 2


def test_strips_are_read_along_the_index_and_not_by_reading_all_results() -> None:
    component = make_component(make_exchange())
    checks = [make_check(component, kind=kind, phase_s=0) for kind in Kind]
    run_each_minute(checks, [Outcome.OK] * 3)
    with CaptureQueriesContext(connection) as queries:
        Result.objects.latest_by_check(checks, count=2)
    if connection.vendor != "sqlite":
        pytest.skip("another database plans by statistics, and reads so small a table whole")
    for query in queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            plan = " ".join(row[3] for row in cursor.fetchall())
        assert "INDEX result_latest_of_check" in plan
        assert "SCAN" not in plan


def test_run_now_makes_only_checks_due_that_may_run() -> None:
    component = make_component(make_exchange())
    later = NOON + timedelta(hours=1)
    on = make_check(component, kind=Kind.AUTH, next_due_at=later)
    make_check(component, kind=Kind.MARKETS, next_due_at=later, enabled=False)
    make_check(component, kind=Kind.CANDLES, next_due_at=later, retired_at=NOON)
    assert Check.objects.all().run_now(NOON) == 1
    assert list(Check.objects.due(NOON)) == [on]


def test_a_strip_is_read_for_more_checks_than_one_query_holds() -> None:
    component = make_component(make_exchange())
    checks = Check.objects.bulk_create(
        Check(component=component, kind=kind, cadence_s=60, phase_s=0, next_due_at=NOON)
        for kind in (Kind.AUTH, *(f"kind-{number}" for number in range(1_100)), Kind.MARKETS)
    )
    record(checks[0], Outcome.FAILED)
    record(checks[-1])
    with CaptureQueriesContext(connection) as queries:
        strips = Result.objects.latest_by_check(checks)
    told = {pk: [past.outcome for past in strip] for pk, strip in strips.items() if strip}
    assert told == {checks[0].pk: ["failed"], checks[-1].pk: ["ok"]}
    assert len(queries) == 4
