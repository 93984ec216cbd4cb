"""How an observation is gathered under a deadline, and how it becomes JSON that is safe to publish."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from connectors.scrub import SHORTEST_SECRET
from monitoring.checks.causes import Failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from connectors.types import TradingPair


@dataclass(frozen=True, slots=True)
class Scope:
    """What one run of a check looks at: the pair, how long a stream is watched, and when it must be done.

    `previous` is the evidence, as JSON, of this check's last finished run; empty where there is none, or where that was
    of another source or pair. It comes from a store: whoever reads it expects any shape. Its `memory` is handed on from
    run to run, also past one that saw nothing.
    """

    pair: TradingPair
    seconds: float
    deadline_s: float
    previous: Mapping[str, Any] = field(default_factory=dict)

    @property
    def memory(self) -> dict[str, Any]:
        memory = self.previous.get("memory")
        return dict(memory) if isinstance(memory, dict) else {}


class Steps:
    """The steps of one observation, under one deadline: what each took and what went wrong.

    A step swallows its error and records it, because an observation reports and never raises; only
    cancellation passes. A step whose result the next one needs is checked by the caller with `is_clean`.
    """

    def __init__(self, deadline_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline_s = deadline_s
        self._deadline = self._loop.time() + deadline_s
        self._failures: list[Failure] = []
        self._elapsed_ms: dict[str, float] = {}

    @asynccontextmanager
    async def step(self, name: str, *, within_s: float | None = None) -> AsyncIterator[None]:
        """Run the body until the deadline, or *within_s* where that is sooner."""
        started = self._loop.time()
        until, limit = self._deadline, f"the check's deadline of {self._deadline_s:g} s"
        if within_s is not None and started + within_s < until:
            until, limit = started + within_s, f"{within_s:g} s"
        ends = asyncio.timeout_at(until)
        try:
            async with ends:
                yield
        except Exception as error:  # noqa: BLE001 - the one boundary of a check: whatever it is, it is evidence
            failure = Failure.of(error, step=name)
            if ends.expired() and isinstance(error, TimeoutError):
                failure = replace(failure, message=f"no result within {limit}")
            self._failures.append(failure)
        finally:
            self._elapsed_ms[name] = round((self._loop.time() - started) * 1000, 1)

    @property
    def is_clean(self) -> bool:
        return not self._failures

    @property
    def failures(self) -> tuple[Failure, ...]:
        return tuple(self._failures)

    @property
    def elapsed_ms(self) -> dict[str, float]:
        """By step name, in the order of first use."""
        return dict(self._elapsed_ms)


def as_json(value: Any) -> Any:
    """*value* as JSON can hold it: decimals as text, times as RFC 3339 in UTC, durations in seconds."""
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return value.value
        case str():
            return value
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case dict():
            return {str(key): as_json(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [as_json(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type) and type(value).__str__ is object.__str__:
        return {entry.name: as_json(getattr(value, entry.name)) for entry in fields(value)}
    return str(value)


def without_secrets(value: Any, secrets: Iterable[str]) -> Any:
    """*value* with every text in *secrets* blotted out, wherever a venue may have echoed it.

    One of a few characters stays: blotted out of every word that has it, it would be told, not hidden.
    """
    hidden = sorted((secret for secret in secrets if len(secret) >= SHORTEST_SECRET), key=len, reverse=True)

    def clean(item: Any) -> Any:
        match item:
            case str():
                for secret in hidden:
                    item = item.replace(secret, "[hidden]")
                return item
            case dict():
                return {clean(key): clean(entry) for key, entry in item.items()}
            case list():
                return [clean(entry) for entry in item]
        return item

    return clean(value)
