"""The shipped record by epoch and poll, and what its polls come to under the policy of their epoch."""

from __future__ import annotations

from functools import cache

from registry.governance.evaluate import Decision, PollOutcome, evaluate
from registry.governance.policy import PolicyDocument, policy_for_epoch, read_policies
from registry.governance.record import EpochRecord, PollRecord, RecordedChoice, recorded_choices, recorded_result
from registry.governance.tallies import PollResult
from registry.services.catalogue import CATALOGUE_DIR
from registry.services.history.files import read_history


@cache
def epochs() -> dict[int, EpochRecord]:
    return {epoch.number: epoch for epoch in read_history(CATALOGUE_DIR)}


def polls() -> list[tuple[int, str]]:
    return [(epoch.number, poll.group.value) for epoch in epochs().values() for poll in epoch.polls]


def poll(number: int, group: str) -> PollRecord:
    (found,) = (record for record in epochs()[number].polls if record.group == group)
    return found


def choices(number: int, group: str) -> tuple[RecordedChoice, ...]:
    record = poll(number, group)
    return recorded_choices(record, epochs()[number].removals_of(record.group))


def choice(number: int, group: str, name: str) -> RecordedChoice:
    (found,) = (choice for choice in choices(number, group) if choice.name == name)
    return found


@cache
def policies() -> tuple[PolicyDocument, ...]:
    return read_policies()


def result(number: int, group: str) -> PollResult:
    record = poll(number, group)
    return recorded_result(record, epochs()[number].removals_of(record.group))


def outcome(number: int, group: str, *decisions: Decision) -> PollOutcome:
    policy = policy_for_epoch(policies(), number)
    assert policy is not None
    return evaluate(result(number, group), policy, decisions)
