"""The KuCoin sandboxes' WebSockets: tokens, greetings, limits, topics, and what happens to one's own orders."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosedOK

from connectors.sandbox import KucoinPerpetualSandbox, KucoinSandbox
from tests.connectors.sandbox.kucoin_wire import Rest, Socket, rest_of, socket_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kucoin"


@pytest.fixture
async def spot() -> AsyncIterator[KucoinSandbox]:
    async with KucoinSandbox(seed=7, rate=400) as sandbox:
        yield sandbox


@pytest.fixture
async def rest(spot: KucoinSandbox) -> AsyncIterator[Rest]:
    async with rest_of(spot) as rest:
        yield rest


@pytest.fixture
async def socket(rest: Rest) -> AsyncIterator[Socket]:
    async with socket_of(rest) as socket:
        yield socket


@pytest.fixture
async def perpetual_rest() -> AsyncIterator[Rest]:
    async with KucoinPerpetualSandbox(seed=7, rate=400) as sandbox, rest_of(sandbox) as rest:
        yield rest


def recorded(name: str) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads((PAYLOADS / name).read_text(encoding="utf-8"))
    return frame


def fields(value: Any) -> Any:
    """The names of all fields, at every level."""
    return {name: fields(field) for name, field in value.items()} if isinstance(value, dict) else None


# opening and keeping alive


@pytest.mark.parametrize(
    ("fault", "token", "said"), [(None, "made up", "token is invalid"), ("expired_token", None, "token is expired")]
)
async def test_bad_token_is_refused_and_the_socket_closed(
    spot: KucoinSandbox, rest: Rest, fault: str | None, token: str | None, said: str
) -> None:
    if fault:
        spot.faults.switch_on(fault)
    async with socket_of(rest, token=token, greeting="") as socket:
        assert await socket.frame() == {"id": "test", "type": "error", "code": 401, "data": said}
        with pytest.raises(ConnectionClosedOK) as closed:
            await socket.read_to_the_end()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "Bye")


async def test_token_of_the_other_market_does_not_open_this_one(rest: Rest, perpetual_rest: Rest) -> None:
    _, foreign = await perpetual_rest.token()
    async with socket_of(rest, token=foreign, greeting="") as socket:
        assert (await socket.frame())["data"] == "token is invalid"


async def test_ping_is_answered_with_microseconds(socket: Socket) -> None:
    await socket.say(id="p1", type="ping")
    pong = await socket.answer()
    assert (pong["id"], pong["type"], len(str(pong["timestamp"]))) == ("p1", "pong", 16)


async def test_client_that_says_nothing_is_cut_even_while_data_flows() -> None:
    async with (
        KucoinSandbox(rate=400, client_silence_s=0.1) as sandbox,
        rest_of(sandbox) as rest,
        socket_of(rest) as socket,
    ):
        await socket.subscribe("/market/level2:BTC-USDT")
        assert await socket.answer() == {"type": "error", "code": 400, "data": "ping timeout"}
        with pytest.raises(ConnectionClosedOK, match="Bye"):
            await socket.read_to_the_end()


@pytest.mark.parametrize(
    ("message", "code", "said"),
    [
        ('{"id":"1","type":"subscribe","topic":"/nope:BTC-USDT"}', 404, "topic does not exist"),
        ('{"id":"1","type":"subscribe","topic":"/spotMarket/level2Depth20:BTC-USDT"}', 404, "topic does not exist"),
        ('{"id":"1","type":"subscribe","topic":"/market/level2"}', 400, "topic is invalid"),
        ('{"id":"1","type":"subscribe"}', 406, "topic is required"),
        ('{"id":"1","type":"subscribe","topic":"/account/balance"}', 403, "login is required"),
        ('{"id":"1","type":"dance"}', 415, "command type is invalid"),
        ("not JSON", 400, None),
        ("[1]", 400, None),
    ],
)
async def test_wrong_message_is_an_error_and_the_socket_lives(
    socket: Socket, message: str, code: int, said: str | None
) -> None:
    await socket.connection.send(message)
    answer = await socket.frame()
    assert (answer["type"], answer["code"]) == ("error", code)
    assert said in (None, answer["data"])
    assert (await socket.subscribe("/market/level2:BTC-USDT"))["type"] == "ack"


async def test_unknown_symbol_is_acknowledged_and_silent(socket: Socket) -> None:
    assert await socket.subscribe("/market/level2:NO-PE") == {"id": "n1", "type": "ack"}
    await socket.subscribe("/market/level2:BTC-USDT")
    assert {(await socket.frame())["topic"] for _ in range(20)} == {"/market/level2:BTC-USDT"}


async def test_acknowledgement_comes_only_where_it_is_wanted(socket: Socket) -> None:
    await socket.say(id="quiet", type="subscribe", topic="/market/level2:BTC-USDT", response=False)
    assert (await socket.frame())["type"] == "message"


async def test_two_subscriptions_are_two_acknowledgements_and_one_stream(socket: Socket) -> None:
    topic = "/market/level2:BTC-USDT"
    assert [(await socket.subscribe(topic))["type"] for _ in range(2)] == ["ack", "ack"]
    ends = [(await socket.data(topic))["data"]["sequenceEnd"] for _ in range(30)]
    assert len(set(ends)) == 30


async def test_unsubscribed_topic_falls_silent(socket: Socket) -> None:
    await socket.subscribe("/market/level2:BTC-USDT,ETH-USDT")
    await socket.subscribe("/market/level2:BTC-USDT", type="unsubscribe")
    assert {(await socket.frame())["topic"] for _ in range(20)} == {"/market/level2:ETH-USDT"}


async def test_limits_of_symbols_and_topics(socket: Socket) -> None:
    def topic(first: int, count: int) -> str:
        return "/market/level2:" + ",".join(f"A{number}-USDT" for number in range(first, first + count))

    refused = await socket.subscribe(topic(0, 101))
    assert (refused["code"], refused["data"]) == (509, "exceed max subscription count limitation of 100 per time")
    assert [(await socket.subscribe(topic(begin, 100)))["type"] for begin in (0, 100, 200)] == ["ack"] * 3
    refused = await socket.subscribe(topic(300, 1))
    assert (refused["code"], refused["data"]) == (509, "exceed max subscription count limitation of 300 per session")


async def test_too_many_messages_end_the_connection(socket: Socket) -> None:
    for number in range(101):
        await socket.say(id=str(number), type="ping")
    answers = [await socket.frame() for _ in range(101)]
    assert [answer["type"] for answer in answers[:100]] == ["pong"] * 100
    assert (answers[100]["code"], answers[100]["data"]) == (509, "exceed max permits per second")
    with pytest.raises(ConnectionClosedOK, match="Bye"):
        await socket.read_to_the_end()


async def test_rate_limit_refuses_a_subscription_and_closes(spot: KucoinSandbox, socket: Socket) -> None:
    spot.faults.switch_on("rate_limit")
    await socket.say(id="p", type="ping")
    assert (await socket.answer())["type"] == "pong"
    refused = await socket.subscribe("/market/level2:BTC-USDT")
    assert (refused["code"], refused["data"]) == (509, "exceed max permits per second")
    with pytest.raises(ConnectionClosedOK, match="Bye"):
        await socket.read_to_the_end()


# topics


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("/market/level2:BTC-USDT", "ws_spot_level2.json"),
        ("/spotMarket/level2Depth5:BTC-USDT", "ws_spot_depth5.json"),
        ("/market/candles:BTC-USDT_1hour", "ws_spot_candle.json"),
    ],
)
async def test_spot_frames_have_the_recorded_fields(socket: Socket, topic: str, payload: str) -> None:
    await socket.subscribe(topic)
    frame = await socket.data(topic)
    assert fields(frame) == fields(recorded(payload))
    assert frame["subject"] == recorded(payload)["subject"]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("/contractMarket/level2:XBTUSDTM", "ws_futures_level2.json"),
        ("/contractMarket/level2Depth5:XBTUSDTM", "ws_futures_depth5.json"),
    ],
)
async def test_futures_frames_have_the_recorded_fields(perpetual_rest: Rest, topic: str, payload: str) -> None:
    async with socket_of(perpetual_rest) as socket:
        await socket.subscribe(topic)
        frame = await socket.data(topic)
    assert fields(frame) == fields(recorded(payload))
    assert (frame["subject"], frame["topic"]) == (recorded(payload)["subject"], topic)


@pytest.mark.slow(reason="waits for a frame that must not come")
async def test_spot_depth_comes_only_when_it_changed_and_futures_depth_every_100_ms() -> None:
    async with KucoinPerpetualSandbox(rate=0.001) as still, rest_of(still) as rest, socket_of(rest) as socket:
        await socket.subscribe("/contractMarket/level2Depth50:XBTUSDTM")
        frames = [await socket.data("/contractMarket/level2Depth50:XBTUSDTM") for _ in range(3)]
        assert [len(frame["data"]["asks"]) for frame in frames] == [50] * 3
        assert [later["sn"] - one["sn"] for one, later in itertools.pairwise(frames)] == [100, 100]
        assert len({frame["data"]["sequence"] for frame in frames}) == 1
    async with KucoinSandbox(rate=0.001) as still, rest_of(still) as rest, socket_of(rest) as socket:
        await socket.subscribe("/spotMarket/level2Depth50:BTC-USDT")
        await socket.data("/spotMarket/level2Depth50:BTC-USDT")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.connection.recv(), 0.3)


async def test_spot_tickers_and_trades_tell_of_the_same_market(socket: Socket) -> None:
    for name in ("/spotMarket/level1", "/market/ticker", "/market/match"):
        await socket.subscribe(f"{name}:BTC-USDT")
    best = (await socket.data("/spotMarket/level1:BTC-USDT"))["data"]
    assert float(best["bids"][0]) < float(best["asks"][0])
    trade = (await socket.data("/market/match:BTC-USDT", "trade.l3match"))["data"]
    assert (trade["side"] in ("buy", "sell"), len(trade["time"])) == (True, 19)
    ticker = (await socket.data("/market/ticker:BTC-USDT", "trade.ticker"))["data"]
    assert float(ticker["bestBid"]) < float(ticker["bestAsk"])


@pytest.mark.slow(reason="mark prices and candles come once a second")
async def test_futures_tell_the_mark_price_candles_and_best_pair(perpetual_rest: Rest) -> None:
    async with socket_of(perpetual_rest) as socket:
        await socket.subscribe("/contract/instrument:XBTUSDTM")
        await socket.subscribe("/contractMarket/limitCandle:XBTUSDTM_1min")
        await socket.subscribe("/contractMarket/tickerV2:XBTUSDTM")
        best = (await socket.data("/contractMarket/tickerV2:XBTUSDTM", "tickerV2"))["data"]
        assert float(best["bestBidPrice"]) < float(best["bestAskPrice"])
        mark = (await socket.data("/contract/instrument:XBTUSDTM", "mark.index.price"))["data"]
        assert abs(mark["markPrice"] / mark["indexPrice"] - 1) < 0.001
        candle = (await socket.data("/contractMarket/limitCandle:XBTUSDTM_1min", "candle.stick"))["data"]["candles"]
        _, first, last, high, low = map(float, candle[:5])
        assert low <= min(first, last) <= max(first, last) <= high


# one's own orders


async def test_spot_order_is_told_from_its_arrival_to_its_end(rest: Rest) -> None:
    order = {"symbol": "BTC-USDT", "type": "limit", "side": "buy", "price": "80000", "size": "0.01"}
    async with socket_of(rest, "private") as socket:
        await socket.subscribe("/spotMarket/tradeOrdersV2", privateChannel=True)
        await socket.subscribe("/account/balance", privateChannel=True)
        placed = (await rest.call("POST", "/api/v1/hf/orders", clientOid="mine", **order))["data"]["orderId"]
        received = await socket.data("/spotMarket/tradeOrdersV2")
        held = await socket.data("/account/balance")
        opened = await socket.data("/spotMarket/tradeOrdersV2")
        await rest.call("DELETE", f"/api/v1/hf/orders/{placed}", query="symbol=BTC-USDT")
        cancelled = await socket.data("/spotMarket/tradeOrdersV2")
        freed = await socket.data("/account/balance")
        await rest.call("POST", "/api/v1/hf/orders", **{**order, "type": "market"})
        kinds = [(await socket.data("/spotMarket/tradeOrdersV2"))["data"]["type"] for _ in range(3)]
    assert fields(opened) == fields(recorded("ws_spot_order_open.json"))
    assert fields(held) == fields(recorded("ws_spot_balance.json"))
    assert [frame["data"]["type"] for frame in (received, opened, cancelled)] == ["received", "open", "canceled"]
    assert {frame["data"]["orderId"] for frame in (received, opened, cancelled)} == {placed}
    assert (held["data"]["hold"], held["data"]["holdChange"], held["data"]["relationEvent"]) == (
        "800.8",
        "800.8",
        "trade.hold",
    )
    assert (freed["data"]["hold"], freed["data"]["available"]) == ("0", "200000")
    assert kinds == ["received", "match", "filled"]


async def test_futures_order_moves_wallet_and_position_on_the_socket(perpetual_rest: Rest) -> None:
    async with socket_of(perpetual_rest, "private") as socket:
        for topic in ("/contractMarket/tradeOrders", "/contractAccount/wallet", "/contract/positionAll"):
            assert (await socket.subscribe(topic, privateChannel=True))["type"] == "ack"
        body = {"clientOid": "mine", "symbol": "XBTUSDTM", "type": "market", "side": "buy", "size": 1, "leverage": 5}
        await perpetual_rest.call("POST", "/api/v1/orders", **body)
        match = (await socket.data("/contractMarket/tradeOrders", "orderChange"))["data"]
        position = (await socket.data("/contract/positionAll", "position.change"))["data"]
        filled = (await socket.data("/contractMarket/tradeOrders", "orderChange"))["data"]
        wallet = (await socket.data("/contractAccount/wallet", "walletBalance.change"))["data"]
    assert [(one["type"], one["filledSize"], one["clientOid"]) for one in (match, filled)] == [
        ("match", "1", "mine"),
        ("filled", "1", "mine"),
    ]
    assert (position["currentQty"], position["leverage"]) == (1, 5)
    assert float(wallet["isolatedPosMargin"]) == pytest.approx(float(match["matchPrice"]) * 0.001 / 5)


async def test_other_accounts_hear_nothing_of_it(rest: Rest) -> None:
    async with socket_of(rest) as public:
        refused = await public.subscribe("/spotMarket/tradeOrders")
        assert (refused["code"], refused["data"]) == (403, "login is required")


async def test_maintenance_silences_the_stream(spot: KucoinSandbox, socket: Socket) -> None:
    await socket.subscribe("/market/level2:BTC-USDT")
    await socket.frame()
    spot.faults.switch_on("maintenance")
    with pytest.raises(TimeoutError):
        await quiet_for(socket, 0.2)


async def quiet_for(socket: Socket, seconds: float) -> None:
    """Read until nothing comes for so long. Raises TimeoutError then."""
    while True:
        await asyncio.wait_for(socket.connection.recv(), seconds)
