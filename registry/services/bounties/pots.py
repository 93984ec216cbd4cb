"""What is left in the pots: money that a vote allotted to an exchange for bounties, less what was promised and paid.

A pot holds what its epoch allotted; whether the unused part lapses was printed both ways and is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from registry.choices import BountyState
from registry.models import Bounty, Epoch, Exchange, Pot

if TYPE_CHECKING:
    from django.db.models import QuerySet

COMMITTED = frozenset(
    {BountyState.OPEN, BountyState.ASSIGNED, BountyState.SUBMITTED, BountyState.NEEDS_WORK, BountyState.MERGED}
)
"""States in which a bounty is promised and not yet paid; a potential one is no promise, a closed one no longer."""


@dataclass(frozen=True, slots=True)
class PotBalance:
    """One pot in its unit. `uncounted` are bounties that name it in another unit, or promise an unknown amount."""

    pot: Pot
    committed: Decimal
    paid: Decimal
    uncounted: tuple[Bounty, ...]

    @property
    def allocated(self) -> Decimal:
        return self.pot.allocated

    @property
    def balance(self) -> Decimal:
        return self.allocated - self.committed - self.paid

    @property
    def is_overspent(self) -> bool:
        return self.balance < 0


def balance_of(pot: Pot) -> PotBalance:
    """From the pot's bounties, prefetched where there are many pots."""
    sums = {"committed": Decimal(0), "paid": Decimal(0)}
    uncounted = []
    for bounty in pot.bounties.all():
        column = "paid" if bounty.state == BountyState.PAID else "committed" if bounty.state in COMMITTED else ""
        if column and (bounty.unit != pot.unit or bounty.amount is None):
            uncounted.append(bounty)
        elif column:
            sums[column] += cast("Decimal", bounty.amount)
    return PotBalance(pot, **sums, uncounted=tuple(uncounted))


def pots_of(exchange: Exchange) -> list[PotBalance]:
    """The exchange's standing pots, the newest epoch first. Those of changesets that were taken back are no pots."""
    return _balances(Pot.objects.standing().filter(subject__exchange=exchange))


def pot_balances(epoch: Epoch) -> list[PotBalance]:
    """All standing pots of an epoch, by poll group and then the largest first, in a fixed number of queries."""
    return _balances(Pot.objects.standing().filter(epoch=epoch).order_by("group", "-allocated", "subject__slug"))


def of_withdrawn_pots() -> QuerySet[Bounty]:
    """Bounties that name a pot which was taken back: somebody has to say who pays them now."""
    taken_back = Bounty.objects.filter(pot__changeset__reversed_by__isnull=False)
    return taken_back.select_related("exchange", "pot__epoch", "pot__subject", "pot__changeset__reversed_by")


def _balances(pots: QuerySet[Pot]) -> list[PotBalance]:
    found = pots.select_related("epoch", "subject__exchange").prefetch_related("bounties")
    return [balance_of(pot) for pot in found]
