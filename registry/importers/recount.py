"""Totals computed anew from the votes themselves, by the rules that Snapshot counts by.

Rules: snapshot-labs/snapshot.js@036a8c7d:src/voting/{weighted,quadratic,approval}.ts and
snapshot-labs/snapshot-docs:proposals/voting-types.md, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from registry.choices import Voting

PRECISION = 50
"""Significant digits of every step. HBOT has 18 decimals and 10 digits before them; quotients and roots are rounded
at the 50th digit, so that no rounding of ours comes near a digit that counts."""

RELATIVE_TOLERANCE = Decimal("1e-6")
"""Snapshot counts in binary floating point, with some 15 digits, and roots of sums lose a few of them."""

DUST = Decimal("1e-12")
"""Of the whole poll: what floating point may leave of a choice that got nothing."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """One voter's power and how it is spread: choice index, from 1, to a weight above 0. Weights need not add to 1."""

    power: Decimal
    weights: Mapping[int, Decimal]


def recount(ballots: Sequence[Ballot], voting: Voting, choices: int) -> tuple[Decimal, ...]:
    """The total of every choice, in the order of their indexes.

    Single choice and basic: the voter's power goes to the one choice. Approval: to each choice that is named, whole.
    Weighted: in parts, by weight over the sum of the voter's own weights. Quadratic: the roots of those parts are
    added up per choice and squared, and the squares are scaled so that together they are all power that voted.
    """
    with localcontext() as context:
        context.prec = PRECISION
        totals = [Decimal(0)] * choices
        for ballot in ballots:
            whole = sum_of(ballot.weights.values())
            for index, weight in ballot.weights.items():
                part = ballot.power if voting is Voting.APPROVAL else ballot.power * weight / whole
                totals[index - 1] += part.sqrt() if voting is Voting.QUADRATIC else part
        if voting is Voting.QUADRATIC:
            totals = _scaled([root * root for root in totals], sum_of(ballot.power for ballot in ballots))
        return tuple(totals)


def sum_of(numbers: Iterable[Decimal]) -> Decimal:
    """The sum to PRECISION digits; Python's own would stop at 28."""
    with localcontext() as context:
        context.prec = PRECISION
        return sum(numbers, Decimal(0))


def agree(one: Decimal, other: Decimal, *, whole: Decimal) -> bool:
    """Whether two figures of a poll of *whole* votes are the same but for the rounding of floating point."""
    with localcontext() as context:
        context.prec = PRECISION
        return abs(one - other) <= max(abs(one), abs(other)) * RELATIVE_TOLERANCE + abs(whole) * DUST


def _scaled(parts: Sequence[Decimal], whole: Decimal) -> list[Decimal]:
    together = sum_of(parts)
    return [part * whole / together if together else Decimal(0) for part in parts]
