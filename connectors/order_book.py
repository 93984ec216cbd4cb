"""The order book as a synchronous state machine: levels in, best prices and checksum text out, no I/O.

Prices are integers in units of the pair's smallest printed step, so that they sort and compare exactly; sizes stay the
venue's own digits. Decimals are made only when somebody reads a level.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from connectors.errors import CrossedBook, MalformedPayload
from connectors.types import BookLevel, BookSnapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from connectors.types import TradingPair

EXACT = Context(prec=60)

WireLevel = tuple[bytes, bytes]
"""Price and size as the venue printed them; size 0 removes the level."""


MAX_DIGITS = 28
"""More than any price or size has, and what a Decimal keeps exactly; beyond it a number is an attack on our time."""


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
        raise MalformedPayload(f"{text[:40]!r} is not a number of at most {decimals} decimals")
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
        price = self._sign * self.keys[index]
        size = int(self.marks[index][len(str(price)) :])
        return BookLevel(Decimal(price).scaleb(-self._price_decimals), Decimal(size).scaleb(-self._size_decimals))

    def levels(self, count: int | None = None) -> tuple[BookLevel, ...]:
        return tuple(self.level(index) for index in range(len(self.keys[:count])))


class OrderBook:
    """Both sides of one pair's book, cut to *depth* levels each."""

    __slots__ = ("_price_decimals", "asks", "bids", "depth", "pair", "sequence", "venue_time")

    def __init__(self, pair: TradingPair, *, depth: int, price_decimals: int, size_decimals: int) -> None:
        self.pair = pair
        self.depth = depth
        self._price_decimals = price_decimals
        self.bids = BookSide(-1, depth, price_decimals, size_decimals)
        self.asks = BookSide(1, depth, price_decimals, size_decimals)
        self.sequence: int | None = None
        self.venue_time: datetime | None = None

    def clear(self) -> None:
        self.bids.clear()
        self.asks.clear()
        self.sequence = None
        self.venue_time = None

    def apply(self, bids: Sequence[WireLevel], asks: Sequence[WireLevel]) -> tuple[int, int]:
        """Apply one whole message; the best index that changed on each side.

        Raises CrossedBook when the best bid is not below the best ask afterwards, MalformedPayload on a level that is
        no number; the book is then unusable until it is cleared.
        """
        changed = self.bids.apply(bids) if bids else self.depth, self.asks.apply(asks) if asks else self.depth
        bid_keys, ask_keys = self.bids.keys, self.asks.keys
        if bid_keys and ask_keys and -bid_keys[0] >= ask_keys[0]:
            raise CrossedBook(
                f"best bid {self.bids.level(0).price} is not below best ask {self.asks.level(0).price}",
                pair=str(self.pair),
            )
        return changed

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
