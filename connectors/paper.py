"""Paper trading: orders matched exactly against a live order book, with no venue and no money behind them.

How orders are matched:

- A taker (MARKET, or as much of a LIMIT as crosses) walks the opposite levels, best first, each at its own price.
- A resting order is a maker. It fills at its own price as soon as a later book shows the opposite side at that price
  or better, up to the size shown there. No queue is modelled: without such a cross it waits, whatever trades beside it.
- Displayed liquidity is consumed once. What our fills took at a price stays taken in every later book, down to what
  that book shows there, and is forgotten once a book shows the price gone. So an unchanged book fills nothing again,
  and a level that grew has only its growth to give. A price beyond the last level shown is hidden, not gone.
- Our orders never trade with one another, and the real book does not feel them.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from connectors.errors import Rejected, UsageError
from connectors.types import BookLevel, OrderType, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.types import BookSnapshot, OrderRequest, PairRules

# Sums and products are exact or raise: nothing is rounded in silence.
EXACT = Context(prec=120, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
ROUNDED_UP = Context(prec=120, rounding=ROUND_CEILING)
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
        unit = Decimal(1).scaleb(-self.decimals)
        return ROUNDED_UP.quantize(ROUNDED_UP.multiply(rate, cost), unit)


@dataclass(frozen=True, slots=True)
class PaperBalance:
    """Amounts of one asset: *held* is bound by resting orders, *available* is the rest of *total*."""

    total: Decimal
    held: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True)
class Fill:
    """One match. Size in base; price, cost and fee in quote: a buyer pays cost + fee, a seller gets cost - fee."""

    order_id: str
    side: Side
    price: Decimal
    size: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    filled_at: datetime


@dataclass(slots=True, eq=False)
class PaperOrder:
    """One order, kept up to date by its exchange. *reason* says why it was refused, cut short or cancelled.

    *cost* and *fee* are sums in quote, by liquidity.
    """

    id: str
    request: OrderRequest
    status: PaperOrderStatus = PaperOrderStatus.OPEN
    reason: str = ""
    fills: list[Fill] = field(default_factory=list)
    filled_size: Decimal = ZERO
    cost: dict[Liquidity, Decimal] = field(default_factory=lambda: dict.fromkeys(Liquidity, ZERO))
    fee: dict[Liquidity, Decimal] = field(default_factory=lambda: dict.fromkeys(Liquidity, ZERO))

    @property
    def remaining(self) -> Decimal:
        with localcontext(EXACT):
            return self.request.size - self.filled_size


class PaperExchange:
    """One pair of one account. Synchronous: feed it books with `on_book`, and orders fill as the market moves.

    Raises ValueError for starting balances that are not amounts.
    """

    def __init__(
        self,
        rules: PairRules,
        *,
        fees: Fees,
        balances: Mapping[str, Decimal],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        for asset, amount in balances.items():
            if not (amount.is_finite() and 0 <= amount < TOO_LARGE):
                raise ValueError(f"the starting balance of {asset} is not an amount: {amount}")
        self.rules = rules
        self.fees = fees
        self.orders: dict[str, PaperOrder] = {}
        self._clock = clock
        self._totals = {rules.pair.base: ZERO, rules.pair.quote: ZERO, **balances}
        self._resting: dict[str, _Resting] = {}
        self._ids = count(1)
        self._has_book = False
        # By the side that takes from it: buyers meet the asks, sellers the bids.
        self._opposite = {Side.BUY: _TakeableSide(operator.le), Side.SELL: _TakeableSide(operator.ge)}

    @property
    def balances(self) -> dict[str, PaperBalance]:
        with localcontext(EXACT):
            held = {asset: self._held(asset) for asset in self._totals}
            return {a: PaperBalance(total, held[a], total - held[a]) for a, total in self._totals.items()}

    def on_book(self, snapshot: BookSnapshot) -> list[Fill]:
        """Take *snapshot* as the market now, and return the fills of resting orders that it crossed.

        The better price goes first, then the older order. Raises UsageError for the book of another pair.
        """
        if snapshot.pair != self.rules.pair:
            raise UsageError(f"a book of {snapshot.pair}, but this exchange trades {self.rules.pair}")
        with localcontext(EXACT):
            self._has_book = True
            self._opposite[Side.BUY].show(snapshot.asks)
            self._opposite[Side.SELL].show(snapshot.bids)
            return [fill for resting in self._by_priority() for fill in self._fill_resting(*resting)]

    def place(self, request: OrderRequest) -> PaperOrder:
        """The order, filled as far as it crosses; the rest of a LIMIT rests, the rest of a MARKET is cancelled.

        Raises Rejected, which names what is wrong and what would do; the refused order stays in `orders`.
        """
        order = PaperOrder(f"paper-{next(self._ids)}", request)
        self.orders[order.id] = order
        opposite = self._opposite[request.side]
        with localcontext(EXACT):
            try:
                self._check_rules(request)
                levels = opposite.takeable(request.size, limit=request.price)
                if levels and request.order_type is OrderType.LIMIT_MAKER:
                    self._reject(
                        f"price: it would take at {_plain(levels[0].price)}; stay behind that price or use LIMIT"
                    )
                self._check_funds(request, levels)
            except Rejected as refusal:
                order.status, order.reason = PaperOrderStatus.REJECTED, refusal.message
                raise
            for level in levels:
                opposite.take(level)
                self._fill(order, Liquidity.TAKER, level.price, level.size)
            if not order.remaining:
                return order
            if request.price is None:
                order.status = PaperOrderStatus.CANCELLED
                order.reason = f"the visible book filled {_plain(order.filled_size)} of {_plain(request.size)}"
            else:
                self._resting[order.id] = _Resting(order, request.price)
        return order

    def cancel(self, order_id: str) -> PaperOrder:
        """The order, cancelled, with what it held released. Raises Rejected where there is nothing to cancel."""
        order = self.orders.get(order_id)
        if order is None:
            self._reject(f"order: there is no {order_id!r}")
        if self._resting.pop(order_id, None) is None:
            self._reject(f"order: {order_id} is already {order.status}")
        order.status = PaperOrderStatus.CANCELLED
        order.reason = "cancelled on request"
        return order

    # Checks before anything changes.

    def _check_rules(self, request: OrderRequest) -> None:
        rules = self.rules
        if request.pair != rules.pair:
            self._reject(f"pair: {request.pair} is not traded here; use {rules.pair}")
        if not rules.is_trading:
            self._reject(f"pair: {rules.pair} is {rules.status}; wait until it trades")
        if not self._has_book:
            self._reject("book: none seen yet; place orders after the first one")
        self._check_amount("size", request.size, rules.size_step)
        if request.size < rules.min_size:
            self._reject(f"size: {_plain(request.size)} is below the minimum; use at least {_plain(rules.min_size)}")
        if request.price is not None:
            self._check_amount("price", request.price, rules.price_tick)
        price = self._opposite[request.side].best() if request.price is None else request.price
        if rules.min_cost is not None and price is not None and price * request.size < rules.min_cost:
            cost = f"{_plain(price * request.size)} {rules.pair.quote}"
            self._reject(f"size: a cost of {cost} is below the minimum of {_plain(rules.min_cost)}; use a larger size")

    def _check_amount(self, name: str, value: Decimal, step: Decimal) -> None:
        if not (value.is_finite() and 0 < value < TOO_LARGE):
            self._reject(f"{name}: {value} is not an amount; use a positive number")
        lower = value // step * step
        if lower != value:
            near = " or ".join(_plain(amount) for amount in (lower, lower + step) if amount)
            self._reject(f"{name}: {value} is not a multiple of {_plain(step)}; use {near}")

    def _check_funds(self, request: OrderRequest, levels: Sequence[BookLevel]) -> None:
        if request.side is Side.SELL:
            asset, needed, what = request.pair.base, request.size, "needed"
        else:
            asset, what = request.pair.quote, "needed with fees"
            taken = sum((level.price * level.size for level in levels), ZERO)
            needed = taken + self.fees.owed(Liquidity.TAKER, taken)
            if request.price is not None:
                rest = (request.size - sum((level.size for level in levels), ZERO)) * request.price
                needed += rest + self.fees.owed(Liquidity.MAKER, rest)
        available = self._totals[asset] - self._held(asset)
        if needed > available:
            self._reject(f"balance: {_plain(needed)} {asset} {what}, {_plain(available)} available; use a smaller size")

    def _reject(self, message: str) -> NoReturn:
        raise Rejected(message, pair=str(self.rules.pair))

    # Matching and bookkeeping, all within the EXACT context.

    def _by_priority(self) -> list[_Resting]:
        def best_first(resting: _Resting) -> Decimal:
            return -resting.price if resting.order.request.side is Side.BUY else resting.price

        return sorted(self._resting.values(), key=best_first)

    def _fill_resting(self, order: PaperOrder, price: Decimal) -> list[Fill]:
        opposite = self._opposite[order.request.side]
        fills = []
        for level in opposite.takeable(order.remaining, limit=price):
            opposite.take(level)
            fills.append(self._fill(order, Liquidity.MAKER, price, level.size))
        if not order.remaining:
            del self._resting[order.id]
        return fills

    def _fill(self, order: PaperOrder, liquidity: Liquidity, price: Decimal, size: Decimal) -> Fill:
        pair, side = order.request.pair, order.request.side
        cost = price * size
        order.cost[liquidity] += cost
        fee = self.fees.owed(liquidity, order.cost[liquidity]) - order.fee[liquidity]
        if side is Side.BUY:
            self._totals[pair.base] += size
            self._totals[pair.quote] -= cost + fee
        else:
            # Rounded up, a fee may exceed a tiny fill's cost; what is lacking goes to the order's next fill.
            fee = min(fee, cost)
            self._totals[pair.base] -= size
            self._totals[pair.quote] += cost - fee
        order.fee[liquidity] += fee
        order.filled_size += size
        order.status = PaperOrderStatus.PARTIALLY_FILLED if order.remaining else PaperOrderStatus.FILLED
        fill = Fill(order.id, side, price, size, cost, fee, pair.quote, liquidity, self._clock())
        order.fills.append(fill)
        return fill

    def _held(self, asset: str) -> Decimal:
        return sum((amount for held, amount in map(self._hold, self._resting.values()) if held == asset), ZERO)

    def _hold(self, resting: _Resting) -> tuple[str, Decimal]:
        """The asset and the amount that an order may still cost: for a buyer to the last unit of its fee."""
        order, price = resting
        if order.request.side is Side.SELL:
            return order.request.pair.base, order.remaining
        rest = order.remaining * price
        fee = self.fees.owed(Liquidity.MAKER, order.cost[Liquidity.MAKER] + rest) - order.fee[Liquidity.MAKER]
        return order.request.pair.quote, rest + fee


class _Resting(NamedTuple):
    order: PaperOrder
    price: Decimal


def _plain(amount: Decimal) -> str:
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
        """What an order of *size* gets at *limit* or better (None: at any price), best first."""
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
