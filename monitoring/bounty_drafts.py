"""Bounties that the evidence suggests: a connector that fails by its own fault, and a component that nobody has built.

Drafts are worked out from the rows whenever somebody looks, and stored nowhere. A person posts one as an issue and
records it; from then on the bounty's row follows its issue, and the draft is told as posted, by its fingerprint.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from monitoring.bounty_text import FailingCheck, build_text, build_title, repair_text, repair_title
from monitoring.checks.outcomes import Blame, Outcome
from monitoring.models import Capture, Check, Result
from monitoring.querysets import BEFORE_ALL
from monitoring.services.schedule import KINDS
from registry.choices import BountyKind, BountyState, ComponentKind, DeclaredStatus, Lifecycle
from registry.models import Bounty, Component
from registry.public.missing import NotHere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from monitoring.querysets import KeptCapture

    Address = Callable[[str], str]
    """From a path on this site to the whole address of it."""

OVER = frozenset({BountyState.PAID, BountyState.CLOSED})
"""States after which the same fault is worth a bounty again."""

OPEN_TO_WORK = frozenset({Lifecycle.ACTIVE, Lifecycle.PROPOSED})

REPAIR, BUILD = "repair", "build"

FED_BY = {
    ComponentKind.SPOT_CANDLES.value: ComponentKind.SPOT_CONNECTOR.value,
    ComponentKind.PERP_CANDLES.value: ComponentKind.PERP_CONNECTOR.value,
}
"""Feeds whose checks go by the id of a connector: that of the same market, since another's proves nothing of it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One bounty that might be posted. *basis* is repair or build, *since* the begin of the failure (None: nothing
    failed), *kind* "" where a person has to weigh it, *posted* the row of the issue that asks for the same already.
    """

    fingerprint: str
    basis: str
    component: Component
    title: str
    text: str
    kind: str
    since: datetime | None
    cause: str = ""
    posted: Bounty | None = None

    @property
    def record_path(self) -> str:
        """The admin's form for a new bounty, filled in with what is known; the issue's address is left to people."""
        known = {
            "exchange": self.component.exchange_id,
            "component": self.component.pk,
            "title": self.title,
            "state": BountyState.OPEN.value,
            "fingerprint": self.fingerprint,
        }
        return reverse("admin:registry_bounty_add", query=known | ({"kind": self.kind} if self.kind else {}))


def bounty_drafts(now: datetime, address: Address) -> tuple[Draft, ...]:
    """Repairs first, the longest failure before the others; then what is not built, by exchange.

    The number of queries grows with neither.
    """
    drafts = [*_repairs(now, address), *_builds(address)]
    recorded = Bounty.objects.exclude(state__in=OVER).exclude(fingerprint="").order_by("-pk")
    posted = {bounty.fingerprint: bounty for bounty in recorded}
    return tuple(replace(draft, posted=posted.get(draft.fingerprint)) for draft in drafts)


def find_draft(fingerprint: str, now: datetime, address: Address) -> Draft:
    """Raises NotHere where the evidence suggests no such bounty, or no longer."""
    draft = next((draft for draft in bounty_drafts(now, address) if draft.fingerprint == fingerprint), None)
    if draft is None:
        raise NotHere("the evidence suggests no such bounty, or no longer does")
    return draft


def build_path(component: Component) -> str:
    """The address of the draft to build *component*, "" where none is offered."""
    if component.status != DeclaredStatus.NOT_BUILT or component.exchange.lifecycle not in OPEN_TO_WORK:
        return ""
    return reverse("monitoring:bounty-draft", args=[_build_fingerprint(component)])


def fingerprint_of(*parts: str) -> str:
    """The same for the same fault, however long it lasts and whatever the venue answered in between."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _build_fingerprint(component: Component) -> str:
    return fingerprint_of(BUILD, component.exchange.slug, component.kind)


def _repairs(now: datetime, address: Address) -> Iterator[Draft]:
    by_fault: defaultdict[tuple[int, str], list[Check]] = defaultdict(list)
    for check in _failing_long_enough(now):
        by_fault[check.component_id, check.cause].append(check)
    captures = Capture.objects.newest_by_check([check for checks in by_fault.values() for check in checks])
    for checks in sorted(by_fault.values(), key=_begin):
        yield _repair(checks, captures, now, address)


