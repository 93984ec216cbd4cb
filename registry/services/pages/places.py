"""What the registry knows exchanges by, and which of them a page is about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath

from registry.choices import ComponentKind
from registry.governance.names import name_key
from registry.importers.pages import Page, PageConnector
from registry.models import Alias, Exchange
from registry.services.catalogue.export import entries, maintainer_entries
from registry.services.catalogue.schema import ExchangeEntry, MaintainerEntry
from registry.services.pages.facts import stated_by
from registry.services.pages.maintainers import slug_of

INDEX_NAMES = frozenset({"index", "readme"})

VARIANT = re.compile(r"(?:[_-](?:perpetual|testnet|paper[_-]trade))+$|LP$|/.*$|_\[.*$", re.IGNORECASE)
"""What the bot adds to an exchange's name to tell its connectors apart."""


@dataclass(slots=True)
class Known:
    """The registry as pages are held against it."""

    maintainers: dict[str, MaintainerEntry]  # by slug
    tiers: dict[str, str]  # by slug of the exchange, "" for none
    entries: dict[str, ExchangeEntry] = field(default_factory=dict)  # by slug
    ids: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # connector id -> slugs
    names: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # as compared -> slugs

    def add(self, entry: ExchangeEntry) -> None:
        self.entries[entry.slug] = entry
        for connector_id in ids_of(entry):
            self.ids[connector_id.casefold()].add(entry.slug)
        for name in (entry.slug, entry.name):
            self.names[name_key(name)].add(entry.slug)


@dataclass(frozen=True, slots=True)
class Place:
    """The exchange that a page is about, or why it is about none. `is_known`: the registry has the exchange."""

    slug: str
    is_known: bool
    why_not: str = ""


def read_known(*, as_of: date | None = None) -> Known:
    """Everything, in a fixed number of queries; the tiers are those in force on *as_of*, today when None."""
    maintainers = {entry.slug: entry for entry in maintainer_entries()}
    tiers = {row.slug: row.current_tier for row in Exchange.objects.with_tier(as_of=as_of)}
    known = Known(maintainers, tiers)
    for entry in entries():
        known.add(entry)
    aliases = Alias.objects.filter(subject__exchange__isnull=False)
    for key, slug in aliases.values_list("key", "subject__exchange__slug"):
        known.names[key].add(slug)
    return known


def ids_of(entry: ExchangeEntry) -> Iterator[str]:
    for component in entry.components:
        paper = component.paper_trading
        for connector_id in (component.connector_id, paper.connector_id if paper else None):
            if connector_id:
                yield connector_id


def place(page: Page, known: Known) -> Place:
    """By the ids of its connectors and by its names, the file's first; else by those of its feeds, which are copied
    from page to page; else by what an id begins with.

    Where connectors and names point to different exchanges, the names count if the file's and the title's agree.
    Otherwise it is placed nowhere: what is wrong is for a person.
    """
    if not page.is_exchange_page:
        return _nowhere("it is not the page of an exchange")
    by_connector = _with_ids((one for one in page.connectors if not _is_feed(one)), known)
    by_feed = _with_ids(filter(_is_feed, page.connectors), known)
    by_file = called((name_of_file(page.file), page.exchange), known)
    by_title = called((page.title,), known)
    by_name = by_file or by_title
    if by_connector and by_name and not by_connector & by_name:
        is_said_twice = page.title != page.exchange and by_file & by_title  # a page without a title has its file's
        if not is_said_twice:
            why = f"its connector ids are those of {_listed(by_connector)}, and its name is that of {_listed(by_name)}"
            return _nowhere(f"{why}: correct the one that is wrong")
        by_connector = set()
    found = by_connector & by_name or by_connector or by_feed & by_name or by_name or by_feed
    found = found or called((one.id for one in page.connectors), known)
    if len(found) > 1:
        return _nowhere(f"it may be the page of {_listed(found)}: give it a connector id")
    if found:
        return Place(next(iter(found)), is_known=True)
    if not stated_by(page):
        return _nowhere("it states nothing, and no exchange is known by its name")
    slug = slug_of(page.exchange)
    return Place(slug, is_known=False) if slug else _nowhere("neither an id nor a name says which exchange it is about")


def _nowhere(why: str) -> Place:
    return Place("", is_known=False, why_not=why)


def strange_ids(page: Page, slug: str, known: Known) -> list[tuple[PageConnector, str]]:
    """Sections with an id that is another exchange's, and whose it is: something that was copied and not changed."""
    found = []
    for section in page.connectors:
        owners = known.ids.get(section.id.casefold(), set())
        if owners and slug not in owners:
            found.append((section, _listed(owners)))
    return found


def _is_feed(section: PageConnector) -> bool:
    return section.kind.is_candle_feed or section.kind == ComponentKind.AMM_DATA_FEED


def _with_ids(sections: Iterable[PageConnector], known: Known) -> set[str]:
    return set[str]().union(*(known.ids.get(section.id.casefold(), ()) for section in sections))


def name_of_file(file: str) -> str:
    """kraken/index.md and kraken.md are named kraken."""
    path = PurePath(file)
    return path.parent.name if path.stem.casefold() in INDEX_NAMES else path.stem


def called(names: Iterable[str], known: Known) -> set[str]:
    """The exchanges that go by the first of *names* that is known, as it is or without what marks a connector."""
    for name in names:
        for spelling in (name, VARIANT.sub("", name)):
            if found := known.names.get(name_key(spelling)):
                return found
    return set()


def _listed(slugs: Iterable[str]) -> str:
    return " or ".join(sorted(slugs))
