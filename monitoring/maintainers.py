"""What each maintainer answers for, with its health: their exchanges now and formerly, and those that want somebody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from monitoring.status import exchange_views
from registry.choices import MaintenanceState
from registry.models import Exchange, Maintainer
from registry.public.missing import NotHere

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from monitoring.marks import Mark
    from monitoring.pages import ExchangeView
    from registry.models import Maintenance


@dataclass(frozen=True, slots=True)
class Charge:
    """One exchange in somebody's charge, and how it does."""

    maintenance: Maintenance
    view: ExchangeView


@dataclass(frozen=True, slots=True)
class MaintainerView:
    """One maintainer; `marks` counts the states of what is in their charge, the most frequent first."""

    maintainer: Maintainer
    active: tuple[Charge, ...]
    emeritus: tuple[Charge, ...]

    @property
    def marks(self) -> list[tuple[Mark, int]]:
        return Counter(charge.view.mark for charge in self.active).most_common()

    @property
    def last_confirmed(self) -> date | None:
        """When a source last said so of any of them, None where none says."""
        return max(
            (one.maintenance.last_confirmed for one in self.active if one.maintenance.last_confirmed), default=None
        )


@dataclass(frozen=True, slots=True)
class Maintainers:
    """Everybody, those with most in their charge first; and the shipped exchanges that nobody answers for."""

    everyone: tuple[MaintainerView, ...]
    seeking: tuple[ExchangeView, ...]
    unmaintained: tuple[ExchangeView, ...]


def all_maintainers(now: datetime) -> Maintainers:
    """In a fixed number of queries."""
    exchanges = exchange_views(list(Exchange.objects.for_index()), now)
    charges: dict[int, list[Charge]] = {}
    for view in exchanges:
        for one in view.exchange.maintenances.all():
            if one.maintainer_id is not None:
                charges.setdefault(one.maintainer_id, []).append(Charge(one, view))
    everyone = [_view(maintainer, charges.get(maintainer.pk, [])) for maintainer in Maintainer.objects.all()]
    everyone.sort(key=lambda view: (-len(view.active), view.maintainer.name.casefold()))
    shipped = [view for view in exchanges if view.components and view.exchange.is_shipped]
    seeking = [view for view in shipped if view.exchange.is_seeking_maintainer]
    nobody = [view for view in shipped if not view.exchange.maintainers and view not in seeking]
    return Maintainers(tuple(everyone), tuple(seeking), tuple(nobody))


def one_maintainer(slug: str, now: datetime) -> MaintainerView:
    """Raises NotHere."""
    everyone = all_maintainers(now).everyone
    found = next((view for view in everyone if view.maintainer.slug == slug), None)
    if found is None:
        nearest = get_close_matches(slug.lower(), [view.maintainer.slug for view in everyone], n=1, cutoff=0.5)
        hint = f": did you mean {nearest[0]}?" if nearest else ""
        raise NotHere(f"no maintainer is called “{slug}” here{hint}")
    return found


def _view(maintainer: Maintainer, charges: Iterable[Charge]) -> MaintainerView:
    ordered = sorted(charges, key=lambda charge: charge.view.exchange.name.casefold())
    active, emeritus = (
        tuple(charge for charge in ordered if charge.maintenance.state == state)
        for state in (MaintenanceState.ACTIVE, MaintenanceState.EMERITUS)
    )
    return MaintainerView(maintainer, active, emeritus)
