"""`python -m monitoring.checks`: one connector's checks, run now, without a database."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from connectors.base import MarketData
from connectors.catalog import CONNECTORS, find_connector
from connectors.errors import ConnectorError, UnknownPair, UsageError, nearest
from connectors.types import TradingPair
from monitoring.checks.environment import credentials_of, urls_of
from monitoring.checks.outcomes import CheckResult, Kind, Outcome
from monitoring.checks.runner import DEFAULT_SECONDS, run_checks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.base import Connector

EXIT_OK, EXIT_NOT_OK, EXIT_USAGE, EXIT_INCONCLUSIVE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
PAIR_LOOKUP_TIMEOUT_S = 5.0
LONGEST_WATCH_S = 3600.0

EPILOG = """\
exit codes: 0 all ok; 1 something failed or is degraded; 3 nothing failed, but something is inconclusive; 2 usage.
environment, with the connector's id in capitals: KRAKEN_API_KEY, KRAKEN_API_SECRET (and _API_PASSPHRASE where the
venue has one); KRAKEN_REST_URL, KRAKEN_WS_URL, KRAKEN_WS_AUTH_URL, which --url overrides; BELLWETHER_CONTROL_HOSTS.
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m monitoring.checks",
        description="Run one connector's live checks and print what they saw.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("connector", help=f"connector id: {', '.join(CONNECTORS)}")
    parser.add_argument("--pair", help="BASE-QUOTE, like BTC-USD; the connector's usual pair by default")
    parser.add_argument("--kind", action="append", default=[], help=f"only this kind, repeatable: {', '.join(Kind)}")
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=DEFAULT_SECONDS,
        help="how long streams are watched (default %(default)g)",
    )
    parser.add_argument(
        "--url", action="append", default=[], metavar="ROLE=URL", help="talk to this address, repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a number of seconds: {text}") from None
    if not 0 < seconds <= LONGEST_WATCH_S:
        raise argparse.ArgumentTypeError(f"{text}: above 0, at most {LONGEST_WATCH_S:g}")
    return seconds


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        title, results = _results(options, environ)
    except UsageError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    if options.json:
        json.dump([result.to_json() for result in results], sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(_table(results, title=title))
    return exit_code(results)


def _results(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, list[CheckResult]]:
    """What was asked for, in one line, and what came of it. Raises UsageError."""
    kind = find_connector(options.connector)
    connector = kind(urls=_urls(kind, options.url, environ), credentials=credentials_of(kind.id, environ))
    kinds = list(dict.fromkeys(map(_kind, options.kind))) or None
    pair = TradingPair.parse(options.pair) if options.pair else connector.default_pair
    title = f"{connector.id} {pair} ({connector.source})"
    return title, asyncio.run(_run(connector, kinds, pair, options.seconds))


async def _run(
    connector: Connector, kinds: Sequence[Kind] | None, pair: TradingPair, seconds: float
) -> list[CheckResult]:
    async with connector:
        await _refuse_unknown_pair(connector, pair)
        return await run_checks(connector, kinds, pair, seconds=seconds)


async def _refuse_unknown_pair(connector: Connector, pair: TradingPair) -> None:
    """Raises UnknownPair for a misspelt pair. The connector's own is a finding when it is gone, not a mistake."""
    if pair == connector.default_pair or not isinstance(connector, MarketData):
        return
    try:
        async with asyncio.timeout(PAIR_LOOKUP_TIMEOUT_S):
            listed = await connector.trading_pairs()
    except (ConnectorError, TimeoutError):
        return  # the checks will meet it again, and say what it is
    if pair not in listed:
        raise UnknownPair(f"no pair {pair}: {nearest(str(pair), map(str, listed))}", venue=connector.venue)


def _urls(connector: type[Connector], given: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """By role: from the environment, and over it from the command line."""
    urls = urls_of(connector, environ)
    for item in given:
        role, separator, url = item.partition("=")
        if not separator:
            raise UsageError(f"--url {item!r}: write ROLE=URL")
        urls[role] = url
    return urls


def _kind(name: str) -> Kind:
    try:
        return Kind(name)
    except ValueError:
        raise UsageError(f"no kind of check {name!r}: {nearest(name, Kind)}") from None


def exit_code(results: Sequence[CheckResult]) -> int:
    """What the whole run comes to, for a shell."""
    outcomes = {result.outcome for result in results}
    if outcomes & {Outcome.FAILED, Outcome.DEGRADED}:
        return EXIT_NOT_OK
    return EXIT_INCONCLUSIVE if Outcome.INCONCLUSIVE in outcomes else EXIT_OK


def _table(results: Sequence[CheckResult], *, title: str) -> str:
    head = ("check", "outcome", "cause", "blame", "ms", "summary")
    rows = [
        (
            result.kind.value,
            result.outcome.value,
            result.verdict.cause.value,
            result.verdict.blame.value,
            f"{result.duration_ms:.0f}",
            result.verdict.summary,
        )
        for result in results
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]
    return "\n".join((title, *lines)) + "\n"


if __name__ == "__main__":
    sys.exit(main())
