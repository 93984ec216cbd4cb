"""Brings what pages state into the registry: all of a run or nothing, and only what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from django.db import transaction

from registry.choices import SubjectKind
from registry.importers.pages import Page
from registry.services.catalogue import CATALOGUE_DIR, Catalogue, Loaded
from registry.services.catalogue.load import write_catalogue
from registry.services.catalogue.schema import AliasEntry, ExchangeEntry, MaintainerEntry, SubjectEntry
from registry.services.lock import governance_lock
from registry.services.pages.compare import NOBODY, TIER, Difference, differences
from registry.services.pages.facts import Fact, Path, is_same, place_of, printed, short, stated_by
from registry.services.pages.maintainers import maintainers_stated, says_who
from registry.services.pages.merge import merged
from registry.services.pages.places import Known, Place, called, ids_of, place, read_known, strange_ids

MAX_NAME = 120
FORMER_ID = "a connector id until a page replaced it"


class PlacingWarning(StrEnum):
    """What needs a person's eye once a page meets the registry; what its reader found has codes of its own."""

    NOT_PLACED = "not_placed"  # it is not known which exchange the page is about
    NOT_KEPT = "not_kept"  # the registry cannot hold what the page states
    OVERRULED = "overruled"  # a later page of the same run, of the same exchange, states otherwise
    TIER_DIFFERS = "tier_differs"  # another tier is in force: votes decide it, and no page


@dataclass(frozen=True, slots=True, order=True)
class PlacedWarning:
    line: int
    code: PlacingWarning
    message: str
    place: str = ""  # of the difference that nothing comes of

    def as_json(self) -> dict[str, Any]:
        return {"line": self.line, "code": self.code.value, "message": self.message}


@dataclass(slots=True)
class PageReport:
    """What became of one page."""

    page: Page
    place: Place
    differences: tuple[Difference, ...] = ()  # against the registry before the run
    warnings: list[PlacedWarning] = field(default_factory=list)
    new_maintainers: Sequence[MaintainerEntry] = ()  # whom the registry did not know before this page

    def warn(self, line: int, code: PlacingWarning, message: str, *, place: str = "") -> None:
        self.warnings.append(PlacedWarning(line, code, message, place))

    def as_json(self) -> dict[str, Any]:
        """The page's facts, with the exchange that the registry knows it to be of, and what cannot be taken over.

        A tier that differs is no fault of the page's: it stands among the differences alone.
        """
        facts = self.page.as_json()
        facts["exchange"] = self.place.slug or facts["exchange"]
        facts["warnings"] += [one.as_json() for one in sorted(self.warnings) if one.code != PlacingWarning.TIER_DIFFERS]
        return facts


@dataclass(slots=True)
class ImportReport:
    """`loaded` tells what was written; or, of a run that applied nothing, what would have been."""

    applied: bool
    pages: list[PageReport] = field(default_factory=list)
    loaded: Loaded = field(default_factory=Loaded)


def import_pages(pages: Sequence[Page], *, apply: bool, as_of: date | None = None) -> ImportReport:
    """Makes the registry say what *pages* state, in their order: where two speak of one fact, the later one counts.

    A page's word replaces what stands in the registry, and what it leaves out stays. Tiers are decided by votes and
    never written, only held against those in force on *as_of*, today when None. An exchange that the registry does not
    know is created. Without *apply* everything is done and then undone.
    """
    report = ImportReport(applied=apply)
    with transaction.atomic():
        governance_lock()
        catalogue = _merge_all(pages, read_known(as_of=as_of), report)
        if catalogue.exchanges:
            write_catalogue(catalogue, report.loaded, directory=CATALOGUE_DIR)
        transaction.set_rollback(not apply)
    return report


