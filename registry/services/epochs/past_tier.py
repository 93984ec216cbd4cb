"""The tier that an exchange had last, for one that has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from registry.choices import Basis
from registry.models import TierAssignment


@dataclass(frozen=True, slots=True)
class PastTier:
    """The tier that an exchange had last, and the decision that ended it (None: it ran out or was taken back)."""

    assignment: TierAssignment
    ended_on: date
    ended_by: TierAssignment | None

    @property
    def why(self) -> str:
        if self.ended_by is None:
            return "the override ran out" if self.assignment.basis == Basis.OVERRIDE else "the decision was taken back"
        if self.ended_by.included is False:
            return f"voted out in {self.ended_by.epoch or 'a vote'}"
        if self.ended_by.included or self.ended_by.trace.get("move") == "ended":
            return "the rules in force since have no tiers"
        return self.ended_by.reason

    def __str__(self) -> str:
        return f"{self.assignment.get_tier_display()} until {self.ended_on}; {self.why}"


def last_tier_of(begun: Sequence[TierAssignment], day: date) -> PastTier | None:
    """Of an exchange without a tier on *day*, from its decisions until then, latest first; None: it never had one."""
    for place, row in enumerate(begun):
        if not row.tier:
            continue
        own_ends = [end for end in (row.expires_on, row.withdrawn_on) if end]
        newer = [later for later in begun[:place] if later.holds_on(later.effective_from)]
        ender = min(newer, key=lambda later: later.effective_from, default=None)
        own_end = min(own_ends, default=None)
        if ender and (own_end is None or ender.effective_from <= own_end):
            end, ended_by = ender.effective_from, ender
        else:
            end, ended_by = own_end or day, None
        if row.effective_from < end <= day:
            return PastTier(row, end, ended_by)
    return None
