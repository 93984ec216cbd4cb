"""A page as a row of blocks, headings, lines, tables and code, by the rules of CommonMark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from registry.importers.pages.source import Line
from registry.importers.pages.words import LABELS, LINKS, Label, Section, key, section_of

BLOCKS = MarkdownIt("commonmark").enable("table").disable(["inline", "code", "html_block", "reference"])
"""Indented text is text here, not code: pages indent their lists as they like. And nothing is hidden by HTML or by
reference definitions, which would be lost without a word."""


class _Inline(MarkdownIt):
    """Leaves addresses as they are written: they are facts, and nobody follows them here."""

    def normalizeLink(self, url: str) -> str:
        return url

    def normalizeLinkText(self, link: str) -> str:
        return link

    def validateLink(self, url: str) -> bool:
        return True


INLINE = _Inline("commonmark")
MAX_INLINE = 2_000
"""Characters. Looking for links in odd prose takes time by the square of its length."""

MARKED = frozenset("[<*_`&\\!")


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Text:
    """What a reader sees of a paragraph or a bullet, and what of it is marked up. `line` is its first."""

    line: int
    text: str
    raw: str
    links: tuple[Link, ...] = ()
    images: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    bold: str = ""  # the first words in bold
    in_italics: bool = False  # all of it
    is_bullet: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph or a bullet as written. Its marks are read on demand: most are prose, which nobody needs."""

    line: int
    raw: str
    is_bullet: bool = False

    def text(self) -> Text:
        return text_of(self.line, self.raw, is_bullet=self.is_bullet)


@dataclass(frozen=True, slots=True)
class Heading:
    line: int
    level: int
    text: Text


@dataclass(frozen=True, slots=True)
class Code:
    line: int
    language: str
    content: str


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: tuple[str, ...]  # as written, however many the heading has


@dataclass(frozen=True, slots=True)
class Table:
    line: int
    header: Row
    rows: tuple[Row, ...]


Block = Heading | Paragraph | Code | Table


def blocks_of(lines: Sequence[Line]) -> Iterator[Block]:
    """In the page's order."""
    tokens = BLOCKS.parse("\n".join(line.text for line in lines))
    bullets: set[int] = set()
    header: Row | None = None  # of the last table
    at = 0
    while at < len(tokens):
        token = tokens[at]
        first, end = token.map or (0, 0)
        match token.type:
            case "list_item_open":
                bullets.add(first)
            case "heading_open":
                line = lines[first]
                text = text_of(line.number, tokens[at + 1].content)
                if token.markup != "-" or (end - first == 2 and section_of(text.text)[0] is not Section.UNKNOWN):
                    yield Heading(line.number, int(token.tag[1:]), text)
                else:  # underlined by dashes: most are lines of text above a rule
                    yield from _lines(lines, first, end - 1, bullets)
            case "paragraph_open" if lines[first].text.lstrip().startswith("|") and first not in bullets:
                yield from (table := _odd_table(lines[first:end], header))
                header = table[0].header if table and isinstance(table[0], Table) else header
            case "paragraph_open":
                yield from _lines(lines, first, end, bullets)
            case "fence":
                yield Code(lines[first].number, token.info.strip(), token.content)
            case "table_open":
                yield from (table := _table(lines[first:end]))
                header = table[0].header
                while tokens[at].type != "table_close":
                    at += 1
            case _:
                pass
        at += 1


def _lines(lines: Sequence[Line], first: int, end: int, bullets: set[int]) -> Iterator[Paragraph]:
    """A paragraph's text, in one or, where further lines begin with a label of their own, in several."""
    gathered: list[str] = []
    number, is_bullet = lines[first].number, first in bullets
    for at in range(first, end):
        line = lines[at]
        content = _unmarked(line.text, is_bullet=at in bullets)
        is_behind_a_fact = is_bullet and line.text[:1].strip() and gathered and _opens_fact(gathered[0])
        if gathered and (is_behind_a_fact or _opens_fact(content)):
            yield Paragraph(number, " ".join(gathered), is_bullet)
            gathered, number, is_bullet = [], line.number, at in bullets
        if content:
            gathered.append(content)
    if gathered:
        yield Paragraph(number, " ".join(gathered), is_bullet)


def _opens_fact(line: str) -> bool:
    label, colon, _ = line[:60].partition(":")
    return bool(colon) and (key(label) in LABELS or key(label) in LINKS)


def label_of(line: str) -> Label | None:
    """The known label before a line's colon."""
    label, colon, _ = line[:60].partition(":")
    return LABELS.get(key(label)) if colon else None


def _unmarked(text: str, *, is_bullet: bool) -> str:
    """A line without the marks of quotes and lists before it."""
    text = text.strip()
    while text.startswith(">"):
        text = text[1:].lstrip()
    while is_bullet and (words := text.split(maxsplit=1)) and _is_mark(words[0]):
        text = words[1] if len(words) > 1 else ""
    return text


