"""A poll out of a table's cells, whichever way the table was written down: CSV or Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import NotRequired, TypedDict, TypeVar

from registry.choices import PollGroup, PollSource, Voting
from registry.governance.links import parse_proposal_link
from registry.governance.names import name_key
from registry.governance.tallies import PollResult, Tally, Votes
from registry.importers.cells import clean, included_of, rank_of, share_of, votes_of
from registry.importers.imported import (
    MAX_CHOICES,
    MAX_TITLE,
    SUM_NAMES,
    ImportedPoll,
    ImportRefused,
    problems_of_names,
    quoted,
    shortened,
)
from registry.importers.plausible import TableLine, oddities, sums_that_disagree
from registry.printable import is_printable

T = TypeVar("T")

COLUMNS = {
    "choice": "choice",
    "exchange": "choice",
    "chain": "choice",
    "strategy": "choice",
    "connector": "choice",
    "name": "choice",
    "votes": "votes",
    "rank": "rank",
    "share": "share",
    "included": "included",
    "inclusion": "included",
    "index": "index",
}
"""Headings, as names are compared, and the column that each stands for."""

KNOWN = "choice (or exchange, chain, strategy, connector, name), votes, rank, share, included, index"

MAX_PRINTED = 30


class PollFacts(TypedDict):
    """What a table does not say of its poll, and whoever imports it must. Times are aware."""

    closed_at: datetime
    opened_at: NotRequired[datetime | None]
    title: NotRequired[str]
    url: NotRequired[str]  # of the proposal, in any printed shape
    voting: NotRequired[Voting | None]
    total: NotRequired[str]  # as printed, such as 22 million HBOT
    voters: NotRequired[int | None]
    exact: NotRequired[bool]  # figures written out in full are no rounded ones


@dataclass(frozen=True, slots=True)
class Row:
    """One row of cells, and where a reader finds it, such as "Line 7"."""

    place: str
    cells: tuple[str, ...]


def poll_of_table(
    header: Sequence[str],
    rows: Sequence[Row],
    *,
    content: bytes,
    source: PollSource,
    group: PollGroup,
    origin: str,
    facts: PollFacts,
) -> ImportedPoll:
    """The poll that *rows* under *header* state. Raises ImportRefused with all that is wrong."""
    lines, problems = _lines(header, rows, exact=facts.get("exact", False), origin=origin)
    total = _total(facts.get("total", ""), problems)
    space, vote_id, url = _link(facts.get("url", ""), problems)
    closed_at, opened_at = _times(facts, problems)
    voters = facts.get("voters")
    if voters is not None and not 0 <= voters < 2**31:
        problems.append(f"{voters} is no number of voters: correct it, or leave it out.")
    title = " ".join(facts.get("title", "").split())
    if not is_printable(title):
        problems.append("The title holds characters that are no text.")
    if not problems:
        problems += sums_that_disagree(lines, total)
    if problems or closed_at is None:
        raise ImportRefused(problems, origin=origin)
    lines.sort(key=lambda line: line.index or 0)
    tallies = tuple(Tally(line.index or 0, line.name, line.votes, line.rank, line.included) for line in lines)
    return ImportedPoll(
        result=PollResult(group=group, tallies=tallies, voting=facts.get("voting"), total=total),
        source=source,
        content=content,
        origin=origin,
        title=title[:MAX_TITLE],
        snapshot_id=vote_id,
        space=space,
        url=url,
        opened_at=opened_at,
        closed_at=closed_at,
        voters=voters,
        stated_votes={tally.index: line.printed for tally, line in zip(tallies, lines, strict=True) if line.printed},
        shares={tally.index: line.share for tally, line in zip(tallies, lines, strict=True) if line.share is not None},
        warnings=tuple(oddities(lines, total)),
    )


def _lines(
    header: Sequence[str], rows: Sequence[Row], *, exact: bool, origin: str
) -> tuple[list[TableLine], list[str]]:
    """What the rows say, and what is wrong with them. Raises ImportRefused where rows cannot be read at all."""
    problems: list[str] = []
    columns = _columns(header, problems)
    if not rows:
        problems.append("The table is empty: there is no row beneath its heading.")
    if len(rows) > MAX_CHOICES:
        problems.append(f"There are {len(rows):,} rows, and a poll has at most {MAX_CHOICES:,} choices.")
    if "choice" not in columns or len(rows) > MAX_CHOICES:
        raise ImportRefused(problems, origin=origin)
    problems += _misshapen(rows, len(header))
    whole = (row for row in rows if len(row.cells) == len(header))
    read_votes = partial(votes_of, exact=exact)
    lines = [line for row in whole if (line := _line(row, columns, read_votes, problems))]
    problems = shortened(problems)
    _number(lines, problems)
    if not problems:
        problems += problems_of_names([line.name for line in lines])
    return lines, problems


def _columns(header: Sequence[str], problems: list[str]) -> dict[str, int]:
    """Which cell of a row each column is."""
    columns: dict[str, int] = {}
    unknown: list[str] = []
    for position, heading in enumerate(header):
        column = COLUMNS.get(name_key(heading))
        if column is None:
            unknown.append(quoted(clean(heading)) if clean(heading) else f"the unnamed column {position + 1}")
        elif column in columns:
            problems.append(f"Two columns say the {column}: {quoted(header[columns[column]])} and {quoted(heading)}.")
        else:
            columns[column] = position
    if unknown:
        problems.append(f"Unknown columns: {', '.join(shortened(unknown))}. Known are {KNOWN}: leave out the others.")
    if "choice" not in columns:
        problems.append(f"The column with the choices is missing. Known are {KNOWN}.")
    if not columns.keys() & {"votes", "rank"}:
        problems.append("The column votes is missing; where the source prints no votes, rank must stand in for it.")
    return columns


def _misshapen(rows: Sequence[Row], width: int) -> list[str]:
    """Rows with cells that stand under no heading, or headings with none of theirs: whose is whose cannot be told."""
    return [
        f"{row.place} has too {'few' if len(row.cells) < width else 'many'} cells: {len(row.cells)} instead of {width}."
        for row in rows
        if len(row.cells) != width
    ]


def _line(
    row: Row, columns: Mapping[str, int], read_votes: Callable[[str], Votes], problems: list[str]
) -> TableLine | None:
    cells = {column: clean(row.cells[position]) for column, position in columns.items()}
    name = cells["choice"]
    if name_key(name) in SUM_NAMES:
        problems.append(f"{row.place}: {quoted(name)} is a sum and no choice: leave it out, and state the total.")
        return None

    def said(column: str, read: Callable[[str], T], *, required: bool = False) -> T | None:
        text = cells.get(column, "")
        if not text:
            if required and column in cells:
                problems.append(f"{row.place}, {column}: there is none for {quoted(name)}.")
            return None
        try:
            return read(text)
        except ValueError as error:
            problems.append(f"{row.place}, {column}: {error}.")
            return None

    return TableLine(
        name=name,
        votes=said("votes", read_votes, required=True),
        printed=cells.get("votes", "")[:MAX_PRINTED],
        rank=said("rank", rank_of),
        share=said("share", share_of),
        included=said("included", included_of),
        index=said("index", rank_of, required=True),
    )


def _number(lines: Sequence[TableLine], problems: list[str]) -> None:
    """Gives the choices their indexes: those of the table, else the order of its rows."""
    stated = [line.index for line in lines if line.index is not None]
    if twice := sorted({index for index in stated if stated.count(index) > 1}):
        problems.append(f"The index {twice[0]} stands twice.")
    if not stated:
        for index, line in enumerate(lines, start=1):
            line.index = index


def _total(text: str, problems: list[str]) -> Votes | None:
    try:
        return votes_of(clean(text)) if clean(text) else None
    except ValueError as error:
        problems.append(f"The total: {error}.")
        return None


def _link(url: str, problems: list[str]) -> tuple[str, str, str]:
    """Space, vote id and address; a poll of the record may have no link at all."""
    if not url.strip():
        return "", "", ""
    try:
        link = parse_proposal_link(url)
    except ValueError as error:
        problems.append(f"The link: {error}.")
        return "", "", ""
    return link.space, link.id, link.url


def _times(facts: PollFacts, problems: list[str]) -> tuple[datetime | None, datetime | None]:
    """When it closed and opened, in UTC."""
    closed_at, opened_at = facts["closed_at"], facts.get("opened_at")
    if any(moment is not None and moment.tzinfo is None for moment in (closed_at, opened_at)):
        problems.append("The times of a poll need their time zone: write 2023-10-12T17:00:00+00:00.")
        return None, None
    if opened_at is not None and opened_at >= closed_at:
        problems.append(f"It closed at {closed_at.isoformat()}, before it opened.")
    try:
        return closed_at.astimezone(UTC), opened_at and opened_at.astimezone(UTC)
    except OverflowError:  # the first or the last day of the calendar, in another zone
        problems.append(f"{closed_at.isoformat()} and {opened_at} are no times that a poll may have: correct them.")
        return None, None
