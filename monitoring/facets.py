"""What exchanges can be told apart by, each a parameter of the list with a closed set of values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.choices import Health
from registry.choices import ComponentKind, ExchangeType, Lifecycle, MaintenanceState, MarketType, OrderType, Tier

if TYPE_CHECKING:
    from django.db.models import TextChoices

    from monitoring.pages import ExchangeView

NONE = "none"
SEEKING = MaintenanceState.SEEKING.value
NOT_STATED = "unknown"
UNWATCHED = "unwatched"
VOTES_ONLY = "votes_only"

LIFECYCLES = {
    Lifecycle.ACTIVE.value: str(Lifecycle.ACTIVE.label),
    VOTES_ONLY: "Known from votes alone",
    **{one.value: str(one.label) for one in Lifecycle if one != Lifecycle.ACTIVE},
}
NOT_YET = frozenset({VOTES_ONLY, Lifecycle.PROPOSED.value})
"""No release has had them, as far as the registry knows."""

SHOWN = NOT_YET | {Lifecycle.ACTIVE.value}
"""What a list shows unless it is asked for more: all but what the bot let go of."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to narrow the list down: any of the chosen values will do; nothing chosen is *default*, or no limit.

    *labels* are all its values, in the order of a page; the values that *of* gives of an exchange are among them.
    """

    name: str
    title: str
    labels: Mapping[str, str]
    of: Callable[[ExchangeView], Collection[str]]
    default: frozenset[str] = frozenset()


def facets_of(everyone: Sequence[ExchangeView]) -> tuple[Facet, ...]:
    """In the order of a page. Only who maintains is read from *everyone*; all other values are closed lists."""
    return (
        Facet("health", "Health", {**_labels(Health), UNWATCHED: "Not checked live"}, _health),
        Facet("bounty", "Bounties", {"open": "Has an open bounty"}, _bounty),
        Facet("tier", "Tier", {**_labels(Tier), NONE: "No tier"}, lambda view: {view.standing.tier or NONE}),
        Facet("type", "Exchange type", {**_labels(ExchangeType), NOT_STATED: "Not stated"}, _type),
        Facet("market", "Market type", {**_labels(MarketType), NOT_STATED: "Not stated"}, _market),
        Facet("component", "Component", _labels(ComponentKind), lambda view: view.kinds_built),
        Facet("order", "Order type", _labels(OrderType), _orders),
        Facet("maintainer", "Maintainer", _maintainer_labels(everyone), _maintainers),
        Facet(
            "lifecycle",
            "Release",
            LIFECYCLES,
            lambda view: {view.lifecycle},
            default=SHOWN,
        ),
    )


def _labels(words: type[TextChoices]) -> dict[str, str]:
    return {str(value): str(label) for value, label in words.choices}


def _health(view: ExchangeView) -> Collection[str]:
    return {view.health.value if view.health else UNWATCHED}


def _bounty(view: ExchangeView) -> Collection[str]:
    return {"open"} if view.open_bounties else ()


def _type(view: ExchangeView) -> Collection[str]:
    return {view.exchange.exchange_type or NOT_STATED}


def _market(view: ExchangeView) -> Collection[str]:
    return {view.exchange.market_type or NOT_STATED}


def _orders(view: ExchangeView) -> Collection[str]:
    return {name for component in view.built for name in component.order_types}


def _maintainers(view: ExchangeView) -> Collection[str]:
    slugs = {maintainer.slug for maintainer in view.exchange.maintainers}
    wanted = {SEEKING} if view.exchange.is_seeking_maintainer else set()
    return slugs | wanted or {NONE}


def _maintainer_labels(everyone: Sequence[ExchangeView]) -> dict[str, str]:
    """By name, behind them those that nobody maintains."""
    named = {maintainer.slug: maintainer.name for view in everyone for maintainer in view.exchange.maintainers}
    by_name = sorted(named.items(), key=lambda item: item[1].casefold())
    return dict(by_name) | {SEEKING: str(MaintenanceState.SEEKING.label), NONE: "None"}


FACET_NAMES = tuple(facet.name for facet in facets_of(()))
