"""A poll of many choices under a policy: inclusion first, then ranks, bands, pots and slots, in this order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from registry.governance.cuts import (
    band_cuts,
    pool_cuts,
    slot_cuts,
    slot_drop,
    tie_questions,
)
from registry.governance.inclusion import Inclusion, Threshold, inclusion_questions, inclusions
from registry.governance.outcome import ChoiceOutcome, Decision, PollOutcome, Question, Step
from registry.governance.policy_schema import Band, PolicyDocument
from registry.governance.pots import Part, pool_parts
from registry.governance.ranked import Ranked, ranked_poll
from registry.governance.ranking import Standings, contradicted_ranks, standings
from registry.governance.tallies import PollResult, Tally
from registry.governance.turnout import Turnout, mismatch_warnings, quorum_warning, turnout
from registry.governance.wording import listed, number_text, votes_text

MOST_PAIRS = 10
"""That are told one by one: of a thousand choices ranked the wrong way round there are half a million."""


def evaluate_ranked(
    result: PollResult, policy: PolicyDocument, decisions: Sequence[Decision], *, held_under: PolicyDocument
) -> PollOutcome:
    found = inclusions(result.tallies, Threshold(policy.threshold, held_under.threshold), decisions)
    standing = standings(result.tallies, decisions, included={index: each.included for index, each in found.items()})
    ranked = ranked_poll(result, policy, found, standing)
    turned_out = turnout(result)
    parts, pool_note = _parts(ranked)
    quorum = Decimal(policy.quorum.votes) if policy.quorum else None
    return PollOutcome(
        group=result.group,
        policy=str(policy),
        choices=tuple(_outcome(tally, ranked, turned_out, parts) for tally in ranked.order),
        questions=tuple(_questions(ranked)),
        warnings=(
            *mismatch_warnings(result, policy),
            *filter(None, [quorum_warning(turned_out, quorum, policy)]),
            *_source_warnings(ranked, turned_out),
            *_unused(decisions, found, standing),
            *filter(None, [pool_note]),
        ),
        quorum_reached=None if quorum is None else turned_out.reaches(quorum),
        total=turned_out.total,
    )


def _questions(ranked: Ranked) -> list[Question]:
    """Each once, though a tie may lie across several cuts."""
    may_stay = {index: each.included is True or each.question is not None for index, each in ranked.found.items()}
    everyone = dict.fromkeys(ranked.all_places, True)
    cuts = (*band_cuts(ranked.policy, ranked.result.group), *pool_cuts(ranked.policy))
    questions = [
        *inclusion_questions(ranked.result.tallies, ranked.found),
        *tie_questions(cuts, ranked.places, may_stay),
        *tie_questions(slot_cuts(ranked.policy, len(ranked.result.tallies)), ranked.all_places, everyone),
    ]
    return list({(question.kind, question.choices): question for question in reversed(questions)}.values())[::-1]


def _outcome(tally: Tally, ranked: Ranked, turned_out: Turnout, parts: Mapping[int, Part]) -> ChoiceOutcome:
    inclusion = ranked.found[tally.index]
    held = ranked.held.get(tally.index)
    margin, next_label = _margin_to_next(tally, held, ranked)
    limit = ranked.policy.threshold
    leaves_next, slot_steps = _slot(tally, ranked)
    pot, pot_steps = _pot(tally, held, ranked, parts)
    return ChoiceOutcome(
        index=tally.index,
        name=tally.name,
        rank=_told_rank(tally, ranked),
        votes=tally.votes,
        share=turned_out.share(tally),
        label=held[1].label.value if held else "",
        included=inclusion.included,
        pot=pot,
        rule=_rule(tally, held, ranked),
        steps=(
            *inclusion.steps,
            _order_step(tally, ranked),
            *_decided_steps(tally, ranked),
            *_band_steps(tally, held, ranked),
            *pot_steps,
            *slot_steps,
        ),
        margin_to_next=margin,
        next_label=next_label,
        margin_to_removal=tally.votes.value - limit if tally.votes and limit is not None else None,
        leaves_next=leaves_next,
    )


def _told_rank(tally: Tally, ranked: Ranked) -> int | None:
    """A place in the source's list orders the choices where nothing else does, and is no rank that anybody stated."""
    is_stated = tally.votes is not None or tally.stated_rank is not None
    return ranked.ranks.get(tally.index) if is_stated else None


