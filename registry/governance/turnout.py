"""What a poll says as a whole: its votes over all choices, whether they reach the quorum, and what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from registry.governance.policy_schema import PolicyDocument
from registry.governance.tallies import PollResult, Tally, Votes
from registry.governance.wording import listed, number_text, votes_text

SHARE_UNIT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Turnout:
    """`is_least`: votes of some choices are missing, so that the true total is at least this."""

    total: Votes | None
    is_least: bool = False

    def share(self, tally: Tally) -> Decimal | None:
        """Percent of the votes over all choices, to four places."""
        if tally.votes is None or self.total is None or self.total.value <= 0:
            return None
        return (tally.votes.value * 100 / self.total.value).quantize(SHARE_UNIT, rounding=ROUND_HALF_EVEN)

    def reaches(self, quorum: Decimal) -> bool | None:
        if self.total is None:
            return None
        reached = self.total.reaches(quorum)
        return None if self.is_least and reached is False else reached


def turnout(result: PollResult) -> Turnout:
    """From the stated total, or else the sum of what the choices received."""
    if result.total is not None:
        return Turnout(result.total)
    votes = [tally.votes for tally in result.tallies if tally.votes is not None]
    if not votes:
        return Turnout(None)
    total = Votes(sum((each.value for each in votes), Decimal(0)), sum((each.margin for each in votes), Decimal(0)))
    return Turnout(total, is_least=len(votes) < len(result.tallies))


def quorum_warning(turned_out: Turnout, quorum: Decimal | None, policy: PolicyDocument) -> str:
    """A sentence where the quorum was missed or cannot be judged; "" where it was reached."""
    if quorum is None:
        return f"{policy} names no number of votes as the quorum: whether the poll reached it is not known."
    if turned_out.total is None:
        return (
            f"The source states no total of votes: whether it reached the quorum of {number_text(quorum)} is not known."
        )
    reached = turned_out.reaches(quorum)
    if reached:
        return ""
    verb = "was missed" if reached is False else "may have been missed"
    return f"The quorum of {number_text(quorum)} votes {verb}: {votes_text(turned_out.total)} over all choices."


def mismatch_warnings(result: PollResult, policy: PolicyDocument) -> list[str]:
    """Where the poll is not of the kind that the policy speaks of."""
    warnings = []
    if result.group not in policy.groups:
        groups = listed([group.label for group in policy.groups])
        warnings.append(f"{policy} has no poll on {result.group.label}; its polls: {groups}.")
    if result.voting is not None and result.voting not in policy.voting:
        kinds = listed([kind.label for kind in policy.voting])
        warnings.append(f"The poll was held by {result.voting.label}; {policy} expects {kinds}.")
    return warnings
