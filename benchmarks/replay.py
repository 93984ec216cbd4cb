"""A Kraken v2 book stream of recorded shape, replayed from loopback as fast as the reader takes it.

Shape measured on 40 recorded updates (tests/payloads/kraken/ws2_book_btcusd_depth10.json): one level in 30 of them, two
or three in the rest, one entry in five a removal. Prices and sizes move from a seed; every checksum is true.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import struct
import sys
from bisect import bisect_left
from zlib import crc32

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

UPDATES_PER_CYCLE = 50_000
LAST_TIMESTAMP = "2026-09-25T23:59:59.000000Z"
TIMESTAMP = "2026-09-25T17:48:24.880679Z"
CHUNK_BYTES = 1 << 18

ASSET_PAIRS = {
    "XXBTZUSD": {
        "altname": "XBTUSD",
        "wsname": "XBT/USD",
        "pair_decimals": 1,
        "lot_decimals": 8,
        "ordermin": "0.00005",
        "costmin": "0.5",
        "tick_size": "0.1",
        "status": "online",
    }
}


class Side:
    """One side of the replayed book; keys are prices in tenths, negated for bids, so that they ascend from the best."""

    def __init__(self, sign: int, depth: int, generator: random.Random) -> None:
        self.sign, self.depth, self.random = sign, depth, generator
        self.keys = [sign * 837_440 + 1 + 3 * index for index in range(depth)]
        self.sizes = {key: self._size() for key in self.keys}

    def _size(self) -> int:
        return self.random.randint(1_000, 900_000_000)

    def change(self, best_other: int) -> list[int]:
        """Set, add or remove a level, mostly near the best price; the keys that the venue would announce."""
        index = min(int(self.random.expovariate(0.4)), self.depth - 1)
        key = self.keys[index]
        chance = self.random.random()
        if chance < 0.2:
            del self.keys[index], self.sizes[key]
            risen = self.keys[-1] + self.random.randint(1, 5)
            self.keys.append(risen)
            self.sizes[risen] = self._size()
            return [key, risen]
        better = key - 1
        if chance < 0.4 and better not in self.sizes and -better < best_other:
            self.keys.insert(bisect_left(self.keys, better), better)
            self.sizes[better] = self._size()
            del self.sizes[self.keys.pop()]  # below the depth now: never announced
            return [better]
        self.sizes[key] = self._size()
        return [key]

    def json(self, keys: list[int]) -> str:
        return ",".join(
            f'{{"price":{price // 10}.{price % 10},"qty":{size // 10**8}.{size % 10**8:08d}}}'
            for price, size in ((abs(key), self.sizes.get(key, 0)) for key in keys)
        )

    def checksum(self, before: int = 0) -> int:
        return crc32("".join(f"{abs(key)}{self.sizes[key]}" for key in self.keys[:10]).encode(), before)


class Market:
    """Both sides, never crossed; a frame for each step."""

    def __init__(self, depth: int, seed: int = 7) -> None:
        self.random = random.Random(seed)
        self.bids = Side(-1, depth, self.random)
        self.asks = Side(1, depth, self.random)

    def _frame(self, kind: str, bids: str, asks: str, timestamp: str = TIMESTAMP) -> bytes:
        checksum = self.bids.checksum(self.asks.checksum())
        return (
            f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{bids}],"asks":[{asks}],'
            f'"checksum":{checksum},"timestamp":"{timestamp}"}}]}}'
        ).encode()

    def snapshot(self) -> bytes:
        return self._frame("snapshot", self.bids.json(self.bids.keys), self.asks.json(self.asks.keys))

    def update(self, timestamp: str = TIMESTAMP) -> bytes:
        if self.random.random() < 0.5:
            return self._frame("update", self.bids.json(self.bids.change(self.asks.keys[0])), "", timestamp)
        return self._frame("update", "", self.asks.json(self.asks.change(self.bids.keys[0])), timestamp)


def websocket_frame(payload: bytes) -> bytes:
    """An unmasked text frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


def recording(depth: int) -> tuple[bytes, bytes]:
    """A cycle (a snapshot and its updates), and a last snapshot and update that say the replay is over."""
    market = Market(depth)
    frames = [market.snapshot(), *(market.update() for _ in range(UPDATES_PER_CYCLE))]
    end = [market.snapshot(), market.update(LAST_TIMESTAMP)]
    return b"".join(map(websocket_frame, frames)), b"".join(map(websocket_frame, end))


async def replay(depth: int, cycles: int) -> None:
    """Serve until killed; the address is printed once the recording is made."""
    cycle, end = recording(depth)

    def rest(_connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers:
            return None
        body = json.dumps({"error": [], "result": ASSET_PAIRS}).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
        return Response(200, "OK", headers, body)

    async def stream(connection: ServerConnection) -> None:
        await connection.recv()
        for _ in range(cycles):
            for start in range(0, len(cycle), CHUNK_BYTES):
                connection.transport.write(cycle[start : start + CHUNK_BYTES])
                await connection.drain()
        while True:  # again and again: a reader that looks now and then may have looked away
            connection.transport.write(end)
            await asyncio.sleep(0.05)

    async with serve(stream, "127.0.0.1", 0, process_request=rest, compression=None, ping_interval=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    logging.disable()  # a reader that has read enough just leaves
    asyncio.run(replay(int(sys.argv[1]), int(sys.argv[2])))
