"""From a poll's result and a policy to tiers, pots and inclusion: a pure function, with a trace of every step."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, localcontext

from registry.governance.outcome import (
    ChoiceOutcome,
    Decision,
    DecisionKind,
    DecisionRefused,
    PollOutcome,
    PollUnfit,
    Question,
    QuestionKind,
    Step,
)
from registry.governance.policy_schema import PolicyDocument, PolicyKind
from registry.governance.ranked_poll import evaluate_ranked
from registry.governance.single_proposal import evaluate_proposal
from registry.governance.tallies import PollResult, Votes

__all__ = [
    "ChoiceOutcome",
    "Decision",
    "DecisionKind",
    "DecisionRefused",
    "PollOutcome",
    "PollUnfit",
    "Question",
    "QuestionKind",
    "Step",
    "evaluate",
]

# Votes have up to 22 digits before the point and 18 behind it: their sums must lose none, whoever calls.
EXACT = Context(prec=100)
MOST_CHOICES = 1000  # the voting platform's largest polls
MOST_VOTES = Decimal(10**22)
LEAST_DIGIT = -40
"""Far behind any that a token has: what lies beyond is no vote, and would cost time to add up."""


def evaluate(
    result: PollResult,
    policy: PolicyDocument,
    decisions: Sequence[Decision] = (),
    *,
    held_under: PolicyDocument | None = None,
) -> PollOutcome:
    """What *result* comes to under *policy*, whichever order its tallies and the decisions come in.

    *decisions* about other groups are passed over. *held_under*: the policy that the poll was held under, where that
    is another (a what-if): what the source says of inclusion speaks of its threshold. Raises PollUnfit, and
    DecisionRefused where a decision cannot be meant; one that settles nothing becomes a warning.
    """
    _require_fit(result)
    indices = {tally.index for tally in result.tallies}
    mine = sorted(
        (decision for decision in decisions if decision.group == result.group),
        key=lambda decision: (decision.kind, decision.choices, decision.reason),
    )
    for decision in mine:
        if unknown := set(decision.choices) - indices:
            raise DecisionRefused(
                f"the decision “{decision.reason}” names choice {min(unknown)}, which the {result.group.label} poll "
                f"does not have; it has {min(indices)} to {max(indices)}"
            )
    with localcontext(EXACT):
        if policy.kind is PolicyKind.SINGLE_PROPOSALS:
            return evaluate_proposal(result, policy, mine)
        return evaluate_ranked(result, policy, mine, held_under=held_under or policy)


def _require_fit(result: PollResult) -> None:
    if not result.tallies:
        raise PollUnfit(f"the {result.group.label} poll has no choices; import one that has")
    if len(result.tallies) > MOST_CHOICES:
        raise PollUnfit(f"the {result.group.label} poll has {len(result.tallies)} choices; {MOST_CHOICES} are the most")
    if result.total is not None and not _is_countable(result.total):
        raise PollUnfit(f"the total of the {result.group.label} poll is no number of votes; correct it in the source")
    seen: set[int] = set()
    for tally in result.tallies:
        if tally.index in seen:
            raise PollUnfit(f"choice {tally.index} stands twice in the {result.group.label} poll; number each once")
        seen.add(tally.index)
        if tally.votes is not None and not _is_countable(tally.votes):
            raise PollUnfit(
                f"{tally.name} has no possible number of votes: it must lie from 0 to {MOST_VOTES:,}; "
                "correct it in the source"
            )


def _is_countable(votes: Votes) -> bool:
    return all(
        value.is_finite() and 0 <= value < MOST_VOTES and int(value.as_tuple().exponent) >= LEAST_DIGIT
        for value in (votes.value, votes.margin)
    )
