"""The public pages over a few rows of a test's own, or over none: counting, ageing, switching off."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.checks.outcomes import Kind, Outcome
from monitoring.models import Check
from monitoring.status import exchange_status, index_status
from registry.choices import ComponentKind, DeclaredStatus, Lifecycle
from registry.models import Exchange
from tests.monitoring.factories import (
    NOON,
    make_check,
    make_component,
    make_exchange,
    record,
)
from tests.monitoring.test_pages import text_of

if TYPE_CHECKING:
    from datetime import datetime


pytestmark = pytest.mark.django_db

KRAKEN = "/exchanges/kraken/"
SECOND = timedelta(seconds=1)


def test_few_exchanges_without_a_live_check_are_named() -> None:
    for slug in ("alpha", "beta", "gamma"):
        make_component(make_exchange(slug))
    Exchange.objects.filter(slug="beta").update(lifecycle=Lifecycle.REMOVED)
    assert index_status(NOON).detail == "No live check yet: Alpha and Gamma."


def test_first_results_count_while_others_are_waited_for() -> None:
    component = make_component(make_exchange())
    record(make_check(component), at=NOON)
    make_check(component, kind=Kind.MARKETS.value)

    status = exchange_status("kraken", NOON + SECOND)

    assert (status.mark.name, status.headline) == ("waiting", "1 of 2 checks OK, 1 waiting.")


def test_results_too_old_to_count_are_called_out_of_date() -> None:
    record(make_check(cadence_s=60), at=NOON)

    fresh, old = index_status(NOON + 2 * SECOND), index_status(NOON + timedelta(minutes=4))

    assert (fresh.everyone[0].mark.word, old.everyone[0].mark.word) == ("Operational", "Out of date")
    assert (old.mark.name, old.headline) == ("stale", "Not known right now: Kraken, in the sandbox")


def test_check_that_stopped_speaking_does_not_go_on_being_ok() -> None:
    record(make_check(cadence_s=60), at=NOON)

    def label(now: datetime) -> str:
        (view,) = exchange_status("kraken", now).checks
        return view.since_label

    assert (label(NOON + SECOND), label(NOON + timedelta(hours=1))) == ("OK since", "Last known: OK since")


def test_check_that_is_switched_off_counts_for_nothing() -> None:
    check = make_check()
    record(check, Outcome.FAILED, at=NOON)
    Check.objects.update(enabled=False)

    index = index_status(NOON + SECOND)

    assert (index.mark.name, index.headline, index.detail, index.source) == (
        "unwatched",
        "Nothing is checked live here",
        "Switched off: Kraken.",
        "sandbox",
    )
    for status in (exchange_status("kraken", NOON + SECOND), index.live[0].view):
        assert (status.health, status.mark.word, status.components[0].mark.word) == (
            None,
            "Switched off",
            "Switched off",
        )
        assert status.headline == "The checks of Kraken are switched off here, so its health is not known."
        assert status.components[0].why_not_checked == "Its checks are switched off here."


def test_empty_catalogue_says_how_to_fill_it(client: Client) -> None:
    text = text_of(client.get("/"))
    assert "Nothing is checked live here" in text
    assert "catalogue apply" in text


def test_queries_do_not_grow_with_exchanges_and_results(client: Client) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    def grow(slugs: list[str], runs: int) -> None:
        for slug in slugs:
            exchange = make_exchange(slug)
            for kind in (ComponentKind.SPOT_CONNECTOR, ComponentKind.PERP_CONNECTOR):
                component = make_component(exchange, kind=kind)
                for check in (make_check(component), make_check(component, kind=Kind.MARKETS.value)):
                    for run in range(runs):
                        record(check, at=NOON + run * SECOND)

    grow(["kraken"], 1)
    addresses = ["/", KRAKEN, "/api/v1/exchanges/", "/api/v1/exchanges/kraken/"]
    few = [queries(address) for address in addresses]
    grow(["alpha", "beta", "gamma", "delta"], 3)

    assert [queries(address) for address in addresses] == few
    assert max(few) <= 12


def test_the_same_question_to_two_components_is_told_apart(client: Client, db: None) -> None:
    exchange = make_exchange("kucoin")
    for kind in (ComponentKind.SPOT_CONNECTOR, ComponentKind.PERP_CONNECTOR):
        check = make_check(make_component(exchange, kind=kind, connector_id="kucoin"))
        record(check, Outcome.FAILED if kind == ComponentKind.PERP_CONNECTOR else Outcome.OK, at=timezone.now())

    text = text_of(client.get("/exchanges/kucoin/"))

    assert "Failed Connectivity (Perp Connector) :" in text
    assert "Spot Connector OK Connectivity" in text


def test_pages_are_only_read(client: Client) -> None:
    assert client.post("/").status_code == 405


def test_wrong_host_is_a_plain_400(client: Client) -> None:
    response = client.get("/", headers={"host": "elsewhere.example"})
    assert (response.status_code, "Bad request" in text_of(response)) == (400, True)


def test_component_that_does_not_apply_keeps_its_place() -> None:
    exchange = make_exchange("nowhere")
    make_component(exchange, kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_APPLICABLE)
    (view,) = exchange_status("nowhere", NOON).components
    assert view.why_not_checked == "Not checked, because it does not apply to this exchange."
