"""Figures, rules and margins in the words of a reader."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.governance.wording import epochs_named, figure, listed, margin_words, rule_words


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("7922831.002999889", "7,922,831"),
        ("1234567.891", "1,234,567.89"),
        ("95300.00", "95,300"),
        ("-100000", "-100,000"),
        ("-0.001", "-0.01"),
        ("0.001", "less than 0.01"),
        ("1E+6", "1,000,000"),
        (Decimal("9999999999999999999999.999999999999999999"), "9,999,999,999,999,999,999,999.99"),
        ("", ""),
        (None, ""),
        (0, "0"),
    ],
)
def test_figure_is_printed_as_a_reader_writes_it(value: Decimal | str | int | None, printed: str) -> None:
    assert figure(value) == printed


@pytest.mark.parametrize("votes", ["199999.996", "199999.999999999999999999"])
def test_votes_below_the_threshold_never_read_as_at_it(votes: str) -> None:
    assert figure(votes) == "199,999.99"
    assert figure("200000") == "200,000"


@given(st.integers(min_value=1, max_value=10**15), st.decimals(min_value=0, max_value=10**15, places=18))
def test_whatever_misses_a_threshold_reads_as_less_than_it(threshold: int, votes: Decimal) -> None:
    read = figure(votes).removeprefix("less than ").replace(",", "")
    assert (Decimal(read) < threshold) == (votes < threshold)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("bands[0]: rank 1", "Rank 1"),
        ("bands[1]: ranks 2 to 4", "Ranks 2 to 4"),
        ("bands[2]: ranks from 5 on", "Ranks from 5 on"),
        ("eligibility.min_votes: 400,000", "Threshold of 400,000 HBOT"),
        ("eligibility.min_votes", "No threshold: every choice stays"),
        ("record: stated as failed", "Stated as failed in the record"),
        ("decision: include", "A person’s decision: it stays"),
        ("needs decision: bands[0].ranks", "Waits for a decision"),
        ("passing.over_percent", "Votes for and against"),
        ("passing.quorum_votes", "Quorum"),
        ("the rules have no tiers", "The rules have no tiers"),
        ("", ""),
    ],
)
def test_rule_is_told_in_words(rule: str, words: str) -> None:
    assert rule_words(rule) == words


def test_margins_say_how_far_it_is_to_the_next_band_and_to_removal() -> None:
    above = {"margin_to_next": "200.5", "next_label": "silver", "margin_to_removal": "9100000.25", "leaves_next": True}
    assert list(margin_words(above)) == [
        "200.5 HBOT short of Silver",
        "9,100,000.25 HBOT above the threshold",
        "leaves with the next epoch, by the limit of choices",
    ]


def test_margin_however_small_is_told_on_its_side_of_the_threshold() -> None:
    assert list(margin_words({"margin_to_removal": "-0.004"})) == ["less than 0.01 HBOT below the threshold"]
    assert list(margin_words({"margin_to_removal": "0"})) == ["0 HBOT above the threshold"]


def test_names_are_listed_as_in_prose() -> None:
    assert [listed(["A", "B", "C", "D"][:count]) for count in range(4)] == ["", "A", "A and B", "A, B and C"]
    assert listed(["A", "B", "C"], most=1) == "A and 2 others"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([7], "epoch 7"), ([7, 8, 9, 11], "epochs 7 to 9 and 11"), ([7, 9, 11], "epochs 7, 9 and 11")],
)
def test_epochs_are_named_by_their_runs(numbers: list[int], words: str) -> None:
    assert epochs_named(numbers) == words
