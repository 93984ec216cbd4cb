"""Who stays in the release: by votes, and where votes cannot tell, by the source's word or a decision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from registry.governance.names import name_key
from registry.governance.outcome import Decision, DecisionKind, DecisionRefused, Question, QuestionKind, Step
from registry.governance.tallies import Tally
from registry.governance.wording import number_text, votes_text

RULE = "eligibility.min_votes"


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Whether a choice stays (None: not known), the rule that said so, and what was looked at on the way."""

    included: bool | None
    rule: str
    steps: tuple[Step, ...]
    question: QuestionKind | None = None
    decision: Decision | None = None  # the one that was used
    is_contradicted: bool = False  # the source's word differs from what its votes say


@dataclass(frozen=True, slots=True)
class Threshold:
    """Votes to have at least; `held`: the one that the poll was held under, of which the source's own word speaks."""

    votes: Decimal | None
    held: Decimal | None

    def word_holds(self, stated: bool | None) -> bool:
        """Who passed a threshold passes any lower one, who failed it fails any higher one; else it says nothing."""
        if stated is None:
            return False
        limit, held = self.votes or Decimal(0), self.held or Decimal(0)
        return limit <= held if stated else limit >= held


def inclusions(tallies: Sequence[Tally], threshold: Threshold, decisions: Sequence[Decision]) -> dict[int, Inclusion]:
    """By index. Raises DecisionRefused where two decisions contradict each other."""
    decided = _decided(decisions)
    namesakes: dict[str, list[Tally]] = defaultdict(list)
    for tally in tallies:
        namesakes[name_key(tally.name)].append(tally)
    found = {}
    for tally in tallies:
        same = namesakes[name_key(tally.name)]
        said_both = {other.stated_included for other in same} >= {True, False}
        # One name has one fate, whichever of its entries a decision speaks of.
        candidates = same if said_both else [tally]
        chosen = {decided[other.index] for other in candidates if other.index in decided}
        if len({decision.kind for decision in chosen}) > 1:
            raise DecisionRefused(f"decisions contradict each other about {tally.name}; keep one")
        decision = min(chosen, key=lambda decision: decision.reason, default=None)
        found[tally.index] = _inclusion(tally, threshold, decision, said_both)
    return found


def inclusion_questions(tallies: Sequence[Tally], found: Mapping[int, Inclusion]) -> list[Question]:
    """One for each choice that is open, and one for all entries of a name that the source has on both sides."""
    questions = []
    both: dict[str, list[Tally]] = defaultdict(list)
    for tally in sorted(tallies, key=lambda tally: tally.index):
        kind = found[tally.index].question
        if kind is QuestionKind.CONTRADICTION:
            both[name_key(tally.name)].append(tally)
        elif kind is not None:
            text = f"{tally.name}: {found[tally.index].steps[-1].text}"
            questions.append(Question(kind, (tally.index,), text))
    for same in both.values():
        text = f"{same[0].name} stands among those that passed and among those that failed: decide which holds."
        questions.append(Question(QuestionKind.CONTRADICTION, tuple(tally.index for tally in same), text))
    return questions


def _inclusion(tally: Tally, threshold: Threshold, decision: Decision | None, said_both: bool) -> Inclusion:
    limit = threshold.votes
    if limit is None:
        return Inclusion(True, RULE, (Step(RULE, "There is no threshold: every choice stays."),))
    reached = tally.votes.reaches(limit) if tally.votes else None
    if tally.votes is not None and reached is not None:
        verb = "reach" if reached else "are below"
        text = f"{votes_text(tally.votes)} {verb} the threshold of {number_text(limit)}."
        differs = tally.stated_included not in (None, reached) and threshold.word_holds(tally.stated_included)
        if differs:
            text += f" The source says that it {'passed' if tally.stated_included else 'failed'}; its votes decide."
        return Inclusion(reached, f"{RULE}: {number_text(limit)}", (Step(RULE, text),), is_contradicted=differs)
    return _without_votes(tally, threshold, decision, said_both)


def _without_votes(tally: Tally, threshold: Threshold, decision: Decision | None, said_both: bool) -> Inclusion:
    """Votes are missing, or rounded so that the threshold lies within what they may be."""
    kind, text = QuestionKind.UNKNOWN, "No votes are stated."
    if tally.votes is not None:
        kind = QuestionKind.BOUNDARY
        text = (
            f"{votes_text(tally.votes)}: the threshold of {number_text(threshold.votes or Decimal(0))} lies within, "
            "and rounded votes do not decide it."
        )
    if said_both:
        kind, text = QuestionKind.CONTRADICTION, f"{text} The source says both that it passed and that it failed."
    elif threshold.word_holds(tally.stated_included):
        word = "passed" if tally.stated_included else "failed"
        step = Step("record", f"{text} The source says that it {word}, and that decides.")
        return Inclusion(tally.stated_included, f"record: stated as {word}", (step,))
    if decision is None:
        step = Step(RULE, f"{text} Whether it reached the threshold must be decided.")
        return Inclusion(None, f"needs decision: {kind}", (step,), kind)
    outcome = {DecisionKind.INCLUDE: True, DecisionKind.EXCLUDE: False}.get(decision.kind)
    said = {True: "it stays", False: "it leaves", None: "what is stands"}[outcome]
    steps = (Step(RULE, text), Step("decision", f"Decided that {said}: {decision.reason}"))
    return Inclusion(outcome, f"decision: {decision.kind}", steps, decision=decision)


def _decided(decisions: Sequence[Decision]) -> dict[int, Decision]:
    decided: dict[int, Decision] = {}
    for decision in decisions:
        if decision.kind is not DecisionKind.ORDER:
            for index in decision.choices:
                if decided.setdefault(index, decision).kind is not decision.kind:
                    raise DecisionRefused(f"decisions contradict each other about choice {index}; keep one")
    return decided
