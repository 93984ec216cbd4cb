"""What an evaluation gives back: each choice's fate, the steps that led there, and what only people can settle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registry.choices import PollGroup
from registry.errors import RegistryError
from registry.governance.canonical import decimal_text
from registry.governance.tallies import Votes


class DecisionRefused(RegistryError):
    """A decision that cannot be meant: it names a choice or a kind that there is not, or contradicts another."""


class PollUnfit(RegistryError):
    """A result that cannot be evaluated: choices are numbered twice, or a proposal has no For and Against."""


class DecisionKind(StrEnum):
    ORDER = "order"  # the choices, best first: settles a tie
    INCLUDE = "include"
    EXCLUDE = "exclude"
    STANDS = "stands"  # not known, and left as it is


class QuestionKind(StrEnum):
    TIE = "tie"  # the order is open across a cut; answered by "order"
    BOUNDARY = "boundary"  # rounded votes at the threshold; answered by "include" or "exclude"
    CONTRADICTION = "contradiction"  # the source says both; answered by "include" or "exclude"
    UNKNOWN = "unknown"  # the source says nothing; answered by "include", "exclude" or "stands"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person settled where the rules or the source are silent. It never overrules votes."""

    group: PollGroup
    kind: DecisionKind
    choices: tuple[int, ...]  # indices
    reason: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Decision:
        """Of {"group", "kind", "choices", "reason"}. Raises DecisionRefused naming the key."""
        if not isinstance(value, Mapping):
            raise DecisionRefused("a decision must be a mapping with group, kind, choices and reason")
        if unknown := sorted(set(value) - {"group", "kind", "choices", "reason"}):
            raise DecisionRefused(f"decision: unknown key {unknown[0]!r}; valid: group, kind, choices, reason")
        try:
            group, kind = PollGroup(value["group"]), DecisionKind(value["kind"])
        except KeyError as error:
            raise DecisionRefused(f"decision: {error.args[0]} is missing") from error
        except ValueError as error:
            raise DecisionRefused(f"decision: {error}; kinds: {', '.join(DecisionKind)}") from error
        choices = value.get("choices")
        if not isinstance(choices, list | tuple) or not choices or any(type(index) is not int for index in choices):
            raise DecisionRefused("decision: choices must be a list of the numbers of choices, such as [3, 4]")
        if len(set(choices)) < len(choices) or (kind is DecisionKind.ORDER and len(choices) < 2):
            raise DecisionRefused("decision: choices must name each choice once, and an order two at least")
        reason = value.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            raise DecisionRefused("decision: reason is missing; say in words why it was decided so")
        return cls(group, kind, tuple(choices), reason.strip())

    def to_json(self) -> dict[str, Any]:
        return {
            "group": self.group.value,
            "kind": self.kind.value,
            "choices": list(self.choices),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Question:
    """What must be decided before the outcome can be acted on."""

    kind: QuestionKind
    choices: tuple[int, ...]
    text: str

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "choices": list(self.choices), "text": self.text}


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was looked at for a choice, by its place in the policy document, and what came of it."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceOutcome:
    """The fate of one choice. Votes and margins in HBOT, shares in percent of the votes over all choices.

    `label` is "" where the rules have no bands, where the choice is out, and while a question about it is open.
    `margin_to_next`: as many more votes make it level with the lowest of the next better band, more lift it there.
    `margin_to_removal`: votes above the threshold; negative for one that is below.
    """

    index: int
    name: str
    rank: int | None = None
    votes: Votes | None = None
    share: Decimal | None = None
    label: str = ""
    included: bool | None = None
    pot: Decimal | None = None
    rule: str = ""
    steps: tuple[Step, ...] = ()
    margin_to_next: Decimal | None = None
    next_label: str = ""
    margin_to_removal: Decimal | None = None
    leaves_next: bool = False

    def trace(self) -> dict[str, Any]:
        """JSON-able; decimals as strings."""
        return {
            "index": self.index,
            "name": self.name,
            "rank": self.rank,
            "votes": _text(self.votes.value if self.votes else None),
            "votes_margin": _text(self.votes.margin if self.votes else None),
            "share": _text(self.share),
            "label": self.label,
            "included": self.included,
            "pot": _text(self.pot),
            "rule": self.rule,
            "steps": [{"rule": step.rule, "text": step.text} for step in self.steps],
            "margin_to_next": _text(self.margin_to_next),
            "next_label": self.next_label,
            "margin_to_removal": _text(self.margin_to_removal),
            "leaves_next": self.leaves_next,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """What a poll comes to under a policy: `choices` in rank order, best first.

    `passed` and `target_included` are for single proposals: whether it passed, and what that means for the exchange it
    is about (None: it stays as it is).
    """

    group: PollGroup
    policy: str  # "hgp-45 v1"
    choices: tuple[ChoiceOutcome, ...]
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()
    quorum_reached: bool | None = None
    total: Votes | None = None
    passed: bool | None = None
    target_included: bool | None = None
    by_index: dict[int, ChoiceOutcome] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_index", {choice.index: choice for choice in self.choices})

    def trace(self) -> dict[str, Any]:
        """JSON-able; decimals as strings."""
        return {
            "group": self.group.value,
            "policy": self.policy,
            "total": _text(self.total.value if self.total else None),
            "total_margin": _text(self.total.margin if self.total else None),
            "quorum_reached": self.quorum_reached,
            "passed": self.passed,
            "target_included": self.target_included,
            "choices": [choice.trace() for choice in self.choices],
            "questions": [question.to_json() for question in self.questions],
            "warnings": list(self.warnings),
        }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else decimal_text(value)
