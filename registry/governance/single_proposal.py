"""A vote for or against one exchange: whether it passed, and what that means for the exchange."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from registry.choices import ProposalAction
from registry.governance.names import name_key
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
from registry.governance.policy_schema import Passing, PolicyDocument
from registry.governance.ranking import standings
from registry.governance.tallies import PollResult, Tally
from registry.governance.turnout import Turnout, mismatch_warnings, quorum_warning, turnout
from registry.governance.wording import number_text, votes_text

FOR = ("for", "yes")
AGAINST = ("against", "no")
TARGETS = {ProposalAction.ADD: True, ProposalAction.REMOVE: False}
"""Whether the exchange stays, once its proposal has passed; one that only spends moves nobody."""

RULE = "passing.over_percent"
QUORUM_RULE = "passing.quorum_votes"


def evaluate_proposal(result: PollResult, policy: PolicyDocument, decisions: Sequence[Decision]) -> PollOutcome:
    """`include` of the choice For decides that it passed, `exclude` that it did not. Raises PollUnfit."""
    if policy.passing is None:  # a parsed document has it
        raise PollUnfit(f"{policy} does not say when a proposal passes; add passing to it")
    in_favour, against = _choice(result, FOR), _choice(result, AGAINST)
    turned_out = turnout(result)
    steps = (
        _majority(in_favour, against, policy.passing),
        _quorum(turned_out, policy.passing),
    )
    passed, rule, said, question = _verdict(in_favour, steps, decisions)
    limit = policy.passing.quorum_votes
    quorum = None if limit is None else Decimal(limit)
    unused = () if rule.startswith("decision") else decisions
    return PollOutcome(
        group=result.group,
        policy=str(policy),
        choices=tuple(
            ChoiceOutcome(
                index=tally.index,
                name=tally.name,
                rank=rank if tally.votes else None,
                votes=tally.votes,
                share=turned_out.share(tally),
                included=passed if tally is in_favour else None,
                rule=rule if tally is in_favour else "",
                steps=said if tally is in_favour else (),
            )
            for rank, tally in enumerate(standings(result.tallies).in_order(), start=1)
        ),
        questions=(question,) if question else (),
        warnings=(
            *mismatch_warnings(result, policy),
            *filter(None, [quorum_warning(turned_out, quorum, policy) if quorum is not None else ""]),
            *(f"The decision “{decision.reason}” settles nothing here; it was not used." for decision in unused),
        ),
        quorum_reached=None if quorum is None else turned_out.reaches(quorum),
        total=turned_out.total,
        passed=passed,
        target_included=TARGETS.get(result.action) if passed and result.action else None,
    )


def _choice(result: PollResult, words: Iterable[str]) -> Tally:
    found = [tally for tally in result.tallies if name_key(tally.name) in words]
    if len(found) != 1:
        names = ", ".join(tally.name for tally in result.tallies)
        raise PollUnfit(f"a single proposal needs one choice named {' or '.join(words)}; this poll has {names}")
    return found[0]


def _majority(in_favour: Tally, against: Tally, passing: Passing) -> tuple[bool | None, Step]:
    needed = Decimal(passing.over_percent) / 100
    if in_favour.votes is None or against.votes is None:
        return None, Step(RULE, "The source does not state the votes for and against.")
    votes, others = in_favour.votes, against.votes
    text = f"For: {votes_text(votes)}. Against: {votes_text(others)}. More than {passing.over_percent}% must be for."
    least, most = votes.value - votes.margin, votes.value + votes.margin
    if least > needed * (least + others.value + others.margin):
        return True, Step(RULE, text)
    if most <= needed * (most + others.value - others.margin):
        return False, Step(RULE, text)
    return None, Step(RULE, f"{text} The figures are rounded and do not decide it.")


def _quorum(turned_out: Turnout, passing: Passing) -> tuple[bool | None, Step]:
    if passing.quorum_votes is None:
        return True, Step(QUORUM_RULE, "No quorum is needed.")
    limit = Decimal(passing.quorum_votes)
    said = votes_text(turned_out.total) if turned_out.total else "the source does not say how many"
    return turned_out.reaches(limit), Step(
        QUORUM_RULE, f"Votes over all choices: {said}; needed: {number_text(limit)}."
    )


def _verdict(
    in_favour: Tally, tests: Sequence[tuple[bool | None, Step]], decisions: Sequence[Decision]
) -> tuple[bool | None, str, tuple[Step, ...], Question | None]:
    """Whether it passed, the rule that decided, all steps, and what is open."""
    steps = tuple(step for _, step in tests)
    for verdict, step in tests:
        if verdict is False:
            return False, step.rule, steps, None
    if all(verdict for verdict, _ in tests):
        return True, RULE, steps, None
    if in_favour.stated_included is not None:
        word = "passed" if in_favour.stated_included else "failed"
        step = Step("record", f"The source says that it {word}, and that decides.")
        return in_favour.stated_included, f"record: stated as {word}", (*steps, step), None
    chosen = [each for each in decisions if in_favour.index in each.choices and each.kind is not DecisionKind.ORDER]
    if len({decision.kind for decision in chosen}) > 1:
        raise DecisionRefused("decisions contradict each other about the proposal; keep one")
    if chosen:
        outcome = {DecisionKind.INCLUDE: True, DecisionKind.EXCLUDE: False}.get(chosen[0].kind)
        return outcome, f"decision: {chosen[0].kind}", (*steps, Step("decision", chosen[0].reason)), None
    open_step = next(step for verdict, step in tests if verdict is None)
    kind = QuestionKind.BOUNDARY if in_favour.votes else QuestionKind.UNKNOWN
    question = Question(kind, (in_favour.index,), f"{open_step.text} Decide whether the proposal passed.")
    return None, f"needs decision: {kind}", steps, question
