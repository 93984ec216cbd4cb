"""Who stands before whom, from whatever evidence there is: votes, a person's decision, the source's ranks and lists.

Evidence is weighed pair by pair. Where it says nothing of a pair, or the source's word runs in a circle, the pair stays
open, and each choice has a span of places it may hold. An open place matters only where two places of the span differ
in fate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from registry.governance.outcome import Decision, DecisionKind
from registry.governance.tallies import Tally


@dataclass(frozen=True, slots=True)
class Place:
    """Where a choice stands among those that are counted: somewhere from `first` to `last`, both from 1."""

    tally: Tally
    first: int
    last: int
    open_with: tuple[int, ...]  # indices of those whose order to it is open


@dataclass(frozen=True, slots=True)
class Settled:
    """What a decision settled: by index, whom each choice was put before and behind; nobody where nothing was open."""

    decision: Decision
    before: Mapping[int, Sequence[int]]
    behind: Mapping[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Standings:
    """The order of a poll. `before[i]` has the bit of each position j that the choice at i surely stands before."""

    tallies: tuple[Tally, ...]  # by index
    before: tuple[int, ...]
    settled: tuple[Settled, ...]

    def places(self, counted: Mapping[int, bool | None]) -> dict[int, Place]:
        """By index, among those that *counted* does not map to False; None there: it may count or not."""
        behind_whom = _turned(self.before)
        members = sure = 0
        for spot, tally in enumerate(self.tallies):
            members |= (counted[tally.index] is not False) << spot
            sure |= (counted[tally.index] is True) << spot
        places: dict[int, Place] = {}
        for spot, tally in enumerate(self.tallies):
            if members >> spot & 1:
                open_with = members & ~(self.before[spot] | behind_whom[spot] | 1 << spot)
                places[tally.index] = Place(
                    tally,
                    first=(behind_whom[spot] & sure).bit_count() + 1,
                    last=members.bit_count() - (self.before[spot] & members).bit_count(),
                    open_with=tuple(self.tallies[other].index for other in _bits(open_with)),
                )
        return places

    def in_order(self) -> tuple[Tally, ...]:
        """Best first; those whose order is open, by index."""
        places = self.places({tally.index: True for tally in self.tallies})
        return tuple(
            sorted(self.tallies, key=lambda tally: (places[tally.index].first, places[tally.index].last, tally.index))
        )


def standings(
    tallies: Sequence[Tally], decisions: Sequence[Decision] = (), *, included: Mapping[int, bool | None] | None = None
) -> Standings:
    """The order of *tallies*, whichever order they come in. *included*: what is known of each, by index."""
    by_index = tuple(sorted(tallies, key=lambda tally: tally.index))
    has_votes = any(tally.votes for tally in by_index)
    list_is_all = not has_votes and all(tally.stated_rank is None for tally in by_index)
    known = included or {}
    by_votes = [0] * len(by_index)
    by_word = [0] * len(by_index)
    for spot, tally in enumerate(by_index):
        for other_spot in range(spot + 1, len(by_index)):
            other = by_index[other_spot]
            before, verdict = by_votes, _by_votes(tally, other)
            if not verdict:
                before, verdict = by_word, _by_stated_rank(tally, other)
            verdict = verdict or _by_inclusion(known.get(tally.index), known.get(other.index), tally, other)
            if not verdict and list_is_all:
                verdict = 1  # the source's list is the only evidence
            if verdict > 0:
                before[spot] |= 1 << other_spot
            elif verdict < 0:
                before[other_spot] |= 1 << spot
    order = _joined(by_votes, by_word)
    settled = tuple(_settle(order, by_index, each) for each in decisions if each.kind is DecisionKind.ORDER)
    return Standings(by_index, tuple(order), settled)


def contradicted_ranks(tallies: Sequence[Tally]) -> list[tuple[Tally, Tally]]:
    """Pairs that the source ranks against what their votes say, the one with more votes first."""
    ranked = sorted((tally for tally in tallies if tally.stated_rank is not None), key=lambda tally: tally.index)
    return [
        (more, less)
        for more in ranked
        for less in ranked
        if _by_votes(more, less) > 0 and (more.stated_rank or 0) > (less.stated_rank or 0)
    ]


def _by_votes(one: Tally, other: Tally) -> int:
    """1: *one* surely has more; -1: *other*; 0: open. Two figures that touch where they round are in order."""
    if one.votes is None or other.votes is None or one.votes.value == other.votes.value:
        return 0
    more, less = (one.votes, other.votes) if one.votes.value > other.votes.value else (other.votes, one.votes)
    if more.value - more.margin < less.value + less.margin:
        return 0
    return 1 if more is one.votes else -1


def _by_stated_rank(one: Tally, other: Tally) -> int:
    """By the source's ranks, which exact votes have no need of. A source that ranks some ranks the best."""
    if _both_exact(one, other) or one.stated_rank == other.stated_rank:
        return 0
    if one.stated_rank is not None and other.stated_rank is not None:
        return 1 if one.stated_rank < other.stated_rank else -1
    if one.votes is not None and other.votes is not None:
        return 0
    return 1 if other.stated_rank is None else -1


