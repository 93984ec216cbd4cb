"""Where an exchange stands on a day: its tier, or why it has none, and what the latest vote said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.choices import Basis, Tier
from registry.services.epochs.past_tier import PastTier, last_tier_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from registry.models import TierAssignment


@dataclass(frozen=True, slots=True)
class Standing:
    """The decision in force on *day* (None: nobody ever decided), and where it gives no tier, the last one.

    `history` is latest first, `upcoming` soonest first: decisions that begin after that day and were not taken back.
    """

    day: date
    assignment: TierAssignment | None
    last_tier: PastTier | None
    history: tuple[TierAssignment, ...]
    upcoming: tuple[TierAssignment, ...] = ()

    @property
    def tier(self) -> str:
        return self.assignment.tier if self.assignment else ""

    @property
    def tier_label(self) -> str:
        return str(Tier(self.tier).label) if self.tier else "No tier"

    @property
    def tier_meaning(self) -> str:
        return Tier(self.tier).meaning if self.tier else ""

    @property
    def is_override(self) -> bool:
        return self.assignment is not None and self.assignment.basis == Basis.OVERRIDE

    @property
    def why_no_tier(self) -> str:
        """In words, "" where there is a tier."""
        if self.tier:
            return ""
        if self.last_tier:
            return str(self.last_tier)
        if self.assignment is None:
            return "No vote has decided about it"
        if self.assignment.included is False:
            return f"Voted out in {self.assignment.epoch or 'a vote'}, never had a tier"
        return "Never had a tier; the rules that it was voted in under have none"

    @property
    def vote(self) -> str:
        """What the latest vote said: "Epoch 13: rank 2 of 18, stays in"; "" where none is known."""
        voted = next((row for row in self.history if row.basis == Basis.POLL and row.holds_on(self.day)), None)
        return vote_words(voted) if voted else ""


def vote_words(assignment: TierAssignment) -> str:
    """The vote behind an assignment in one line; "" where no epoch decided it."""
    if not assignment.epoch:
        return ""
    rank, of = assignment.trace.get("outcome", {}).get("rank"), assignment.trace.get("of")
    parts = []
    if rank:
        parts.append(f"rank {rank} of {of}" if of else f"rank {rank}")
    parts += [{True: "stays in", False: "leaves"}[assignment.included]] if assignment.included is not None else []
    return f"{assignment.epoch}: {', '.join(parts)}" if parts else assignment.epoch


def standing_on(history: Iterable[TierAssignment], day: date) -> Standing:
    """From all assignments of one exchange, latest first, with their changesets and what reversed those."""
    rows = tuple(history)
    begun = tuple(row for row in rows if row.effective_from <= day)
    upcoming = tuple(row for row in reversed(rows) if row.effective_from > day and row.holds_on(row.effective_from))
    current = next((row for row in begun if row.holds_on(day)), None)
    last_tier = None if current and current.tier else last_tier_of(begun, day)
    return Standing(day, current, last_tier, begun, upcoming)
