"""What is declared held against what the checks see, and against what this build's connectors could do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.checks.outcomes import Blame, Cause, Kind, Outcome
from monitoring.drift import observed_drift
from monitoring.models import Check
from registry.choices import ComponentKind, DeclaredStatus, Lifecycle
from registry.drift import findings
from registry.drift.findings import Comparison, Finding
from registry.models import Component
from tests.monitoring.factories import NOON, make_check, make_component, make_exchange, record

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
Drift = findings.Kind


def drift() -> Comparison:
    return observed_drift(Check.objects.planned(), NOON + 5 * SECOND)


def only(kind: findings.Kind) -> Finding:
    (finding,) = [one for one in drift().findings if one.kind is kind]
    return finding


def kinds() -> list[findings.Kind]:
    return [finding.kind for finding in drift().findings]


def test_what_is_declared_available_and_works_is_no_finding() -> None:
    record(make_check())

    found = drift()

    assert (found.findings, found.agreed) == ((), 1)
    assert found.compared == "1 component of 1 exchange: 1 declared available, and 1 of those checked live."
    assert found.agreement == "1 of them works."


def test_a_failing_component_is_told_with_cause_blame_and_since_when() -> None:
    check = make_check(kind=Kind.ORDER_BOOK)
    record(check, Outcome.FAILED, at=NOON - 60 * SECOND, cause=Cause.CHECKSUM_MISMATCH, blame=Blame.CONNECTOR)
    record(check, Outcome.FAILED, cause=Cause.CHECKSUM_MISMATCH, blame=Blame.CONNECTOR)

    finding = only(Drift.FAILING)

    assert (finding.exchange, finding.about) == ("kraken", "Spot Connector, Order book")
    assert finding.registry == "Available"
    assert finding.other == ("Failed: The order book does not match the exchange’s checksum. At fault: the connector")
    assert finding.since == check.outcome_since
    assert finding.link == f"/exchanges/kraken/#check-{check.component_id}-order-book"
    assert finding.remedy.startswith("Mend the connector")


def test_a_failure_of_the_exchange_asks_for_something_else() -> None:
    record(make_check(), Outcome.FAILED, cause=Cause.TIMEOUT, blame=Blame.EXCHANGE)

    assert only(Drift.FAILING).remedy.startswith("Wait for the exchange")


@pytest.mark.parametrize(
    ("outcome", "cause", "blame"),
    [
        (Outcome.FAILED, Cause.TRANSPORT, Blame.VANTAGE),
        (Outcome.FAILED, Cause.AUTH_REJECTED, Blame.CREDENTIALS),
        (Outcome.FAILED, Cause.EXCHANGE_MAINTENANCE, Blame.EXCHANGE),
        (Outcome.DEGRADED, Cause.SLOW, Blame.EXCHANGE),
        (Outcome.INCONCLUSIVE, Cause.NO_CREDENTIALS, Blame.NONE),
    ],
)
def test_what_is_not_the_connectors_or_exchanges_failure_is_no_drift(
    outcome: Outcome, cause: Cause, blame: Blame
) -> None:
    record(make_check(), outcome, cause=cause, blame=blame)

    assert kinds() == []


def test_a_check_that_says_nothing_now_is_told_apart_from_one_that_works() -> None:
    exchange = make_exchange()
    record(make_check(make_component(exchange)), at=NOON - timedelta(days=1))
    make_check(make_component(exchange, kind=ComponentKind.PERP_CONNECTOR))

    found = drift()

    assert found.findings == ()
    assert found.agreement == "None of them is seen working."
    (aside,) = found.asides
    assert aside.items == ("Kraken Spot Connector: out of date", "Kraken Perp Connector: waiting for the first run")


def test_what_nobody_looks_at_is_told_with_the_reason_and_is_no_contradiction() -> None:
    make_component(make_exchange("binance"))
    make_component(make_exchange("kucoin"))
    make_check(make_component(make_exchange("kraken")), enabled=False)

    found = drift()

    assert {finding.exchange: finding.other for finding in found.findings} == {
        "binance": "This build has no connector for it",
        "kraken": "Its checks are switched off here",
        "kucoin": "Its checks are not planned yet",
    }
    assert {finding.kind for finding in found.findings} == {Drift.UNWATCHED}
    assert found.drift == ()


def test_kraken_candles_are_declared_not_built_and_its_connector_has_them() -> None:
    kraken = make_exchange()
    record(make_check(make_component(kraken)))
    make_component(kraken, kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_BUILT, connector_id="")

    finding = only(Drift.WORKS_UNDECLARED)

    assert (finding.about, finding.registry) == ("Spot Candles Feed", "Not built")
    assert finding.other == "The connector kraken of this build can do it: Candles"
    assert "declare it available as kraken" in finding.remedy


def test_not_available_is_contradicted_as_well_and_asks_for_another_word() -> None:
    kraken = make_exchange()
    record(make_check(make_component(kraken)))
    make_component(kraken, kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_AVAILABLE, connector_id="")

    assert only(Drift.WORKS_UNDECLARED).remedy.startswith("The exchange has it: declare it not built")


def test_a_spot_connector_proves_nothing_of_perpetual_futures() -> None:
    kraken = make_exchange()
    record(make_check(make_component(kraken)))
    for kind in (ComponentKind.PERP_CONNECTOR, ComponentKind.PERP_CANDLES, ComponentKind.AMM_CONNECTOR):
        make_component(kraken, kind=kind, status=DeclaredStatus.NOT_BUILT, connector_id="")

    assert kinds() == []


def test_what_is_available_of_a_removed_exchange_contradicts_itself() -> None:
    gone = make_exchange("bittrex")
    gone.lifecycle, gone.removed_in = Lifecycle.REMOVED, "1.22.0"
    gone.save(update_fields=["lifecycle", "removed_in"])
    make_component(gone)
    make_component(gone, kind=ComponentKind.PERP_CONNECTOR, status=DeclaredStatus.REMOVED)

    finding = only(Drift.REMOVED_BUT_AVAILABLE)

    assert kinds() == [Drift.REMOVED_BUT_AVAILABLE]
    assert (finding.registry, finding.other) == ("Available", "The exchange is removed in 1.22.0")


def test_what_is_available_of_an_exchange_that_never_shipped_asks_for_another_word() -> None:
    proposed = make_exchange("hydration")
    proposed.lifecycle = Lifecycle.PROPOSED
    proposed.save(update_fields=["lifecycle"])
    make_component(proposed)

    finding = only(Drift.REMOVED_BUT_AVAILABLE)

    assert finding.kind.heading == "Declared available, and not in the current release"
    assert finding.other == "The exchange was never in a release"
    assert finding.remedy == "Set the component to not built, or the exchange to active."


def test_a_renamed_exchange_says_under_which_name_it_goes_on() -> None:
    old, new = make_exchange("huobi"), make_exchange("htx")
    old.lifecycle, old.renamed_to = Lifecycle.RENAMED, new
    old.save(update_fields=["lifecycle", "renamed_to"])
    make_component(old)

    assert only(Drift.REMOVED_BUT_AVAILABLE).other == "The exchange is renamed, it goes on as Htx"


def test_the_number_of_queries_does_not_grow_with_the_catalogue() -> None:
    record(make_check())
    with CaptureQueriesContext(connection) as few:
        drift()
    for slug in ("a", "b", "c"):
        exchange = make_exchange(slug)
        record(make_check(make_component(exchange)), Outcome.FAILED)
        make_component(exchange, kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_BUILT)
        former = make_exchange(f"former-{slug}")
        former.lifecycle, former.renamed_to = Lifecycle.RENAMED, exchange
        former.save(update_fields=["lifecycle", "renamed_to"])
        make_component(former)
    with CaptureQueriesContext(connection) as many:
        drift()

    assert Component.objects.count() == 10
    assert len(few) == len(many) == 2
