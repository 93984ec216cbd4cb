"""Paper trading of a perpetual: contracts on margin, matched exactly against a live order book, with no money behind.

Orders meet the book as in `connectors.paper`: takers walk the levels, makers fill at their own price, and displayed
liquidity is consumed once. What differs is what a fill does to the account:

- Linear contracts only, settled in the quote. Sizes are contracts, each worth multiplier × price.
- Collateral is one amount of the settlement asset. Of its total, a position binds the margin of the fills that opened
  it, value ÷ leverage, and a resting order that may open binds that margin and its maker fee. The rest is available.
  Margins and fees are rounded up to the settlement asset's decimals (`fees.decimals`), once per order: what it opens
  after its first part was closed elsewhere may bind less by that rounding, under one unit.
- An order that opens is refused if less than nothing would be available after it, with the profit or the loss of what
  it closes counted in. An order that only reduces needs nothing: its fee and its loss are paid out of what it frees.
- One-way mode: buys and sells net. What an order closes realises profit; what is left of it opens at the fill's price,
  so a position turns through zero. Resting orders are taken to reduce in the order in which they would fill, and only
  what goes beyond the position holds margin; an order that would leave others uncovered is refused.
- Hedge mode: a long and a short position side by side. A buy opens the long one and closes the short one, a sell
  the reverse; closing never goes beyond the position.
- An order that only reduces (`reduces_only`, or one that closes in hedge mode) is cut to the position when it is placed
  and again whenever it fills, and is cancelled once there is nothing left to reduce.
- The entry cost is kept whole, and no average is: closing a part takes its share, rounded down to the asset's decimals.
- Margin is isolated: a position's profit and loss at the mark price is nobody else's margin. Below the maintenance
  margin (its fraction of the value at the mark price) the position is taken away at the price that costs exactly its
  margin, and the orders for it are cancelled. Losing the margin, whole, is both simple and exact, hence it is done
  here and not left to the caller. Only a mark price liquidates, never a book: who closes later than the mark
  should have told may lose more than the margin.
- Funding is paid from the collateral, unrounded, so it may leave less than nothing available; then orders that only
  reduce are still taken.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from itertools import count
from typing import TYPE_CHECKING

from connectors.clock import utc_now
from connectors.errors import NotSetUp, Rejected, UsageError
from connectors.paper_margin import (
    FundingPayment,
    Ledger,
    Liquidation,
    PerpetualFill,
    PerpetualOrder,
    PerpetualWallet,
    Resting,
    by_priority,
)
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
)
from connectors.types import MarginMode, Position, PositionMode, PositionSide, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from connectors.types import BookLevel, BookSnapshot, Contract, OrderRequest, PairRules

__all__ = [
    "Fees",
    "FundingPayment",
    "Liquidation",
    "Liquidity",
    "PaperBalance",
    "PaperOrderStatus",
    "PaperPerpetual",
    "PerpetualFill",
    "PerpetualOrder",
    "PerpetualWallet",
]

FINEST_DECIMALS = 18
"""Of a mark price or a funding rate; with more, sums might not fit EXACT."""

SHOWN_ENTRY_DECIMALS = 4
"""Beyond the price's own, in which an average is shown."""

SHOWN_LEVERAGE_DECIMALS = 2

SHOWN = Context(prec=120, rounding=ROUND_HALF_EVEN)

OPENS = {PositionSide.LONG: Side.BUY, PositionSide.SHORT: Side.SELL}


