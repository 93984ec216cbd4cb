"""The sandbox exchange, and a connector to it that does not hold its calls back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.base import Connector
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
