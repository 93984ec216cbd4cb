"""What gathers of one page while its lines are read, and what of them found no place."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry.choices import LinkKind
from registry.importers.imported import quoted
from registry.importers.pages.drafts import Draft
from registry.importers.pages.page import ImportedWarning, PageComponent, StatedTier, Tip, Warning


@dataclass(slots=True)
class Facts:
    """A page's values so far. The first value of a thing counts; a second that differs is told."""

    warnings: list[Warning]
    title: str = ""
    named: str = ""  # by a sentence
    texts: dict[str, str] = field(default_factory=dict)  # by the page's field
    maintainer: str | None = None
    maintainer_url: str = ""
    maintainer_stated: bool = False
    maintainer_blank: bool = False
    tiers: list[StatedTier] = field(default_factory=list)
    components: list[PageComponent] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)  # by the page's field
    links: dict[LinkKind, str] = field(default_factory=dict)
    link_lines: dict[LinkKind, int] = field(default_factory=dict)
    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)  # with their networks
    own: Draft = field(default_factory=lambda: Draft(line=1))  # the connector of a page that has just one
    drafts: list[Draft] = field(default_factory=list)
    prompts: list[tuple[list[str], list[str]]] = field(default_factory=list)  # commands before, and what is asked
    first_section: int = 0  # the line of the first heading beneath the title; 0: there is none
    tip: Tip | None = None
    partnership: str = ""
    has_fee_share: bool | None = None  # by a line of its own
    has_type: bool = False  # in some words, though it may be none that is known
    has_table: bool = False
    has_versions: bool = False
    has_index: bool = False  # a table of exchanges

    def warn(self, line: int, code: ImportedWarning, message: str) -> None:
        self.warnings.append(Warning(line, code, message))

    def unplaced(self, line: int, text: str, why: str = "no place is known for it") -> None:
        self.warn(line, ImportedWarning.UNPLACED, f"{quoted(text, at_most=80)}: {why}.")

    def second(self, line: int, what: str, kept: str, other: str) -> None:
        """Tells a value that differs from the one that stands above it."""
        if kept != other:
            self.warn(
                line,
                ImportedWarning.SECOND_VALUE,
                f"A second {what}: {quoted(other)}. {quoted(kept)} above it is kept.",
            )

    def keep(self, line: int, what: str, field_name: str, value: str) -> None:
        """A text that the page states once."""
        if not value:
            return
        if kept := self.texts.get(field_name):
            self.second(line, what, kept, value)
        else:
            self.texts[field_name] = value
            self.lines[field_name] = line

    def keep_link(self, line: int, kind: LinkKind, url: str) -> None:
        if kind in self.links:
            self.second(line, f"{kind.label} link", self.links[kind], url)
        else:
            self.links[kind] = url
            self.link_lines[kind] = line

    def keep_tip(self, line: int, tip: Tip, partnership: str = "") -> None:
        """The first box that asks for support; pages have others beneath it."""
        if self.tip is None:
            self.tip, self.lines["tip"] = tip, line
            self.partnership = self.partnership or partnership

    def keep_chain(self, line: int, chain: str, networks: tuple[str, ...]) -> None:
        """A chain's networks, once: pages repeat them in a list and a table."""
        self.lines.setdefault("chains", line)
        self.chains[chain] = tuple(dict.fromkeys((*self.chains.get(chain, ()), *networks)))
