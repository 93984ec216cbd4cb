"""Values as Markdown that shows them as they are, to CommonMark and to Python-Markdown alike."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

# Backslashes where both know them, and entities for the rest: Python-Markdown takes `\<` and `\|` for two characters.
# Braces would be a macro or an attribute list to a site that has these.
ESCAPED = str.maketrans(
    {
        **{char: f"\\{char}" for char in "\\`*_[]"},
        **{char: f"&#{ord(char)};" for char in "|~^{}"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
    }
)
OPENS_A_BLOCK = re.compile(r"^(\d*)([#+=:!?.)-])")
BARE = re.compile(r"[\w./:@-]+", re.ASCII)
OUTSIDE_OF_ADDRESSES = {"<": "%3C", ">": "%3E"}


def words(text: str) -> str:
    """Text on one line, as a reader is to see it."""
    return " ".join(text.split()).translate(ESCAPED)


def paragraph(text: str) -> str:
    """Text on one line that begins no heading, list or box."""
    return OPENS_A_BLOCK.sub(lambda found: f"{found[1]}&#{ord(found[2])};", words(text), count=1)


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a text, each on one line."""
    return (paragraph(part) for part in re.split(r"\n\s*\n", text.strip()))


def code(text: str) -> str:
    """A name in code marks; in escaped words where marks around it would not hold."""
    return f"`{text}`" if BARE.fullmatch(text) else words(text)


def address(url: str) -> str:
    """A link that shows its own address."""
    for char, encoded in OUTSIDE_OF_ADDRESSES.items():
        url = url.replace(char, encoded)
    return f"<{url}>"


def fenced(lines: Iterable[str], *, language: str = "") -> list[str]:
    """A block of code, with a fence that nothing in it can close."""
    content = list(lines)
    longest = max((len(run) for line in content for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *content, fence]


def indented(text: str) -> list[str]:
    return textwrap.indent(textwrap.dedent(text).strip("\n"), "    ").splitlines()


def link(text: str, url: str) -> str:
    """*text* is Markdown already."""
    target = url if set("()<>\\").isdisjoint(url) else address(url)
    return f"[{text}]({target})"


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Cells are Markdown already."""
    columns = list(header)
    lines = [columns, ["-" * max(3, len(name)) for name in columns], *rows]
    return ["|" + "".join(f" {cell} |" if cell else " |" for cell in cells) for cells in lines]
