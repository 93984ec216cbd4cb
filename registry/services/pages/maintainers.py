"""Whom a page names as maintainer, as the registry knows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from registry.choices import MaintenanceState
from registry.governance.names import name_key
from registry.importers.pages import Page
from registry.services.catalogue.schema import ExchangeEntry, MaintainerEntry

BETWEEN = re.compile(r",\s+|\s+(?:and|&|/)\s+")
MAX_SLUG = 50
EVERYBODY = name_key("Community")
"""A word of pages for whoever likes to: nobody who answers for it."""


@dataclass(frozen=True, slots=True)
class StatedMaintainer:
    """One name of a page's line. `is_known`: the registry has it under this slug."""

    slug: str
    name: str
    url: str
    is_known: bool


def active_in(entry: ExchangeEntry) -> list[str]:
    """Slugs of those who answer for the exchange now, in the registry's order."""
    return [one.maintainer for one in entry.maintainers if one.state == MaintenanceState.ACTIVE and one.maintainer]


def says_who(page: Page) -> bool:
    """Whether the page names a maintainer, or says that there is none. An empty line says neither."""
    return page.maintainer_stated and not page.maintainer_blank


def maintainers_stated(page: Page, known: Mapping[str, MaintainerEntry]) -> list[StatedMaintainer]:
    """Empty where the page says that nobody maintains it, or everybody, or says nothing.

    Several names on one line are told apart only where the registry knows each of them: a comma may belong to a name.
    """
    line = " ".join((page.maintainer or "").split())
    if name_key(line) in {"", EVERYBODY}:
        return []
    by_key = {name_key(name): slug for slug, entry in known.items() for name in (slug, entry.name)}
    if (slugs := _known_in(line, by_key)) is None and not BETWEEN.search(line):
        by_url = {_address(entry.url): slug for slug, entry in known.items() if entry.url}
        slugs = [by_url[url]] if (url := _address(page.maintainer_url)) in by_url else None
    if slugs is None:
        return [StatedMaintainer(slug_of(line), line, page.maintainer_url, is_known=False)]
    return [StatedMaintainer(slug, known[slug].name, known[slug].url or "", is_known=True) for slug in slugs]


def _known_in(line: str, by_key: Mapping[str, str]) -> list[str] | None:
    """The slugs of which the line is a list; None where a name in it is not known."""
    if slug := by_key.get(name_key(line)):
        return [slug]
    for cut in BETWEEN.finditer(line):
        first = by_key.get(name_key(line[: cut.start()]))
        if first and (others := _known_in(line[cut.end() :], by_key)):
            return [first, *(slug for slug in others if slug != first)]
    return None


def slug_of(name: str) -> str:
    """As catalogue files spell one: lower-case letters of the Latin alphabet, digits and dashes; "" if none is left."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:MAX_SLUG].strip("-")


def _address(url: str | None) -> str:
    """An address without what may differ where the same is meant."""
    return re.sub(r"^https?://(www\.)?", "", (url or "").strip().casefold()).rstrip("/")