def _is_mark(word: str) -> bool:
    return word in {"-", "*", "+"} or (word[-1] in ".)" and word[:-1].isdecimal())


def _table(lines: Sequence[Line]) -> tuple[Table, *tuple[Paragraph, ...]]:
    """The table, and the text right beneath it, which Markdown takes for rows of one cell."""
    rows = [Row(line.number, cells_of(line.text)) for line in lines[2:] if "|" in line.text]
    table = Table(lines[0].number, Row(lines[0].number, cells_of(lines[0].text)), tuple(rows))
    return table, *(Paragraph(line.number, line.text.strip()) for line in lines[2:] if "|" not in line.text)


def _odd_table(lines: Sequence[Line], last_header: Row | None) -> Sequence[Table | Paragraph]:
    """Rows that Markdown takes for text: the line of dashes has too few cells, or a blank line parts them off."""
    if len(lines) > 1 and _is_rule(lines[1].text):
        return _table(lines)
    if last_header is None:
        return [Paragraph(line.number, line.text.strip()) for line in lines]
    rows = tuple(Row(line.number, cells_of(line.text)) for line in lines)
    return [Table(lines[0].number, last_header, rows)]


def _is_rule(line: str) -> bool:
    return "-" in line and set(line) <= set("|:- \t")


def cells_of(line: str) -> tuple[str, ...]:
    """The cells of a row as written. A bar in a cell is written with a backslash; those at the ends enclose the row."""
    text = line.strip().lstrip("> ").replace("\\|", "\0")
    text = text.removeprefix("|").strip()
    text = text.removeprefix("|")  # some rows open with two
    text = text.removesuffix("|")
    return tuple(cell.replace("\0", "|").strip() for cell in text.split("|"))


def text_of(line: int, raw: str, *, is_bullet: bool = False) -> Text:
    """Reads the marks within a line. One that is too long for any fact is left as it is."""
    raw = raw.strip()
    if len(raw) > MAX_INLINE or MARKED.isdisjoint(raw):
        return Text(line, " ".join(raw.split()), raw, is_bullet=is_bullet)
    children = INLINE.parseInline(raw)[0].children or []
    reader = _Marks()
    for token in children:
        reader.take(token)
    return Text(
        line,
        " ".join("".join(reader.text).split()),
        raw,
        tuple(reader.links),
        tuple(reader.images),
        tuple(reader.codes),
        " ".join("".join(reader.bold).split()),
        bool(children) and children[0].type == "em_open" and children[-1].type == "em_close",
        is_bullet,
    )


class _Marks:
    """Goes through a line's tokens once."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.links: list[Link] = []
        self.images: list[str] = []
        self.codes: list[str] = []
        self.bold: list[str] = []
        self._link = ("", 0)
        self._bold_depth = 0
        self._bold_closed = False

    def take(self, token: Token) -> None:
        match token.type:
            case "text":
                self._add(token.content)
            case "code_inline":
                self.codes.append(token.content.strip())
                self._add(token.content)
            case "softbreak" | "hardbreak":
                self._add(" ")
            case "link_open":
                self._link = (str(token.attrs.get("href", "")), len(self.text))
            case "link_close":
                url, start = self._link
                self.links.append(Link(" ".join("".join(self.text[start:]).split()), url.strip()))
            case "image":
                self.images.append(str(token.attrs.get("src", "")))
            case "html_inline":
                self._html(token.content)
            case "strong_open":
                self._bold_depth += 1
            case "strong_close":
                self._bold_depth -= 1
                self._bold_closed = True
            case _:
                pass

    def _add(self, content: str) -> None:
        self.text.append(content)
        if self._bold_depth and not self._bold_closed:
            self.bold.append(content)

    def _html(self, tag: str) -> None:
        """Of the few tags that pages write, those that show something: a picture, a link and a break."""
        name = tag[1:].lstrip("/").split(maxsplit=1)[0].rstrip("/>").casefold() if len(tag) > 2 else ""
        if name == "br":
            self._add(" ")
        elif name == "img":
            self.images.append(_attribute(tag, "src"))
        elif name == "a" and tag.startswith("</"):
            url, start = self._link
            self.links.append(Link(" ".join("".join(self.text[start:]).split()), url))
        elif name == "a":
            self._link = (_attribute(tag, "href"), len(self.text))


def _attribute(tag: str, name: str) -> str:
    """`src` of `<img alt="" src="x">`; "" where there is none."""
    _, found, rest = tag.partition(f"{name}=")
    if not found:
        return ""
    quote = rest[:1]
    return rest[1:].partition(quote)[0] if quote in {'"', "'"} else rest.split(maxsplit=1)[0].rstrip("/>")
