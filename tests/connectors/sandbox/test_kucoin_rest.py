"""The KuCoin sandboxes' public REST answers: KuCoin's own fields, codes and statuses."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.errors import UsageError
from connectors.sandbox import KucoinPerpetualSandbox, KucoinSandbox
from connectors.sandbox.kucoin.routes import Quota
from tests.connectors.sandbox.kucoin_wire import Rest, rest_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kucoin"


@pytest.fixture
async def spot() -> AsyncIterator[KucoinSandbox]:
    async with KucoinSandbox(seed=7) as sandbox:
        yield sandbox


@pytest.fixture
async def spot_rest(spot: KucoinSandbox) -> AsyncIterator[Rest]:
    async with rest_of(spot) as rest:
        yield rest


@pytest.fixture
async def perpetual() -> AsyncIterator[KucoinPerpetualSandbox]:
    async with KucoinPerpetualSandbox(seed=7) as sandbox:
        yield sandbox


@pytest.fixture
async def perpetual_rest(perpetual: KucoinPerpetualSandbox) -> AsyncIterator[Rest]:
    async with rest_of(perpetual) as rest:
        yield rest


def recorded(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text(encoding="utf-8"))["data"]


def shape(value: Any) -> Any:
    """The value's fields and kinds, without its contents; a null says nothing of its kind."""
    if isinstance(value, dict):
        return {name: shape(field) for name, field in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


async def test_spot_answers_have_the_recorded_shapes(spot_rest: Rest) -> None:
    symbol = (await spot_rest.get("/api/v2/symbols/BTC-USDT"))["data"]
    assert symbol == recorded("spot_symbol_btc_usdt.json")
    book = (await spot_rest.get("/api/v1/market/orderbook/level2_20", symbol="BTC-USDT"))["data"]
    assert shape(book) == shape(recorded("spot_level2_20.json"))
    assert [len(book[side]) for side in ("bids", "asks")] == [20, 20]
    rows = (await spot_rest.get("/api/v1/market/candles", symbol="BTC-USDT", type="1min"))["data"]
    assert shape(rows) == shape(recorded("spot_candles_1min.json"))
    assert (await spot_rest.get("/api/v1/status"))["data"] == recorded("spot_status_open.json")
    bullet = (await spot_rest.client.post("/api/v1/bullet-public")).json()["data"]
    assert shape(bullet) == shape(recorded("bullet_public_spot.json"))


async def test_contract_has_the_recorded_fields_and_constants(perpetual_rest: Rest) -> None:
    contract = (await perpetual_rest.get("/api/v1/contracts/XBTUSDTM"))["data"]
    known = recorded("futures_contract_xbtusdtm.json")
    assert set(contract) - set(known) == {"nextFundingRateDateTime"}
    assert set(known) <= set(contract)
    for name in ("symbol", "type", "baseCurrency", "multiplier", "tickSize", "lotSize", "maxLeverage", "initialMargin"):
        assert contract[name] == known[name]
    now_ms = time.time_ns() // 1_000_000
    assert contract["nextFundingRateDateTime"] % 28_800_000 == 0
    assert abs(contract["nextFundingRateDateTime"] - now_ms - contract["nextFundingRateTime"]) < 5_000


async def test_futures_answers_have_the_recorded_shapes(perpetual_rest: Rest) -> None:
    book = (await perpetual_rest.get("/api/v1/level2/depth20", symbol="XBTUSDM"))["data"]
    assert shape(book) == shape(recorded("futures_level2_depth20.json"))
    assert isinstance(book["bids"][0][1], int)
    rows = (await perpetual_rest.get("/api/v1/kline/query", symbol="XBTUSDTM", granularity=480))["data"]
    assert shape(rows) == shape(recorded("futures_kline_480.json"))


async def test_timestamp_is_in_ms_and_carries_no_quota(spot_rest: Rest, perpetual_rest: Rest) -> None:
    for rest in (spot_rest, perpetual_rest):
        response = await rest.client.get("/api/v1/timestamp")
        assert abs(response.json()["data"] - time.time_ns() // 1_000_000) < 5_000
        assert not [name for name in response.headers if name.startswith("gw-ratelimit")]


@pytest.mark.slow(reason="makes up the past of every pair")
async def test_every_pair_is_listed_with_what_it_allows(spot_rest: Rest, perpetual_rest: Rest) -> None:
    symbols = {entry["symbol"]: entry for entry in (await spot_rest.get("/api/v2/symbols"))["data"]}
    assert {name for name, entry in symbols.items() if not entry["enableTrading"]} == {"BSV-USDT"}
    assert (symbols["SOL-USDT"]["priceIncrement"], symbols["SOL-USDT"]["baseIncrement"]) == ("0.001", "0.0001")
    contracts = {entry["symbol"]: entry for entry in (await perpetual_rest.get("/api/v1/contracts/active"))["data"]}
    assert {name: entry["status"] for name, entry in contracts.items() if entry["status"] != "Open"} == {
        "DOTUSDTM": "Paused"
    }
    assert {name for name, entry in contracts.items() if entry["expireDate"]} == {"XBTMZ26"}
    assert {name: entry["multiplier"] for name, entry in contracts.items() if entry["isInverse"]} == {
        "XBTUSDM": -1.0,
        "XBTMZ26": -1.0,
    }


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/api/v1/market/candles?symbol=NO-PE&type=1min", 200, ("400100", "This pair is not provided at present")),
        ("/api/v2/symbols/NO-PE", 200, ("900001", "The symbol does not exist.")),
        ("/api/v1/market/orderbook/level2_20?symbol=NO-PE", 200, ("900001", "The symbol does not exist.")),
        ("/api/v1/market/candles?symbol=BTC-USDT&type=7min", 200, ("400100", "type invalid")),
        ("/api/v1/market/candles?symbol=BTC-USDT&type=1min&startAt=x", 200, ("400100", "startAt invalid")),
        ("/api/v1/nope", 404, ("404", "Not Found")),
        ("/api/v1/accounts", 400, ("400001", None)),
    ],
)
async def test_spot_refusals(spot_rest: Rest, path: str, status: int, body: tuple[str, str | None]) -> None:
    response = await spot_rest.client.get(path)
    answer = response.json()
    assert (response.status_code, answer["code"]) == (status, body[0])
    assert body[1] in (None, answer["msg"])


