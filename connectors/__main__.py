"""The connectors from a shell: `python -m connectors pairs|book|candles …`, for people and, by --json, programs."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from connectors.base import BookStreaming, Candles, MarketData
from connectors.catalog import CONNECTORS, find_connector
from connectors.errors import ConnectorError, Stale, UnknownPair, UsageError, nearest
from connectors.types import TradingPair

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from connectors.base import Connector
    from connectors.book_stream import BookStream
    from connectors.order_book import OrderBook
    from connectors.types import BookLevel, Contract

DEFAULT_SECONDS = 10.0
READ_ATTEMPTS = 3
IDLE_S = 60.0
SHOWN_LEVELS = 10


class OneLineParser(argparse.ArgumentParser):
    """Errors in one line, with exit code 2; --help tells the rest."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def url_override(text: str) -> tuple[str, str]:
    """A `role=address` argument."""
    role, separator, url = text.partition("=")
    if not separator or "://" not in url:
        raise argparse.ArgumentTypeError(f"{text!r}: write ROLE=URL, like rest=http://127.0.0.1:8701")
    return role, url


def _positive(kind: type[int] | type[float]) -> Any:
    def parse(text: str) -> float:
        value = kind(text)
        if not 0 < value < 10**9:
            raise argparse.ArgumentTypeError(f"{text}: must be above zero and below {10**9}")
        return value

    parse.__name__ = "number"
    return parse


def parser() -> argparse.ArgumentParser:
    shared = OneLineParser(add_help=False)
    shared.add_argument("connector", help="connector id, like kraken")
    shared.add_argument("--json", action="store_true", help="one JSON document on stdout")
    shared.add_argument(
        "--url",
        action="append",
        default=[],
        type=url_override,
        metavar="ROLE=URL",
        help="talk to another address: "
        + "; ".join(f"{name}'s {'=, '.join(kind.live_urls)}=" for name, kind in CONNECTORS.items()),
    )
    root = OneLineParser(prog="python -m connectors", description="Talk to an exchange through its connector.")
    commands = root.add_subparsers(dest="command", required=True, metavar="pairs|book|candles")
    commands.add_parser("pairs", parents=[shared], help="trading pairs and their rules")
    book = commands.add_parser("book", parents=[shared], help="a live order book, every message verified")
    book.add_argument("pair", help="BASE-QUOTE, like BTC-USD")
    book.add_argument("--depth", type=_positive(int), help="levels a side (default: the connector's own)")
    length = book.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=_positive(float), help=f"how long to watch (default {DEFAULT_SECONDS:g})")
    length.add_argument("--updates", type=_positive(int), help="how many updates to watch")
    candles = commands.add_parser("candles", parents=[shared], help="OHLCV history")
    candles.add_argument("pair", help="BASE-QUOTE, like BTC-USD")
    candles.add_argument("interval", help="1m, 5m, 1h, 1d …")
    candles.add_argument("--limit", type=_positive(int), default=100)
    return root


def rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


async def pairs(connector: MarketData, _options: argparse.Namespace) -> dict[str, Any]:
    listed = await connector.trading_pairs()
    return {
        "pairs": [
            {
                "pair": str(pair),
                "symbol": rules.symbol,
                "status": rules.status,
                "price_tick": f"{rules.price_tick:f}",
                "size_step": f"{rules.size_step:f}",
                "min_size": f"{rules.min_size:f}",
                "min_cost": None if rules.min_cost is None else f"{rules.min_cost:f}",
                **({} if rules.contract is None else {"contract": _contract(rules.contract)}),
            }
            for pair, rules in sorted(listed.items())
        ]
    }


def _contract(contract: Contract) -> dict[str, Any]:
    return {
        "multiplier": f"{contract.multiplier:f}",
        "settle_asset": contract.settle_asset,
        "max_leverage": f"{contract.max_leverage:f}",
        "is_inverse": contract.is_inverse,
    }


async def candles(connector: Candles, options: argparse.Namespace) -> dict[str, Any]:
    rows = await connector.candles(TradingPair.parse(options.pair), options.interval, limit=options.limit)
    return {
        "pair": str(TradingPair.parse(options.pair)),
        "interval": options.interval,
        "candles": [
            {
                "open_time": rfc3339(row.open_time),
                "open": f"{row.open:f}",
                "high": f"{row.high:f}",
                "low": f"{row.low:f}",
                "close": f"{row.close:f}",
                "base_volume": f"{row.base_volume:f}",
                "quote_volume": None if row.quote_volume is None else f"{row.quote_volume:f}",
                "trades": row.trades,
                "closed": row.closed,
            }
            for row in rows
        ],
    }


async def book(connector: BookStreaming, options: argparse.Namespace) -> dict[str, Any]:
    pair = TradingPair.parse(options.pair)
    chosen = {} if options.depth is None else {"depth": options.depth}
    async with connector.book_stream(pair, **chosen) as stream:
        await stream.ready()
        started, cpu_started = time.perf_counter(), time.process_time()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if options.updates else options.seconds or DEFAULT_SECONDS):
                await _follow(stream, options.updates)
        elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu_started
        if not stream.is_live:
            raise stream.stats.last_error or Stale("the book was not live at the end", pair=str(pair))
        stats = stream.stats
        return {
            "pair": str(pair),
            "depth": stream.book.depth,
            "bids": _levels(stream.book, "bids"),
            "asks": _levels(stream.book, "asks"),
            "reconnects": stats.reconnects,
            "updates": stats.updates,
            "seconds": round(elapsed, 3),
            "updates_per_second": round(stats.updates / elapsed, 1),
            "cpu_seconds": round(cpu, 3),
            "first_snapshot_ms": None if stats.first_snapshot_ms is None else round(stats.first_snapshot_ms, 1),
            "checksum_failures": stats.checksum_failures,
            "sequence_gaps": stats.sequence_gaps,
            "resyncs": stats.resyncs,
            "best_bid": _price(stream.book.best_bid),
            "best_ask": _price(stream.book.best_ask),
        }


