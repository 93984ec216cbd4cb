"""Whether the lines of a table can be one poll: what they say against one another and against the total."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from registry.governance.canonical import decimal_text
from registry.governance.tallies import Votes
from registry.importers.imported import quoted, shortened
from registry.importers.recount import sum_of

SHARE_TOLERANCE = Decimal("0.06")
"""Percentage points by which printed shares differ from those of the printed votes, in the whole record."""

THOUSANDS_DOT = re.compile(r"[1-9]\d{0,2}\.\d{3}", re.ASCII)
"""Three decimals just, as many as a group of thousands has: half of the world writes 740,200 so."""


@dataclass(slots=True)
class TableLine:
    """What one row says; None where it says nothing."""

    name: str
    votes: Votes | None = None
    printed: str = ""
    rank: int | None = None
    share: Decimal | None = None
    included: bool | None = None
    index: int | None = None


def sums_that_disagree(lines: Sequence[TableLine], total: Votes | None) -> list[str]:
    """Why these lines cannot be right; empty if they can."""
    problems = []
    votes = [line.votes for line in lines if line.votes is not None]
    if total is not None and len(votes) == len(lines):
        together = sum_of(vote.value for vote in votes)
        slack = sum_of(vote.margin for vote in votes) + total.margin
        if abs(together - total.value) > slack:
            problems.append(
                f"The votes add up to {decimal_text(together)}, and the total says {decimal_text(total.value)}; "
                f"rounding explains {decimal_text(slack)} at most. Add what is missing, or leave the total out."
            )
    shares = [line.share for line in lines if line.share is not None]
    if sum(shares, Decimal(0)) > 100 + sum_of(_half_a_digit(share) for share in shares):
        problems.append(f"The shares add up to {sum(shares, Decimal(0))}%, which is more than there is.")
    return problems


def oddities(lines: Sequence[TableLine], total: Votes | None) -> list[str]:
    """What is odd, and may yet be what the source says."""
    warnings = []
    if all(line.votes is None for line in lines):
        warnings.append(
            "The table states no votes: only its order can be used, and no threshold can be held against it."
        )
    else:
        warnings += shortened(_shares_that_disagree(lines, total))
        warnings += shortened(_dots_that_may_part_thousands(lines))
    ranked = sorted((line for line in lines if line.rank is not None), key=lambda line: line.rank or 0)
    for better, worse in pairwise(ranked):
        if better.rank == worse.rank:
            warnings.append(f"Rank {better.rank} stands twice: {quoted(better.name)} and {quoted(worse.name)}.")
        elif better.votes and worse.votes and _is_more(worse.votes, better.votes):
            has_less = f"rank {better.rank}, {quoted(better.name)}"
            warnings.append(f"Rank {worse.rank}, {quoted(worse.name)}, has more votes than {has_less}.")
    return warnings


def _dots_that_may_part_thousands(lines: Sequence[TableLine]) -> list[str]:
    return [
        f"{quoted(line.printed)} is read as {decimal_text(line.votes.value)} votes; if the dot parts thousands, write "
        f"{line.printed.replace('.', ',')}."
        for line in lines
        if line.votes and THOUSANDS_DOT.fullmatch(line.printed)
    ]


def _shares_that_disagree(lines: Sequence[TableLine], total: Votes | None) -> list[str]:
    """Shares that the votes beside them do not give. They are of all votes, which the table may not list in full."""
    whole = total.value if total is not None else sum_of(line.votes.value for line in lines if line.votes)
    found = []
    for line in lines:
        if line.votes is None or line.share is None or not whole:
            continue
        share = line.votes.value * 100 / whole
        if abs(share - line.share) > SHARE_TOLERANCE + _half_a_digit(line.share) + line.votes.margin * 100 / whole:
            found.append(f"{quoted(line.name)}: its share is {line.share}%, and its votes give {round(share, 2)}%.")
    return found


def _half_a_digit(share: Decimal) -> Decimal:
    """By which a printed share may be rounded."""
    return Decimal(1).scaleb(int(share.as_tuple().exponent)) / 2


def _is_more(one: Votes, other: Votes) -> bool:
    """Beyond what rounding may hide."""
    return one.value - one.margin > other.value + other.margin
