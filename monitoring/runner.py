"""One run: the checks of one claim, under one deadline, with the database before and after and never in between."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils import timezone

from connectors.catalog import find_connector
from connectors.errors import UsageError, nearest
from connectors.types import TradingPair
from monitoring.checks.captures import Captures
from monitoring.checks.causes import Failure
from monitoring.checks.environment import credentials_of, partner_of, urls_of
from monitoring.checks.evidence import as_json
from monitoring.checks.layers import thresholds_for
from monitoring.checks.outcomes import Blame, Cause, CheckResult, Kind, Outcome, Verdict
from monitoring.checks.runner import GRACE_S, kinds_of, run_checks
from monitoring.checks.thresholds import UnknownThreshold
from monitoring.checks.vantage import SECOND_LOOK_S
from monitoring.choices import Source
from monitoring.models import Check
from monitoring.scheduler import RUN_DEADLINE
from monitoring.services.results import Seen, record_results
from monitoring.worker_loop import worker_loop
from registry.models import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    import httpx

    from connectors.base import Connector
    from monitoring.models import OutcomeChange
    from monitoring.worker_loop import WorkerLoop

logger = logging.getLogger(__name__)

CLOSING = timedelta(seconds=5)
"""On top of the deadline, for what was cut off to close its connections."""


@dataclass(frozen=True, slots=True)
class Job:
    """What the event loop needs of one check; the row itself stays outside."""

    check_id: int
    connector_id: str
    kind: str
    pair: str
    tier: str
    thresholds: Mapping[str, float]
    previous: Mapping[str, Any]

    @classmethod
    def of(cls, check: Check, tier: str) -> Job:
        """*tier* as it is now: it may have changed since the check was planned."""
        previous = check.latest_result.evidence if check.latest_result else {}
        component = check.component
        return cls(check.pk, component.connector_id, check.kind, check.pair, tier, check.thresholds, previous)


def run_claim(exchange_slug: str, token: UUID) -> list[OutcomeChange]:
    """Runs what this claim still holds and records it; returns the changes of outcome.

    A database error passes through: it is no finding about the exchange, and the claim's lease brings the checks back.
    """
    claimed = list(Check.objects.filter(claim_token=token).select_related("component", "latest_result").order_by("pk"))
    if not claimed:
        return []
    tier = Exchange.objects.with_tier().get(slug=exchange_slug).current_tier
    jobs = [Job.of(check, tier) for check in claimed]
    changes = record_results(token, observe(exchange_slug, jobs), now=timezone.now())
    logger.info(
        "run finished", extra={"exchange": exchange_slug, "checks": len(jobs), "changes_of_outcome": len(changes)}
    )
    return changes


def observe(exchange_slug: str, jobs: Sequence[Job]) -> list[Seen]:
    """What each of *jobs* saw, in this process's event loop; one entry for each, whatever happens."""
    loop = worker_loop()
    started_s = time.monotonic()
    try:
        return loop.run(_observe_all(loop, exchange_slug, jobs), timeout_s=(RUN_DEADLINE + 2 * CLOSING).total_seconds())
    except TimeoutError as error:
        logger.exception("a run blocks its event loop", extra={"exchange": exchange_slug})
        return [_not_run(job, error, started_s) for job in jobs]


async def _observe_all(loop: WorkerLoop, exchange_slug: str, jobs: Sequence[Job]) -> list[Seen]:
    """Side by side, grouped by what shares a connector and a pair."""
    http = loop.http_client(exchange_slug)
    groups: dict[tuple[str, str], list[Job]] = defaultdict(list)
    for job in jobs:
        groups[job.connector_id, job.pair].append(job)
    seen = await asyncio.gather(*(_observe_group(group, http) for group in groups.values()))
    return [item for group in seen for item in group]