def _rule(tally: Tally, held: tuple[int, Band] | None, ranked: Ranked) -> str:
    """The one that decided: what keeps it out, or the band that holds it, or what keeps it in."""
    if ranked.found[tally.index].included is True:
        if tally.index in ranked.open_bands:
            return f"needs decision: {ranked.open_bands[tally.index].rule}"
        if held:
            return f"bands[{held[0]}]: {held[1].span}"
    return ranked.found[tally.index].rule


def _order_step(tally: Tally, ranked: Ranked) -> Step:
    """How it came to its rank."""
    of, rank = len(ranked.places), ranked.ranks.get(tally.index)
    place = ranked.places.get(tally.index)
    if place is None:
        return Step("rank_among", "Ranks count only those that stay; it has none.")
    if tally.votes is None:
        if tally.stated_rank is not None:
            return Step("record", f"No votes are stated; rank {rank} of {of}, as the source ranks it.")
        if rank is not None:
            return Step("record", f"No votes and no ranks are stated; place {rank} of {of} in the source's list.")
        return Step(
            "record", f"No votes and no rank are stated; it stands somewhere from {place.first} to {place.last}."
        )
    text = f"{votes_text(tally.votes)}: rank {rank} of {of}."
    if not tally.votes.is_exact and tally.stated_rank is not None and _is_level(tally, ranked):
        text += " Printed votes are rounded; the source's ranks order those that they leave open."
    if place.open_with:
        names = listed([ranked.names[index] for index in place.open_with], most=5)
        text += f" Its order to {names} is open; the poll's own order numbers them."
    return Step("order", text)


def _decided_steps(tally: Tally, ranked: Ranked) -> tuple[Step, ...]:
    """Whom a person put it before or behind."""
    steps = []
    for settled in ranked.settled:
        for word, others in (("before", settled.before), ("behind", settled.behind)):
            if names := [ranked.names[index] for index in others.get(tally.index, ())]:
                text = f"Put {word} {listed(names, most=5)} by decision: {settled.decision.reason}"
                steps.append(Step("decision", text))
    return tuple(steps)


def _is_level(tally: Tally, ranked: Ranked) -> bool:
    """Whether another's printed votes may be the same or stand in either order."""
    return any(
        other is not tally
        and tally.votes is not None
        and other.votes is not None
        and abs(tally.votes.value - other.votes.value) < tally.votes.margin + other.votes.margin
        for other in ranked.order
    )


def _band_steps(tally: Tally, held: tuple[int, Band] | None, ranked: Ranked) -> tuple[Step, ...]:
    included, cut = ranked.found[tally.index].included, ranked.open_bands.get(tally.index)
    if included is not True:
        word = "is out" if included is False else "is not known to stay"
        return (Step("bands", f"It {word}, so that no band holds it."),) if ranked.policy.bands else ()
    if cut:
        place = ranked.places[tally.index]
        text = f"It holds one of the ranks {place.first} to {place.last}, and the line {cut.text} runs among them."
        return (Step(cut.rule, text),)
    if held:
        return (Step(f"bands[{held[0]}]", f"{held[1].span.capitalize()}: {held[1].label.value}."),)
    return (Step("bands", "These rules have no tiers."),) if not ranked.policy.bands else ()


def _margin_to_next(tally: Tally, held: tuple[int, Band] | None, ranked: Ranked) -> tuple[Decimal | None, str]:
    """Votes by which the lowest of the next better band that anyone holds is ahead, and that band's label."""
    if held is None:
        return None, ""
    better = [(place, band) for place, band in ranked.policy.bands_of(ranked.result.group) if place < held[0]]
    for place, band in reversed(better):
        if place in ranked.lowest and tally.votes:
            return max(ranked.lowest[place] - tally.votes.value, Decimal(0)), band.label.value
    return None, better[-1][1].label.value if better else ""


def _pot(
    tally: Tally, held: tuple[int, Band] | None, ranked: Ranked, parts: Mapping[int, Part]
) -> tuple[Decimal | None, tuple[Step, ...]]:
    if held and held[1].allocation:
        amount = Decimal(held[1].allocation)
        text = f"{number_text(amount)} HBOT for each {held[1].label.value}."
        return amount, (Step(f"bands[{held[0]}].allocation", text),)
    if ranked.policy.pool is None or ranked.found[tally.index].included is not True:
        return None, ()
    if part := parts.get(tally.index):
        return part.amount, (Step("pool", part.text),)
    top = ranked.policy.pool.top
    if tally.index in ranked.open_pool:
        return None, (Step("pool.top", f"Whether it is among the top {top} must be decided."),)
    if top is not None and ranked.places[tally.index].first > top:
        return None, (Step("pool.top", _to_the_top(tally, top, ranked)),)
    return None, (Step("pool", "It shares the pool, but its part cannot be computed."),)