async def test_futures_refusals_are_the_recorded_ones(perpetual_rest: Rest) -> None:
    errors = json.loads((PAYLOADS / "errors_http.json").read_text(encoding="utf-8"))
    asked = [error for error in errors if error["request"].startswith("GET") and "(futures)" in error["request"]]
    assert len(asked) == 4
    for error in asked:
        response = await perpetual_rest.client.get(error["request"].split()[1])
        assert (response.status_code, response.json()) == (error["status"], error["body"])


async def test_spot_candles_are_newest_first_and_within_their_window(spot_rest: Rest) -> None:
    rows = (await spot_rest.get("/api/v1/market/candles", symbol="BTC-USDT", type="1hour"))["data"]
    assert [int(later[0]) - int(one[0]) for later, one in pairwise(rows)] == [3600] * (len(rows) - 1)
    begin, end = int(rows[20][0]), int(rows[10][0])
    window = (await spot_rest.get("/api/v1/market/candles", symbol="BTC-USDT", type="1hour", startAt=begin, endAt=end))[
        "data"
    ]
    assert window == rows[11:21]
    for _, first, last, high, low, volume, turnover in rows[1:]:
        assert float(low) <= min(float(first), float(last)) <= max(float(first), float(last)) <= float(high)
        assert float(low) <= float(turnover) / float(volume) <= float(high)


async def test_futures_candles_are_oldest_first_and_at_most_500(perpetual_rest: Rest) -> None:
    rows = (await perpetual_rest.get("/api/v1/kline/query", symbol="XBTUSDTM", granularity=1))["data"]
    assert [later[0] - one[0] for one, later in pairwise(rows)] == [60_000] * 499
    window = (
        await perpetual_rest.get(
            "/api/v1/kline/query", symbol="XBTUSDTM", granularity=1, **{"from": rows[5][0], "to": rows[9][0]}
        )
    )["data"]
    assert window == rows[5:9]


async def test_quiet_minutes_of_a_slow_pair_have_no_candle(spot_rest: Rest) -> None:
    rows = (await spot_rest.get("/api/v1/market/candles", symbol="ETH-BTC", type="1min"))["data"]
    assert {int(later[0]) - int(one[0]) for later, one in pairwise(rows)} > {60, 120}
    assert all(float(row[5]) > 0 for row in rows)


async def test_mark_price_and_funding_move_only_by_their_faults(
    perpetual: KucoinPerpetualSandbox, perpetual_rest: Rest
) -> None:
    async def numbers() -> tuple[float, float]:
        mark = (await perpetual_rest.get("/api/v1/mark-price/XBTUSDTM/current"))["data"]
        funding = (await perpetual_rest.get("/api/v1/funding-rate/XBTUSDTM/current"))["data"]
        return mark["value"] / mark["indexPrice"], funding["value"]

    near, rate = await numbers()
    assert (round(near, 3), rate) == (1.0, 0.000052)
    perpetual.faults.switch_on("mark_price_off", percent=5.0)
    perpetual.faults.switch_on("funding_off", rate=0.05)
    far, rate = await numbers()
    assert (round(far, 2), rate) == (1.05, 0.05)


