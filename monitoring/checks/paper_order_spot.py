"""The life of a taker and of two makers on a paper spot account, each step with what it had to come to."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from connectors.paper import PaperExchange
from connectors.paper_matching import EXACT, Liquidity
from connectors.types import OrderRequest, OrderType, Side
from monitoring.checks.paper_order_desk import (
    FEES,
    FUNDS,
    NOTHING,
    ZERO,
    Record,
    RestingOrders,
    behind,
    cost_of,
    down_to,
    missing,
    smallest_size,
    tradable_size,
    up_to,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.paper import PaperOrder
    from connectors.types import BookSnapshot, PairRules


class SpotAccount:
    """One account and its orders, all on the books that it is given."""

    def __init__(self, rules: PairRules, order_types: Sequence[OrderType], record: Record) -> None:
        self.record = record
        self._rules = rules
        self._order_types = order_types
        self._resting = RestingOrders(record)

    def trade(self, book: BookSnapshot) -> None:
        """What happens at once: a maker that would take is refused, a market order and a limit order take.

        Raises TooThin where the book has too little to take, Rejected for an order of ours that the engine refuses.
        """
        with localcontext(EXACT):
            rules, record, pair = self._rules, self.record, self._rules.pair
            self._size = size = tradable_size(book, rules, shares=1)
            cost = cost_of(book.asks, size, rules)
            self._start = {pair.base: FUNDS * size, pair.quote: FUNDS * cost}
            self._exchange = engine = PaperExchange(rules, fees=FEES, balances=self._start)
            engine.on_book(book)
            if OrderType.LIMIT_MAKER in self._order_types:
                price = up_to(rules.price_tick, book.asks[0].price)
                request = OrderRequest(pair, Side.BUY, OrderType.LIMIT_MAKER, size, price)
                record.place_refused("maker_that_takes", engine, request)
            if OrderType.MARKET in self._order_types:
                taker = record.place("taker", engine, OrderRequest(pair, Side.BUY, OrderType.MARKET, size))
                record.expect_filled("taker", taker.order, cost)
                fee = sum(engine.orders[taker.order.id].fee.values(), ZERO)
                record.expect("taker_fee", FEES.owed(Liquidity.TAKER, cost), fee, unit=pair.quote)
            if OrderType.LIMIT in self._order_types:
                worst = walk(book.bids, size)[-1][0]
                price = max(down_to(rules.price_tick, worst), rules.price_tick)
                limit = record.place("limit", engine, OrderRequest(pair, Side.SELL, OrderType.LIMIT, size, price))
                record.expect_filled("limit", limit.order, cost_of(book.bids, size, rules))

    def rest(self, book: BookSnapshot) -> None:
        """Two makers: one at the best ask, which the market may reach, and one so far away that it never does."""
        if OrderType.LIMIT_MAKER not in self._order_types:
            return
        with localcontext(EXACT):
            rules, pair, engine = self._rules, self._rules.pair, self._exchange
            touch = behind(book.asks[0].price, rules, Side.SELL)
            far = behind(book.bids[0].price / 2, rules, Side.BUY)
            small = smallest_size(rules, far)
            held_for_far = far * small + FEES.owed(Liquidity.MAKER, far * small)
            for name, request in (
                ("maker", OrderRequest(pair, Side.SELL, OrderType.LIMIT_MAKER, self._size, touch)),
                ("far_maker", OrderRequest(pair, Side.BUY, OrderType.LIMIT_MAKER, small, far)),
            ):
                self._resting.place(name, engine, request)
            balances = engine.balances
            self.record.expect(f"held_{pair.base}", self._size, balances[pair.base].held, unit=pair.base)
            self.record.expect(f"held_{pair.quote}", held_for_far, balances[pair.quote].held, unit=pair.quote)

    def on_book(self, book: BookSnapshot) -> None:
        self._exchange.on_book(book)
        self._resting.on_book()

    @property
    def is_filled(self) -> bool:
        """Whether the order that the market may reach has been filled."""
        return self._resting.is_reached

    def end(self) -> None:
        """Cancel what still rests, and count the money."""
        with localcontext(EXACT):
            self._resting.cancel(self._exchange)
            pair = self._rules.pair
            balances = self._exchange.balances
            base, quote = self._start[pair.base], self._start[pair.quote]
            for order in self._exchange.orders.values():
                sign = 1 if order.request.side is Side.BUY else -1
                cost, fee = _counted(order)
                base += sign * order.filled_size
                quote -= sign * cost + fee
            self.record.expect("held_at_end", ZERO, sum((balance.held for balance in balances.values()), ZERO))
            for asset, total in ((pair.base, base), (pair.quote, quote)):
                lost = missing(total - balances[asset].total, asset)
                self.record.expect(f"{asset}_conserved", NOTHING, lost)


def _counted(order: PaperOrder) -> tuple[Decimal, Decimal]:
    """Cost and fee of an order by its fills, a maker's at its own price."""
    costs = dict.fromkeys(Liquidity, ZERO)
    for fill in order.fills:
        is_maker = fill.liquidity is Liquidity.MAKER
        costs[fill.liquidity] += (order.request.price if is_maker and order.request.price else fill.price) * fill.size
    return sum(costs.values(), ZERO), sum((FEES.owed(liquidity, cost) for liquidity, cost in costs.items()), ZERO)
