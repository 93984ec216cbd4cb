"""Which checks there are: what the registry declares available and a connector here can answer for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Least

from connectors.catalog import CONNECTORS
from monitoring.cadence import cadence_of, next_slot, phase_of
from monitoring.checks.outcomes import Kind
from monitoring.checks.runner import kinds_of
from monitoring.models import Check
from registry.choices import ComponentKind
from registry.models import Component, Exchange

if TYPE_CHECKING:
    from datetime import datetime

_OF_A_CONNECTOR = (Kind.CONNECTIVITY, Kind.MARKETS, Kind.ORDER_BOOK, Kind.AUTH, Kind.PAPER_ORDER)

KINDS = {
    ComponentKind.SPOT_CONNECTOR.value: _OF_A_CONNECTOR,
    ComponentKind.PERP_CONNECTOR.value: _OF_A_CONNECTOR,
    ComponentKind.SPOT_CANDLES.value: (Kind.CANDLES,),
    ComponentKind.PERP_CANDLES.value: (Kind.CANDLES,),
}
"""What is asked of each kind of component, in the order in which a page shows it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many checks a planning made, retired, took up again, or gave another cadence."""

    created: int
    retired: int
    restored: int
    rescheduled: int


def plan_checks(*, now: datetime) -> Plan:
    """Makes the checks agree with the registry: new ones are due at once, surplus ones retire and keep their history.

    A second call changes nothing. The operator's own switch, pair and thresholds are left as they are.
    """
    with transaction.atomic():
        known = {(check.component_id, check.kind): check for check in Check.objects.select_for_update().order_by("pk")}
        tiers = {exchange.pk: exchange.current_tier for exchange in Exchange.objects.with_tier(as_of=now.date())}
        wanted = {
            (component.pk, kind.value): _wanted(component, kind, cadence_of(tiers[component.exchange_id]), now)
            for component in Component.objects.offered().order_by("exchange_id", "position", "pk")
            for kind in _kinds_to_check(component)
        }
        created = [check for key, check in wanted.items() if key not in known]
        Check.objects.bulk_create(created, ignore_conflicts=True)
        surplus = [check.pk for key, check in known.items() if key not in wanted and check.retired_at is None]
        Check.objects.filter(pk__in=surplus).update(retired_at=now)
        kept = [(known[key], wanted[key]) for key in wanted if key in known]
        restored = [check.pk for check, _ in kept if check.retired_at is not None]
        Check.objects.filter(pk__in=restored).update(retired_at=None, next_due_at=now)
        rescheduled = [_reschedule(check, fresh, now) for check, fresh in kept]
    return Plan(len(created), len(surplus), len(restored), sum(rescheduled))


def _kinds_to_check(component: Component) -> list[Kind]:
    """None where this build has no connector of that id; a connector is asked only what it can do."""
    connector = CONNECTORS.get(component.connector_id)
    if connector is None:
        return []
    possible = kinds_of(connector())
    return [kind for kind in KINDS.get(component.kind, ()) if kind in possible]


def _wanted(component: Component, kind: Kind, cadence_s: int, now: datetime) -> Check:
    name = f"{component.exchange.slug}/{component.kind}/{kind}"
    return Check(
        component=component,
        kind=kind.value,
        cadence_s=cadence_s,
        phase_s=phase_of(name, cadence_s),
        next_due_at=now,
    )


def _reschedule(check: Check, fresh: Check, now: datetime) -> bool:
    """Gives *check* the cadence of *fresh*, keeping a run that is due sooner; says whether it changed."""
    if (check.cadence_s, check.phase_s) == (fresh.cadence_s, fresh.phase_s):
        return False
    slot = next_slot(now, cadence_s=fresh.cadence_s, phase_s=fresh.phase_s)
    Check.objects.filter(pk=check.pk).update(
        cadence_s=fresh.cadence_s, phase_s=fresh.phase_s, next_due_at=Least("next_due_at", Value(slot))
    )
    return True
