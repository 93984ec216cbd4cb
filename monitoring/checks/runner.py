"""Runs the checks of one connector side by side in one event loop, each under its own deadline."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.capture import wire_in_use
from connectors.clock import utc_now
from connectors.errors import UsageError, nearest
from monitoring.checks import auth, candles, connectivity, markets, order_book, paper_order
from monitoring.checks.causes import Failure
from monitoring.checks.evidence import Scope, as_json, without_secrets
from monitoring.checks.outcomes import Blame, CheckResult, Kind, Verdict
from monitoring.checks.thresholds import Thresholds
from monitoring.checks.vantage import Guard, Meanwhile, Stopwatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from types import ModuleType

    from connectors.base import Connector
    from connectors.types import TradingPair
    from monitoring.checks.captures import Captures

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
    previous: Mapping[Kind, Mapping[str, Any]] | None = None,
    guard: Guard | None = None,
    meanwhile: Meanwhile | None = None,
    captures: Captures | None = None,
) -> list[CheckResult]:
    """One result per kind, in the order asked for; by default every kind that the connector allows.

    Streams are watched for *seconds*. *deadline_s* caps every kind's own deadline. *control_hosts* tell an outage of
    ours from one of the venue's, and *guard* asks them, or knows their answers already. *previous* is the evidence of
    each kind's last run, for what is compared over time. *meanwhile* stands for what a run met as a whole, of which
    one check is run again. Raises UsageError for a kind that the connector's capabilities do not allow and for
    unreadable control hosts, and nothing else: whatever a check meets is in its result.
    """
    allowed = kinds_of(connector)
    kinds = allowed if kinds is None else kinds
    for kind in kinds:
        if kind not in allowed:
            raise UsageError(f"no {kind} check for {connector.id}: {nearest(kind, allowed)}", venue=connector.venue)
    guard = guard or Guard(connector, control_hosts)
    run = _Run(
        connector,
        pair or connector.default_pair,
        seconds,
        thresholds or Thresholds(),
        deadline_s,
        previous or {},
        captures,
    )
    stopwatch = Stopwatch()
    async with (
        captures.running() if captures else nullcontext(),
        stopwatch.running() if meanwhile is None else nullcontext(),
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(run.look(kind), name=f"{connector.id} {kind}") for kind in kinds]
    looks = [task.result() for task in tasks]
    # Only when all have looked: what one check met tells who is to blame for what another did.
    meanwhile = meanwhile or Meanwhile.of((look.verdict for look in looks), stood_still_ms=stopwatch.longest_ms)
    results = []
    for look in looks:
        result = run.result(look, await guard.settle(look.kind, look.verdict, meanwhile))
        results.append(result)
        if captures is not None:
            captures.conclude(
                connector,
                result,
                pair=str(run.pair),
                seconds=seconds,
                deadline_s=deadline_s,
                limits=getattr(run.thresholds, look.kind),
                previous=run.previous.get(look.kind) or {},
                guard=guard,
                meanwhile=meanwhile,
            )
    return results


class _Look(NamedTuple):
    """What one check saw and made of it, before the second look at who is to blame."""

    kind: Kind
    verdict: Verdict
    evidence: dict[str, Any]
    started_at: datetime
    duration_ms: float


@dataclass(frozen=True, slots=True)
class _Run:
    connector: Connector
    pair: TradingPair
    seconds: float
    thresholds: Thresholds
    deadline_s: float | None
    previous: Mapping[Kind, Mapping[str, Any]]
    captures: Captures | None

    async def look(self, kind: Kind) -> _Look:
        if self.captures is not None:
            wire_in_use.set(self.captures.begin(kind))
        loop = asyncio.get_running_loop()
        started_at, started = utc_now(), loop.time()
        verdict, evidence = await self._judged(kind)
        return _Look(kind, verdict, evidence, started_at, (loop.time() - started) * 1000)

    def result(self, look: _Look, settled: Verdict) -> CheckResult:
        verdict, evidence = self._published(settled, {"source": self.connector.source, **look.evidence})
        return CheckResult(look.kind, verdict, look.started_at, look.duration_ms, evidence)

    async def _judged(self, kind: Kind) -> tuple[Verdict, dict[str, Any]]:
        check, limits = CHECKS[kind], getattr(self.thresholds, kind)
        previous = self._comparable(self.previous.get(kind) or {})
        scope = Scope(self.pair, self.seconds, self._deadline_s(kind, limits.deadline_s), previous)
        try:
            async with asyncio.timeout(scope.deadline_s + GRACE_S):
                observation = await check.observe(self.connector, scope, limits)
            return check.judge(observation, limits), as_json(observation)
        except TimeoutError as error:
            failure = replace(Failure.of(error, step=kind), blame=Blame.CONNECTOR)
        except Exception as error:  # noqa: BLE001 - one check's fault must not take the other five with it
            failure = Failure.of(error, step=kind)
        evidence = {"failures": as_json([failure])} | ({"memory": scope.memory} if scope.memory else {})
        return Verdict.of([failure.condition()], when_ok=""), evidence

    def _comparable(self, previous: Mapping[str, Any]) -> Mapping[str, Any]:
        """*previous* where it is of the same source and pair: a sandbox tells nothing about the venue."""
        is_of_this_pair = previous.get("pair", str(self.pair)) == str(self.pair)
        return previous if previous.get("source") == self.connector.source and is_of_this_pair else {}

    def _deadline_s(self, kind: Kind, own_s: float) -> float:
        deadline_s = own_s + (self.seconds if kind is Kind.ORDER_BOOK else 0)
        return deadline_s if self.deadline_s is None else min(deadline_s, self.deadline_s)

    def _published(self, verdict: Verdict, evidence: dict[str, Any]) -> tuple[Verdict, dict[str, Any]]:
        """Both as they may be shown to anyone, even if a venue should echo our key."""
        credentials, partner = self.connector.credentials, self.connector.partner
        if credentials is None:
            return verdict, evidence
        secrets = (
            credentials.api_key,
            credentials.api_secret,
            credentials.passphrase or "",
            partner.key if partner else "",
        )
        conditions = tuple(
            replace(condition, seen=without_secrets(condition.seen, secrets)) for condition in verdict.conditions
        )
        summary = without_secrets(verdict.summary, secrets)
        reasons = tuple(without_secrets(reason, secrets) for reason in verdict.reasons)
        return (
            replace(verdict, summary=summary, conditions=conditions, reasons=reasons),
            without_secrets(evidence, secrets),
        )
