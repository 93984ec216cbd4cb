"""The sandbox exchange, and the environment that points the connector and its credentials there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from connectors.sandbox import KrakenSandbox, SandboxThread
from monitoring.services.schedule import plan_checks
from registry.choices import Basis, Tier
from registry.models import Component, Exchange
from registry.services.catalogue.load import load_catalogue
from tests.monitoring.factories import assign_tier
from tests.monitoring.market_place import open_market_place
from tests.registry.layers import for_the_module

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxThread[KrakenSandbox]]:
    with SandboxThread(KrakenSandbox) as sandbox:
        for role, url in sandbox.urls.items():
            monkeypatch.setenv(f"KRAKEN_{role.upper()}_URL", url)
        monkeypatch.setenv("KRAKEN_API_KEY", sandbox.credentials.api_key)
        monkeypatch.setenv("KRAKEN_API_SECRET", sandbox.credentials.api_secret)
        yield sandbox


@pytest.fixture
def catalogue(db: None) -> None:
    """The project's own catalogue, and the checks that follow from it."""
    open_catalogue()


@pytest.fixture(scope="module")
def catalogue_of_the_module(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The same, loaded once: a module whose tests are not transactional lays its own `catalogue` upon it."""
    with for_the_module(django_db_blocker):
        open_catalogue()
        yield


def open_catalogue() -> None:
    """KuCoin stands here for an exchange that is in the registry before a connector to it is in the build."""
    load_catalogue()
    Component.objects.filter(exchange__slug="kucoin").update(connector_id=Concat("connector_id", Value("_to_come")))
    plan_checks(now=timezone.now())


@pytest.fixture
def tiers(catalogue: None) -> None:
    """The tiers of the last epoch that gave any, which the exchanges' pages of November 2023 show."""
    for slug, tier in (("kraken", Tier.BRONZE), ("kucoin", Tier.SILVER)):
        exchange = Exchange.objects.get(slug=slug)
        for epoch, day in ((5, date(2023, 7, 6)), (6, date(2023, 10, 14))):
            assign_tier(exchange, tier, day, included=True, basis=Basis.POLL, epoch=f"Epoch {epoch}")


@pytest.fixture
def market_place(db: None) -> None:
    """Exchanges that differ in everything that one may ask the list for."""
    open_market_place()
