"""`make bench-book`: order book updates per CPU second, ours beside its peers', on the same replayed streams.

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
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import fleet, kraken_readers, kucoin_readers
from benchmarks.kraken_replay import UPDATES_PER_CYCLE
from benchmarks.kucoin_recording import FuturesRecording, SpotRecording
from benchmarks.play import Play
from benchmarks.replay import replaying

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Reader = Callable[[int, int], Awaitable[Any]]

FRAMES_UNTIL_A_LOSS = 1_000
FRAMES_AFTER_A_LOSS = 500


class Market(NamedTuple):
    title: str
    depths: tuple[int, ...]
    updates: int
    readers: dict[str, Reader]


def _by_name(readers: Iterable[Callable[..., Awaitable[Any]]], *arguments: str) -> dict[str, Reader]:
    return {reader.__name__: partial(reader, *arguments) for reader in readers}


MARKETS = {
    "kraken": Market(
        "Kraken, every checksum verified by bellwether", (10, 1000), 100_000, _by_name(kraken_readers.READERS)
    ),
    "kucoin": Market(
        "KuCoin spot, every sequence checked by bellwether", (100,), 200_000, _by_name(kucoin_readers.READERS, "kucoin")
    ),
    "kucoin_perpetual": Market(
        "KuCoin futures, every sequence checked by bellwether",
        (100,),
        200_000,
        _by_name(kucoin_readers.READERS, "kucoin_perpetual"),
    ),
}
LOSS_READERS = {
    "bellwether_with_a_loss": kucoin_readers.bellwether_with_a_loss,
    "ccxt_with_a_loss": kucoin_readers.ccxt_with_a_loss,
}


def measure(venue: str, name: str, depth: int, play: Play) -> dict[str, Any]:
    """One reader against a server of its own, both in new processes."""
    with replaying(venue, play, depth=depth) as port:
        command = [sys.executable, "-m", "benchmarks.book", "--market", venue, "--reader", name]
        command += ["--port", str(port), "--depth", str(depth)]
        root = Path(__file__).parents[1]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600, cwd=root)
        return dict(json.loads(answer.stdout))


def read(venue: str, name: str, port: int, depth: int) -> dict[str, Any]:
    """In the reader's own process: run it and tell the CPU seconds and the memory it came to need."""
    if name.startswith("ccxt"):  # loading code is part of nobody's figure
        import ccxt.pro  # noqa: F401

    import connectors.catalog  # noqa: F401

    if name in LOSS_READERS:
        return dict(asyncio.run(LOSS_READERS[name](venue, port, depth)))
    started = time.process_time()
    asyncio.run(MARKETS[venue].readers[name](port, depth))  # type: ignore[arg-type]  # partials of coroutine functions
    return {
        "cpu_seconds": time.process_time() - started,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def print_rates(venue: str, depth: int, updates: int, rounds: int) -> None:
    market = MARKETS[venue]
    play = Play(frames=updates)
    rates: dict[str, list[float]] = {name: [] for name in market.readers}
    for _ in range(rounds):
        for name, seen in rates.items():
            seen.append(updates / measure(venue, name, depth, play)["cpu_seconds"])
    ours = median(rates["bellwether"])
    print(f"{market.title}: depth {depth}, {updates} updates, median of {rounds} rounds; updates per CPU second:")
    for name, seen in rates.items():
        spread = f"{min(seen):>9,.0f} to {max(seen):,.0f}"
        print(f"  {name:16} {median(seen):>9,.0f}   bellwether is x{ours / median(seen):<5.2f} {spread}", flush=True)


def print_memory(venue: str, depth: int, updates: int) -> None:
    short, long = (
        measure(venue, "bellwether", depth, Play(frames=count))["peak_mb"] for count in (updates, 8 * updates)
    )
    print(f"  peak memory      {short:.1f} MB after {updates} updates, {long:.1f} MB after {8 * updates}", flush=True)


def print_loss(venue: str) -> None:
    """What each makes of a frame that never comes."""
    recording = SpotRecording() if venue == "kucoin" else FuturesRecording()
    lost = recording.lasting_frame(FRAMES_UNTIL_A_LOSS, for_frames=2 * FRAMES_AFTER_A_LOSS)
    print("one frame removed:")
    for name in LOSS_READERS:
        said = measure(venue, name, 100, Play(frames=lost + FRAMES_AFTER_A_LOSS, lost=lost))
        print(
            f"  {name.partition('_')[0]:16} error: {said['error']}; wrong levels afterwards: {said['wrong']}",
            flush=True,
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--market", choices=(*MARKETS, "fleet"), action="append", help="only this one")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--updates", type=int)
    options.add_argument("--depth", type=int, action="append")
    options.add_argument("--reader", help=argparse.SUPPRESS)
    options.add_argument("--port", type=int, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.reader:
        print(json.dumps(read(chosen.market[0], chosen.reader, chosen.port, chosen.depth[0])))
        return
    for venue in chosen.market or (*MARKETS, "fleet"):
        if venue == "fleet":
            fleet.print_load()
            continue
        for depth in chosen.depth or MARKETS[venue].depths:
            print_rates(venue, depth, chosen.updates or MARKETS[venue].updates, chosen.rounds)
        if venue == "kraken":
            print_memory(venue, 10, UPDATES_PER_CYCLE)
        else:
            print_loss(venue)


if __name__ == "__main__":
    main()
