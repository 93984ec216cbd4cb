"""What a load of the history left in the database, and what its command said."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.core.management import call_command

from registry.models import (
    Changeset,
    Choice,
    Epoch,
    LedgerEntry,
    OutboxMessage,
    Plan,
    Poll,
    PollEvidence,
    Pot,
    TierAssignment,
)

TABLES = [Changeset, Choice, Epoch, LedgerEntry, OutboxMessage, Plan, Poll, PollEvidence, Pot, TierAssignment]


def everything() -> list[list[dict[str, Any]]]:
    return [list(model._default_manager.order_by("pk").values()) for model in TABLES]


def command(*args: object) -> list[str]:
    out = StringIO()
    call_command("load_history", *args, stdout=out)
    return out.getvalue().splitlines()
