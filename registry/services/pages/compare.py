"""Holds what a page states against what the registry holds, and tells each difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.choices import DeclaredStatus, Lifecycle, Tier
from registry.importers.pages import Layout, Page
from registry.services.catalogue.schema import ComponentEntry, ExchangeEntry, MaintainerEntry
from registry.services.pages.facts import Fact, Path, is_same, kept_in, place_of, printed, stated_by
from registry.services.pages.maintainers import active_in, maintainers_stated, says_who

NOBODY = "nobody"
NO_TIER = "no tier"
TIER = "tier"


class Severity(StrEnum):
    """What kind of disagreement it is."""

    STALE = "stale"  # both speak, and say different things
    MISSING_HERE = "missing_here"  # the page states what the registry does not hold
    MISSING_THERE = "missing_there"  # the registry holds what the page leaves out


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact on which page and registry do not agree. The values are in a reader's words."""

    place: str  # tier · maintainer · exchange type · link fees · component spot_connector status
    registry: str  # "" where the registry holds nothing
    page: str  # "" where the page says nothing
    line: int  # of the page; 0 where it says nothing
    severity: Severity


def differences(
    page: Page,
    entry: ExchangeEntry,
    *,
    tier: str | None = None,
    maintainers: Mapping[str, MaintainerEntry] | None = None,
) -> tuple[Difference, ...]:
    """Where *page* and *entry* differ, in the order of a catalogue file; none where they say the same.

    *tier* is the one in force on the day of interest, "" for none; with None tiers are not compared. *maintainers*
    gives the name and address of each slug in *entry*. What pages of that layout never state is not missing there.
    """
    stated, kept = stated_by(page), kept_in(entry)
    single = [path for path in {**kept, **stated} if path[0] != "components"]
    return (
        *_of_tier(page, tier),
        *_of_maintainers(page, entry, maintainers or {}),
        *_of_facts(single, stated, kept),
        *_of_components(page, entry, stated, kept),
    )


def _of_tier(page: Page, tier: str | None) -> Iterator[Difference]:
    if tier is None:
        return
    registry = str(Tier(tier).label) if tier else NO_TIER
    if page.tier and page.tier != tier:
        yield Difference(TIER, registry, str(Tier(page.tier).label), page.tiers_stated[0].line, Severity.STALE)
    elif tier and not page.tiers_stated and page.layout != Layout.TODAY:
        yield Difference(TIER, registry, "", 0, Severity.MISSING_THERE)


def _of_maintainers(page: Page, entry: ExchangeEntry, known: Mapping[str, MaintainerEntry]) -> Iterator[Difference]:
    here = active_in(entry)
    registry = ", ".join(known[slug].name if slug in known else slug for slug in here)
    if says_who(page):
        there = maintainers_stated(page, known)
        if {one.slug for one in there} != set(here):
            names = ", ".join(one.name for one in there) or NOBODY
            severity = Severity.STALE if here else Severity.MISSING_HERE
            yield Difference("maintainer", registry, names, page.lines.get("maintainer", 1), severity)
    elif here and page.layout != Layout.TODAY:
        yield Difference("maintainer", registry, "", 0, Severity.MISSING_THERE)


def _of_facts(paths: Iterable[Path], stated: Mapping[Path, Fact], kept: Mapping[Path, object]) -> Iterator[Difference]:
    for path in paths:
        place, fact = place_of(path), stated.get(path)
        if fact is None:
            yield Difference(place, printed(path, kept[path]), "", 0, Severity.MISSING_THERE)
        elif path not in kept:
            yield Difference(place, "", printed(path, fact.value), fact.line, Severity.MISSING_HERE)
        elif not is_same(path, kept[path], fact.value):
            yield Difference(place, printed(path, kept[path]), printed(path, fact.value), fact.line, Severity.STALE)


def _of_components(
    page: Page, entry: ExchangeEntry, stated: Mapping[Path, Fact], kept: Mapping[Path, object]
) -> Iterator[Difference]:
    held = {one.kind.value: one for one in entry.components}
    on_page = {path[1] for path in stated if path[0] == "components"}
    for kind in dict.fromkeys((*held, *(path[1] for path in stated if path[0] == "components"))):
        if kind not in held:
            yield _new_component(kind, stated)
        elif kind in on_page:
            yield from _of_component(page, held[kind], stated, kept)
        elif held[kind].status != DeclaredStatus.REMOVED and _lists_all(page, entry):
            status = str(held[kind].status.label)
            yield Difference(f"component {kind}", status, "", 0, Severity.MISSING_THERE)


def _lists_all(page: Page, entry: ExchangeEntry) -> bool:
    """Older pages list what they describe; and of an exchange that has left the bot, pages keep what they like."""
    return page.layout in {Layout.C, Layout.D, Layout.TODAY} and entry.lifecycle.state == Lifecycle.ACTIVE


def _new_component(kind: str, stated: Mapping[Path, Fact]) -> Difference:
    """One line for all that the page says of it: its status and id, or else the first of what there is."""
    place = ("components", kind)
    said = {path: fact for path, fact in stated.items() if path[:2] == place}
    headline = [path for path in said if path[2] in {"status", "connector_id"}] or [next(iter(said))]
    words = ", ".join(printed(path, said[path].value) for path in headline)
    return Difference(f"component {kind}", "", words, said[headline[0]].line, Severity.MISSING_HERE)


def _of_component(
    page: Page, component: ComponentEntry, stated: Mapping[Path, Fact], kept: Mapping[Path, object]
) -> Iterator[Difference]:
    place = ("components", component.kind.value)
    own = [path for path in {**kept, **stated} if path[:2] == place]
    yield from _of_facts((path for path in own if path in stated), stated, kept)
    left_out = [path for path in own if path not in stated and path[2] not in _seldom_stated(page)]
    if component.status != DeclaredStatus.AVAILABLE:
        return  # pages describe what is there
    if any(section.kind == component.kind for section in page.connectors):
        yield from _of_facts((path for path in left_out if path[3:] in {(), ("mode",)}), stated, kept)
    elif component.connector_id:
        words = f"its section, with the id {component.connector_id}"
        yield Difference(place_of((*place, "section")), words, "", 0, Severity.MISSING_THERE)


def _seldom_stated(page: Page) -> frozenset[str]:
    """Columns that the page's table does not have, and what most pages have no place for."""
    has_versions = any(row.connector_version or row.v2_strategies is not None for row in page.components)
    versions = () if has_versions else ("connector_version", "v2_strategies")
    return frozenset({"usage_example", "usage_url", *versions})
