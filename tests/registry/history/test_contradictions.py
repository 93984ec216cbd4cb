"""What the readers of the record noted as odd is found again by computation, and more besides."""

from __future__ import annotations

import msgspec
import pytest

from registry.governance.contradictions import Contradiction, find_contradictions
from registry.governance.record import EpochRecord
from registry.services.history import find_in_history
from tests.registry.history.polls import epochs

FOUND = find_in_history()

# Each note of those who read the record first, as (epoch, kind in their words), with what the computation says of it:
# (poll, kind, words of the text). Source of the notes: hummingbot/hummingbot-site@1610d3a2, read in November 2026.
NOTES = [
    ((1, "link_mismatch"), [("", "link_mismatch", "HGP-10 (epoch 1) and HGP-43 (epoch 5)")]),
    ((2, "label_overlap"), [("", "label_overlap", "August 1, 2022 to December 31, 2022")]),
    (
        (4, "order"),
        [
            ("cex", "order", "Gate.io, Kucoin and AscendEx in the recap"),
            ("dex", "order", "Quickswap, dYdX and Trader Joe in the recap"),
        ],
    ),
    (
        (5, "label_mismatch"),
        [("", "label_mismatch", "July 1, 2023"), ("", "label_clash", "Epochs 4 and 5 are both printed as Q2 2023")],
    ),
    ((5, "empty_choice"), [("cex", "empty_choice", "Bronze list of the recap has an empty entry, beside AltMarkets")]),
    ((6, "label_mismatch"), [("", "label_mismatch", "October 1, 2023 to December 31, 2023")]),
    ((7, "duplicate_choice"), [("dex", "duplicate_choice", "Uniswap stands 2 times in the passed list")]),
    (
        (7, "label_mismatch"),
        [("", "label_mismatch", "its results came on 2024-01-26"), ("", "label_gap", "No epoch is labelled Q1 2024")],
    ),
    ((7, "allocation_order"), [("dex", "allocation_order", "dYdX 400,000 / Uniswap 410,423")]),
    ((7, "missing_choice"), [("cex", "missing_choice", "passed in epochs 6 and 8: Binance and Gate.io")]),
    (
        (8, "allocation_sum"),
        [
            ("chain", "allocation_sum", "908,696 instead of 1,000,000"),
            ("chain", "allocation_repeated", "as in epoch 7: 400,000 / 278,261 / 130,435"),
        ],
    ),
    ((8, "order"), [("dex", "order", "dYdX, Uniswap, XRP Ledger and Hyperliquid; by rank they are XRP Ledger")]),
    (
        (9, "allocation_order"),
        [("cex", "allocation_order", "230,161 / OKX 272,943 / Kucoin 335,930 / Coinbase 160,966")],
    ),
    (
        (9, "allocation_sum"),
        [
            ("dex", "allocation_sum", "1,005,531 instead of 1,000,000"),
            ("chain", "allocation_sum", "908,696"),
            ("chain", "allocation_repeated", "as in epoch 8: 400,000 / 278,261 / 100,000 / 130,435"),
        ],
    ),
    ((10, "passed_and_failed"), [("amm", "passed_and_failed", "Plenty stands in both")]),
    ((11, "revised"), [("amm", "revised", "corrected twice")]),
    ((11, "spelling"), [("amm", "spelling", "XSSwap is spelled XSwap in an earlier version")]),
    ((11, "over_choice_limit"), [("clob_spot", "over_choice_limit", "22 choices")]),
    (
        (12, "proposal_number_reused"),
        [
            ("gateway_dex", "proposal_number_reused", "HGP-70 names a change of the rules in epoch 12"),
            ("", "proposal_number_reused", "gateway_dex in epoch 12"),
        ],
    ),
    ((12, "at_threshold"), [("gateway_dex", "at_threshold", "ETCSwap failed with 400k printed votes")]),
    ((12, "partial_shares"), [("gateway_dex", "partial_shares", "99.56")]),
    ((12, "quorum_once"), [("clob_cex", "quorum_once", "(182%) is printed for one poll only, of 33")]),
    (
        (13, "tie"),
        [("clob_cex", "tie", f"ranks {ranks}") for ranks in ("6-7", "8-9", "11-12", "13-15")],
    ),
    ((13, "unranked_failed"), [("gateway_dex", "unranked_failed", "Carbon and Hydration/Polkadot")]),
]
# All of them are computable. Of two the computation says less than the note: which of two equal links is the wrong one
# (1, link_mismatch), and the day of a correction (11, revised), stand nowhere in the record.