def _merge_all(pages: Sequence[Page], known: Known, report: ImportReport) -> Catalogue:
    """The exchanges that differ from what they were, and the maintainers that are new."""
    before = dict(known.entries)
    maintainers = dict(known.maintainers)
    for page in pages:
        told = PageReport(page, place(page, known))
        report.pages.append(told)
        slug = told.place.slug
        if not slug:
            if page.is_exchange_page:  # of any other page its reader has said so
                told.warn(1, PlacingWarning.NOT_PLACED, told.place.why_not)
            continue
        entry = known.entries.get(slug) or _new_entry(page, slug)
        tier = known.tiers.get(slug, "")
        told.differences = differences(page, before.get(slug, entry), tier=tier, maintainers=known.maintainers)
        result = merged(_without_strange_ids(told, known), entry, maintainers)
        for left_out in result.not_kept:
            told.warn(
                left_out.line, PlacingWarning.NOT_KEPT, f"{left_out.place}: {left_out.reason}", place=left_out.place
            )
        told.new_maintainers = [one for one in result.new_maintainers if one.slug not in maintainers]
        known.add(result.entry)
        maintainers |= {one.slug: one for one in result.new_maintainers}
    _tell_tiers(report.pages)
    _tell_what_is_overruled(report.pages, known)
    changed = tuple(entry for slug, entry in known.entries.items() if entry != before.get(slug))
    return Catalogue(
        maintainers=tuple(one for slug, one in maintainers.items() if slug not in known.maintainers),
        proposals=(),
        exchanges=changed,
        subjects=tuple(_with_former_ids(changed, before, known)),
    )


def _with_former_ids(
    changed: Sequence[ExchangeEntry], before: Mapping[str, ExchangeEntry], known: Known
) -> Iterator[SubjectEntry]:
    """Ids that a page replaced, as names: the pages that have them are still of the same exchange, also next time."""
    for entry in changed:
        former = set(ids_of(before[entry.slug])) - set(ids_of(entry)) if entry.slug in before else set()
        names = [
            one for one in sorted(former) if not called((one,), known) and not known.ids[one.casefold()] - {entry.slug}
        ]
        if names:
            aliases = [AliasEntry(name=name, source=FORMER_ID) for name in names]
            yield SubjectEntry(kind=SubjectKind.EXCHANGE, slug=entry.slug, name=entry.name, aliases=aliases)


def _new_entry(page: Page, slug: str) -> ExchangeEntry:
    """With a name, and nothing else that the page does not state. A title in lower case is an id, and no name."""
    title = " ".join(page.title.split())
    name = title if title != title.casefold() and len(title) <= MAX_NAME else slug.replace("-", " ").title()
    return ExchangeEntry(slug=slug, name=name, exchange_type=None, market_type=None, components=[])


def _without_strange_ids(told: PageReport, known: Known) -> Page:
    """The page without ids that are known to be another exchange's, each told."""
    strange = strange_ids(told.page, told.place.slug, known)
    for section, owner in strange:
        what = f"component {section.kind.value} connector id"
        told.warn(section.line, PlacingWarning.NOT_KEPT, f"{what}: {section.id} is an id of {owner}", place=what)
    dropped = [section for section, _ in strange]
    kept = (replace(one, id="") if one in dropped else one for one in told.page.connectors)
    return replace(told.page, connectors=tuple(kept)) if dropped else told.page


def _tell_tiers(reports: Sequence[PageReport]) -> None:
    for told in reports:
        for one in told.differences:
            if one.place == TIER and one.page:
                words = f"the page says {one.page}, and {one.registry} is in force: votes decide that, and no page"
                told.warn(one.line, PlacingWarning.TIER_DIFFERS, words, place=TIER)


def _tell_what_is_overruled(reports: Sequence[PageReport], known: Known) -> None:
    of_one: defaultdict[str, list[PageReport]] = defaultdict(list)
    for told in reports:
        if told.place.slug:
            of_one[told.place.slug].append(told)
    for together in of_one.values():
        if len(together) == 1:
            continue
        stated = [(told, path, fact) for told in together for path, fact in _stated(told.page, known)]
        last = {path: (told, fact) for told, path, fact in stated}
        for told, path, fact in stated:
            by, other = last[path]
            if by is not told and not is_same(path, fact.value, other.value):
                this, later = (short(printed(path, one.value)) for one in (fact, other))
                said = f"{this} here, and {later} on a later page, {by.page.file}, which counts"
                told.warn(fact.line, PlacingWarning.OVERRULED, f"{place_of(path)}: {said}", place=place_of(path))


def _stated(page: Page, known: Known) -> Iterator[tuple[Path, Fact]]:
    yield from stated_by(page).items()
    if says_who(page):
        names = sorted(one.name for one in maintainers_stated(page, known.maintainers)) or [NOBODY]
        yield ("maintainer",), Fact(names, page.lines.get("maintainer", 1))
