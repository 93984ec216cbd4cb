"""The rules since HGP-77: a proposal for or against one exchange."""

from __future__ import annotations

from typing import Any

import pytest

from registry.choices import PollGroup, ProposalAction, Voting
from registry.governance.evaluate import DecisionRefused, PollOutcome, PollUnfit, evaluate
from registry.governance.policy import policy_for_epoch, read_policies
from registry.governance.tallies import Tally
from tests.registry.governance.polls import decision, exact, poll, printed, silent


def outcome(*tallies: Tally, decisions: Any = (), **facts: Any) -> PollOutcome:
    rules = policy_for_epoch(read_policies(), 14)
    assert rules is not None
    return evaluate(poll(*tallies, group=PollGroup.PROPOSAL, **facts), rules, decisions)


def ballots(in_favour: int | str, against: int | str, abstain: int | str = 0) -> tuple[Tally, ...]:
    return exact(1, in_favour, name="For"), exact(2, against, name="Against"), exact(3, abstain, name="Abstain")


@pytest.mark.parametrize(
    ("figures", "passed", "rule"),
    [
        ((5_000_000, 0), True, "passing.over_percent"),
        ((4_000_000, 3_999_999), True, "passing.over_percent"),
        ((4_000_000, 4_000_000), False, "passing.over_percent"),
        ((3_999_999, 4_000_000), False, "passing.over_percent"),
        ((3_000_000, 1_000_000, 1_000_000), True, "passing.over_percent"),
        ((4_999_999, 0), False, "passing.quorum_votes"),
        ((0, 0), False, "passing.over_percent"),
    ],
)
def test_it_passes_by_more_than_half_of_for_and_against_and_the_quorum_over_all(
    figures: tuple[int, ...], passed: bool, rule: str
) -> None:
    result = outcome(*ballots(*figures))
    assert (result.passed, result.by_index[1].included, result.by_index[1].rule) == (passed, passed, rule)
    assert result.quorum_reached is (sum(figures) >= 5_000_000)


@pytest.mark.parametrize(
    ("action", "for_votes", "target"),
    [
        (ProposalAction.ADD, 6_000_000, True),
        (ProposalAction.REMOVE, 6_000_000, False),
        (ProposalAction.FUND, 6_000_000, None),
        (ProposalAction.ADD, 1, None),
        (ProposalAction.REMOVE, 1, None),
        (None, 6_000_000, None),
    ],
)
def test_what_passed_moves_the_exchange_and_what_failed_leaves_it_as_it_is(
    action: ProposalAction | None, for_votes: int, target: bool | None
) -> None:
    assert outcome(*ballots(for_votes, 0), action=action).target_included is target


def test_a_missed_quorum_is_a_warning_too() -> None:
    assert outcome(*ballots(4, 0)).warnings == ("The quorum of 5,000,000 votes was missed: 4 votes over all choices.",)


def test_rounded_votes_do_not_decide_a_close_vote() -> None:
    close = printed(1, "3m", name="For"), printed(2, "3m", name="Against")
    asked = outcome(*close)
    assert (asked.passed, [(each.kind.value, each.choices) for each in asked.questions]) == (None, [("boundary", (1,))])
    assert outcome(*close, decisions=[decision("include", 1, group=PollGroup.PROPOSAL)]).passed is True
    assert outcome(*close, decisions=[decision("exclude", 1, group=PollGroup.PROPOSAL)]).passed is False
    said = outcome(printed(1, "3m", name="For", included=False), close[1])
    assert (said.passed, said.by_index[1].rule) == (False, "record: stated as failed")


def test_a_proposal_without_votes_is_asked_about() -> None:
    asked = outcome(silent(1, name="Yes"), silent(2, name="No"))
    assert [each.kind.value for each in asked.questions] == ["unknown"]
    assert "The source does not state the votes for and against." in asked.questions[0].text


def test_a_decision_does_not_overrule_votes() -> None:
    result = outcome(*ballots(6_000_000, 0), decisions=[decision("exclude", 1, group=PollGroup.PROPOSAL)])
    assert result.passed is True
    assert "settles nothing here" in result.warnings[0]


def test_decisions_that_contradict_each_other_are_refused() -> None:
    both = [decision(kind, 1, group=PollGroup.PROPOSAL) for kind in ("include", "exclude")]
    with pytest.raises(DecisionRefused, match="contradict each other"):
        outcome(silent(1, name="For"), silent(2, name="Against"), decisions=both)


def test_a_poll_without_for_and_against_is_refused() -> None:
    with pytest.raises(PollUnfit, match="needs one choice named against or no; this poll has For, Kraken"):
        outcome(exact(1, 5, name="For"), exact(2, 5, name="Kraken"))


def test_another_kind_of_voting_is_a_warning() -> None:
    result = outcome(*ballots(6_000_000, 0), voting=Voting.QUADRATIC)
    assert result.warnings == (
        "The poll was held by Quadratic; hgp-77 v1 expects For, against, abstain and Single choice.",
    )
    assert [str(choice.share) for choice in result.choices] == ["100.0000", "0.0000", "0.0000"]
