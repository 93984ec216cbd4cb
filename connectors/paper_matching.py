"""What every paper engine shares: a book that is consumed once, orders held to the rules, fees, and exact sums."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn

from connectors.errors import Rejected, UsageError
from connectors.types import BookLevel, OrderType, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connectors.types import BookSnapshot, OrderRequest, PairRules

# Sums and products are exact or raise: nothing is rounded in silence.
EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
ROUNDED_UP = Context(prec=120, rounding=ROUND_CEILING)
ROUNDED_DOWN = Context(prec=120, rounding=ROUND_FLOOR)
# Beyond any real amount; below it every product fits EXACT.
TOO_LARGE = Decimal(10) ** 18
ZERO = Decimal(0)


class Liquidity(StrEnum):
    MAKER = "maker"
    TAKER = "taker"


class PaperOrderStatus(StrEnum):
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Fees:
    """Fractions of the cost (0.0026 is 0.26 %), charged in quote and rounded up to *decimals*.

    It is the sum that an order owes as maker, and as taker, which is rounded: an order filled in many parts pays what
    the same order filled at once would.
    """

    maker: Decimal
    taker: Decimal
    decimals: int = 8

    def __post_init__(self) -> None:
        if not all(rate.is_finite() and 0 <= rate < 1 for rate in (self.maker, self.taker)) or self.decimals < 0:
            raise ValueError("fees are fractions of the cost, 0 <= fee < 1, in decimals >= 0")

    def owed(self, liquidity: Liquidity, cost: Decimal) -> Decimal:
        rate = self.maker if liquidity is Liquidity.MAKER else self.taker
        return ROUNDED_UP.quantize(ROUNDED_UP.multiply(rate, cost), Decimal(1).scaleb(-self.decimals))


@dataclass(frozen=True, slots=True)
class PaperBalance:
    """Amounts of one asset: *held* is bound by orders and positions, *available* is the rest of *total*."""

    total: Decimal
    held: Decimal
    available: Decimal


class PaperMarket:
    """One pair as our orders meet it: its rules, and what its book still offers. Used within the EXACT context."""

    def __init__(self, rules: PairRules) -> None:
        self.rules = rules
        self._has_book = False
        # By the side that takes from it: buyers meet the asks, sellers the bids.
        self._opposite = {Side.BUY: _TakeableSide(operator.le), Side.SELL: _TakeableSide(operator.ge)}

    def show(self, snapshot: BookSnapshot) -> None:
        """Take *snapshot* as the market now. Raises UsageError for the book of another pair."""
        if snapshot.pair != self.rules.pair:
            raise UsageError(f"a book of {snapshot.pair}, but this exchange trades {self.rules.pair}")
        self._has_book = True
        self._opposite[Side.BUY].show(snapshot.asks)
        self._opposite[Side.SELL].show(snapshot.bids)

    def takeable(self, side: Side, size: Decimal, limit: Decimal | None) -> list[BookLevel]:
        """What an order of *size* gets at *limit* or better (None: at any price), best first."""
        return self._opposite[side].takeable(size, limit)

    def take(self, side: Side, level: BookLevel) -> None:
        """An order on *side* took *level*: it is not there a second time."""
        self._opposite[side].take(level)

    def check_rules(self, request: OrderRequest) -> None:
        """Raises Rejected, which names what is wrong and what would do."""
        rules = self.rules
        if request.pair != rules.pair:
            self.reject(f"pair: {request.pair} is not traded here; use {rules.pair}")
        if not rules.is_trading:
            self.reject(f"pair: {rules.pair} is {rules.status}; wait until it trades")
        if not self._has_book:
            self.reject("book: none seen yet; place orders after the first one")
        self._check_amount("size", request.size, rules.size_step)
        if request.size < rules.min_size:
            self.reject(f"size: {plain(request.size)} is below the minimum; use at least {plain(rules.min_size)}")
        if request.price is not None:
            self._check_amount("price", request.price, rules.price_tick)
        price = self._opposite[request.side].best() if request.price is None else request.price
        if rules.min_cost is not None and price is not None:
            cost = price * request.size * (rules.contract.multiplier if rules.contract else 1)
            if cost < rules.min_cost:
                text = f"{plain(cost)} {rules.pair.quote}"
                self.reject(
                    f"size: a cost of {text} is below the minimum of {plain(rules.min_cost)}; use a larger size"
                )

    def check_makes(self, request: OrderRequest, levels: Sequence[BookLevel]) -> None:
        """Raises Rejected for an order that may only make but would take *levels*."""
        if levels and request.order_type is OrderType.LIMIT_MAKER:
            self.reject(f"price: it would take at {plain(levels[0].price)}; stay behind that price or use LIMIT")

    def reject(self, message: str) -> NoReturn:
        raise Rejected(message, pair=str(self.rules.pair))

    def _check_amount(self, name: str, value: Decimal, step: Decimal) -> None:
        if not (value.is_finite() and 0 < value < TOO_LARGE):
            self.reject(f"{name}: {value} is not an amount; use a positive number")
        lower = value // step * step
        if lower != value:
            near = " or ".join(plain(amount) for amount in (lower, lower + step) if amount)
            self.reject(f"{name}: {value} is not a multiple of {plain(step)}; use {near}")


def priority(side: Side, price: Decimal) -> Decimal:
    """Sorts resting orders of one side: the better price fills first."""
    return -price if side is Side.BUY else price


def plain(amount: Decimal) -> str:
    """As people write it: no exponent, no zeros at the end."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class _TakeableSide:
    """One side of the book as our orders meet it: what is displayed, less what our own fills took of it."""

    def __init__(self, reaches: Callable[[Decimal, Decimal], bool]) -> None:
        """*reaches* tells whether a level's price is as good as a limit: `le` for asks, `ge` for bids."""
        self._reaches = reaches
        self._levels: Sequence[BookLevel] = ()
        self._taken: dict[Decimal, Decimal] = {}

    def show(self, levels: Sequence[BookLevel]) -> None:
        """Replace what is displayed, best first."""
        self._levels = levels
        displayed = dict(levels) if self._taken else {}
        self._taken = {
            price: min(taken, displayed.get(price, taken))
            for price, taken in self._taken.items()
            if price in displayed or self._is_hidden(price)
        }

    def best(self) -> Decimal | None:
        return self._levels[0].price if self._levels else None

    def takeable(self, size: Decimal, limit: Decimal | None) -> list[BookLevel]:
        parts = []
        for price, displayed in self._levels:
            if not size or (limit is not None and not self._reaches(price, limit)):
                break
            part = min(size, displayed - self._taken.get(price, ZERO))
            if part:
                parts.append(BookLevel(price, part))
                size -= part
        return parts

    def take(self, level: BookLevel) -> None:
        self._taken[level.price] = self._taken.get(level.price, ZERO) + level.size

    def _is_hidden(self, price: Decimal) -> bool:
        return bool(self._levels) and not self._reaches(price, self._levels[-1].price)
