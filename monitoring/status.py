"""Fetches what a status page says, in a number of queries that does not grow with the catalogue or its history."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from monitoring.index import index_view
from monitoring.models import Capture, Check, Result
from monitoring.pages import check_view, component_view, exchange_view
from monitoring.search import Asked
from registry.models import Exchange
from registry.public.missing import UnknownExchange
from registry.public.standing import standing_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from monitoring.index import IndexView
    from monitoring.pages import CheckView, ExchangeView


def index_status(now: datetime, *, as_of: date | None = None, asked: Asked | None = None) -> IndexView:
    """How all exchanges are, and those that are *asked* for (None: whichever are shown unless asked otherwise).

    Tiers are those of *as_of*; what is observed is observed now, whatever day is asked about. Raises BadParameters
    where something is asked that no exchange could be.
    """
    everyone = exchange_views(list(Exchange.objects.for_search(as_of=as_of)), now, as_of=as_of)
    return index_view(everyone, asked or Asked(as_of=as_of), tier_as_of=as_of or now.date())


def compared_status(slugs: Sequence[str], now: datetime, *, as_of: date | None = None) -> list[ExchangeView]:
    """These exchanges in this order, each once. Raises UnknownExchange for the first that is not there."""
    wanted = list(dict.fromkeys(slugs))
    found = Exchange.objects.for_page(as_of=as_of).filter(slug__in=[slug for slug in wanted if "\0" not in slug])
    views = {view.exchange.slug: view for view in exchange_views(list(found), now, as_of=as_of)}
    for slug in wanted:
        if slug not in views:
            raise UnknownExchange(slug, list(Exchange.objects.values_list("slug", flat=True)))
    return [views[slug] for slug in wanted]


def exchange_views(exchanges: Sequence[Exchange], now: datetime, *, as_of: date | None = None) -> list[ExchangeView]:
    """Each with its components and what their checks last saw, without the evidence: three queries for all of them."""
    unread = ("latest_result__evidence", "latest_result__conditions")
    planned = Check.objects.planned().filter(component__exchange__in=exchanges)
    checks = list(planned.select_related("component", "latest_result").defer(*unread))
    checks_by_exchange: dict[int, list[Check]] = defaultdict(list)
    for check in checks:
        checks_by_exchange[check.component.exchange_id].append(check)
    past = Result.objects.latest_by_check(checks)
    views = {check.pk: check_view(check, past[check.pk], now, in_full=False) for check in checks}
    return [_exchange(exchange, checks_by_exchange[exchange.pk], views, now, as_of) for exchange in exchanges]


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
