"""Pages of maintainers: who answers for what and how it does, who did, and where somebody is wanted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from monitoring.checks.outcomes import Outcome
from registry.choices import Lifecycle, MaintenanceState, Tier
from registry.models import Maintainer, Maintenance
from tests.monitoring.factories import make_check, make_component, make_exchange, record
from tests.monitoring.test_page_markup import assert_good_page

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import DjangoAssertNumQueries

    from registry.models import Exchange

pytestmark = pytest.mark.django_db


def maintains(maintainer: Maintainer | None, exchange: Exchange, state: str, **fields: object) -> None:
    Maintenance.objects.create(maintainer=maintainer, exchange=exchange, state=state, **fields)


@pytest.fixture
def people() -> None:
    foundation = Maintainer.objects.create(slug="foundation", name="The Foundation", kind="organisation")
    wojak = Maintainer.objects.create(slug="wojak", name="Wojak <b>", kind="person", url="https://github.com/wojak")
    kraken = make_exchange("kraken", tier=Tier.SILVER)
    check = make_check(make_component(kraken))
    record(check, Outcome.FAILED, at=timezone.now())
    others = {slug: make_exchange(slug, tier="") for slug in ("bybit", "okx", "nobodys", "gone")}
    for exchange in others.values():
        make_component(exchange)
    others["gone"].lifecycle = Lifecycle.REMOVED
    others["gone"].save(update_fields=["lifecycle"])
    maintains(foundation, kraken, MaintenanceState.ACTIVE, since=date(2023, 1, 9), last_confirmed=date(2023, 8, 24))
    maintains(foundation, others["gone"], MaintenanceState.ACTIVE, source="docs/exchanges/gone.md")
    maintains(wojak, kraken, MaintenanceState.EMERITUS)
    maintains(wojak, others["okx"], MaintenanceState.ACTIVE)
    maintains(None, others["bybit"], MaintenanceState.SEEKING)


def test_the_list_counts_and_says_how_what_is_theirs_does(client: Client, people: None) -> None:
    document = client.get("/api/v1/maintainers/").json()

    foundation, wojak = document["result"]
    assert [one["exchange"] for one in foundation["active"]] == ["gone", "kraken"]
    kraken = foundation["active"][1]
    assert (kraken["tier"], kraken["health"], kraken["since"], kraken["last_confirmed"]) == (
        "silver",
        "failed",
        "2023-01-09",
        "2023-08-24",
    )
    assert (foundation["last_confirmed"], foundation["website"]) == ("2023-08-24", None)
    assert ([one["exchange"] for one in wojak["active"]], [one["exchange"] for one in wojak["emeritus"]]) == (
        ["okx"],
        ["kraken"],
    )
    assert (document["seeking"], document["unmaintained"], document["total"]) == (["bybit"], ["nobodys"], 2)

    page = client.get("/maintainers/").content.decode()
    assert "Wojak &lt;b&gt;" in page
    assert "Wojak <b>" not in page
    assert page.index("The Foundation") < page.index("Wojak")
    for words in ("Failing", "formerly 1", "Seeking a maintainer", "Nobody named"):
        assert words in page


def test_one_maintainers_page_has_their_exchanges_with_tier_and_health(client: Client, people: None) -> None:
    page = client.get("/maintainers/foundation/").content.decode()

    assert "Failing" in page
    assert "Silver" in page
    assert "2023-08-24" in page
    assert 'href="/exchanges/kraken/"' in page
    assert "removed" in page  # what is no longer shipped says so
    assert "Maintained once" not in page
    assert "Maintained once" in client.get("/maintainers/wojak/").content.decode()
    assert client.get("/api/v1/maintainers/foundation/").json()["html_url"] == "/maintainers/foundation/"


@pytest.mark.parametrize("address", ["/maintainers/", "/maintainers/foundation/", "/maintainers/wojak/"])
def test_pages_are_built_for_everyone(client: Client, people: None, address: str) -> None:
    assert_good_page(client.get(address))


def test_pages_of_an_empty_registry_say_so(client: Client) -> None:
    response = client.get("/maintainers/")

    assert_good_page(response)
    assert "The registry names no maintainer." in response.content.decode()


def test_somebody_unknown_is_told_so_with_the_nearest_name(client: Client, people: None) -> None:
    answer = client.get("/maintainers/fundation/")
    assert answer.status_code == 404
    assert "did you mean foundation?" in answer.content.decode()
    assert client.get("/api/v1/maintainers/nobody/").status_code == 404
    assert client.get("/maintainers/?as_of=2023-01-01").status_code == 400


def test_a_maintainer_changes_no_tier(client: Client, people: None) -> None:
    before = client.get("/api/v1/exchanges/kraken/").json()
    Maintenance.objects.all().delete()
    after = client.get("/api/v1/exchanges/kraken/").json()
    assert (before["tier"], len(before["maintainers"])) == (after["tier"], 1)
    assert after["maintainers"] == []


def test_the_number_of_queries_does_not_grow(
    client: Client, people: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        exchange = make_exchange(f"more-{number}", tier="")
        maintains(Maintainer.objects.create(slug=f"m{number}", name=f"M{number}"), exchange, MaintenanceState.ACTIVE)
    with django_assert_max_num_queries(12):
        assert client.get("/maintainers/").status_code == 200
    for slug in ("foundation", "m0"):
        with django_assert_max_num_queries(12):
            assert client.get(f"/maintainers/{slug}/").status_code == 200
