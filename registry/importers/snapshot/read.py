"""A poll out of the bytes of a Snapshot answer, or every reason why they are not the result of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any

from registry.choices import PollGroup, PollSource, Voting
from registry.governance.canonical import decimal_text
from registry.governance.links import SPACE, parse_vote_id, proposal_url
from registry.governance.tallies import PollResult, Tally, Votes
from registry.importers.imported import (
    MAX_TITLE,
    ImportedPoll,
    ImportRefused,
    decoded,
    problems_of_names,
    quoted,
    shortened,
)
from registry.importers.recount import agree, sum_of
from registry.importers.snapshot.fields import Fields, Malformed, number_of, strict_json
from registry.importers.snapshot.votes import problems_of_votes
from registry.printable import is_printable


@dataclass(slots=True)
class _Scores:
    """What the poll's choices received; usable where no problem was found."""

    names: list[str]
    values: list[Decimal]
    total: Decimal

    @property
    def tallies(self) -> tuple[Tally, ...]:
        of_choices = zip(self.names, self.values, strict=True)
        return tuple(Tally(index, name, Votes(score)) for index, (name, score) in enumerate(of_choices, start=1))


def read_snapshot(
    content: bytes, *, group: PollGroup, origin: str, source: PollSource = PollSource.SNAPSHOT_FILE
) -> ImportedPoll:
    """The poll in {"data": {"proposal": {…}, "votes": […]}}, or in a list of such answers that share out the votes.

    The votes may be left out; where they are given, the totals are recomputed from them. Fields that are not known
    here are left alone. Raises ImportRefused with all that is wrong.
    """
    proposal, votes = _opened(content, origin=origin)
    problems: list[str] = []
    fields = Fields(proposal, problems, of="proposal")
    vote_id = _vote_id(fields, problems)
    space = fields.fields("space").text("id").lower()
    if space and not SPACE.fullmatch(space):
        problems.append(f"proposal.space.id: {quoted(space)} is no name of a space such as hbot.eth.")
    title = fields.text("title")
    opened_at, closed_at = _times(fields, problems)
    voting = _voting(fields, problems)
    voters = fields.count("votes")
    quorum = fields.number("quorum", required=False)
    scores = _scores(fields, voting, problems)
    if not problems and votes is not None and voting is not None:
        problems += problems_of_votes(
            votes,
            voting=voting,
            names=scores.names,
            scores=scores.values,
            scores_total=scores.total,
            voters=voters,
            vote_id=vote_id,
        )
    if problems or closed_at is None:
        raise ImportRefused(problems, origin=origin)
    return ImportedPoll(
        result=PollResult(group=group, tallies=scores.tallies, voting=voting, total=Votes(scores.total)),
        source=source,
        content=content,
        origin=origin,
        title=" ".join(title.split())[:MAX_TITLE],
        snapshot_id=vote_id,
        space=space,
        url=proposal_url(space, vote_id),
        opened_at=opened_at,
        closed_at=closed_at,
        voters=voters,
        quorum=quorum,
        recounted=votes is not None,
        warnings=tuple(_warnings(fields, scores.total, quorum)),
    )


def _opened(content: bytes, *, origin: str) -> tuple[dict[str, Any], list[Any] | None]:
    """The proposal, and the votes of all answers; None where none holds any."""
    try:
        document = strict_json(decoded(content, origin=origin))
        answers = document if isinstance(document, list) else [document]
        return _proposal_of(answers), _votes_of(answers)
    except Malformed as error:
        raise ImportRefused([str(error)], origin=origin) from error


def _proposal_of(answers: Sequence[Any]) -> dict[str, Any]:
    proposals = []
    for answer in answers:
        if not isinstance(answer, dict):
            raise Malformed('It is no answer of Snapshot\'s, which reads {"data": {"proposal": {…}}}.')
        if errors := answer.get("errors"):
            raise Malformed(f"Snapshot answered with an error: {quoted(_error_text(errors), at_most=200)}.")
        data = answer.get("data")
        if not isinstance(data, dict):
            raise Malformed('It holds no "data" object: save the whole answer, as Snapshot sent it.')
        if "proposal" in data:
            proposals.append(data["proposal"])
    if not proposals:
        raise Malformed('It holds no proposal: query proposal(id: "0x…") and save the whole answer.')
    if any(other != proposals[0] for other in proposals[1:]):
        raise Malformed("It holds answers with different proposals: import one poll at a time.")
    if proposals[0] is None:
        raise Malformed("The proposal is null: Snapshot knows no vote of this id.")
    if not isinstance(proposals[0], dict):
        raise Malformed("The proposal is no object.")
    return proposals[0]


