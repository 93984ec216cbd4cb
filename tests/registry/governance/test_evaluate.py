"""What a poll comes to: inclusion, ranks, bands, margins and slots, and what is asked where nothing decides."""

from __future__ import annotations

import json
import time
from decimal import Decimal, localcontext

import pytest

from registry.choices import PollGroup, Voting
from registry.governance.evaluate import Decision, DecisionRefused, PollOutcome, PollUnfit, evaluate
from registry.governance.policy import policy_for_epoch, read_policies
from registry.governance.tallies import Votes
from tests.registry.governance.polls import decision, exact, policy, poll, printed, silent, tierless, votes

TWENTY = {
    "limit": 20,
    "rules": [{"choices": 20, "drop_lowest_next": 2}, {"choices": 19, "drop_lowest_next": 1}],
}


def fates(outcome: PollOutcome) -> list[tuple[int, int | None, str, bool | None]]:
    """Index, rank, label and inclusion of each choice, in the outcome's order."""
    return [(choice.index, choice.rank, choice.label, choice.included) for choice in outcome.choices]


def asked(outcome: PollOutcome) -> list[tuple[str, tuple[int, ...]]]:
    return [(question.kind.value, question.choices) for question in outcome.questions]


def test_rank_one_is_gold_two_to_four_silver_and_the_rest_at_the_threshold_bronze() -> None:
    outcome = evaluate(votes(300, 900, 100, 500, 400, 99), policy())
    assert fates(outcome) == [
        (2, 1, "gold", True),
        (4, 2, "silver", True),
        (5, 3, "silver", True),
        (1, 4, "silver", True),
        (3, 5, "bronze", True),
        (6, 6, "", False),
    ]
    assert outcome.questions == ()


def test_exact_votes_at_the_threshold_pass_and_a_hair_below_fail() -> None:
    outcome = evaluate(votes(100, "99.999999999999999999"), tierless())
    assert [choice.included for choice in outcome.choices] == [True, False]


def test_a_choice_below_the_threshold_leaves_whatever_its_rank() -> None:
    outcome = evaluate(votes(500, 400, 80, 70), policy())
    assert fates(outcome)[2:] == [(3, 3, "", False), (4, 4, "", False)]
    third = outcome.by_index[3]
    assert third.rule == "eligibility.min_votes: 100"
    assert third.margin_to_removal == Decimal(-20)


def test_the_rule_and_the_margins_say_what_decided_and_how_narrowly() -> None:
    outcome = evaluate(votes(900, 500, 400, 300, 250, 120), policy())
    facts = {c.index: (c.rule, c.margin_to_next, c.next_label, c.margin_to_removal) for c in outcome.choices}
    assert facts == {
        1: ("bands[0]: rank 1", None, "", Decimal(800)),
        2: ("bands[1]: ranks 2 to 4", Decimal(400), "gold", Decimal(400)),
        3: ("bands[1]: ranks 2 to 4", Decimal(500), "gold", Decimal(300)),
        4: ("bands[1]: ranks 2 to 4", Decimal(600), "gold", Decimal(200)),
        5: ("bands[2]: ranks from 5 on", Decimal(50), "silver", Decimal(150)),
        6: ("bands[2]: ranks from 5 on", Decimal(180), "silver", Decimal(20)),
    }


def test_as_many_votes_as_the_margin_tie_and_more_lift_into_the_band() -> None:
    level = evaluate(votes(900, 500, 400, 300, 300, 120), policy())
    above = evaluate(votes(900, 500, 400, 300, "300.1", 120), policy())
    assert asked(level) == [("tie", (4, 5))]
    assert above.by_index[5].label == "silver"


def test_an_exact_tie_across_a_cut_waits_for_a_decision() -> None:
    outcome = evaluate(votes(500, 500, 300), policy())
    assert asked(outcome) == [("tie", (1, 2))]
    assert outcome.questions[0].text == (
        "X1 and X2: they have 500 votes each, and the line between gold and silver runs among them. Decide their order."
    )
    assert [(c.label, c.included, c.rule) for c in outcome.choices[:2]] == [
        ("", True, "needs decision: bands[0].ranks")
    ] * 2
    assert outcome.by_index[3].label == "silver"


