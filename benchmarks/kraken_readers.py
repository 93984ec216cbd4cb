"""Readers of the Kraken replay: ours, ccxt's two, and yardsticks."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from benchmarks.ccxt_mended import mend_ccxt
from benchmarks.kraken_replay import LAST_TIMESTAMP
from benchmarks.replay import urls_of

LAST_TEXT = LAST_TIMESTAMP.encode()
SUBSCRIBE = '{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":%d}}'


async def read_only(port: int, depth: int) -> None:
    """The same socket read through websockets, and nothing more."""
    await _plain(port, depth, lambda _: None)


async def read_and_decode(port: int, depth: int) -> None:
    """Read, and decoded with the standard library's json."""
    await _plain(port, depth, json.loads)


async def _plain(port: int, depth: int, work: Any) -> None:
    from websockets.asyncio.client import connect

    async with connect(f"ws://127.0.0.1:{port}", compression=None, max_size=None, ping_interval=None) as connection:
        await connection.send(SUBSCRIBE % depth)
        while True:
            message = await connection.recv(decode=False)
            work(message)
            if LAST_TEXT in message:
                return


async def bellwether(port: int, depth: int) -> None:
    """Our connector as it is used: every checksum verified, crossed books refused, silence watched."""
    from connectors.kraken import Kraken

    async with (
        Kraken(urls=urls_of(Kraken, port)) as connector,
        connector.book_stream(connector.default_pair, depth=depth) as stream,
    ):
        await stream.ready()
        async for _ in stream:
            seen = stream.stats
            if seen.last_venue_time and seen.last_venue_time.isoformat()[:19] == LAST_TIMESTAMP[:19]:
                break
        assert seen.checksum_failures == seen.resyncs == seen.reconnects == 0, seen


async def ccxt_exact(port: int, depth: int) -> None:
    """ccxt with its checksum on.

    It needs the digits as written, which its floats lose: so its JSON decoder keeps numbers as text, and its number
    type becomes a float that remembers its text, which its checksum code splits at the point. Decimals were slower.
    """
    from ccxt.async_support.base.ws import client

    class ExactNumber(float):
        text: str

        def __new__(cls, text: str) -> ExactNumber:
            number = super().__new__(cls, text)
            number.text = text
            return number

        def split(self, separator: str) -> list[str]:
            return self.text.split(separator)

    client.orjson = None
    client.json = SimpleNamespace(dumps=json.dumps, loads=lambda text: json.loads(text, parse_float=str))
    await _ccxt(port, depth, checksum=True, number=ExactNumber)


async def ccxt_as_shipped(port: int, depth: int) -> None:
    """ccxt with its defaults: floats, no checksum."""
    await _ccxt(port, depth, checksum=False, number=float)


async def _ccxt(port: int, depth: int, *, checksum: bool, number: Any) -> None:
    import ccxt.pro

    mend_ccxt()
    exchange = ccxt.pro.kraken({"options": {"watchOrderBook": {"checksum": checksum}}})
    exchange.number = number
    exchange.streaming["keepAlive"] = 3_600_000  # its keep-alive starves in a flood, and the replay answers no pings
    exchange.urls["api"]["ws"]["publicV2"] = f"ws://127.0.0.1:{port}"
    exchange.set_markets(
        [{"id": "XXBTZUSD", "symbol": "BTC/USD", "base": "BTC", "quote": "USD", "wsId": "XBT/USD", "spot": True}]
    )
    try:
        while True:
            book = await exchange.watch_order_book("BTC/USD", depth)
            if book["datetime"] == LAST_TIMESTAMP:
                assert book["bids"]
                return
    finally:
        await exchange.close()


READERS = (bellwether, ccxt_exact, ccxt_as_shipped, read_only, read_and_decode)
