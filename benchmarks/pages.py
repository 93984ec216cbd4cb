"""`make bench-pages`: the CPU time to read exchange pages, beside the bare parse that every reader of Markdown needs.

The yardstick is markdown-it-py by the rules of CommonMark with tables, its tokens thrown away. Both read the same real
pages in one process, taking turns, and the median of the rounds is printed.
"""

from __future__ import annotations

import argparse
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from registry.importers.pages import read_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAGES = Path(__file__).parents[1] / "tests" / "payloads" / "pages"
MARKDOWN = MarkdownIt("commonmark").enable("table")


def pages(how_many: int) -> list[tuple[str, bytes]]:
    """Real pages of every layout by turns, with the names of their files."""
    files = sorted(PAGES.glob("*/*.md"))
    return list(islice(cycle([(file.name, file.read_bytes()) for file in files]), how_many))


def bellwether(name: str, content: bytes) -> None:
    assert read_page(content, name).is_exchange_page


def bare_parse(name: str, content: bytes) -> None:
    assert MARKDOWN.parse(content.decode()), name


READERS: dict[str, Callable[[str, bytes], None]] = {"bare parse": bare_parse, "bellwether": bellwether}


def cpu_seconds(reader: Callable[[str, bytes], None], given: Sequence[tuple[str, bytes]]) -> float:
    started = time.process_time()
    for name, content in given:
        reader(name, content)
    return time.process_time() - started


def measure(how_many: int, rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each reader, round by round."""
    given = pages(how_many)
    seen: dict[str, list[float]] = {name: [] for name in READERS}
    for _ in range(rounds):
        for name, reader in READERS.items():
            seen[name].append(cpu_seconds(reader, given))
    return seen


def print_times(how_many: int, seen: dict[str, list[float]]) -> None:
    yardstick = median(seen["bare parse"])
    print(f"{how_many:,} pages, median of {len(seen['bellwether'])} rounds; CPU seconds:")
    for name, seconds in seen.items():
        spread = f"{min(seconds):>6.2f} to {max(seconds):.2f}"
        print(f"  {name:12} {median(seconds):>6.2f}   x{median(seconds) / yardstick:<5.2f} {spread}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=1_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    print_times(chosen.pages, measure(chosen.pages, chosen.rounds))


if __name__ == "__main__":
    main()
