"""Finding exchanges: by any spelling, by facets that count along, in an order of the reader's choice."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from monitoring.choices import Health
from monitoring.facets import FACET_NAMES, Facet, facets_of
from monitoring.rows import Match
from registry.choices import Tier
from registry.governance.names import name_key
from registry.governance.wording import listed
from registry.parameters import BadParameters
from registry.printable import is_printable

if TYPE_CHECKING:
    from datetime import date

    from django.http import QueryDict

    from monitoring.pages import ExchangeView

Values = Mapping[str, frozenset[str]]
"""What one exchange has of each facet, by the facet's name."""

LONGEST = 100
BY_NAME = "name"
PARAMETERS = frozenset({"q", "sort"})
"""What a list may be asked with beside its facets, which may be given more than once."""

_TIERS = [*Tier.values, ""]
_WORST_FIRST = [Health.FAILED, Health.DEGRADED, Health.UNKNOWN, Health.OK, None]

SORTS: Mapping[str, tuple[str, Callable[[ExchangeView], Any]]] = {
    BY_NAME: ("Name", lambda view: 0),
    "tier": ("Tier, best first", lambda view: _TIERS.index(view.standing.tier)),
    "health": ("Health, worst first", lambda view: _WORST_FIRST.index(view.health)),
    "bounties": ("Open bounties, most first", lambda view: -len(view.open_bounties)),
}
"""How a list may be sorted, and by what; exchanges that are equal in that go by name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader looks for: words, values of facets by their parameter, an order, and a day for the tiers."""

    words: str = ""
    chosen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sort: str = BY_NAME
    as_of: date | None = None

    @property
    def is_narrowed(self) -> bool:
        return bool(self.words or self.chosen)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What is asked, but for the day, as parameters and their values."""
        pairs = [("q", self.words)] if self.words else []
        pairs += [(name, value) for name in FACET_NAMES for value in sorted(self.chosen.get(name, ()))]
        return pairs + ([("sort", self.sort)] if self.sort != BY_NAME else [])

    @property
    def address(self) -> str:
        """The query of a link that asks this, from its question mark on; "" where nothing is asked."""
        day = [("as_of", self.as_of.isoformat())] if self.as_of else []
        query = urlencode(day + self.pairs)
        return f"?{query}" if query else ""

    def wanted(self, facet: Facet) -> frozenset[str]:
        """What it may be; empty: anything. On a past day all are shown: who has left since may have been in then."""
        return self.chosen.get(facet.name) or (frozenset() if self.as_of else facet.default)

    def choosing(self, name: str, values: frozenset[str]) -> Asked:
        """The same with other values of one facet."""
        others = {facet: chosen for facet, chosen in self.chosen.items() if facet != name}
        return replace(self, chosen=others | ({name: values} if values else {}))


def asked_of(given: QueryDict, as_of: date | None) -> Asked:
    """Raises BadParameters; what the facets know is checked by `find`, which knows them."""
    words, sort = given.get("q", "").strip(), given.get("sort", BY_NAME)
    if not is_printable(words):
        raise BadParameters({"q": ["holds a control character: write letters and digits"]})
    if words and not search_key(words):
        raise BadParameters({"q": [f"“{words[:LONGEST]}” holds nothing to look for: write a letter or a digit"]})
    if len(words) > LONGEST:
        raise BadParameters({"q": [f"{len(words)} characters; {LONGEST} are the most"]})
    if sort not in SORTS:
        raise BadParameters({"sort": [f"“{sort}” is no order: choose {' or '.join(SORTS)}"]})
    chosen = {name: frozenset(given.getlist(name)) for name in FACET_NAMES if name in given}
    return Asked(words, chosen, sort, as_of)


def search_key(text: str) -> str:
    """As names are compared, and without accents: whoever looks for something may not have them on the keyboard."""
    return name_key("".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)))


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a facet, with how many exchanges it would show beside what else is asked."""

    value: str
    label: str
    count: int
    is_chosen: bool


class FacetView(NamedTuple):
    """*is_useful*: somebody has it and somebody has not, or it was asked for."""

    name: str
    title: str
    options: tuple[Option, ...]
    is_useful: bool


