"""Small pictures of what was seen, as plain numbers for a template to draw: strips of outcomes, an order book."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from monitoring.checks.outcomes import Cause, Outcome
from monitoring.health import is_about_our_key, is_ours
from monitoring.wording import CAUSES, duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from monitoring.querysets import PastOutcome

SLOTS = 30
"""Outcomes that a strip has room for."""

SLOT_WIDTH = 8

MOST_DIGITS = 30
"""Of a price or size on either side of the point: `1E+999999` would fill a page."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One outcome in a strip; *mark* names its shape, *x* is where that stands, *text* tells time and reason."""

    x: int
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Outcomes from left to right, the newest at the right edge; *label* says the same in words."""

    ticks: tuple[Tick, ...]
    label: str
    width: int = SLOTS * SLOT_WIDTH


def mark_of(outcome: str, cause: str, blame: str) -> str:
    """The name of an outcome's shape and colour: the outcome, or maintenance where that is why it failed.

    Restricted trading (post only, cancel only) has the same cause, but is degraded: the venue is still open. What went
    wrong on our side has the colour of what is not known: it says nothing of the exchange.
    """
    if outcome in (Outcome.FAILED, Outcome.DEGRADED) and is_ours(blame):
        return Outcome.INCONCLUSIVE.value
    is_closed = cause == Cause.EXCHANGE_MAINTENANCE and outcome == Outcome.FAILED
    return "maintenance" if is_closed else outcome


def strip_of_runs(outcomes: Sequence[PastOutcome]) -> Strip:
    """The latest runs of one check, given oldest first."""
    shown = [
        (
            mark_of(past.outcome, past.cause, past.blame),
            past.started_at,
            f"{past.outcome}{f', {reason.lower()}' if (reason := CAUSES.get(past.cause, past.cause)) else ''},"
            f" took {duration(past.duration_ms)} ({past.source})",
        )
        for past in outcomes
    ]
    return _strip(shown, "run")


def strip_of_rounds(strips: Mapping[str, Sequence[PastOutcome]]) -> Strip:
    """The worst of several checks, run by run, by each check's title.

    The k-th latest run of each makes one round: they share a cadence, so they keep step. What concerns
    our key alone is left out.
    """
    runs = [
        [(title, past) for past in reversed(outcomes) if not is_about_our_key(past.cause, past.blame)]
        for title, outcomes in strips.items()
    ]
    shown = []
    for entries in zip_longest(*runs):
        round_ = [entry for entry in entries if entry is not None]
        _, worst = max(round_, key=lambda entry: Outcome(entry[1].outcome).severity)
        at_fault = [title.lower() for title, past in round_ if past.outcome == worst.outcome]
        text = worst.outcome if worst.outcome == Outcome.OK else f"{worst.outcome}: {', '.join(at_fault)}"
        shown.append((mark_of(worst.outcome, worst.cause, worst.blame), worst.started_at, text))
    return _strip(shown[::-1], "round")


def _strip(shown: Sequence[tuple[str, datetime, str]], unit: str) -> Strip:
    shown = shown[-SLOTS:]
    first = SLOTS - len(shown)
    ticks = tuple(
        Tick((first + place) * SLOT_WIDTH, mark, f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: {text}")
        for place, (mark, at, text) in enumerate(shown)
    )
    if not ticks:
        return Strip((), f"No {unit} yet")
    counts = Counter(tick.mark for tick in ticks)
    told = ", ".join(f"{count} {mark}" for mark, count in counts.most_common())
    return Strip(ticks, f"Latest {len(ticks)} {unit}{'s' if len(ticks) > 1 else ''}: {told}")


@dataclass(frozen=True, slots=True)
class Level:
    """One price level as printed; *depth* is the share, in percent, of the deeper side that lies up to here."""

    price: str
    size: str
    depth: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The best levels of both sides, best first, row by row; a side may run out of levels."""

    pair: str
    spread: str
    rows: tuple[tuple[Level | None, Level | None], ...]


def ladder_of(evidence: Mapping[str, Any]) -> Ladder | None:
    """The order book that a check kept in its evidence, None where it kept none that can be read."""
    try:
        sides = [
            [(_quantity(price), _quantity(size)) for price, size in evidence.get(name) or ()]
            for name in ("bids", "asks")
        ]
    except (InvalidOperation, TypeError, ValueError):
        return None
    deepest = max((sum(size for _, size in side) for side in sides), default=Decimal(0))
    if not deepest:
        return None
    bids, asks = (_levels(side, Decimal(deepest)) for side in sides)
    return Ladder(str(evidence.get("pair", "")), str(evidence.get("spread") or ""), tuple(zip_longest(bids, asks)))


def _quantity(text: Any) -> Decimal:
    """Raises ValueError for what cannot be drawn: not a number, below zero, or of more digits than a line holds."""
    number = Decimal(text)
    if not (number.is_finite() and number >= 0 and abs(number.adjusted()) <= MOST_DIGITS):
        raise ValueError(text)
    return number


def _levels(side: Sequence[tuple[Decimal, Decimal]], deepest: Decimal) -> list[Level]:
    levels, total = [], Decimal(0)
    for price, size in side:
        total += size
        levels.append(Level(f"{price:,f}", f"{size:f}", round(100 * total / deepest)))
    return levels
