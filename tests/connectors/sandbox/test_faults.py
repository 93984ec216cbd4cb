"""Every fault is seen from outside, on connections that were open before it was switched on, and heals."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, InvalidMessage, InvalidStatus

from connectors.sandbox import KrakenSandbox
from tests.connectors.sandbox.test_kraken_book import followed_book
from tests.connectors.sandbox.wire import Book, socket_of

if TYPE_CHECKING:
    from tests.connectors.sandbox.wire import Rest, Socket

ONLINE = "online"


async def healthy(rest: Rest) -> None:
    """The same HTTP connection pool works again."""
    assert (await rest.public("Time"))["error"] == []


async def agreeing_update(socket: Socket, book: Book) -> None:
    book.apply(await socket.frame("book", "update"))
    assert book.agrees


async def read_frames(socket: Socket) -> None:
    while True:
        await socket.frame("book")


async def connect_once(sandbox: KrakenSandbox) -> None:
    async with socket_of(sandbox):
        pass


# the order book stream


async def test_bad_checksum_is_on_every_nth_update_and_heals(socket: Socket, sandbox: KrakenSandbox) -> None:
    book = await followed_book(socket)
    sandbox.faults.switch_on("bad_checksum", every=3)
    verdicts = []
    for _ in range(60):
        book.apply(await socket.frame("book", "update"))
        verdicts.append(book.agrees)
    first = verdicts.index(False)
    assert verdicts[first : first + 7] == [False, True, True, False, True, True, False]
    sandbox.faults.switch_off("bad_checksum")
    agreeing = 0
    while agreeing < 10:
        book.apply(await socket.frame("book", "update"))
        agreeing = agreeing + 1 if book.agrees else 0


async def test_missing_update_makes_the_book_disagree_until_a_new_snapshot(
    socket: Socket, sandbox: KrakenSandbox
) -> None:
    book = await followed_book(socket)
    sandbox.faults.switch_on("missing_update", every=2)
    while book.agrees:
        try:
            book.apply(await socket.frame("book", "update"))
        except KeyError:
            break
    sandbox.faults.clear()
    await socket.say("unsubscribe", channel="book", symbol=["BTC/USD"], depth=10)
    await socket.reply()
    book = await followed_book(socket)
    for _ in range(10):
        await agreeing_update(socket, book)


@pytest.mark.slow(reason="the heartbeat that shows the stall comes after a second")
async def test_stalled_book_has_heartbeats_only_and_catches_up_with_one_update(
    socket: Socket, sandbox: KrakenSandbox
) -> None:
    book = await followed_book(socket)
    sandbox.faults.switch_on("stall")
    while (text := await socket.raw()) != '{"channel":"heartbeat"}':
        assert '"book"' in text
        book.apply({"data": [json.loads(text, parse_float=str)["data"][0]]})
    sandbox.faults.switch_off("stall")
    for _ in range(10):
        await agreeing_update(socket, book)


async def test_crossed_book_has_a_checksum_that_agrees_and_heals(
    socket: Socket, rest: Rest, sandbox: KrakenSandbox
) -> None:
    book = await followed_book(socket)
    sandbox.faults.switch_on("crossed_book")
    while not book.is_crossed:
        await agreeing_update(socket, book)
    rows = (await rest.public("Depth", pair="XBTUSD", count=1))["result"]["XXBTZUSD"]
    assert float(rows["bids"][0][0]) > float(rows["asks"][0][0])
    sandbox.faults.switch_off("crossed_book")
    while book.is_crossed:
        await agreeing_update(socket, book)


async def test_faults_that_were_on_before_the_start_are_on_from_the_start() -> None:
    sandbox = KrakenSandbox(seed=7, rate=400)
    sandbox.faults.switch_on("crossed_book")
    sandbox.faults.switch_on("maintenance", mode="post_only")
    async with sandbox, socket_of(sandbox) as socket:
        assert (await socket.frame("status"))["data"][0]["system"] == "post_only"
        book = await followed_book(socket)
        await agreeing_update(socket, book)
        await agreeing_update(socket, book)
        assert book.is_crossed


async def test_silence_stops_every_frame(socket: Socket, sandbox: KrakenSandbox) -> None:
    await followed_book(socket)
    sandbox.faults.switch_on("silence")
    await socket.say("ping")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(socket.read_to_the_end(), 0.3)
    sandbox.faults.switch_off("silence")
    assert (await socket.frame("book"))["type"] == "update"


# the wire


async def test_drop_cuts_open_connections_and_new_ones_until_healed(
    socket: Socket, rest: Rest, sandbox: KrakenSandbox
) -> None:
    await followed_book(socket)
    sandbox.faults.switch_on("drop")
    with pytest.raises(ConnectionClosedError):
        await socket.read_to_the_end()
    with pytest.raises(httpx.TransportError):
        await rest.public("Time")
    sandbox.faults.switch_off("drop")
    await healthy(rest)
    async with socket_of(sandbox) as again:
        await followed_book(again)


async def test_drop_only_once_lets_new_connections_live(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("drop", again=False)
    with pytest.raises(ConnectionClosedError):
        await socket.read_to_the_end()
    await healthy(rest)
    async with socket_of(sandbox) as again:
        await followed_book(again)


async def test_drop_refuses_new_connections_for_a_while(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("drop", again=False, refuse_s=60)
    with pytest.raises(ConnectionClosedError):
        await socket.read_to_the_end()
    with pytest.raises((InvalidMessage, OSError)):
        await connect_once(sandbox)
    sandbox.faults.switch_off("drop")
    await healthy(rest)


async def test_drop_waits_as_long_as_told(socket: Socket, sandbox: KrakenSandbox) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    sandbox.faults.switch_on("drop", after_s=0.2)
    with pytest.raises(ConnectionClosedError):
        await socket.read_to_the_end()
    assert 0.19 < loop.time() - began < 2


async def test_half_a_frame_and_half_an_answer(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    await followed_book(socket)
    sandbox.faults.switch_on("half_frame")
    with pytest.raises(ConnectionClosedError):
        await socket.read_to_the_end()
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        await rest.public("AssetPairs")
    sandbox.faults.switch_off("half_frame")
    await healthy(rest)


async def test_slow_delays_answers_and_frames(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    loop = asyncio.get_running_loop()
    sandbox.faults.switch_on("slow", delay_s=0.2)
    began = loop.time()
    await rest.public("Time")
    assert loop.time() - began > 0.19
    await socket.say("ping")
    began = loop.time()
    await socket.reply()
    assert loop.time() - began > 0.15
    sandbox.faults.switch_off("slow")
    await healthy(rest)


async def test_hanging_requests_are_answered_once_healed(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("hang")
    waiting = asyncio.create_task(rest.public("Time"))
    await socket.say("ping")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.2)
    sandbox.faults.switch_off("hang")
    assert (await waiting)["error"] == []
    await socket.say("ping")
    assert (await socket.reply())["method"] == "pong"


async def test_malformed_json_on_both(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    await followed_book(socket)
    sandbox.faults.switch_on("malformed")
    with pytest.raises(json.JSONDecodeError):
        await read_frames(socket)
    with pytest.raises(json.JSONDecodeError):
        await rest.public("AssetPairs")
    sandbox.faults.switch_off("malformed")
    await healthy(rest)


@pytest.mark.slow(reason="moves 100 MB through each of two connections")
async def test_huge_messages_are_sent_without_being_held(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    await followed_book(socket)
    await socket.connection.close()
    sandbox.faults.switch_on("huge_message")
    tracemalloc.start()
    try:
        async with rest.client.stream("GET", "/0/public/Time") as response:
            assert response.headers["content-length"] == "100000000"
            received = 0
            async for chunk in response.aiter_raw():
                received += len(chunk)
        assert received == 100_000_000
        async with socket_of(sandbox) as reader:
            longest = 0
            async with asyncio.timeout(20):
                async for part in reader.connection.recv_streaming(decode=False):
                    longest += len(part)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert longest == 100_000_000
    assert peak < 250_000_000  # the reader's own copy of the frame is in it
    sandbox.faults.switch_off("huge_message")
    await healthy(rest)


async def test_huge_frame_can_be_smaller(socket: Socket, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("huge_message", megabytes=2)
    await socket.say("ping")
    sizes = [len(await socket.raw()) for _ in range(3)]
    assert 2_000_000 in sizes


@pytest.mark.parametrize(
    ("fault", "given", "status"),
    [("http_5xx", {}, 520), ("http_5xx", {"status": 503}, 503), ("html", {}, 200), ("html", {"status": 403}, 403)],
)
async def test_web_page_in_place_of_json(
    rest: Rest, sandbox: KrakenSandbox, fault: str, given: dict[str, int], status: int
) -> None:
    await healthy(rest)
    sandbox.faults.switch_on(fault, **given)
    response = await rest.client.get("/0/public/Time")
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert response.text.startswith("<!DOCTYPE html>")
    with pytest.raises(InvalidStatus):
        await connect_once(sandbox)
    sandbox.faults.switch_off(fault)
    await healthy(rest)


# the venue's own word


async def test_rate_limit_has_a_string_for_each_door(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("rate_limit")
    assert await rest.public("Time") == {"error": ["EGeneral:Too many requests"]}
    assert await rest.private("Balance") == {"error": ["EAPI:Rate limit exceeded"]}
    assert (await socket.subscribe("book", symbol=["BTC/USD"]))["error"] == "Exceeded msg rate"
    sandbox.faults.switch_on("rate_limit", by="cdn")
    response = await rest.client.get("/0/public/Time")
    assert (response.status_code, response.text) == (429, "error code: 1015")
    sandbox.faults.switch_off("rate_limit")
    await healthy(rest)


async def test_maintenance_is_announced_and_acted_upon(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    assert (await socket.frame("status"))["data"][0]["system"] == ONLINE
    sandbox.faults.switch_on("maintenance")
    assert (await socket.frame("status"))["data"][0]["system"] == "maintenance"
    assert (await rest.public("SystemStatus"))["result"]["status"] == "maintenance"
    assert await rest.public("Depth", pair="XBTUSD") == {"error": ["EService:Unavailable"]}
    assert await rest.private("Balance") == {"error": ["EService:Unavailable"]}
    sandbox.faults.switch_off("maintenance")
    assert (await socket.frame("status"))["data"][0]["system"] == ONLINE
    assert (await rest.private("Balance"))["error"] == []


async def test_restricted_modes_refuse_orders_only(rest: Rest, sandbox: KrakenSandbox) -> None:
    order: dict[str, Any] = {
        "pair": "XBTUSD",
        "type": "buy",
        "ordertype": "limit",
        "price": "70000",
        "volume": "0.01",
        "validate": "true",
    }
    sandbox.faults.switch_on("maintenance", mode="cancel_only")
    assert await rest.private("AddOrder", **order) == {"error": ["EService:Market in cancel_only mode"]}
    assert (await rest.public("SystemStatus"))["result"]["status"] == "cancel_only"
    sandbox.faults.switch_on("maintenance", mode="post_only")
    assert await rest.private("AddOrder", **order) == {"error": ["EService:Market in post_only mode"]}
    assert (await rest.private("AddOrder", **order, oflags="post"))["error"] == []


async def test_clock_skew_moves_time_and_frames(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    true = (await rest.public("Time"))["result"]["unixtime"]
    sandbox.faults.switch_on("clock_skew")
    assert 3595 < (await rest.public("Time"))["result"]["unixtime"] - true < 3605
    before = (await socket.subscribe("book", symbol=["BTC/USD"]))["time_in"]
    sandbox.faults.switch_off("clock_skew")
    await socket.say("ping")
    assert (await socket.reply())["time_in"] < before


async def test_candle_gap_takes_rows_out(rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("candle_gap", rows=2, back=5)
    rows = (await rest.public("OHLC", pair="XBTUSD", interval=60))["result"]["XXBTZUSD"]
    steps = [later[0] - row[0] for row, later in pairwise(rows)]
    assert (len(rows), sorted(set(steps))) == (718, [3600, 3 * 3600])
    sandbox.faults.switch_off("candle_gap")
    assert len((await rest.public("OHLC", pair="XBTUSD", interval=60))["result"]["XXBTZUSD"]) == 720


async def test_delisted_pair_is_unknown_everywhere(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("pair_delisted", pair="ETH-USD")
    assert "XETHZUSD" not in (await rest.public("AssetPairs"))["result"]
    assert "XXBTZUSD" in (await rest.public("AssetPairs"))["result"]
    assert await rest.public("Depth", pair="ETHUSD") == {"error": ["EQuery:Unknown asset pair"]}
    reply = await socket.subscribe("book", symbol=["ETH/USD"])
    assert reply["error"] == "Currency pair not supported ETH/USD"
    sandbox.faults.switch_off("pair_delisted")
    await followed_book(socket, "ETH/USD")


@pytest.mark.parametrize(
    ("fault", "rest_error", "socket_error"),
    [
        ("bad_nonce", "EAPI:Invalid nonce", "ESession:Invalid session"),
        ("invalid_key", "EAPI:Invalid key", "ESession:Invalid session"),
        ("invalid_signature", "EAPI:Invalid signature", "ESession:Invalid session"),
        ("permission_denied", "EGeneral:Permission denied", "EGeneral:Permission denied"),
        ("lockout", "EGeneral:Temporary lockout", "EGeneral:Temporary lockout"),
    ],
)
async def test_credentials_are_refused(
    rest: Rest, sandbox: KrakenSandbox, fault: str, rest_error: str, socket_error: str
) -> None:
    token = await rest.token()
    async with socket_of(sandbox, "ws_auth") as socket:
        sandbox.faults.switch_on(fault)
        assert await rest.private("Balance") == {"error": [rest_error]}
        assert (await rest.public("Time"))["error"] == []
        assert (await socket.subscribe("executions", token=token))["error"] == socket_error
        sandbox.faults.switch_off(fault)
        assert (await rest.private("Balance"))["error"] == []
        assert (await socket.subscribe("executions", token=token))["success"] is True