def test_a_decided_order_settles_the_tie_and_is_named() -> None:
    outcome = evaluate(votes(500, 500, 300), policy(), [decision("order", 2, 1, reason="older connector first")])
    assert fates(outcome) == [(2, 1, "gold", True), (1, 2, "silver", True), (3, 3, "silver", True)]
    assert (outcome.questions, outcome.warnings[1:]) == ((), ())
    said = " ".join(step.text for step in outcome.by_index[2].steps)
    assert "Put before X1 by decision: older connector first" in said


def test_a_tie_inside_one_band_is_shared_and_asks_nothing() -> None:
    outcome = evaluate(votes(900, 500, 500, 500, 300), policy())
    assert outcome.questions == ()
    assert fates(outcome)[1:4] == [(2, 2, "silver", True), (3, 3, "silver", True), (4, 4, "silver", True)]
    assert "Its order to X2 and X4 is open" in " ".join(step.text for step in outcome.by_index[3].steps)


def test_a_tie_over_two_cuts_asks_once() -> None:
    outcome = evaluate(votes(*[500] * 6), policy())
    assert asked(outcome) == [("tie", (1, 2, 3, 4, 5, 6))]
    assert {choice.label for choice in outcome.choices} == {""}


def test_a_long_list_of_names_is_cut_short() -> None:
    outcome = evaluate(votes(*[500] * 30), policy())
    assert outcome.questions[0].choices == tuple(range(1, 31))
    assert "X19, X20 and 10 others: they have 500 votes each" in outcome.questions[0].text


def test_a_tie_of_those_that_leave_anyway_asks_nothing() -> None:
    outcome = evaluate(votes(900, 50, 50), policy(bands=[{"label": "gold", "ranks": [1, 2]}]))
    assert outcome.questions == ()


def test_a_decision_cannot_turn_votes_around() -> None:
    outcome = evaluate(votes(500, 400), policy(), [decision("order", 2, 1), decision("exclude", 1)])
    assert fates(outcome) == [(1, 1, "gold", True), (2, 2, "silver", True)]
    assert sum("settles nothing here" in warning for warning in outcome.warnings) == 2


def test_rounded_votes_at_the_threshold_ask_when_the_source_says_nothing() -> None:
    outcome = evaluate(poll(printed(1, "0.1k"), printed(2, "900")), policy())
    assert asked(outcome) == [("boundary", (1,))]
    assert outcome.by_index[1].included is None
    for kind, included, label, words in (
        ("include", True, "silver", "it stays"),
        ("exclude", False, "", "it leaves"),
        ("stands", None, "", "what is stands"),
    ):
        settled = evaluate(poll(printed(1, "0.1k"), printed(2, "900")), policy(), [decision(kind, 1)])
        assert settled.questions == ()
        assert (settled.by_index[1].included, settled.by_index[1].label) == (included, label)
        said = [step.text for step in settled.by_index[1].steps if step.rule == "decision"]
        assert said == [f"Decided that {words}: so it was settled"]


def test_etcswap_at_the_threshold_is_out_by_the_stated_word() -> None:
    # Epoch 12, Gateway DEX: "ETCSwap (400k votes - below threshold)" where 400,000 are enough.
    rules = policy_for_epoch(read_policies(), 12)
    assert rules is not None
    quickswap = printed(1, "688.6k", rank=12, included=True, name="Quickswap")
    etcswap = printed(2, "400k", included=False, name="ETCSwap")
    outcome = evaluate(poll(quickswap, etcswap, group=PollGroup.GATEWAY_DEX), rules)
    assert (outcome.by_index[2].included, outcome.by_index[2].rule) == (False, "record: stated as failed")
    assert outcome.by_index[2].steps[0].text == (
        "400,000 votes (as printed, within 500): the threshold of 400,000 lies within, and rounded votes do not "
        "decide it. The source says that it failed, and that decides."
    )
    assert outcome.questions == ()
    with_exact_votes = poll(quickswap, exact(2, 400_000, name="ETCSwap"), group=PollGroup.GATEWAY_DEX)
    assert evaluate(with_exact_votes, rules).by_index[2].included is True


