"""A pair's order book as KuCoin numbers it: every change has a number, snapshots say which number they have reached."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.market import PairMarket

LOST_WITHIN = 15  # levels: what is lost deeper down would not show in a snapshot of 20


class Change(NamedTuple):
    """The whole size now at one price; 0 where the level is gone."""

    is_bid: bool
    price: int
    size: int
    sequence: int


class NumberedBook:
    """Numbers what changes in the published book; `sequence` is that of the book as it stands."""

    def __init__(self, market: PairMarket, faults: Faults, *, first: int, one_by_one: bool) -> None:
        """With *one_by_one*, each change is an update of its own, as on futures; else a move of the market is one."""
        self.market = market
        self.sequence = first
        self._faults = faults
        self._one_by_one = one_by_one
        self._updates = 0
        self._is_one_to_be_lost = False
        market.record_changes()

    def next_updates(self) -> list[list[Change]]:
        """What subscribers are to see of the changes since the last call, in order, each update in order of sequence.

        A lost change leaves no number behind; a gap does: its changes are numbered and not shown.
        """
        changes = self.market.take_changes()
        if not changes:
            return []
        missing, gap = self._faults.get("missing_update"), self._faults.get("sequence_gap")
        is_stalled = self._faults.is_on("stall")
        shown = []
        for made in [[change] for change in changes] if self._one_by_one else [changes]:
            self._updates += 1
            if missing and self._updates % missing["every"] == 0:
                self._is_one_to_be_lost = True
            update = self._without_a_lost_one(made) if missing and self._is_one_to_be_lost else made
            first = self.sequence + 1
            self.sequence += len(update)
            if not update or is_stalled or (gap and self._updates % gap["every"] == 0):
                continue
            shown.append(
                [Change(sign < 0, price, size, first + index) for index, (sign, price, size) in enumerate(update)]
            )
        return shown

    def _without_a_lost_one(self, update: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """*update* without its first change that may be lost.

        A level that a client never hears of, or whose size it has wrong, does no more than disagree with a snapshot;
        one that it never hears was removed would soon cross its book.
        """
        for index, (sign, price, size) in enumerate(update):
            side = self.market.bids if sign < 0 else self.market.asks
            if size and bisect_left(side.keys, price * sign) < LOST_WITHIN:
                self._is_one_to_be_lost = False
                return update[:index] + update[index + 1 :]
        return update
