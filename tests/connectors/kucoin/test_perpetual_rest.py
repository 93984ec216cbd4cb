"""KuCoin's perpetual contracts over REST: recorded payloads in, our words out."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from connectors.clock import clock_in_use
from connectors.errors import ConnectorError, MalformedPayload, Rejected, UnexpectedShape, UnknownPair, UsageError
from connectors.kucoin import KucoinPerpetual
from connectors.kucoin.rest import decimals_of
from connectors.types import (
    BookLevel,
    Contract,
    MarginMode,
    OrderRequest,
    OrderType,
    PositionMode,
    PositionSide,
    Side,
    TradingPair,
)
from tests.connectors.kucoin.conftest import BTC_USDT, CREDENTIALS, listed, payload, payload_text

if TYPE_CHECKING:
    from tests.connectors.conftest import CannedServer

XBTUSDTM = payload("futures_contract_xbtusdtm.json")["data"]
INVERSE = XBTUSDTM | {
    "symbol": "XBTUSDM",
    "quoteCurrency": "USD",
    "settleCurrency": "XBT",
    "multiplier": -1.0,
    "isInverse": True,
}


class StoppedClock:
    """In the fifth minute of the recorded candle."""

    @staticmethod
    def utc_now() -> datetime:
        return datetime(2024, 10, 10, 16, 4, 30, tzinfo=UTC)

    monotonic = staticmethod(time.monotonic)


def envelope(data: object) -> str:
    return json.dumps({"code": "200000", "data": data})


async def test_rules_and_contract_come_from_the_recorded_contract(canned_perpetual: KucoinPerpetual) -> None:
    rules = (await canned_perpetual.trading_pairs())[BTC_USDT]

    assert (rules.symbol, rules.status, rules.is_trading) == ("XBTUSDTM", "Open", True)
    assert (rules.price_tick, rules.price_decimals) == (Decimal("0.1"), 1)
    assert (rules.size_step, rules.min_size, rules.size_decimals) == (Decimal(1), Decimal(1), 0)
    assert rules.contract == Contract(
        multiplier=Decimal("0.001"),
        settle_asset="USDT",
        max_leverage=Decimal(125),
        initial_margin=Decimal("0.008"),
        maintenance_margin=Decimal("0.004"),
    )


async def test_only_contracts_without_an_end_are_pairs_and_the_inverse_one_is_quoted_in_usd(
    canned: CannedServer,
) -> None:
    dated = {"symbol": "XBTMZ26", "type": "FFICSX", "expireDate": 1}
    canned.put("/api/v1/contracts/active", envelope([XBTUSDTM, INVERSE, dated]))
    urls = {"rest": canned.url, "rest_keys": canned.url}

    async with KucoinPerpetual(urls=urls) as perpetual:
        pairs = await perpetual.trading_pairs()

    assert set(map(str, pairs)) == {"BTC-USDT", "BTC-USD"}
    contract = pairs[TradingPair("BTC", "USD")].contract
    assert contract is not None
    assert (contract.is_inverse, contract.multiplier, contract.settle_asset) == (True, Decimal(1), "BTC")


@pytest.mark.parametrize(
    ("tick", "decimals"), [("0.5", 1), ("1", 0), ("100", 0), ("2.0E-4", 4), ("0.10", 1), ("1E+1", 0)]
)
def test_decimals_are_those_that_a_multiple_can_have(tick: str, decimals: int) -> None:
    assert decimals_of(Decimal(tick)) == decimals


async def test_a_contract_that_is_not_open_does_not_trade(canned: CannedServer) -> None:
    canned.put("/api/v1/contracts/active", listed("futures_contract_xbtusdtm.json", status="Paused"))

    async with KucoinPerpetual(urls={"rest": canned.url}) as perpetual:
        rules = (await perpetual.trading_pairs())[BTC_USDT]

    assert (rules.status, rules.is_trading) == ("Paused", False)


async def test_a_contract_that_does_not_trade_needs_no_rules_and_one_that_does_does(canned: CannedServer) -> None:
    coming = XBTUSDTM | {"symbol": "NEWUSDTM", "baseCurrency": "NEW", "status": "Init", "tickSize": 0}
    canned.put("/api/v1/contracts/active", envelope([XBTUSDTM, coming]))
    canned.put("/api/v1/contracts/active", envelope([XBTUSDTM, coming | {"status": "Open"}]))

    async with KucoinPerpetual(urls={"rest": canned.url}) as perpetual:
        assert set(await perpetual.trading_pairs()) == {BTC_USDT}
        with pytest.raises(MalformedPayload, match="NEWUSDTM"):
            await perpetual.trading_pairs()


async def test_a_contract_without_its_tick_is_of_another_shape(canned: CannedServer) -> None:
    without = {name: value for name, value in XBTUSDTM.items() if name != "tickSize"}
    canned.put("/api/v1/contracts/active", envelope([without]))

    async with KucoinPerpetual(urls={"rest": canned.url}) as perpetual:
        with pytest.raises(UnexpectedShape, match="tickSize"):
            await perpetual.trading_pairs()


async def test_a_book_comes_in_numbers_and_nanoseconds(canned: CannedServer, canned_perpetual: KucoinPerpetual) -> None:
    canned.put("/api/v1/level2/depth20", payload_text("futures_level2_depth20.json"))

    book = await canned_perpetual.book_snapshot(BTC_USDT, depth=20)

    assert book.sequence == 1_697_895_963_339
    assert book.bids[1] == BookLevel(Decimal("66964.8"), Decimal(25596))
    assert book.venue_time == datetime(2024, 10, 17, 12, 28, 21, 216_000, tzinfo=UTC)
    assert canned.asked[-1][0] == "/api/v1/level2/depth20?symbol=XBTUSDTM"


async def test_candle_volume_is_contracts_times_the_multiplier(
    canned: CannedServer, canned_perpetual: KucoinPerpetual
) -> None:
    canned.put("/api/v1/kline/query", payload_text("futures_kline_480.json"))

    oldest, *_, newest = await canned_perpetual.candles(BTC_USDT, "8h", limit=3)

    assert oldest.open_time == datetime(2024, 10, 10, 16, 0, tzinfo=UTC)
    assert (oldest.open, oldest.high, oldest.low, oldest.close) == (
        Decimal("60791.1"),
        Decimal(61035),
        Decimal(58940),
        Decimal(60300),
    )
    assert newest.base_volume == Decimal("3386.359")
    assert "granularity=480" in canned.asked[-1][0]


async def test_an_inverse_contracts_volume_is_quote_and_base_follows_from_the_close(canned: CannedServer) -> None:
    canned.put("/api/v1/contracts/active", envelope([INVERSE]))
    canned.put("/api/v1/kline/query", envelope([[1728576000000, 60000, 60000, 50000, 50000, 100000]]))

    async with KucoinPerpetual(urls={"rest": canned.url}) as perpetual:
        (candle,) = await perpetual.candles(TradingPair("BTC", "USD"), "8h", limit=1)

    assert (candle.base_volume, candle.quote_volume) == (Decimal(2), Decimal(100000))


async def test_three_minutes_are_put_together_from_one(canned: CannedServer, canned_perpetual: KucoinPerpetual) -> None:
    start = 1728576000000
    rows = [[start + 60_000 * minute, 10 + minute, 20, 5, 11 + minute, 1000] for minute in range(5)]
    canned.put("/api/v1/kline/query", envelope(rows))
    clock_in_use.set(StoppedClock())  # for this test's own context

    first, second = await canned_perpetual.candles(BTC_USDT, "3m", limit=2)

    assert f"granularity=1&from={start}&" in canned.asked[-1][0]
    assert [candle.open_time.minute for candle in (first, second)] == [0, 3]
    assert [(candle.open, candle.close) for candle in (first, second)] == [(10, 13), (13, 15)]
    assert [candle.base_volume for candle in (first, second)] == [Decimal(3), Decimal(2)]
    assert [candle.closed for candle in (first, second)] == [True, False]


async def test_mark_price_and_funding_are_read_from_the_contract(
    canned: CannedServer, canned_perpetual: KucoinPerpetual
) -> None:
    canned.put("/api/v1/contracts/XBTUSDTM", payload_text("futures_contract_xbtusdtm.json"))

    funding = await canned_perpetual.funding_rate(BTC_USDT)

    assert await canned_perpetual.mark_price(BTC_USDT) == Decimal("86378.69")
    assert (funding.rate, funding.interval) == (Decimal("0.000052"), timedelta(hours=8))
    assert funding.next_at is not None
    until = funding.next_at - datetime.now(UTC)
    assert timedelta(hours=4, minutes=55) < until < timedelta(hours=4, minutes=56)


async def test_wallets_are_read_for_each_settlement_currency_that_is_listed(canned: CannedServer) -> None:
    canned.put("/api/v1/contracts/active", envelope([XBTUSDTM, INVERSE]))
    canned.put("/api/v1/account-overview", payload_text("futures_account_overview.json"))
    urls = {"rest": canned.url, "rest_keys": canned.url}

    async with KucoinPerpetual(urls=urls, credentials=CREDENTIALS) as perpetual:
        balances = await perpetual.balances()

    assert balances == {"USDT": Decimal("394.439280806"), "BTC": Decimal("394.439280806")}
    asked = [target for target, _, _ in canned.asked if "overview" in target]
    assert asked == ["/api/v1/account-overview?currency=USDT", "/api/v1/account-overview?currency=XBT"]


async def test_recorded_positions_are_told_with_their_side_and_mode(
    canned: CannedServer, canned_perpetual: KucoinPerpetual
) -> None:
    canned.put("/api/v1/positions", payload_text("futures_positions.json"))

    (position,) = await canned_perpetual.positions()  # the other one's contract is not listed

    assert (position.pair, position.side, position.margin_mode) == (BTC_USDT, PositionSide.BOTH, MarginMode.ISOLATED)
    assert (position.contracts, position.entry_price) == (Decimal(1), Decimal("67430.9"))
    assert (position.unrealised_profit, position.realised_profit) == (Decimal("0.89216"), Decimal("-0.2402787"))


@pytest.mark.parametrize(("number", "mode"), [(0, PositionMode.ONE_WAY), (1, PositionMode.HEDGE)])
async def test_the_position_mode_is_told(
    canned: CannedServer, canned_perpetual: KucoinPerpetual, number: int, mode: PositionMode
) -> None:
    canned.put("/api/v2/position/getPositionMode", envelope({"positionMode": number}))

    assert await canned_perpetual.position_mode() is mode


async def test_permissions_are_asked_of_the_other_host(canned: CannedServer, canned_perpetual: KucoinPerpetual) -> None:
    canned.put("/api/v1/user/api-key", payload_text("api_key_info.json"))

    assert (await canned_perpetual.key_permissions()).may_trade


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        (
            OrderRequest(BTC_USDT, Side.BUY, OrderType.LIMIT, Decimal(2), Decimal(60000)),
            {"side": "buy", "type": "limit", "size": 2, "price": "60000", "leverage": "1"},
        ),
        (
            OrderRequest(
                BTC_USDT,
                Side.SELL,
                OrderType.LIMIT_MAKER,
                Decimal(3),
                Decimal("60000.5"),
                PositionSide.SHORT,
                Decimal(5),
            ),
            {
                "side": "sell",
                "type": "limit",
                "size": 3,
                "price": "60000.5",
                "postOnly": True,
                "positionSide": "SHORT",
                "leverage": "5",
            },
        ),
        (
            OrderRequest(BTC_USDT, Side.SELL, OrderType.MARKET, Decimal("1E+1"), reduces_only=True),
            {"side": "sell", "type": "market", "size": 10, "reduceOnly": True, "leverage": "1"},
        ),
    ],
)
async def test_a_test_order_says_what_a_real_one_would(
    canned: CannedServer, canned_perpetual: KucoinPerpetual, order: OrderRequest, fields: dict[str, Any]
) -> None:
    canned.put("/api/v1/orders/test", payload_text("spot_order_test.json"))

    await canned_perpetual.validate_order(order)

    sent = json.loads(canned.asked[-1][2])
    assert sent.pop("clientOid").isalnum()
    assert sent == {"symbol": "XBTUSDTM", "marginMode": "ISOLATED", **fields}


async def test_a_part_of_a_contract_is_refused_before_it_is_sent(canned_perpetual: KucoinPerpetual) -> None:
    with pytest.raises(UsageError, match=r"size 0\.5: whole contracts only"):
        await canned_perpetual.validate_order(OrderRequest(BTC_USDT, Side.BUY, OrderType.MARKET, Decimal("0.5")))


FUTURES_REFUSALS = {
    "GET /api/v1/level2/depth20?symbol=NOPEUSDTM (futures)": UnknownPair,
    "GET /api/v1/contracts/NOPEUSDTM (futures)": UnknownPair,
    "GET /api/v1/nope (futures)": Rejected,
    "GET /api/v1/level2/depth50?symbol=XBTUSDTM (futures)": Rejected,
}


@pytest.mark.parametrize("row", [row for row in payload("errors_http.json") if "(futures)" in row["request"]])
async def test_recorded_refusals_are_told_apart(
    canned: CannedServer, canned_perpetual: KucoinPerpetual, row: dict[str, Any]
) -> None:
    canned.put("/api/v1/level2/depth20", json.dumps(row["body"]), status=row["status"])

    with pytest.raises(ConnectorError) as refused:
        await canned_perpetual.book_snapshot(BTC_USDT, depth=20)

    assert type(refused.value) is FUTURES_REFUSALS[row["request"]]


@pytest.mark.parametrize("field", ["fundingRateGranularity", "nextFundingRateTime"])
@pytest.mark.parametrize("milliseconds", [2**63, -(10**30)])
async def test_a_funding_time_beyond_reason_is_malformed(
    canned: CannedServer, canned_perpetual: KucoinPerpetual, field: str, milliseconds: int
) -> None:
    contract = payload("futures_contract_xbtusdtm.json")["data"] | {field: milliseconds}
    canned.put("/api/v1/contracts/XBTUSDTM", json.dumps({"code": "200000", "data": contract}))

    with pytest.raises(MalformedPayload, match="is not a time"):
        await canned_perpetual.funding_rate(BTC_USDT)


async def test_a_multiplier_that_is_no_number_is_malformed(canned: CannedServer) -> None:
    canned.put("/api/v1/contracts/active", listed("futures_contract_xbtusdtm.json", multiplier="sNaN"))

    async with KucoinPerpetual(urls={"rest": canned.url}) as connector:
        with pytest.raises(MalformedPayload, match=r"is not an? (amount|number)"):
            await connector.trading_pairs()


@pytest.mark.parametrize("equity", ["NaN", "sNaN", "Infinity"])
async def test_an_equity_that_is_no_number_is_malformed(
    canned: CannedServer, canned_perpetual: KucoinPerpetual, equity: str
) -> None:
    canned.put("/api/v1/account-overview", json.dumps({"code": "200000", "data": {"accountEquity": equity}}))

    with pytest.raises(MalformedPayload, match=r"is not an? (amount|number)"):
        await canned_perpetual.balances()


@pytest.mark.parametrize("field", ["currentQty", "avgEntryPrice", "markPrice", "leverage", "unrealisedPnl"])
async def test_a_position_that_is_no_number_is_malformed(
    canned: CannedServer, canned_perpetual: KucoinPerpetual, field: str
) -> None:
    position = payload("futures_positions.json")["data"][0] | {"symbol": "XBTUSDTM", field: "NaN"}
    canned.put("/api/v1/positions", json.dumps({"code": "200000", "data": [position]}))

    with pytest.raises(MalformedPayload, match=r"is not an? (amount|number)"):
        await canned_perpetual.positions()


async def test_the_volume_of_an_inverse_contract_is_told_at_any_price(canned: CannedServer) -> None:
    inverse = {"symbol": "XBTUSDM", "quoteCurrency": "USD", "settleCurrency": "XBT", "multiplier": -1.0}
    canned.put("/api/v1/contracts/active", listed("futures_contract_xbtusdtm.json", **inverse, isInverse=True))
    tiny = "0.00000000000000000001"
    row = [1_731_898_200_000, tiny, tiny, tiny, tiny, 10**15]
    canned.put("/api/v1/kline/query", json.dumps({"code": "200000", "data": [row]}))

    async with KucoinPerpetual(urls={"rest": canned.url}) as connector:
        (candle,) = await connector.candles(TradingPair("BTC", "USD"), "1m", limit=1)

    assert candle.base_volume == Decimal(10) ** 35
