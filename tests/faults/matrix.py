"""The fault matrix: every cell of it run, and held against what is expected."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.sandbox import SANDBOXES
from monitoring.checks.outcomes import Kind
from monitoring.checks.thresholds import Thresholds
from tests.faults.expected import EVERYWHERE, ROWS
from tests.faults.runs import exchange, find_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.faults.expected import Row
    from tests.faults.runs import Found

LETTING_GO_S = 0.5
"""From a deadline to the verdict, on a busy machine too: what was cut off closes its connections."""

FOUND_BROKEN_S = 1.0
"""From the moment at which a book breaks to the verdict."""

BREAKS_A_BOOK = frozenset({"bad_checksum", "sequence_gap", "crossed_book", "locked_book", "malformed"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault, one connector, one kind of check: what it found, and whether that was right and in time."""

    connector: str
    row: Row
    kind: Kind
    found: Found

    @property
    def is_right(self) -> bool:
        return self.found.verdict in self.row.allowed(self.kind)

    @property
    def within_s(self) -> float:
        """The longest that finding this may take."""
        limits = Thresholds.of(self.row.strike.limits)
        if self.kind is Kind.ORDER_BOOK and self.row.strike.fault in BREAKS_A_BOOK:
            return FOUND_BROKEN_S
        if self.kind is Kind.ORDER_BOOK and self.row.strike.fault == "stall":
            return 2 * limits.order_book.quiet_ms / 1000
        watch_s = self.row.seconds if self.kind is Kind.ORDER_BOOK else 0.0
        return float(getattr(limits, self.kind).deadline_s) + watch_s + LETTING_GO_S

    @property
    def is_in_time(self) -> bool:
        return self.found.seconds <= self.within_s

    def __str__(self) -> str:
        expected = " or ".join(" ".join(verdict) for verdict in sorted(self.row.allowed(self.kind)))
        return (
            f"{self.connector} {self.kind} under {self.row.strike}: expected {expected} within {self.within_s:g} s, "
            f"found {' '.join(self.found.verdict)} in {self.found.seconds:.2f} s: {self.found.result.verdict.summary}"
        )


def rows_of(connector: str) -> list[Row]:
    can_have = SANDBOXES[connector].fault_names()
    return [row for row in ROWS if connector in row.connectors and row.strike.fault in can_have]


async def run_row(connector: str, row: Row) -> list[Cell]:
    """Every kind's cell of one row, each at an exchange that was healthy before."""
    async with exchange(connector) as (sandbox, live):
        found = await find_all(sandbox, live, row.strike, strikes_live=row.strikes_live, seconds=row.seconds)
    return [Cell(connector, row, kind, found[kind]) for kind in Kind if kind in found]


async def run_all(connectors: Iterable[str] = EVERYWHERE, *, at_once: int = 2) -> list[Cell]:
    """The whole matrix, in its order; *at_once* rows run side by side, since most of a row is waiting."""
    turn = asyncio.Semaphore(at_once)

    async def in_turn(connector: str, row: Row) -> list[Cell]:
        async with turn:
            return await run_row(connector, row)

    wanted = [(connector, row) for connector in connectors for row in rows_of(connector)]
    rows = await asyncio.gather(*(in_turn(connector, row) for connector, row in wanted))
    return [cell for row in rows for cell in row]
