"""Fetches what a status page says, in a number of queries that does not grow with the catalogue or its history."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from monitoring.models import Capture, Check, Result
from monitoring.pages import check_view, component_view, exchange_view, index_view
from registry.models import Exchange
from registry.public.missing import UnknownExchange
from registry.public.standing import standing_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from monitoring.pages import CheckView, ExchangeView, IndexView


def index_status(now: datetime, *, as_of: date | None = None) -> IndexView:
    """Every exchange with its components and what their checks last saw, without the evidence.

    Tiers are those of *as_of*; what is observed is observed now, whatever day is asked about.
    """
    exchanges = list(Exchange.objects.for_index(as_of=as_of))
    unread = ("latest_result__evidence", "latest_result__conditions")
    checks = list(Check.objects.planned().select_related("component", "latest_result").defer(*unread))
    checks_by_exchange: dict[int, list[Check]] = defaultdict(list)
    for check in checks:
        checks_by_exchange[check.component.exchange_id].append(check)
    past = Result.objects.latest_by_check(checks)
    views = {check.pk: check_view(check, past[check.pk], now, in_full=False) for check in checks}
    everyone = [_exchange(exchange, checks_by_exchange[exchange.pk], views, now, as_of) for exchange in exchanges]
    return index_view(everyone, tier_as_of=as_of or now.date())


def exchange_status(slug: str, now: datetime, *, as_of: date | None = None) -> ExchangeView:
    """One exchange with the evidence of each check; tier and history as of *as_of*. Raises UnknownExchange."""
    # PostgreSQL refuses a NUL in any text that it is asked for.
    exchange = None if "\0" in slug else Exchange.objects.for_page(as_of=as_of).filter(slug=slug).first()
    if exchange is None:
        raise UnknownExchange(slug, list(Exchange.objects.values_list("slug", flat=True)))
    checks = list(Check.objects.for_exchange_page(exchange))
    past = Result.objects.latest_by_check(checks)
    captures = Capture.objects.newest_by_check(checks)
    views = {
        check.pk: check_view(check, past[check.pk], now, in_full=True, capture=captures.get(check.pk))
        for check in checks
    }
    return _exchange(exchange, checks, views, now, as_of)


def _exchange(
    exchange: Exchange, checks: Sequence[Check], views: Mapping[int, CheckView], now: datetime, as_of: date | None
) -> ExchangeView:
    components = [
        component_view(component, [views[check.pk] for check in checks if check.component_id == component.pk], now)
        for component in exchange.components.all()
    ]
    standing = standing_on(exchange.tier_assignments.all(), as_of or now.date())
    return exchange_view(exchange, standing, components, now)
