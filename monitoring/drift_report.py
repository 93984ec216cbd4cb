"""The whole drift report: declared against observed, the registry against pages, and against the client's own lists."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from monitoring.choices import Source
from monitoring.drift import observed_drift
from monitoring.models import Check
from monitoring.pages import MIXED
from registry.drift.client import client_drift, shipped_tiers
from registry.drift.folder import PagesUnreadable, merged, pages_under
from registry.drift.pages import pages_drift
from registry.drift.register import read_register

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from registry.drift.findings import Comparison, Finding
    from registry.importers.client_tiers import ClientTiers


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """`pages` is None where no folder of pages is set, and where it cannot be read, which `unreadable` says."""

    day: date
    observed: Comparison
    source: str  # whence the results, as everywhere
    pages: Comparison | None
    unreadable: str
    clients: tuple[Comparison, ...]  # newest first
    clients_are_records: bool

    @property
    def drift(self) -> tuple[Finding, ...]:
        """What contradicts itself and can still be mended: what shipped of the client is a record."""
        current = [self.observed, *([self.pages] if self.pages else [])]
        current += [] if self.clients_are_records else self.clients
        return tuple(finding for comparison in current for finding in comparison.drift)

    def as_json(self) -> dict[str, Any]:
        return {
            "as_of": self.day.isoformat(),
            "drift": len(self.drift),
            "source": self.source or None,
            "observed": self.observed.as_json(),
            "pages": self.pages.as_json() if self.pages else None,
            "client": [comparison.as_json() for comparison in self.clients],
        }


def drift_report(
    now: datetime,
    *,
    on: date | None = None,
    places: Sequence[Path] | None = None,
    versions: Sequence[ClientTiers] | None = None,
) -> DriftReport:
    """Everything held against everything, in a fixed number of queries.

    *on* is the day, today at the latest, whose tiers pages are held against, and the last whose client lists are; what
    is observed is observed now. *places* are files and folders of pages, those of the setting when None; *versions* are
    lists of the client, those that ship when None.
    """
    today = now.date()
    day = on or today
    past = day if day < today else None
    register = read_register()
    checks = list(Check.objects.planned().select_related("latest_result").defer(*_UNREAD))
    pages, unreadable = None, ""
    try:
        if found := _places(places):
            pages = pages_drift(merged(pages_under(place) for place in found), register, today=today, on=past)
    except PagesUnreadable as error:
        unreadable = str(error)
    told = shipped_tiers() if versions is None else tuple(versions)
    in_time = [version for version in told if version.date is None or version.date <= day]
    return DriftReport(
        day=day,
        observed=observed_drift(checks, now),
        source=_source(checks),
        pages=pages,
        unreadable=unreadable,
        clients=tuple(
            client_drift(version, register, version.date or day, is_record=versions is None)
            for version in reversed(in_time)
        ),
        clients_are_records=versions is None,
    )


_UNREAD = ("latest_result__evidence", "latest_result__conditions")


def _places(given: Sequence[Path] | None) -> list[Path]:
    if given is not None:
        return list(given)
    return [settings.BELLWETHER_PAGES] if settings.BELLWETHER_PAGES else []


def _source(checks: Sequence[Check]) -> str:
    """Where the latest results came from, "" where there are none."""
    sources = {check.latest_result.source for check in checks if check.latest_result} - {Source.NONE.value}
    return sources.pop() if len(sources) == 1 else MIXED if sources else ""
