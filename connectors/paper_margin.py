"""The books of a paper perpetual account: collateral, positions with their margin, and what every event did to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, NamedTuple

from connectors.paper_matching import EXACT, ROUNDED_DOWN, ROUNDED_UP, ZERO, Fees, Liquidity, PaperOrderStatus, priority
from connectors.types import PositionSide, Side

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from connectors.types import Contract, OrderRequest


@dataclass(frozen=True, slots=True)
class PerpetualFill:
    """One match. Size in contracts; cost (the value at its price), fee and profit in the settlement asset.

    *closed* contracts of it closed a position, which realised the profit before fees; the rest opened one.
    """

    order_id: str
    side: Side
    position_side: PositionSide
    price: Decimal
    size: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    closed: Decimal
    realised_profit: Decimal
    filled_at: datetime


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """What a position was paid at the mark price; a negative amount is what it paid. Contracts are signed."""

    position_side: PositionSide
    contracts: Decimal
    rate: Decimal
    mark_price: Decimal
    amount: Decimal
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Liquidation:
    """A position taken away: it was entered for *cost*, and *loss*, its whole margin, is gone. Contracts are signed."""

    position_side: PositionSide
    contracts: Decimal
    mark_price: Decimal
    cost: Decimal
    loss: Decimal
    liquidated_at: datetime


@dataclass(frozen=True, slots=True)
class PerpetualWallet:
    """Amounts of the settlement asset.

    total = start + realised_profit − fees + funding; available = total − order_margin − position_margin;
    equity = total + unrealised_profit.
    """

    asset: str
    total: Decimal
    order_margin: Decimal
    position_margin: Decimal
    available: Decimal
    unrealised_profit: Decimal
    equity: Decimal
    realised_profit: Decimal
    fees: Decimal
    funding: Decimal


@dataclass(slots=True, eq=False)
class PerpetualOrder:
    """One order, kept up to date by its exchange. *reason* says why it was refused, cut short or cancelled.

    *size* is what was accepted: of an order that only reduces, no more than the position had. *cost* and *fee* are sums
    by liquidity; *opened_cost* is what of the cost opened a position, and *margin* what that bound.
    """

    id: str
    request: OrderRequest
    size: Decimal
    only_reduces: bool = False
    status: PaperOrderStatus = PaperOrderStatus.OPEN
    reason: str = ""
    fills: list[PerpetualFill] = field(default_factory=list)
    filled_size: Decimal = ZERO
    cost: dict[Liquidity, Decimal] = field(default_factory=lambda: dict.fromkeys(Liquidity, ZERO))
    fee: dict[Liquidity, Decimal] = field(default_factory=lambda: dict.fromkeys(Liquidity, ZERO))
    opened_cost: Decimal = ZERO
    margin: Decimal = ZERO

    @property
    def remaining(self) -> Decimal:
        with localcontext(EXACT):
            return self.size - self.filled_size


class Resting(NamedTuple):
    """An open order and its limit."""

    order: PerpetualOrder
    price: Decimal


def by_priority(resting: Iterable[Resting]) -> list[Resting]:
    """Those that fill first come first: the better price, then the older order."""
    return sorted(resting, key=lambda it: priority(it.order.request.side, it.price))


@dataclass(frozen=True, slots=True)
class Leg:
    """One position: signed contracts, what they were entered for in all, the margin bound, the profit realised."""

    contracts: Decimal = ZERO
    cost: Decimal = ZERO
    margin: Decimal = ZERO
    realised: Decimal = ZERO

    def reducible_by(self, side: Side) -> Decimal:
        """How many contracts an order on *side* closes before it opens any."""
        is_opposite = self.contracts < 0 if side is Side.BUY else self.contracts > 0
        return abs(self.contracts) if is_opposite else ZERO

    def profit(self, value: Decimal) -> Decimal:
        """What closing all of it for *value* brings."""
        return value - self.cost if self.contracts > 0 else self.cost - value

    def opened(self, contracts: Decimal, cost: Decimal, margin: Decimal) -> Leg:
        """With signed *contracts* more."""
        return replace(self, contracts=self.contracts + contracts, cost=self.cost + cost, margin=self.margin + margin)

    def closed(self, size: Decimal, value: Decimal, decimals: int) -> tuple[Leg, Decimal]:
        """What is left after closing *size* contracts for *value*, and the profit.

        Their share of the entry cost is rounded down to *decimals*, and so is the margin that they free: the rest
        stays with the rest of the position and leaves with its last contract.
        """
        held = abs(self.contracts)
        if size == held:
            return Leg(), self.profit(value)
        part = replace(
            self,
            cost=_quotient(self.cost * size, held, decimals, ROUNDED_DOWN),
            margin=_quotient(self.margin * size, held, decimals, ROUNDED_DOWN),
        )
        profit = part.profit(value)
        left = Leg(
            self.contracts - size.copy_sign(self.contracts),
            self.cost - part.cost,
            self.margin - part.margin,
            self.realised + profit,
        )
        return left, profit


@dataclass(slots=True)
class Ledger:
    """The account of one contract. Used within the EXACT context; total = start + realised − fees_paid + funding."""

    contract: Contract
    fees: Fees
    total: Decimal
    legs: dict[PositionSide, Leg] = field(default_factory=dict)
    realised: Decimal = ZERO
    fees_paid: Decimal = ZERO
    funding: Decimal = ZERO

    def copy(self) -> Ledger:
        return replace(self, legs=dict(self.legs))

    def leg(self, side: PositionSide) -> Leg:
        return self.legs.get(side, Leg())

    @property
    def position_margin(self) -> Decimal:
        return sum((leg.margin for leg in self.legs.values()), ZERO)

    def value(self, contracts: Decimal, price: Decimal) -> Decimal:
        """Of *contracts*, never negative."""
        return abs(contracts) * self.contract.multiplier * price

    def unrealised(self, side: PositionSide, mark: Decimal) -> Decimal:
        leg = self.leg(side)
        return leg.profit(self.value(leg.contracts, mark))

    def is_liquidatable(self, side: PositionSide, mark: Decimal) -> bool:
        leg = self.leg(side)
        needed = self.contract.maintenance_margin * self.value(leg.contracts, mark)
        return leg.margin + self.unrealised(side, mark) < needed

    def wallet(self, mark: Decimal, resting: Iterable[Resting]) -> PerpetualWallet:
        orders, positions = self.order_margin(resting), self.position_margin
        unrealised = sum((self.unrealised(side, mark) for side in self.legs), ZERO)
        return PerpetualWallet(
            asset=self.contract.settle_asset,
            total=self.total,
            order_margin=orders,
            position_margin=positions,
            available=self.total - orders - positions,
            unrealised_profit=unrealised,
            equity=self.total + unrealised,
            realised_profit=self.realised,
            fees=self.fees_paid,
            funding=self.funding,
        )

    def order_margin(self, resting: Iterable[Resting]) -> Decimal:
        """What open orders hold; those that fill first are the first to reduce, and reducing holds nothing."""
        held = ZERO
        reducible: dict[tuple[PositionSide, Side], Decimal] = {}
        for order, price in by_priority(resting):
            key = order.request.position_side, order.request.side
            left = reducible.get(key, self.leg(key[0]).reducible_by(key[1]))
            reducing = min(left, order.remaining)
            reducible[key] = left - reducing
            if not order.only_reduces:
                held += self._hold(order, price, order.remaining - reducing)
        return held

    def fill(
        self, order: PerpetualOrder, liquidity: Liquidity, price: Decimal, size: Decimal, now: datetime
    ) -> PerpetualFill:
        """Close what the order meets of its position, open the rest, charge the fee; the order is kept up to date."""
        request = order.request
        side, leg = request.position_side, self.leg(request.position_side)
        cost, profit = self.value(size, price), ZERO
        closed = min(size, leg.reducible_by(request.side))
        opened = size - closed
        if closed:
            leg, profit = leg.closed(closed, self.value(closed, price), self.fees.decimals)
        if opened:
            opened_cost = self.value(opened, price)
            margin = self._margin_due(order, opened_cost)
            order.opened_cost += opened_cost
            order.margin += margin
            leg = leg.opened(opened if request.side is Side.BUY else -opened, opened_cost, margin)
        order.cost[liquidity] += cost
        fee = self.fees.owed(liquidity, order.cost[liquidity]) - order.fee[liquidity]
        order.fee[liquidity] += fee
        order.filled_size += size
        order.status = PaperOrderStatus.PARTIALLY_FILLED if order.remaining else PaperOrderStatus.FILLED
        self._keep(side, leg)
        self.realised += profit
        self.fees_paid += fee
        self.total += profit - fee
        fill = PerpetualFill(
            order_id=order.id,
            side=request.side,
            position_side=side,
            price=price,
            size=size,
            cost=cost,
            fee=fee,
            fee_asset=self.contract.settle_asset,
            liquidity=liquidity,
            closed=closed,
            realised_profit=profit,
            filled_at=now,
        )
        order.fills.append(fill)
        return fill

    def fund(self, side: PositionSide, rate: Decimal, mark: Decimal, now: datetime) -> FundingPayment:
        """Let the position pay, or be paid, *rate* of its value; nothing is rounded."""
        contracts = self.leg(side).contracts
        amount = -rate * contracts * self.contract.multiplier * mark
        self.funding += amount
        self.total += amount
        return FundingPayment(side, contracts, rate, mark, amount, now)

    def liquidate(self, side: PositionSide, mark: Decimal, now: datetime) -> Liquidation:
        """Close the position at the price that costs its margin, no more and no less."""
        leg = self.leg(side)
        self._keep(side, Leg())
        self.realised -= leg.margin
        self.total -= leg.margin
        return Liquidation(side, leg.contracts, mark, leg.cost, leg.margin, now)

    def _keep(self, side: PositionSide, leg: Leg) -> None:
        if leg.contracts:
            self.legs[side] = leg
        else:
            self.legs.pop(side, None)

    def _hold(self, order: PerpetualOrder, price: Decimal, opening: Decimal) -> Decimal:
        """What *opening* contracts of a resting order may still bind and cost, to the last unit."""
        cost = self.value(opening, price)
        fee = self.fees.owed(Liquidity.MAKER, order.cost[Liquidity.MAKER] + cost) - order.fee[Liquidity.MAKER]
        return self._margin_due(order, cost) + fee if opening else ZERO

    def _margin_due(self, order: PerpetualOrder, cost: Decimal) -> Decimal:
        """What opening for *cost* more binds. An order's sum is rounded, so that its parts bind what it does whole."""
        whole = _quotient(order.opened_cost + cost, order.request.leverage, self.fees.decimals, ROUNDED_UP)
        return whole - order.margin


def _quotient(amount: Decimal, divisor: Decimal, decimals: int, context: Context) -> Decimal:
    return context.quantize(context.divide(amount, divisor), Decimal(1).scaleb(-decimals))