@pytest.mark.parametrize(("note", "expected"), NOTES, ids=[f"{epoch}-{kind}" for (epoch, kind), _ in NOTES])
def test_what_was_noted_is_found(note: tuple[int, str], expected: list[tuple[str, str, str]]) -> None:
    epoch, _ = note
    for poll, kind, words in expected:
        assert [one for one in FOUND if (one.epoch, one.poll, one.kind) == (epoch, poll, kind) and words in one.text]


def test_what_was_not_noted_is_found_as_well() -> None:
    noted = {(epoch, poll, kind) for (epoch, _), expected in NOTES for poll, kind, _ in expected}
    new = sorted({(one.epoch, one.poll, one.kind) for one in FOUND} - noted)

    assert [place for place in new if place[2] not in {"over_choice_limit", "tie", "spelling", "unranked_failed"}] == [
        (1, "", "label_overlap"),
        (4, "strategy", "missing_choice"),
        (5, "", "link_mismatch"),
        (5, "dex", "missing_choice"),
        (5, "strategy", "removed_twice"),
        (7, "dex", "missing_choice"),
        (8, "cex", "order"),
        (8, "chain", "allocation_order"),
        (9, "chain", "allocation_order"),
        (9, "dex", "allocation_repeated"),
    ]


def test_each_is_told_once_and_in_order() -> None:
    assert sorted(set(FOUND)) == FOUND


def test_a_record_without_contradictions_yields_none() -> None:
    # The CLOB DEX poll of epoch 12, without its tie of rounded votes.
    (poll,) = (poll for poll in epochs()[12].polls if poll.group == "clob_dex")
    rows = [msgspec.structs.replace(row, votes=f"{20 - row.rank}m") for row in poll.ranking]
    epoch = msgspec.structs.replace(
        epochs()[12], polls=[msgspec.structs.replace(poll, ranking=rows)], governance_changes=[], removals=[]
    )

    assert find_contradictions([epoch]) == []


def test_recap_with_other_names_than_the_page_is_found() -> None:
    epoch = epochs()[6]
    (cex, *_) = epoch.polls
    assert cex.recap_tiers is not None
    recap = msgspec.structs.replace(cex.recap_tiers, gold=["Kraken"])
    changed = msgspec.structs.replace(epoch, polls=[msgspec.structs.replace(cex, recap_tiers=recap)])

    assert [one.text for one in find_contradictions([changed]) if one.kind == "recap_differs"] == [
        "Gold holds Binance, and Kraken in the recap."
    ]


def test_label_that_names_no_quarter_is_compared_with_nothing() -> None:
    named = msgspec.structs.replace(epochs()[6], label="Winter", polls=[], governance_changes=[], removals=[])

    assert find_contradictions([named]) == []


def test_names_are_told_apart_by_letters_where_no_aliases_are_given() -> None:
    def missing(found: list[Contradiction]) -> list[str]:
        return [one.text.rpartition(": ")[2] for one in found if one.kind == "missing_choice" and one.epoch == 7]

    assert missing(FOUND) == ["Binance and Gate.io.", "VVS Finance."]
    assert missing(find_contradictions(list(epochs().values()))) == ["Binance and Gate.io."]  # VVS Finance, later VVS


def test_epoch_without_polls_or_dates_is_legal() -> None:
    bare = EpochRecord(number=14, label="Q4 2025", source="a test", tiers_in_force=False)

    assert find_contradictions([bare]) == []