def _by_inclusion(included: bool | None, other_included: bool | None, one: Tally, other: Tally) -> int:
    """Where votes are missing or rounded: who reached the threshold has more of them than who did not."""
    if _both_exact(one, other) or None in (included, other_included):
        return 0
    return int(bool(included)) - int(bool(other_included))


def _both_exact(one: Tally, other: Tally) -> bool:
    return all(tally.votes is not None and tally.votes.is_exact for tally in (one, other))


def _joined(by_votes: Sequence[int], by_word: Sequence[int]) -> list[int]:
    """The order by both. Where they run in a circle, what the source says is dropped, and votes hold."""
    sure = _closed(by_votes)
    both = _closed([votes | word for votes, word in zip(sure, by_word, strict=True)])
    return [votes | whom & ~by_whom for votes, whom, by_whom in zip(sure, both, _turned(both), strict=True)]


def _settle(before: list[int], tallies: Sequence[Tally], decision: Decision) -> Settled:
    """Puts the pairs that are open into the decided order.

    Neighbours first: what follows from them is no longer open, and no later pair can turn it around.
    """
    spots = {tally.index: spot for spot, tally in enumerate(tallies)}
    order = [spots[index] for index in decision.choices]
    pairs = ((one, other) for gap in range(1, len(order)) for one, other in zip(order, order[gap:], strict=False))
    was_open = [(better, worse) for better, worse in pairs if _is_open(before, better, worse)]
    for better, worse in was_open:
        if _is_open(before, better, worse):
            _put_before(before, better, worse)
    put_before, put_behind = defaultdict(list), defaultdict(list)
    for better, worse in was_open:
        if before[better] >> worse & 1:
            put_before[tallies[better].index].append(tallies[worse].index)
            put_behind[tallies[worse].index].append(tallies[better].index)
    return Settled(decision, put_before, put_behind)


def _is_open(before: Sequence[int], one: int, other: int) -> bool:
    return one != other and not (before[one] >> other | before[other] >> one) & 1


def _put_before(before: list[int], first: int, second: int) -> None:
    """And whoever stands before the first before whoever stands behind the second."""
    behind = before[second] | 1 << second
    for spot, others in enumerate(before):
        if spot == first or others >> first & 1:
            before[spot] |= behind


def _closed(before: Sequence[int]) -> list[int]:
    """Who stands before another stands before all that one stands before."""
    closed = list(before)
    for middle in range(len(closed)):
        for spot in range(len(closed)):
            if closed[spot] >> middle & 1:
                closed[spot] |= closed[middle]
    return closed


def _turned(before: Sequence[int]) -> list[int]:
    """For each, whom it stands behind."""
    behind = [0] * len(before)
    for spot, others in enumerate(before):
        for other in _bits(others):
            behind[other] |= 1 << spot
    return behind


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