async def _follow(stream: BookStream, updates: int | None) -> None:
    """Until so many updates, or for ever. Raises Stale when none came for long."""
    changes = aiter(stream)
    while updates is None or stream.stats.updates < updates:
        try:
            async with asyncio.timeout(IDLE_S):
                await anext(changes)
        except TimeoutError:
            raise Stale(f"no update for {IDLE_S:g} s", pair=str(stream.pair)) from stream.stats.last_error


def _levels(live: OrderBook, side: str) -> list[dict[str, str]]:
    levels: tuple[BookLevel, ...] = getattr(live.snapshot(SHOWN_LEVELS), side)
    return [{"price": f"{level.price:f}", "size": f"{level.size:f}"} for level in levels]


def _price(level: BookLevel | None) -> str | None:
    """The price alone; None for an empty side."""
    return None if level is None else f"{level.price:f}"


COMMANDS: Mapping[str, tuple[Callable[[Any, argparse.Namespace], Awaitable[dict[str, Any]]], type]] = {
    "pairs": (pairs, MarketData),
    "book": (book, BookStreaming),
    "candles": (candles, Candles),
}


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """The answer of one command as a JSON document. Raises ConnectorError."""
    command, capability = COMMANDS[options.command]
    async with find_connector(options.connector)(urls=dict(options.url), attempts=READ_ATTEMPTS) as connector:
        if not isinstance(connector, capability):
            raise UsageError(f"{options.connector} has no {options.command}")
        try:
            answer = await command(connector, options)
        except UnknownPair as error:
            raise await _with_nearest(error, connector, options) from error
        return {"connector": connector.id, "source": connector.source, **answer}


async def _with_nearest(error: UnknownPair, connector: Connector, options: argparse.Namespace) -> UnknownPair:
    """The same error, naming valid pairs where the venue itself only said no."""
    if "pair" not in options or not isinstance(connector, MarketData):
        return error
    pair = TradingPair.parse(options.pair)
    if pair not in (listed := await connector.trading_pairs()):
        return UnknownPair(f"no pair {pair}: {nearest(str(pair), map(str, listed))}", venue=connector.venue)
    return error


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, numbers to the right."""
    cells = [list(headings), *map(list, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _stands_for(contract: Mapping[str, Any] | None, pair: str) -> str:
    """What one contract is worth, since its sizes are counted in contracts; empty on a spot market."""
    if contract is None:
        return ""
    base, _, quote = pair.partition("-")
    return f"{Decimal(contract['multiplier']).normalize():f} {quote if contract['is_inverse'] else base}"


def readable(command: str, answer: Mapping[str, Any]) -> str:
    """The same answer for a person."""
    title = f"{answer['connector']} ({answer['source']})"
    if command == "pairs":
        fields = ("pair", "status", "price_tick", "size_step", "min_size", "min_cost")
        rows = [
            [*(str(entry[field] or "") for field in fields), _stands_for(entry.get("contract"), entry["pair"])]
            for entry in answer["pairs"]
        ]
        headings = [
            *(field.replace("_", " ") for field in fields),
            "one contract" if any(row[-1] for row in rows) else "",
        ]
        return f"{title}: {len(rows)} pairs\n{table(headings, rows)}"
    if command == "candles":
        columns = ("open_time", "open", "high", "low", "close", "base_volume", "trades")
        rows = [
            [
                *("" if entry[field] is None else str(entry[field]) for field in columns),
                "" if entry["closed"] else "forming",
            ]
            for entry in answer["candles"]
        ]
        headings = [*(field.replace("_", " ") for field in columns), ""]
        return f"{title}: {answer['pair']} {answer['interval']}\n{table(headings, rows)}"
    asks, bids = ([[level["price"], level["size"], side] for level in answer[f"{side}s"]] for side in ("ask", "bid"))
    health = (
        f"{answer['updates']} updates in {answer['seconds']} s, first snapshot after {answer['first_snapshot_ms']} ms, "
        f"{answer['checksum_failures']} checksum failures, {answer['sequence_gaps']} sequence gaps, "
        f"{answer['resyncs']} resyncs, {answer['reconnects']} reconnects"
    )
    return f"{title}: {answer['pair']}\n{table(['price', 'size', ''], [*reversed(asks), *bids])}\n{health}"


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)  # an attempt that is repeated is no news: the error line tells the end
    try:
        answer = asyncio.run(run(options))
    except ConnectorError as error:
        print(f"python -m connectors {options.command}: {error}".replace("\n", " "), file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    try:
        print(json.dumps(answer, indent=2) if options.json else readable(options.command, answer), flush=True)
    except OSError as error:  # the reader left, or the disk is full
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # or the exit flushes once more
        print(f"python -m connectors {options.command}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
