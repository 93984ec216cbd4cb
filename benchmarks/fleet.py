"""What a worker costs that watches two hundred books at the pace of a lively market."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.play import Play
from benchmarks.replay import replaying
from connectors.kucoin import Kucoin

BOOKS = 200
MESSAGES_PER_S = 20
BOOKS_A_CONNECTOR = 50
"""Each connector keeps to the venue's request limit, which lets it open about so many books at once."""
SECONDS = 10.0
MOST_CORES = 0.25
"""The aim."""


async def watch(port: int, seconds: float) -> tuple[float, float]:
    """The share of a core that reading takes, and the messages per second that were read."""
    async with AsyncExitStack() as stack:
        urls = {"rest": f"http://127.0.0.1:{port}"}
        connectors = [await stack.enter_async_context(Kucoin(urls=urls)) for _ in range(0, BOOKS, BOOKS_A_CONNECTOR)]
        pairs = list(await connectors[0].trading_pairs())
        streams = [
            await stack.enter_async_context(connectors[number // BOOKS_A_CONNECTOR].book_stream(pair, depth=20))
            for number, pair in enumerate(pairs)
        ]
        await asyncio.gather(*(stream.ready() for stream in streams))
        await asyncio.sleep(1)  # for the last ones to settle
        before = sum(stream.stats.updates for stream in streams)
        cpu, wall = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        assert all(stream.is_live for stream in streams)
        assert not any(stream.stats.reconnects + stream.stats.resyncs for stream in streams)
        return cpu / wall, (sum(stream.stats.updates for stream in streams) - before) / wall


def print_load() -> None:
    with replaying("kucoin", Play(frames_per_s=MESSAGES_PER_S, pairs=BOOKS)) as port:
        command = [sys.executable, "-m", "benchmarks.fleet", str(port)]
        print(f"{BOOKS} KuCoin books at {MESSAGES_PER_S} messages a second each, in one process:", flush=True)
        subprocess.run(command, check=True, timeout=120, cwd=Path(__file__).parents[1])


if __name__ == "__main__":
    cores, messages_per_s = asyncio.run(watch(int(sys.argv[1]), SECONDS))
    print(f"  {messages_per_s:,.0f} messages a second take {cores:.3f} of a core; the aim is below {MOST_CORES}")
