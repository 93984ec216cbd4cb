"""What paper orders are traded with: how large they are, what the book must give for them, and the record of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.clock import monotonic
from connectors.errors import Rejected
from connectors.paper_matching import Fees, PaperOrderStatus
from connectors.types import OrderRequest, OrderType, PositionSide, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connectors.paper import PaperExchange, PaperOrder
    from connectors.paper_perpetual import PaperPerpetual, PerpetualOrder
    from connectors.types import BookLevel, BookSnapshot, PairRules

    Engine = PaperExchange | PaperPerpetual
    Order = PaperOrder | PerpetualOrder

FEES = Fees(maker=Decimal("0.001"), taker=Decimal("0.002"))
"""The check's own: what is proven is that fees are accounted for, not what the venue charges."""

FUNDS = 10
"""The paper account starts with so many times what its first order needs."""

UNLIKE_THE_MARKET = Decimal("0.98")
"""Of the best bid: where an order for the venue's own test would rest, and still be a price that somebody means."""

NOTHING = "nothing missing"

ZERO = Decimal(0)


class TooThin(Exception):
    """What is visible of the book fills no order that the rules allow."""


@dataclass(slots=True)
class Leg:
    """The life of one order, in ms from placing it: acknowledged, first seen filled, ended by a fill or a cancellation.

    `book_age_ms` is how old the book was that it met; `books` are those that came while it rested.
    """

    name: str
    order_type: OrderType
    side: Side
    size: Decimal
    price: Decimal | None
    book_age_ms: float
    status: str = ""
    filled: Decimal = ZERO
    acknowledged_ms: float | None = None
    filled_ms: float | None = None
    ended_ms: float | None = None
    books: int = 0


@dataclass(frozen=True, slots=True)
class Proof:
    """What one thing had to come to by the book and by the rules, and what the engine made of it."""

    name: str
    expected: str
    seen: str


@dataclass(slots=True)
class Resting:
    """An order that waits for the market, and since when."""

    name: str
    order: Order
    leg: Leg
    placed_at: float

    def note(self) -> None:
        """Bring the record up to the order."""
        elapsed_ms = round((monotonic() - self.placed_at) * 1000, 2)
        self.leg.status, self.leg.filled = self.order.status.value, self.order.filled_size
        if self.leg.filled and self.leg.filled_ms is None:
            self.leg.filled_ms = elapsed_ms
        if self.leg.ended_ms is None and self.order.status not in WORKING:
            self.leg.ended_ms = elapsed_ms


WORKING = (PaperOrderStatus.OPEN, PaperOrderStatus.PARTIALLY_FILLED)


@dataclass(slots=True)
class Record:
    """The legs and proofs of one account; *prefix* tells the accounts of one check apart."""

    book_age_ms: Callable[[], float]
    size_unit: str
    prefix: str = ""
    legs: list[Leg] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)

    def expect(self, name: str, expected: object, seen: object, *, unit: str = "") -> None:
        self.proofs.append(Proof(self.prefix + name, shown(expected, unit), shown(seen, unit)))

    def place(self, name: str, engine: Engine, request: OrderRequest) -> Resting:
        """Raises Rejected: this check makes no order that the rules forbid."""
        leg = Leg(
            self.prefix + name,
            request.order_type,
            request.side,
            request.size,
            request.price,
            round(self.book_age_ms(), 1),
        )
        self.legs.append(leg)
        placed_at = monotonic()
        try:
            order = engine.place(request)
        except Rejected:
            leg.status = PaperOrderStatus.REJECTED.value
            raise
        finally:
            leg.acknowledged_ms = round((monotonic() - placed_at) * 1000, 2)
        resting = Resting(name, order, leg, placed_at)
        resting.note()
        return resting

    def place_refused(self, name: str, engine: Engine, request: OrderRequest) -> None:
        """An order that must not be taken."""
        try:
            order = self.place(name, engine, request).order
        except Rejected:
            self.expect(name, PaperOrderStatus.REJECTED, PaperOrderStatus.REJECTED)
        else:
            self.expect(name, PaperOrderStatus.REJECTED, order.status)

    def expect_filled(self, name: str, order: Order, cost: Decimal) -> None:
        """All of it, at what the levels of the book cost."""
        pair = order.request.pair
        wanted, filled = (shown(size, self.size_unit) for size in (order.request.size, order.filled_size))
        self.expect(f"{name}_filled", f"{wanted} filled", f"{filled} {order.status}")
        self.expect(f"{name}_cost", cost, sum(order.cost.values(), ZERO), unit=pair.quote)


