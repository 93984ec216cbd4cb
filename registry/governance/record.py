"""The printed record of an epoch: what its pages say, as they say it, and the poll results that can be read from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from registry.choices import PollGroup, Voting
from registry.governance.names import name_key
from registry.governance.printed import printed_votes
from registry.governance.tallies import PollResult, Tally, Votes

# The `title` of each is how a refusal names what was expected.
Words = Annotated[
    str, Meta(title="words on one line (200 characters at most)", pattern=r"^\S+( +\S+)*\Z", max_length=200)
]
Name = Annotated[
    str, Meta(title="words on one line (120 characters at most)", pattern=r"^\S+( +\S+)*\Z", max_length=120)
]
Link = Annotated[
    str, Meta(title="an https address (500 characters at most)", pattern=r"^https://\S+\Z", max_length=500)
]
VoteId = Annotated[str, Meta(title="0x and 64 hex digits", pattern=r"^0x[0-9a-f]{64}\Z")]
Text = Annotated[str, Meta(title="some text", pattern=r"\S")]
PERCENT = re.compile(r"(\d+(?:\.\d+)?)%", re.ASCII)
# As printed means as printed: a list may name one thing twice, and even hold an empty entry.
Printed = Annotated[list[str], Meta(title="a list of names, as printed")]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping in a file of the record. A field with no default is a key that must be there."""


class Dates(Part, frozen=True, kw_only=True):
    starts: Words
    ends: Words
    source: Words


class Recap(Part, frozen=True, kw_only=True):
    path: Words
    date: date
    source: Words


class Threshold(Part, frozen=True, kw_only=True):
    hbot: int
    source: Words


class Budgets(Part, frozen=True, kw_only=True):
    gold: int
    silver: int
    source: Words


class Pool(Part, frozen=True, kw_only=True):
    """HBOT that each poll shared out; `receiving` and `cap` are null where no such limit is printed."""

    per_poll: int
    source: Words
    receiving: int | None = None
    cap: int | None = None


class Distribution(Part, frozen=True, kw_only=True):
    quarters: Words
    hbot_distributed: int
    distributions: int
    average_hbot: int
    unique_wallets: int
    source: Words


class GovernanceChange(Part, frozen=True, kw_only=True):
    proposal: Words
    url: Link
    snapshot_id: VoteId


class TierLists(Part, frozen=True, kw_only=True):
    gold: Printed = []
    silver: Printed = []
    bronze: Printed = []
    core: Printed = []
    community: Printed = []

    def labelled(self) -> Iterator[tuple[str, str]]:
        """Tier and name, from the best tier down, in the printed order."""
        for label in ("gold", "silver", "bronze", "core", "community"):
            for name in getattr(self, label):
                yield label, name


class RankRow(Part, frozen=True, kw_only=True):
    rank: int
    name: Name
    votes: Words | None = None
    share: Words | None = None
    allocation: Words | None = None


class Reading(Part, frozen=True, kw_only=True):
    """An entry of a list that says more than a name."""

    printed: Words
    name: Name
    votes: Words


class EarlierVersion(Part, frozen=True, kw_only=True):
    source: Words
    passed: Printed
    failed: Printed


class PollRecord(Part, frozen=True, kw_only=True):
    group: PollGroup
    heading: Words
    source: Words
    url: Link
    snapshot_id: VoteId
    proposal: Words | None = None
    voting: Voting | None = None
    voters: int | None = None
    total_votes: Words | None = None
    quorum: Words | None = None
    facts_source: Words | None = None
    tiers: TierLists | None = None
    recap_tiers: TierLists | None = None
    rank_columns: Printed = []
    ranking: list[RankRow] = []
    allocation_source: Words | None = None
    passed: Printed = []
    failed: Printed = []
    read_as: list[Reading] = []
    earlier_versions: list[EarlierVersion] = []


class Settled(Part, frozen=True, kw_only=True):
    """What the record leaves open and a person settled for the load, with the reason."""

    group: PollGroup
    kind: Words
    names: list[Name]
    reason: Text


class Removal(Part, frozen=True, kw_only=True):
    """What a release note says was taken out after a poll."""

    name: Name
    group: PollGroup
    pull_request: Link | None
    release: Words
    source: Words


class EpochRecord(Part, frozen=True, kw_only=True):
    """One epoch. `effective_from` is when its result takes effect here, and `dated_by` says on what that rests."""

    number: int
    label: Words
    source: Words
    tiers_in_force: bool
    dates: Dates | None = None
    effective_from: date | None = None
    dated_by: Text | None = None
    recap: Recap | None = None
    threshold: Threshold | None = None
    budgets: Budgets | None = None
    pool: Pool | None = None
    goal: Words | None = None
    distribution: Distribution | None = None
    governance_changes: list[GovernanceChange] = []
    polls: list[PollRecord] = []
    decisions: list[Settled] = []
    removals: list[Removal] = []

    def removals_of(self, group: PollGroup) -> tuple[Removal, ...]:
        return tuple(removal for removal in self.removals if removal.group == group)


