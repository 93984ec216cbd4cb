"""A plan in words and shapes, for whoever reads it on a page or in a terminal."""

from __future__ import annotations

from typing import Any

import pytest

from registry.management.plan_text import difference_lines
from registry.services.epochs import CHANGES, plan_words
from registry.services.epochs.wording import tier_words


def move(change: str, **values: Any) -> dict[str, Any]:
    facts = {
        "exchange": "kraken",
        "name": "Kraken",
        "change": change,
        "old": {"tier": "bronze", "included": True, "basis": "poll"},
        "new": {"tier": "gold", "included": True, "basis": "poll"},
        "rank": 1,
        "of": 22,
        "votes": "9300000.25",
        "share": "32.0577",
        "margin_to_next": None,
        "next_label": "",
        "margin_to_removal": "9100000.25",
        "rule": "bands[0]: rank 1",
        "poll": 1,
        "rounded": False,
        "group": "cex",
        "leaves_next": False,
        "note": "",
    }
    return facts | values


def test_every_change_has_a_shape_of_its_own() -> None:
    assert set(plan_words.SHAPES) == set(CHANGES)
    assert len(set(plan_words.SHAPES.values())) == len(CHANGES)


def test_move_is_told_with_tiers_rank_votes_margin_and_rule() -> None:
    told = plan_words.move_words(move("promoted"))
    assert (told.old, told.new) == ("Bronze", "Gold")
    assert (told.rank, told.votes, told.share) == ("1 of 22", "9,300,000.25", "32.05 %")
    assert (told.group, told.rule) == ("CEX connectors", "Rank 1")
    assert told.margins == ("9,100,000.25 HBOT above the threshold",)


def test_what_lies_below_the_threshold_is_told_as_below() -> None:
    told = plan_words.move_words(move("left", margin_to_removal="-0.5", margin_to_next="200", next_label="silver"))
    assert told.margins == ("200 HBOT short of Silver", "0.5 HBOT below the threshold")


def test_votes_just_below_the_threshold_never_read_as_at_it() -> None:
    told = plan_words.move_words(move("left", votes="199999.996", margin_to_removal="-0.004"))
    assert (told.votes, told.margins) == ("199,999.99", ("less than 0.01 HBOT below the threshold",))


def test_slot_rule_is_told_beside_the_rule_that_decided() -> None:
    told = plan_words.move_words(
        move("unchanged", leaves_next=True, margin_to_removal=None, note="It stands in 2 polls.")
    )
    assert (told.notes, told.margins) == (
        ("It stands in 2 polls.",),
        ("leaves with the next epoch, by the limit of choices",),
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"tier": "", "included": None}, "no tier"),
        ({"tier": "", "included": True}, "no tier, in the release"),
        ({"tier": "", "included": False}, "no tier, not in the release"),
        ({"tier": "silver", "included": True, "basis": "override"}, "Silver, an override"),
        ({"tier": "silver", "included": False}, "Silver, not in the release"),
    ],
)
def test_standing_is_told_in_words(state: dict[str, Any], words: str) -> None:
    assert tier_words(state) == words


def test_sections_come_in_the_order_of_weight_and_leave_out_what_is_empty() -> None:
    found = plan_words.sections({"moves": [move("unchanged"), move("demoted"), move("promoted"), move("unchanged")]})
    assert [section.heading for section in found] == ["▲ Promoted: 1", "▼ Demoted: 1", "= Unchanged: 2"]


def test_unknown_votes_are_not_told_as_none() -> None:
    choice = {"name": "A", "votes": None, "rounded": False}
    choice |= {"rank": None, "mapping": "mapped", "subject": "", "rule": ""}
    ((_, (line,)),) = plan_words.polls_read({"polls": [{"group": "cex", "title": "", "choices": [choice]}]})
    assert (line.rank, line.votes) == ("none", "not stated")


def test_rounded_votes_are_told_as_about() -> None:
    choice = {"index": 1, "name": "A", "votes": "400000", "rank": 2, "rounded": True, "mapping": "ignored", "rule": ""}
    heading, (line,) = plan_words.polls_read({"polls": [{"group": "dex", "title": "HGP-71", "choices": [choice]}]})[0]
    assert (heading, line.votes, line.means) == ("DEX connectors, HGP-71", "about 400,000", "left out")


def test_pot_of_a_what_if_is_told_before_and_after() -> None:
    pot = {"subject": "okx", "name": "OKX", "group": "cex", "old": "400000", "new": None, "unit": "HBOT"}
    assert plan_words.pot_words(pot) == "OKX: 400,000 HBOT, now none (CEX connectors)"


def test_text_of_a_plan_has_no_column_that_is_empty_throughout() -> None:
    lines = difference_lines({"moves": [move("left", votes=None, rank=None)]})
    assert lines[2].split() == ["exchange", "from", "to", "poll", "rule"]
