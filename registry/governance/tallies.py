"""What a poll said: its choices with their votes, as exactly as the source states them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from registry.choices import PollGroup, ProposalAction, Voting


@dataclass(frozen=True, slots=True)
class Votes:
    """HBOT. The true figure lies within *margin* of *value*: half a unit of the last printed digit, 0 where exact."""

    value: Decimal
    margin: Decimal = Decimal(0)

    @property
    def is_exact(self) -> bool:
        return self.margin == 0

    def reaches(self, threshold: Decimal) -> bool | None:
        """Whether it is at least *threshold*; None where the rounding leaves that open."""
        if self.value - self.margin >= threshold:
            return True
        if self.value + self.margin < threshold:
            return False
        return None


@dataclass(frozen=True, slots=True)
class Tally:
    """One choice. What begins with `stated_` is the source's own word: evidence of order and inclusion, no more."""

    index: int  # from 1, as the poll counts them
    name: str
    votes: Votes | None = None  # None: the source does not say
    stated_rank: int | None = None
    stated_included: bool | None = None


@dataclass(frozen=True, slots=True)
class PollResult:
    """One closed poll. `tallies` stand in the source's order, which ranks nothing by itself."""

    group: PollGroup
    tallies: tuple[Tally, ...]
    voting: Voting | None = None
    total: Votes | None = None  # over all choices; None: the sum of the tallies
    action: ProposalAction | None = None  # of a single proposal
