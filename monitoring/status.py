"""Fetches what a status page says, in a number of queries that does not grow with the catalogue or its history."""

from __future__ import annotations

from collections import defaultdict
from difflib import get_close_matches
from typing import TYPE_CHECKING

from monitoring.models import Capture, Check, Result
from monitoring.pages import check_view, component_view, exchange_view, index_view
from registry.models import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitoring.pages import CheckView, ExchangeView, IndexView


class UnknownExchange(LookupError):
    """No exchange has this slug; *nearest* holds those that are spelled most like it, best first."""

    def __init__(self, slug: str, valid: Sequence[str]) -> None:
        self.nearest = get_close_matches(slug.lower(), valid, n=3, cutoff=0.5)
        hint = f": did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"no exchange is called “{slug}” here{hint}")


def index_status(now: datetime) -> IndexView:
    """Every exchange with its components and what their checks last saw, without the evidence."""
    exchanges = list(Exchange.objects.for_index().prefetch_related("tier_assignments"))
    unread = ("latest_result__evidence", "latest_result__conditions")
    checks = list(Check.objects.planned().select_related("component", "latest_result").defer(*unread))
    checks_by_exchange: dict[int, list[Check]] = defaultdict(list)
    for check in checks:
        checks_by_exchange[check.component.exchange_id].append(check)
    past = Result.objects.latest_by_check(checks)
    views = {check.pk: check_view(check, past[check.pk], now, in_full=False) for check in checks}
    return index_view([_exchange(exchange, checks_by_exchange[exchange.pk], views, now) for exchange in exchanges])


def exchange_status(slug: str, now: datetime) -> ExchangeView:
    """One exchange with the evidence of each check. Raises UnknownExchange."""
    # PostgreSQL refuses a NUL in any text that it is asked for.
    exchange = None if "\0" in slug else Exchange.objects.for_page().filter(slug=slug).first()
    if exchange is None:
        raise UnknownExchange(slug, list(Exchange.objects.values_list("slug", flat=True)))
    checks = list(Check.objects.for_exchange_page(exchange))
    past = Result.objects.latest_by_check(checks)
    captures = Capture.objects.newest_by_check(checks)
    views = {
        check.pk: check_view(check, past[check.pk], now, in_full=True, capture=captures.get(check.pk))
        for check in checks
    }
    return _exchange(exchange, checks, views, now)


def _exchange(
    exchange: Exchange, checks: Sequence[Check], views: Mapping[int, CheckView], now: datetime
) -> ExchangeView:
    components = [
        component_view(component, [views[check.pk] for check in checks if check.component_id == component.pk], now)
        for component in exchange.components.all()
    ]
    return exchange_view(exchange, components, now)