async def _observe_group(jobs: Sequence[Job], http: httpx.AsyncClient) -> list[Seen]:
    started_s = time.monotonic()
    try:
        async with asyncio.timeout((RUN_DEADLINE + CLOSING).total_seconds()):
            return await _run_group(jobs, http)
    except Exception as error:  # the one boundary of a run: a bug of ours is recorded, and tried again in its turn
        logger.exception("a run ended without results", extra={"connector": jobs[0].connector_id})
        return [_not_run(job, error, started_s) for job in jobs]


async def _run_group(jobs: Sequence[Job], http: httpx.AsyncClient) -> list[Seen]:
    started_s = time.monotonic()
    pair = TradingPair.parse(jobs[0].pair) if jobs[0].pair else None
    async with _connector(jobs[0].connector_id, http) as connector:
        possible, seen = [], []
        for job in jobs:
            if refusal := _refusal(job, connector):
                seen.append(_not_run(job, refusal, started_s))
            else:
                possible.append(job)
        if not possible:
            return seen
        hosts = {role: urlsplit(url).netloc.rpartition("@")[2] for role, url in connector.urls.items()}
        captures = Captures()
        results = await run_checks(
            connector,
            [Kind(job.kind) for job in possible],
            pair,
            thresholds=thresholds_for(possible[0].tier, {job.kind: job.thresholds for job in possible}),
            deadline_s=observing_s(),
            previous={Kind(job.kind): job.previous for job in possible},
            captures=captures,
        )
        return seen + [
            Seen(job.check_id, result, connector.source, hosts, partial(captures.write, result.kind))
            for job, result in zip(possible, results, strict=True)
        ]


def observing_s() -> float:
    """The seconds for observing: what may follow it, some grace and a second look around and at the venue, also counts.

    So `run_checks` ends by itself before the deadline of the run, which would take every result with it.
    """
    return RUN_DEADLINE.total_seconds() - GRACE_S - SECOND_LOOK_S


def _refusal(job: Job, connector: Connector) -> UsageError | None:
    """Why this one cannot run, None where it can: a stored check may ask for what this build no longer has."""
    allowed = kinds_of(connector)
    if job.kind not in allowed:
        return UsageError(f"no {job.kind} check for {connector.id}: {nearest(job.kind, allowed)}")
    try:
        thresholds_for(job.tier, {job.kind: job.thresholds})
    except UnknownThreshold as error:
        return UsageError(str(error))
    return None


def _connector(connector_id: str, http: httpx.AsyncClient) -> Connector:
    """Built for one run: credentials are read here, at the moment of use, and kept nowhere else."""
    connector = find_connector(connector_id)
    return connector(
        urls=urls_of(connector, os.environ),
        credentials=credentials_of(connector_id, os.environ),
        partner=partner_of(connector_id, os.environ),
        http=http,
    )


def _not_run(job: Job, error: Exception, started_s: float) -> Seen:
    """A result for a check that our own fault kept from running; it says nothing about the venue.

    *started_s* is of the monotonic clock: the wall clock may step back meanwhile, and nothing ends before it starts.
    """
    failure = replace(
        Failure.of(error, step="run"),
        cause=Cause.CONNECTOR_ERROR,
        blame=Blame.VANTAGE,
        outcome=Outcome.INCONCLUSIVE,
    )
    condition = failure.condition()
    verdict = Verdict(
        condition.outcome,
        condition.cause,
        condition.blame,
        f"the check did not run to its end: {condition.seen}",
        (condition,),
        reasons=("Something of ours kept the check from running.",),
    )
    duration = timedelta(seconds=time.monotonic() - started_s)
    started_at = datetime.now(UTC) - duration
    duration_ms = duration / timedelta(milliseconds=1)
    evidence = {"failures": [as_json(failure)]} | _handed_on(job)
    result = CheckResult(Kind(job.kind), verdict, started_at, duration_ms, evidence)
    return Seen(job.check_id, result, Source.NONE.value, {})


def _handed_on(job: Job) -> dict[str, Any]:
    """What the next run is to compare with, past one that did not run."""
    return {name: job.previous[name] for name in ("source", "pair", "memory") if name in job.previous}
