"""The order book as a synchronous state machine: levels in, best prices and checksum text out, no I/O.

Prices are integers in units of the pair's smallest printed step, so that they sort and compare exactly; sizes stay the
venue's own digits. Decimals are made only when somebody reads a level.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Context, Decimal
from itertools import islice
from typing import TYPE_CHECKING, Final

from connectors.errors import CrossedBook, LockedBook, MalformedPayload
from connectors.types import BookLevel, BookSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from connectors.types import TradingPair

EXACT = Context(prec=60)

WireLevel = tuple[bytes, bytes]
"""Price and size as the venue printed them; size 0 removes the level."""

NotedLevel = tuple[int, bytes | str]
"""A level as a side keeps it: its key, and its digits or its size."""

MAX_DIGITS = 28
"""More than any price or size has, and what a Decimal keeps exactly; beyond it a number is an attack on our time."""

MOST_DECIMALS = 18
"""Of a price, at any venue; more than a pair's own come only from orders older than its present tick."""


class TooFine(MalformedPayload):
    """A price of more decimals than the book counts in; `decimals` is what it takes."""

    def __init__(self, message: str, decimals: int) -> None:
        super().__init__(message)
        self.decimals = decimals


def digits_of(text: bytes, decimals: int) -> bytes:
    """The number *text* in units of 10^-*decimals*, as digits with no point and no leading zeros; empty for zero.

    `83743.4` with 1 decimal gives `837434`. Raises MalformedPayload on anything that is not a plain number of at most
    that many decimals.
    """
    whole, _, fraction = text.partition(b".")
    if len(fraction) == decimals and (digits := whole + fraction).isdigit() and len(digits) <= MAX_DIGITS:
        return digits.lstrip(b"0")
    return _digits_of_unusual(text, decimals)


def _digits_of_unusual(text: bytes, decimals: int) -> bytes:
    """Trailing zeros left out, or an exponent: both are the same number, and rare."""
    try:
        number = Decimal(text.decode("ascii"))
    except (ArithmeticError, ValueError) as error:
        raise MalformedPayload(f"{text[:40]!r} is not a number") from error
    if not number.is_finite() or number.is_signed() or number.adjusted() + decimals >= MAX_DIGITS:
        raise MalformedPayload(f"{text[:40]!r} is not a price or a size")
    units = number.scaleb(decimals, EXACT)
    whole = int(units)
    if whole != units:
        message = f"{text[:40]!r} is not a number of at most {decimals} decimals"
        exponent = number.normalize(EXACT).as_tuple().exponent
        raise TooFine(message, -exponent if isinstance(exponent, int) else MAX_DIGITS)
    return str(whole).encode("ascii") if whole else b""


class BookSide:
    """One side of a book: parallel lists, best level first.

    `keys` holds prices in units, negated for bids so that ascending order is best first on both sides. `marks` holds
    for each level its price digits and size digits in one text, which is what checksums are made of.
    """

    __slots__ = ("_price_decimals", "_sign", "_size_decimals", "depth", "keys", "marks")

    def __init__(self, sign: int, depth: int, price_decimals: int, size_decimals: int) -> None:
        self.keys: list[int] = []
        self.marks: list[bytes] = []
        self.depth = depth
        self._sign = sign
        self._price_decimals = price_decimals
        self._size_decimals = size_decimals

    def apply(self, levels: Sequence[WireLevel]) -> int:
        """Set or remove each level, cut to depth, and return the best index that changed (`depth` for none)."""
        keys, marks, sign = self.keys, self.marks, self._sign
        price_decimals, size_decimals = self._price_decimals, self._size_decimals
        best_changed = self.depth
        for price_text, size_text in levels:
            price = digits_of(price_text, price_decimals)
            size = digits_of(size_text, size_decimals)
            if not price:
                raise MalformedPayload("a level at price zero")
            key = sign * int(price)
            index = bisect_left(keys, key)
            if index < len(keys) and keys[index] == key:
                if size:
                    marks[index] = price + size
                else:
                    del keys[index], marks[index]
            elif size:
                keys.insert(index, key)
                marks.insert(index, price + size)
            else:
                continue
            if index < best_changed:
                best_changed = index
        if len(keys) > self.depth:
            del keys[self.depth :], marks[self.depth :]
        return best_changed

    def clear(self) -> None:
        self.keys.clear()
        self.marks.clear()

    def level(self, index: int) -> BookLevel:
        """The level at *index*, 0 being the best."""
        return self._level(self.keys[index], self.marks[index])

    def levels(self, count: int | None = None) -> tuple[BookLevel, ...]:
        return self.levels_of(self.noted(count))

    def noted(self, count: int | None = None) -> tuple[NotedLevel, ...]:
        """The best *count* levels as they stand, cheaply: `levels_of` tells later what they were."""
        return tuple(zip(self.keys[:count], self.marks, strict=False))

    def knows(self, _count: int) -> bool:
        """Whether the best levels, to the depth of the book, are known: always, where the venue keeps it whole."""
        return True

    def levels_of(self, noted: Iterable[NotedLevel]) -> tuple[BookLevel, ...]:
        return tuple(self._level(key, mark) for key, mark in noted)

    def _level(self, key: int, mark: bytes | str) -> BookLevel:
        price = self._sign * key
        size = int(mark[len(str(price)) :])
        return BookLevel(Decimal(price).scaleb(-self._price_decimals), Decimal(size).scaleb(-self._size_decimals))


