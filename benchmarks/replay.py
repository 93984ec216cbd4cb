"""The server process of a benchmark: one venue on loopback, until killed; its port is printed once it listens."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.kraken_replay import KrakenReplay
from benchmarks.kucoin_recording import FuturesRecording, SpotRecording
from benchmarks.kucoin_replay import KucoinReplay
from benchmarks.play import Play
from benchmarks.server import port_of, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.base import Connector

VENUES = ("kraken", "kucoin", "kucoin_perpetual")


@contextmanager
def replaying(venue: str, play: Play, *, depth: int = 10) -> Iterator[int]:
    """The port of a server process for *venue*, which ends on leaving. *depth* is Kraken's, which sends that deep."""
    command = [sys.executable, "-m", "benchmarks.replay", venue, "--depth", str(depth)]
    for name, value in vars(play).items():
        if value is not None:
            command += [f"--{name.replace('_', '-')}", str(value)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    try:
        yield int(server.stdout.readline())  # type: ignore[union-attr]
    finally:
        server.kill()
        server.communicate()


def urls_of(connector: type[Connector], port: int) -> dict[str, str]:
    """Every address of a connector, on loopback."""
    return {
        role: f"{'ws' if url.startswith('ws') else 'http'}://127.0.0.1:{port}"
        for role, url in connector.live_urls.items()
    }


async def replay(venue: str, play: Play, depth: int) -> None:
    playing: KrakenReplay | KucoinReplay
    if venue == "kraken":
        playing = KrakenReplay(play, depth=depth)
    else:
        playing = KucoinReplay(SpotRecording() if venue == "kucoin" else FuturesRecording(), play)
    server = await serve(playing)
    playing.port = port_of(server)
    print(playing.port, flush=True)
    await server.serve_forever()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("venue", choices=VENUES)
    options.add_argument("--depth", type=int, default=10)
    options.add_argument("--frames", type=int)
    options.add_argument("--frames-per-s", type=float)
    options.add_argument("--lost", type=int)
    options.add_argument("--pairs", type=int, default=1)
    chosen = options.parse_args()
    play = Play(chosen.frames, chosen.frames_per_s, chosen.lost, chosen.pairs)
    asyncio.run(replay(chosen.venue, play, chosen.depth))


if __name__ == "__main__":
    main()