def _votes_of(answers: Sequence[dict[str, Any]]) -> list[Any] | None:
    """Pages overlap where several votes were cast within a second: what was read already is not read again."""
    pages: list[list[Any]] = []
    for answer in answers:
        page = answer["data"].get("votes")
        if page is None:
            continue
        if not isinstance(page, list):
            raise Malformed("The votes are no list.")
        pages.append(page)
    if len(pages) < 2:
        return pages[0] if pages else None
    votes: dict[str, Any] = {}
    for vote in chain.from_iterable(pages):
        vote_id = vote.get("id") if isinstance(vote, dict) else None
        if not isinstance(vote_id, str):
            raise Malformed("A vote without an id cannot be told from those of another page.")
        if votes.setdefault(vote_id, vote) != vote:
            raise Malformed(f"Vote {quoted(vote_id)} differs from one page to another: fetch them again.")
    return list(votes.values())


def _error_text(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) else errors
    return str(first.get("message", first)) if isinstance(first, dict) else str(first)


def _vote_id(fields: Fields, problems: list[str]) -> str:
    text = fields.text("id")
    try:
        return parse_vote_id(text) if text else ""
    except ValueError as error:
        problems.append(f"proposal.id: {error}.")
        return ""


def _times(fields: Fields, problems: list[str]) -> tuple[datetime | None, datetime | None]:
    """Also holds the poll's state against what a result must be."""
    state = fields.text("state")
    if state and state != "closed":
        problems.append(f"The poll is not closed: its state is {quoted(state)}. Import it once it is.")
    scores_state = fields.text("scores_state")
    if scores_state and scores_state != "final":
        problems.append(
            f"The scores are not final: scores_state is {quoted(scores_state)}. Snapshot is still counting; try later."
        )
    opened_at, closed_at = fields.time("start"), fields.time("end")
    if opened_at and closed_at and opened_at >= closed_at:
        problems.append(f"It closed at {closed_at:%Y-%m-%d %H:%M} UTC, before it opened.")
    return opened_at, closed_at


def _voting(fields: Fields, problems: list[str]) -> Voting | None:
    text = fields.text("type")
    if not text:
        return None
    if text in Voting.values:
        return Voting(text)
    problems.append(f"proposal.type: polls of the type {quoted(text)} are not read; known: {', '.join(Voting.values)}.")
    return None


def _scores(fields: Fields, voting: Voting | None, problems: list[str]) -> _Scores:
    before = len(problems)
    choices, scores = fields.items("choices"), fields.items("scores")
    total = fields.number("scores_total") or Decimal(0)
    if not all(isinstance(name, str) for name in choices):
        problems.append("proposal.choices holds something that is no text.")
        return _Scores([], [], total)
    names = [" ".join(name.split()) if is_printable(name) else name for name in choices]
    if fields.is_list("choices"):
        problems += problems_of_names(names)
    values, faults = [], []
    for index, score in enumerate(scores, start=1):
        try:
            values.append(number_of(score))
        except Malformed as error:
            faults.append(f"proposal.scores: the score of choice {index} is {error}.")
    problems += shortened(faults)
    if fields.is_list("choices") and fields.is_list("scores") and len(choices) != len(scores):
        problems.append(f"There are {len(choices):,} choices and {len(scores):,} scores; each choice has one.")
    if len(problems) == before:
        problems += _sums_that_disagree(values, total, voting)
    return _Scores(names, values, total)


def _sums_that_disagree(scores: Sequence[Decimal], total: Decimal, voting: Voting | None) -> list[str]:
    """In approval voting each approved choice gets a voter's whole power, so that scores add up to more than voted."""
    together = sum_of(scores)
    if voting is Voting.APPROVAL:
        largest = max(scores, default=Decimal(0))
        if largest <= total or agree(largest, total, whole=total):
            return []
        return [f"A choice has {decimal_text(largest)}, and scores_total says that {decimal_text(total)} voted."]
    if agree(together, total, whole=total):
        return []
    return [
        f"The scores add up to {decimal_text(together)}, and scores_total says {decimal_text(total)}: "
        "the answer is damaged or was edited. Fetch it again."
    ]


def _warnings(fields: Fields, total: Decimal, quorum: Decimal | None) -> list[str]:
    warnings = []
    if not total:
        warnings.append("Nobody voted: every choice has 0 votes.")
    if fields.is_true("flagged"):
        warnings.append("Snapshot flags this proposal as malicious or spam.")
    if quorum and total < quorum:
        warnings.append(f"Its quorum was missed: {decimal_text(total)} of {decimal_text(quorum)} votes.")
    return warnings
