"""The book stream: checksums, truncation and subscriptions, followed by a reader written from the documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connectors.sandbox import KrakenSandbox
from tests.connectors.sandbox.wire import Book, rest_of, socket_of

if TYPE_CHECKING:
    from tests.connectors.sandbox.wire import Socket


async def followed_book(socket: Socket, symbol: str = "BTC/USD", depth: int = 10) -> Book:
    assert (await socket.subscribe("book", symbol=[symbol], depth=depth))["success"] is True
    return Book(await socket.frame("book", "snapshot"), depth)


@pytest.mark.parametrize("depth", [10, 25, 100, 500, 1000])
async def test_every_checksum_agrees_and_no_level_is_lost(socket: Socket, sandbox: KrakenSandbox, depth: int) -> None:
    book = await followed_book(socket, depth=depth)
    assert book.agrees
    for _ in range(60):
        book.apply(await socket.frame("book", "update"))
        assert book.agrees
        assert [len(side) for side in book.sides.values()] == [depth, depth]
        assert not book.is_crossed


async def test_reader_that_does_not_cut_its_book_soon_disagrees(socket: Socket) -> None:
    book = await followed_book(socket)
    book.depth = 1000
    wrong = 0
    for _ in range(150):
        frame = await socket.frame("book", "update")
        try:
            book.apply(frame)
        except KeyError:
            continue
        wrong += not book.agrees
    assert wrong > 0


async def test_small_prices_and_thin_books_have_checksums_too(socket: Socket) -> None:
    for symbol, decimals in (("DOGE/USD", 7), ("ACA/EUR", 5)):
        book = await followed_book(socket, symbol)
        assert book.agrees
        assert {len(price.partition(".")[2]) for price in book.sides["bids"]} == {decimals}
    assert len(book.sides["bids"]) == 8


async def test_every_symbol_has_its_acknowledgement_before_its_snapshot(socket: Socket) -> None:
    await socket.say("subscribe", req_id=5, channel="book", symbol=["BTC/USD", "XBT/USD", "ETH/USD"])
    replies = [await socket.reply() for _ in range(3)]
    assert [reply["success"] for reply in replies] == [True, False, True]
    assert {reply["req_id"] for reply in replies} == {5}


@pytest.mark.parametrize(
    ("parameters", "error", "names_symbol"),
    [
        ({"channel": "book", "symbol": ["BTC/USD"], "depth": 11}, "Subscription depth not supported", False),
        ({"channel": "book", "symbol": ["NOPE/USD"]}, "Currency pair not supported NOPE/USD", True),
        ({"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 7}, "Subscription ohlc interval not supported", False),
        ({"channel": "gossip", "symbol": ["BTC/USD"]}, "Subscription name invalid", False),
    ],
)
async def test_refused_subscription(socket: Socket, parameters: dict[str, Any], error: str, names_symbol: bool) -> None:
    reply = await socket.subscribe(**parameters)
    assert (reply["success"], reply["error"], "symbol" in reply) == (False, error, names_symbol)
    assert "result" not in reply


async def test_second_depth_is_already_subscribed_until_the_first_is_given_up(socket: Socket) -> None:
    await followed_book(socket)
    assert (await socket.subscribe("book", symbol=["BTC/USD"], depth=25))["error"] == "Already subscribed"
    await socket.say("unsubscribe", channel="book", symbol=["BTC/USD"], depth=10)
    assert (await socket.reply())["result"] == {"channel": "book", "depth": 10, "symbol": "BTC/USD"}
    assert len((await followed_book(socket, depth=25)).sides["asks"]) == 25


async def test_one_ohlc_interval_per_symbol(socket: Socket) -> None:
    assert (await socket.subscribe("ohlc", symbol=["BTC/USD"], interval=1))["success"] is True
    reply = await socket.subscribe("ohlc", symbol=["BTC/USD"], interval=5)
    assert reply["error"] == "Already subscribed to one ohlc interval on this symbol"


async def test_snapshot_can_be_left_out(socket: Socket) -> None:
    await socket.subscribe("book", symbol=["BTC/USD"], snapshot=False)
    assert (await socket.frame("book"))["type"] == "update"


async def test_instrument_names_the_precisions(socket: Socket) -> None:
    await socket.subscribe("instrument")
    frame = await socket.frame("instrument", "snapshot")
    pairs = {pair["symbol"]: pair for pair in frame["data"]["pairs"]}
    doge = pairs["DOGE/USD"]
    assert (doge["price_precision"], doge["qty_precision"], doge["qty_increment"]) == (7, 8, "1e-08")
    assert pairs["ACA/EUR"]["status"] == "cancel_only"


@pytest.mark.parametrize("text", ["{", "[]", '"hi"', '{"method":"dance"}', '{"method":"subscribe","params":[]}', "{}"])
async def test_nonsense_is_refused_and_the_connection_lives_on(socket: Socket, text: str) -> None:
    await socket.connection.send(text)
    assert "error" in await socket.reply()
    await socket.say("ping", req_id=1)
    assert (await socket.reply())["method"] == "pong"


@pytest.mark.slow(reason="the venue's heartbeat comes once a second")
async def test_heartbeats_come_only_to_subscribers_without_other_data(socket: Socket) -> None:
    await socket.subscribe("book", symbol=["ACA/EUR"])
    await socket.frame("book", "snapshot")
    assert await socket.raw() == '{"channel":"heartbeat"}'


async def test_two_subscribers_see_the_same_frames() -> None:
    async with KrakenSandbox(rate=400) as sandbox, socket_of(sandbox) as one, socket_of(sandbox) as two:
        await followed_book(one)
        await followed_book(two)
        seen = [[json.dumps(await socket.frame("book", "update")) for _ in range(40)] for socket in (one, two)]
        assert set(seen[1]) & set(seen[0])


async def test_own_order_shows_in_the_book(socket: Socket, sandbox: KrakenSandbox) -> None:
    sandbox.rate = 0.001  # the market stands still
    async with rest_of(sandbox) as rest:
        rows = (await rest.public("Depth", pair="XBTUSD", count=1))["result"]["XXBTZUSD"]
        price = f"{float(rows['bids'][0][0]):.1f}"
        book = await followed_book(socket)
        before = float(book.sides["bids"].get(price, 0))
        await rest.private("AddOrder", pair="XBTUSD", type="buy", ordertype="limit", price=price, volume="0.5")
        while float(book.sides["bids"].get(price, 0)) < before + 0.4999:
            book.apply(await socket.frame("book", "update"))
            assert book.agrees
