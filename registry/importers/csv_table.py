"""A poll out of a CSV file, as spreadsheets of any country write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Unpack

from registry.choices import PollGroup, PollSource
from registry.governance.names import name_key
from registry.importers.imported import ImportedPoll, ImportRefused, decoded
from registry.importers.tables import COLUMNS, PollFacts, Row, poll_of_table

SEPARATORS = (",", ";", "\t")


def read_csv(content: bytes, *, group: PollGroup, origin: str, **facts: Unpack[PollFacts]) -> ImportedPoll:
    """The poll of a table with a heading. Columns: choice, votes, and where known rank, share, included and index.

    UTF-8 with or without byte order mark; commas, semicolons or tabs, whichever the heading is written with. Votes may
    be exact, with thousands commas, or as printed (10.3m). Raises ImportRefused with all that is wrong.
    """
    text = decoded(content, origin=origin)
    try:
        lines = list(_lines(text, _separator(text)))
    except csv.Error as error:
        raise ImportRefused([f"It is not CSV: {error}."], origin=origin) from error
    header = lines[0].cells if lines else ()
    return poll_of_table(
        header, lines[1:], content=content, source=PollSource.CSV, group=group, origin=origin, facts=facts
    )


def _separator(text: str) -> str:
    """That which splits the heading into most columns that are known, and then into most columns."""
    heading = next(line for line in text.splitlines() if line.strip())

    def columns(separator: str) -> tuple[int, int]:
        cells = next(iter(csv.reader([heading], delimiter=separator)), [])
        return sum(name_key(cell) in COLUMNS for cell in cells), len(cells)

    return max(SEPARATORS, key=columns)


def _lines(text: str, separator: str) -> Iterator[Row]:
    """Every line with something in it; empty rows, which spreadsheets leave at the end, say nothing."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield Row(f"Line {reader.line_num}", tuple(cells))
