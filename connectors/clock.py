"""What time it is, by the wall and by a stopwatch: asked here, so that a recording can be replayed at its own time."""

from __future__ import annotations

import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A wall clock in UTC and a stopwatch in seconds; only differences of the latter mean anything."""

    def utc_now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """This machine's own."""

    monotonic = staticmethod(time.monotonic)

    @staticmethod
    def utc_now() -> datetime:
        return datetime.now(UTC)


_SYSTEM = SystemClock()

clock_in_use: ContextVar[Clock] = ContextVar("clock_in_use", default=_SYSTEM)
"""Inherited by every task: who sets it, sets it for all that the task starts."""


def utc_now() -> datetime:
    return clock_in_use.get().utc_now()


def monotonic() -> float:
    return clock_in_use.get().monotonic()
