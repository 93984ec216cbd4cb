"""What two looks at the same candles must agree on: closed ones do not change, and long ones sum up short ones."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from connectors.types import Candle

RECORDED = 3
"""Candles of each interval that the evidence keeps for the next run."""

SUMMED_UP = 3
"""Candles of each interval that are held against shorter ones."""

EXACT = Context(prec=120)


@dataclass(frozen=True, slots=True)
class History:
    """One interval's candles as read; those that open before `settled_until` are final."""

    interval: str
    length: timedelta
    candles: Sequence[Candle]
    settled_until: datetime

    @property
    def settled(self) -> list[Candle]:
        return [candle for candle in self.candles if candle.closed and candle.open_time < self.settled_until]


@dataclass(frozen=True, slots=True)
class Change:
    """A closed candle that was read before as `was`, and now as `now_is`."""

    interval: str
    was: str
    now_is: str

    def __str__(self) -> str:
        return f"{self.interval}: was {self.was}, is {self.now_is}"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """What a candle says of itself and what the shorter ones in it say; `has_hole` where one of those is missing."""

    interval: str
    open_time: datetime
    of: str
    says: Decimal
    shorter: str
    they_say: Decimal
    has_hole: bool

    @property
    def is_lost(self) -> bool:
        """Whether trades are in the candle that the shorter ones, some of which are not there, do not have."""
        return self.has_hole and self.of == "volume" and self.says > self.they_say

    def __str__(self) -> str:
        opened = f"{self.interval} of {self.open_time:%Y-%m-%d %H:%M}"
        return (
            f"{opened}: {self.of} {self.says.normalize():f}, its {self.shorter} candles {self.they_say.normalize():f}"
        )


def recorded(candle: Candle) -> str:
    """Open time, open, high, low, close and base volume in one line; equal for equal candles, however they print."""
    numbers = (candle.open, candle.high, candle.low, candle.close, candle.base_volume)
    return f"{candle.open_time:%Y-%m-%dT%H:%MZ} " + " ".join(f"{number.normalize():f}" for number in numbers)


def records(history: History) -> list[str]:
    """The final candles as lines that a later read is held against."""
    return list(map(recorded, history.settled))


def remembered(histories: Sequence[History], memory: Mapping[str, Any]) -> dict[str, Any]:
    """What the next run is to find unchanged: the latest of each interval, and of one not read now those of before."""
    kept = {interval: list(lines) for interval, lines in records_in(memory).items()}
    return {"closed": kept | {history.interval: records(history)[-RECORDED:] for history in histories}}


def records_in(memory: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """By interval, what an earlier run remembered; empty where it cannot be read, as that of another version."""
    closed = memory.get("closed")
    if not isinstance(closed, dict):
        return {}
    return {str(interval): tuple(map(str, lines)) for interval, lines in closed.items() if isinstance(lines, list)}


def find_changes(earlier: Iterable[str], history: History) -> list[Change]:
    """The candles among the *earlier* records that read differently now; one that is not there now is not compared."""
    present = {line.partition(" ")[0]: line for line in map(recorded, history.settled)}
    then = {line.partition(" ")[0]: line for line in earlier}
    return [
        Change(history.interval, was=line, now_is=present[opened])
        for opened, line in then.items()
        if opened in present and present[opened] != line
    ]


def is_other_market(earlier: Mapping[str, Sequence[str]], histories: Sequence[History]) -> bool:
    """Whether not one record of any interval is as it was: a sandbox that began anew has another past."""
    known = {(history.interval, line) for history in histories for line in map(recorded, history.settled)}
    lines = [(interval, line) for interval, kept in earlier.items() for line in kept]
    return bool(lines) and not any(line in known for line in lines)


def find_discrepancies(histories: Sequence[History], *, tolerance: Decimal) -> tuple[list[Discrepancy], int]:
    """Where the latest final candles differ from the shorter ones within them, and how many were compared.

    *tolerance* is the share of a volume that may be lost in printing it; prices are the venue's own on both sides.
    Raises nothing for candles that are wrong in themselves: those are left out.
    """
    found: list[Discrepancy] = []
    compared = 0
    for history in histories:
        for candle in history.settled[-SUMMED_UP:]:
            shorter = _shorter(history, candle, histories)
            if shorter is not None:
                compared += 1
                found += _differences(history, candle, *shorter, tolerance)
    return found, compared


def _shorter(history: History, candle: Candle, others: Sequence[History]) -> tuple[History, list[Candle]] | None:
    """The longest of the shorter intervals that covers all of *candle*, with what it has there."""
    begin, end = candle.open_time, candle.open_time + history.length
    for other in sorted(others, key=lambda one: one.length, reverse=True):
        if other.length >= history.length or history.length % other.length or not other.candles:
            continue
        first, last = other.candles[0].open_time, other.candles[-1].open_time
        # A quiet candle may be left out; that its neighbours are there tells that it was asked for.
        is_covered = first <= begin and last >= end - other.length and end - other.length < other.settled_until
        if is_covered and not (begin - first) % other.length:
            return other, [one for one in other.candles if begin <= one.open_time < end]
    return None


def _differences(
    history: History, candle: Candle, shorter: History, parts: Sequence[Candle], tolerance: Decimal
) -> list[Discrepancy]:
    if len({part.open_time for part in parts}) != len(parts) or not all(map(_is_readable, (candle, *parts))):
        return []
    with localcontext(EXACT):
        volume = sum((part.base_volume for part in parts), Decimal(0))
        pairs = [("volume", candle.base_volume, volume, tolerance * max(volume, candle.base_volume))]
        if traded := [part for part in parts if part.base_volume]:
            # A candle without a trade repeats a price from before it.
            pairs += [
                ("high", candle.high, max(part.high for part in traded), Decimal(0)),
                ("low", candle.low, min(part.low for part in traded), Decimal(0)),
            ]
        has_hole = len(parts) < history.length // shorter.length
        return [
            Discrepancy(history.interval, candle.open_time, of, says, shorter.interval, they_say, has_hole)
            for of, says, they_say, allowed in pairs
            if abs(says - they_say) > allowed
        ]


def _is_readable(candle: Candle) -> bool:
    return all(number.is_finite() for number in (candle.high, candle.low, candle.base_volume))
