"""What the epoch services refuse, each with what to do instead.

RegistryError
└── EpochRefused
    ├── NotAllowed          the actor lacks the permission, or planned what is to be approved
    ├── NoSuchEpoch         there is no epoch of that number
    ├── NoSuchPlan          no plan has that hash
    ├── BadValue            an argument that cannot be meant so; `field` names it
    ├── WrongState          the epoch has not come that far, or too far
    ├── Unmapped            choices that stand for nothing yet; `choices` lists them
    ├── PollConflict        other bytes for a poll that is there; `difference` lists what they say otherwise
    ├── StalePlan           what the plan was made from has changed; `difference` lists what
    ├── OpenQuestions       the rules are silent and nobody has decided; `questions` lists them
    ├── OutOfOrder          a later epoch stands, or the date lies before that of an earlier one
    └── RollbackRefused     something stands on what is to be taken back; `reasons` lists it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry.errors import RegistryError

if TYPE_CHECKING:
    from registry.models import Choice, Poll


class EpochRefused(RegistryError):
    """A step of an epoch that was not taken; nothing was written."""


class NotAllowed(EpochRefused):
    """`permission` is the codename that is missing, "" where it is not for want of one."""

    def __init__(self, message: str, *, permission: str = "") -> None:
        self.permission = permission
        super().__init__(message)


class NoSuchEpoch(EpochRefused):
    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"There is no epoch {number}: create it first.")


class NoSuchPlan(EpochRefused):
    def __init__(self, plan_hash: str) -> None:
        self.plan_hash = plan_hash
        super().__init__(f"No plan has the hash {plan_hash}: copy it whole from the plan's page, or plan again.")


class BadValue(EpochRefused):
    """`field` is the argument's name."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")


class WrongState(EpochRefused):
    """The message says which step comes first."""


class Unmapped(EpochRefused):
    def __init__(self, message: str, *, choices: Sequence[Choice] = ()) -> None:
        self.choices = tuple(choices)
        super().__init__(message)


class PollConflict(EpochRefused):
    """`existing` is the poll that is there; a person settles which of the two holds (`replace`, with a reason)."""

    def __init__(self, message: str, *, existing: Poll, difference: Sequence[str] = ()) -> None:
        self.existing = existing
        self.difference = tuple(difference)
        super().__init__("\n".join([message, *(f"- {line}" for line in self.difference)]))


class StalePlan(EpochRefused):
    def __init__(self, message: str, *, difference: Sequence[str]) -> None:
        self.difference = tuple(difference)
        super().__init__("\n".join([message, *(f"- {line}" for line in self.difference)]))


class OpenQuestions(EpochRefused):
    """`questions` are those of the plan's document: {group, kind, choices, text}."""

    def __init__(self, message: str, *, questions: Sequence[Mapping[str, Any]]) -> None:
        self.questions = tuple(questions)
        super().__init__("\n".join([message, *(f"- {question['text']}" for question in self.questions)]))


class OutOfOrder(EpochRefused):
    """Epochs take effect in the order of their numbers."""


class RollbackRefused(EpochRefused):
    def __init__(self, message: str, *, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("\n".join([message, *(f"- {line}" for line in self.reasons)]))
