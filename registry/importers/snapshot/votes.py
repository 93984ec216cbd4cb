"""The votes of a Snapshot answer: read, and held against the totals that stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from registry.choices import Voting
from registry.governance.canonical import decimal_text
from registry.importers.imported import quoted, shortened
from registry.importers.recount import Ballot, agree, recount, sum_of
from registry.importers.snapshot.fields import Malformed, number_of

SPREAD = frozenset({Voting.WEIGHTED, Voting.QUADRATIC})


def problems_of_votes(
    votes: Sequence[Any],
    *,
    voting: Voting,
    names: Sequence[str],
    scores: Sequence[Decimal],
    scores_total: Decimal,
    voters: int | None,
    vote_id: str,
) -> list[str]:
    """Why these votes do not show that the poll's *scores* are right; empty if they do."""
    if voters is not None and len(votes) < voters:
        return [
            f"It holds {len(votes):,} of {voters:,} votes, and a recount needs all of them: fetch the rest by cursor "
            "(votes ordered by created, created_gte the last one's), or leave the votes out."
        ]
    problems: list[str] = []
    ballots: list[Ballot] = []
    seen: set[str] = set()
    for position, vote in enumerate(votes, start=1):
        try:
            ballots.append(_ballot(vote, voting=voting, choices=len(names), vote_id=vote_id, seen=seen))
        except Malformed as error:
            problems.append(f"Vote {position} {error}.")
    if voters is not None and len(votes) > voters:
        problems.append(f"It holds {len(votes):,} votes, and the poll says that {voters:,} were cast.")
    if problems:
        return shortened(problems)
    return shortened(_differences(ballots, voting, names, scores, scores_total))


def _differences(
    ballots: Sequence[Ballot], voting: Voting, names: Sequence[str], scores: Sequence[Decimal], scores_total: Decimal
) -> list[str]:
    problems = []
    cast = sum_of(ballot.power for ballot in ballots)
    if not agree(cast, scores_total, whole=scores_total):
        problems.append(
            f"The votes carry {decimal_text(cast)} in all, and scores_total says {decimal_text(scores_total)}."
        )
    counted = recount(ballots, voting, len(names))
    problems += [
        f"Choice {index}, {quoted(name)}: the votes add up to {_short(total)}, and scores says {decimal_text(score)}."
        for index, (name, total, score) in enumerate(zip(names, counted, scores, strict=True), start=1)
        if not agree(total, score, whole=scores_total)
    ]
    return problems


def _ballot(vote: Any, *, voting: Voting, choices: int, vote_id: str, seen: set[str]) -> Ballot:
    """One vote. Raises Malformed with the rest of a sentence that begins with "Vote 7"."""
    if not isinstance(vote, dict):
        raise Malformed("is no object")
    for key, a_key in (("id", "an id"), ("voter", "a voter")):
        if (name := vote.get(key)) is None:
            continue
        if not isinstance(name, str):
            raise Malformed(f"has {a_key} that is no text")
        if f"{key} {name.lower()}" in seen:
            raise Malformed(f"has the same {key} as an earlier one: {quoted(name)}")
        seen.add(f"{key} {name.lower()}")
    proposal = vote.get("proposal")
    belongs_to = proposal.get("id") if isinstance(proposal, dict) else proposal
    if isinstance(belongs_to, str) and belongs_to.lower() != vote_id:
        raise Malformed(f"belongs to another proposal, {quoted(belongs_to)}")
    if vote.get("vp_state") not in (None, "final"):  # a tuple: it may be anything, also what no set can hold
        raise Malformed(f"has a voting power that is not final: vp_state is {quoted(str(vote['vp_state']))}")
    try:
        power = number_of(vote.get("vp"))
    except Malformed as error:
        raise Malformed(f"has a voting power (vp) that is {error}") from error
    return Ballot(power=power, weights=_weights(vote.get("choice"), voting=voting, choices=choices))


def _weights(choice: Any, *, voting: Voting, choices: int) -> dict[int, Decimal]:
    if voting in SPREAD:
        if not isinstance(choice, dict):
            raise Malformed('has a choice that is no map from index to weight, such as {"1": 40, "3": 60}')
        return _spread(choice, choices)
    if voting is Voting.APPROVAL:
        if not isinstance(choice, list):
            raise Malformed("has a choice that is no list of indexes, such as [1, 3]")
        indexes = [_index(item, choices) for item in choice]
        if len(set(indexes)) < len(indexes):
            raise Malformed("names one choice twice")
        return dict.fromkeys(indexes, Decimal(1))
    return {_index(choice, choices): Decimal(1)}


def _spread(choice: dict[str, Any], choices: int) -> dict[int, Decimal]:
    weights: dict[int, Decimal] = {}
    for key, value in choice.items():
        index = _index(int(key) if key.isascii() and key.isdigit() and len(key) < 6 else key, choices)
        if index in weights:
            raise Malformed(f"names choice {index} twice")
        try:
            weights[index] = number_of(value)
        except Malformed as error:
            raise Malformed(f"gives choice {index} a weight that is {error}") from error
    if not any(weights.values()):
        raise Malformed("gives no choice any weight")
    return weights


def _index(value: Any, choices: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed(f"names choice {quoted(str(value))}, and choices are numbered from 1")
    if not 1 <= value <= choices:
        raise Malformed(f"names choice {value}, and the poll has choices 1 to {choices}")
    return value


def _short(number: Decimal) -> str:
    return decimal_text(round(number, 6))
