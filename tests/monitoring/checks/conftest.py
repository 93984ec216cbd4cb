"""The sandbox exchange, and a connector to it that does not hold its calls back."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from connectors import sandbox as exchanges
from connectors.base import Connector
from connectors.catalog import CONNECTORS
from connectors.kraken import Kraken
from connectors.rate_limit import RateLimit
from connectors.sandbox import KrakenSandbox
from connectors.types import TradingPair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class UnthrottledKraken(Kraken):
    """Kraken as it is, on a venue that limits no rate: waiting is not what is tested here."""

    rate_limit = RateLimit(capacity=1000, refill_per_s=1000)


class ClockOnly(Connector):
    """A venue that is not traded, of which nothing can be asked."""

    id = venue = "clock"
    live_urls = {"rest": "http://127.0.0.1:1"}
    default_pair = TradingPair("BTC", "USD")
    rate_limit = RateLimit(capacity=1, refill_per_s=1)


@pytest.fixture
async def sandbox() -> AsyncIterator[KrakenSandbox]:
    async with KrakenSandbox(rate=100) as running:
        yield running


@pytest.fixture
async def connector(sandbox: KrakenSandbox) -> AsyncIterator[Kraken]:
    async with UnthrottledKraken(urls=sandbox.urls, credentials=sandbox.credentials) as kraken:
        yield kraken


SANDBOXES: dict[str, tuple[type[Any], type[Connector]]] = {
    name: (exchanges.SANDBOXES[name], kind) for name, kind in {**CONNECTORS, "kraken": UnthrottledKraken}.items()
}


@asynccontextmanager
async def standing(connector_id: str) -> AsyncIterator[tuple[Any, Any]]:
    """The sandbox of this connector, and the connector with its credentials."""
    new_sandbox, new_connector = SANDBOXES[connector_id]
    async with (
        new_sandbox(rate=100) as sandbox,
        new_connector(urls=sandbox.urls, credentials=sandbox.credentials) as connector,
    ):
        yield sandbox, connector
