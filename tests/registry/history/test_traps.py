"""The known traps of the record, one by one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from registry.choices import PollGroup
from registry.governance.evaluate import Decision, DecisionKind
from registry.governance.links import parse_proposal_link
from registry.governance.record import reading_notes
from registry.governance.tallies import Votes
from tests.registry.history.polls import choice, choices, epochs, outcome, poll


def test_etcswap_at_the_threshold_is_decided_by_the_record_and_not_by_its_rounded_votes() -> None:
    etcswap = choice(12, "gateway_dex", "ETCSwap")
    assert etcswap.votes == Votes(Decimal(400_000), Decimal(500))
    assert etcswap.votes.reaches(Decimal(400_000)) is None
    assert etcswap.stated_included is False

    result = outcome(12, "gateway_dex").by_index[etcswap.index]

    assert result.included is False
    assert "round" in " ".join(step.text for step in result.steps)
    assert outcome(12, "gateway_dex").questions == ()


def test_ties_of_epoch_13_keep_the_printed_ranks_and_say_that_votes_do_not_tell_them() -> None:
    by_index = outcome(13, "clob_cex").by_index
    tied = ["Bitget", "Bitstamp", "HTX"]

    ranks = {name: by_index[choice(13, "clob_cex", name).index].rank for name in tied}
    assert ranks == {"Bitget": 13, "Bitstamp": 14, "HTX": 15}
    for name in tied:
        result = by_index[choice(13, "clob_cex", name).index]
        assert result.votes == Votes(Decimal(3_100_000), Decimal(50_000))
        assert any("rounded" in step.text for step in result.steps)
    assert outcome(13, "clob_cex").questions == ()


def test_plenty_passes_and_fails_so_that_a_person_decides() -> None:
    plenty = choice(10, "amm", "Plenty")
    assert [one.name for one in choices(10, "amm")].count("Plenty") == 1
    assert plenty.stated_included is None
    assert [question.choices for question in outcome(10, "amm").questions] == [(plenty.index,)]

    (settled,) = epochs()[10].decisions
    assert (settled.group, settled.kind, settled.names) == ("amm", "stands", ["Plenty"])
    decided = outcome(10, "amm", Decision(PollGroup.AMM, DecisionKind.STANDS, (plenty.index,), settled.reason))

    assert decided.questions == ()
    assert decided.by_index[plenty.index].included is None


def test_one_link_of_two_proposals_is_kept_for_both() -> None:
    (hgp_10, *_), (hgp_43,) = epochs()[1].governance_changes, epochs()[5].governance_changes

    assert (hgp_10.proposal, hgp_43.proposal) == ("HGP-10", "HGP-43")
    assert parse_proposal_link(hgp_10.url) == parse_proposal_link(hgp_43.url)


def test_epochs_are_keyed_by_number_since_labels_clash() -> None:
    assert [epochs()[number].label for number in (4, 5, 6, 7, 8)] == [
        "Q2 2023",
        "Q2 2023",
        "Q3 2023",
        "Q4 2023",
        "Q2 2024",
    ]
    days = [epoch.effective_from for epoch in epochs().values() if epoch.effective_from]
    assert days == sorted(set(days))


@pytest.mark.parametrize("name", ["Binance", "Gate.io"])
def test_absence_from_both_lists_of_epoch_7_is_no_removal(name: str) -> None:
    assert name not in [one.name for one in choices(7, "cex")]
    assert {choice(number, "cex", name).stated_included for number in (6, 8)} == {True}


def test_hgp_70_names_two_votes() -> None:
    (change,), gateway = epochs()[12].governance_changes, poll(12, "gateway_dex")

    assert (change.proposal, gateway.proposal) == ("HGP-70", "HGP-70")
    assert change.snapshot_id != gateway.snapshot_id


def test_uniswap_stands_twice_and_is_one_choice() -> None:
    assert poll(7, "dex").passed.count("Uniswap") == 2
    assert [one.name for one in choices(7, "dex")].count("Uniswap") == 1
    assert reading_notes(poll(7, "dex")) == ["Uniswap stands more than once in the passed list: it is one choice here."]
    assert [one.index for one in choices(7, "dex")] == list(range(1, 22))


def test_what_a_release_took_out_is_a_choice_that_failed() -> None:
    hotbit = choice(4, "cex", "Hotbit")

    assert (hotbit.stated_included, hotbit.votes) == (False, None)
    assert outcome(4, "cex").by_index[hotbit.index].label == ""
    assert "Hotbit stands in no printed list of this poll; release 1.17.0 took it out as voted out." in reading_notes(
        poll(4, "cex"), epochs()[4].removals_of(PollGroup.CEX)
    )
    # Those of epoch 7 stand in the failed list under the same names.
    assert [one.name for one in choices(7, "cex") if one.stated_included is False] == ["Bitmex", "Woo X"]


def test_places_in_a_tier_list_are_no_ranks() -> None:
    assert {one.stated_rank for one in choices(4, "cex")} == {None}
    assert [outcome(4, "cex").by_index[one.index].label for one in choices(4, "cex")][:5] == [
        "gold",
        "silver",
        "silver",
        "silver",
        "bronze",
    ]


def test_empty_entry_of_a_recap_is_kept_and_is_no_choice() -> None:
    recap = poll(5, "cex").recap_tiers

    assert recap is not None
    assert recap.bronze[3] == ""
    assert "" not in [one.name for one in choices(5, "cex")]


def test_share_base_is_all_choices_that_have_votes() -> None:
    # The printed shares leave 0.44 percent to ETCSwap, which is in no table.
    etcswap = outcome(12, "gateway_dex").by_index[choice(12, "gateway_dex", "ETCSwap").index]

    assert etcswap.share is not None
    assert abs(etcswap.share - Decimal("0.44")) < Decimal("0.01")
