"""Reads of monitoring that are worth a name; none of them grows with the number of stored results."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitoring.models import Capture, Check, Result  # noqa: F401 -- the query sets name them in strings
    from registry.models import Component, Exchange
    from registry.querysets import ComponentQuerySet


CHECKS_PER_QUERY = 500
"""SQLite refuses an expression of a thousand alternatives."""

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


class PastOutcome(NamedTuple):
    """As much of a result as a strip of outcomes shows."""

    outcome: str
    cause: str
    blame: str
    summary: str
    started_at: datetime
    duration_ms: float
    source: str


class KeptCapture(NamedTuple):
    """As much of a capture as a link to it says."""

    result_id: int
    size: int
    outcome: str
    started_at: datetime


class CheckQuerySet(models.QuerySet["Check"]):
    def planned(self) -> CheckQuerySet:
        """Those of components that the registry still declares available, switched on or not."""
        return self.filter(retired_at=None)

    def due(self, now: datetime) -> CheckQuerySet:
        """Those to run now: their time has come, and no live claim holds them."""
        unclaimed = Q(lease_until=None) | Q(lease_until__lte=now)
        return self.planned().filter(unclaimed, enabled=True, next_due_at__lte=now)

    def run_now(self, now: datetime) -> int:
        """Makes those that may run due at *now*, and says how many; one that runs already is not started twice."""
        return self.planned().filter(enabled=True).update(next_due_at=now)

    def for_exchange_page(self, exchange: Exchange) -> CheckQuerySet:
        """The planned checks of one exchange in its table's order, with component and latest result: one query."""
        return (
            self.planned()
            .filter(component__exchange=exchange)
            .select_related("component__exchange", "latest_result")
            .order_by("component__position", "component_id", "pk")
        )


class ResultQuerySet(models.QuerySet["Result"]):
    def latest_by_check(self, checks: Sequence[Check], *, count: int = 30) -> dict[int, list[PastOutcome]]:
        """Up to *count* latest outcomes of each check, oldest first, by the check's primary key.

        Two queries, and one more for each further 500 checks.
        """
        strips: dict[int, list[PastOutcome]] = {check.pk: [] for check in checks}
        if not strips:
            return strips
        newest_first = self.filter(live_check=OuterRef("pk")).order_by("-started_at").values("started_at")
        oldest_shown = Coalesce(Subquery(newest_first[count - 1 : count]), Value(BEFORE_ALL))
        check_rows = apps.get_model("monitoring", "Check")._default_manager.filter(pk__in=strips)
        # With its own bound known, each check is one walk along the index (check, -started_at), on every database;
        # a window function, or the bound as a subquery, would make PostgreSQL read all results there are.
        shown = [
            Q(live_check=pk, started_at__gte=bound)
            for pk, bound in check_rows.values_list("pk", oldest_shown).order_by("pk")
        ]
        for first in range(0, len(shown), CHECKS_PER_QUERY):
            batch = Q(*shown[first : first + CHECKS_PER_QUERY], _connector=Q.OR)
            rows = self.filter(batch).order_by("started_at", "pk")
            for pk, *columns in rows.values_list("live_check", *PastOutcome._fields):
                strips[pk].append(PastOutcome(*columns))
        return {pk: outcomes[-count:] for pk, outcomes in strips.items()}


class CaptureQuerySet(models.QuerySet["Capture"]):
    def newest_by_check(self, checks: Sequence[Check]) -> dict[int, KeptCapture]:
        """By the check's primary key, where there is one: one query, which leaves the files where they are."""
        columns = ("result__live_check", "result_id", "size", "result__outcome", "result__started_at")
        rows = self.filter(result__live_check__in=checks).order_by("result__started_at").values_list(*columns)
        return {check_id: KeptCapture(*rest) for check_id, *rest in rows}

    def of_exchange(self, slug: str) -> CaptureQuerySet:
        return self.filter(result__live_check__component__exchange__slug=slug)

    def with_names(self) -> CaptureQuerySet:
        """With what its file is called after, but not with the evidence."""
        related = self.select_related("result__live_check__component")
        return related.defer("result__evidence", "result__conditions")


def offered_without_check() -> models.QuerySet[Component]:
    """Components declared available that no check watches, because this build has no connector for them yet."""
    checks = apps.get_model("monitoring", "Check")._default_manager.planned()
    offered: ComponentQuerySet = apps.get_model("registry", "Component")._default_manager.offered()
    return offered.exclude(Exists(checks.filter(component=OuterRef("pk"))))