class PaperPerpetual:
    """One pair of one account. Synchronous: feed it books and mark prices, and orders fill as the market moves.

    Raises UsageError for rules that are not of a linear contract, ValueError for collateral that is not an amount.
    """

    def __init__(
        self,
        rules: PairRules,
        *,
        fees: Fees,
        collateral: Decimal,
        mode: PositionMode = PositionMode.ONE_WAY,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._contract = _linear(rules)
        if not (_is_told(collateral) and 0 <= collateral < TOO_LARGE):
            raise ValueError(f"the collateral is not an amount: {collateral}")
        self.rules = rules
        self.fees = fees
        self.orders: dict[str, PerpetualOrder] = {}
        self.fills: list[PerpetualFill] = []
        self.funding: list[FundingPayment] = []
        self.liquidations: list[Liquidation] = []
        self._mode = mode
        self._clock = clock
        self._market = PaperMarket(rules)
        self._mark: Decimal | None = None
        self._ledger = Ledger(self._contract, fees, collateral)
        self._resting: dict[str, Resting] = {}
        self._ids = count(1)

    @property
    def mode(self) -> PositionMode:
        return self._mode

    @property
    def wallet(self) -> PerpetualWallet:
        with localcontext(EXACT):
            return self._ledger.wallet(self._marked(), self._resting.values())

    @property
    def balances(self) -> dict[str, PaperBalance]:
        """The one balance, as a spot exchange shows its own."""
        with localcontext(EXACT):
            wallet = self.wallet
            held = wallet.order_margin + wallet.position_margin
            return {wallet.asset: PaperBalance(wallet.total, held, wallet.available)}

    @property
    def positions(self) -> list[Position]:
        """The open ones. Entry price and leverage are averages, rounded for showing only."""
        with localcontext(EXACT):
            return [self._position(side) for side in self._ledger.legs]

    def on_book(self, snapshot: BookSnapshot) -> list[PerpetualFill]:
        """Take *snapshot* as the market now, and return the fills of resting orders that it crossed.

        The better price goes first, then the older order. Raises UsageError for the book of another pair.
        """
        with localcontext(EXACT):
            self._market.show(snapshot)
            return [fill for resting in by_priority(self._resting.values()) for fill in self._fill_resting(*resting)]

    def on_mark(self, price: Decimal) -> list[Liquidation]:
        """Value positions at *price*, and return those that it liquidated. Raises UsageError for no price."""
        _check_mark(price)
        with localcontext(EXACT):
            self._mark = price
            return [self._liquidate(side, price) for side in PositionSide if self._ledger.is_liquidatable(side, price)]

    def on_funding(self, rate: Decimal, mark_price: Decimal) -> list[FundingPayment]:
        """Move *rate* of each position's value from longs to shorts (a negative one: back), then mark at that price.

        Raises UsageError for a rate of 1 or beyond, or no price.
        """
        if not _is_told(rate) or rate.copy_abs() >= 1:
            raise UsageError(
                f"a funding rate of {rate}: use a fraction in at most {FINEST_DECIMALS} decimals, like 0.0001"
            )
        _check_mark(mark_price)
        with localcontext(EXACT):
            paid = [self._ledger.fund(side, rate, mark_price, self._clock()) for side in self._ledger.legs]
        self.funding += paid
        self.on_mark(mark_price)
        return paid

    def place(self, request: OrderRequest) -> PerpetualOrder:
        """The order, filled as far as it crosses; the rest of a LIMIT rests, the rest of a MARKET is cancelled.

        Raises Rejected, which names what is wrong and what would do; the refused order stays in `orders`.
        """
        id_ = f"paper-{next(self._ids)}"
        with localcontext(EXACT):
            try:
                order = self._checked(id_, request)
                levels = self._market.takeable(request.side, order.size, request.price)
                self._market.check_makes(request, levels)
                ledger = self._tried(order, levels)
            except Rejected as refusal:
                self.orders[id_] = PerpetualOrder(
                    id_, request, request.size, status=PaperOrderStatus.REJECTED, reason=refusal.message
                )
                raise
            self.orders[id_] = order
            self._ledger = ledger
            self.fills += order.fills
            for level in levels:
                self._market.take(request.side, level)
            if order.remaining and request.price is None:
                order.status = PaperOrderStatus.CANCELLED
                order.reason = f"the visible book filled {plain(order.filled_size)} of {plain(order.size)}"
            elif order.remaining and request.price is not None:
                self._resting[id_] = Resting(order, request.price)
            self._cancel_idle()
        return order

    def cancel(self, order_id: str) -> PerpetualOrder:
        """The order, cancelled, with what it held released. Raises Rejected where there is nothing to cancel."""
        order = self.orders.get(order_id)
        if order is None:
            self._market.reject(f"order: there is no {order_id!r}")
        if order_id not in self._resting:
            self._market.reject(f"order: {order_id} is already {order.status}")
        self._cancel(order, "cancelled on request")
        return order

    def switch_mode(self, mode: PositionMode) -> None:
        """Keep positions in *mode* from now on. Raises Rejected while there is a position or an open order."""
        if mode is self._mode:
            return
        if self._ledger.legs:
            self._market.reject("mode: there is an open position; close it before switching")
        if self._resting:
            self._market.reject(f"mode: orders are open: {', '.join(self._resting)}; cancel them before switching")
        self._mode = mode

    # Checks before anything changes, within the EXACT context.

    def _checked(self, id_: str, request: OrderRequest) -> PerpetualOrder:
        """The order as it may be tried, cut to the position if it only reduces."""
        self._market.check_rules(request)
        if self._mark is None:
            self._market.reject("mark: none seen yet; give the mark price before placing orders")
        self._check_leverage(request.leverage)
        side, position = request.side, request.position_side
        is_one_way = self._mode is PositionMode.ONE_WAY
        if is_one_way and position is not PositionSide.BOTH:
            self._market.reject(f"position_side: {position} is for hedge mode; use both, or switch the mode first")
        if not is_one_way and position is PositionSide.BOTH:
            self._market.reject("position_side: hedge mode keeps two positions; use long or short")
        is_closing = not is_one_way and side is not OPENS[position]
        if request.reduces_only and not is_one_way and not is_closing:
            self._market.reject(
                f"reduces_only: a {side} opens the {position} position; use the other side, or leave reduces_only out"
            )
        if not (request.reduces_only or is_closing):
            return PerpetualOrder(id_, request, request.size)
        reducible = self._ledger.leg(position).reducible_by(side)
        if not reducible:
            name = "position" if is_one_way else f"{position} position"
            self._market.reject(f"size: there is no {name} that a {side} would reduce; open one first")
        order = PerpetualOrder(id_, request, min(request.size, reducible), only_reduces=True)
        if order.size < request.size:
            order.reason = f"cut from {plain(request.size)} to the position's {plain(reducible)}"
        return order

    def _check_leverage(self, leverage: Decimal) -> None:
        most = self._contract.max_leverage
        if not leverage.is_finite() or not 1 <= leverage <= most:
            self._market.reject(f"leverage: {leverage} is not offered; use 1 to {plain(most)}")

    def _tried(self, order: PerpetualOrder, levels: Sequence[BookLevel]) -> Ledger:
        """The account as *order* leaves it; the order is filled, the exchange unchanged. Raises Rejected."""
        request, before, after = order.request, self._ledger, self._ledger.copy()
        for level in levels:
            after.fill(order, Liquidity.TAKER, level.price, level.size, self._clock())
        others = list(self._resting.values())
        rest = [Resting(order, request.price)] if request.price is not None and order.remaining else []
        held, held_after = before.order_margin(others), after.order_margin([*others, *rest])
        available = before.total - before.position_margin - held
        left = after.total - after.position_margin - held_after
        if left < 0 and (order.opened_cost or held_after > held):
            asset = self._contract.settle_asset
            numbers = f"{plain(available - left)} {asset} needed with fees, {plain(available)} available"
            if order.opened_cost or after.order_margin(others) <= held:
                most = plain(self._contract.max_leverage)
                self._market.reject(f"balance: {numbers}; use a smaller size, or a higher leverage (at most {most})")
            self._market.reject(f"balance: {numbers}, as resting orders would then open a position; cancel them first")
        return after

    # Matching and bookkeeping, all within the EXACT context.

    def _fill_resting(self, order: PerpetualOrder, price: Decimal) -> list[PerpetualFill]:
        side, fills = order.request.side, []
        size = order.remaining
        if order.only_reduces:
            size = min(size, self._ledger.leg(order.request.position_side).reducible_by(side))
        for level in self._market.takeable(side, size, price):
            self._market.take(side, level)
            fills.append(self._ledger.fill(order, Liquidity.MAKER, price, level.size, self._clock()))
        self.fills += fills
        if not order.remaining:
            del self._resting[order.id]
        self._cancel_idle()
        return fills

    def _liquidate(self, side: PositionSide, mark: Decimal) -> Liquidation:
        liquidation = self._ledger.liquidate(side, mark, self._clock())
        self.liquidations.append(liquidation)
        for order, _ in list(self._resting.values()):
            if order.request.position_side is side:
                self._cancel(order, "its position was liquidated")
        return liquidation

    def _cancel(self, order: PerpetualOrder, reason: str) -> None:
        del self._resting[order.id]
        order.status, order.reason = PaperOrderStatus.CANCELLED, reason

    def _cancel_idle(self) -> None:
        for order, _ in list(self._resting.values()):
            request = order.request
            if order.only_reduces and not self._ledger.leg(request.position_side).reducible_by(request.side):
                self._cancel(order, "there is nothing left to reduce")

    def _marked(self) -> Decimal:
        return ZERO if self._mark is None else self._mark

    def _position(self, side: PositionSide) -> Position:
        leg, mark, contract = self._ledger.leg(side), self._marked(), self._contract
        per_price = self._ledger.value(leg.contracts, Decimal(1))
        return Position(
            pair=self.rules.pair,
            side=side,
            contracts=leg.contracts,
            entry_price=_shown(leg.cost, per_price, self.rules.price_decimals + SHOWN_ENTRY_DECIMALS),
            mark_price=mark,
            leverage=_shown(leg.cost, leg.margin, SHOWN_LEVERAGE_DECIMALS) if leg.margin else contract.max_leverage,
            margin_mode=MarginMode.ISOLATED,
            unrealised_profit=self._ledger.unrealised(side, mark),
            realised_profit=leg.realised,
        )


def _linear(rules: PairRules) -> Contract:
    contract = rules.contract
    if contract is None:
        raise UsageError(f"{rules.pair} has no contract: trade it with PaperExchange")
    if contract.is_inverse or contract.settle_asset != rules.pair.quote:
        raise NotSetUp(  # whoever chose the pair can choose another; neither the venue nor the engine is at fault
            f"{rules.pair} is settled in {contract.settle_asset}: only linear contracts can be traded on paper; "
            f"use one that is settled in its quote, {rules.pair.quote}"
        )
    return contract


def _check_mark(price: Decimal) -> None:
    if not _is_told(price) or not 0 < price < TOO_LARGE:
        raise UsageError(f"a mark price of {price}: use a positive number of at most {FINEST_DECIMALS} decimals")


def _is_told(value: Decimal) -> bool:
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -FINEST_DECIMALS


def _shown(amount: Decimal, divisor: Decimal, decimals: int) -> Decimal:
    return SHOWN.quantize(SHOWN.divide(amount, divisor), Decimal(1).scaleb(-decimals))
