"""Reads the bounty tracker: the CSV file in which the Foundation kept its bounties.

Its habits: thousands commas in quoted amounts, ids that are issue numbers or proposals (`HIP-23`, `HIP-4: Curve`), the
same bounty on two lines, and lines that leave the amount, the unit, the link or the connector empty. Pure: no database.
Source: hummingbot/hummingbot-site@e0cb6a69:docs/bounties/bounty-tracker.csv
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from django.db.models import TextChoices

from registry.choices import BountyKind, BountyState, BountyUnit
from registry.importers.imported import ImportRefused, decoded, quoted, shortened

COLUMNS = (
    "Bounty ID",
    "Type",
    "Source",
    "Connector",
    "Bounty Amount",
    "Denomination",
    "Bounty Status",
    "Issue Link",
)

TRACKER_ID = re.compile(r"(?P<number>[1-9][0-9]{0,8}|HIP-[1-9][0-9]{0,4})(: \S.*)?")
AMOUNT = re.compile(r"([0-9]{1,3}(,[0-9]{3})+|[0-9]{1,18})(\.[0-9]{1,2})?")
ISSUE = re.compile(
    r"https?://(www\.)?github\.com/(?P<repository>[\w.-]+/[\w.-]+)/(?P<what>issues|pull)/(?P<number>[0-9]{1,9})"
    r"/?([?#]\S*)?",
    re.ASCII | re.IGNORECASE,
)
Choice = TypeVar("Choice", bound=TextChoices)

ID_LENGTH = 20
NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class BountyLine:
    """One line of the tracker as values. `amount` is None and `unit` "" where the line does not say."""

    line: int
    tracker_id: str
    kind: BountyKind
    sponsor: str
    named: str
    amount: Decimal | None
    unit: BountyUnit | None
    state: BountyState
    issue_url: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes it one bounty: an id alone stands for several issues."""
        return self.tracker_id, self.issue_url

    @property
    def proposal_number(self) -> str:
        """`HIP-4` of `HIP-4: Curve`, "" for an id that is an issue's number."""
        number = self.tracker_id.partition(":")[0]
        return number if number.startswith("HIP-") else ""

    @property
    def differing_issue(self) -> str:
        """The number of the linked issue where the id is another number, else ""."""
        found = ISSUE.fullmatch(self.issue_url)
        number = found["number"] if found else ""
        return number if number and not self.proposal_number and number != self.tracker_id.partition(":")[0] else ""

    def repeats(self, other: BountyLine) -> bool:
        """Says of the same bounty just what *other* says."""
        return replace(self, line=other.line) == other


@dataclass(frozen=True, slots=True)
class LineProblem:
    """Why one line could not be read; nothing of that line is used."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class BountyTracker:
    """Every line of the file with something on it is in exactly one of the two."""

    lines: tuple[BountyLine, ...]
    problems: tuple[LineProblem, ...]


def read_bounty_tracker(content: bytes, *, origin: str = "") -> BountyTracker:
    """The tracker's lines in file order, and the lines that could not be read.

    Raises ImportRefused where the file as a whole cannot be: no text, no CSV, other columns.
    """
    lines, problems = [], []
    try:
        for line, cells in _records(decoded(content, origin=origin)):
            try:
                lines.append(_line(line, cells))
            except ValueError as error:
                problems.append(LineProblem(line, str(error)))
    except _NotTheTracker as error:
        raise ImportRefused(error.problems, origin=origin) from error
    return BountyTracker(tuple(lines), tuple(problems))


class _NotTheTracker(Exception):
    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = problems
        super().__init__(*problems)


def _records(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The line on which each record begins, and its cells by column."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    begins = 1
    try:
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                _check_header(header)
                continue
            yield line, _by_column(header, cells)
    except csv.Error as error:
        raise _NotTheTracker([f"Line {reader.line_num} is no CSV: {error}."]) from error
    if header is None:
        raise _NotTheTracker([f"It has no header: the first line must name the columns {', '.join(COLUMNS)}."])


def _check_header(header: list[str]) -> None:
    unknown = list(dict.fromkeys(name for name in header if name not in COLUMNS))
    problems = [f"Unknown column {quoted(name)}: the tracker has {', '.join(COLUMNS)}." for name in unknown]
    problems += [f"The column {quoted(name)} is missing." for name in COLUMNS if name not in header]
    problems += [f"The column {quoted(name)} stands twice." for name in COLUMNS if header.count(name) > 1]
    if problems:
        raise _NotTheTracker(shortened(problems))


TOO_MANY = "too many"
"""The key under which a record's cells beyond the last column are kept; no column is called so."""


