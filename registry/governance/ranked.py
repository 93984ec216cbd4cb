"""A poll with all that was found out about it: who is in, who stands where, which band holds whom, who shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from registry.governance.cuts import Cut, band_at, band_cuts, divided, pool_cuts, slot_cuts
from registry.governance.inclusion import Inclusion
from registry.governance.policy_schema import Band, PolicyDocument, RankAmong
from registry.governance.ranking import Place, Settled, Standings
from registry.governance.tallies import PollResult, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """On the way from a result to its outcome. What is looked up by a number is looked up by the choice's index."""

    result: PollResult
    policy: PolicyDocument
    found: Mapping[int, Inclusion]
    order: tuple[Tally, ...]  # best first
    places: Mapping[int, Place]  # of those that are counted
    all_places: Mapping[int, Place]
    open_bands: Mapping[int, Cut]  # by which line a fate is open
    open_pool: Mapping[int, Cut]
    open_slots: Mapping[int, Cut]
    settled: tuple[Settled, ...]
    names: Mapping[int, str]
    ranks: Mapping[int, int]
    held: Mapping[int, tuple[int, Band]]  # the band of each that is in and whose place is clear, and the band's place
    lowest: Mapping[int, Decimal]  # votes of the lowest in each band, by the band's place in the document
    sharers: tuple[Tally, ...]  # of the pool, best first


def ranked_poll(
    result: PollResult, policy: PolicyDocument, found: Mapping[int, Inclusion], standing: Standings
) -> Ranked:
    every = {tally.index: True for tally in result.tallies}
    counted: dict[int, bool | None] = dict(every)
    if policy.rank_among is RankAmong.ELIGIBLE:
        # Who is left as it is holds no place; who waits for a decision may come to hold one.
        counted = {index: None if each.question else bool(each.included) for index, each in found.items()}
    order, places, all_places = standing.in_order(), standing.places(counted), standing.places(every)
    open_bands = divided(band_cuts(policy, result.group), places.values())
    open_pool = divided(pool_cuts(policy), places.values())
    inside = [tally for tally in order if found[tally.index].included is True]
    bands = policy.bands_of(result.group)
    held = {
        tally.index: band
        for tally in inside
        if tally.index not in open_bands and (band := band_at(bands, places[tally.index].first))
    }
    top = policy.pool.top if policy.pool else None
    return Ranked(
        result=result,
        policy=policy,
        found=found,
        order=order,
        places=places,
        all_places=all_places,
        open_bands=open_bands,
        open_pool=open_pool,
        open_slots=divided(slot_cuts(policy, len(order)), all_places.values()),
        settled=standing.settled,
        names={tally.index: tally.name for tally in order},
        ranks=_ranks(order, places, found),
        held=held,
        lowest=_lowest(inside, held),
        sharers=tuple(
            tally
            for tally in inside
            if tally.index not in open_pool and (top is None or places[tally.index].first <= top)
        ),
    )


def _ranks(order: tuple[Tally, ...], places: Mapping[int, Place], found: Mapping[int, Inclusion]) -> dict[int, int]:
    """Among those that are counted; none for whom only a place in a list speaks, where more speaks for others."""
    only_a_list = all(tally.votes is None and tally.stated_rank is None for tally in order)
    ranks = {}
    for rank, tally in enumerate((tally for tally in order if tally.index in places), start=1):
        has_more = tally.votes is not None or tally.stated_rank is not None
        if has_more or (only_a_list and found[tally.index].included):
            ranks[tally.index] = rank
    return ranks


def _lowest(inside: list[Tally], held: Mapping[int, tuple[int, Band]]) -> dict[int, Decimal]:
    lowest: dict[int, Decimal] = {}
    for tally in inside:
        if tally.votes and tally.index in held:
            place = held[tally.index][0]
            lowest[place] = min(tally.votes.value, lowest.get(place, tally.votes.value))
    return lowest
