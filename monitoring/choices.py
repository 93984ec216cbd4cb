"""Every closed list of monitoring as a column knows it; the words themselves belong to the checks.

The functions are given to the columns as they are, so that a new word of the checks needs no migration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import TextChoices

from monitoring.checks.outcomes import Blame, Cause, Confidence, Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum


class Health(TextChoices):
    """What a page says of a check, or of an exchange as the sum of its checks."""

    OK = "ok", "Operational"
    DEGRADED = "degraded", "Degraded"
    FAILED = "failed", "Failing"
    UNKNOWN = "unknown", "Unknown"


class Source(TextChoices):
    """Where the answers came from."""

    LIVE = "live", "Live endpoints"
    SANDBOX = "sandbox", "Sandbox"
    CUSTOM = "custom", "Custom endpoints"
    NONE = "none", "No endpoint"  # the check did not run to its end


def kind_choices() -> list[tuple[str, str]]:
    return _labelled(Kind)


def outcome_choices() -> list[tuple[str, str]]:
    return _labelled(Outcome)


def cause_choices() -> list[tuple[str, str]]:
    return _labelled(Cause)


def blame_choices() -> list[tuple[str, str]]:
    return _labelled(Blame)


def confidence_choices() -> list[tuple[str, str]]:
    return _labelled(Confidence)


def _labelled(words: Iterable[StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value.replace("_", " ").capitalize()) for word in words]
