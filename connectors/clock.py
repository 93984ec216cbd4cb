"""What time it is, and what chance says: asked here, so that a recording can be replayed at its own time."""

from __future__ import annotations

import random
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A wall clock in UTC and a stopwatch in seconds; only differences of the latter mean anything."""

    def utc_now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def between(self, low: float, high: float) -> float:
        """A random number, for waits that should not coincide. A replay takes the lowest: it must not be late."""


class SystemClock:
    """This machine's own."""

    monotonic = staticmethod(time.monotonic)

    @staticmethod
    def utc_now() -> datetime:
        return datetime.now(UTC)

    between = staticmethod(random.uniform)


_SYSTEM = SystemClock()

clock_in_use: ContextVar[Clock] = ContextVar("clock_in_use", default=_SYSTEM)
"""Inherited by every task: who sets it, sets it for all that the task starts."""


def utc_now() -> datetime:
    return clock_in_use.get().utc_now()


def monotonic() -> float:
    return clock_in_use.get().monotonic()


def between(low: float, high: float) -> float:
    return clock_in_use.get().between(low, high)