async def test_rules_change_multiplies_tick_lot_and_minimum(
    spot: KucoinSandbox, perpetual: KucoinPerpetualSandbox, spot_rest: Rest, perpetual_rest: Rest
) -> None:
    for sandbox in (spot, perpetual):
        sandbox.faults.switch_on("rules_change", factor=10)
    symbol = (await spot_rest.get("/api/v2/symbols/BTC-USDT"))["data"]
    rules = [float(symbol[name]) for name in ("priceIncrement", "baseIncrement", "baseMinSize", "minFunds")]
    assert rules == [1.0, 1e-07, 0.0001, 1.0]
    contract = (await perpetual_rest.get("/api/v1/contracts/XBTUSDTM"))["data"]
    assert (contract["tickSize"], contract["lotSize"]) == (1.0, 10)


@pytest.mark.slow(reason="makes up the past of a pair on each market")
@pytest.mark.parametrize(
    ("fault", "parameters"),
    [("candle_gap", {"back": 2}), ("candle_duplicate", {}), ("candle_prices", {}), ("candle_stale", {"intervals": 5})],
)
async def test_candle_faults_reach_both_markets(
    spot: KucoinSandbox,
    perpetual: KucoinPerpetualSandbox,
    spot_rest: Rest,
    perpetual_rest: Rest,
    fault: str,
    parameters: dict[str, Any],
) -> None:
    async def rows() -> list[Any]:
        spot_rows = (await spot_rest.get("/api/v1/market/candles", symbol="BTC-USDT", type="1day"))["data"]
        klines = (await perpetual_rest.get("/api/v1/kline/query", symbol="XBTUSDTM", granularity=1440))["data"]
        return [[row[:1] for row in spot_rows[:10]], spot_rows[1:10], [row[:1] for row in klines[-10:]], klines[-10:-1]]

    before = await rows()
    for sandbox in (spot, perpetual):
        sandbox.faults.switch_on(fault, **parameters)
    after = await rows()
    assert all(one != other for one, other in zip(before[1::2], after[1::2], strict=True))


async def test_delisted_pair_is_unknown_everywhere(
    spot: KucoinSandbox, perpetual: KucoinPerpetualSandbox, spot_rest: Rest, perpetual_rest: Rest
) -> None:
    for sandbox in (spot, perpetual):
        sandbox.faults.switch_on("pair_delisted", pair="BTC-USDT")
    assert "BTC-USDT" not in {entry["symbol"] for entry in (await spot_rest.get("/api/v2/symbols"))["data"]}
    book = await spot_rest.get("/api/v1/market/orderbook/level2_20", symbol="BTC-USDT")
    contract = await perpetual_rest.get("/api/v1/contracts/XBTUSDTM")
    assert (book["code"], contract["code"]) == ("900001", "404000")


@pytest.mark.parametrize(("mode", "status"), [("maintenance", "close"), ("cancel_only", "cancelonly")])
async def test_status_feed_tells_of_maintenance(spot: KucoinSandbox, spot_rest: Rest, mode: str, status: str) -> None:
    spot.faults.switch_on("maintenance", mode=mode)
    assert (await spot_rest.get("/api/v1/status"))["data"]["status"] == status
    response = await spot_rest.client.get("/api/v2/symbols")
    assert response.status_code == (503 if mode == "maintenance" else 200)


async def test_kucoin_has_no_other_restricted_modes(spot: KucoinSandbox) -> None:
    with pytest.raises(UsageError, match=r"mode cannot be 'post_only': .*cancel_only"):
        spot.faults.switch_on("maintenance", mode="post_only")


async def test_rate_limit_says_when_the_pool_is_full_again(spot: KucoinSandbox, spot_rest: Rest) -> None:
    spot.faults.switch_on("rate_limit")
    response = await spot_rest.client.get("/api/v2/symbols")
    assert (response.status_code, response.json()) == (429, {"code": "429000", "msg": "Too Many Requests"})
    assert response.headers["gw-ratelimit-remaining"] == "0"
    assert int(response.headers["gw-ratelimit-reset"]) > 0
    assert "retry-after" not in response.headers


async def test_cdn_blocks_with_a_page(spot: KucoinSandbox, spot_rest: Rest) -> None:
    spot.faults.switch_on("rate_limit", by="cdn")
    response = await spot_rest.client.get("/api/v2/symbols")
    assert (response.status_code, response.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert "You are being rate limited" in response.text


@pytest.mark.slow(reason="makes up the past of every pair")
async def test_pool_is_paid_by_weight_and_runs_out() -> None:
    async with KucoinSandbox(quota=20) as sandbox, rest_of(sandbox) as rest:
        first = await rest.client.get("/api/v1/market/allTickers")  # 15
        assert (first.headers["gw-ratelimit-limit"], first.headers["gw-ratelimit-remaining"]) == ("20", "5")
        assert (await rest.client.get("/api/v2/symbols")).status_code == 200  # 4
        assert (await rest.client.get("/api/v2/symbols")).status_code == 429


def test_pool_is_full_again_thirty_seconds_after_its_first_call() -> None:
    quota = Quota(10)
    assert [quota.take(6, now_ms) for now_ms in (0, 29_999, 30_000)] == [True, False, True]
    assert quota.headers(30_000)["gw-ratelimit-remaining"] == "4"