def test_votes_that_decide_are_not_overruled_by_the_sources_word() -> None:
    outcome = evaluate(poll(printed(1, "1k", included=False), printed(2, "20", included=True)), policy())
    assert [outcome.by_index[index].included for index in (1, 2)] == [True, False]
    assert "The source's word on X1 and X2 differs from what the votes say; the votes decide." in outcome.warnings


def test_what_the_source_says_speaks_of_the_threshold_it_was_held_under() -> None:
    held = policy(eligibility={"min_votes": "100", "otherwise": "leaves"})
    result = poll(silent(1, included=True), silent(2, included=False), printed(3, "0.2k", included=True))
    higher = policy(eligibility={"min_votes": "200", "otherwise": "leaves"})
    lower = policy(eligibility={"min_votes": "50", "otherwise": "leaves"})
    assert [evaluate(result, higher, held_under=held).by_index[index].included for index in (1, 2, 3)] == [
        None,
        False,
        None,
    ]
    assert [evaluate(result, lower, held_under=held).by_index[index].included for index in (1, 2, 3)] == [
        True,
        None,
        True,
    ]


def test_the_sources_ranks_order_rounded_votes_that_overlap() -> None:
    result = poll(printed(1, "7.8m", rank=2), printed(2, "7.8m", rank=1), printed(3, "1m", rank=3))
    outcome = evaluate(result, policy())
    assert fates(outcome) == [(2, 1, "gold", True), (1, 2, "silver", True), (3, 3, "silver", True)]
    assert outcome.questions == ()
    assert "Printed votes are rounded; the source's ranks order" in outcome.by_index[1].steps[1].text


def test_overlapping_rounded_votes_without_ranks_ask_across_a_cut() -> None:
    outcome = evaluate(poll(printed(1, "10m"), printed(2, "10.3m"), printed(3, "9m")), policy())
    assert asked(outcome) == [("tie", (1, 2))]
    assert "their votes are rounded and may stand in either order" in outcome.questions[0].text


def test_the_sources_ranks_do_not_break_an_exact_tie() -> None:
    first, second = exact(1, 500), exact(2, 500)
    ranked = [type(first)(t.index, t.name, t.votes, rank) for t, rank in ((first, 2), (second, 1))]
    assert asked(evaluate(poll(*ranked), policy())) == [("tie", (1, 2))]


def test_ranks_against_the_votes_are_reported_and_the_votes_hold() -> None:
    outcome = evaluate(poll(printed(1, "2m", rank=2), printed(2, "1m", rank=1)), policy())
    assert outcome.by_index[1].label == "gold"
    assert "The source ranks X2 above X1, which has more votes; its votes decide." in outcome.warnings


def test_many_ranks_against_the_votes_are_not_all_told() -> None:
    outcome = evaluate(poll(*(printed(index, f"{20 - index}m", rank=20 - index) for index in range(1, 20))), policy())
    told = [warning for warning in outcome.warnings if "its votes decide" in warning]
    assert len(told) == 10
    assert "It ranks 161 other pairs against their votes." in outcome.warnings


@pytest.mark.slow(reason="the largest poll there may be")
def test_the_largest_poll_is_decided_in_seconds() -> None:
    begin = time.process_time()
    outcome = evaluate(votes(*[500] * 1000), policy(), [decision("order", *range(1000, 0, -1))])
    assert time.process_time() - begin < 20
    assert outcome.questions == ()
    assert [choice.index for choice in outcome.choices] == list(range(1000, 0, -1))


def test_ranks_that_run_in_a_circle_with_the_votes_decide_nothing_and_a_person_can() -> None:
    # 10m may be 9.5 to 10.5: it overlaps both others, and the ranks say the reverse of what the votes do.
    circle = poll(printed(1, "10.3m", rank=3), printed(2, "10m", rank=2), printed(3, "9.8m", rank=1))
    outcome = evaluate(circle, policy())
    assert asked(outcome) == [("tie", (1, 2))]
    assert outcome.by_index[3].label == "silver"  # by its votes it stands behind X1, whatever X2 has
    settled = evaluate(circle, policy(), [decision("order", 2, 1)])
    assert (settled.questions, [choice.index for choice in settled.choices]) == ((), [2, 1, 3])