class Step(NamedTuple):
    """A link to another question: *address* is its query."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class Found:
    """Those that were asked for, in the order that was asked for, and where to go from there.

    *limits* take each one thing away that was asked; *nearest* are names like the words, where these find nothing;
    *left_out* are those that the words and facets would find among exchanges which are not shown unless asked for.
    """

    asked: Asked
    matches: tuple[Match, ...]
    total: int
    facets: tuple[FacetView, ...]
    limits: tuple[Step, ...]
    nearest: tuple[Step, ...]
    left_out: int
    with_left_out: str

    @property
    def cleared(self) -> str:
        """The query of the list with nothing asked but the day."""
        return Asked(as_of=self.asked.as_of).address

    @property
    def today(self) -> str:
        """The query of the same without a day."""
        return replace(self.asked, as_of=None).address

    @property
    def sorts(self) -> list[Option]:
        return [Option(name, label, 0, name == self.asked.sort) for name, (label, _) in SORTS.items()]


def find(everyone: Sequence[ExchangeView], asked: Asked) -> Found:
    """Raises BadParameters where a facet has no such value."""
    facets = facets_of(everyone)
    _check(asked, facets)
    values = {view.exchange.pk: {facet.name: frozenset(facet.of(view)) for facet in facets} for view in everyone}
    asked = _without_defaults(asked, facets, values)
    key = search_key(asked.words)
    matches = [match for view in everyone if (match := _match(view, key))]
    judged = [(match, _misses(values[match.view.exchange.pk], facets, asked)) for match in matches]
    found = [match for match, missed in judged if not missed]
    order = SORTS[asked.sort][1]
    every_lifecycle = next(frozenset(facet.labels) for facet in facets if facet.name == "lifecycle")
    return Found(
        asked=asked,
        matches=tuple(sorted(found, key=lambda match: (order(match.view), search_key(match.view.exchange.name)))),
        total=len(everyone),
        facets=tuple(_counted(facet, asked, judged, values) for facet in facets),
        limits=tuple(_limits(asked, facets)),
        nearest=() if matches else tuple(_nearest(everyone, asked)),
        left_out=0 if "lifecycle" in asked.chosen else sum(missed == {"lifecycle"} for _, missed in judged),
        with_left_out=asked.choosing("lifecycle", every_lifecycle).address,
    )


def _without_defaults(asked: Asked, facets: Sequence[Facet], everyone: Mapping[int, Values]) -> Asked:
    """Without a choice of just what is shown anyway: the form sends along what is ticked from the beginning."""
    for facet in facets:
        chosen, default = asked.chosen.get(facet.name), replace(asked, chosen={}).wanted(facet)
        had = frozenset[str]().union(*(values[facet.name] for values in everyone.values()))
        if chosen and default and chosen & had == default & had:
            asked = asked.choosing(facet.name, frozenset())
    return asked


def _check(asked: Asked, facets: Sequence[Facet]) -> None:
    fields = {
        facet.name: [
            f"{listed([f'“{value}”' for value in wrong])} {'are' if wrong[1:] else 'is'} none of its values: "
            f"choose among {listed(list(facet.labels))}"
        ]
        for facet in facets
        if (wrong := sorted(asked.chosen.get(facet.name, frozenset()) - facet.labels.keys()))
    }
    if fields:
        raise BadParameters(fields)


def _match(view: ExchangeView, key: str) -> Match | None:
    """None where no spelling holds *key*."""
    spelling = next((name for name in _spellings(view) if key in search_key(name)), None) if key else view.exchange.name
    if spelling is None:
        return None
    return Match(view, "" if spelling in {view.exchange.name, view.exchange.slug} else spelling)


def _spellings(view: ExchangeView) -> list[str]:
    """Its own name first, then every other that it goes or went by, and the bot's ids of its connectors."""
    exchange = view.exchange
    subject = getattr(exchange, "subject", None)
    names = [exchange.name, exchange.slug]
    names += [alias.name for alias in subject.aliases.all()] if subject else []
    for former in exchange.former_entries.all():
        names += [former.name, former.slug]
    for shown in view.components:
        names += [shown.component.connector_id, shown.component.paper_connector_id]
    return [name for name in names if name]


def _misses(values: Values, facets: Sequence[Facet], asked: Asked) -> set[str]:
    """The facets whose wanted values are all others than those of the exchange."""
    return {facet.name for facet in facets if (wanted := asked.wanted(facet)) and wanted.isdisjoint(values[facet.name])}


def _counted(
    facet: Facet, asked: Asked, judged: Sequence[tuple[Match, set[str]]], everyone: Mapping[int, Values]
) -> FacetView:
    """Its values that any exchange has, each counted over what all that is asked but this facet leaves.

    *judged* are those that the words find, with the facets that each misses; *everyone* are the values by exchange.
    """
    counts: Counter[str] = Counter()
    for match, missed in judged:
        if missed <= {facet.name}:
            counts.update(everyone[match.view.exchange.pk][facet.name])
    wanted = asked.wanted(facet)
    having = Counter(value for values in everyone.values() for value in values[facet.name])
    options = [
        Option(value, label, counts[value], value in wanted)
        for value, label in facet.labels.items()
        if having[value] or value in asked.chosen.get(facet.name, ())
    ]
    is_useful = facet.name in asked.chosen or any(0 < count < len(everyone) for count in having.values())
    return FacetView(facet.name, facet.title, tuple(options), is_useful)


def _limits(asked: Asked, facets: Sequence[Facet]) -> list[Step]:
    steps = [Step(f"“{asked.words}”", replace(asked, words="").address)] if asked.words else []
    for facet in facets:
        chosen = asked.chosen.get(facet.name, frozenset())
        for value, label in facet.labels.items():
            if value in chosen:
                steps.append(Step(f"{facet.title}: {label}", asked.choosing(facet.name, chosen - {value}).address))
    return steps


def _nearest(everyone: Sequence[ExchangeView], asked: Asked) -> list[Step]:
    by_key = {search_key(name): view.exchange.name for view in everyone for name in _spellings(view)}
    close = get_close_matches(search_key(asked.words), by_key, n=6, cutoff=0.6)
    names = dict.fromkeys(by_key[key] for key in close)
    return [Step(name, replace(asked, words=name).address) for name in list(names)[:3]]
