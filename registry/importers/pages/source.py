"""From a file's bytes to lines of Markdown that know where they stood.

What Markdown proper does not know is taken out here: front matter, comments, the boxes of the site's own dialect
(`!!! tip "Title"`, with an indented text). What is broken is mended: damaged letters, no-break spaces, and a code block
that nobody closed and that would swallow the sections below it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from registry.importers.imported import quoted
from registry.importers.markdown_table import SPACES
from registry.importers.pages.page import ImportedWarning, Repair, Warning
from registry.importers.pages.repair import repairs_of
from registry.printable import NO_TEXT

MAX_BYTES = 256 * 1024
"""Ten times the longest page there is; Markdown takes long to read where it is large and odd."""

NEWLINE = re.compile(r"\r\n|\r|\n")
FENCE = re.compile(r" *(?:[-*+] +)?(`{3,}|~{3,})([^`]*)")
UNSPACED = re.compile(r"(#{1,6})(?=[^#\s])")
QUOTES = " \"'“”‘’"
KNOWN_SETTINGS = frozenset(
    ("tags", "title", "description", "hide", "search", "icon", "template", "date", "authors", "categories")
)


@dataclass(frozen=True, slots=True)
class Line:
    number: int  # from 1, in the file as given
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """What the site shows in a frame of its own."""

    line: int
    kind: str  # tip, note, warning
    title: str
    text: str


@dataclass(slots=True)
class Source:
    """A page's lines of Markdown, and what was taken out of them."""

    lines: list[Line]
    boxes: list[Box] = field(default_factory=list)
    tags: tuple[Line, ...] = ()
    repairs: tuple[Repair, ...] = ()
    warnings: list[Warning] = field(default_factory=list)


def source_of(data: bytes | str, *, opens_section: Callable[[str], bool]) -> Source:
    """The lines of a page; none where it is empty or too large. *opens_section* knows a page's own headings."""
    if len(data) > MAX_BYTES:
        return _not_read(f"It has {len(data):,} bytes, and a page has no more than {MAX_BYTES:,}.")
    text, warnings = _text_of(data)
    if not text.strip():
        return _not_read("It is empty.")
    given, repairs = repairs_of(NEWLINE.split(text))
    if repairs:
        warnings.append(_told(repairs))
    lines = [Line(number, text.translate(SPACES)) for number, text in enumerate(given, start=1)]
    source = Source([], repairs=repairs, warnings=warnings)
    lines = _without_front_matter(lines, source)
    lines = _without_comments(list(_with_closed_fences(lines, source, opens_section)), source)
    source.lines = _without_boxes(lines, source)
    return source


def _not_read(why: str) -> Source:
    return Source([], warnings=[Warning(1, ImportedWarning.NOT_READ, why)])


def _text_of(data: bytes | str) -> tuple[str, list[Warning]]:
    """Text that every database keeps: what is none is shown as a replacement character, and told."""
    text = data.decode("utf-8-sig", "replace") if isinstance(data, bytes) else data.removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\x0b", " ").replace("\x0c", " ")
    text = NO_TEXT.sub("\ufffd", text)
    if (position := text.find("\ufffd")) < 0:
        return text, []
    line = 1 + len(NEWLINE.findall(text, 0, position))
    how_many = text.count("\ufffd")
    return text, [
        Warning(
            line,
            ImportedWarning.NOT_UTF8,
            f"What is no UTF-8 text is read as �, from here on {how_many:,} in all. Save the page as UTF-8.",
        )
    ]


def _told(repairs: Sequence[Repair]) -> Warning:
    """One warning for all of them: pages are damaged as a whole, or in one paste."""
    numbers = [repair.line for repair in repairs]
    shown = f"line{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers[:10]))}"
    shown += f" and {len(numbers) - 10:,} more" if len(numbers) > 10 else ""
    return Warning(
        numbers[0],
        ImportedWarning.REPAIRED,
        f"UTF-8 was read as Mac Roman here; repaired on {shown}. Save the page as UTF-8.",
    )


