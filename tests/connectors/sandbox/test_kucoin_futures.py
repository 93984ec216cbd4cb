"""The KuCoin futures sandbox's signed calls: orders, positions in both modes, margin and profit."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.sandbox import KucoinPerpetualSandbox
from connectors.sandbox.kucoin.contracts import CONTRACTS
from connectors.sandbox.kucoin.positions import FuturesPosition
from tests.connectors.sandbox.kucoin_wire import Rest, rest_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kucoin"
FUTURES_ORDER = {"symbol": "XBTUSDTM", "type": "limit", "side": "buy", "price": "83000", "size": 10, "leverage": 5}
POSITION_MODE = "/api/v2/position/switchPositionMode"


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


async def place(rest: Rest, **changed: Any) -> dict[str, Any]:
    client_id = f"c{time.perf_counter_ns()}"
    return await rest.call("POST", "/api/v1/orders", **{"clientOid": client_id, **FUTURES_ORDER, **changed})


async def overview(rest: Rest, currency: str = "USDT") -> dict[str, Any]:
    data: dict[str, Any] = (await rest.call("GET", "/api/v1/account-overview", query=f"currency={currency}"))["data"]
    return data


async def positions(rest: Rest) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = (await rest.call("GET", "/api/v1/positions"))["data"]
    return data


async def test_overview_is_of_xbt_unless_asked_otherwise(perpetual_rest: Rest) -> None:
    bare = (await perpetual_rest.call("GET", "/api/v1/account-overview"))["data"]
    assert (bare["currency"], bare["accountEquity"]) == ("XBT", 1)
    usdt = await overview(perpetual_rest)
    assert set(usdt) == set(recorded("futures_account_overview.json"))
    assert (usdt["availableBalance"], usdt["marginBalance"]) == (50_000, 50_000)


async def test_fills_open_turn_and_close_a_position(perpetual: KucoinPerpetualSandbox, perpetual_rest: Rest) -> None:
    await place(perpetual_rest, type="market", size=100)
    (long,) = await positions(perpetual_rest)
    assert set(recorded("futures_positions.json")[1]) <= set(long)
    assert (long["currentQty"], long["leverage"], long["marginMode"], long["positionSide"]) == (
        100,
        5,
        "ISOLATED",
        "BOTH",
    )
    account = await overview(perpetual_rest)
    assert account["positionMargin"] == pytest.approx(long["avgEntryPrice"] * 0.1 / 5)
    assert account["accountEquity"] == pytest.approx(account["marginBalance"] + account["unrealisedPNL"])
    await place(perpetual_rest, type="market", side="sell", size=150)
    (short,) = await positions(perpetual_rest)
    assert short["currentQty"] == -50
    await place(perpetual_rest, type="market", closeOrder=True, side="", size=None)
    assert await positions(perpetual_rest) == []
    fills = (await perpetual_rest.call("GET", "/api/v1/fills"))["data"]["items"]
    cash = sum(Decimal(fill["value"]) * (1 if fill["side"] == "sell" else -1) - Decimal(fill["fee"]) for fill in fills)
    assert perpetual.account.balances["USDT"] == 50_000 + cash


async def test_resting_order_sets_margin_aside(perpetual_rest: Rest) -> None:
    placed = await place(perpetual_rest, clientOid="resting")
    account = await overview(perpetual_rest)
    assert account["orderMargin"] == pytest.approx(830 / 5 + 830 * 0.0006)
    by_client = await perpetual_rest.call("GET", "/api/v1/orders/byClientOid", query="clientOid=resting")
    assert (by_client["data"]["id"], by_client["data"]["status"]) == (placed["data"]["orderId"], "open")
    await perpetual_rest.call("DELETE", f"/api/v1/orders/{placed['data']['orderId']}")
    assert (await overview(perpetual_rest))["orderMargin"] == 0


async def test_hedge_mode_keeps_a_long_and_a_short_side_by_side(perpetual_rest: Rest) -> None:
    assert (await place(perpetual_rest, positionSide="LONG"))["code"] == "330011"
    assert (await perpetual_rest.call("POST", POSITION_MODE, positionMode="1"))["data"] == {"positionMode": 1}
    assert (await place(perpetual_rest))["code"] == "330012"
    await place(perpetual_rest, type="market", positionSide="LONG", size=30)
    await place(perpetual_rest, type="market", side="sell", positionSide="SHORT", size=20)
    assert {one["positionSide"]: one["currentQty"] for one in await positions(perpetual_rest)} == {
        "LONG": 30,
        "SHORT": -20,
    }
    assert (await perpetual_rest.call("POST", POSITION_MODE, positionMode="0"))["code"] == "300000"
    too_much = await place(perpetual_rest, type="market", side="sell", positionSide="LONG", size=31)
    assert too_much["code"] == "300009"
    await place(perpetual_rest, type="market", side="sell", positionSide="LONG", size=30)
    assert [one["positionSide"] for one in await positions(perpetual_rest)] == ["SHORT"]


async def test_reduce_only_never_opens(perpetual_rest: Rest) -> None:
    assert (await place(perpetual_rest, reduceOnly=True))["code"] == "300009"
    await place(perpetual_rest, type="market", size=10)
    placed = await place(perpetual_rest, type="market", side="sell", size=50, reduceOnly=True)
    order = (await perpetual_rest.call("GET", f"/api/v1/orders/{placed['data']['orderId']}"))["data"]
    assert (order["size"], await positions(perpetual_rest)) == (10, [])


async def test_reduce_only_order_goes_when_its_position_is_gone(perpetual_rest: Rest) -> None:
    await place(perpetual_rest, type="market", size=10)
    resting = await place(perpetual_rest, side="sell", price="89000", reduceOnly=True)
    path = f"/api/v1/orders/{resting['data']['orderId']}"
    assert (await perpetual_rest.call("GET", path))["data"]["isActive"] is True
    await place(perpetual_rest, type="market", closeOrder=True, side="", size=None)
    while (await perpetual_rest.call("GET", path))["data"]["isActive"]:
        pass
    assert await positions(perpetual_rest) == []


async def test_margin_mode_of_an_order_must_be_the_chosen_one(perpetual_rest: Rest) -> None:
    assert (await place(perpetual_rest, marginMode="CROSS"))["code"] == "330005"
    changed = await perpetual_rest.call(
        "POST", "/api/v2/position/changeMarginMode", symbol="XBTUSDTM", marginMode="CROSS"
    )
    assert changed["data"]["marginMode"] == "CROSS"
    assert (await place(perpetual_rest, marginMode="CROSS"))["code"] == "200000"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"symbol": "NOPEUSDTM"}, "100003"),
        ({"symbol": "DOTUSDTM"}, "300002"),
        ({"clientOid": ""}, "100001"),
        ({"leverage": None}, "100001"),
        ({"leverage": 126}, "300016"),
        ({"size": 0.5}, "100001"),
        ({"size": 10, "qty": "0.01"}, "100001"),
        ({"size": 10_000_000}, "100001"),
        ({"price": "83000.05"}, "100001"),
        ({"price": "99000"}, "300011"),
        ({"side": "sell", "price": "70000"}, "300012"),
        ({"positionSide": "UP"}, "100001"),
    ],
)
async def test_futures_order_is_refused_in_the_venues_codes(
    perpetual_rest: Rest, changed: dict[str, Any], code: str
) -> None:
    body = {"clientOid": "probe", **FUTURES_ORDER, **changed}
    for path in ("/api/v1/orders/test", "/api/v1/orders"):
        assert (await perpetual_rest.call("POST", path, **body))["code"] == code


async def test_size_may_be_told_in_coins_or_value(perpetual_rest: Rest) -> None:
    for size, lots in (({"size": None, "qty": "0.012"}, 12), ({"size": None, "valueQty": "4150"}, 50)):
        placed = await place(perpetual_rest, **size)
        order = (await perpetual_rest.call("GET", f"/api/v1/orders/{placed['data']['orderId']}"))["data"]
        assert order["size"] == lots


async def test_futures_balance_and_repeated_ids_are_refused(perpetual_rest: Rest) -> None:
    assert (await place(perpetual_rest, size=10_000, leverage=1))["code"] == "300003"
    assert (await place(perpetual_rest, clientOid="twice"))["code"] == "200000"
    assert (await place(perpetual_rest, clientOid="twice"))["code"] == "300018"
    missing = await perpetual_rest.call("GET", "/api/v1/orders/000000000000000000000000")
    assert (missing["code"], missing["msg"]) == ("100001", "error.getOrder.orderNotExist")


async def test_futures_test_order_checks_and_never_trades(
    perpetual: KucoinPerpetualSandbox, perpetual_rest: Rest
) -> None:
    tested = await perpetual_rest.call("POST", "/api/v1/orders/test", clientOid="probe", **FUTURES_ORDER)
    assert set(tested["data"]) == {"orderId", "clientOid"}
    assert perpetual.account.orders == {}
    perpetual.faults.switch_on("order_refused")
    refused = await perpetual_rest.call("POST", "/api/v1/orders/test", clientOid="probe", **FUTURES_ORDER)
    assert refused["code"] == "300000"


def test_inverse_position_earns_in_coins_what_the_fills_say() -> None:
    position = FuturesPosition(CONTRACTS["XBTUSDM"], "BOTH")
    position.trade(10_000, Decimal(80_000))
    position.trade(10_000, Decimal(100_000))
    assert round(position.entry_price, 6) == Decimal("88888.888889")
    profit = position.trade(-20_000, Decimal(90_000))
    assert round(profit, 12) == round(
        Decimal(10_000) / 80_000 + Decimal(10_000) / 100_000 - Decimal(20_000) / 90_000, 12
    )
    assert position.lots == 0
