"""Other rules over the same results: told as a difference, and nothing written."""

from __future__ import annotations

import pytest

from registry.choices import PollGroup
from registry.governance.policy import with_changes
from registry.models import Plan
from registry.services import ledger
from registry.services.epochs import NoSuchEpoch, WrongState, create_epoch, plan_epoch, state_digest, what_if
from tests.registry.epochs.cut_off import everything
from tests.registry.epochs.factories import ANN, applied, make_epoch, shipped_policies

HGP_45 = shipped_policies()["hgp-45"]


def told(answer: dict) -> dict[str, tuple[str, str, str]]:
    return {move["exchange"]: (move["change"], move["old"]["tier"], move["new"]["tier"]) for move in answer["moves"]}


def test_the_same_rules_would_change_nothing(epoch):
    applied(6)
    answer = what_if(6, policy=HGP_45)
    assert (answer["moves"], answer["pots"], answer["same"]) == ([], [], 8)
    assert answer["against"] == "changeset 1 (Epoch 6)"


def test_a_higher_threshold_is_told_as_a_difference_against_what_happened(epoch):
    applied(6)
    answer = what_if(6, policy=with_changes(HGP_45, min_votes="500000"))
    assert told(answer) == {"kraken": ("left", "silver", ""), "bybit": ("left", "bronze", "")}
    assert answer["same"] == 6
    (pot,) = answer["pots"]
    assert (pot["subject"], pot["old"], pot["new"]) == ("kraken", "100000", None)


def test_a_lower_threshold_lets_in_who_was_out(epoch):
    applied(6)
    assert told(what_if(6, policy=with_changes(HGP_45, min_votes="50000"))) == {"huobi": ("entered", "", "bronze")}


def test_rules_without_tiers_are_told_too(epoch):
    applied(6)
    answer = what_if(6, policy=shipped_policies()["hgp-50"])
    assert told(answer)["kucoin"] == ("ended", "gold", "")
    assert set(told(answer)) == {"kucoin", "binance", "okx", "kraken", "bybit", "dydx", "uniswap"}


def test_it_asks_what_stood_before_the_epoch_and_not_after_later_ones(epoch):
    applied(6)
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 90_000}})
    applied(7)
    assert what_if(6, policy=HGP_45)["moves"] == []
    assert what_if(7, policy=shipped_policies()["hgp-50"])["moves"] == []


def test_an_epoch_that_is_not_applied_is_compared_with_its_own_rules(epoch):
    answer = what_if(6, policy=with_changes(HGP_45, min_votes="500000"))
    assert answer["against"] == "its own rules, not applied"
    assert set(told(answer)) == {"kraken", "bybit"}


def test_it_writes_nothing(epoch):
    applied(6)
    rows, state, head, plans = everything(), state_digest(), ledger.head(), Plan.objects.count()
    what_if(6, policy=with_changes(HGP_45, min_votes="500000"))
    assert (state_digest(), ledger.head(), Plan.objects.count()) == (state, head, plans)
    assert everything() == rows


def test_a_question_that_other_rules_raise_is_told(policies, exchanges):
    make_epoch(6, polls={PollGroup.CEX: {"kucoin": 500_000, "okx": 500_000}})
    decision = {"group": "cex", "kind": "order", "choices": [1, 2], "reason": "drawn by lot"}
    plan_epoch(6, actor=ANN, decisions=[decision])
    asked = what_if(6, policy=HGP_45, decisions=[])
    assert asked["questions"][0]["kind"] == "tie"
    assert [entry["exchange"] for entry in asked["open"]] == ["kucoin", "okx"]
    assert (asked["moves"], asked["same"]) == ([], 0)
    assert what_if(6, policy=HGP_45)["questions"] == []


def test_there_must_be_an_epoch_with_polls(policies):
    with pytest.raises(NoSuchEpoch):
        what_if(6, policy=HGP_45)
    create_epoch(6, actor=ANN, reason="quarter")
    with pytest.raises(WrongState, match="import them first"):
        what_if(6, policy=HGP_45)
