"""Money: budgets of bands, and pools shared pro rata in whole HBOT."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from registry.choices import PollGroup
from registry.governance.evaluate import PollOutcome, evaluate
from registry.governance.policy import policy_for_epoch, read_policies
from tests.registry.governance.polls import POOL, decision, exact, policy, poll, printed, tierless, votes


def pots(outcome: PollOutcome) -> dict[int, int | None]:
    return {choice.index: None if choice.pot is None else int(choice.pot) for choice in outcome.choices}


def pool(**changes: Any) -> dict[str, Any]:
    return {**POOL, **changes}


def test_epoch_six_gives_gold_and_silver_their_budgets_and_bronze_none() -> None:
    rules = policy_for_epoch(read_policies(), 6)
    assert rules is not None
    figures = [exact(index, 1_000_000 - index) for index in range(1, 6)]
    outcome = evaluate(poll(*figures, exact(6, 199_999), group=PollGroup.CHAIN), rules)
    assert pots(outcome) == {1: 400_000, 2: 100_000, 3: 100_000, 4: 100_000, 5: None, 6: None}
    assert outcome.by_index[2].steps[-1].text == "100,000 HBOT for each silver."


def test_the_top_four_share_by_their_votes_over_the_votes_of_those_four() -> None:
    outcome = evaluate(votes(400, 300, 200, 100, 100, 99), tierless(pool=pool(top=4, cap=None), slots=None))
    assert outcome.questions[0].choices == (4, 5)
    outcome = evaluate(votes(400, 300, 200, 150, 100, 99), tierless(pool=pool()))
    assert pots(outcome) == {1: 381, 2: 286, 3: 190, 4: 143, 5: None, 6: None}
    assert outcome.by_index[5].steps[-1].text == (
        "Only the top 4 share the pool. The last of them is ahead by 50 votes."
    )


def test_parts_are_whole_and_add_up_to_the_pool() -> None:
    outcome = evaluate(votes(100, 100, 100), tierless(pool=pool(top=None, cap=None)))
    assert pots(outcome) == {1: 334, 2: 333, 3: 333}


def test_the_cap_is_applied_and_the_rest_goes_to_nobody() -> None:
    outcome = evaluate(votes(900, 100), tierless(pool=pool()))
    assert pots(outcome) == {1: 800, 2: 100}
    assert outcome.by_index[1].steps[-1].text == (
        "Its votes over the votes of those who share come to 900 HBOT; the cap leaves 800, and the other 100 are "
        "shared out to nobody."
    )


def test_who_is_out_has_no_part_in_the_votes_that_share() -> None:
    assert pots(evaluate(votes(300, 100, 99), tierless(pool=pool(top=None)))) == {1: 750, 2: 250, 3: None}


@pytest.mark.parametrize(("order", "expected"), [((4, 5), {4: 100, 5: None}), ((5, 4), {4: None, 5: 100})])
def test_a_tie_for_the_last_share_waits_and_then_follows_the_decision(
    order: tuple[int, int], expected: dict[int, int | None]
) -> None:
    result, rules = votes(400, 300, 200, 100, 100), tierless(pool=pool())
    waiting = evaluate(result, rules)
    assert set(pots(waiting).values()) == {None}
    assert "The pool is not shared out before it is decided about X4 and X5." in waiting.warnings
    settled = pots(evaluate(result, rules, [decision("order", *order)]))
    assert {index: settled[index] for index in (4, 5)} == expected


def test_a_pool_waits_for_the_question_who_is_in() -> None:
    result = poll(exact(1, 900), printed(2, "0.1k"))
    outcome = evaluate(result, tierless(pool=pool()))
    assert pots(outcome) == {1: None, 2: None}
    assert pots(evaluate(result, tierless(pool=pool()), [decision("exclude", 2)])) == {1: 800, 2: None}


def test_a_pool_shared_by_rounded_votes_says_so() -> None:
    outcome = evaluate(poll(printed(1, "3k"), printed(2, "1k")), tierless(pool=pool()))
    assert pots(outcome) == {1: 750, 2: 250}
    assert "The pool is shared out by rounded votes; its parts are as rough as they are." in outcome.warnings


def test_a_pool_nobody_has_votes_for_is_shared_out_to_nobody() -> None:
    rules = tierless(pool=pool(), eligibility={"min_votes": None, "otherwise": "leaves"})
    outcome = evaluate(votes(0, 0), rules)
    assert pots(outcome) == {1: None, 2: None}
    assert "The pool is shared out to nobody: no choice that stays has votes." in outcome.warnings


def test_a_tie_inside_the_top_is_no_question() -> None:
    outcome = evaluate(votes(400, 300, 300, 200, 100), tierless(pool=pool(cap=None)))
    assert outcome.questions == ()
    assert pots(outcome) == {1: 333, 2: 250, 3: 250, 4: 167, 5: None}


def test_bands_without_money_give_no_pots() -> None:
    assert {choice.pot for choice in evaluate(votes(400, 300), policy()).choices} == {None}
    assert isinstance(evaluate(votes(400), tierless(pool=pool())).choices[0].pot, Decimal)
