"""The life of positions on a paper perpetual account: opened, valued, funded, closed, and what each step must give."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from connectors.paper_matching import EXACT, ROUNDED_UP, Liquidity
from connectors.paper_perpetual import PaperPerpetual
from connectors.types import OrderRequest, OrderType, PositionMode, PositionSide, Side
from monitoring.checks.paper_order_desk import (
    FEES,
    FUNDS,
    NOTHING,
    ZERO,
    Record,
    RestingOrders,
    behind,
    cost_of,
    missing,
    shown,
    smallest_size,
    tradable_size,
    up_to,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connectors.types import BookSnapshot, PairRules

LEVERAGE = Decimal(2)

CONTRACTS = "contracts"

MARK_MOVES_BY = Decimal("1.001")
"""By so little that no position at that leverage is liquidated."""


class PerpetualAccount:
    """One account in one position mode, all on the books that it is given."""

    def __init__(
        self,
        rules: PairRules,
        order_types: Sequence[OrderType],
        record: Record,
        *,
        mode: PositionMode,
        mark_price: Decimal,
        funding_rate: Decimal | None,
    ) -> None:
        """*funding_rate* is None where it is not known: then none is paid."""
        self.record = record
        self._rules = rules
        self._order_types = order_types
        self._asset = rules.pair.quote
        self._is_hedge = mode is PositionMode.HEDGE
        self._mode = mode
        self._mark = mark_price
        self._rate = funding_rate
        self._leverage = min(LEVERAGE, rules.contract.max_leverage) if rules.contract else LEVERAGE
        self._resting = RestingOrders(record)

    def trade(self, book: BookSnapshot) -> None:
        """Open a long position, in hedge mode a short one beside it, value them, pay funding, and close them.

        Raises TooThin where the book has too little to take, Rejected for an order of ours that the engine refuses.
        """
        with localcontext(EXACT):
            rules, record = self._rules, self.record
            # In hedge mode two orders take from each side: one opens, one closes.
            self._size = size = tradable_size(book, rules, shares=2)
            bought, sold = cost_of(book.asks, size, rules), cost_of(book.bids, size, rules)
            self._start = FUNDS * bought
            self._engine = engine = PaperPerpetual(rules, fees=FEES, collateral=self._start, mode=self._mode)
            engine.on_book(book)
            engine.on_mark(self._mark)
            if OrderType.LIMIT_MAKER in self._order_types:
                price = up_to(rules.price_tick, book.asks[0].price)
                record.place_refused("maker_that_takes", engine, self._order(Side.BUY, OrderType.LIMIT_MAKER, price))
            if OrderType.MARKET not in self._order_types:
                return
            taker = record.place("taker", engine, self._order(Side.BUY, OrderType.MARKET))
            record.expect_filled("taker", taker.order, bought)
            fee = FEES.owed(Liquidity.TAKER, bought)
            record.expect("wallet_after_opening", self._start - fee, engine.wallet.total, unit=self._asset)
            record.expect("margin", self._margin(bought), engine.wallet.position_margin, unit=self._asset)
            if self._is_hedge:
                short = self._order(Side.SELL, OrderType.MARKET, position=PositionSide.SHORT)
                record.expect_filled("short", record.place("short", engine, short).order, sold)
            self._value(bought, sold)
            self._fund()
            self._close(behind(book.bids[-1].price, rules, Side.BUY))

    def _value(self, bought: Decimal, sold: Decimal) -> None:
        """Positions and the profit of each, at the mark price and at one that has moved."""
        sizes = (self._size, -self._size) if self._is_hedge else (self._size,)
        self.record.expect("positions", _listed(sizes, CONTRACTS), _listed(self._held("contracts"), CONTRACTS))
        for name, mark in (("profit_at_mark", self._mark), ("profit_when_it_moves", self._mark * MARK_MOVES_BY)):
            self._engine.on_mark(mark)
            value = value_of(self._rules, mark, self._size)
            profits = (value - bought, sold - value) if self._is_hedge else (value - bought,)
            shown_ones = _listed(self._held("unrealised_profit"), self._asset)
            self.record.expect(name, _listed(profits, self._asset), shown_ones)

    def _held(self, what: str) -> list[Decimal]:
        """Of each position, the long one first."""
        positions = sorted(self._engine.positions, key=lambda position: position.contracts, reverse=True)
        return [getattr(position, what) for position in positions]

    def _fund(self) -> None:
        """Longs pay what shorts get."""
        if self._rate is None:
            return
        paid = self._engine.on_funding(self._rate, self._mark)
        value = value_of(self._rules, self._mark, self._size)
        expected = (-self._rate * value, self._rate * value) if self._is_hedge else (-self._rate * value,)
        amounts = sorted(one.amount for one in paid)
        self.record.expect("funding", _listed(sorted(expected), self._asset), _listed(amounts, self._asset))

    def _close(self, lowest: Decimal) -> None:
        """By a limit order that crosses, so that each type of order takes once."""
        record, engine = self.record, self._engine
        is_limit = OrderType.LIMIT in self._order_types
        close = (
            self._order(Side.SELL, OrderType.LIMIT, lowest, reduces_only=True)
            if is_limit
            else self._order(Side.SELL, OrderType.MARKET, reduces_only=True)
        )
        orders = [record.place("close", engine, close).order]
        if self._is_hedge:
            cover = self._order(Side.BUY, OrderType.MARKET, position=PositionSide.SHORT, reduces_only=True)
            orders.append(record.place("cover", engine, cover).order)
        filled = _listed((order.filled_size for order in orders), CONTRACTS)
        record.expect("closed", _listed([self._size] * len(orders), CONTRACTS), filled)
        record.expect("positions_after_closing", "none", _listed(self._held("contracts"), CONTRACTS))
        record.expect("realised_profit", self._realised(), engine.wallet.realised_profit, unit=self._asset)
        record.expect("margin_after_closing", ZERO, engine.wallet.position_margin, unit=self._asset)

    def rest(self, book: BookSnapshot) -> None:
        """Two makers that would open: one at the best ask, which the market may reach, and one far away."""
        if OrderType.LIMIT_MAKER not in self._order_types:
            return
        with localcontext(EXACT):
            rules, engine = self._rules, self._engine
            touch = behind(book.asks[0].price, rules, Side.SELL)
            far = behind(book.bids[0].price / 2, rules, Side.BUY)
            small = smallest_size(rules, far)
            expected = ZERO
            for name, side, size, price in (
                ("maker", Side.SELL, self._size, touch),
                ("far_maker", Side.BUY, small, far),
            ):
                position = PositionSide.SHORT if side is Side.SELL else PositionSide.LONG
                request = self._order(side, OrderType.LIMIT_MAKER, price, position=position, size=size)
                self._resting.place(name, engine, request)
                value = value_of(rules, price, size)
                expected += self._margin(value) + FEES.owed(Liquidity.MAKER, value)
            self.record.expect("held_for_orders", expected, engine.wallet.order_margin, unit=self._asset)

    def on_book(self, book: BookSnapshot) -> None:
        self._engine.on_book(book)
        self._resting.on_book()

    @property
    def is_filled(self) -> bool:
        """Whether the order that the market may reach has been filled."""
        return self._resting.is_reached

    def end(self) -> None:
        """Cancel what still rests, and count the money."""
        with localcontext(EXACT):
            self._resting.cancel(self._engine)
            wallet = self._engine.wallet
            costs = [item for order in self._engine.orders.values() for item in order.cost.items()]
            fees = sum((FEES.owed(liquidity, cost) for liquidity, cost in costs), ZERO)
            funding = sum((one.amount for one in self._engine.funding), ZERO)
            lost = self._start + self._realised() - fees + funding - wallet.total
            self.record.expect("held_at_end", ZERO, wallet.order_margin, unit=self._asset)
            self.record.expect("conserved", NOTHING, missing(lost, self._asset))

    def _realised(self) -> Decimal:
        """What was sold less what was bought, as far as it closed: only then is the sum known without the engine."""
        resting = self._resting.ids
        fills = [fill for fill in self._engine.fills if fill.order_id not in resting]
        values = [(fill.side, value_of(self._rules, fill.price, fill.size)) for fill in fills]
        return sum((value if side is Side.SELL else -value for side, value in values), ZERO)

    def _margin(self, value: Decimal) -> Decimal:
        return ROUNDED_UP.quantize(ROUNDED_UP.divide(value, self._leverage), Decimal(1).scaleb(-FEES.decimals))

    def _order(
        self,
        side: Side,
        order_type: OrderType,
        price: Decimal | None = None,
        *,
        position: PositionSide = PositionSide.LONG,
        size: Decimal | None = None,
        reduces_only: bool = False,
    ) -> OrderRequest:
        return OrderRequest(
            self._rules.pair,
            side,
            order_type,
            self._size if size is None else size,
            price,
            position_side=position if self._is_hedge else PositionSide.BOTH,
            leverage=self._leverage,
            reduces_only=reduces_only,
        )


def _listed(amounts: Iterable[Decimal], unit: str) -> str:
    texts = list(map(shown, amounts))
    return f"{', '.join(texts)} {unit}" if texts else "none"
