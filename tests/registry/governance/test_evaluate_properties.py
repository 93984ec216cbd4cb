"""What holds for every poll: no order of input matters, more votes never hurt, and money never grows."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.choices import PollGroup
from registry.governance.evaluate import Decision, PollOutcome, evaluate
from registry.governance.policy import with_changes
from registry.governance.printed import printed_votes
from registry.governance.tallies import PollResult, Tally, Votes
from tests.registry.governance.polls import POOL, decision, policy, poll, tierless, votes

TIERS, TIERS_OF_ELIGIBLE = policy(), policy(rank_among="eligible")
POOLED, UNCAPPED = tierless(pool=POOL), tierless(pool={**POOL, "cap": None, "top": None})
SLOTS = {"limit": 6, "rules": [{"choices": 6, "drop_lowest_next": 2}, {"choices": 5, "drop_lowest_next": 1}]}
RULES = (TIERS, TIERS_OF_ELIGIBLE, POOLED, UNCAPPED, tierless(slots=SLOTS))
BEST_FIRST = ("gold", "silver", "bronze", "")

# Few different figures around the threshold of 100, so that ties and boundaries are common.
figures = st.lists(st.integers(96, 110) | st.sampled_from([0, 100, 500]), min_size=1, max_size=8)
some_votes = (
    st.none()
    | st.builds(lambda value: Votes(Decimal(value)), st.integers(98, 103))
    | st.sampled_from([printed_votes(text) for text in ("0.1k", "0.10k", "90", "100", "110", "0.2k", "1k")])
)


@st.composite
def polls(draw: st.DrawFn) -> PollResult:
    """Of every kind of evidence, contradictory too."""
    count = draw(st.integers(1, 7))
    return poll(
        *(
            Tally(
                index,
                draw(st.sampled_from(["A", "B", "C", "D", "E"])),
                draw(some_votes),
                draw(st.none() | st.integers(1, 4)),
                draw(st.none() | st.booleans()),
            )
            for index in range(1, count + 1)
        )
    )


@pytest.mark.slow(reason="many polls, each evaluated twice")
@given(polls(), st.sampled_from(RULES), st.randoms(use_true_random=False))
def test_no_order_of_tallies_matters(result: PollResult, rules: object, chance: object) -> None:
    shuffled = list(result.tallies)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (evaluate(each, rules) for each in (result, replace(result, tallies=tuple(shuffled))))  # type: ignore[arg-type]
    assert one == other
    assert json.dumps(one.trace()) == json.dumps(other.trace())


@pytest.mark.slow(reason="many polls")
@given(polls(), st.sampled_from(RULES))
def test_every_choice_comes_out_once_and_an_open_fate_has_a_question(result: PollResult, rules: object) -> None:
    outcome = evaluate(result, rules)  # type: ignore[arg-type]
    assert sorted(choice.index for choice in outcome.choices) == [tally.index for tally in result.tallies]
    ranks = [choice.rank for choice in outcome.choices if choice.rank is not None]
    assert ranks == sorted(set(ranks))
    asked = {index for question in outcome.questions for index in question.choices}
    for choice in outcome.choices:
        if choice.rule.startswith("needs decision"):
            assert outcome.questions
        if choice.included is None or (choice.included and rules is TIERS and not choice.label):
            assert choice.index in asked
        if choice.included and rules is TIERS_OF_ELIGIBLE and not choice.label:
            assert outcome.questions
        assert choice.rule
        assert choice.steps


@pytest.mark.slow(reason="many polls, each evaluated until no question is left")
@given(polls(), st.sampled_from(RULES), st.data())
def test_every_question_can_be_answered(result: PollResult, rules: object, data: st.DataObject) -> None:
    decisions: list[Decision] = []
    while questions := evaluate(result, rules, decisions).questions:  # type: ignore[arg-type]
        assert len(decisions) < 3 * len(result.tallies)
        kind, choices = questions[0].kind, questions[0].choices
        if kind == "tie":
            answer = decision("order", *data.draw(st.permutations(choices)))
        else:
            answer = decision(data.draw(st.sampled_from(["include", "exclude"])), *choices)
        assert answer not in decisions
        decisions.append(answer)


@given(figures)
def test_bands_that_cover_all_ranks_give_each_that_is_in_one_label(values: list[int]) -> None:
    outcome = evaluate(votes(*values), TIERS)
    asked = {index for question in outcome.questions for index in question.choices}
    for choice in outcome.choices:
        assert (choice.label != "") == (choice.included is True and choice.index not in asked)


def standing(outcome: PollOutcome, index: int) -> tuple[int, int, bool]:
    """The worse, the larger; a label that waits for a decision is left out of the comparison by its caller."""
    choice = outcome.by_index[index]
    return choice.rank or 0, BEST_FIRST.index(choice.label), choice.included is not True


@given(figures, st.data(), st.integers(1, 400))
def test_more_votes_never_worsen_rank_label_or_inclusion(values: list[int], data: st.DataObject, more: int) -> None:
    spot = data.draw(st.integers(0, len(values) - 1))
    before = evaluate(votes(*values), TIERS)
    after = evaluate(votes(*(value + more * (place == spot) for place, value in enumerate(values))), TIERS)
    worse_rank, worse_label, worse_out = standing(after, spot + 1)
    rank, label, out = standing(before, spot + 1)
    assert worse_rank <= rank
    assert worse_out <= out
    if spot + 1 not in {index for question in after.questions for index in question.choices}:
        assert worse_label <= label


@given(figures, st.sampled_from([POOLED, UNCAPPED]))
def test_pots_never_exceed_cap_or_pool_and_use_it_up_where_no_cap_bites(values: list[int], rules: object) -> None:
    outcome = evaluate(votes(*values), rules)  # type: ignore[arg-type]
    pots = [choice.pot for choice in outcome.choices if choice.pot is not None]
    pool = rules.pool  # type: ignore[attr-defined]
    assert sum(pots) <= 1000
    assert all(pot == int(pot) and 0 <= pot <= int(pool.cap or 1000) for pot in pots)
    if pots and pool.cap is None:
        assert sum(pots) == 1000
    assert all(choice.included for choice in outcome.choices if choice.pot is not None)


@pytest.mark.slow(reason="many polls, each evaluated twice")
@given(figures, st.integers(0, 600), st.integers(0, 600))
def test_a_raised_threshold_includes_a_subset(values: list[int], one: int, other: int) -> None:
    low, high = (with_changes(TIERS, min_votes=limit) for limit in sorted((one, other)))
    included = [
        {choice.index for choice in evaluate(votes(*values), rules).choices if choice.included} for rules in (low, high)
    ]
    assert included[1] <= included[0]


@pytest.mark.slow(reason="many polls, each evaluated twice")
@given(polls(), st.integers(0, 400), st.integers(0, 400))
def test_a_raised_threshold_brings_nobody_in_whatever_the_evidence(result: PollResult, one: int, other: int) -> None:
    low, high = (with_changes(TIERS, min_votes=limit) for limit in sorted((one, other)))
    sure_in, not_out = (
        {choice.index for choice in evaluate(result, rules, held_under=TIERS).choices if keep(choice.included)}
        for rules, keep in ((high, lambda included: included is True), (low, lambda included: included is not False))
    )
    assert sure_in <= not_out


@given(figures, st.randoms(use_true_random=False))
def test_an_order_of_all_settles_every_tie(values: list[int], chance: object) -> None:
    order = list(range(1, len(values) + 1))
    chance.shuffle(order)  # type: ignore[attr-defined]
    outcome = evaluate(votes(*values), TIERS, [decision("order", *order, group=PollGroup.CEX)])
    if len(values) > 1:
        assert outcome.questions == ()
    ranked = [choice.index for choice in outcome.choices]
    assert ranked == sorted(order, key=lambda index: (-values[index - 1], order.index(index)))


@given(st.lists(st.integers(99, 102), min_size=1, max_size=6), st.sampled_from(["all", "eligible"]))
def test_a_label_is_given_just_when_every_order_of_equals_gives_it(values: list[int], among: str) -> None:
    outcome = evaluate(votes(*values), TIERS if among == "all" else TIERS_OF_ELIGIBLE)
    possible: dict[int, set[str]] = {index: set() for index in range(1, len(values) + 1)}
    for order in permutations(possible):
        if all(values[one - 1] >= values[other - 1] for one, other in pairwise(order)):
            for rank, index in enumerate(order, start=1):
                label = "gold" if rank == 1 else "silver" if rank <= 4 else "bronze"
                possible[index].add(label if values[index - 1] >= 100 else "")
    for choice in outcome.choices:
        assert choice.label == (min(possible[choice.index]) if len(possible[choice.index]) == 1 else "")
    asked = {index for question in outcome.questions for index in question.choices}
    assert asked == {index for index, labels in possible.items() if len(labels) > 1}
