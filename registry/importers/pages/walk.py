"""Walks a page's blocks, knowing at each in which section it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registry.choices import ComponentKind
from registry.importers.imported import quoted
from registry.importers.pages.blocks import Block, Code, Heading, Paragraph, Table, Text, label_of
from registry.importers.pages.connector_lines import place_connector_fact, place_order_type, place_position_mode
from registry.importers.pages.drafts import Draft, commands_of_code, example_of, prompts_in
from registry.importers.pages.facts import Facts
from registry.importers.pages.lines import chain_name, place_chain, place_fact
from registry.importers.pages.page import ImportedWarning, Tip
from registry.importers.pages.tables import read_table
from registry.importers.pages.tiers import named_in, tiers_in
from registry.importers.pages.values import commands_in, urls_of
from registry.importers.pages.words import (
    FEED_OF,
    LABELS,
    NESTED_FEED,
    Label,
    Section,
    key,
    says_nothing,
    section_of,
)

OF_CHAINS = frozenset((Section.CHAINS, Section.NETWORKS))
HOLDING_FACTS = OF_CHAINS | {Section.TOP, Section.CONNECTOR_INFO, Section.TIER, Section.EXCHANGE_INFO}
OF_A_CONNECTOR = frozenset((Section.ORDER_TYPES, Section.POSITION_MODES, Section.PAPER_TRADING))
WITHOUT_FACTS = frozenset((Section.USAGE, Section.PROSE, Section.UNKNOWN))
"""A heading that is not known, beneath one of these, is part of it."""

PARTS = frozenset(("usage", "endpoints"))
"""Headings that are part of the component above them even where they stand on its level, as do OF_A_CONNECTOR."""

NEVER_PROSE = frozenset(
    (Label.ID, Label.CONNECTION_TYPE, Label.FOLDER, Label.INTERVALS, Label.EXCHANGE_TYPE, Label.MAINTAINER)
)
"""Labels that state a fact wherever they stand; in a section that is not read for facts they are told."""

NOT_READ_FOR_FACTS = OF_A_CONNECTOR | {Section.USAGE, Section.PROSE}

SCRIPT = ".py"
IN_USAGE = ("connect", SCRIPT)
"""What a line on usage may hold besides prose: a command, and the address of an example."""

NOT_OF_KEYS = frozenset((Section.PROSE, Section.UNKNOWN, Section.PAPER_TRADING))
"""Where a terminal asks for something else than the keys of an account."""

BOLD_TIP = "supporthummingbot"
"""How the earliest pages asked for support: in bold, before there were boxes."""

KNOWN_PROSE = (
    "[!",  # a quote that is shown as a note
    "currently, ",
    "hbot holders",
    "this means",
    "see ",
    "for more info",
    "this connector supports the following",
    "from inside the",
    "in a hummingbot script",
    "if connection is successful",
    "run ",
    "create a wallet",
    "create an account",
    "integration to ",
    "sign up ",
    "upon gateway setup",
    "hummingbot supports the following",
)
"""How the fixed sentences of the pages begin, those about tiers aside."""
GATEWAYS_DUTY = "responsible for all on-chain operations"
"""What each of Gateway's first pages said, in a sentence that began with the connector's name."""


@dataclass(slots=True)
class _Open:
    """A heading above the present line."""

    level: int
    section: Section


class Walk:
    """One page, block by block, into its facts."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._open: list[_Open] = []
        self._section = Section.TOP
        self._draft: Draft | None = None  # of the connector section above
        self._draft_level = 0
        self._has_sections = False  # no heading but the title stands above the first
        self._commands: list[str] = []  # since the last code block
        self._chain = ""  # whose networks the section lists

    def take_all(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            match block:
                case Heading():
                    self._heading(block)
                case Paragraph():
                    self._paragraph(block)
                case Table():
                    self._table(block)
                case Code():
                    self._code(block)

    @property
    def _connector(self) -> Draft:
        return self._draft or self.facts.own

    def _heading(self, heading: Heading) -> None:
        name = key(heading.text.text)
        if not name:
            return
        section, kind = section_of(heading.text.text)
        if section is Section.NETWORKS:
            self._chain = next(iter(self.facts.chains)) if len(self.facts.chains) == 1 else ""
        while self._open and self._open[-1].level >= heading.level:
            self._open.pop()
        if LABELS.get(name) in {Label.FOLDER, Label.CONFIGS}:  # the oldest pages link them in a heading
            section = Section.CONNECTOR_INFO
            place_fact(self.facts, heading.text)
        if section is Section.UNKNOWN or (heading.level == 1 and section in WITHOUT_FACTS):
            section, kind = self._section_of_unknown(heading)
        if section is Section.CONNECTOR:
            self._open_connector(heading, kind)
        elif self._draft and heading.level <= self._draft_level and name not in PARTS:
            self._draft = self._connector_above() if section in OF_A_CONNECTOR else None
        if section in OF_A_CONNECTOR and not self._draft and self.facts.drafts:
            section = Section.UNKNOWN
            self.facts.unplaced(heading.line, heading.text.text, "it stands beneath no connector, and is not read")
        if not (self.facts.first_section or section is Section.TOP):
            self.facts.first_section = heading.line
        self._has_sections = True
        self._open.append(_Open(heading.level, section))
        self._section = section
        self._commands = []

    def _open_connector(self, heading: Heading, kind: ComponentKind | None) -> None:
        if first := next((draft for draft in self.facts.drafts if draft.kind is kind), None):
            self.facts.warn(
                heading.line,
                ImportedWarning.SECOND_VALUE,
                f"A second section {quoted(heading.text.text)}: line {first.line} opens the first.",
            )
        self._draft, self._draft_level = Draft(line=heading.line, kind=kind), heading.level
        self.facts.drafts.append(self._draft)

    def _connector_above(self) -> Draft | None:
        """Whose order types these are: not of a feed, though its heading may stand between."""
        return next((draft for draft in reversed(self.facts.drafts) if not draft.is_feed), self._draft)

    def _section_of_unknown(self, heading: Heading) -> tuple[Section, ComponentKind | None]:
        """The title, a feed that belongs to the connector above, a part of the text above, or something new."""
        name = heading.text.text
        if heading.level == 1 and not self._has_sections:
            self._has_sections = True
            self.facts.title = name
            self.facts.lines["title"] = heading.line
            self.facts.own.line = heading.line
            for other in heading.text.codes[1:]:
                self.facts.second(heading.line, "connector in the title", heading.text.codes[0], other)
            return Section.TOP, None
        if key(name) in NESTED_FEED and self._draft and self._draft.kind in FEED_OF:
            return Section.CONNECTOR, FEED_OF[self._draft.kind]
        above = self._open[-1].section if self._open else Section.TOP
        if above in WITHOUT_FACTS:
            return above, None
        if above is Section.CHAINS:
            self._chain = chain_name(name)
            self.facts.keep_chain(heading.line, self._chain, ())
            return Section.NETWORKS, None
        known, _ = section_of(name)
        if known is Section.UNKNOWN:
            self.facts.unplaced(heading.line, name, "the section is not known, and nothing in it is read")
        return known, None

    def _paragraph(self, paragraph: Paragraph) -> None:
        section = self._section
        if section in NOT_READ_FOR_FACTS and label_of(paragraph.raw) in NEVER_PROSE:
            self.facts.unplaced(paragraph.line, paragraph.text().text, "it stands in a section of other things")
            return
        if section in WITHOUT_FACTS and (
            section is not Section.USAGE or not any(word in paragraph.raw for word in IN_USAGE)
        ):
            return
        text = paragraph.text()
        commands = list(commands_in(text))
        self._commands += commands
        if section in {Section.CONNECTOR, Section.USAGE}:
            for command in commands:
                self._connector.commands.setdefault(command, text.line)
        if section is Section.USAGE:
            self._keep_example(text)
        if section in HOLDING_FACTS or section is Section.CONNECTOR:
            self._fact(text)
        elif section is Section.ORDER_TYPES:
            place_order_type(self.facts, self._connector, text)
        elif section is Section.POSITION_MODES:
            place_position_mode(self.facts, self._connector, text)
        elif section is Section.PAPER_TRADING:
            self._connector.paper_texts.append(text)

    def _keep_example(self, text: Text) -> bool:
        """The script that a line gives to read: `See [candles_example.py](url)`."""
        example = next((url for url in urls_of(text) if url.endswith(SCRIPT)), "")
        if self._draft and example:
            self._draft.usage_url = self._draft.usage_url or example
        return bool(self._draft and example)

    def _fact(self, text: Text) -> None:
        facts, section = self.facts, self._section
        if section is Section.CONNECTOR:
            placed = place_connector_fact(facts, self._connector, text) or self._keep_example(text)
        else:
            placed = section in OF_CHAINS and place_chain(
                facts, text, self._chain if section is Section.NETWORKS else None
            )
            placed = placed or place_fact(facts, text)
            tiers = list(tiers_in(text))
            facts.tiers += tiers
            facts.named = facts.named or named_in(text)
            placed = placed or bool(tiers)
        if section is Section.TOP and key(text.bold).startswith(BOLD_TIP):
            facts.keep_tip(text.line, Tip("Support Hummingbot", text.text))
            placed = True
        if not (placed or self._is_prose(text)):
            facts.unplaced(text.line, text.text)

    def _is_prose(self, text: Text) -> bool:
        """What states no fact: fixed sentences, descriptions in italics, pictures, the page's name, empty labels."""
        said = key(text.text)
        return (
            says_nothing(text.text)
            or text.in_italics
            or GATEWAYS_DUTY in text.text
            or text.text.casefold().startswith(KNOWN_PROSE)
            or (text.text.endswith(":") and text.is_bullet)
            or (text.bold == text.text and said in key(self.facts.title))
        )

    def _table(self, table: Table) -> None:
        if not read_table(self.facts, table) and self._section not in WITHOUT_FACTS:
            self.facts.unplaced(table.line, " | ".join(table.header.cells), "the table is none that is known")

    def _code(self, code: Code) -> None:
        """Prompts belong to the command before them, and examples to a feed."""
        found = list(commands_of_code(code.content))
        commands = [*self._commands, *(command for _, command in found)]
        if self._section in {Section.CONNECTOR, Section.USAGE}:
            for number, command in found:
                self._connector.commands.setdefault(command, code.line + number)
            if self._draft and self._draft.is_feed:
                self._draft.usage_example = self._draft.usage_example or example_of(code.content)
                return
        prompts = prompts_in(code.content) if self._section not in NOT_OF_KEYS else []
        if not prompts:
            self._commands = commands
            return
        if self._draft:
            self._draft.prompts += [prompt for prompt in prompts if prompt not in self._draft.prompts]
        else:
            self.facts.prompts.append((commands, prompts))
