"""One side of an order book in whole ticks and lots, with room for our accounts' orders; and what is shown of it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class RestingOrder(Protocol):
    """An account's order waiting in the book; `fill` is told each time the market takes from it."""

    remaining: int

    def fill(self, price: int, size: int) -> None:
        """*size* lots of this order traded at *price* ticks."""


class BookSide:
    """Levels of one side, best first.

    Levels are found by a key that rises from best to worst: the price for asks, the negated price for bids. `sizes`
    holds each level's whole size; `own` the accounts' orders at that level, first come first. Where a venue numbers
    every change, both sides of a book have one list as `changes`: each joins it as (sign, price, whole size or 0).
    """

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.sizes: dict[int, int] = {}
        self.own: dict[int, deque[RestingOrder]] = {}
        self.changes: list[tuple[int, int, int]] | None = None

    @property
    def best(self) -> int | None:
        """The best price, None where the side is empty."""
        return self.keys[0] * self.sign if self.keys else None

    def top(self, depth: int) -> dict[int, int]:
        """Size by price of the best *depth* levels, best first."""
        sign, sizes = self.sign, self.sizes
        return {key * sign: sizes[key] for key in self.keys[:depth]}

    def has(self, price: int) -> bool:
        return price * self.sign in self.sizes

    def put(self, price: int, size: int) -> None:
        """Set what others offer at *price*; 0 takes it away. Own orders at that price stay."""
        key = price * self.sign
        self._set(key, size + self._own_size(key))

    @property
    def others(self) -> int:
        """How many levels hold no order of our accounts."""
        return len(self.keys) - len(self.own)

    @property
    def worst_of_others(self) -> int | None:
        """The worst price without an order of our accounts, which may wait anywhere."""
        return next((key * self.sign for key in reversed(self.keys) if key not in self.own), None)

    def rest(self, price: int, order: RestingOrder) -> None:
        """Queue an account's order behind everyone at *price*."""
        key = price * self.sign
        self.own.setdefault(key, deque()).append(order)
        self._set(key, self.sizes.get(key, 0) + order.remaining)

    def withdraw(self, price: int, order: RestingOrder) -> None:
        key = price * self.sign
        self.own[key].remove(order)
        self._set(key, self.sizes[key] - order.remaining)
        self._forget_empty_queue(key)

    def take(self, wanted: int, limit: int | None = None) -> list[tuple[int, int]]:
        """Trade up to *wanted* lots at *limit* or better, best level first; (price, size) of each fill."""
        fills: list[tuple[int, int]] = []
        while wanted > 0 and self.keys:
            key = self.keys[0]
            if limit is not None and key > limit * self.sign:
                break
            size = min(wanted, self.sizes[key])
            self._take_from_level(key, size)
            fills.append((key * self.sign, size))
            wanted -= size
        return fills

    def _take_from_level(self, key: int, size: int) -> None:
        from_own = size - (self.sizes[key] - self._own_size(key))
        self._set(key, self.sizes[key] - size)
        queue = self.own.get(key)
        while queue and from_own > 0:
            order = queue[0]
            part = min(from_own, order.remaining)
            from_own -= part
            if part == order.remaining:
                queue.popleft()
            order.fill(key * self.sign, part)
        self._forget_empty_queue(key)

    def _own_size(self, key: int) -> int:
        queue = self.own.get(key)
        return sum(order.remaining for order in queue) if queue else 0

    def _forget_empty_queue(self, key: int) -> None:
        if not self.own.get(key, True):
            del self.own[key]

    def _set(self, key: int, size: int) -> None:
        if self.sizes.get(key, 0) == max(size, 0):
            return
        if size > 0:
            if key not in self.sizes:
                insort(self.keys, key)
            self.sizes[key] = size
        else:
            del self.sizes[key]
            del self.keys[bisect_left(self.keys, key)]
        if self.changes is not None:
            self.changes.append((self.sign, key * self.sign, max(size, 0)))


class ShownSide:
    """A side as the venue publishes it: the truth, unless a fault is on. Orders are matched against the truth."""

    def __init__(self, truth: BookSide) -> None:
        self._truth = truth
        self._is_empty = False
        self._moved = 0
        self._ghost: Callable[[], tuple[int, int] | None] | None = None

    @property
    def is_true(self) -> bool:
        return not (self._is_empty or self._moved or self._ghost)

    @property
    def best(self) -> int | None:
        """The best price shown, None where the side is empty."""
        return self._truth.best if self.is_true else next(iter(self.top(1)), None)

    def top(self, depth: int) -> dict[int, int]:
        """Size by price of the best *depth* levels, best first."""
        if self.is_true:
            return self._truth.top(depth)
        if self._is_empty:
            return {}
        moved = self._moved * self._truth.sign
        levels = {price + moved: size for price, size in self._truth.top(depth).items() if price + moved > 0}
        ghost = self._ghost() if self._ghost is not None else None
        if ghost is None:
            return levels
        return dict([ghost, *((price, size) for price, size in levels.items() if price != ghost[0])][:depth])

    def all(self) -> dict[int, int]:
        return self.top(len(self._truth.keys) + 1)

    def has(self, price: int) -> bool:
        """Whether any depth would show a level at *price*."""
        if self._is_empty:
            return False
        ghost = self._ghost() if self._ghost is not None else None
        is_ghost = ghost is not None and price == ghost[0]
        return is_ghost or (price > 0 and self._truth.has(price - self._moved * self._truth.sign))

    def distort(self, *, is_empty: bool, moved: int, ghost: Callable[[], tuple[int, int] | None] | None) -> bool:
        """Show the side empty, its levels *moved* ticks away from the other side, or with a *ghost* as its best level.

        True where this changes what is shown from now on.
        """
        before = self._is_empty, self._moved, self._ghost
        self._is_empty, self._moved, self._ghost = is_empty, moved, ghost
        return before != (is_empty, moved, ghost)