@dataclass(frozen=True, slots=True)
class RecordedChoice:
    """One choice of a printed poll; every `stated_` is the record's own word, and None or "" where it has none."""

    index: int
    name: str
    votes: Votes | None = None
    stated_votes: str = ""
    stated_rank: int | None = None
    stated_share: Decimal | None = None
    stated_tier: str = ""
    stated_included: bool | None = None
    stated_pot: Decimal | None = None


def recorded_choices(poll: PollRecord, removals: Iterable[Removal] = ()) -> tuple[RecordedChoice, ...]:
    """The choices in printed order: tier lists from the best down, or passed and then failed; each name once.

    A name in both lists has None as `stated_included`. Last come those that a release note says were voted out while
    no list names them. Places in tier lists are no ranks: two printings order them differently.
    """
    rows = {row.name: row for row in poll.ranking}
    readings = {reading.printed: reading for reading in poll.read_as}
    found: dict[str, RecordedChoice] = {}

    def note(printed: str, *, included: bool, tier: str = "") -> None:
        reading = readings.get(printed)
        name = reading.name if reading else printed
        seen = found.get(name)
        if seen is not None:
            if seen.stated_included != included:
                found[name] = replace(seen, stated_included=None)
            return
        choice = RecordedChoice(len(found) + 1, name, stated_tier=tier, stated_included=included)
        if reading:
            choice = replace(choice, stated_votes=reading.votes, votes=printed_votes(reading.votes))
        found[name] = _with_row(choice, rows[name]) if name in rows else choice

    for label, name in poll.tiers.labelled() if poll.tiers else ():
        note(name, included=True, tier=label)
    for name in poll.passed:
        note(name, included=True)
    for name in poll.failed:
        note(name, included=False)
    for removal in _unlisted(found, removals):
        note(removal.name, included=False)
    return tuple(found.values())


def recorded_result(poll: PollRecord, removals: Iterable[Removal] = ()) -> PollResult:
    """The poll as it is evaluated."""
    return PollResult(
        group=poll.group,
        tallies=tuple(
            Tally(choice.index, choice.name, choice.votes, choice.stated_rank, choice.stated_included)
            for choice in recorded_choices(poll, removals)
        ),
        voting=poll.voting,
        total=printed_votes(poll.total_votes) if poll.total_votes else None,
    )


def reading_notes(poll: PollRecord, removals: Iterable[Removal] = ()) -> list[str]:
    """What was made of the lists where they do not read as plain lists, in sentences."""
    notes = [
        f"{name} stands more than once in the passed list: it is one choice here."
        for name in dict.fromkeys(poll.passed)
        if poll.passed.count(name) > 1
    ]
    notes += [
        f"{name} stands in both the passed and the failed list: which of the two holds is not known."
        for name in dict.fromkeys(poll.passed)
        if name in poll.failed
    ]
    notes += [f"“{reading.printed}” is read as {reading.name} with {reading.votes} votes." for reading in poll.read_as]
    listed = {choice.name for choice in recorded_choices(poll)}
    notes += [
        f"{removal.name} stands in no printed list of this poll; release {removal.release} took it out as voted out."
        for removal in _unlisted(listed, removals)
    ]
    return notes


def _with_row(choice: RecordedChoice, row: RankRow) -> RecordedChoice:
    return replace(
        choice,
        votes=printed_votes(row.votes) if row.votes else choice.votes,
        stated_votes=row.votes or choice.stated_votes,
        stated_rank=row.rank,
        stated_share=printed_percent(row.share) if row.share else None,
        stated_pot=printed_votes(row.allocation).value if row.allocation else None,
    )


def _unlisted(listed: Iterable[str], removals: Iterable[Removal]) -> Sequence[Removal]:
    keys = {name_key(name) for name in listed}
    return [removal for removal in removals if name_key(removal.name) not in keys]


def printed_percent(text: str) -> Decimal:
    """ "11.24%" -> 11.24. Raises ValueError naming the text."""
    match = PERCENT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a percentage such as 11.24%, got {text!r}")
    return Decimal(match[1])


def printed_day(text: str) -> date:
    """Of "January 1, 2023" or "Feb 1, 2022". Raises ValueError naming the text."""
    for shape in ("%B %d, %Y", "%b %d, %Y"):
        try:
            return datetime.strptime(text, shape).date()  # noqa: DTZ007  a day, not a moment
        except ValueError:
            continue
    raise ValueError(f"expected a day such as January 1, 2023, got {text!r}")
