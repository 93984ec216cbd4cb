"""Every recorded poll, evaluated under the policy of its epoch, comes out as printed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from registry.governance.evaluate import evaluate
from registry.governance.policy import policy_for_epoch
from registry.governance.tallies import Tally
from tests.registry.history.polls import choices, epochs, outcome, policies, poll, polls, result

LARGEST_DIFFERENCE = Decimal("0.06")
"""Percentage points between a share of rounded votes and the printed one."""

each_poll = pytest.mark.parametrize(("number", "group"), polls())


def test_record_holds_thirty_three_polls_of_eleven_epochs() -> None:
    assert len(polls()) == 33
    assert sorted(epochs()) == list(range(1, 14))
    assert [number for number, epoch in epochs().items() if not epoch.polls] == [1, 2]


@each_poll
def test_ranks_come_out_as_printed(number: int, group: str) -> None:
    printed = {choice.index: choice.stated_rank for choice in choices(number, group) if choice.stated_rank}

    by_index = outcome(number, group).by_index
    assert {index: by_index[index].rank for index in printed} == printed
    assert bool(printed) == (number >= 7)


@each_poll
def test_tiers_come_out_as_printed(number: int, group: str) -> None:
    by_index = outcome(number, group).by_index

    assert {one.name: by_index[one.index].label for one in choices(number, group)} == {
        one.name: one.stated_tier for one in choices(number, group)
    }


@each_poll
def test_inclusion_comes_out_as_printed(number: int, group: str) -> None:
    by_index = outcome(number, group).by_index

    assert {one.name: by_index[one.index].included for one in choices(number, group)} == {
        one.name: one.stated_included for one in choices(number, group)
    }


@each_poll
def test_only_what_the_record_leaves_open_asks_for_a_decision(number: int, group: str) -> None:
    asked = [(question.kind.value, question.choices) for question in outcome(number, group).questions]

    assert asked == ([("unknown", (15,))] if (number, group) == (10, "amm") else [])


def test_shares_of_the_six_full_tables_are_the_printed_ones_up_to_rounding() -> None:
    differences = {}
    for number, group in polls():
        by_index = outcome(number, group).by_index
        for choice in choices(number, group):
            share = by_index[choice.index].share
            if choice.stated_share is not None:
                assert share is not None
                differences[number, group, choice.name] = abs(share - choice.stated_share)

    assert len(differences) == 73
    assert {(number, group) for number, group, _ in differences} == {
        (number, group) for number in (12, 13) for group in ("clob_cex", "clob_dex", "gateway_dex")
    }
    assert max(differences.values()) <= LARGEST_DIFFERENCE
    assert max(differences, key=lambda place: differences[place]) == (12, "clob_cex", "BingX")


@pytest.mark.parametrize("number", [12, 13])
@pytest.mark.parametrize("group", ["clob_cex", "clob_dex", "gateway_dex"])
def test_votes_alone_come_to_the_printed_ranks_and_inclusion(number: int, group: str) -> None:
    """With the source's word left out, which decides where votes are missing or rounded alike."""
    bare = replace(
        result(number, group),
        tallies=tuple(
            Tally(tally.index, tally.name, tally.votes) for tally in result(number, group).tallies if tally.votes
        ),
    )
    policy = policy_for_epoch(policies(), number)
    assert policy is not None
    by_index = evaluate(bare, policy).by_index

    assert len(by_index) >= 7
    for one in choices(number, group):
        if one.index in by_index and one.stated_rank:  # ETCSwap, at the threshold of epoch 12, has none there
            level = [other.stated_rank for other in choices(number, group) if other.votes == one.votes]
            assert by_index[one.index].rank in level
            assert by_index[one.index].included is one.stated_included


def test_pots_of_epoch_6_follow_from_the_tier() -> None:
    for group in ("cex", "dex", "chain"):
        pots = sorted((one.pot or Decimal(0) for one in outcome(6, group).choices), reverse=True)
        assert pots[:5] == [400_000, 100_000, 100_000, 100_000, 0]
    budgets = epochs()[6].budgets
    assert budgets is not None
    assert (budgets.gold, budgets.silver) == (400_000, 100_000)


@pytest.mark.parametrize("number", [12, 13])
@pytest.mark.parametrize("group", ["clob_cex", "clob_dex", "gateway_dex"])
def test_pots_of_the_last_epochs_share_out_the_million_by_votes(number: int, group: str) -> None:
    pots = [one.pot for one in outcome(number, group).choices if one.pot]

    assert abs(sum(pots) - 1_000_000) <= Decimal(len(pots)) / 2


def test_no_pot_is_made_up_where_no_votes_are_printed() -> None:
    for number in range(7, 12):
        for record in epochs()[number].polls:
            assert {one.pot for one in outcome(number, record.group.value).choices} == {None}


def test_thresholds_and_pools_of_the_record_are_those_of_the_policies() -> None:
    for number, epoch in epochs().items():
        if not epoch.polls:
            continue
        (policy,) = (one for one in policies() if one.from_epoch <= number <= (one.to_epoch or 99))
        assert epoch.threshold is not None
        assert (number, Decimal(policy.eligibility.min_votes)) == (number, epoch.threshold.hbot)
        if epoch.pool:
            assert policy.pool is not None
            limits = (policy.pool.top, policy.pool.cap and Decimal(policy.pool.cap))
            assert (number, limits) == (number, (epoch.pool.receiving, epoch.pool.cap))
        assert bool(policy.bands) == epoch.tiers_in_force
        assert {record.group for record in epoch.polls} <= set(policy.groups)


@each_poll
def test_poll_is_one_of_those_that_its_policy_speaks_of(number: int, group: str) -> None:
    warnings = " ".join(outcome(number, group).warnings)

    assert "has no poll on" not in warnings
    assert "was held by" not in warnings


def test_votes_of_epoch_12_are_182_percent_of_the_quorum() -> None:
    result = outcome(12, "clob_cex")

    assert result.total is not None
    assert result.total.value == 91_240_200  # over the fixed quorum of 50,000,000: 182.48 percent
    assert poll(12, "clob_cex").quorum == "182%"
    assert result.quorum_reached is True
