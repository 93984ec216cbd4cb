"""`python -m connectors.sandbox kraken` (or another one): a sandbox exchange in the foreground, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import msgspec

from connectors.errors import UsageError
from connectors.sandbox.catalog import SANDBOXES
from connectors.types import Credentials

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.sandbox.server import SandboxServer


LAST_PORT = 65_535
FASTEST = 100_000.0

EPILOG = """\
It prints its addresses as one line of JSON. Faults are listed and switched while it runs:
  curl http://127.0.0.1:8701/_sandbox/faults
  curl -X PUT http://127.0.0.1:8701/_sandbox/faults/stall
  curl -X DELETE http://127.0.0.1:8701/_sandbox/faults/stall
It accepts the key that KRAKEN_API_KEY and KRAKEN_API_SECRET name (KUCOIN_…, KUCOIN_PERPETUAL_…, with _API_PASSPHRASE),
so that checks started with the same environment can sign. Any text will do; Kraken's secret is base64.
"""


def _port(text: str) -> int:
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to {LAST_PORT}")
    return port


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate: above 0, at most {FASTEST:,.0f}")
    return rate


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal; 0 then, 1 where the port is taken, 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m connectors.sandbox",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("exchange", choices=SANDBOXES)
    parser.add_argument("--port", type=_port, default=8701, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="the market's seed (default: %(default)s)")
    parser.add_argument(
        "--rate", type=_rate, default=16.0, help="book updates a second on the busiest pair (default: %(default)s)"
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME[=JSON]", help="switch a fault on from the start"
    )
    options = parser.parse_args(arguments)
    make = SANDBOXES[options.exchange]
    try:
        credentials = _credentials_from_environment(options.exchange.upper())
        sandbox = make(seed=options.seed, port=options.port, rate=options.rate, credentials=credentials)
        for text in options.fault:
            _switch_on(sandbox, text)
    except UsageError as error:
        parser.error(str(error))
    try:
        asyncio.run(_serve(options.exchange, sandbox))
    except OSError as error:
        print(f"cannot listen on port {options.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _credentials_from_environment(prefix: str) -> Credentials | None:
    key, secret = os.environ.get(f"{prefix}_API_KEY"), os.environ.get(f"{prefix}_API_SECRET")
    return Credentials(key, secret, os.environ.get(f"{prefix}_API_PASSPHRASE")) if key and secret else None


def _switch_on(sandbox: SandboxServer, text: str) -> None:
    name, _, parameters = text.partition("=")
    try:
        sandbox.faults.switch_on(
            name, **msgspec.json.decode(parameters or "{}", type=dict[str, str | int | float | bool])
        )
    except msgspec.DecodeError as error:
        raise UsageError(f"--fault {text}: after the = comes one JSON object: {error}") from error


async def _serve(exchange: str, sandbox: SandboxServer) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with sandbox:
        print(json.dumps({"exchange": exchange, "urls": sandbox.urls}), flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