def test_a_decided_order_bends_to_the_votes_and_settles_the_rest() -> None:
    # 9.8m is behind 10.3m for sure, and 10m may stand anywhere.
    circle = poll(printed(1, "10.3m"), printed(2, "10m"), printed(3, "9.8m"))
    settled = evaluate(circle, policy(), [decision("order", 3, 2, 1)])
    assert settled.questions == ()
    assert [choice.index for choice in settled.choices] == [1, 3, 2]


def test_without_votes_and_ranks_the_sources_list_is_the_order() -> None:
    # A cut-off list of epoch 6: gold, three silver, bronze, and what failed.
    result = poll(*(silent(index, included=index < 7) for index in range(1, 8)))
    outcome = evaluate(result, policy())
    assert [label for _, _, label, _ in fates(outcome)] == [
        "gold",
        "silver",
        "silver",
        "silver",
        "bronze",
        "bronze",
        "",
    ]
    assert outcome.by_index[2].steps[1].text == "No votes and no ranks are stated; place 2 of 7 in the source's list."
    assert outcome.by_index[7].rank is None


def test_those_that_the_source_does_not_rank_stand_behind_those_it_does() -> None:
    # Epochs 7 to 11: only the four that share the pool are ranked.
    ranked = [silent(index, rank=5 - index, included=True) for index in range(1, 5)]
    outcome = evaluate(
        poll(silent(9, included=False), silent(8, included=True), *ranked),
        tierless(pool={"amount": "1000", "top": 4, "cap": None, "share": "pro_rata"}),
    )
    assert [(choice.index, choice.rank) for choice in outcome.choices] == [
        (4, 1), (3, 2), (2, 3), (1, 4), (8, None), (9, None),
    ]  # fmt: skip
    assert outcome.questions == ()
    assert "The pool cannot be shared out: the source states no votes for X4, X3, X2 and X1." in outcome.warnings


def test_a_choice_of_which_nothing_is_known_is_asked_about() -> None:
    result = poll(silent(1, rank=1, included=True), silent(2))
    assert asked(evaluate(result, policy())) == [("unknown", (2,))]
    settled = evaluate(result, policy(), [decision("stands", 2, reason="the page says both")])
    assert (settled.questions, settled.by_index[2].included) == ((), None)
    assert settled.by_index[2].steps[1].text == "Decided that what is stands: the page says both"


def test_a_name_on_both_lists_is_one_question_and_one_fate() -> None:
    # Epoch 10, AMM: Plenty stands among those that passed and among those that failed.
    result = poll(
        silent(1, rank=1, included=True, name="Uniswap"),
        silent(2, included=True, name="Plenty"),
        silent(3, included=False, name="plenty"),
    )
    outcome = evaluate(result, tierless())
    assert asked(outcome) == [("contradiction", (2, 3))]
    settled = evaluate(result, tierless(), [decision("exclude", 2)])
    assert [settled.by_index[index].included for index in (2, 3)] == [False, False]
    with pytest.raises(DecisionRefused, match="contradict each other about Plenty"):
        evaluate(result, tierless(), [decision("exclude", 2), decision("include", 3)])


@pytest.mark.parametrize(("among", "labels"), [("all", ["", "silver", "silver"]), ("eligible", ["", "gold", "silver"])])
def test_who_moves_up_is_a_rule_of_its_own(among: str, labels: list[str]) -> None:
    result = poll(silent(1, rank=1), silent(2, rank=2, included=True), silent(3, rank=3, included=True))
    outcome = evaluate(result, policy(rank_among=among), [decision("exclude", 1)])
    assert [outcome.by_index[index].label for index in (1, 2, 3)] == labels


def test_who_may_yet_come_in_leaves_those_below_open_where_ranks_count_only_those_in() -> None:
    result = poll(printed(1, "0.1k", rank=1), printed(2, "0.1k", rank=2, included=True))
    outcome = evaluate(result, policy(rank_among="eligible"))
    assert asked(outcome) == [("boundary", (1,))]
    assert outcome.by_index[2].label == ""
    assert evaluate(result, policy(rank_among="eligible"), [decision("include", 1)]).by_index[2].label == "silver"


def test_shares_are_of_the_votes_over_all_choices_also_of_those_that_fail() -> None:
    outcome = evaluate(votes(600, 350, 50), tierless())
    assert [choice.share for choice in outcome.choices] == [Decimal(60), Decimal(35), Decimal(5)]
    stated = evaluate(poll(exact(1, 600), total=Votes(Decimal(1800))), tierless())
    assert stated.choices[0].share == Decimal("33.3333")


