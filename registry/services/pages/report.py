"""What an import of pages did, in words: page by page, and then in sum."""

from __future__ import annotations

from collections.abc import Iterator

from registry.importers.pages import Layout
from registry.services.pages.compare import Difference, Severity
from registry.services.pages.facts import short
from registry.services.pages.importing import ImportReport, PageReport

WRITTEN = {Layout.A: "early 2023", Layout.B: "mid 2023", Layout.C: "late 2023", Layout.D: "early 2024"}
"""When pages were last written in a layout that the site has left."""


def told(report: ImportReport) -> Iterator[str]:
    """The lines that a command prints."""
    for page in report.pages:
        yield from _page(page)
    yield summary(report)


def _page(page: PageReport) -> Iterator[str]:
    file, place = page.page.file, page.place
    in_vain = tuple(f"{warning.place} " for warning in page.warnings if warning.place)  # told once, as a warning
    changes = [
        one
        for one in page.differences
        if one.severity != Severity.MISSING_THERE and not f"{one.place} ".startswith(in_vain)
    ]
    if not place.slug:
        yield f"{file}: not placed"
    elif not place.is_known:
        yield f"{file}: {place.slug}, which is new"
    elif changes:
        yield f"{file}: {place.slug}"
        if period := WRITTEN.get(page.page.layout):
            yield f"  in the layout of {period}: unless it was kept up since, its changes bring back what was so then"
    else:
        yield f"{file}: {place.slug}, nothing to change"
    yield from (f"  {_change(one)}" for one in changes)
    for one in page.new_maintainers:
        yield f"  new: maintainer {one.name} ({one.kind.label.lower()})"
    if left_out := [one for one in page.differences if one.severity == Severity.MISSING_THERE]:
        yield f"  stays, since the page does not say: {'; '.join(_kept(one) for one in left_out)}"
    yield from (f"{file}:{one.line}: {one.code}: {one.message}" for one in page.page.warnings)
    yield from (f"{file}:{one.line}: {one.code}: {one.message}" for one in sorted(page.warnings))


def _change(one: Difference) -> str:
    before = f"{short(one.registry)} → " if one.registry else ""
    sign = "~" if one.registry else "+"
    return f"{sign} {one.place}: {before}{short(one.page)} (line {one.line})"


def _kept(one: Difference) -> str:
    return f"{one.place} ({short(one.registry)})"


def summary(report: ImportReport) -> str:
    placed = [page for page in report.pages if page.place.slug]
    new = {page.place.slug for page in placed if not page.place.is_known}
    warnings = sum(len(page.page.warnings) + len(page.warnings) for page in report.pages)
    counted = [
        _count(len(report.pages), "page"),
        f"{len(placed)} placed",
        *([_count(len(new), "new exchange")] if new else []),
        _count(warnings, "warning"),
    ]
    changes = _count(len(report.loaded.changes), "change")
    if not report.loaded.changes:
        outcome = "nothing to change"
    elif report.applied:
        outcome = f"{changes} written"
    else:
        outcome = f"{changes} to write; nothing was written, --apply does it"
    return f"{', '.join(counted)}: {outcome}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
