"""A Kraken v2 book stream of recorded shape, and the REST answers that its reader asks for besides.

Shape measured on 40 recorded updates (tests/payloads/kraken/ws2_book_btcusd_depth10.json): one level in 30 of them, two
or three in the rest, one entry in five a removal. Prices and sizes move from a seed; every checksum is true.
"""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect_left
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zlib import crc32

from benchmarks.payloads import ASSET_PAIRS
from benchmarks.server import websocket_frame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.play import Play
    from benchmarks.server import Client

UPDATES_PER_CYCLE = 50_000
UPDATES_AT_ONCE = 1_000
LAST_TIMESTAMP = "2030-01-01T00:00:00.000000Z"
"""On the frames that say the replay is over."""
TIMESTAMP = "2026-09-25T17:48:24.880679Z"
"""Where the time goes."""


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


class KrakenReplay:
    """A venue for `benchmarks.server.serve`; every connection hears the recording from its start."""

    def __init__(self, play: Play, *, depth: int) -> None:
        self.port = 0
        self._play = play
        market = Market(depth)
        frames = [market.snapshot(), *(market.update() for _ in range(UPDATES_PER_CYCLE))]
        framed = [websocket_frame(frame) for frame in frames]
        # A cycle is the snapshot and all updates, cut where frames end.
        self._chunks = [
            b"".join(framed[start : start + UPDATES_AT_ONCE]) for start in range(0, len(framed), UPDATES_AT_ONCE)
        ]
        self._end = b"".join(map(websocket_frame, (market.snapshot(), market.update(LAST_TIMESTAMP))))

    def answer(self, method: str, path: str, query: Mapping[str, str]) -> object:
        results: dict[str, object] = {
            "/0/public/AssetPairs": ASSET_PAIRS,
            "/0/public/Time": {"unixtime": int(time.time())},
            "/0/public/SystemStatus": {"status": "online", "timestamp": _now()[:19] + "Z"},
        }
        return {"error": [], "result": results[path]} if path in results else None

    async def stream(self, client: Client) -> None:
        await client.hear()
        updates = 0
        while self._play.frames is None or updates < self._play.frames:
            for chunk in self._chunks:
                await client.write(chunk.replace(TIMESTAMP.encode(), _now().encode()))
            updates += UPDATES_PER_CYCLE
        while True:  # again and again: a reader that looks now and then may have looked away
            await client.write(self._end)
            await asyncio.sleep(0.05)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