def test_sums_keep_every_digit_whatever_the_callers_precision() -> None:
    with localcontext(prec=6):
        outcome = evaluate(votes("1000000000.000000000000000001", "1000000000.000000000000000002"), tierless())
    assert outcome.total == Votes(Decimal("2000000000.000000000000000003"))
    assert [choice.index for choice in outcome.choices] == [2, 1]


@pytest.mark.parametrize(
    ("total", "reached", "words"),
    [
        (Votes(Decimal(1000)), True, None),
        (Votes(Decimal("999.9")), False, "The quorum of 1,000 votes was missed: 999.9 votes over all choices."),
        (Votes(Decimal(1000), Decimal(5)), None, "The quorum of 1,000 votes may have been missed"),
        (None, None, "The source states no total of votes: whether it reached the quorum of 1,000 is not known."),
    ],
)
def test_a_quorum_missed_or_unknown_is_a_warning(total: Votes | None, reached: bool | None, words: str | None) -> None:
    result = poll(silent(1, rank=1, included=True), total=total)
    outcome = evaluate(result, tierless(quorum={"votes": "1000", "of": "total"}))
    assert outcome.quorum_reached is reached
    assert [warning for warning in outcome.warnings if "uorum" in warning] == (
        [] if words is None else [next(warning for warning in outcome.warnings if warning.startswith(words))]
    )


def test_an_incomplete_sum_cannot_miss_the_quorum() -> None:
    outcome = evaluate(
        poll(exact(1, 900), silent(2, included=False)), tierless(quorum={"votes": "1000", "of": "total"})
    )
    assert outcome.quorum_reached is None
    assert "No votes are stated for X2: shares are of the votes that are stated." in outcome.warnings


def test_a_policy_without_a_quorum_in_votes_says_so() -> None:
    assert evaluate(votes(500), policy()).warnings == (
        "made-up v1 names no number of votes as the quorum: whether the poll reached it is not known.",
    )


@pytest.mark.parametrize(("choices", "leaving"), [(18, []), (19, [19]), (20, [19, 20])])
def test_the_lowest_give_up_their_slots_in_a_full_poll(choices: int, leaving: list[int]) -> None:
    outcome = evaluate(votes(*(1000 - index for index in range(choices))), tierless(slots=TWENTY))
    assert [choice.index for choice in outcome.choices if choice.leaves_next] == leaving
    assert all(choice.included for choice in outcome.choices)


def test_slots_count_those_that_fail_the_threshold_too() -> None:
    figures = [1000 - index for index in range(18)]
    result = poll(*votes(*figures).tallies, silent(19, included=False), silent(20, included=False))
    outcome = evaluate(result, tierless(slots=TWENTY))
    assert [choice.index for choice in outcome.choices if choice.leaves_next] == [19, 20]
    assert outcome.questions == ()


def test_a_tie_for_the_last_slot_is_asked_about() -> None:
    outcome = evaluate(votes(*(1000 - index for index in range(18)), 500, 500), tierless(slots=TWENTY))
    assert outcome.questions == ()
    outcome = evaluate(votes(*(1000 - index for index in range(17)), 500, 500, 400), tierless(slots=TWENTY))
    assert asked(outcome) == [("tie", (18, 19))]
    assert "the line above the 2 lowest that leave next runs among them" in outcome.questions[0].text
    settled = evaluate(
        votes(*(1000 - index for index in range(17)), 500, 500, 400),
        tierless(slots=TWENTY),
        [decision("order", 19, 18)],
    )
    assert [choice.index for choice in settled.choices if choice.leaves_next] == [18, 20]


def test_more_choices_than_slots_are_a_warning() -> None:
    outcome = evaluate(votes(*(1000 - index for index in range(22))), tierless(slots=TWENTY))
    assert "The poll has 22 choices; made-up v1 allows 20." in outcome.warnings