class RestingOrders:
    """The makers of one account, the first of them where the market may reach it."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._orders: list[Resting] = []

    def place(self, name: str, engine: Engine, request: OrderRequest) -> None:
        """Raises Rejected."""
        resting = self._record.place(name, engine, request)
        self._record.expect(f"{name}_rests", PaperOrderStatus.OPEN, resting.order.status)
        self._orders.append(resting)

    def on_book(self) -> None:
        """After the engine has taken a book in."""
        for resting in self._orders:
            if resting.order.status in WORKING:
                resting.leg.books += 1
            resting.note()

    def cancel(self, engine: Engine) -> None:
        """All that still wait."""
        for resting in self._orders:
            if resting.order.status in WORKING:
                engine.cancel(resting.order.id)
                self._record.expect(f"{resting.name}_ends", PaperOrderStatus.CANCELLED, resting.order.status)
            resting.note()

    @property
    def is_reached(self) -> bool:
        """Whether the order that the market may reach has been filled."""
        return bool(self._orders) and self._orders[0].order.status is PaperOrderStatus.FILLED

    @property
    def ids(self) -> set[str]:
        return {resting.order.id for resting in self._orders}


def shown(value: object, unit: str = "") -> str:
    """Equal for equal numbers, however many zeros they carry."""
    text = str(value)
    if isinstance(value, Decimal):
        text = f"{value.normalize():f}" if value else "0"
    return f"{text} {unit}" if unit else text


def missing(amount: Decimal, unit: str) -> str:
    """What of an account is not where it should be."""
    return f"{shown(amount, unit)} missing" if amount else NOTHING


def value_of(rules: PairRules, price: Decimal, size: Decimal) -> Decimal:
    """In quote."""
    return price * size * (rules.contract.multiplier if rules.contract else 1)


def down_to(step: Decimal, amount: Decimal) -> Decimal:
    """The multiple of *step* at or below *amount*."""
    return amount // step * step


def up_to(step: Decimal, amount: Decimal) -> Decimal:
    """The multiple of *step* at or above *amount*."""
    below = down_to(step, amount)
    return below if below == amount else below + step


def walk(levels: Sequence[BookLevel], size: Decimal) -> list[tuple[Decimal, Decimal]]:
    """Price and size of each part that an order of *size* gets, best first. Raises TooThin where there is less."""
    parts = []
    for level in levels:
        part = min(size, level.size)
        parts.append((level.price, part))
        size -= part
        if not size:
            return parts
    raise TooThin


def cost_of(levels: Sequence[BookLevel], size: Decimal, rules: PairRules) -> Decimal:
    return sum((value_of(rules, price, part) for price, part in walk(levels, size)), ZERO)


def tradable_size(book: BookSnapshot, rules: PairRules, *, shares: int) -> Decimal:
    """Enough to reach into the second level of the asks, but no more than one of *shares* of either visible side.

    Raises TooThin where the rules allow nothing so small.
    """
    if not (book.bids and book.asks):
        raise TooThin
    smallest = smallest_size(rules, book.bids[-1].price)
    wanted = max(smallest, down_to(rules.size_step, book.asks[0].size) + rules.size_step)
    visible = min(sum((level.size for level in side), ZERO) for side in (book.bids, book.asks))
    size = min(wanted, down_to(shares * rules.size_step, visible) / shares)
    if size < smallest:
        raise TooThin
    return size


def smallest_size(rules: PairRules, price: Decimal) -> Decimal:
    """The smallest that may be ordered at *price*."""
    step = rules.size_step
    value = value_of(rules, price, step)
    by_cost = up_to(value, rules.min_cost or ZERO) // value * step
    return max(up_to(step, rules.min_size), by_cost)


def behind(price: Decimal, rules: PairRules, side: Side) -> Decimal:
    """*price* on a tick, or the next one further away from the other side of the book; never zero."""
    tick = rules.price_tick
    return max(down_to(tick, price) if side is Side.BUY else up_to(tick, price), tick)


def small_order(
    rules: PairRules, book: BookSnapshot, order_type: OrderType, position_side: PositionSide = PositionSide.BOTH
) -> OrderRequest:
    """A buy as small as the rules allow, for the venue's own test: one that takes at once, or one that would rest."""
    best = (book.bids or book.asks)[0].price
    price = None if order_type is OrderType.MARKET else behind(best * UNLIKE_THE_MARKET, rules, Side.BUY)
    size = smallest_size(rules, price or best)
    return OrderRequest(rules.pair, Side.BUY, order_type, size, price, position_side=position_side)