NEW_BEST: Final = 1
THIN: Final = 2


class NumberedSide(BookSide):
    """One side of a book that comes as single changes to a snapshot which the venue cut somewhere.

    Nothing beyond the snapshot's last level is known but by accident, so nothing there is kept: `boundary` is the last
    key that is. When fewer than `least` levels remain before it, the side says THIN, and wants a new snapshot.
    """

    __slots__ = ("_key_of", "boundary", "least", "sizes")

    MOST_LEVELS: Final = 2_000
    """Twice the longest snapshot; beyond it the far half is given up."""
    MOST_PRICES: Final = 10_000
    """Texts of prices whose keys are remembered, which takes 1.3 MB; many books are followed for weeks."""

    def __init__(self, sign: int, depth: int, price_decimals: int, size_decimals: int) -> None:
        super().__init__(sign, depth, price_decimals, size_decimals)
        self.sizes: dict[int, str] = {}
        self.boundary: float = float("inf")
        self.least = 0
        self._key_of: dict[str, int] = {}

    @property
    def is_short(self) -> bool:
        """Whether fewer levels are known than should be."""
        return len(self.keys) < self.least

    def knows(self, count: int) -> bool:
        """Whether the best *count* levels, or all there are, are known."""
        return len(self.keys) >= min(count, self.depth) or self.boundary == float("inf")

    def load(self, levels: Iterable[BookLevel], *, is_cut: bool, least: int) -> None:
        """Start over from a snapshot; where it is not cut, it is all there is."""
        self.sizes = {}
        for price, size in levels:
            # Written out in full below, where an exponent could be made to fill the memory.
            if not (size.is_finite() and size >= 0 and abs(size.adjusted()) < MAX_DIGITS):
                raise MalformedPayload(f"{size!s:.40} is not a size")
            if not abs(price.adjusted()) < MAX_DIGITS:
                raise MalformedPayload(f"{price!s:.40} is no price")
            if size and (key := self._key(f"{price:f}")):
                self.sizes[key] = f"{size:f}"
        self.keys[:] = sorted(self.sizes)
        self.boundary = self.keys[-1] if is_cut and self.keys else float("inf")
        self.least = least if is_cut else 0

    def change(self, price: str, size: str) -> int:
        """Set the level, or remove it at size 0; NEW_BEST and THIN, or neither. A price of 0 changes nothing.

        Raises MalformedPayload where one is no number.
        """
        try:
            key = self._key_of[price]
        except KeyError:
            key = self._key(price)
        try:
            amount = float(size)  # tells zero and nonsense from a size; the text is what is kept
        except ValueError:
            raise MalformedPayload(f"{size[:40]!r} is not a size") from None
        sizes = self.sizes
        if 0.0 < amount < 1e28:
            if key in sizes:
                sizes[key] = size
                return 0
            if key > self.boundary or not key:
                return 0
            keys = self.keys
            index = bisect_left(keys, key)
            keys.insert(index, key)
            sizes[key] = size
            if len(keys) > self.MOST_LEVELS:
                self._give_up_the_far_half()
            return 0 if index else NEW_BEST
        if amount != 0.0:
            raise MalformedPayload(f"{size[:40]!r} is not a size")
        if key in sizes:
            keys = self.keys
            del sizes[key], keys[bisect_left(keys, key)]
            if len(keys) < self.least:
                return THIN
        return 0

    def _key(self, price: str) -> int:
        key = self._sign * int(digits_of(price.encode(), self._price_decimals) or b"0")
        if len(self._key_of) >= self.MOST_PRICES:
            self._key_of.clear()
        self._key_of[price] = key
        return key

    def _give_up_the_far_half(self) -> None:
        kept = self.MOST_LEVELS // 2
        for key in islice(self.keys, kept, None):
            del self.sizes[key]
        del self.keys[kept:]
        self.boundary, self.least = self.keys[-1], self.depth

    def take_over(self, other: NumberedSide) -> None:
        """Become *other*, a side of the same pair that counted prices in fewer decimals."""
        factor = 10 ** (self._price_decimals - other._price_decimals)
        self.keys[:] = [key * factor for key in other.keys]
        self.sizes = {key * factor: size for key, size in other.sizes.items()}
        self.boundary = other.boundary * factor
        self.least = other.least

    def clear(self) -> None:
        self.keys.clear()
        self.sizes = {}

    def level(self, index: int) -> BookLevel:
        key = self.keys[index]
        return self._level(key, self.sizes[key])

    def noted(self, count: int | None = None) -> tuple[NotedLevel, ...]:
        shown = self.keys[: self.depth if count is None else min(count, self.depth)]
        return tuple([(key, self.sizes[key]) for key in shown])

    def _level(self, key: int, mark: bytes | str) -> BookLevel:
        size = Decimal(mark if isinstance(mark, str) else mark.decode())
        return BookLevel(Decimal(self._sign * key).scaleb(-self._price_decimals), size)


