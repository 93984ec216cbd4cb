"""Runs the checks of one connector side by side in one event loop, each under its own deadline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connectors.errors import UsageError, nearest
from monitoring.checks import auth, candles, connectivity, markets, order_book, paper_order
from monitoring.checks.causes import Failure
from monitoring.checks.evidence import Scope, as_json, without_secrets
from monitoring.checks.outcomes import Blame, CheckResult, Kind, Verdict
from monitoring.checks.thresholds import Thresholds
from monitoring.checks.vantage import Guard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from connectors.base import Connector
    from connectors.types import TradingPair

CHECKS: Mapping[Kind, ModuleType] = {
    Kind.CONNECTIVITY: connectivity,
    Kind.MARKETS: markets,
    Kind.ORDER_BOOK: order_book,
    Kind.AUTH: auth,
    Kind.PAPER_ORDER: paper_order,
    Kind.CANDLES: candles,
}
"""Each module has NEEDS (the capabilities that it uses), `observe` and `judge`."""

DEFAULT_SECONDS = 5.0
GRACE_S = 2.0
"""For an observation to close its connections after its deadline; one that takes longer hangs."""


def kinds_of(connector: Connector) -> tuple[Kind, ...]:
    """The kinds of check that this connector's capabilities allow."""
    return tuple(kind for kind, check in CHECKS.items() if all(isinstance(connector, need) for need in check.NEEDS))


async def run_checks(
    connector: Connector,
    kinds: Sequence[Kind] | None = None,
    pair: TradingPair | None = None,
    *,
    seconds: float = DEFAULT_SECONDS,
    thresholds: Thresholds | None = None,
    deadline_s: float | None = None,
    control_hosts: Sequence[str] | None = None,
) -> list[CheckResult]:
    """One result per kind, in the order asked for; by default every kind that the connector allows.

    Streams are watched for *seconds*. *deadline_s* caps every kind's own deadline. *control_hosts* tell an outage of
    ours from one of the venue's. Raises UsageError for a kind that the connector's capabilities do not allow and for
    unreadable control hosts, and nothing else: whatever a check meets is in its result.
    """
    allowed = kinds_of(connector)
    kinds = allowed if kinds is None else kinds
    for kind in kinds:
        if kind not in allowed:
            raise UsageError(f"no {kind} check for {connector.id}: {nearest(kind, allowed)}", venue=connector.venue)
    run = _Run(
        connector,
        pair or connector.default_pair,
        seconds,
        thresholds or Thresholds(),
        deadline_s,
        Guard(connector, control_hosts),
    )
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run.check(kind), name=f"{connector.id} {kind}") for kind in kinds]
    return [task.result() for task in tasks]


@dataclass(frozen=True, slots=True)
class _Run:
    connector: Connector
    pair: TradingPair
    seconds: float
    thresholds: Thresholds
    deadline_s: float | None
    guard: Guard

    async def check(self, kind: Kind) -> CheckResult:
        loop = asyncio.get_running_loop()
        started_at, started = datetime.now(UTC), loop.time()
        verdict, failures, evidence = await self._judged(kind)
        verdict = await self.guard.settle(verdict, failures)
        verdict, evidence = self._published(verdict, {"source": self.connector.source, **evidence})
        return CheckResult(kind, verdict, started_at, (loop.time() - started) * 1000, evidence)

    async def _judged(self, kind: Kind) -> tuple[Verdict, tuple[Failure, ...], dict[str, Any]]:
        check, limits = CHECKS[kind], getattr(self.thresholds, kind)
        scope = Scope(self.pair, self.seconds, self._deadline_s(kind, limits.deadline_s))
        try:
            async with asyncio.timeout(scope.deadline_s + GRACE_S):
                observation = await check.observe(self.connector, scope, limits)
            return check.judge(observation, limits), observation.failures, as_json(observation)
        except TimeoutError as error:
            failure = replace(Failure.of(error, step=kind), blame=Blame.CONNECTOR)
        except Exception as error:  # noqa: BLE001 - one check's fault must not take the other five with it
            failure = Failure.of(error, step=kind)
        return Verdict.of([failure.condition()], when_ok=""), (failure,), {"failures": as_json([failure])}

    def _deadline_s(self, kind: Kind, own_s: float) -> float:
        deadline_s = own_s + (self.seconds if kind is Kind.ORDER_BOOK else 0)
        return deadline_s if self.deadline_s is None else min(deadline_s, self.deadline_s)

    def _published(self, verdict: Verdict, evidence: dict[str, Any]) -> tuple[Verdict, dict[str, Any]]:
        """Both as they may be shown to anyone, even if a venue should echo our key."""
        credentials = self.connector.credentials
        if credentials is None:
            return verdict, evidence
        secrets = (credentials.api_key, credentials.api_secret, credentials.passphrase or "")
        conditions = tuple(
            replace(condition, seen=without_secrets(condition.seen, secrets)) for condition in verdict.conditions
        )
        summary = without_secrets(verdict.summary, secrets)
        return replace(verdict, summary=summary, conditions=conditions), without_secrets(evidence, secrets)
