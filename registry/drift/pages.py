"""Holds the registry against exchange pages of a documentation site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

from registry.choices import ComponentKind, Tier
from registry.drift.findings import Aside, Comparison, Finding, Kind, counted
from registry.drift.folder import PagesFolder
from registry.drift.register import Register, tier_since
from registry.importers.pages import Page, StatedTier
from registry.public.standing import Standing
from registry.services.pages import Severity, differences
from registry.services.pages.places import place

KINDS = {
    Severity.STALE: Kind.STALE,
    Severity.MISSING_HERE: Kind.MISSING_HERE,
    Severity.MISSING_THERE: Kind.MISSING_THERE,
}
REMEDIES = {
    Severity.STALE: "Whichever is wrong: export_pages corrects the page, import_pages --apply the registry.",
    Severity.MISSING_HERE: "If the page is right, import_pages --apply brings it here.",
    Severity.MISSING_THERE: "If the registry is right, export_pages writes it on the page.",
}
NOTHING = "Nothing"
IN_OUR_WORDS = frozenset({"tip text", "tip title"})
"""What the registry tells in words of its own, beside the page's: that they differ is meant."""

TIER = "tier"
"""How a difference calls its place where the tier differs."""


def pages_drift(folder: PagesFolder, register: Register, *, today: date, on: date | None = None) -> Comparison:
    """Every page against the exchange that it is about. No query.

    With *on*, tiers alone are compared, as they stood that day: of anything else the registry keeps no history.
    """
    placed, unplaced = _placed(folder.pages, register)
    found = [tuple(_of_page(page, slug, register, on or today, on is None)) for page, slug in placed]
    paged = {slug for _, slug in placed}
    missing = [] if on else [_no_page(slug, register) for slug in _shipped(register) if slug not in paged]
    what = f"The tiers of {on}" if on else "Tiers, maintainers, types, links and components as they stand today"
    return Comparison(
        key="pages",
        title="Pages of the documentation",
        compared=f"{what}, against {counted(len(placed), 'page')} of {counted(len(paged), 'exchange')}.",
        other_side="The page says",
        findings=(*chain.from_iterable(found), *missing),
        agreed=(agreed := found.count(())),
        agreement=f"{counted(agreed, 'page').capitalize()} {'agrees' if agreed < 2 else 'agree'}.",
        asides=tuple(_asides(folder, unplaced)),
        note="Tiers alone are compared for a past day: of all else the registry keeps what is so now." if on else "",
    )


def _placed(pages: Sequence[Page], register: Register) -> tuple[list[tuple[Page, str]], list[str]]:
    """Each page with the exchange that it is about, and why the others are about none."""
    placed, unplaced = [], []
    for page in pages:
        found = place(page, register.known)
        if found.is_known:
            placed.append((page, found.slug))
        else:
            unplaced.append(f"{page.file}: {found.why_not or f'no exchange {found.slug} is in the registry'}")
    return placed, unplaced


def _of_page(page: Page, slug: str, register: Register, day: date, in_full: bool) -> Iterator[Finding]:
    standing, name = register.standing(slug, day), register.exchanges[slug].name
    if len({said.tier for said in page.tiers_stated}) > 1:
        yield _of_tier(Kind.TIER_CONTRADICTION, page, slug, name, standing, page.tiers_stated)
    entry = register.known.entries[slug]
    for one in differences(page, entry, tier=standing.tier, maintainers=register.known.maintainers):
        if one.place == TIER:
            stated = [said for said in page.tiers_stated if said.tier == page.tier]
            yield _of_tier(Kind.TIER_STALE if one.page else Kind.MISSING_THERE, page, slug, name, standing, stated)
        elif in_full and one.place not in IN_OUR_WORDS:
            yield Finding(
                kind=KINDS[one.severity],
                exchange=slug,
                name=name,
                about=_in_words(one.place),
                registry=one.registry or NOTHING,
                other=one.page or NOTHING,
                where=_where(page, one.line),
                remedy=REMEDIES[one.severity],
            )


def _of_tier(kind: Kind, page: Page, slug: str, name: str, standing: Standing, stated: Sequence[StatedTier]) -> Finding:
    since = tier_since(standing)
    return Finding(
        kind=kind,
        exchange=slug,
        name=name,
        about="Tier",
        registry=standing.tier_label if standing.tier else f"No tier. {standing.why_no_tier}.",
        other=_said(stated) or NOTHING,
        since=since,
        since_what=f"{standing.tier_label} in the registry" if since else "",
        where=_where(page, stated[0].line if stated else 0),
        remedy="Correct the page: "
        + (f"the tier is {standing.tier_label}." if standing.tier else "take its tier off."),
    )


def _said(stated: Sequence[StatedTier]) -> str:
    """Gold (badge, line 5) and Silver (explanation, line 10): each place once, though a badge says it twice."""
    by_tier: dict[str, dict[str, None]] = {}
    for said in stated:
        by_tier.setdefault(said.tier, {})[f"{said.where}, line {said.line}"] = None
    return " and ".join(f"{Tier(tier).label} ({'; '.join(places)})" for tier, places in by_tier.items())


def _in_words(place: str) -> str:
    """`component spot_connector status` as a reader calls it: Spot Connector, status."""
    first, _, rest = place.partition(" ")
    kind, _, fact = rest.partition(" ")
    if first == "component" and kind in ComponentKind.values:
        return ", ".join(filter(None, [str(ComponentKind(kind).label), fact]))
    return place[:1].upper() + place[1:].replace("_", " ")


def _where(page: Page, line: int) -> str:
    return f"{page.file}:{line}" if line else page.file


def _shipped(register: Register) -> list[str]:
    """Exchanges of which the bot has something that a page could describe."""
    return [
        slug for slug, one in register.exchanges.items() if one.is_shipped and register.known.entries[slug].components
    ]


def _no_page(slug: str, register: Register) -> Finding:
    return Finding(
        kind=Kind.NO_PAGE,
        exchange=slug,
        name=register.exchanges[slug].name,
        about="Page",
        registry="In the current release",
        other="No page in the folder",
        remedy=f"manage.py export_pages DIR --exchange {slug} writes one.",
    )


def _asides(folder: PagesFolder, unplaced: Sequence[str]) -> Iterator[Aside]:
    if unplaced:
        remedy = "Give the exchange that is meant an alias, or import the page: manage.py import_pages FILE --apply."
        yield Aside("Pages of no exchange here", tuple(unplaced), remedy)
    if folder.unread:
        yield Aside("Files that could not be read", folder.unread, "Let the server read them, and mend what is named.")
    if folder.other_files:
        remedy = "Nothing, where they are none; an exchange page has a component table or connector sections."
        yield Aside("Markdown files that are no exchange page", folder.other_files, remedy)
