"""What the tests of Kraken share: two pairs, and our connector in front of recorded answers."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from connectors.kraken import Kraken
from connectors.types import Credentials, TradingPair
from tests.connectors.conftest import PAYLOADS, CannedServer, payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BTC_USD = TradingPair("BTC", "USD")
BTC_USDT = TradingPair("BTC", "USDT")


@pytest.fixture
async def recorded(canned: CannedServer) -> AsyncIterator[Kraken]:
    """Our connector in front of what Kraken really said."""
    for name, file in (
        ("Time", "rest_time.json"),
        ("SystemStatus", "rest_system_status.json"),
        ("AssetPairs", "rest_asset_pairs.json"),
        ("Depth", "rest_depth.json"),
        ("OHLC", "rest_ohlc.json"),
    ):
        canned.put(f"/0/public/{name}", (PAYLOADS / file).read_bytes())
    canned.put("/0/public/Assets", json.dumps({"error": [], "result": payload("rest_catalog_2026.json")["assets"]}))
    canned.put("/0/private/Balance", (PAYLOADS / "rest_balance.json").read_bytes())
    canned.put("/0/private/GetApiKeyInfo", (PAYLOADS / "rest_api_key_info.json").read_bytes())
    canned.put("/0/private/AddOrder", (PAYLOADS / "rest_add_order.json").read_bytes())
    credentials = Credentials("a-key", base64.b64encode(b"a secret").decode())
    async with Kraken(urls={"rest": canned.url}, credentials=credentials) as connector:
        yield connector
