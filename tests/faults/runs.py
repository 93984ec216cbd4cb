"""Strikes one fault at a sandbox exchange and asks every kind of check what it makes of it, and in which time."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.catalog import CONNECTORS
from connectors.rate_limit import RateLimit
from connectors.sandbox import SANDBOXES
from monitoring.checks.outcomes import Kind
from monitoring.checks.runner import kinds_of, run_checks
from monitoring.checks.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from connectors.base import Connector
    from connectors.book_stream import BookStream
    from connectors.sandbox.server import SandboxServer
    from connectors.types import TradingPair
    from monitoring.checks.outcomes import CheckResult

UPDATES_PER_S = 200.0
HEALTHY_WATCH_S = 0.5
REMEMBERING = (Kind.MARKETS, Kind.CANDLES)
"""What is held against the run before."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault and how it is switched on; *limits* are {kind: {limit: number}} in place of the usual thresholds."""

    fault: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = ", ".join(f"{name} {value}" for name, value in self.parameters.items())
        return f"{self.fault} ({shown})" if shown else self.fault


@dataclass(frozen=True, slots=True)
class Found:
    """What one check said, and how many seconds after the fault struck."""

    result: CheckResult
    seconds: float

    @property
    def verdict(self) -> tuple[str, str, str]:
        verdict = self.result.verdict
        return verdict.outcome.value, verdict.cause.value, verdict.blame.value


def unthrottled(connector_id: str) -> type[Connector]:
    """The connector as it is, on a venue that limits no rate: waiting for a turn is not what is tested."""
    own = CONNECTORS[connector_id]
    return type(own.__name__, (own,), {"rate_limit": RateLimit(capacity=100_000, refill_per_s=100_000)})


@asynccontextmanager
async def exchange(connector_id: str) -> AsyncIterator[tuple[SandboxServer, Connector]]:
    """A lively sandbox of this connector's venue, and the connector with a key to it."""
    async with SANDBOXES[connector_id](rate=UPDATES_PER_S) as sandbox:
        kind = unthrottled(connector_id)
        async with kind(urls=sandbox.urls, credentials=sandbox.credentials) as connector:
            yield sandbox, connector


async def find_all(
    sandbox: SandboxServer,
    connector: Connector,
    strike: Strike,
    *,
    strikes_live: bool = False,
    seconds: float = HEALTHY_WATCH_S,
) -> dict[Kind, Found]:
    """What every kind of check made of *strike*, which is there from the start.

    Where it *strikes_live*, the order book breaks while it is watched: as soon as its stream is ready. A drift can only
    be seen by who looked before, so a check that remembers has looked.
    """
    kinds = [kind for kind in kinds_of(connector) if kind is not Kind.ORDER_BOOK]
    limits = Thresholds.of(strike.limits)
    before = {result.kind: result.evidence for result in await run_checks(connector, REMEMBERING)}
    try:
        started = time.monotonic()
        sandbox.faults.switch_on(strike.fault, **strike.parameters)
        results = await run_checks(connector, kinds, seconds=seconds, thresholds=limits, previous=before)
        found = {result.kind: Found(result, result.duration_ms / 1000) for result in results}
        sandbox.faults.clear()

        def hit() -> None:
            nonlocal started
            started = time.monotonic()
            sandbox.faults.switch_on(strike.fault, **strike.parameters)

        if strikes_live:
            strike_when_ready(connector, hit)
        else:
            hit()
        [book] = await run_checks(connector, [Kind.ORDER_BOOK], seconds=seconds, thresholds=limits)
        found[Kind.ORDER_BOOK] = Found(book, time.monotonic() - started)
    finally:
        sandbox.faults.clear()
        vars(connector).pop("book_stream", None)
    return found


def strike_when_ready(connector: Any, hit: Callable[[], None]) -> None:
    """Have *hit* called once, as soon as the connector's next book stream is ready."""
    open_stream = connector.book_stream

    def book_stream(pair: TradingPair, *, depth: int = 10) -> BookStream:
        stream: BookStream = open_stream(pair, depth=depth)
        first_snapshot = stream.ready

        async def ready() -> None:
            await first_snapshot()
            vars(stream).pop("ready")
            hit()

        stream.ready = ready  # type: ignore[method-assign]  # the moment is what is tested
        return stream

    connector.book_stream = book_stream
