"""A healthy market at full speed: every connector's order book check on a million clean messages, with no alarm."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.play import Play
from benchmarks.replay import VENUES, replaying, urls_of
from connectors.catalog import find_connector
from monitoring.checks.outcomes import Kind, Outcome
from monitoring.checks.runner import run_checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitoring.checks.outcomes import CheckResult

MESSAGES = 1_000_000
SECONDS = 3.0
"""Of one check's watch."""


@dataclass(frozen=True, slots=True)
class Healthy:
    """One connector's checks on a clean replay, and how many book messages they read while they watched."""

    connector_id: str
    results: tuple[CheckResult, ...]
    messages: int
    seconds: float

    @property
    def alarms(self) -> tuple[CheckResult, ...]:
        """Whatever is not plainly ok."""
        return tuple(result for result in self.results if result.outcome is not Outcome.OK)


async def watch_healthy(messages: int = MESSAGES) -> list[Healthy]:
    """Run the order book check of each connector, again and again, until at least *messages* were read in total."""
    seen: list[Healthy] = []
    for number, venue in enumerate(VENUES):
        left = messages - sum(healthy.messages for healthy in seen)
        seen.append(await _watch(venue, left // (len(VENUES) - number) + 1))
    return seen


async def _watch(venue: str, messages: int) -> Healthy:
    started = time.monotonic()
    results: list[CheckResult] = []
    read = 0
    kind: Any = find_connector(venue)
    with replaying(venue, Play()) as port:
        async with kind(urls=urls_of(kind, port)) as connector:
            while read < messages:
                [result] = await run_checks(connector, [Kind.ORDER_BOOK], seconds=SECONDS)
                results.append(result)
                updates = result.evidence.get("updates", 0)
                read += updates
                if not updates:
                    break  # an alarm by now, and no use in going on
    return Healthy(venue, tuple(results), read, round(time.monotonic() - started, 1))


def told(watched: Sequence[Healthy]) -> str:
    """One line for each connector, one for all, and what was wrong where an alarm was raised."""
    lines = []
    for healthy in watched:
        lines.append(
            f"- `{healthy.connector_id}`: {healthy.messages:,} book messages in {len(healthy.results)} "
            f"check{'s' if len(healthy.results) > 1 else ''}, {len(healthy.alarms)} alarms"
        )
        lines += [f"  - {result.outcome}: {result.verdict.summary}" for result in healthy.alarms]
    total, alarms = sum(one.messages for one in watched), sum(len(one.alarms) for one in watched)
    return "\n".join([*lines, f"- together: {total:,} messages, {alarms} alarms"]) + "\n"


def main() -> None:
    print(told(asyncio.run(watch_healthy())))


if __name__ == "__main__":
    main()
