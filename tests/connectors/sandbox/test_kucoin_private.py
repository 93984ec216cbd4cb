"""The KuCoin sandboxes' signed calls: who may do what, and what spot orders do to the balances."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.errors import UsageError
from connectors.sandbox import KucoinPerpetualSandbox, KucoinSandbox
from connectors.sandbox.kucoin import Permission
from connectors.sandbox.kucoin.keys import digest, signed_text
from connectors.types import Credentials
from tests.connectors.sandbox.kucoin_wire import Rest, headers_of, rest_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kucoin"
VECTORS = json.loads((PAYLOADS / "signing_vectors.json").read_text(encoding="utf-8"))
SPOT_ORDER = {"symbol": "BTC-USDT", "type": "limit", "side": "buy", "price": "80000", "size": "0.01"}


@pytest.fixture
async def spot() -> AsyncIterator[KucoinSandbox]:
    async with KucoinSandbox(seed=7, rate=0.001) as sandbox:
        yield sandbox


@pytest.fixture
async def spot_rest(spot: KucoinSandbox) -> AsyncIterator[Rest]:
    async with rest_of(spot) as rest:
        yield rest


@pytest.fixture
async def perpetual() -> AsyncIterator[KucoinPerpetualSandbox]:
    async with KucoinPerpetualSandbox(seed=7, rate=0.001) as sandbox:
        yield sandbox


@pytest.fixture
async def perpetual_rest(perpetual: KucoinPerpetualSandbox) -> AsyncIterator[Rest]:
    async with rest_of(perpetual) as rest:
        yield rest


def recorded(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))["data"]


# keys


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_signature_is_the_published_one(vector: dict[str, Any]) -> None:
    text = signed_text(
        str(vector["timestamp_ms"]), vector["method"], vector["url_on_the_wire"], vector["body"].encode()
    )
    assert text == vector["prehash"]
    assert digest(vector["secret"], text) == vector["expect"]["KC-API-SIGN"]


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"KC-API-SIGN": ""}, 400, "400001"),
        ({"KC-API-TIMESTAMP": "yesterday"}, 400, "400002"),
        ({"KC-API-TIMESTAMP": "1700000000000"}, 400, "400002"),
        ({"KC-API-KEY": "unknown"}, 401, "400003"),
        ({"KC-API-PASSPHRASE": "wrong"}, 401, "400004"),
        ({"KC-API-SIGN": "wrong"}, 401, "400005"),
        ({"KC-API-KEY-VERSION": "4"}, 400, "400009"),
    ],
)
async def test_wrong_header_is_named(spot_rest: Rest, changed: dict[str, str], status: int, code: str) -> None:
    headers = headers_of(spot_rest.credentials, "GET", "/api/v1/accounts", "", **changed)
    response = await spot_rest.client.get("/api/v1/accounts", headers=headers)
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(("off_ms", "code"), [(-4_000, "200000"), (4_000, "200000"), (-6_000, "400002")])
async def test_timestamp_may_be_five_seconds_off(spot_rest: Rest, off_ms: int, code: str) -> None:
    timestamp = str(time.time_ns() // 1_000_000 + off_ms)
    sign = digest(spot_rest.credentials.api_secret, f"{timestamp}GET/api/v1/accounts")
    headers = headers_of(
        spot_rest.credentials, "GET", "/api/v1/accounts", "", **{"KC-API-TIMESTAMP": timestamp, "KC-API-SIGN": sign}
    )
    assert (await spot_rest.client.get("/api/v1/accounts", headers=headers)).json()["code"] == code


async def test_passphrase_is_plain_with_version_1_and_a_digest_with_2_and_3(spot_rest: Rest) -> None:
    keys = spot_rest.credentials
    digested = digest(keys.api_secret, keys.passphrase or "")
    for version, passphrase, code in (
        ("1", keys.passphrase or "", "200000"),
        ("2", digested, "200000"),
        ("3", digested, "200000"),
        ("1", digested, "400004"),
        ("3", keys.passphrase or "", "400004"),
    ):
        changed = {"KC-API-KEY-VERSION": version, "KC-API-PASSPHRASE": passphrase}
        headers = headers_of(keys, "GET", "/api/v1/accounts", "", **changed)
        assert (await spot_rest.client.get("/api/v1/accounts", headers=headers)).json()["code"] == code


async def test_query_is_signed_without_its_escapes(spot_rest: Rest) -> None:
    headers = headers_of(spot_rest.credentials, "GET", "/api/v1/trade-fees?symbols=BTC-USDT,ETH-USDT", "")
    response = await spot_rest.client.get("/api/v1/trade-fees?symbols=BTC-USDT%2CETH-USDT", headers=headers)
    assert [fee["symbol"] for fee in response.json()["data"]] == ["BTC-USDT", "ETH-USDT"]


async def test_partner_signature_counts_only_where_it_is_to_be_verified(spot: KucoinSandbox, spot_rest: Rest) -> None:
    keys = spot.credentials
    for signature, verify, code in (("right", "true", "200000"), ("wrong", "true", "400201"), ("wrong", "", "200000")):
        headers = headers_of(keys, "GET", "/api/v1/accounts", "")
        right = digest(spot.partner.key, headers["KC-API-TIMESTAMP"] + spot.partner.id + keys.api_key)
        headers |= {
            "KC-API-PARTNER": spot.partner.id,
            "KC-API-PARTNER-SIGN": right if signature == "right" else "wrong",
            "KC-API-PARTNER-VERIFY": verify,
        }
        assert (await spot_rest.client.get("/api/v1/accounts", headers=headers)).json()["code"] == code


async def test_key_may_do_only_what_it_is_allowed(spot: KucoinSandbox, spot_rest: Rest) -> None:
    reader = spot.add_key([Permission.GENERAL])
    info = (await spot_rest.call("GET", "/api/v1/user/api-key", credentials=reader))["data"]
    assert (info["permission"], info["apiKey"]) == ("General", reader.api_key)
    refused = await spot_rest.response("POST", "/api/v1/hf/orders/test", credentials=reader, **SPOT_ORDER)
    assert (refused.status_code, refused.json()["code"]) == (403, "400007")


async def test_api_key_endpoint_has_the_recorded_fields_on_both_hosts(spot_rest: Rest, perpetual_rest: Rest) -> None:
    for rest in (spot_rest, perpetual_rest):
        info = (await rest.call("GET", "/api/v1/user/api-key"))["data"]
        assert set(info) == set(recorded("api_key_info.json"))
        assert info["permission"] == "General,Futures,Spot"


def test_key_without_a_passphrase_is_refused_with_the_remedy() -> None:
    with pytest.raises(UsageError, match="passphrase: a KuCoin key has one"):
        KucoinSandbox(credentials=Credentials("key", "secret"))


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("expired_timestamp", "400002"),
        ("clock_skew", "400002"),
        ("invalid_key", "400003"),
        ("wrong_passphrase", "400004"),
        ("invalid_signature", "400005"),
        ("permission_denied", "400007"),
    ],
)
async def test_credential_faults_answer_in_the_venues_codes(
    spot: KucoinSandbox, spot_rest: Rest, fault: str, code: str
) -> None:
    spot.faults.switch_on(fault)
    assert (await spot_rest.call("GET", "/api/v1/accounts"))["code"] == code
    spot.faults.clear()
    assert (await spot_rest.call("GET", "/api/v1/accounts"))["code"] == "200000"


async def test_any_signature_accepts_a_tampered_one(spot: KucoinSandbox, spot_rest: Rest) -> None:
    spot.faults.switch_on("any_signature")
    headers = headers_of(spot_rest.credentials, "GET", "/api/v1/accounts", "", **{"KC-API-SIGN": "tampered"})
    assert (await spot_rest.client.get("/api/v1/accounts", headers=headers)).json()["code"] == "200000"


async def test_withdraw_permission_is_reported(spot: KucoinSandbox, spot_rest: Rest) -> None:
    spot.faults.switch_on("withdraw_permission")
    info = (await spot_rest.call("GET", "/api/v1/user/api-key"))["data"]
    assert info["permission"].split(",") == ["General", "Futures", "Spot", "Withdrawal"]


# spot orders


async def test_accounts_have_the_recorded_fields(spot_rest: Rest) -> None:
    accounts = (await spot_rest.call("GET", "/api/v1/accounts"))["data"]
    assert set(accounts[0]) == set(recorded("spot_accounts.json")[0])
    trade = await spot_rest.call("GET", "/api/v1/accounts", query="type=trade&currency=BTC")
    assert [(one["balance"], one["available"], one["holds"]) for one in trade["data"]] == [("2.5", "2.5", "0")]


async def test_order_rests_holds_its_funds_and_is_cancelled(spot_rest: Rest) -> None:
    placed = (await spot_rest.call("POST", "/api/v1/hf/orders", clientOid="mine", **SPOT_ORDER))["data"]
    assert placed["clientOid"] == "mine"
    (active,) = (await spot_rest.call("GET", "/api/v1/hf/orders/active", query="symbol=BTC-USDT"))["data"]
    assert set(active) == set(recorded("spot_order_done.json"))
    assert (active["id"], active["active"], active["remainSize"]) == (placed["orderId"], True, "0.01")
    (usdt,) = (await spot_rest.call("GET", "/api/v1/accounts", query="type=trade&currency=USDT"))["data"]
    assert (usdt["holds"], usdt["available"]) == ("800.8", "199199.2")
    cancelled = await spot_rest.call("DELETE", "/api/v1/hf/orders/client-order/mine", query="symbol=BTC-USDT")
    assert cancelled["data"] == {"clientOid": "mine"}
    order = (await spot_rest.call("GET", f"/api/v1/hf/orders/{placed['orderId']}", query="symbol=BTC-USDT"))["data"]
    assert (order["active"], order["cancelExist"], order["cancelledSize"]) == (False, True, "0.01")


async def test_market_order_fills_and_moves_both_balances(spot: KucoinSandbox, spot_rest: Rest) -> None:
    order = {"symbol": "BTC-USDT", "type": "market", "side": "buy", "funds": "1000"}
    placed = (await spot_rest.call("POST", "/api/v1/hf/orders", **order))["data"]
    done = (await spot_rest.call("GET", f"/api/v1/hf/orders/{placed['orderId']}", query="symbol=BTC-USDT"))["data"]
    assert (done["active"], done["funds"], done["size"]) == (False, "1000", "0")
    assert 999 < float(done["dealFunds"]) <= 1000
    assert Decimal(done["fee"]) == (Decimal(done["dealFunds"]) / 1000).quantize(Decimal("1e-10"))
    paid = Decimal(done["dealFunds"]) + Decimal(done["fee"])
    assert spot.account.balances["USDT"] == 200_000 - paid
    assert spot.account.balances["BTC"] == Decimal("2.5") + Decimal(done["dealSize"])


async def test_old_endpoints_give_pages_and_want_a_client_id(spot_rest: Rest) -> None:
    refused = await spot_rest.call("POST", "/api/v1/orders", **SPOT_ORDER)
    assert (refused["code"], refused["msg"]) == ("400100", "validation.createOrder.clientOidIsRequired")
    ids = [
        (await spot_rest.call("POST", "/api/v1/orders", clientOid=f"c{number}", **SPOT_ORDER))["data"]["orderId"]
        for number in range(3)
    ]
    listed = (await spot_rest.call("GET", "/api/v1/orders", query="status=active&pageSize=2&currentPage=2"))["data"]
    assert [listed[name] for name in ("currentPage", "pageSize", "totalNum", "totalPage")] == [2, 2, 3, 2]
    assert [order["id"] for order in listed["items"]] == ids[:1]
    cancelled = await spot_rest.call("DELETE", f"/api/v1/orders/{ids[0]}")
    assert cancelled["data"] == {"cancelledOrderIds": [ids[0]]}
    assert (await spot_rest.call("DELETE", f"/api/v1/orders/{ids[0]}"))["code"] == "400100"


async def test_test_order_is_checked_and_never_seen_again(spot_rest: Rest) -> None:
    tested = await spot_rest.call("POST", "/api/v1/hf/orders/test", clientOid="probe", **SPOT_ORDER)
    assert set(tested["data"]) == set(recorded("spot_order_test.json"))
    found = await spot_rest.call("GET", f"/api/v1/hf/orders/{tested['data']['orderId']}", query="symbol=BTC-USDT")
    assert found["code"] == "400100"
    assert (await spot_rest.call("GET", "/api/v1/hf/orders/active", query="symbol=BTC-USDT"))["data"] == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"symbol": "NO-PE"}, "400100"),
        ({"symbol": "BSV-USDT"}, "600203"),
        ({"side": "hold"}, "400100"),
        ({"type": "stop"}, "400100"),
        ({"price": "80000.01"}, "400100"),
        ({"size": "0.000000001"}, "600100"),
        ({"size": "0.000001"}, "600101"),
        ({"size": "0.000005", "price": "86000"}, "400100"),
        ({"size": "1e99"}, "400100"),
        ({"price": "-1"}, "400100"),
        ({"timeInForce": "GTD"}, "400100"),
        ({"timeInForce": "GTT"}, "400100"),
        ({"timeInForce": "IOC", "postOnly": True}, "400100"),
        ({"clientOid": "has space"}, "400100"),
    ],
)
async def test_spot_order_is_refused_in_the_venues_codes(spot_rest: Rest, changed: dict[str, Any], code: str) -> None:
    for path in ("/api/v1/hf/orders/test", "/api/v1/hf/orders"):
        assert (await spot_rest.call("POST", path, **{**SPOT_ORDER, **changed}))["code"] == code


async def test_funds_crossing_and_repeated_ids_are_refused_when_placing(spot_rest: Rest) -> None:
    async def code_of(**changed: Any) -> str:
        answer = await spot_rest.call("POST", "/api/v1/hf/orders", **{**SPOT_ORDER, **changed})
        return str(answer["code"])

    assert await code_of(size="10") == "200004"
    assert await code_of(price="90000", postOnly=True) == "400100"
    assert await code_of(clientOid="twice") == "200000"
    assert await code_of(clientOid="twice") == "102426"


async def test_fill_or_kill_is_killed_where_the_book_is_too_thin(spot_rest: Rest) -> None:
    best = (await spot_rest.get("/api/v1/market/orderbook/level1", symbol="BTC-USDT"))["data"]
    assert float(best["bestAskSize"]) < 2
    order = {**SPOT_ORDER, "price": best["bestAsk"], "size": "2", "timeInForce": "FOK"}
    placed = (await spot_rest.call("POST", "/api/v1/hf/orders", **order))["data"]
    killed = (await spot_rest.call("GET", f"/api/v1/hf/orders/{placed['orderId']}", query="symbol=BTC-USDT"))["data"]
    assert (killed["active"], killed["dealSize"], killed["cancelExist"]) == (False, "0", True)


@pytest.mark.parametrize(
    ("fault", "mode", "code"), [("order_refused", {}, "400100"), ("maintenance", {"mode": "cancel_only"}, "200001")]
)
async def test_orders_are_refused_by_fault(
    spot: KucoinSandbox, spot_rest: Rest, fault: str, mode: dict[str, str], code: str
) -> None:
    placed = (await spot_rest.call("POST", "/api/v1/hf/orders", **SPOT_ORDER))["data"]
    spot.faults.switch_on(fault, **mode)
    assert (await spot_rest.call("POST", "/api/v1/hf/orders/test", **SPOT_ORDER))["code"] == code
    cancelled = await spot_rest.call("DELETE", f"/api/v1/hf/orders/{placed['orderId']}", query="symbol=BTC-USDT")
    assert cancelled["code"] == "200000"


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b"[1]", b'{"price":', b'{"clientOid":{},"size":[1]}'])
async def test_odd_bodies_are_refused_and_break_nothing(spot_rest: Rest, perpetual_rest: Rest, body: bytes) -> None:
    for rest in (spot_rest, perpetual_rest):
        headers = headers_of(rest.credentials, "POST", "/api/v1/orders/test", body.decode("utf-8", "replace"))
        response = await rest.client.post("/api/v1/orders/test", content=body, headers=headers)
        assert response.status_code < 500
        assert response.json()["code"] in ("400100", "100001")
