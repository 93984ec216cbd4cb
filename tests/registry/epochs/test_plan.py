"""What a plan shows, what its hash covers, and when none is made."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from registry.choices import EpochState, PollGroup, SubjectKind
from registry.effects import register_effect
from registry.governance.evaluate import DecisionRefused
from registry.models import Choice, Epoch, LedgerEntry, Plan, Policy, Pot, Subject, TierAssignment
from registry.services.epochs import (
    BadValue,
    NotAllowed,
    OutOfOrder,
    Unmapped,
    WrongState,
    choose_policy,
    create_epoch,
    import_poll,
    map_choice,
    plan_epoch,
    state_digest,
)
from tests.registry.epochs.factories import ANN, NOBODY, applied, make_epoch, make_exchanges, moves_of, poll_of

FAR = "2031-01-01"


def move_of(plan: Plan, slug: str) -> dict:
    return next(move for move in plan.document["moves"] if move["exchange"] == slug)


def test_a_plan_writes_nothing_but_itself(epoch):
    state, entries = state_digest(), LedgerEntry.objects.count()
    plan = plan_epoch(6, actor=ANN, reason="the quarter is over")
    epoch.refresh_from_db()
    assert epoch.state == EpochState.PLANNED
    assert state_digest() == state
    assert LedgerEntry.objects.count() == entries + 1
    assert plan.planned_by == "ann"
    assert not TierAssignment.objects.exists()


def test_a_move_tells_tier_rank_votes_margins_and_rule(epoch):
    move = move_of(plan_epoch(6, actor=ANN), "kraken")
    assert move["old"] == {"tier": "", "included": None, "basis": "", "epoch": ""}
    assert move["new"] == {"tier": "silver", "included": True, "basis": "poll", "epoch": "Epoch 6"}
    assert (move["rank"], move["of"], move["votes"], move["group"]) == (4, 6, "300000", "cex")
    assert (move["margin_to_next"], move["next_label"], move["margin_to_removal"]) == ("600000", "gold", "100000")
    assert "bands[1]" in move["rule"]


def test_promoted_demoted_entered_left_and_unchanged_are_told_apart(epoch):
    applied(6)
    votes = {"okx": 950_000, "kucoin": 800_000, "huobi": 300_000, "binance": 290_000, "kraken": 280_000, "bybit": 1_000}
    make_epoch(7, polls={PollGroup.CEX: votes, PollGroup.DEX: {"dydx": 700_000, "uniswap": 400_000}})
    plan = plan_epoch(7, actor=ANN, policy="hgp-45", policy_reason="tiers are tried once more")
    assert moves_of(plan) == {
        "okx": "promoted",
        "kucoin": "demoted",
        "kraken": "demoted",
        "huobi": "entered",
        "bybit": "left",
        "binance": "unchanged",
        "dydx": "unchanged",
        "uniswap": "unchanged",
    }
    assert plan.document["summary"] == "1 promoted, 2 demoted, 1 entered, 1 left, 3 unchanged."


def test_a_plan_that_changes_nothing_says_so(epoch):
    applied(6)
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 400_000, "binance": 300_000}})
    plan = plan_epoch(7, actor=ANN, policy="hgp-45", policy_reason="tiers are tried once more")
    assert plan.document["summary"] == "Nothing changes: all 2 that are decided about stay as they are."


def test_an_exchange_that_no_poll_names_stands_as_it_was(epoch):
    applied(6)
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 400_000}})
    plan = plan_epoch(7, actor=ANN, policy="hgp-45", policy_reason="tiers are tried once more")
    absent = {entry["exchange"]: entry["tier"] for entry in plan.document["absent"]}
    assert absent == {
        "binance": "silver",
        "okx": "silver",
        "kraken": "silver",
        "bybit": "bronze",
        "dydx": "gold",
        "uniswap": "silver",
    }


def test_rules_without_tiers_end_every_tier_also_of_those_no_poll_names(epoch):
    applied(6)
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 400_000, "okx": 90_000, "huobi": 300_000}})
    plan = plan_epoch(7, actor=ANN)
    moves = moves_of(plan)
    assert moves["kucoin"] == moves["dydx"] == "ended"
    assert (moves["okx"], moves["huobi"]) == ("left", "entered")
    assert move_of(plan, "dydx")["new"] == {"tier": "", "included": None, "basis": "record", "epoch": "Epoch 7"}
    assert move_of(plan, "dydx")["rule"] == "the rules have no tiers"
    assert plan.document["absent"] == []


def test_of_two_polls_the_better_result_counts_and_both_are_kept(epoch, exchanges):
    make_epoch(
        10, polls={PollGroup.CLOB_SPOT: {"kucoin": 90_000, "okx": 300_000}, PollGroup.CLOB_PERP: {"kucoin": 300_000}}
    )
    plan = plan_epoch(10, actor=ANN)
    move = move_of(plan, "kucoin")
    assert (move["group"], move["new"]["included"], len(move["also"])) == ("clob_perp", True, 1)


def test_chains_and_strategies_get_outcomes_and_pots_but_no_tier(epoch):
    Subject.objects.create(kind=SubjectKind.CHAIN, slug="ethereum", name="Ethereum")
    import_poll(6, poll_of({"Ethereum": 500_000}, group=PollGroup.CHAIN), actor=ANN)
    plan = plan_epoch(6, actor=ANN)
    chain = next(poll for poll in plan.document["polls"] if poll["group"] == "chain")
    assert chain["choices"][0]["label"] == "gold"
    assert "ethereum" not in moves_of(plan)
    assert {"subject": "ethereum", "kind": "chain"}.items() <= next(
        pot for pot in plan.document["pots"] if pot["group"] == "chain"
    ).items()
    assert not any("none was imported" in warning for warning in plan.document["warnings"])


def test_a_poll_that_the_rules_hold_and_nobody_imported_is_a_warning(epoch):
    warnings = plan_epoch(6, actor=ANN).document["warnings"]
    assert "The rules hold a poll on Chain connectors, and none was imported." in warnings


def test_pots_follow_the_bands(epoch):
    changeset = applied(6)
    amounts = {pot.subject.slug: str(pot.allocated) for pot in Pot.objects.filter(changeset=changeset)}
    assert amounts == {
        "kucoin": "400000.00",
        "binance": "100000.00",
        "okx": "100000.00",
        "kraken": "100000.00",
        "dydx": "400000.00",
        "uniswap": "100000.00",
    }


def test_a_pot_that_cannot_be_computed_is_taken_as_printed(epoch):
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": None, "okx": None}})
    Choice.objects.filter(poll__epoch__number=7).update(stated_included=True)
    Choice.objects.filter(poll__epoch__number=7, name="kucoin").update(stated_pot="432100", stated_rank=1)
    pots = plan_epoch(7, actor=ANN).document["pots"]
    assert [(pot["subject"], pot["amount"], pot["basis"]) for pot in pots] == [("kucoin", "432100", "as printed")]


def test_a_tie_across_a_cut_is_a_question_and_the_exchanges_wait(epoch):
    make_epoch(5, polls={PollGroup.CEX: {"kucoin": 500_000, "okx": 500_000, "kraken": 300_000}})
    plan = plan_epoch(5, actor=ANN)
    assert [entry["exchange"] for entry in plan.document["open"]] == ["kucoin", "okx"]
    assert moves_of(plan) == {"kraken": "entered"}
    (question,) = plan.document["questions"]
    assert (question["group"], question["kind"], question["choices"]) == ("cex", "tie", [1, 2])

    decision = {"group": "cex", "kind": "order", "choices": [2, 1], "reason": "the later vote"}
    settled = plan_epoch(5, actor=ANN, decisions=[decision])
    assert settled.document["questions"] == []
    assert move_of(settled, "okx")["new"]["tier"] == "gold"


def test_a_decision_about_a_poll_that_is_not_there_is_a_warning(epoch):
    decision = {"group": "amm", "kind": "include", "choices": [1], "reason": "said so"}
    warnings = plan_epoch(6, actor=ANN, decisions=[decision]).document["warnings"]
    assert any("AMM connectors" in warning for warning in warnings)


def test_equal_inputs_have_equal_hashes_and_effects_are_not_in_them(epoch, monkeypatch):
    monkeypatch.setattr("registry.effects._effects", {})
    first = plan_epoch(6, actor=ANN)
    register_effect("test", lambda moves: [{"kind": "cadence", "exchange": "kucoin", "text": f"{len(moves)} move"}])
    second = plan_epoch(6, actor=ANN, reason="once more")
    assert second.pk != first.pk
    assert second.hash == first.hash
    assert second.document["effects"] == [{"kind": "cadence", "exchange": "kucoin", "text": "8 move"}]


@pytest.mark.parametrize(
    "change",
    [
        {"effective_from": date(2027, 3, 1)},
        {"overrides": [{"exchange": "okx", "tier": "gold", "reason": "asked", "expires_on": FAR}]},
        {"decisions": [{"group": "cex", "kind": "include", "choices": [1], "reason": "asked"}]},
        {"policy": "hgp-50", "policy_reason": "asked"},
    ],
    ids=["date", "override", "decision", "policy"],
)
def test_the_hash_covers_every_input(epoch, change):
    assert plan_epoch(6, actor=ANN).hash != plan_epoch(6, actor=ANN, **change).hash


def test_the_hash_covers_mapping_and_base_state(epoch, exchanges):
    first = plan_epoch(6, actor=ANN).hash
    choice = Choice.objects.get(name="huobi")
    map_choice(choice.pk, actor=ANN, ignore=True, reason="it closed")
    second = plan_epoch(6, actor=ANN).hash
    TierAssignment.objects.create(
        exchange=exchanges["bybit"],
        tier="gold",
        reason="x",
        decided_by="x",
        recorded_by="x",
        effective_from=date(2024, 1, 1),
    )
    assert len({first, second, plan_epoch(6, actor=ANN).hash}) == 3


def test_an_override_stands_beside_what_the_poll_says(epoch):
    overrides = [{"exchange": "huobi", "tier": "bronze", "reason": "a partner", "expires_on": FAR}]
    plan = plan_epoch(6, actor=ANN, overrides=overrides)
    move = move_of(plan, "huobi")
    assert (move["new"]["tier"], move["new"]["basis"]) == ("bronze", "override")
    assert (move["decided"]["tier"], move["decided"]["included"]) == ("", False)
    assert plan.document["overrides"] == [
        {**overrides[0], "name": "Huobi", "instead_of": {"tier": "", "included": False}},
    ]
    assert move["note"].startswith("Override until 2031-01-01: a partner; the poll says no tier, not in the release.")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ({"exchange": "okx", "tier": "gold", "reason": "", "expires_on": FAR}, "say why"),
        ({"exchange": "okx", "tier": "gold", "reason": "x"}, "expires_on"),
        ({"exchange": "okx", "tier": "platinum", "reason": "x", "expires_on": FAR}, "no tier"),
        ({"exchange": "nowhere", "tier": "gold", "reason": "x", "expires_on": FAR}, "no exchange"),
        ({"exchange": "okx", "tier": "gold", "reason": "x", "expires_on": "2020-01-01"}, "later day"),
        ({"exchange": "okx", "tier": "gold", "reason": "x", "expires_on": "soon"}, "no day"),
        ({"exchange": "okx", "tier": ["gold"], "reason": "x", "expires_on": FAR}, "no tier"),
        ("okx to gold", "keys exchange, tier, reason and expires_on"),
    ],
)
def test_an_override_without_reason_or_expiry_is_refused(epoch, override, says):
    with pytest.raises(BadValue, match=says) as refusal:
        plan_epoch(6, actor=ANN, overrides=[override])
    assert refusal.value.field == "overrides"


def test_two_overrides_of_one_exchange_are_refused(epoch):
    override = {"exchange": "okx", "tier": "gold", "reason": "x", "expires_on": FAR}
    with pytest.raises(BadValue, match="twice"):
        plan_epoch(6, actor=ANN, overrides=[override, override | {"tier": "bronze"}])


def test_a_day_ahead_is_kept_and_a_day_gone_by_is_not(epoch):
    today = timezone.now().date()
    ahead = today + timedelta(days=30)
    assert plan_epoch(6, actor=ANN, effective_from=ahead).document["effective_from"] == ahead.isoformat()
    assert plan_epoch(6, actor=ANN).document["effective_from"] == ahead.isoformat()
    plan_epoch(6, actor=ANN, effective_from=today - timedelta(days=30))
    assert plan_epoch(6, actor=ANN).document["effective_from"] == today.isoformat()


def test_other_rules_need_a_reason(epoch):
    with pytest.raises(BadValue, match="say why Epoch 6 goes by hgp-50 v1 and not by hgp-45 v1"):
        plan_epoch(6, actor=ANN, policy="hgp-50")
    with pytest.raises(BadValue, match="there are no rules 'hgp-99'; there are: quarterly-polls v1"):
        plan_epoch(6, actor=ANN, policy="hgp-99", policy_reason="x")


def test_an_epoch_without_polls_is_not_planned(policies):
    create_epoch(6, actor=ANN, reason="quarter")
    with pytest.raises(WrongState, match="import them first"):
        plan_epoch(6, actor=ANN)


def test_open_choices_are_named(policies, exchanges):
    make_epoch(6, polls={PollGroup.CEX: {"kucoin": 300_000, "Mystery": 200_000}})
    with pytest.raises(Unmapped, match=r"Mystery \(cex\)") as refusal:
        plan_epoch(6, actor=ANN)
    assert [choice.name for choice in refusal.value.choices] == ["Mystery"]


def test_an_earlier_epoch_cannot_follow_a_later_one(epoch):
    applied(6)
    make_epoch(5, polls={PollGroup.CEX: {"kucoin": 300_000}})
    with pytest.raises(OutOfOrder, match="Epoch 6 stands, and comes after Epoch 5"):
        plan_epoch(5, actor=ANN)


def test_an_epoch_cannot_take_effect_before_the_one_before_it(epoch):
    today = timezone.now().date()
    applied(6, effective_from=today)
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 300_000}})
    with pytest.raises(OutOfOrder, match="Give a later effective_from"):
        plan_epoch(7, actor=ANN, effective_from=today - timedelta(days=1))


def test_changing_a_poll_or_the_rules_takes_the_plan_back(epoch):
    plan_epoch(6, actor=ANN)
    import_poll(6, poll_of({"kucoin": 1}), actor=ANN, replace=True, reason="recount")
    epoch.refresh_from_db()
    assert epoch.state == EpochState.MAPPED
    plan_epoch(6, actor=ANN)
    choose_policy(6, "hgp-50", actor=ANN, reason="asked")
    epoch.refresh_from_db()
    assert epoch.state == EpochState.MAPPED


def test_planning_needs_its_permission(epoch):
    with pytest.raises(NotAllowed, match=r"registry\.plan_epoch") as refusal:
        plan_epoch(6, actor=NOBODY)
    assert refusal.value.permission == "plan_epoch"


@pytest.mark.parametrize("many", [4, 40])
def test_queries_do_not_grow_with_exchanges(policies, django_assert_max_num_queries, many):
    slugs = [f"exchange-{index}" for index in range(many)]
    make_exchanges(slugs)
    make_epoch(6, polls={PollGroup.CEX: {slug: 300_000 + index for index, slug in enumerate(slugs)}})
    with django_assert_max_num_queries(36):
        plan_epoch(6, actor=ANN)


def test_a_version_of_the_rules_that_came_since_counts_unless_others_were_chosen(epoch, policies):
    old = policies["hgp-45"]
    newer = Policy.objects.create(
        slug=old.slug,
        version=2,
        title=old.title,
        document=old.document | {"version": 2},
        sha256="0" * 64,
        from_epoch=6,
        to_epoch=6,
    )
    plan_epoch(6, actor=ANN)
    epoch.refresh_from_db()
    assert epoch.policy == newer
    plan_epoch(6, actor=ANN, policy="hgp-45 v1", policy_reason="as it was held")
    plan_epoch(6, actor=ANN)
    epoch.refresh_from_db()
    assert epoch.policy == old


def test_an_earlier_epoch_that_waits_is_a_warning(epoch):
    make_epoch(7, polls={PollGroup.CEX: {"kucoin": 400_000}})
    sentence = "Not applied: epoch 6. Once Epoch 7 stands, an earlier epoch can no longer be applied."
    assert sentence in plan_epoch(7, actor=ANN).document["warnings"]
    applied(6)
    assert sentence not in plan_epoch(7, actor=ANN).document["warnings"]


def test_a_reason_without_end_is_refused(epoch):
    with pytest.raises(BadValue, match="longer than 4,000 characters"):
        plan_epoch(6, actor=ANN, reason="x" * 4001)


def test_no_float_stands_in_a_document(epoch):
    def walk(value):
        assert not isinstance(value, float)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    walk(plan_epoch(6, actor=ANN).document)


@pytest.mark.parametrize(
    "decision",
    [
        {"group": "cex", "kind": "order", "choices": [1.5, 2], "reason": "x"},
        {"group": "nowhere", "kind": "order", "choices": [1], "reason": "x"},
        {"group": "cex", "kind": "order", "choices": [1, 2]},
        {"group": ["cex"], "kind": "order", "choices": [1], "reason": "x"},
        "gold for all",
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused_and_nothing_is_kept(epoch, decision):
    with pytest.raises(DecisionRefused):
        plan_epoch(6, actor=ANN, decisions=[decision])
    epoch.refresh_from_db()
    assert (epoch.decisions, epoch.state) == ([], EpochState.MAPPED)


def test_an_epoch_that_stands_is_not_planned_whatever_its_state_says(epoch):
    applied(6)
    Epoch.objects.filter(number=6).update(state=EpochState.MAPPED)
    with pytest.raises(WrongState, match="Epoch 6 is applied: roll back first"):
        plan_epoch(6, actor=ANN)


def test_rules_for_single_proposals_are_refused_for_a_poll_with_the_rules_that_know_it(policies, exchanges):
    make_epoch(14, polls={PollGroup.CEX: {"kucoin": 1_000_000, "okx": 900_000}})
    with pytest.raises(BadValue) as refusal:
        plan_epoch(14, actor=ANN)
    assert refusal.value.field == "policy"
    assert str(refusal.value) == (
        "policy: hgp-77 v1 knows only single proposals, and no polls such as CEX connectors; choose rules that do: "
        "quarterly-polls v1, weighted-polls v1, hgp-45 v1 and hgp-50 v1"
    )
    plan_epoch(14, actor=ANN, policy="hgp-45", policy_reason="An exercise.")
