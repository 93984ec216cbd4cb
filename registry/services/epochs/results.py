"""A poll's rows as the value that rules are evaluated on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from registry.choices import PollGroup, ProposalAction, Voting
from registry.governance.canonical import digest
from registry.governance.tallies import PollResult, Tally, Votes
from registry.governance.wording import number_text
from registry.models import Choice, Poll


def poll_result(poll: Poll) -> PollResult:
    """The result as it stands in the rows; prefetch `choices` where many polls are read."""
    choices = sorted(poll.choices.all(), key=lambda choice: choice.index)
    return PollResult(
        group=PollGroup(poll.group),
        tallies=tuple(_tally(choice) for choice in choices),
        voting=Voting(poll.voting) if poll.voting else None,
        total=None if poll.total_votes is None else Votes(poll.total_votes, poll.total_votes_margin),
        action=ProposalAction(poll.action) if poll.action else None,
    )


def result_digest(result: PollResult) -> str:
    """Over everything that an evaluation reads: equal for equal results, whatever bytes they came in."""
    return digest(
        {
            "group": result.group.value,
            "voting": result.voting.value if result.voting else None,
            "total": _plain(result.total),
            "action": result.action.value if result.action else None,
            "tallies": [
                [tally.index, tally.name, _plain(tally.votes), tally.stated_rank, tally.stated_included]
                for tally in result.tallies
            ],
        }
    )


def differing_lines(old: PollResult, new: PollResult) -> list[str]:
    """What *new* says otherwise than *old*, one sentence each; empty where they say the same."""
    lines = []
    if old.voting != new.voting:
        lines.append(f"Voting: {old.voting or 'not known'}, now {new.voting or 'not known'}.")
    if old.total != new.total:
        lines.append(f"Total: {votes_text(old.total)}, now {votes_text(new.total)}.")
    before, after = {tally.index: tally for tally in old.tallies}, {tally.index: tally for tally in new.tallies}
    for index in sorted(before.keys() | after.keys()):
        lines += _differing(before.get(index), after.get(index))
    return lines


def votes_text(votes: Votes | None) -> str:
    """To the last digit, since it is what differs; about, where the source rounds: 740,200; about 8,500,000."""
    if votes is None:
        return "not stated"
    text = number_text(votes.value)
    return text if votes.is_exact else f"about {text}"


def _differing(old: Tally | None, new: Tally | None) -> Iterable[str]:
    if old is None and new is not None:
        yield f"Choice {new.index}, {new.name}, is new with {votes_text(new.votes)} votes."
    elif new is None and old is not None:
        yield f"Choice {old.index}, {old.name}, is gone; it had {votes_text(old.votes)} votes."
    elif old is not None and new is not None:
        if old.name != new.name:
            yield f"Choice {old.index}: {old.name}, now {new.name}."
        if old.votes != new.votes:
            yield f"Choice {old.index}, {new.name}: {votes_text(old.votes)} votes, now {votes_text(new.votes)}."
        if (old.stated_rank, old.stated_included) != (new.stated_rank, new.stated_included):
            yield f"Choice {old.index}, {new.name}: rank or inclusion is stated otherwise."


def _tally(choice: Choice) -> Tally:
    votes = None if choice.votes is None else Votes(choice.votes, choice.votes_margin)
    return Tally(choice.index, choice.name, votes, choice.stated_rank, choice.stated_included)


def _plain(votes: Votes | None) -> Any:
    return None if votes is None else [votes.value, votes.margin]
