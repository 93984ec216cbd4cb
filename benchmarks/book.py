"""`make bench-book`: order book updates per CPU second, ours beside ccxt's, on the same replayed Kraken stream.

Each reader runs in a process of its own and counts its CPU time from the first frame asked for to the last applied; the
server's is not counted. Readers take turns, round by round, and the median is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from statistics import median
from types import SimpleNamespace
from typing import Any

from benchmarks.replay import LAST_TIMESTAMP, UPDATES_PER_CYCLE

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

    urls = {"rest": f"http://127.0.0.1:{port}", "ws": f"ws://127.0.0.1:{port}"}
    async with Kraken(urls=urls) as connector, connector.book_stream(connector.default_pair, depth=depth) as stream:
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


class AccountedBuffer:
    """aiohttp's queue as ccxt empties it, with the 128 bytes that aiohttp counts for each message given back.

    ccxt 4.5.90 forgets them, so that under aiohttp 3.14 a busy socket pauses for good after some thousand messages.
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def __len__(self) -> int:
        return len(self._queue)

    def __getitem__(self, index: int) -> Any:
        return self._queue[index]

    def __setitem__(self, index: int, item: Any) -> None:
        self._queue[index] = item

    def popleft(self) -> Any:
        message, size = self._queue.popleft()
        return message, size + 128


async def _ccxt(port: int, depth: int, *, checksum: bool, number: Any) -> None:
    import ccxt.pro
    from ccxt.async_support.base.ws.client import Client

    queue_of = Client.buffer.fget
    Client.buffer = property(lambda client: (queue := queue_of(client)) and AccountedBuffer(queue))

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


READERS = {reader.__name__: reader for reader in (bellwether, ccxt_exact, ccxt_as_shipped, read_only, read_and_decode)}


def measure(name: str, depth: int, cycles: int) -> dict[str, float]:
    """One reader against a server of its own, both in new processes."""
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.replay", str(depth), str(cycles)], stdout=subprocess.PIPE, text=True
    )
    try:
        port = server.stdout.readline().strip()  # type: ignore[union-attr]
        command = [sys.executable, "-m", "benchmarks.book", "--reader", name, "--port", port, "--depth", str(depth)]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
        return dict(json.loads(answer.stdout))
    finally:
        server.kill()
        server.wait()


def read(name: str, port: int, depth: int) -> dict[str, float]:
    """In the reader's own process: run it and tell the CPU seconds and the memory it came to need."""
    if name.startswith("ccxt"):  # loading code is part of nobody's figure
        import ccxt.pro  # noqa: F401

    import connectors.kraken  # noqa: F401

    started = time.process_time()
    asyncio.run(READERS[name](port, depth))
    return {
        "cpu_seconds": time.process_time() - started,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--cycles", type=int, default=4, help=f"of {UPDATES_PER_CYCLE} updates each")
    options.add_argument("--depth", type=int, action="append")
    options.add_argument("--reader", choices=READERS)
    options.add_argument("--port", type=int)
    chosen = options.parse_args()
    if chosen.reader:
        print(json.dumps(read(chosen.reader, chosen.port, chosen.depth[0])))
        return
    for depth in chosen.depth or (10, 1000):
        updates = chosen.cycles * UPDATES_PER_CYCLE
        rates: dict[str, list[float]] = {name: [] for name in READERS}
        for _ in range(chosen.rounds):
            for name in READERS:
                rates[name].append(updates / measure(name, depth, chosen.cycles)["cpu_seconds"])
        ours = median(rates["bellwether"])
        print(f"depth {depth}, {updates} updates, median of {chosen.rounds} rounds; updates per CPU second:")
        for name, seen in rates.items():
            print(f"  {name:16} {median(seen):>9,.0f}   bellwether is x{ours / median(seen):.2f}")
        short, long = (measure("bellwether", depth, cycles)["peak_mb"] for cycles in (1, 4 * chosen.cycles))
        print(
            f"  peak memory      {short:.1f} MB after {UPDATES_PER_CYCLE} updates, "
            f"{long:.1f} MB after {4 * updates} updates"
        )


if __name__ == "__main__":
    main()