def _without_front_matter(lines: list[Line], source: Source) -> list[Line]:
    """YAML between two lines of dashes at the very top. Pages hold nothing there but tags."""
    if not lines or lines[0].text.rstrip() != "---":
        return lines
    end = next((at for at, line in enumerate(lines[1:], start=1) if line.text.rstrip() in {"---", "..."}), None)
    settings = lines[1:end] if end else []
    if end is None or any(line.text.lstrip().startswith("#") for line in settings):
        return lines
    tags = []
    for line in settings:
        name, colon, _ = line.text.partition(":")
        if line.text.lstrip().startswith("-"):
            tags.append(Line(line.number, line.text.strip().lstrip("- ")))
        elif colon and name.strip() not in KNOWN_SETTINGS:
            source.warnings.append(
                Warning(line.number, ImportedWarning.UNPLACED, f"Front matter {quoted(line.text)} is not read.")
            )
    source.tags = tuple(tag for tag in tags if tag.text)
    return lines[end + 1 :]


def _with_closed_fences(lines: Sequence[Line], source: Source, opens_section: Callable[[str], bool]) -> Iterator[Line]:
    """The lines, in which a code block ends before the next section at the latest, and each section has a heading."""
    fence, opened = "", 0
    for line in lines:
        found = FENCE.match(line.text)
        if not fence:
            if found:
                fence, opened = found[1], line.number
            elif line.text.startswith("#") and opens_section(spaced := UNSPACED.sub(r"\1 ", line.text, count=1)):
                line = Line(line.number, spaced)  # the site takes it for a heading
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence = ""
        elif opens_section(line.text):
            source.warnings.append(_unclosed(opened))
            yield Line(line.number, fence)
            fence = ""
        yield line
    if fence and any(line.text.strip() for line in lines if line.number > opened):
        source.warnings.append(_unclosed(opened))


def _unclosed(line: int) -> Warning:
    return Warning(line, ImportedWarning.UNCLOSED, "A code block opens here and never ends.")


def _without_comments(lines: Sequence[Line], source: Source) -> list[Line]:
    """What a comment hides is no part of the page. Between rows of a table its line goes: a blank one would end it."""
    kept: list[Line] = []
    hidden_from, fence = 0, ""
    for line in lines:
        text = line.text
        fence = fence if hidden_from else _fence_behind(text, fence)
        if fence:
            kept.append(line)
            continue
        shown = ""
        while text:
            if hidden_from:
                _, end, text = text.partition("-->")
                hidden_from = 0 if end else hidden_from
            else:
                before, start, text = text.partition("<!--")
                shown += before
                hidden_from = line.number if start else 0
        if shown.strip() or not line.text.strip() or not (kept and kept[-1].text.lstrip().startswith("|")):
            kept.append(Line(line.number, shown))
    if hidden_from:
        source.warnings.append(
            Warning(hidden_from, ImportedWarning.UNCLOSED, "A comment opens here and never ends; it hides the rest.")
        )
    return kept


def _fence_behind(text: str, fence: str) -> str:
    """What has to close the code block that goes on behind this line, where *fence* does before it; "" for none."""
    found = FENCE.match(text)
    if not found:
        return fence
    if not fence:
        return found[1]
    return "" if found[1].startswith(fence) and not found[2].strip() else fence


def _without_boxes(lines: Sequence[Line], source: Source) -> list[Line]:
    """Takes out each box with its text: what is indented beneath it, and what follows without a blank line."""
    kept: list[Line] = []
    at, fence = 0, ""
    while at < len(lines):
        line = lines[at]
        at += 1
        opening = line.text.lstrip()
        fence = _fence_behind(line.text, fence)
        if fence or not opening.startswith(("!!!", "???")):
            kept.append(line)
            continue
        inner = " " * (len(line.text) - len(opening) + 4)
        text: list[str] = []
        while at < len(lines) and _belongs(lines[at].text, inner, after_blank=bool(text) and not text[-1]):
            text.append(lines[at].text.strip())
            at += 1
        kind, _, title = opening[3:].lstrip("+ ").partition(" ")
        source.boxes.append(Box(line.number, kind.casefold(), title.strip(QUOTES), "\n".join(text).strip()))
        kept.append(Line(line.number, ""))
    return kept


def _belongs(text: str, inner: str, *, after_blank: bool) -> bool:
    if not text.strip() or text.startswith((inner, "\t")):
        return True
    return not after_blank and not text.lstrip().startswith(("#", "|", "-", "*", "!!!", "```"))
