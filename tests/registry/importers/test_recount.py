"""Totals from votes follow Snapshot's rules, and no arithmetic of ours shows in them."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.choices import Voting
from registry.importers.recount import Ballot, agree, recount

POWERS = st.decimals(0, 10**9, places=6)
WEIGHTS = st.dictionaries(st.integers(1, 5), st.integers(1, 1000).map(Decimal), min_size=1)
BALLOTS = st.lists(st.builds(Ballot, power=POWERS, weights=WEIGHTS), max_size=12)


def _ballots(*votes: tuple[int, dict[int, int]]) -> list[Ballot]:
    return [Ballot(Decimal(power), {i: Decimal(weight) for i, weight in weights.items()}) for power, weights in votes]


def test_weighted_votes_split_a_voters_power_by_the_voters_own_sum() -> None:
    ballots = _ballots((301, {1: 3, 2: 1}), (99, {1: 1, 2: 1, 3: 2}))

    assert recount(ballots, Voting.WEIGHTED, 3) == (Decimal("250.5"), Decimal(100), Decimal("49.5"))


def test_quadratic_votes_are_squared_sums_of_roots_scaled_to_all_power() -> None:
    ballots = _ballots((100, {1: 1}), (36, {1: 1}), (64, {2: 1}))

    # (10 + 6)² = 256 and 8² = 64: four fifths and one fifth of the 200 that voted.
    assert recount(ballots, Voting.QUADRATIC, 2) == (Decimal(160), Decimal(40))


def test_many_small_voters_outweigh_one_large_one_in_a_quadratic_poll() -> None:
    ballots = _ballots((1_000_000, {1: 1}), *[(10_000, {2: 1})] * 20)

    rich, many = recount(ballots, Voting.QUADRATIC, 2)

    assert many > rich


@pytest.mark.parametrize("voting", [Voting.SINGLE_CHOICE, Voting.BASIC])
def test_a_single_choice_gets_the_whole_power(voting: Voting) -> None:
    assert recount(_ballots((70, {2: 1}), (30, {1: 1}), (5, {2: 1})), voting, 3) == (30, 75, 0)


def test_approval_gives_the_whole_power_to_each_choice_approved() -> None:
    assert recount(_ballots((70, {1: 1, 3: 1}), (30, {3: 1})), Voting.APPROVAL, 3) == (70, 0, 100)


def test_a_poll_in_which_nobody_voted_is_all_zeros() -> None:
    assert recount([], Voting.QUADRATIC, 2) == (0, 0)


def test_figures_agree_within_a_millionth_and_no_further() -> None:
    whole = Decimal(1_000_000)

    assert agree(Decimal("200000.19"), Decimal(200_000), whole=whole)
    assert not agree(Decimal("200000.21"), Decimal(200_000), whole=whole)
    assert not agree(Decimal("0.001"), Decimal(0), whole=whole)


@given(ballots=BALLOTS)
def test_weighted_totals_equal_exact_fractions(ballots: list[Ballot]) -> None:
    expected = [Fraction(0)] * 5
    for ballot in ballots:
        for index, weight in ballot.weights.items():
            expected[index - 1] += (
                Fraction(ballot.power) * Fraction(weight) / sum(map(Fraction, ballot.weights.values()))
            )

    totals = recount(ballots, Voting.WEIGHTED, 5)

    assert all(
        abs(Fraction(total) - exact) < Fraction(1, 10**30) for total, exact in zip(totals, expected, strict=True)
    )


@given(ballots=BALLOTS)
def test_quadratic_totals_equal_a_plain_loop_and_keep_all_power(ballots: list[Ballot]) -> None:
    squares = []
    for index in range(1, 6):
        roots = 0.0
        for ballot in ballots:
            if index in ballot.weights:
                share = float(ballot.weights[index]) / sum(float(weight) for weight in ballot.weights.values())
                roots += math.sqrt(float(ballot.power) * share)
        squares.append(roots * roots)
    power = float(sum(ballot.power for ballot in ballots))

    totals = recount(ballots, Voting.QUADRATIC, 5)

    for total, square in zip(totals, squares, strict=True):
        assert float(total) == pytest.approx(square / sum(squares) * power if power else 0.0, rel=1e-9, abs=1e-9)
    assert float(sum(totals)) == pytest.approx(power)
