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

from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from connectors.clock import utc_now
from connectors.errors import Rejected
from connectors.paper_matching import (
    EXACT,
    TOO_LARGE,
    ZERO,
    Fees,
    Liquidity,
    PaperBalance,
    PaperMarket,
    PaperOrderStatus,
    plain,
    priority,
)
from connectors.types import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from connectors.types import BookLevel, BookSnapshot, OrderRequest, PairRules

__all__ = ["Fees", "Fill", "Liquidity", "PaperBalance", "PaperExchange", "PaperOrder", "PaperOrderStatus"]


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
        clock: Callable[[], datetime] = utc_now,
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
        self._market = PaperMarket(rules)

    @property
    def balances(self) -> dict[str, PaperBalance]:
        with localcontext(EXACT):
            held = {asset: self._held(asset) for asset in self._totals}
            return {a: PaperBalance(total, held[a], total - held[a]) for a, total in self._totals.items()}

    def on_book(self, snapshot: BookSnapshot) -> list[Fill]:
        """Take *snapshot* as the market now, and return the fills of resting orders that it crossed.

        The better price goes first, then the older order. Raises UsageError for the book of another pair.
        """
        with localcontext(EXACT):
            self._market.show(snapshot)
            return [fill for resting in self._by_priority() for fill in self._fill_resting(*resting)]

    def place(self, request: OrderRequest) -> PaperOrder:
        """The order, filled as far as it crosses; the rest of a LIMIT rests, the rest of a MARKET is cancelled.

        Raises Rejected, which names what is wrong and what would do; the refused order stays in `orders`.
        """
        order = PaperOrder(f"paper-{next(self._ids)}", request)
        self.orders[order.id] = order
        market = self._market
        with localcontext(EXACT):
            try:
                market.check_rules(request)
                levels = market.takeable(request.side, request.size, request.price)
                market.check_makes(request, levels)
                self._check_funds(request, levels)
            except Rejected as refusal:
                order.status, order.reason = PaperOrderStatus.REJECTED, refusal.message
                raise
            for level in levels:
                market.take(request.side, level)
                self._fill(order, Liquidity.TAKER, level.price, level.size)
            if not order.remaining:
                return order
            if request.price is None:
                order.status = PaperOrderStatus.CANCELLED
                order.reason = f"the visible book filled {plain(order.filled_size)} of {plain(request.size)}"
            else:
                self._resting[order.id] = _Resting(order, request.price)
        return order

    def cancel(self, order_id: str) -> PaperOrder:
        """The order, cancelled, with what it held released. Raises Rejected where there is nothing to cancel."""
        order = self.orders.get(order_id)
        if order is None:
            self._market.reject(f"order: there is no {order_id!r}")
        if self._resting.pop(order_id, None) is None:
            self._market.reject(f"order: {order_id} is already {order.status}")
        order.status = PaperOrderStatus.CANCELLED
        order.reason = "cancelled on request"
        return order

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
            self._market.reject(
                f"balance: {plain(needed)} {asset} {what}, {plain(available)} available; use a smaller size"
            )

    # Matching and bookkeeping, all within the EXACT context.

    def _by_priority(self) -> list[_Resting]:
        return sorted(self._resting.values(), key=lambda it: priority(it.order.request.side, it.price))

    def _fill_resting(self, order: PaperOrder, price: Decimal) -> list[Fill]:
        side, fills = order.request.side, []
        for level in self._market.takeable(side, order.remaining, price):
            self._market.take(side, level)
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