def _by_column(header: list[str], cells: list[str]) -> dict[str, str]:
    """Trailing cells may be left out, as spreadsheets do; one too many makes the line unreadable."""
    by_column = dict.fromkeys(header, "") | dict(zip(header, (cell.strip() for cell in cells), strict=False))
    if any(cell.strip() for cell in cells[len(header) :]):
        by_column[TOO_MANY] = str(len(cells))
    return by_column


def _line(line: int, cells: Mapping[str, str]) -> BountyLine:
    """Raises ValueError naming the column, what stands there and what may."""
    if TOO_MANY in cells:
        raise ValueError(f"{cells[TOO_MANY]} cells, for {len(COLUMNS)} columns: is a comma unquoted?")
    kind = _choice(cells, "Type", BountyKind)
    state = _choice(cells, "Bounty Status", BountyState)
    if kind is None:
        raise ValueError("Type: empty")
    if state is None:
        raise ValueError("Bounty Status: empty")
    return BountyLine(
        line=line,
        tracker_id=_tracker_id(cells["Bounty ID"]),
        kind=kind,
        sponsor=_name(cells, "Source"),
        named=_name(cells, "Connector"),
        amount=_amount(cells["Bounty Amount"]),
        unit=_choice(cells, "Denomination", BountyUnit),
        state=state,
        issue_url=_issue(cells["Issue Link"]),
    )


def _choice(cells: Mapping[str, str], column: str, choices: type[Choice]) -> Choice | None:
    """The member whose label is in the cell, whatever the case; None for an empty cell."""
    text = cells[column]
    if not text:
        return None
    for choice in choices:
        if str(choice.label).casefold() == text.casefold():
            return choice
    raise ValueError(f"{column}: {quoted(text)} is none of {', '.join(str(choice.label) for choice in choices)}")


def _tracker_id(text: str) -> str:
    if not TRACKER_ID.fullmatch(text) or not text.isprintable():
        raise ValueError(f"Bounty ID: {quoted(text)} is neither an issue's number nor a proposal such as HIP-23")
    if len(text) > ID_LENGTH:
        raise ValueError(f"Bounty ID: {quoted(text)} is longer than {ID_LENGTH} characters")
    return text


def _name(cells: Mapping[str, str], column: str) -> str:
    text = cells[column]
    if not text.isprintable() or len(text) > NAME_LENGTH:
        raise ValueError(f"{column}: {quoted(text)} is no name on one line of {NAME_LENGTH} characters at most")
    return text


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    if not AMOUNT.fullmatch(text) or len(text.replace(",", "").partition(".")[0]) > 18:
        raise ValueError(f"Bounty Amount: {quoted(text)} is no amount such as 50,000 or 4000.50")
    return Decimal(text.replace(",", ""))


def _issue(text: str) -> str:
    """The issue's plain address, without comment anchors and the like: with them one bounty would be two."""
    if not text:
        return ""
    found = ISSUE.fullmatch(text)
    if not found:
        raise ValueError(f"Issue Link: {quoted(text)} is not the address of a GitHub issue or pull request")
    return f"https://github.com/{found['repository']}/{found['what'].lower()}/{int(found['number'])}"
