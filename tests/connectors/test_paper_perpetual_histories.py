"""The paper perpetual over any history: what the account shows is what fills, fees, funding and liquidations say."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connectors.errors import Rejected
from connectors.paper_perpetual import (
    Fees,
    Liquidation,
    Liquidity,
    PaperOrderStatus,
    PaperPerpetual,
    PerpetualFill,
    PerpetualOrder,
    PerpetualWallet,
)
from connectors.types import (
    BookLevel,
    BookSnapshot,
    Contract,
    OrderRequest,
    OrderType,
    PairRules,
    Position,
    PositionMode,
    PositionSide,
    Side,
    TradingPair,
)

D = Decimal
ZERO = D(0)
PAIR = TradingPair("BTC", "USDT")
MULTIPLIER = D("0.01")
MAINTENANCE = D("0.004")
RULES = PairRules(
    pair=PAIR,
    symbol="XBTUSDTM",
    status="Open",
    is_trading=True,
    price_tick=D("0.1"),
    size_step=D("1"),
    min_size=D("1"),
    min_cost=None,
    price_decimals=1,
    size_decimals=0,
    contract=Contract(
        MULTIPLIER, "USDT", max_leverage=D(125), initial_margin=D("0.008"), maintenance_margin=MAINTENANCE
    ),
)
LIVE = (PaperOrderStatus.OPEN, PaperOrderStatus.PARTIALLY_FILLED)

prices = st.integers(990, 1010).map(lambda ticks: D(ticks).scaleb(-1))
sizes = st.integers(1, 60).map(D)
depths = st.sampled_from([D(1), D(17), D(80)])
leverages = st.sampled_from([D(1), D(3), D(10), D(125)])
rates = st.sampled_from([D("0.0001"), D("-0.00075"), D("0.02")])
fee_schedules = st.builds(
    Fees, st.sampled_from([ZERO, D("0.0002")]), st.sampled_from([D("0.0006")]), st.sampled_from([0, 2, 8])
)


@st.composite
def books(draw: st.DrawFn) -> BookSnapshot:
    """A book that is not crossed, of up to eight levels in all, thin or empty on one side at times."""
    ticks = sorted(draw(st.sets(st.integers(985, 1015), min_size=2, max_size=8)))
    cut = draw(st.integers(0, len(ticks)))
    sized = [BookLevel(D(tick).scaleb(-1), draw(depths)) for tick in ticks]
    return BookSnapshot(PAIR, bids=tuple(sized[:cut][::-1]), asks=tuple(sized[cut:]))


class Model:
    """The same account with no idea of positions: signed contracts, and the cash that they cost."""

    def __init__(self, start: Decimal) -> None:
        self.start = self.money = start
        self.contracts = dict.fromkeys(PositionSide, ZERO)

    def fill(self, fill: PerpetualFill) -> None:
        sign = 1 if fill.side is Side.BUY else -1
        self.contracts[fill.position_side] += sign * fill.size
        self.money -= sign * fill.price * fill.size * MULTIPLIER + fill.fee

    def fund(self, rate: Decimal, mark: Decimal) -> None:
        self.money -= rate * sum(self.contracts.values()) * MULTIPLIER * mark

    def liquidate(self, row: Liquidation) -> None:
        assert self.contracts[row.position_side] == row.contracts
        self.contracts[row.position_side] = ZERO
        self.money += row.cost - row.loss if row.contracts > 0 else -row.cost - row.loss

    def equity(self, mark: Decimal) -> Decimal:
        return self.money + sum(self.contracts.values()) * MULTIPLIER * mark


class AnyHistory(RuleBasedStateMachine):
    """Books, orders, cancels, marks, funding and switches of mode in any order."""

    @initialize(
        fees=fee_schedules,
        usdt=st.sampled_from([5, 60, 600]),
        mode=st.sampled_from(PositionMode),
        first=books(),
    )
    def open_account(self, fees: Fees, usdt: int, mode: PositionMode, first: BookSnapshot) -> None:
        self.model = Model(D(usdt))
        self.paper = PaperPerpetual(RULES, fees=fees, collateral=D(usdt), mode=mode)
        self.fills: list[PerpetualFill] = []
        self.displayed: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}
        self.appeared: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}
        self.mark_price = D(100)
        self.paper.on_mark(self.mark_price)
        self.show(first)

    def show(self, snapshot: BookSnapshot) -> list[PerpetualFill]:
        for taker, side in ((Side.BUY, snapshot.asks), (Side.SELL, snapshot.bids)):
            before, appeared = self.displayed[taker], self.appeared[taker]
            for price, size in side:
                appeared[price] = appeared.get(price, ZERO) + max(size - before.get(price, ZERO), ZERO)
            self.displayed[taker] = dict(side)
        self.snapshot = snapshot
        available = self.paper.wallet.available
        fills = self.paper.on_book(snapshot)
        self.saw(fills)
        # What opens was held to the last unit; only a loss or a fee of closing comes out of what was available.
        closing = sum((fill.realised_profit - fill.fee for fill in fills if fill.closed), ZERO)
        assert self.paper.wallet.available >= available + closing
        return fills

    def saw(self, fills: list[PerpetualFill]) -> None:
        self.fills += fills
        for fill in fills:
            self.model.fill(fill)

    @rule(snapshot=books())
    def move_book(self, snapshot: BookSnapshot) -> None:
        self.show(snapshot)
        assert self.show(snapshot) == []

    @rule(side=st.sampled_from(Side), kind=st.sampled_from(OrderType), size=sizes, price=prices, leverage=leverages)
    def open(self, side: Side, kind: OrderType, size: Decimal, price: Decimal, leverage: Decimal) -> None:
        """In one-way mode this may as well close or turn."""
        opened = PositionSide.LONG if side is Side.BUY else PositionSide.SHORT
        leg = opened if self.paper.mode is PositionMode.HEDGE else PositionSide.BOTH
        self.place(side, kind, size, price, leg, leverage, reduces_only=False)

    @precondition(lambda self: self.paper.positions and self.paper.mode is PositionMode.ONE_WAY)
    @rule(kind=st.sampled_from([OrderType.MARKET, OrderType.LIMIT]), more=sizes, price=prices, leverage=leverages)
    def turn(self, kind: OrderType, more: Decimal, price: Decimal, leverage: Decimal) -> None:
        (position,) = self.paper.positions
        side = Side.SELL if position.contracts > 0 else Side.BUY
        self.place(side, kind, abs(position.contracts) + more, price, position.side, leverage, reduces_only=False)

    @precondition(lambda self: self.paper.positions)
    @rule(data=st.data(), kind=st.sampled_from(OrderType), size=sizes, price=prices)
    def reduce(self, data: st.DataObject, kind: OrderType, size: Decimal, price: Decimal) -> None:
        position = data.draw(st.sampled_from(self.paper.positions))
        side = Side.SELL if position.contracts > 0 else Side.BUY
        self.place(side, kind, size, price, position.side, D(1), reduces_only=True)

    @rule(
        side=st.sampled_from(Side),
        kind=st.sampled_from(OrderType),
        size=sizes,
        price=prices,
        leg=st.sampled_from(PositionSide),
        leverage=leverages,
        reduces_only=st.booleans(),
    )
    def place(
        self,
        side: Side,
        kind: OrderType,
        size: Decimal,
        price: Decimal,
        leg: PositionSide,
        leverage: Decimal,
        reduces_only: bool,
    ) -> None:
        limit = None if kind is OrderType.MARKET else price
        wallet, positions, resting = self.paper.wallet, self.paper.positions, self.resting()
        try:
            placed = self.paper.place(OrderRequest(PAIR, side, kind, size, limit, leg, leverage, reduces_only))
        except Rejected:
            assert self.paper.wallet == wallet
            assert self.paper.positions == positions
            assert self.resting() == resting
            return
        self.saw(placed.fills)
        assert kind is not OrderType.LIMIT_MAKER or not placed.fills
        assert kind is not OrderType.MARKET or placed.id not in self.resting()
        after = self.paper.wallet
        if after.available < 0:
            assert all(fill.closed == fill.size for fill in placed.fills)
            assert after.order_margin <= wallet.order_margin
        if placed.only_reduces:
            assert placed.size <= sum(abs(p.contracts) for p in positions if p.side is leg)
            assert after.position_margin <= wallet.position_margin

    @precondition(lambda self: self.resting())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        available = self.paper.wallet.available
        self.paper.cancel(data.draw(st.sampled_from(sorted(self.resting()))))
        assert self.paper.wallet.available >= available

    @rule(percent=st.sampled_from([-30, -3, -1, 0, 1, 3, 30]))
    def mark(self, percent: int) -> None:
        before = self.paper.wallet, {p.side: p for p in self.paper.positions}
        self.mark_price = D(100 + percent)
        self.expect_liquidations(*before, self.paper.on_mark(self.mark_price))

    @rule(rate=rates, percent=st.sampled_from([-2, 0, 2]))
    def fund(self, rate: Decimal, percent: int) -> None:
        before, known = self.paper.wallet, len(self.paper.liquidations)
        positions = {p.side: p for p in self.paper.positions}
        self.mark_price = D(100 + percent)
        self.model.fund(rate, self.mark_price)
        paid = self.paper.on_funding(rate, self.mark_price)

        assert [row.position_side for row in paid] == list(positions)
        assert all((row.amount < 0) == (row.contracts * rate > 0) for row in paid)
        self.expect_liquidations(before, positions, self.paper.liquidations[known:])

    def expect_liquidations(
        self, before: PerpetualWallet, positions: dict[PositionSide, Position], rows: list[Liquidation]
    ) -> None:
        for row in rows:
            self.model.liquidate(row)
        gone = {row.position_side for row in rows}
        assert not any(order.request.position_side in gone for order in self.resting().values())
        assert sum(row.loss for row in rows) == before.position_margin - self.paper.wallet.position_margin
        if len(positions) == 1:
            ((side, position),) = positions.items()
            value = abs(position.contracts) * MULTIPLIER * self.mark_price
            moved = position.contracts * MULTIPLIER * (self.mark_price - position.mark_price)
            margin_left = before.position_margin + position.unrealised_profit + moved
            assert gone == ({side} if margin_left < MAINTENANCE * value else set())

    @rule(mode=st.sampled_from(PositionMode))
    def switch_mode(self, mode: PositionMode) -> None:
        is_busy = bool(self.paper.positions or self.resting())
        was = self.paper.mode
        try:
            self.paper.switch_mode(mode)
        except Rejected:
            assert is_busy
            assert self.paper.mode is was
            return
        assert mode is was or not is_busy

    @rule(mode=st.sampled_from(PositionMode))
    def cancel_and_close_all_and_start_over(self, mode: PositionMode) -> None:
        for id_ in self.resting():
            self.paper.cancel(id_)
        assert self.paper.wallet.order_margin == 0
        deep = D(100_000)
        self.show(BookSnapshot(PAIR, (BookLevel(D("99.9"), deep),), (BookLevel(D("100.1"), deep),)))
        for position in self.paper.positions:
            side = Side.SELL if position.contracts > 0 else Side.BUY
            size = abs(position.contracts)
            self.saw(self.paper.place(OrderRequest(PAIR, side, OrderType.MARKET, size, None, position.side)).fills)
        wallet = self.paper.wallet
        assert self.paper.positions == []
        assert (wallet.order_margin, wallet.position_margin, wallet.unrealised_profit) == (ZERO, ZERO, ZERO)
        assert wallet.available == wallet.total == wallet.equity == self.model.money
        self.paper.switch_mode(mode)
        assert self.paper.mode is mode

    def resting(self) -> dict[str, PerpetualOrder]:
        return {id_: placed for id_, placed in self.paper.orders.items() if placed.status in LIVE}

    @invariant()
    def wallet_is_what_the_rows_say(self) -> None:
        paper, wallet = self.paper, self.paper.wallet
        assert paper.fills == self.fills
        realised = sum(fill.realised_profit for fill in self.fills) - sum(row.loss for row in paper.liquidations)
        fees = sum(fill.fee for fill in self.fills)
        funding = sum(row.amount for row in paper.funding)

        assert (wallet.realised_profit, wallet.fees, wallet.funding) == (realised, fees, funding)
        assert wallet.total == self.model.start + realised - fees + funding
        assert wallet.available == wallet.total - wallet.order_margin - wallet.position_margin
        assert wallet.equity == wallet.total + wallet.unrealised_profit

    @invariant()
    def equity_is_what_the_cash_and_the_contracts_are_worth(self) -> None:
        assert self.paper.wallet.equity == self.model.equity(self.mark_price)

    @invariant()
    def positions_are_the_contracts_that_were_filled(self) -> None:
        shown = {position.side: position.contracts for position in self.paper.positions}
        assert shown == {side: contracts for side, contracts in self.model.contracts.items() if contracts}
        if self.paper.mode is PositionMode.ONE_WAY:
            assert shown.keys() <= {PositionSide.BOTH}
        else:
            assert PositionSide.BOTH not in shown
            assert shown.get(PositionSide.LONG, ZERO) >= 0 >= shown.get(PositionSide.SHORT, ZERO)

    @invariant()
    def margin_is_bound_by_positions_and_orders_alone(self) -> None:
        wallet, resting = self.paper.wallet, self.resting()
        assert wallet.position_margin >= 0
        assert wallet.position_margin == 0 or self.paper.positions
        opening = [order for order in resting.values() if not order.only_reduces]
        if self.paper.fees.decimals == 8:  # with fewer, rounding may cover what is small
            assert wallet.position_margin > 0 or not self.paper.positions
            assert wallet.order_margin > 0 or self.paper.positions or not opening
        assert wallet.order_margin == 0 or opening
        if self.paper.mode is PositionMode.HEDGE:
            unit, due = D(1).scaleb(-self.paper.fees.decimals), ZERO
            for order in opening:
                assert order.request.price is not None
                cost = order.remaining * order.request.price * MULTIPLIER
                due += cost / order.request.leverage + cost * self.paper.fees.maker
            assert abs(wallet.order_margin - due) <= 2 * unit * len(opening)

    @invariant()
    def orders_that_only_reduce_have_something_to_reduce(self) -> None:
        contracts = self.model.contracts
        for order in self.resting().values():
            if order.only_reduces:
                held = contracts[order.request.position_side]
                assert held > 0 if order.request.side is Side.SELL else held < 0

    @invariant()
    def orders_agree_with_their_fills(self) -> None:
        fees, unit = self.paper.fees, D(1).scaleb(-self.paper.fees.decimals)
        for placed in self.paper.orders.values():
            filled = sum(fill.size for fill in placed.fills)
            assert placed.filled_size == filled <= placed.size <= placed.request.size
            assert (placed.status is PaperOrderStatus.FILLED) == (filled == placed.size)
            for liquidity, fee in placed.fee.items():
                own = [fill for fill in placed.fills if fill.liquidity is liquidity]
                due = (fees.maker if liquidity is Liquidity.MAKER else fees.taker) * placed.cost[liquidity]
                assert placed.cost[liquidity] == sum(fill.cost for fill in own)
                assert fee == sum(fill.fee for fill in own)
                assert due <= fee < due + unit
            for fill in placed.fills:
                assert 0 <= fill.closed <= fill.size
                assert fill.cost == fill.price * fill.size * MULTIPLIER
                assert not placed.only_reduces or fill.closed == fill.size
                limit = placed.request.price
                assert limit is None or (fill.price <= limit if fill.side is Side.BUY else fill.price >= limit)

    @invariant()
    def no_more_was_filled_than_the_books_ever_offered(self) -> None:
        for side, reaches in ((Side.BUY, Decimal.__le__), (Side.SELL, Decimal.__ge__)):
            for limit in self.appeared[side]:
                filled = sum(f.size for f in self.fills if f.side is side and reaches(f.price, limit))
                assert filled <= sum(size for price, size in self.appeared[side].items() if reaches(price, limit))


AnyHistory.TestCase.settings = settings(max_examples=70, stateful_step_count=30)
# Many whole histories, each checked after every step.
test_any_history_conserves_value = pytest.mark.slow(AnyHistory.TestCase)


class Trade(NamedTuple):
    side: Side
    size: Decimal
    price: Decimal | None
    leverage: Decimal


class Funding(NamedTuple):
    rate: Decimal
    mark: Decimal


trades = st.builds(Trade, st.sampled_from(Side), sizes, st.none() | prices, st.sampled_from([D(1), D(3), D(10)]))
fundings = st.builds(Funding, rates, prices)


@settings(max_examples=40)
@given(fees=fee_schedules, first=books(), steps=st.lists(books() | trades | fundings, max_size=12))
def test_long_and_short_side_by_side_are_worth_what_their_net_is(
    fees: Fees, first: BookSnapshot, steps: list[BookSnapshot | Trade | Funding]
) -> None:
    def run(mode: PositionMode) -> list[tuple[Decimal, Decimal, int]]:
        paper = PaperPerpetual(RULES, fees=fees, collateral=D(1_000_000), mode=mode)
        paper.on_mark(D(100))
        seen = []
        for step in [first, *steps]:
            match step:
                case BookSnapshot():
                    paper.on_book(step)
                case Funding():
                    paper.on_funding(*step)
                case Trade(side, size, price, leverage):
                    kind = OrderType.MARKET if price is None else OrderType.LIMIT
                    opens = PositionSide.LONG if side is Side.BUY else PositionSide.SHORT
                    leg = opens if mode is PositionMode.HEDGE else PositionSide.BOTH
                    paper.place(OrderRequest(PAIR, side, kind, size, price, leg, leverage))
            net = sum((position.contracts for position in paper.positions), ZERO)
            seen.append((paper.wallet.equity, net, len(paper.fills)))
        return seen

    assert run(PositionMode.HEDGE) == run(PositionMode.ONE_WAY)
