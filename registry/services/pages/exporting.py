"""Writes exchanges back as pages of a documentation site, each into its own place there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from registry.choices import Lifecycle, Tier
from registry.errors import RegistryError
from registry.governance.names import name_key
from registry.page_export import BEGIN, BlockRefused, ExportedExchange, PageLayout, new_page, render, with_block
from registry.page_export.markdown import words
from registry.services.catalogue.schema import ExchangeEntry
from registry.services.pages.files import write_page
from registry.services.pages.maintainers import active_in
from registry.services.pages.places import Known, name_of_file, read_known
from registry.strict_yaml import nearest

PLACES = ("*.md", "*/*.md")
"""Where pages of exchanges lie in their folder: kraken.md, kraken/index.md, gateway/uniswap.md."""


class ExportRefused(RegistryError):
    """What was asked for cannot be exported; nothing was written."""


@dataclass(frozen=True, slots=True)
class PageWrite:
    """What an export makes of one page. `refused` says why not, and what to do about it."""

    slug: str
    path: Path
    before: bytes | None  # None: there is no such page yet
    after: bytes
    refused: str = ""

    @property
    def is_change(self) -> bool:
        return not self.refused and self.before != self.after

    def write(self) -> None:
        """Raises OSError where the file system does not let it."""
        write_page(self.path, self.after)


def exported(slug: str, known: Known) -> ExportedExchange:
    """The exchange as its page states it, with the tier of the day that *known* was read for."""
    entry = known.entries[slug]
    tier = known.tiers.get(slug, "")
    renamed_to = known.entries.get(entry.lifecycle.renamed_to or "")
    return ExportedExchange(
        entry=entry,
        tier=Tier(tier) if tier else None,
        maintainers=tuple(known.maintainers[one] for one in active_in(entry)),
        renamed_to=renamed_to.name if renamed_to else "",
    )


def plan_export(
    folder: Path,
    *,
    layout: PageLayout,
    slugs: Sequence[str] = (),
    only_shipped: bool = False,
    as_of: date | None = None,
) -> list[PageWrite]:
    """What an export into *folder* would make of each page, by slug; writes nothing.

    Of all exchanges that have components, or of *slugs* alone; *only_shipped* leaves out those that the bot's current
    release does not have. Raises ExportRefused where a slug is none, and OSError where a page cannot be read.
    """
    known = read_known(as_of=as_of)
    for slug in slugs:
        if slug not in known.entries:
            raise ExportRefused(f"no exchange {slug!r} in the registry; {nearest(slug, sorted(known.entries))}")
    pages = _pages_by_exchange(folder, known)
    return [
        _page_write(folder, slug, render(exported(slug, known), layout), known.entries[slug], pages.get(slug, []))
        for slug in sorted(set(slugs) or _with_a_page(known.entries.values(), only_shipped=only_shipped))
    ]


def _with_a_page(entries: Iterable[ExchangeEntry], *, only_shipped: bool) -> Iterator[str]:
    for entry in entries:
        if entry.components and not (only_shipped and entry.lifecycle.state != Lifecycle.ACTIVE):
            yield entry.slug


def _pages_by_exchange(folder: Path, known: Known) -> dict[str, list[Path]]:
    """The pages that are there, by the exchange whose name their file or folder has."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted({path for pattern in PLACES for path in folder.glob(pattern)}):
        slugs = known.names.get(name_key(name_of_file(str(path.relative_to(folder)))), set())
        if len(slugs) == 1 and path.is_file():
            found[next(iter(slugs))].append(path)
    return found


def _page_write(folder: Path, slug: str, block: str, entry: ExchangeEntry, there: Sequence[Path]) -> PageWrite:
    """Into the one page of the exchange that has the marks; a new page only where there is none."""
    if not there:
        return PageWrite(slug, folder / slug / "index.md", None, new_page(words(entry.name), block))
    contents = {path: path.read_bytes() for path in there}
    marked = [path for path, content in contents.items() if BEGIN.encode() in content] or list(there)
    path = next((path for path in marked if name_of_file(str(path)) == slug), marked[0])
    before = contents[path]
    if len(marked) > 1:
        names = ", ".join(str(one.relative_to(folder)) for one in marked)
        why = f"more than one page is of this exchange ({names}): put the marks into one of them"
        return PageWrite(slug, path, before, before, why)
    try:
        return PageWrite(slug, path, before, with_block(before, block))
    except BlockRefused as refusal:
        return PageWrite(slug, path, before, before, str(refusal))
