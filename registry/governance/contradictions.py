"""Where the printed record of the epochs contradicts itself, found by computation from what it prints."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import groupby, pairwise

from registry.governance.labels import label_contradictions
from registry.governance.names import name_key
from registry.governance.record import EpochRecord, PollRecord, RecordedChoice, recorded_choices

CHOICE_LIMIT = 20
"""How many choices the voting platform allows in a poll, as stated from epoch 12 on."""
SLIP = 0.75
"""How alike two spellings are that are taken for one name and a slip of the hand."""

SubjectOf = Callable[[str, str, int], str]
"""Of kind, name and epoch: what the name stands for, as a slug."""


@dataclass(frozen=True, slots=True, order=True)
class Contradiction:
    """`poll` is the group of the poll, "" where it is a matter of the epoch. `kind` is a word to sort by."""

    epoch: int
    poll: str
    kind: str
    text: str


def find_contradictions(epochs: Sequence[EpochRecord], subject_of: SubjectOf | None = None) -> list[Contradiction]:
    """All of them, by epoch and poll. Without *subject_of*, names are told apart by their letters and digits alone."""
    names = subject_of or (lambda kind, name, epoch: name_key(name))
    found = [
        Contradiction(epoch.number, poll.group.value, kind, text)
        for epoch in epochs
        for poll in epoch.polls
        for kind, text in _within_poll(epoch, poll)
    ]
    found += [Contradiction(number, "", kind, text) for number, kind, text in label_contradictions(epochs)]
    found += _proposals(epochs)
    found += _between_polls(epochs, names)
    found += _removals(epochs, names)
    found += _quorums(epochs)
    return sorted(found)


def _within_poll(epoch: EpochRecord, poll: PollRecord) -> Iterator[tuple[str, str]]:
    choices = recorded_choices(poll)
    yield from _lists(poll)
    yield from _recap(poll)
    yield from _ranking(poll)
    yield from _allocations(epoch, poll, choices)
    yield from _votes(epoch, poll, choices)
    yield from _versions(poll)
    if len(choices) > CHOICE_LIMIT:
        yield "over_choice_limit", f"{len(choices)} choices, more than the {CHOICE_LIMIT} later stated as the limit."


def _lists(poll: PollRecord) -> Iterator[tuple[str, str]]:
    for title, names in _all_lists(poll):
        if "" in names:
            place = names.index("")
            near = " and ".join(name for name in (*names[max(place - 1, 0) : place], *names[place + 1 : place + 2]))
            yield "empty_choice", f"The {title} has an empty entry, beside {near}."
        for name, count in Counter(names).items():
            if name and count > 1:
                yield "duplicate_choice", f"{name} stands {count} times in the {title}."
    for name in dict.fromkeys(poll.passed):
        if name in poll.failed:
            yield "passed_and_failed", f"{name} stands in both the passed and the failed list."


def _all_lists(poll: PollRecord) -> Iterator[tuple[str, list[str]]]:
    yield "passed list", poll.passed
    yield "failed list", poll.failed
    for title, lists in (("list", poll.tiers), ("list of the recap", poll.recap_tiers)):
        if lists:
            by_label = groupby(lists.labelled(), key=lambda entry: entry[0])
            for label, entries in by_label:
                yield f"{label.capitalize()} {title}", [name for _, name in entries]


def _recap(poll: PollRecord) -> Iterator[tuple[str, str]]:
    """The epochs page against the post that told of the result first."""
    if not poll.tiers or not poll.recap_tiers:
        return
    for label in ("gold", "silver", "bronze", "core", "community"):
        page, recap = getattr(poll.tiers, label), [name for name in getattr(poll.recap_tiers, label) if name]
        here, there = [name_key(name) for name in page], [name_key(name) for name in recap]
        if not recap:
            continue  # the recaps of strategy polls say nothing of the core ones
        if sorted(here) != sorted(there):
            yield "recap_differs", f"{label.capitalize()} holds {_joined(page)}, and {_joined(recap)} in the recap."
        elif here != there:
            yield "order", f"{label.capitalize()} is ordered {_joined(page)}, and {_joined(recap)} in the recap."
        spelled = {name_key(name): name for name in recap}
        for name in page:
            other = spelled.get(name_key(name), name)
            if other != name:
                yield "spelling", f"{name} is spelled {other} in the recap."


def _ranking(poll: PollRecord) -> Iterator[tuple[str, str]]:
    ranked = [row.name for row in sorted(poll.ranking, key=lambda row: row.rank)]
    in_list = [name for name in dict.fromkeys(poll.passed) if name in ranked]
    if ranked and in_list != ranked:
        yield "order", f"The passed list has the ranked ones as {_joined(in_list)}; by rank they are {_joined(ranked)}."
    rows = sorted((row for row in poll.ranking if row.votes), key=lambda row: row.rank)
    for votes, tied in groupby(rows, key=lambda row: row.votes):
        group = list(tied)
        if len(group) > 1:
            shares = {row.share for row in group}
            same = "and equal shares" if len(shares) == 1 else "though other shares"
            names = _joined([row.name for row in group])
            yield "tie", f"{names} have {votes} votes each, {same}, and ranks {group[0].rank}-{group[-1].rank}."


def _allocations(epoch: EpochRecord, poll: PollRecord, choices: Sequence[RecordedChoice]) -> Iterator[tuple[str, str]]:
    pots = sorted((choice for choice in choices if choice.stated_pot is not None), key=lambda one: one.stated_rank or 0)
    amounts = [choice.stated_pot for choice in pots if choice.stated_pot is not None]
    if not amounts:
        return
    if any(later > earlier for earlier, later in pairwise(amounts)):
        listed = " / ".join(f"{choice.name} {choice.stated_pot:,}" for choice in pots)
        yield "allocation_order", f"The allocations do not fall with the rank: {listed}."
    total = sum(amounts, Decimal(0))
    # Each figure is rounded to a whole number.
    if epoch.pool and abs(total - epoch.pool.per_poll) > Decimal(len(amounts)) / 2:
        yield "allocation_sum", f"The allocations add up to {total:,} instead of {epoch.pool.per_poll:,}."


def _votes(epoch: EpochRecord, poll: PollRecord, choices: Sequence[RecordedChoice]) -> Iterator[tuple[str, str]]:
    shares = [choice.stated_share for choice in choices if choice.stated_share is not None]
    missing = Decimal(100) - sum(shares, Decimal(0))
    if shares and abs(missing) > Decimal("0.005") * len(shares):
        yield "partial_shares", f"The shares add up to {Decimal(100) - missing} percent."
    for choice in choices:
        if epoch.threshold and choice.votes and choice.votes.reaches(Decimal(epoch.threshold.hbot)) is None:
            fate = {True: "passed", False: "failed", None: "is open"}[choice.stated_included]
            yield (
                "at_threshold",
                f"{choice.name} {fate} with {choice.stated_votes} printed votes at a threshold of "
                f"{epoch.threshold.hbot:,}: the rounding leaves open whether it was reached.",
            )
    if shares:
        unranked = [one.name for one in choices if one.stated_included is False and one.stated_rank is None]
        if unranked:
            yield "unranked_failed", f"{_joined(unranked)} failed and have no rank; the others have one."


def _versions(poll: PollRecord) -> Iterator[tuple[str, str]]:
    last = EarlierNames(poll.passed, poll.failed)
    versions = [EarlierNames(version.passed, version.failed) for version in poll.earlier_versions]
    revisions = sum(earlier != later for earlier, later in pairwise([*versions, last]))
    if revisions:
        times = "once" if revisions == 1 else "twice" if revisions == 2 else f"{revisions} times"
        yield "revised", f"The lists were corrected {times}: {_joined(_moved(versions[0], last))} passed at first."
    slips = {
        (old, new)
        for version in versions
        for old in version.names - last.names
        for new in last.names - version.names
        if SequenceMatcher(None, name_key(old), name_key(new)).ratio() >= SLIP
    }
    for old, new in sorted(slips):
        yield "spelling", f"{new} is spelled {old} in an earlier version."


@dataclass(frozen=True, slots=True)
class EarlierNames:
    """The two lists of one version."""

    passed: list[str]
    failed: list[str]

    @property
    def names(self) -> set[str]:
        return {*self.passed, *self.failed}


def _moved(first: EarlierNames, last: EarlierNames) -> list[str]:
    """Those that passed at first and do not in the last version, by the spelling of the first."""
    return [name for name in first.passed if name not in last.passed]


def _proposals(epochs: Sequence[EpochRecord]) -> Iterator[Contradiction]:
    uses: dict[tuple[str, str], tuple[int, str]] = {}  # proposal and vote: where they stand first
    for epoch in epochs:
        for change in epoch.governance_changes:
            uses.setdefault((change.proposal, change.snapshot_id), (epoch.number, ""))
        for poll in epoch.polls:
            uses.setdefault((poll.proposal or "", poll.snapshot_id), (epoch.number, poll.group.value))
    votes, numbers = defaultdict(list), defaultdict(list)
    for (proposal, vote), place in uses.items():
        votes[vote].append((proposal, place))
        if proposal:
            numbers[proposal].append((vote, place))
    for vote, named in votes.items():
        if len(named) > 1:
            names = _joined([f"{proposal or 'a poll'} (epoch {number})" for proposal, (number, _) in named])
            for _, (number, group) in named:
                yield Contradiction(number, group, "link_mismatch", f"{names} link the same vote, {vote[:10]}….")
    for proposal, given in numbers.items():
        if len(given) > 1:
            what = _joined([f"{group or 'a change of the rules'} in epoch {number}" for _, (number, group) in given])
            for _, (number, group) in given:
                yield Contradiction(number, group, "proposal_number_reused", f"{proposal} names {what}.")


def _between_polls(epochs: Sequence[EpochRecord], subject_of: SubjectOf) -> Iterator[Contradiction]:
    polls: dict[str, list[tuple[int, PollRecord]]] = defaultdict(list)
    for epoch in epochs:
        for poll in epoch.polls:
            polls[poll.group.value].append((epoch.number, poll))
    for group, held in polls.items():
        for (before, earlier), (number, poll) in pairwise(held):
            yield from _repeated_figures(before, earlier, number, poll)
        for (before, earlier), (number, poll), (after, later) in zip(held, held[1:], held[2:], strict=False):
            kind = poll.group.subject_kind.value
            here = {subject_of(kind, choice.name, number) for choice in recorded_choices(poll)}
            passed = [(subject_of(kind, name, before), name) for name in _passed(earlier)]
            again = {subject_of(kind, name, after) for name in _passed(later)}
            if gone := sorted(name for slug, name in passed if slug not in here and slug in again):
                text = f"In neither list, though they passed in epochs {before} and {after}: {_joined(gone)}."
                yield Contradiction(number, group, "missing_choice", text)


def _passed(poll: PollRecord) -> list[str]:
    return [choice.name for choice in recorded_choices(poll) if choice.stated_included]


def _repeated_figures(before: int, earlier: PollRecord, number: int, poll: PollRecord) -> Iterator[Contradiction]:
    old = {row.allocation for row in earlier.ranking if row.allocation}
    same = [row.allocation for row in poll.ranking if row.allocation in old and row.allocation]
    if same:
        text = f"Of {len(poll.ranking)} allocations, as in epoch {before}: {' / '.join(same)}."
        yield Contradiction(number, poll.group.value, "allocation_repeated", text)


def _removals(epochs: Sequence[EpochRecord], subject_of: SubjectOf) -> Iterator[Contradiction]:
    taken_out: dict[tuple[str, str], tuple[int, str, str]] = {}
    for epoch in epochs:
        for removal in epoch.removals:
            kind = removal.group.subject_kind.value
            key = (kind, subject_of(kind, removal.name, epoch.number))
            if key in taken_out:
                before, name, release = taken_out[key]
                text = (
                    f"{removal.name} is taken out in release {removal.release}, and was ({name}) in {release} already, "
                    f"after epoch {before}."
                )
                yield Contradiction(epoch.number, removal.group.value, "removed_twice", text)
            taken_out[key] = (epoch.number, removal.name, removal.release)


def _quorums(epochs: Sequence[EpochRecord]) -> Iterator[Contradiction]:
    polls = [(epoch.number, poll) for epoch in epochs for poll in epoch.polls]
    stated = [(number, poll) for number, poll in polls if poll.quorum]
    if len(stated) == 1 and len(polls) > 1:
        ((number, poll),) = stated
        text = f"A quorum figure ({poll.quorum}) is printed for one poll only, of {len(polls)}."
        yield Contradiction(number, poll.group.value, "quorum_once", text)


def _joined(names: Iterable[str]) -> str:
    """A, B and C."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