def _failing_long_enough(now: datetime) -> list[Check]:
    """Those that have failed by the connector's fault, and by nothing else, for longer than the setting says."""
    own_fault = Q(outcome=Outcome.FAILED.value, blame=Blame.CONNECTOR.value)
    runs = Result.objects.filter(live_check=OuterRef("pk"))
    last_other = runs.exclude(own_fault).order_by("-started_at").values("started_at")[:1]
    since_then = runs.filter(started_at__gt=OuterRef("other_at")).order_by("started_at").values("started_at")[:1]
    failing = (
        Check.objects.planned()
        .filter(own_fault, enabled=True, component__exchange__lifecycle=Lifecycle.ACTIVE, fresh_until__gte=now)
        .annotate(other_at=Coalesce(Subquery(last_other), Value(BEFORE_ALL)))
        .annotate(failing_since=Subquery(since_then))
        .select_related("component__exchange", "latest_result")
        .order_by("component__exchange__name", "component__position", "pk")
    )
    seen = failing.exclude(failing_since=None)  # runs may be pruned, and without one there is nothing to show
    return [check for check in seen if now - _since(check) >= settings.BELLWETHER_BOUNTY_AFTER]


def _since(check: Check) -> datetime:
    since: datetime = check.failing_since  # type: ignore[attr-defined]  # the annotation of the one query
    return since


def _begin(checks: Iterable[Check]) -> datetime:
    return min(_since(check) for check in checks)


def _repair(checks: Sequence[Check], captures: Mapping[int, KeptCapture], now: datetime, address: Address) -> Draft:
    component, cause = checks[0].component, checks[0].cause
    fingerprint = fingerprint_of(REPAIR, component.connector_id, component.kind, cause)
    failing = [_failing_check(check, captures.get(check.pk), address) for check in checks]
    page = address(reverse("monitoring:exchange-detail", args=[component.exchange.slug]))
    return Draft(
        fingerprint=fingerprint,
        basis=REPAIR,
        component=component,
        title=repair_title(component, cause),
        text=repair_text(component, cause, failing, now=now, page=page, fingerprint=fingerprint),
        kind="",
        since=_begin(checks),
        cause=cause,
    )


def _failing_check(check: Check, capture: KeptCapture | None, address: Address) -> FailingCheck:
    result = check.latest_result
    conditions = [
        (one["name"], one["limit"], one["seen"])
        for one in (result.conditions if result else ())
        if one["outcome"] == Outcome.FAILED
    ]
    path = ""
    if capture:
        path = address(reverse("monitoring:capture", args=[check.component.exchange.slug, capture.result_id]))
    return FailingCheck(
        kind=check.kind,
        pair=check.pair or (str(result.evidence.get("pair", "")) if result else ""),
        summary=result.summary if result else "",
        since=_since(check),
        conditions=conditions,
        capture=path,
    )


def _builds(address: Address) -> Iterator[Draft]:
    """Not of exchanges that were removed: to these, a connector is a matter of votes first."""
    missing = (
        Component.objects.filter(status=DeclaredStatus.NOT_BUILT, exchange__lifecycle__in=OPEN_TO_WORK)
        .select_related("exchange")
        .prefetch_related("exchange__links", "exchange__components")
        .order_by("exchange__name", "position", "pk")
    )
    for component in missing:
        exchange = component.exchange
        fingerprint = _build_fingerprint(component)
        built = [other for other in exchange.components.all() if other.is_offered and other.connector_id]
        kinds = [kind.value for kind in KINDS.get(component.kind, ())]
        page = address(reverse("monitoring:exchange-detail", args=[exchange.slug]))
        yield Draft(
            fingerprint=fingerprint,
            basis=BUILD,
            component=component,
            title=build_title(component),
            text=build_text(
                component,
                kinds,
                connector=_id_to_check(component, built),
                built=list(dict.fromkeys(other.connector_id for other in built)),
                page=page,
                fingerprint=fingerprint,
            ),
            kind=BountyKind.IMPROVEMENT.value if built else BountyKind.NEW_CONNECTOR.value,
            since=None,
        )


def _id_to_check(component: Component, built: Iterable[Component]) -> str:
    """The id under which the checks of what is not built would run, "" while it has yet to get one."""
    connectors = (other.connector_id for other in built if other.kind == FED_BY.get(component.kind))
    return component.connector_id or next(connectors, "")
