"""Rows for tests: what a test does not name has a plain value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from monitoring.checks.outcomes import Blame, Cause, CheckResult, Condition, Confidence, Kind, Outcome, Verdict
from monitoring.models import Check
from monitoring.services.results import Seen, record_results
from registry.choices import ComponentKind, DeclaredStatus, Tier
from registry.models import Component, Exchange, TierAssignment

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

REASONS = {
    Outcome.OK: (Cause.NONE, Blame.NONE),
    Outcome.DEGRADED: (Cause.SLOW, Blame.EXCHANGE),
    Outcome.FAILED: (Cause.TRANSPORT, Blame.EXCHANGE),
    Outcome.INCONCLUSIVE: (Cause.NO_CREDENTIALS, Blame.NONE),
}


def make_exchange(slug: str = "kraken", *, tier: str = Tier.BRONZE) -> Exchange:
    exchange = Exchange.objects.create(slug=slug, name=slug.capitalize())
    if tier:
        assign_tier(exchange, tier, date(2024, 1, 1))
    return exchange


def assign_tier(exchange: Exchange, tier: str, effective_from: date, **fields: Any) -> None:
    plain = {"reason": "as voted", "decided_by": "HBOT holders", "recorded_by": "test"}
    TierAssignment.objects.create(exchange=exchange, tier=tier, effective_from=effective_from, **(plain | fields))


def make_component(exchange: Exchange, **fields: Any) -> Component:
    plain = {
        "kind": ComponentKind.SPOT_CONNECTOR,
        "status": DeclaredStatus.AVAILABLE,
        "connector_id": exchange.slug,
    }
    return Component.objects.create(exchange=exchange, **(plain | fields))


def make_check(component: Component | None = None, **fields: Any) -> Check:
    plain = {"kind": Kind.CONNECTIVITY.value, "cadence_s": 60, "phase_s": 7, "next_due_at": NOON}
    if component is None:
        component = make_component(make_exchange())
    return Check.objects.create(component=component, **(plain | fields))


def seen(
    check: Check, outcome: Outcome = Outcome.OK, *, at: datetime = NOON, source: str = "sandbox", **fields: Any
) -> Seen:
    """What a run of *check* that started *at* and took a quarter of a second would hand over."""
    cause, blame = REASONS[outcome]
    condition = Condition("answers", "yes", "yes" if outcome is Outcome.OK else "no", outcome, cause, blame)
    verdict = Verdict(
        outcome,
        fields.pop("cause", cause),
        fields.pop("blame", blame),
        fields.pop("summary", "as it is"),
        (condition,),
        fields.pop("confidence", Confidence.HIGH),
        fields.pop("reasons", ()),
    )
    result = CheckResult(Kind(check.kind), verdict, at, 250.0, fields.pop("evidence", {"calls": 3}))
    return Seen(check.pk, result, source, {"rest": "127.0.0.1:8443"}, fields.pop("write_capture", None))


def record(check: Check, outcome: Outcome = Outcome.OK, *, at: datetime = NOON, **fields: Any) -> None:
    """A run of *check* that started *at*, claimed and written down as a worker does it."""
    token = uuid4()
    Check.objects.filter(pk=check.pk).update(claim_token=token, lease_until=at + timedelta(minutes=3))
    record_results(token, [seen(check, outcome, at=at, **fields)], now=at)
    check.refresh_from_db()


def checks_of_kraken() -> dict[str, Check]:
    return {check.kind: check for check in Check.objects.filter(component__exchange__slug="kraken")}


def record_all(outcomes: Mapping[Any, Outcome] | None = None, **fields: Any) -> None:
    """Every check of Kraken ran five seconds ago, and was ok where *outcomes* says nothing else."""
    for kind, check in checks_of_kraken().items():
        outcome = (outcomes or {}).get(kind, Outcome.OK)
        record(check, outcome, at=timezone.now() - timedelta(seconds=5), **fields)