def _to_the_top(tally: Tally, top: int, ranked: Ranked) -> str:
    text = f"Only the top {top} share the pool."
    last = ranked.sharers[-1].votes if ranked.sharers else None
    if tally.votes and last:
        ahead = number_text(max(last.value - tally.votes.value, Decimal(0)))
        text += f" The last of them is ahead by {ahead} votes."
    return text


def _parts(ranked: Ranked) -> tuple[dict[int, Part], str]:
    """The pool's parts by index, and a sentence where there are none, or they are no better than rounded votes."""
    pool = ranked.policy.pool
    if pool is None:
        return {}, ""
    sharers = ranked.sharers
    waiting = [
        tally.name
        for tally in ranked.order
        if (ranked.found[tally.index].included is True and tally.index in ranked.open_pool)
        or (ranked.found[tally.index].question and (pool.top is None or ranked.places[tally.index].first <= pool.top))
    ]
    if waiting:
        return {}, f"The pool is not shared out before it is decided about {listed(waiting)}."
    if silent := [tally.name for tally in sharers if tally.votes is None]:
        return {}, f"The pool cannot be shared out: the source states no votes for {listed(silent)}."
    parts = pool_parts(pool, sharers)
    if not parts:
        return {}, "The pool is shared out to nobody: no choice that stays has votes."
    if any(tally.votes and not tally.votes.is_exact for tally in sharers):
        return parts, "The pool is shared out by rounded votes; its parts are as rough as they are."
    return parts, ""


def _slot(tally: Tally, ranked: Ranked) -> tuple[bool, tuple[Step, ...]]:
    """Whether it is among the lowest that give up their slot, counted over all choices, those that are out too."""
    choices = len(ranked.result.tallies)
    dropped, rule = slot_drop(ranked.policy, choices)
    if not dropped:
        return False, ()
    if tally.index in ranked.open_slots:
        return False, (Step(rule, f"Whether it is among the {dropped} lowest of {choices} choices must be decided."),)
    if ranked.all_places[tally.index].first <= choices - dropped:
        return False, ()
    return True, (Step(rule, f"Among the {dropped} lowest of {choices} choices: it leaves with the next epoch."),)


def _source_warnings(ranked: Ranked, turned_out: Turnout) -> list[str]:
    warnings = []
    slots, tallies = ranked.policy.slots, ranked.result.tallies
    if slots and len(tallies) > slots.limit:
        warnings.append(f"The poll has {len(tallies)} choices; {ranked.policy} allows {slots.limit}.")
    if turned_out.is_least:
        missing = listed([tally.name for tally in ranked.order if tally.votes is None])
        warnings.append(f"No votes are stated for {missing}: shares are of the votes that are stated.")
    names = [tally.name for tally in tallies]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        warnings.append(f"{listed(repeated)} stand{'s' * (len(repeated) == 1)} more than once among the choices.")
    contradicted = contradicted_ranks(tallies)
    warnings += [
        f"The source ranks {less.name} above {more.name}, which has more votes; its votes decide."
        for more, less in contradicted[:MOST_PAIRS]
    ]
    if len(contradicted) > MOST_PAIRS:
        warnings.append(f"It ranks {len(contradicted) - MOST_PAIRS:,} other pairs against their votes.")
    if differing := [tally.name for tally in ranked.order if ranked.found[tally.index].is_contradicted]:
        warnings.append(f"The source's word on {listed(differing)} differs from what the votes say; the votes decide.")
    return warnings


def _unused(decisions: Sequence[Decision], found: Mapping[int, Inclusion], standing: Standings) -> list[str]:
    """One sentence for each decision that settled nothing: it may speak of an older result."""
    used = [each.decision for each in found.values()] + [each.decision for each in standing.settled if each.before]
    return [
        f"The decision “{decision.reason}” settles nothing here; it was not used."
        for decision in decisions
        if decision not in used
    ]
