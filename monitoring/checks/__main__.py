"""`python -m monitoring.checks`: one connector's checks, run now, without a database."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from connectors.base import MarketData
from connectors.capture import wire_in_use
from connectors.catalog import CONNECTORS, find_connector
from connectors.errors import ConnectorError, UnknownPair, UsageError, nearest
from connectors.types import TradingPair
from monitoring.checks.captures import Captures
from monitoring.checks.environment import credentials_of, partner_of, urls_of
from monitoring.checks.layers import thresholds_for
from monitoring.checks.outcomes import CheckResult, Kind, Outcome
from monitoring.checks.replay import replay_check
from monitoring.checks.runner import DEFAULT_SECONDS, run_checks
from monitoring.checks.thresholds import Thresholds, UnknownThreshold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.base import Connector
    from monitoring.checks.replay import Replayed

EXIT_OK, EXIT_NOT_OK, EXIT_USAGE, EXIT_INCONCLUSIVE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
PAIR_LOOKUP_TIMEOUT_S = 5.0
LONGEST_WATCH_S = 3600.0

EPILOG = """\
exit codes: 0 all ok; 1 something failed or is degraded; 3 nothing failed, but something is inconclusive; 2 usage.
environment, with the connector's id in capitals: KRAKEN_API_KEY, KRAKEN_API_SECRET (and _API_PASSPHRASE where the
venue has one); KRAKEN_REST_URL, KRAKEN_WS_URL, KRAKEN_WS_AUTH_URL, which --url overrides; BELLWETHER_CONTROL_HOSTS;
BELLWETHER_THRESHOLDS, of whose file the section for all counts here.

a capture holds all that one check sent and received, without keys, tokens and amounts; --replay reaches the verdict
again from it, with no network and no key.
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
    parser.add_argument("connector", nargs="?", help=f"connector id: {', '.join(CONNECTORS)}")
    parser.add_argument("--pair", help="BASE-QUOTE, like BTC-USD; the connector's usual pair by default")
    parser.add_argument("--kind", action="append", default=[], help=f"only this kind, repeatable: {', '.join(Kind)}")
    parser.add_argument(
        "--seconds",
        type=_seconds,
        help=f"how long streams are watched (default {DEFAULT_SECONDS:g})",
    )
    parser.add_argument(
        "--url", action="append", default=[], metavar="ROLE=URL", help="talk to this address, repeatable"
    )
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="KIND.NAME=NUMBER",
        help="judge by this limit, like order_book.quiet_ms=500, repeatable",
    )
    parser.add_argument("--capture", metavar="FILE", help="keep what the one --kind saw, whatever it comes to")
    parser.add_argument("--replay", metavar="FILE", help="run the check of a capture again, offline")
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
        if options.replay:
            return _replay(options)
        title, results = _results(options, environ)
    except (UsageError, UnknownThreshold) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    if options.json:
        _print_json([result.to_json() for result in results])
    else:
        sys.stdout.write(_table(results, title=title))
    return exit_code(results)


def _print_json(document: object) -> None:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def _replay(options: argparse.Namespace) -> int:
    """Raises UsageError."""
    for name in ("pair", "kind", "seconds", "url", "capture"):
        if getattr(options, name):
            raise UsageError(f"--{name}: a replay takes it from the file")
    path = Path(options.replay)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"--replay {path}: {error.strerror}") from error
    try:
        again = replay_check(data, limits=_limits(options.limit))
    except UsageError as error:
        raise UsageError(f"--replay {path}: {error}") from error
    if options.connector not in (None, again.about.connector):
        raise UsageError(f"--replay {path}: of {again.about.connector}, not of {options.connector}")
    if options.json:
        told = {"same": not again.differences, "differences": again.differences, "missing": again.missing}
        _print_json([again.result.to_json() | {"replay": told}])
    else:
        title = f"{again.about.connector} {again.about.pair} ({again.about.source}), replayed"
        sys.stdout.write(_table([again.result], title=title) + _compared(again) + "\n")
    return exit_code([again.result])


def _compared(again: Replayed) -> str:
    if not again.differences:
        return "the same as recorded"
    unknown = f"; the recording has no {', '.join(again.missing)}" if again.missing else ""
    return f"not as recorded: {', '.join(again.differences)}{unknown}"


def _results(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, list[CheckResult]]:
    """What was asked for, in one line, and what came of it. Raises UsageError."""
    if options.connector is None:
        raise UsageError("the following arguments are required: connector")
    kind = find_connector(options.connector)
    kinds = list(dict.fromkeys(map(_kind, options.kind))) or None
    if options.capture and (kinds is None or len(kinds) > 1):
        raise UsageError("--capture: name the one check to keep with --kind")
    thresholds = thresholds_for(own=_limits(options.limit), environ=environ)
    connector = kind(
        urls=_urls(kind, options.url, environ),
        credentials=credentials_of(kind.id, environ),
        partner=partner_of(kind.id, environ),
    )
    pair = TradingPair.parse(options.pair) if options.pair else connector.default_pair
    title = f"{connector.id} {pair} ({connector.source})"
    captures = Captures() if options.capture else None
    seconds = options.seconds or DEFAULT_SECONDS
    results = asyncio.run(_run(connector, kinds, pair, seconds, thresholds, captures))
    if captures is not None:
        _keep(captures.write(results[0].kind), Path(options.capture))
    return title, results


def _keep(data: bytes, path: Path) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise UsageError(f"--capture {path}: {error.strerror}") from error


def _limits(given: Sequence[str]) -> dict[str, dict[str, float]]:
    """By kind and name. Raises UsageError for a text of another form."""
    limits: dict[str, dict[str, float]] = {}
    for item in given:
        name, _, number = item.partition("=")
        kind, _, limit = name.partition(".")
        try:
            value = float(number)
        except ValueError:
            raise UsageError(f"--limit {item!r}: write KIND.NAME=NUMBER") from None
        limits.setdefault(kind, {})[limit] = int(number) if number.strip().isdecimal() else value
    return limits


async def _run(
    connector: Connector,
    kinds: Sequence[Kind] | None,
    pair: TradingPair,
    seconds: float,
    thresholds: Thresholds,
    captures: Captures | None,
) -> list[CheckResult]:
    if captures is not None:
        wire_in_use.set(captures.around)
    async with connector:
        await _refuse_unknown_pair(connector, pair)
        return await run_checks(connector, kinds, pair, seconds=seconds, thresholds=thresholds, captures=captures)


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
    head = ("check", "outcome", "cause", "blame", "sure", "ms", "summary")
    rows = [
        (
            result.kind.value,
            result.outcome.value,
            result.verdict.cause.value,
            result.verdict.blame.value,
            "" if result.outcome is Outcome.OK else result.verdict.confidence.value,
            f"{result.duration_ms:.0f}",
            result.verdict.summary,
        )
        for result in results
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]
    why = [
        f"{result.kind}: {reason}"
        for result in results
        if result.outcome is not Outcome.OK
        for reason in result.verdict.reasons
    ]
    return "\n".join((title, *lines, *why)) + "\n"


if __name__ == "__main__":
    sys.exit(main())