class OrderBook:
    """Both sides of one pair's book, cut to *depth* levels each."""

    __slots__ = ("_price_decimals", "asks", "bids", "depth", "pair", "sequence", "venue_time")

    def __init__(
        self,
        pair: TradingPair,
        *,
        depth: int,
        price_decimals: int,
        size_decimals: int,
        side: type[BookSide] = BookSide,
    ) -> None:
        self.pair = pair
        self.depth = depth
        self._price_decimals = price_decimals
        self.bids = side(-1, depth, price_decimals, size_decimals)
        self.asks = side(1, depth, price_decimals, size_decimals)
        self.sequence: int | None = None
        self.venue_time: datetime | None = None

    def clear(self) -> None:
        self.bids.clear()
        self.asks.clear()
        self.sequence = None
        self.venue_time = None

    def apply(self, bids: Sequence[WireLevel], asks: Sequence[WireLevel]) -> tuple[int, int]:
        """Apply one whole message; the best index that changed on each side.

        Raises CrossedBook when the best bid is not below the best ask afterwards (LockedBook when they are equal),
        MalformedPayload on a level that is no number; the book is then unusable until it is cleared.
        """
        changed = self.bids.apply(bids) if bids else self.depth, self.asks.apply(asks) if asks else self.depth
        bid_keys, ask_keys = self.bids.keys, self.asks.keys
        if bid_keys and ask_keys and -bid_keys[0] >= ask_keys[0]:
            self.refuse_crossed()
        return changed

    def refuse_crossed(self) -> None:
        """Raises LockedBook where best bid and best ask are one price, CrossedBook where the bid is the higher."""
        bid, ask = self.best_bid, self.best_ask
        if bid is None or ask is None or bid.price < ask.price:
            return
        if bid.price == ask.price:
            raise LockedBook(f"best bid and best ask are both {bid.price}", pair=str(self.pair))
        raise CrossedBook(f"best bid {bid.price} is above best ask {ask.price}", pair=str(self.pair))

    @property
    def best_bid(self) -> BookLevel | None:
        return self.bids.level(0) if self.bids.keys else None

    @property
    def best_ask(self) -> BookLevel | None:
        return self.asks.level(0) if self.asks.keys else None

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid, in quote; None while a side is empty."""
        if not (self.bids.keys and self.asks.keys):
            return None
        return Decimal(self.asks.keys[0] + self.bids.keys[0]).scaleb(-self._price_decimals)

    def snapshot(self, depth: int | None = None) -> BookSnapshot:
        """The levels as they stand now, as values of their own."""
        return BookSnapshot(self.pair, self.bids.levels(depth), self.asks.levels(depth), self.sequence, self.venue_time)
