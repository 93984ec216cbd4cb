"""KuCoin, spot or futures, as far as a reader of its level-2 stream needs it, played from a recording.

One market per venue object: every connection hears it from where it is, and REST gives the book of exactly that moment.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from benchmarks.kucoin_recording import SHOWN_LEVELS, Recording, SpotRecording
from benchmarks.payloads import CONTRACT, SYMBOL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.play import Play
    from benchmarks.server import Client

LAST_MS = 1_893_456_000_000
"""2030-01-01: the time on the frames that say the replay is over."""
FRAMES_AT_ONCE = 100
TRICKLE_FRAMES_PER_S = 200
TICKS_PER_S = 50


class KucoinReplay:
    """A venue for `benchmarks.server.serve`."""

    def __init__(self, recording: Recording, play: Play) -> None:
        self.port = 0
        self._recording = recording
        self._is_spot = isinstance(recording, SpotRecording)
        self._play = play
        self._position = 0
        """Frames played, over all cycles."""
        self._end: int | None = None
        self._started = time.monotonic()
        self._snapshots = 0
        self._connections = 0

    # REST.

    def answer(self, method: str, path: str, query: Mapping[str, str]) -> object:
        data = self._data(method, path)
        return None if data is None else {"code": "200000", "data": data}

    def _data(self, method: str, path: str) -> Any:
        _, _, last = path.rpartition("/")
        depth = last.removeprefix("level2_" if self._is_spot else "depth")
        if method == "POST" and path == "/api/v1/bullet-public":
            server = {"endpoint": f"ws://127.0.0.1:{self.port}/", "encrypt": False, "protocol": "websocket"}
            timing = {"pingInterval": 18000, "pingTimeout": 10000}
            return {"token": "replay", "instanceServers": [server | timing]}
        if path == "/api/v1/timestamp":
            return _now_ms()
        if path == "/api/v1/status":
            return {"status": "open", "msg": ""}
        if path == ("/api/v2/symbols" if self._is_spot else "/api/v1/contracts/active"):
            return self._listed()
        if depth.isdecimal() and path.startswith("/api/v1/market/orderbook" if self._is_spot else "/api/v1/level2/"):
            return self._book(min(int(depth), SHOWN_LEVELS))
        return None

    def _listed(self) -> list[dict[str, Any]]:
        if not self._is_spot:
            return [CONTRACT]
        symbols = [self._symbol(number) for number in range(self._play.pairs)]
        return [
            SYMBOL | {"symbol": symbol, "name": symbol, "baseCurrency": symbol.partition("-")[0]} for symbol in symbols
        ]

    def _symbol(self, number: int) -> str:
        """The recorded pair first, then as many as are wanted that are spelled as long."""
        return f"{chr(ord('C') + number // 100)}{number % 100:02d}-USDT" if number else self._recording.symbol

    def _book(self, depth: int) -> dict[str, object]:
        self._snapshots += 1
        cycle, index = divmod(self._by_the_clock(), len(self._recording.frames))
        # Dated as the frames are by then: a book from long before them would be of another numbering.
        end = self._end is not None and self._position >= self._end
        return self._recording.rest_book(self._recording.book_after(index), cycle, depth, LAST_MS if end else _now_ms())

    def _by_the_clock(self) -> int:
        if self._play.frames_per_s is not None:
            self._position = int((time.monotonic() - self._started) * self._play.frames_per_s)
        return self._position

    # The stream.

    async def stream(self, client: Client) -> None:
        number, self._connections = self._connections, self._connections + 1
        client.say({"id": "replay", "type": "welcome"})
        playing: asyncio.Task[None] | None = None
        try:
            while True:
                message = await client.hear()
                if message["type"] == "ping":
                    client.say({"id": message["id"], "type": "pong", "timestamp": _now_ms() * 1000})
                elif message["type"] == "subscribe":
                    client.say({"id": message["id"], "type": "ack"})
                    symbol = message["topic"].partition(":")[2]
                    playing = asyncio.create_task(self._play_to(client, symbol, number))
        finally:
            if playing is not None:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)

    async def _play_to(self, client: Client, symbol: str, number: int) -> None:
        if self._play.frames_per_s is not None:
            await self._play_by_the_clock(client, symbol, number, self._play.frames_per_s)
            return
        before = self._snapshots
        while self._snapshots == before:  # no reader keeps up with both: a real market waits for nobody, but is slower
            await self._send(client, 1)
            await asyncio.sleep(1 / TRICKLE_FRAMES_PER_S)
        end = self._end = None if self._play.frames is None else self._position + self._play.frames
        while end is None or self._position < end:
            await self._send(client, FRAMES_AT_ONCE)
        while True:  # again and again: a reader that looks now and then may have looked away
            await self._send(client, 1, LAST_MS)
            await asyncio.sleep(0.05)

    async def _play_by_the_clock(self, client: Client, symbol: str, number: int, frames_per_s: float) -> None:
        """Each connection's frames come one at a time, and those of many connections spread over the second."""
        recorded, told = self._recording.symbol.encode(), symbol.encode()
        sent = self._by_the_clock()
        beat_s = (number * 0.618034) % 1 / frames_per_s
        while True:
            await asyncio.sleep(max(0.0, self._started + (sent + 1) / frames_per_s + beat_s - time.monotonic()))
            await client.write(self._frames(sent, 1, _now_ms()).replace(recorded, told))
            sent += 1

    async def _send(self, client: Client, count: int, time_ms: int | None = None) -> None:
        frames = self._frames(self._position, count, _now_ms() if time_ms is None else time_ms)
        self._position += count
        await client.write(frames)

    def _frames(self, position: int, count: int, time_ms: int) -> bytes:
        sent = []
        lost = self._play.lost
        if lost is not None and position <= lost < position + count:
            return self._frames(position, lost - position, time_ms) + self._frames(
                lost + 1, position + count - lost - 1, time_ms
            )
        while count > 0:
            cycle, index = divmod(position, len(self._recording.frames))
            end = min(index + count, len(self._recording.frames))
            sent.append(self._recording.sent(index, end, cycle, time_ms))
            position, count = position + end - index, count - (end - index)
        return b"".join(sent)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
