"""A poll out of a Markdown table, pasted from a documentation page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Unpack

from markdown_it import MarkdownIt
from markdown_it.token import Token

from registry.choices import PollGroup, PollSource
from registry.importers.imported import MAX_CHOICES, ImportedPoll, ImportRefused, decoded
from registry.importers.tables import PollFacts, Row, poll_of_table

MAX_PASTED_BYTES = 128 * 1024
"""Twice a table of a thousand choices; Markdown takes long to read where it is large and odd."""

TABLES = MarkdownIt("commonmark").enable("table").disable("inline")
CELLS = MarkdownIt("commonmark")
"""Links and bold are looked for in cells alone: in odd prose that takes time by the square of its length."""

MAX_CELL = 500
MAX_ROWS = 4 * MAX_CHOICES

SPACES = {0xA0: " ", 0x2007: " ", 0x202F: " ", 0x200B: None, 0x2060: None, 0xFEFF: None}
"""What browsers put in place of spaces. Markdown would take a line of dashes with them for text."""

PIPE = re.compile(r"(?<!\\)\|")

BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def read_markdown(content: bytes, *, group: PollGroup, origin: str, **facts: Unpack[PollFacts]) -> ImportedPoll:
    """The poll of the one table in *content*; text around it is left alone. Columns as in a CSV file.

    Links, bold and code in cells count for their text. Raises ImportRefused with all that is wrong.
    """
    text = decoded(content, origin=origin, limit=MAX_PASTED_BYTES).translate(SPACES)
    tables = _tables(text, origin)
    if not tables:
        raise ImportRefused([_NO_TABLE], origin=origin)
    if len(tables) > 1:
        places = ", ".join(table[0].place.lower() for table in tables[:10])
        raise ImportRefused(
            [f"There are {len(tables):,} tables ({places}), and each would be a poll: paste one."], origin=origin
        )
    header, *rows = tables[0]
    return poll_of_table(
        header.cells, rows, content=content, source=PollSource.MARKDOWN, group=group, origin=origin, facts=facts
    )


_NO_TABLE = (
    "There is no Markdown table: it needs a heading such as “| Rank | Exchange | Votes |” "
    "and beneath it a line such as “|---|---|---|”."
)


def _tables(text: str, origin: str) -> list[list[Row]]:
    """The tables, row by row, the heading first."""
    lines = re.split(r"\r\n|\r|\n", text)
    tables: list[list[Row]] = []
    tokens = TABLES.parse(text)
    rows = sum(token.type == "tr_open" for token in tokens)
    if rows > MAX_ROWS:
        raise ImportRefused(
            [f"There are {rows:,} rows, and a poll has at most {MAX_CHOICES:,} choices."], origin=origin
        )
    for position, token in enumerate(tokens):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append(_row(tokens, position, lines))
    return tables


def _row(tokens: Sequence[Token], position: int, lines: Sequence[str]) -> Row:
    """The row that opens at *position*. The parser drops and adds cells until there are as many as in the heading."""
    line = (tokens[position].map or [0])[0]
    cells = []
    while tokens[position].type != "tr_close":
        if tokens[position].type == "inline":
            cells.append(_text(tokens[position].content))
        position += 1
    written = _cells_written(lines[line])
    return Row(f"Line {line + 1}", (*cells[:written], *[""] * (written - len(cells))))


def _cells_written(line: str) -> int:
    """A pipe in a cell is written with a backslash; those at the line's ends enclose it, or are left out."""
    cells = PIPE.split(line.strip().lstrip("> "))
    enclosing = [cell for cell in (cells[0], cells[-1]) if not cell.strip()]
    return max(len(cells) - len(enclosing), 1)


def _text(cell: str) -> str:
    """What a reader sees of a cell. One that is too long for any column is left as it is, to be refused."""
    if len(cell) > MAX_CELL:
        return cell
    return "".join(
        " " if token.type in {"softbreak", "hardbreak", "html_inline"} else token.content
        for block in CELLS.parseInline(cell)
        for token in block.children or ()
        if token.type in {"text", "code_inline", "softbreak", "hardbreak"} or BREAK.fullmatch(token.content)
    )
