"""Readers of the KuCoin replays, spot and futures: ours, ccxt's, and yardsticks."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from benchmarks.ccxt_mended import mend_ccxt
from benchmarks.kucoin_recording import FuturesRecording, SpotRecording
from benchmarks.kucoin_replay import LAST_MS
from benchmarks.replay import urls_of
from connectors.catalog import find_connector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connectors.book_stream import BookStream
    from connectors.order_book import OrderBook

LAST_TEXT = str(LAST_MS).encode()
TOPICS = {
    "kucoin": f"/market/level2:{SpotRecording.symbol}",
    "kucoin_perpetual": f"/contractMarket/level2:{FuturesRecording.symbol}",
}
SNAPSHOTS = {
    "kucoin": f"/api/v1/market/orderbook/level2_100?symbol={SpotRecording.symbol}",
    "kucoin_perpetual": f"/api/v1/level2/depth100?symbol={FuturesRecording.symbol}",
}


async def bellwether(venue: str, port: int, depth: int) -> None:
    """Our connector as it is used: every sequence checked, crossed books refused, silence watched."""
    async with _our_stream(venue, port, depth) as stream:
        await stream.ready()
        async for _ in _until_the_end(stream):
            pass
        seen = stream.stats
        assert seen.sequence_gaps == seen.resyncs == seen.reconnects == seen.crossed_books == 0, seen


async def bellwether_with_a_loss(venue: str, port: int, depth: int) -> dict[str, object]:
    """What our stream says of a replay that leaves a frame out."""
    async with _our_stream(venue, port, depth) as stream:
        await stream.ready()
        async for _ in _until_the_end(stream):
            pass
        return {"error": repr(stream.stats.last_error), "wrong": 0}


@asynccontextmanager
async def _our_stream(venue: str, port: int, depth: int) -> AsyncIterator[BookStream]:
    kind: Any = find_connector(venue)
    async with (
        kind(urls=urls_of(kind, port)) as connector,
        connector.book_stream(connector.default_pair, depth=depth) as stream,
    ):
        yield stream


async def _until_the_end(stream: BookStream) -> AsyncIterator[OrderBook]:
    async for book in stream:
        last = stream.stats.last_venue_time
        if last and last.timestamp() * 1000 == LAST_MS:
            return
        yield book


async def ccxt(venue: str, port: int, depth: int) -> None:
    """ccxt as shipped: floats; it looks for no gaps."""
    exchange, symbol = _ccxt(venue, port)
    try:
        while (await exchange.watch_order_book(symbol, depth))["timestamp"] != LAST_MS:
            pass
    finally:
        await exchange.close()


async def ccxt_with_a_loss(venue: str, port: int, depth: int) -> dict[str, object]:
    """What ccxt says of a replay that leaves a frame out, and how many levels of its book are wrong afterwards."""
    exchange, symbol = _ccxt(venue, port)
    error = None
    try:
        while (await exchange.watch_order_book(symbol, depth))["timestamp"] != LAST_MS:
            pass
        rest = await exchange.fetch_order_book(symbol, depth)
        book = exchange.orderbooks[symbol]
        while book["nonce"] != rest["nonce"]:
            if book["nonce"] > rest["nonce"]:
                rest = await exchange.fetch_order_book(symbol, depth)
                book = exchange.orderbooks[symbol]
            else:
                book = await exchange.watch_order_book(symbol, depth)
        wrong = sum(len(_best(book[side]) ^ _best(rest[side])) for side in ("bids", "asks"))
    except Exception as raised:  # noqa: BLE001  # whatever it is would be the answer
        error, wrong = raised, 0
    finally:
        await exchange.close()
    return {"error": repr(error), "wrong": wrong}


def _best(levels: Any) -> set[tuple[float, float]]:
    return {(price, size) for price, size, *_ in levels[:50]}


def _ccxt(venue: str, port: int) -> tuple[Any, str]:
    import ccxt.pro

    mend_ccxt()
    is_spot = venue == "kucoin"
    exchange = ccxt.pro.kucoin() if is_spot else ccxt.pro.kucoinfutures()
    for role in exchange.urls["api"]:
        exchange.urls["api"][role] = f"http://127.0.0.1:{port}"
    listed = {"id": SpotRecording.symbol, "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "type": "spot"}
    if not is_spot:
        listed |= {"id": FuturesRecording.symbol, "symbol": "BTC/USDT:USDT", "settle": "USDT", "type": "swap"}
    kinds = {"spot": is_spot, "swap": not is_spot, "contract": not is_spot, "linear": None if is_spot else True}
    exchange.set_markets([listed | kinds])
    exchange.open()
    return exchange, str(listed["symbol"])


async def plain_checked(venue: str, port: int, depth: int) -> None:
    """A reader by hand: json into two dicts of prices, every sequence checked, nothing sorted and nothing healed."""
    from websockets.asyncio.client import connect

    bids: dict[str, str] = {}
    asks: dict[str, str] = {}
    expected = 0

    def apply_spot(data: Any) -> None:
        nonlocal expected
        if data["sequenceEnd"] < expected:
            return
        if data["sequenceStart"] > expected:
            raise RuntimeError(f"a gap: expected {expected}, got {data['sequenceStart']}")
        for side, rows in ((asks, data["changes"]["asks"]), (bids, data["changes"]["bids"])):
            for price, size, _ in rows:
                if size == "0":
                    side.pop(price, None)
                else:
                    side[price] = size
        expected = data["sequenceEnd"] + 1

    def apply_futures(data: Any) -> None:
        nonlocal expected
        if data["sequence"] < expected:
            return
        if data["sequence"] > expected:
            raise RuntimeError(f"a gap: expected {expected}, got {data['sequence']}")
        price, taken, size = data["change"].split(",")
        side = bids if taken == "buy" else asks
        if size == "0":
            side.pop(price, None)
        else:
            side[price] = size
        expected += 1

    apply = apply_spot if venue == "kucoin" else apply_futures
    early: deque[Any] = deque()
    async with connect(f"ws://127.0.0.1:{port}", compression=None, max_size=None, ping_interval=None) as connection:
        await _subscribe(connection, venue)
        fetching = asyncio.create_task(asyncio.to_thread(_fetched, port, venue))
        while not fetching.done():
            early.append(json.loads(await connection.recv(decode=False))["data"])
        snapshot = fetching.result()
        expected = int(snapshot["sequence"]) + 1
        bids.update((str(price), str(size)) for price, size in snapshot["bids"])
        asks.update((str(price), str(size)) for price, size in snapshot["asks"])
        for data in early:
            apply(data)
        while True:
            data = json.loads(await connection.recv(decode=False))["data"]
            apply(data)
            if data.get("time", data.get("timestamp")) == LAST_MS:
                return


async def read_only(venue: str, port: int, depth: int) -> None:
    """The same socket read through websockets, and nothing more."""
    from websockets.asyncio.client import connect

    async with connect(f"ws://127.0.0.1:{port}", compression=None, max_size=None, ping_interval=None) as connection:
        await _subscribe(connection, venue)
        await asyncio.to_thread(_fetched, port, venue)
        while LAST_TEXT not in await connection.recv(decode=False):
            pass


async def _subscribe(connection: Any, venue: str) -> None:
    await connection.send(json.dumps({"id": "1", "type": "subscribe", "topic": TOPICS[venue], "response": True}))
    for said in ("welcome", "ack"):
        assert json.loads(await connection.recv())["type"] == said


def _fetched(port: int, venue: str) -> Any:
    with urlopen(Request(f"http://127.0.0.1:{port}{SNAPSHOTS[venue]}")) as answer:
        return json.load(answer)["data"]


READERS = (bellwether, ccxt, plain_checked, read_only)