def test_a_regime_without_tiers_gives_inclusion_and_no_labels() -> None:
    outcome = evaluate(votes(900, 90), tierless())
    assert [(choice.label, choice.included) for choice in outcome.choices] == [("", True), ("", False)]
    assert outcome.by_index[1].rule == "eligibility.min_votes: 100"
    assert "These rules have no tiers." in [step.text for step in outcome.by_index[1].steps]


def test_strategies_are_core_or_community() -> None:
    rules = policy_for_epoch(read_policies(), 4)
    assert rules is not None
    figures = [exact(index, 500_000 - index) for index in range(1, 6)]
    outcome = evaluate(poll(*figures, group=PollGroup.STRATEGY, voting=Voting.WEIGHTED), rules)
    assert [choice.label for choice in outcome.choices] == ["core", "core", "core", "community", "community"]


def test_a_poll_of_another_kind_than_the_policys_is_a_warning() -> None:
    outcome = evaluate(poll(exact(1, 500), group=PollGroup.AMM, voting=Voting.QUADRATIC), policy())
    assert outcome.warnings[:2] == (
        "made-up v1 has no poll on AMM connectors; its polls: CEX connectors and DEX connectors.",
        "The poll was held by Quadratic; made-up v1 expects Weighted.",
    )
    assert outcome.choices[0].label == "gold"


def test_decisions_about_other_polls_are_passed_over() -> None:
    outcome = evaluate(votes(500), policy(), [decision("exclude", 77, group=PollGroup.DEX)])
    assert len(outcome.warnings) == 1


def test_what_cannot_be_evaluated_is_refused_with_the_reason() -> None:
    with pytest.raises(PollUnfit, match="the CEX connectors poll has no choices"):
        evaluate(poll(), policy())
    with pytest.raises(PollUnfit, match="choice 1 stands twice"):
        evaluate(poll(exact(1, 5), exact(1, 6)), policy())
    for figure in ("-5", "NaN", "Infinity", "1E+999999", "1E-999999"):
        with pytest.raises(PollUnfit, match="X1 has no possible number of votes"):
            evaluate(poll(exact(1, figure)), policy())
    with pytest.raises(PollUnfit, match="the total of the CEX connectors poll is no number of votes"):
        evaluate(poll(exact(1, 5), total=Votes(Decimal("NaN"))), policy())
    with pytest.raises(PollUnfit, match="has 1001 choices; 1000 are the most"):
        evaluate(votes(*range(1001)), policy())
    with pytest.raises(
        DecisionRefused, match="names choice 9, which the CEX connectors poll does not have; it has 1 to 2"
    ):
        evaluate(votes(5, 6), policy(), [decision("order", 1, 9)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "coin"}, "'coin' is not a valid DecisionKind"),
        ({"group": None}, "is not a valid PollGroup"),
        ({"choices": []}, "choices must be a list of the numbers"),
        ({"choices": [True]}, "choices must be a list of the numbers"),
        ({"choices": [1]}, "an order two at least"),
        ({"choices": [1, 1]}, "name each choice once"),
        ({"reason": " "}, "reason is missing"),
        ({"by": "me"}, "unknown key 'by'"),
    ],
)
def test_a_malformed_decision_is_refused_by_key(change: dict[str, object], words: str) -> None:
    whole = {"group": "cex", "kind": "order", "choices": [2, 1], "reason": "because"}
    assert Decision.from_json(whole).to_json() == whole
    with pytest.raises(DecisionRefused, match=words):
        Decision.from_json({**whole, **change})
    missing = next(iter(change))
    if missing in ("group", "kind"):
        with pytest.raises(DecisionRefused, match=f"{missing} is missing"):
            Decision.from_json({key: value for key, value in whole.items() if key != missing})


def test_the_trace_is_plain_json_with_decimals_as_text() -> None:
    outcome = evaluate(poll(exact(1, "900.50"), printed(2, "0.4k")), policy())
    trace = json.loads(json.dumps(outcome.trace()))
    first = trace["choices"][0]
    assert (first["votes"], first["votes_margin"], first["rank"], first["margin_to_removal"]) == (
        "900.5",
        "0",
        1,
        "800.5",
    )
    assert (trace["policy"], trace["group"], trace["total"]) == ("made-up v1", "cex", "1300.5")
    assert first["steps"][0] == {"rule": "eligibility.min_votes", "text": "900.5 votes reach the threshold of 100."}
