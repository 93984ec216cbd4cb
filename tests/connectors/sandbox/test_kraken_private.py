"""Private calls: signatures, nonces, permissions and orders, refused in Kraken's own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.sandbox import KrakenSandbox, Permission
from connectors.sandbox.kraken.keys import signature
from connectors.types import Credentials
from tests.connectors.sandbox.wire import rest_of, socket_of

if TYPE_CHECKING:
    from tests.connectors.sandbox.wire import Rest

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kraken"
LIMIT_BUY: dict[str, Any] = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "70000", "volume": "0.01"}


def test_signature_is_the_documented_one() -> None:
    vector = json.loads((PAYLOADS / "signing_example.json").read_text())["spot"]
    signed = signature(vector["private_key"], vector["path"], vector["nonce"], vector["body"].encode())
    assert signed == vector["api_sign"]


async def test_documented_key_and_nonce_open_a_sandbox_that_has_them(rest: Rest, sandbox: KrakenSandbox) -> None:
    vector = json.loads((PAYLOADS / "signing_example.json").read_text())["spot"]
    sandbox.add_key(tuple(Permission), Credentials("documented", vector["private_key"]))
    headers = {
        "API-Key": "documented",
        "API-Sign": vector["api_sign"],
        "Content-Type": "application/x-www-form-urlencoded",
    }
    response = await rest.client.post(vector["path"], content=vector["body"], headers=headers)
    assert response.json()["result"]["descr"] == {"order": "buy 1.25000000 XBTUSD @ limit 37500.0"}


@pytest.mark.parametrize("as_json", [False, True])
async def test_form_and_json_bodies_are_accepted(rest: Rest, as_json: bool) -> None:
    assert (await rest.private("Balance", as_json=as_json))["error"] == []


async def test_unknown_key_wrong_secret_and_missing_header_are_told_apart(rest: Rest) -> None:
    stranger = Credentials("nobody", rest.credentials.api_secret)
    liar = Credentials(rest.credentials.api_key, "AAAA")
    assert await rest.private("Balance", credentials=stranger) == {"error": ["EAPI:Invalid key"]}
    assert await rest.private("Balance", credentials=liar) == {"error": ["EAPI:Invalid signature"]}
    assert (await rest.client.post("/0/private/Balance")).json() == {"error": ["EAPI:Invalid key"]}


async def test_nonce_must_rise(rest: Rest) -> None:
    assert (await rest.private("Balance", nonce=1000))["error"] == []
    for nonce in (1000, 999, 0, -1, 2**64, "abc", ""):
        assert await rest.private("Balance", nonce=nonce) == {"error": ["EAPI:Invalid nonce"]}, nonce
    assert (await rest.private("Balance", nonce=1001))["error"] == []


async def test_nonce_is_kept_per_key(rest: Rest, sandbox: KrakenSandbox) -> None:
    other = sandbox.add_key([Permission.QUERY_FUNDS])
    assert (await rest.private("Balance", nonce=2**63))["error"] == []
    assert (await rest.private("Balance", nonce=5, credentials=other))["error"] == []


async def test_refused_signature_leaves_the_nonce_unused(rest: Rest) -> None:
    liar = Credentials(rest.credentials.api_key, "AAAA")
    await rest.private("Balance", nonce=50, credentials=liar)
    assert (await rest.private("Balance", nonce=50))["error"] == []


@pytest.mark.parametrize(
    ("name", "given", "permission"),
    [
        ("Balance", {}, Permission.QUERY_FUNDS),
        ("BalanceEx", {}, Permission.QUERY_FUNDS),
        ("TradeBalance", {}, Permission.QUERY_FUNDS),
        ("OpenOrders", {}, Permission.QUERY_OPEN_ORDERS),
        ("ClosedOrders", {}, Permission.QUERY_CLOSED_ORDERS),
        ("AddOrder", {**LIMIT_BUY, "validate": "true"}, Permission.CREATE_ORDERS),
        ("CancelAll", {}, Permission.CANCEL_ORDERS),
        ("GetWebSocketsToken", {}, Permission.WEBSOCKET),
    ],
)
async def test_each_endpoint_needs_its_permission(
    rest: Rest, sandbox: KrakenSandbox, name: str, given: dict[str, Any], permission: Permission
) -> None:
    allowed = sandbox.add_key([permission])
    lacking = sandbox.add_key(set(Permission) - {permission})
    assert (await rest.private(name, credentials=allowed, **given))["error"] == []
    assert await rest.private(name, credentials=lacking, **given) == {"error": ["EGeneral:Permission denied"]}


async def test_full_call_counter_refuses_until_it_has_decayed() -> None:
    async with KrakenSandbox(max_calls=2, calls_per_s=0.001) as sandbox, rest_of(sandbox) as rest:
        assert [(await rest.private("Balance"))["error"] for _ in range(3)] == [[], [], ["EAPI:Rate limit exceeded"]]
        assert (await rest.private("AddOrder", **LIMIT_BUY, validate="true"))["error"] == []


async def test_validated_order_has_a_description_and_no_id(rest: Rest) -> None:
    answer = await rest.private("AddOrder", **LIMIT_BUY, validate="true")
    assert answer == {"error": [], "result": {"descr": {"order": "buy 0.01000000 XBTUSD @ limit 70000.0"}}}
    assert (await rest.private("OpenOrders"))["result"]["open"] == {}


REFUSED_ORDERS: list[tuple[dict[str, Any], str]] = [
    ({"pair": "XBT/USD"}, "EQuery:Unknown asset pair"),
    ({"type": "hold"}, "EGeneral:Invalid arguments:type"),
    ({"ordertype": "guess"}, "EGeneral:Invalid arguments:ordertype"),
    ({"volume": "0.00001"}, "EGeneral:Invalid arguments:volume minimum not met"),
    ({"volume": "1e999999999"}, "EGeneral:Invalid arguments:volume"),
    ({"price": "70000.12"}, "EOrder:Invalid price:XXBTZUSD price can only be specified up to 1 decimals."),
    ({"price": "NaN"}, "EGeneral:Invalid arguments:price"),
    ({"price": "1", "volume": "0.1"}, "EOrder:Cost minimum not met"),
    ({"price": "99999", "oflags": "post"}, "EOrder:Post only order"),
    ({"volume": "1000"}, "EOrder:Insufficient funds"),
    ({"pair": "ACAEUR", "price": "0.02", "volume": "20000"}, "EService:Market in cancel_only mode"),
    ({"deadline": "2020-01-01T00:00:00Z"}, "EService:Deadline elapsed"),
    ({"userref": "1", "cl_ord_id": "a"}, "EGeneral:Invalid arguments:userref and cl_ord_id are exclusive"),
    ({"ordertype": "stop-loss"}, "EGeneral:Invalid arguments:ordertype"),
]


async def test_orders_are_refused_in_krakens_words(rest: Rest) -> None:
    for change, error in REFUSED_ORDERS:
        assert await rest.private("AddOrder", **{**LIMIT_BUY, **change}) == {"error": [error]}, change


async def test_order_lives_from_open_to_cancelled(rest: Rest) -> None:
    (txid,) = (await rest.private("AddOrder", **LIMIT_BUY, userref=7))["result"]["txid"]
    assert (await rest.private("BalanceEx"))["result"]["ZUSD"]["hold_trade"] == "701.7500"
    assert list((await rest.private("OpenOrders", userref=7))["result"]["open"]) == [txid]
    assert (await rest.private("CancelOrder", txid=txid))["result"] == {"count": 1}
    assert (await rest.private("QueryOrders", txid=txid))["result"][txid]["status"] == "canceled"
    assert list((await rest.private("ClosedOrders"))["result"]["closed"]) == [txid]
    assert await rest.private("CancelOrder", txid=txid) == {"error": ["EOrder:Unknown order"]}


async def test_executions_and_balances_tell_of_an_order_in_sequence(sandbox: KrakenSandbox, rest: Rest) -> None:
    async with socket_of(sandbox, "ws_auth") as socket:
        token = await rest.token()
        assert (await socket.subscribe("executions", token=token))["success"] is True
        assert (await socket.frame("executions", "snapshot"))["sequence"] == 1
        assert (await socket.subscribe("balances", token=token))["success"] is True
        assert (await socket.frame("balances", "snapshot"))["sequence"] == 1
        await socket.say(
            "add_order",
            token=token,
            symbol="BTC/USD",
            side="buy",
            order_type="limit",
            order_qty=0.01,
            limit_price=70000,
        )
        updates = [await socket.frame("executions", "update") for _ in range(2)]
        order_id = (await socket.reply())["result"]["order_id"]
        assert [(update["sequence"], update["data"][0]["exec_type"]) for update in updates] == [
            (2, "pending_new"),
            (3, "new"),
        ]
        await socket.say("cancel_order", token=token, order_id=[order_id])
        assert (await socket.frame("executions", "update"))["data"][0]["exec_type"] == "canceled"
        await rest.private("AddOrder", pair="XBTUSD", type="buy", ordertype="market", volume="0.0001")
        changes = (await socket.frame("balances", "update"))["data"]
        assert [change["asset"] for change in changes] == ["BTC", "USD"]
        assert changes[0]["amount"] == "0.00010000"


async def test_filled_market_order_moves_the_balances(rest: Rest) -> None:
    before = (await rest.private("Balance"))["result"]
    await rest.private("AddOrder", pair="XBTUSD", type="sell", ordertype="market", volume="0.001")
    after = (await rest.private("Balance"))["result"]
    assert after["XXBT"] == "2.4990000000"
    assert float(after["ZUSD"]) > float(before["ZUSD"])
