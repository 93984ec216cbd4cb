"""Exchanges side by side: what is promised, declared and observed of each, and in which lines they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from monitoring.facets import LIFECYCLES
from monitoring.rows import fate_of
from registry.choices import ComponentKind, LinkKind, MaintenanceState
from registry.governance.wording import listed
from registry.parameters import BadParameters

if TYPE_CHECKING:
    from datetime import date

    from django.http import QueryDict

    from monitoring.marks import Mark
    from monitoring.pages import ComponentView, ExchangeView
    from registry.models import Component

FEWEST, MOST = 2, 6
DIFFERENCES = "differences"
YES_NO = {True: "Yes", False: "No", None: ""}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one exchange has in a line: *words* say it, "" where nothing is stated; the rest is how it is shown.

    *of* names the exchange, *items* are the words one by one, and *lacks* what only others of the line have.
    """

    words: str
    of: str = ""
    mark: Mark | None = None
    tier: str = ""
    status: str = ""
    url: str = ""
    items: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Whose page a link leads to."""
        return urlsplit(self.url).netloc.removeprefix("www.")


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of all the exchanges; *differs* is None where each of them has its own by nature."""

    key: str
    label: str
    cells: tuple[Cell, ...]
    differs: bool | None


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Lines that state nothing of any exchange are left out."""

    views: tuple[ExchangeView, ...]
    groups: tuple[Group, ...]

    @property
    def lines(self) -> list[tuple[Group, Line]]:
        return [(group, line) for group in self.groups for line in group.lines]

    @property
    def columns(self) -> int:
        """Of its table, that of the facts included."""
        return len(self.views) + 1

    @property
    def differences(self) -> int:
        return sum(bool(line.differs) for _, line in self.lines)

    def only_differences(self) -> Comparison:
        """The same with the lines in which they differ alone."""
        kept = [Group(one.key, one.title, tuple(line for line in one.lines if line.differs)) for one in self.groups]
        return Comparison(self.views, tuple(group for group in kept if group.lines))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which exchanges, whether the lines in which they differ alone, and on which day."""

    slugs: tuple[str, ...]
    only_differences: bool = False
    as_of: date | None = None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What is asked, but for the day, as parameters and their values."""
        only = [("only", DIFFERENCES)] if self.only_differences else []
        return [("exchange", slug) for slug in self.slugs] + only

    @property
    def address(self) -> str:
        """The query of a link that asks this."""
        day = [("as_of", self.as_of.isoformat())] if self.as_of else []
        return f"?{urlencode(self.pairs + day)}"

    @property
    def in_full(self) -> str:
        """The query of the same with every line."""
        return replace(self, only_differences=False).address

    @property
    def in_short(self) -> str:
        return replace(self, only_differences=True).address

    @property
    def today(self) -> str:
        """The query of the same without a day."""
        return replace(self, as_of=None).address


def choice_of(given: QueryDict, as_of: date | None) -> Choice:
    """Raises BadParameters, also where there are too few or too many to stand beside each other."""
    slugs, only = tuple(dict.fromkeys(given.getlist("exchange"))), given.get("only", "")
    if only not in {"", DIFFERENCES}:
        raise BadParameters({"only": [f"“{only}” is nothing to show alone: write {DIFFERENCES}, or leave it out"]})
    if not FEWEST <= len(slugs) <= MOST:
        named = "none is named" if not slugs else "one is named" if len(slugs) == 1 else f"{len(slugs)} are named"
        raise BadParameters({"exchange": [f"{named}: choose {FEWEST} to {MOST} different exchanges"]})
    return Choice(slugs, bool(only), as_of)


def comparison_of(views: Sequence[ExchangeView]) -> Comparison:
    groups = [
        Group("standing", "Promised and observed", _stated(_standing(views), views)),
        Group("exchange", "The exchange", _stated(_exchange(views), views)),
        *(Group(kind.value, str(kind.label), _stated(_component(views, kind), views)) for kind in ComponentKind),
        Group("links", "Links", _stated(_links(views), views)),
    ]
    return Comparison(tuple(views), tuple(group for group in groups if group.lines))


def _line(key: str, label: str, cells: Sequence[Cell], *, is_own: bool = False) -> Line:
    """Those of which nothing is stated make no difference."""
    differs = None if is_own else len({cell.words for cell in cells if cell.words}) > 1
    return Line(key, label, tuple(cells), differs)


def _texts(key: str, label: str, words: Sequence[str]) -> Line:
    return _line(key, label, [Cell(text) for text in words])


def _items(key: str, label: str, lists: Sequence[Sequence[str]]) -> Line:
    """Lists of one kind, each with what it lacks beside the others; one that is empty states nothing."""
    every = list(dict.fromkeys(item for items in lists for item in items))
    cells = [
        Cell(", ".join(items), items=tuple(items), lacks=tuple(i for i in every if i not in items) if items else ())
        for items in lists
    ]
    differs = any(cell.lacks for cell in cells)  # in whatever order they are written
    return Line(key, label, tuple(cells), differs)


def _stated(lines: Iterator[Line], views: Sequence[ExchangeView]) -> tuple[Line, ...]:
    """Those that state something, each cell with the name of its exchange."""
    return tuple(
        replace(line, cells=tuple(replace(c, of=v.exchange.name) for c, v in zip(line.cells, views, strict=True)))
        for line in lines
        if any(cell.words for cell in line.cells)
    )


def _standing(views: Sequence[ExchangeView]) -> Iterator[Line]:
    tiers = [Cell(view.standing.tier_label, tier=view.standing.tier or "none") for view in views]
    yield _line("tier", "Tier", tiers)
    yield _texts("latest_vote", "Latest vote", [view.standing.vote for view in views])
    yield _line("health", "Health", [Cell(view.mark.word, mark=view.mark) for view in views])
    yield _texts("maintainers", "Maintainer", [_maintainers(view) for view in views])
    yield _texts("open_bounties", "Open bounties", [str(len(view.open_bounties) or "None") for view in views])


def _maintainers(view: ExchangeView) -> str:
    names = [maintainer.name for maintainer in view.exchange.maintainers]
    return listed(names) or (str(MaintenanceState.SEEKING.label) if view.exchange.is_seeking_maintainer else "None")


def _exchange(views: Sequence[ExchangeView]) -> Iterator[Line]:
    exchanges = [view.exchange for view in views]
    yield _texts("lifecycle", "Release", [fate_of(view.exchange) or LIFECYCLES[view.lifecycle] for view in views])
    yield _texts("exchange_type", "Exchange type", [one.get_exchange_type_display() for one in exchanges])
    yield _texts("market_type", "Market type", [one.get_market_type_display() for one in exchanges])
    yield _texts("partnership", "Partnership", [one.get_partnership_display() for one in exchanges])
    yield _texts("fee_share", "Fee share", ["Yes" if one.has_fee_share else "None known" for one in exchanges])
    yield _texts("supported_countries", "Supported countries", [one.supported_countries for one in exchanges])
    yield _items("chains", "Chains", [[chain["chain"] for chain in one.chains] for one in exchanges])


def _component(views: Sequence[ExchangeView], kind: ComponentKind) -> Iterator[Line]:
    shown = [next((one for one in view.components if one.component.kind == kind), None) for view in views]
    if not any(shown):
        return
    yield _line("declared", "Declared", [_declared(one) for one in shown])
    yield _line("observed", "Observed", [_observed(one) for one in shown])

    def texts(read: Callable[[Component], str]) -> list[str]:
        return [read(one.component) if one else "" for one in shown]

    def lists(name: str) -> list[list[str]]:
        return [list(getattr(one.component, name)) if one else [] for one in shown]

    yield _line("connector_id", "ID", [Cell(text) for text in texts(lambda c: c.connector_id)], is_own=True)
    yield _texts("connection_type", "Connection type", texts(lambda c: c.get_connection_type_display()))
    yield _texts("connector_version", "Connector version", texts(lambda c: c.connector_version))
    yield _texts("v2_strategies", "V2 strategies", texts(lambda c: YES_NO[c.v2_strategies]))
    yield _items("order_types", "Order types", lists("order_types"))
    yield _items("position_modes", "Position modes", lists("position_mode_labels"))
    yield _items("intervals", "Intervals", lists("intervals"))
    yield _texts("paper_trading", "Trying it without money", texts(lambda c: c.get_paper_trading_display()))
    yield _line("notes", "Notes", [Cell(text) for text in texts(lambda c: c.notes)], is_own=True)


def _declared(view: ComponentView | None) -> Cell:
    if view is None:
        return Cell("Not listed")
    return Cell(view.component.get_status_display(), status=view.component.status)


def _observed(view: ComponentView | None) -> Cell:
    """Only of what there is to observe."""
    return Cell(view.mark.word, mark=view.mark) if view and view.component.is_offered else Cell("")


def _links(views: Sequence[ExchangeView]) -> Iterator[Line]:
    by_kind = [{link.kind: link.url for link in view.exchange.links.all()} for view in views]
    for kind in LinkKind:
        urls = [links.get(kind.value, "") for links in by_kind]
        yield _line(kind.value, str(kind.label), [Cell(url, url=url) for url in urls], is_own=True)
