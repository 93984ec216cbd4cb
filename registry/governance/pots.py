"""HBOT for bounties: a pool shared pro rata in whole HBOT, each part within its cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from registry.governance.policy_schema import Pool
from registry.governance.tallies import Tally
from registry.governance.wording import number_text


@dataclass(frozen=True, slots=True)
class Part:
    """`uncapped` is what its votes alone would come to."""

    amount: Decimal
    uncapped: Decimal

    @property
    def text(self) -> str:
        if self.amount == self.uncapped:
            return f"Its votes over the votes of those who share come to {number_text(self.amount)} HBOT."
        rest = number_text(self.uncapped - self.amount)
        return (
            f"Its votes over the votes of those who share come to {number_text(self.uncapped)} HBOT; the cap leaves "
            f"{number_text(self.amount)}, and the other {rest} are shared out to nobody."
        )


def pool_parts(pool: Pool, sharers: Sequence[Tally]) -> dict[int, Part]:
    """By index, in whole HBOT that add up to the pool where no cap bites; {} where no vote was cast for any.

    *sharers* in rank order, each with votes. Rounded by largest remainder, equal remainders by rank. What a cap cuts
    off goes to nobody: no source states that it is shared out again.
    """
    amount = int(pool.amount)
    votes = [Fraction(tally.votes.value) if tally.votes else Fraction(0) for tally in sharers]
    total = sum(votes)
    if total <= 0:
        return {}
    exact = [amount * each / total for each in votes]
    whole = [quota.numerator // quota.denominator for quota in exact]
    by_remainder = sorted(range(len(sharers)), key=lambda spot: (whole[spot] - exact[spot], spot))
    for spot in by_remainder[: amount - sum(whole)]:
        whole[spot] += 1
    cap = int(pool.cap) if pool.cap else amount
    return {
        tally.index: Part(Decimal(min(part, cap)), Decimal(part)) for tally, part in zip(sharers, whole, strict=True)
    }
