"""Both of KuCoin's markets as sandboxes, our connectors pointed at them, and recorded payloads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.kucoin import Kucoin, KucoinPerpetual
from connectors.sandbox import KucoinPerpetualSandbox, KucoinSandbox
from connectors.types import Credentials, TradingPair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.connectors.conftest import CannedServer

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kucoin"
BTC_USDT = TradingPair("BTC", "USDT")
CREDENTIALS = Credentials("the-api-key", "the-api-secret", "the-passphrase")


def payload_text(name: str) -> str:
    return (PAYLOADS / name).read_text(encoding="utf-8")


def payload(name: str) -> Any:
    return json.loads(payload_text(name))


def listed(name: str, **changes: object) -> str:
    """A payload of one symbol as the list that the connector asks for, with some fields changed."""
    return json.dumps({"code": "200000", "data": [payload(name)["data"] | changes]})


@pytest.fixture
async def spot_venue() -> AsyncIterator[KucoinSandbox]:
    """A fast market, so that no test waits for the next update."""
    async with KucoinSandbox(seed=11, rate=400) as sandbox:
        yield sandbox


@pytest.fixture
async def kucoin(spot_venue: KucoinSandbox) -> AsyncIterator[Kucoin]:
    async with Kucoin(urls=spot_venue.urls, credentials=spot_venue.credentials) as connector:
        yield connector


@pytest.fixture
async def perpetual_venue() -> AsyncIterator[KucoinPerpetualSandbox]:
    async with KucoinPerpetualSandbox(seed=11, rate=400) as sandbox:
        yield sandbox


@pytest.fixture
async def perpetual(perpetual_venue: KucoinPerpetualSandbox) -> AsyncIterator[KucoinPerpetual]:
    async with KucoinPerpetual(urls=perpetual_venue.urls, credentials=perpetual_venue.credentials) as connector:
        yield connector


@pytest.fixture
async def canned_spot(canned: CannedServer) -> AsyncIterator[Kucoin]:
    """Against canned answers, of which the list of pairs is there already."""
    canned.put("/api/v2/symbols", listed("spot_symbol_btc_usdt.json"))
    async with Kucoin(urls={"rest": canned.url}, credentials=CREDENTIALS) as connector:
        yield connector


@pytest.fixture
async def canned_perpetual(canned: CannedServer) -> AsyncIterator[KucoinPerpetual]:
    canned.put("/api/v1/contracts/active", listed("futures_contract_xbtusdtm.json"))
    urls = {"rest": canned.url, "rest_keys": canned.url}
    async with KucoinPerpetual(urls=urls, credentials=CREDENTIALS) as connector:
        yield connector
