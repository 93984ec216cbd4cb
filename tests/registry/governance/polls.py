"""Polls and policies for the tests of evaluation, written as short as they can be read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from registry.choices import PollGroup
from registry.governance.evaluate import Decision, DecisionKind
from registry.governance.policy import PolicyDocument, parse_policy
from registry.governance.printed import printed_votes
from registry.governance.tallies import PollResult, Tally, Votes

TIERS: dict[str, Any] = {
    "slug": "made-up",
    "version": 1,
    "title": "Tiers for tests",
    "kind": "ranked_polls",
    "from_epoch": 1,
    "to_epoch": None,
    "sources": ["made up"],
    "groups": ["cex", "dex"],
    "voting": ["weighted"],
    "days": 7,
    "order": [{"by": "votes", "dir": "desc"}],
    "tie": "needs_decision",
    "rank_among": "all",
    "eligibility": {"min_votes": "100", "otherwise": "leaves"},
    "quorum": None,
    "bands": [
        {"label": "gold", "ranks": [1, 1]},
        {"label": "silver", "ranks": [2, 4]},
        {"label": "bronze", "ranks": [5, None]},
    ],
}
POOL = {"amount": "1000", "top": 4, "cap": "800", "share": "pro_rata"}


def policy(**changes: Any) -> PolicyDocument:
    """Gold, silver and bronze at 100 votes or more, with *changes*."""
    return parse_policy({**TIERS, **changes})


def tierless(**changes: Any) -> PolicyDocument:
    return policy(bands=[], **changes)


def exact(index: int, votes: int | str, *, name: str = "") -> Tally:
    return Tally(index, name or f"X{index}", Votes(Decimal(votes)))


def printed(index: int, text: str, *, rank: int | None = None, included: bool | None = None, name: str = "") -> Tally:
    return Tally(index, name or f"X{index}", printed_votes(text), rank, included)


def silent(index: int, *, rank: int | None = None, included: bool | None = None, name: str = "") -> Tally:
    """No votes are stated for it."""
    return Tally(index, name or f"X{index}", None, rank, included)


def poll(*tallies: Tally, group: PollGroup = PollGroup.CEX, **facts: Any) -> PollResult:
    return PollResult(group, tallies, **facts)


def votes(*figures: int | str) -> PollResult:
    """A poll with exact votes, choices numbered from 1."""
    return poll(*(exact(index, figure) for index, figure in enumerate(figures, start=1)))


def decision(kind: str, *choices: int, group: PollGroup = PollGroup.CEX, reason: str = "so it was settled") -> Decision:
    return Decision(group, DecisionKind(kind), choices, reason)
