"""The paper perpetual: margin, profit, funding and liquidation with the numbers written out, and refusals.

Conservation over any history is in test_paper_perpetual_histories.py.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Context, Decimal, localcontext

import pytest

from connectors.errors import Rejected, UsageError
from connectors.paper_perpetual import (
    Fees,
    FundingPayment,
    Liquidation,
    Liquidity,
    PaperBalance,
    PaperOrderStatus,
    PaperPerpetual,
    PerpetualFill,
)
from connectors.types import (
    BookLevel,
    BookSnapshot,
    Contract,
    MarginMode,
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
BTC_USDT = TradingPair("BTC", "USDT")
# KuCoin's own numbers for XBTUSDTM.
CONTRACT = Contract(
    multiplier=D("0.001"),
    settle_asset="USDT",
    max_leverage=D("125"),
    initial_margin=D("0.008"),
    maintenance_margin=D("0.004"),
)
RULES = PairRules(
    pair=BTC_USDT,
    symbol="XBTUSDTM",
    status="Open",
    is_trading=True,
    price_tick=D("0.1"),
    size_step=D("1"),
    min_size=D("1"),
    min_cost=None,
    price_decimals=1,
    size_decimals=0,
    contract=CONTRACT,
)
FEES = Fees(maker=D("0.0002"), taker=D("0.0006"))
NO_FEES = Fees(D(0), D(0))
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LONG, SHORT, BOTH = PositionSide.LONG, PositionSide.SHORT, PositionSide.BOTH
HEDGE = PositionMode.HEDGE


def levels(*pairs: tuple[str, str]) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(D(price), D(size)) for price, size in pairs)


def book(
    bids: tuple[BookLevel, ...] = levels(("59999.9", "1000")),
    asks: tuple[BookLevel, ...] = levels(("60000", "1000")),
) -> BookSnapshot:
    return BookSnapshot(BTC_USDT, bids, asks)


def bids_at(price: str, size: str = "1000") -> BookSnapshot:
    return book(bids=levels((price, size)), asks=())


def asks_at(price: str, size: str = "1000") -> BookSnapshot:
    return book(bids=(), asks=levels((price, size)))


def account(
    fees: Fees = FEES, *, usdt: str = "10000", mode: PositionMode = PositionMode.ONE_WAY, rules: PairRules = RULES
) -> PaperPerpetual:
    opened = PaperPerpetual(rules, fees=fees, collateral=D(usdt), mode=mode, clock=lambda: NOW)
    opened.on_book(book())
    opened.on_mark(D("60000"))
    return opened


def order(
    side: Side,
    size: str,
    price: str | None = None,
    kind: OrderType | None = None,
    *,
    leg: PositionSide = BOTH,
    leverage: str = "10",
    reduces_only: bool = False,
) -> OrderRequest:
    kind = kind or (OrderType.MARKET if price is None else OrderType.LIMIT)
    limit = None if price is None else D(price)
    return OrderRequest(BTC_USDT, side, kind, D(size), limit, leg, D(leverage), reduces_only)


def buy(
    size: str,
    price: str | None = None,
    kind: OrderType | None = None,
    *,
    leg: PositionSide = BOTH,
    leverage: str = "10",
    reduces_only: bool = False,
) -> OrderRequest:
    return order(Side.BUY, size, price, kind, leg=leg, leverage=leverage, reduces_only=reduces_only)


def sell(
    size: str,
    price: str | None = None,
    kind: OrderType | None = None,
    *,
    leg: PositionSide = BOTH,
    leverage: str = "10",
    reduces_only: bool = False,
) -> OrderRequest:
    return order(Side.SELL, size, price, kind, leg=leg, leverage=leverage, reduces_only=reduces_only)


def contracts(paper: PaperPerpetual) -> dict[str, str]:
    return {str(position.side): str(position.contracts) for position in paper.positions}


# One position.


def test_long_binds_its_margin_pays_the_fee_and_follows_the_mark_price() -> None:
    paper = account()

    placed = paper.place(buy("100"))
    paper.on_mark(D("61000"))

    assert placed.status is PaperOrderStatus.FILLED
    assert placed.fills == [
        PerpetualFill(
            order_id="paper-1",
            side=Side.BUY,
            position_side=BOTH,
            price=D("60000"),
            size=D("100"),
            cost=D("6000"),  # 100 contracts of 0.001 BTC
            fee=D("3.6"),  # 0.06 %
            fee_asset="USDT",
            liquidity=Liquidity.TAKER,
            closed=D(0),
            realised_profit=D(0),
            filled_at=NOW,
        )
    ]
    assert paper.positions == [
        Position(
            pair=BTC_USDT,
            side=BOTH,
            contracts=D("100"),
            entry_price=D("60000"),
            mark_price=D("61000"),
            leverage=D("10"),
            margin_mode=MarginMode.ISOLATED,
            unrealised_profit=D("100"),
            realised_profit=D("0"),
        )
    ]
    wallet = paper.wallet
    assert (wallet.asset, wallet.total, wallet.fees) == ("USDT", D("9996.4"), D("3.6"))
    assert (wallet.position_margin, wallet.order_margin, wallet.available) == (D("600"), D(0), D("9396.4"))
    assert (wallet.unrealised_profit, wallet.equity) == (D("100"), D("10096.4"))
    assert paper.balances == {"USDT": PaperBalance(total=D("9996.4"), held=D("600"), available=D("9396.4"))}


def test_short_gains_as_the_mark_price_falls() -> None:
    paper = account()

    paper.place(sell("100"))
    paper.on_mark(D("59000"))

    assert contracts(paper) == {"both": "-100"}
    assert paper.wallet.unrealised_profit == D("99.99")
    assert paper.wallet.position_margin == D("599.999")


def test_taker_that_walks_levels_enters_at_the_average_and_keeps_the_cost_whole() -> None:
    paper = account(NO_FEES)
    paper.on_book(book(asks=levels(("60000", "1"), ("60000.1", "2"))))

    paper.place(buy("3"))

    assert paper.positions[0].entry_price == D("60000.06667")  # shown; 180.0002 in all is what counts
    paper.on_book(bids_at("60000"))
    paper.place(sell("3"))
    assert paper.wallet.realised_profit == D("-0.0002")


def test_closing_a_part_realises_its_share_and_frees_its_margin() -> None:
    paper = account()
    paper.place(buy("100"))
    paper.on_book(bids_at("61000"))

    closing = paper.place(sell("40"))

    assert (closing.fills[0].closed, closing.fills[0].realised_profit) == (D("40"), D("40"))
    assert closing.fills[0].fee == D("1.464")
    assert contracts(paper) == {"both": "60"}
    assert paper.positions[0].realised_profit == D("40")
    wallet = paper.wallet
    assert (wallet.total, wallet.position_margin) == (D("10034.936"), D("360"))
    assert (wallet.realised_profit, wallet.fees) == (D("40"), D("5.064"))


def test_shares_that_do_not_divide_leave_with_the_last_contract() -> None:
    paper = account(Fees(D(0), D(0), decimals=2))
    paper.on_book(book(bids=levels(("60000", "9")), asks=levels(("60000.1", "1"), ("60000.3", "2"))))
    paper.place(buy("3", leverage="7"))  # for 180.0007, margin 25.72

    profits, margins = [], []
    for _ in range(3):
        profits.append(paper.place(sell("1")).fills[0].realised_profit)
        margins.append(paper.wallet.position_margin)

    assert profits == [D("0"), D("0"), D("-0.0007")]
    assert margins == [D("17.15"), D("8.58"), D("0")]
    assert paper.wallet.total == D("9999.9993")


def test_order_turns_the_position_through_zero_and_opens_the_rest_at_the_fill_price() -> None:
    paper = account()
    paper.place(buy("100"))
    paper.on_book(bids_at("61000"))
    paper.on_mark(D("61000"))

    turned = paper.place(sell("150", leverage="5"))

    fill = turned.fills[0]
    assert (fill.size, fill.cost, fill.fee) == (D("150"), D("9150"), D("5.49"))
    assert (fill.closed, fill.realised_profit) == (D("100"), D("100"))
    short = paper.positions[0]
    assert (short.contracts, short.entry_price, short.leverage) == (D("-50"), D("61000"), D("5"))
    assert (short.realised_profit, short.unrealised_profit) == (D(0), D(0))
    wallet = paper.wallet
    assert (wallet.total, wallet.position_margin, wallet.available) == (D("10090.91"), D("610"), D("9480.91"))


def test_adding_with_another_leverage_adds_its_own_margin() -> None:
    paper = account(NO_FEES)
    paper.place(buy("100", leverage="10"))

    paper.place(buy("100", leverage="5"))

    assert paper.wallet.position_margin == D("1800")
    assert paper.positions[0].leverage == D("6.67")


def test_margin_is_rounded_up_once_per_order_however_it_is_filled() -> None:
    cents = Fees(D(0), D(0), decimals=2)
    whole, parts = account(cents), account(cents)
    whole.place(buy("10", "59000", leverage="7"))
    parts.place(buy("10", "59000", leverage="7"))

    whole.on_book(asks_at("59000", "10"))
    for tick in range(10):
        parts.on_book(asks_at(f"5899{tick}", "1"))

    assert whole.wallet.position_margin == D("84.29")  # 590 ÷ 7 = 84.2857…
    assert parts.wallet == whole.wallet


def test_later_part_of_an_order_may_find_its_margin_rounded_up_already() -> None:
    paper = account(Fees(D(0), D(0), decimals=0))
    paper.place(buy("2", "59000", leverage="125"))  # 0.944 in all, rounded up to 1
    paper.on_book(asks_at("59000", "1"))
    paper.on_book(bids_at("59500"))
    paper.place(sell("1"))
    paper.on_book(asks_at("58900", "1"))

    assert contracts(paper) == {"both": "1"}
    assert paper.wallet.position_margin == 0
    assert paper.positions[0].leverage == D("125")
    assert [row.loss for row in paper.on_mark(D("59000"))] == [D(0)]


# Resting orders.


def test_resting_order_holds_margin_and_maker_fee_and_fills_at_its_own_price() -> None:
    paper = account()
    placed = paper.place(buy("100", "59000", OrderType.LIMIT_MAKER))

    assert paper.wallet.order_margin == D("591.18")  # 590 and 0.02 % of 5,900
    assert paper.balances["USDT"] == PaperBalance(total=D("10000"), held=D("591.18"), available=D("9408.82"))
    fills = paper.on_book(asks_at("58000", "40"))

    assert [(fill.price, fill.size, fill.fee, fill.liquidity) for fill in fills] == [
        (D("59000"), D("40"), D("0.472"), Liquidity.MAKER)
    ]
    assert paper.fills == placed.fills == fills
    wallet = paper.wallet
    assert (wallet.order_margin, wallet.position_margin) == (D("354.708"), D("236"))
    assert wallet.available == D("9408.82")
    paper.on_book(asks_at("58000", "900"))
    assert placed.status is PaperOrderStatus.FILLED
    assert (paper.wallet.order_margin, paper.wallet.position_margin) == (D(0), D("590"))
    assert paper.wallet.available == D("9408.82")


def test_limit_takes_what_crosses_and_rests_with_the_remainder() -> None:
    paper = account()
    paper.on_book(book(asks=levels(("60000", "30"), ("60001", "100"))))

    placed = paper.place(buy("100", "60000.5"))

    assert placed.status is PaperOrderStatus.PARTIALLY_FILLED
    assert (placed.filled_size, placed.remaining) == (D("30"), D("70"))
    assert paper.wallet.position_margin == D("180")
    assert paper.wallet.order_margin == D("420.8435070")  # 4,200.035 ÷ 10 and its maker fee of 0.840007
    assert paper.cancel(placed.id) is placed
    assert (placed.status, placed.reason) == (PaperOrderStatus.CANCELLED, "cancelled on request")
    assert paper.wallet.order_margin == 0


def test_market_order_beyond_the_visible_book_is_cut_short_and_says_so() -> None:
    paper = account()
    paper.on_book(asks_at("60000", "30"))

    placed = paper.place(buy("100"))

    assert (placed.status, placed.filled_size) == (PaperOrderStatus.CANCELLED, D("30"))
    assert placed.reason == "the visible book filled 30 of 100"
    assert paper.wallet.order_margin == 0


def test_better_price_fills_first_and_then_the_older_order() -> None:
    paper = account()
    late = paper.place(sell("10", "61000"))
    first = paper.place(sell("10", "60500"))
    second = paper.place(sell("10", "60500"))

    fills = paper.on_book(bids_at("62000", "15"))

    assert [(fill.order_id, fill.size) for fill in fills] == [(first.id, D("10")), (second.id, D("5"))]
    assert late.status is PaperOrderStatus.OPEN


def test_unchanged_book_gives_nothing_anew() -> None:
    paper = account()
    paper.place(buy("2000", "60000", leverage="100"))

    assert paper.on_book(book()) == []
    assert [fill.size for fill in paper.on_book(asks_at("60000", "1001"))] == [D("1")]


def test_resting_order_that_reduces_holds_nothing_and_what_goes_beyond_holds_margin() -> None:
    paper = account(NO_FEES)
    paper.place(buy("100"))

    paper.place(sell("60", "61000"))
    assert paper.wallet.order_margin == 0
    beyond = paper.place(sell("60", "62000"))
    assert paper.wallet.order_margin == D("124")  # 20 contracts at 62,000
    paper.on_book(bids_at("61000", "60"))
    assert paper.wallet.order_margin == D("124")
    paper.on_book(bids_at("62000", "60"))

    assert beyond.status is PaperOrderStatus.FILLED
    assert [fill.closed for fill in beyond.fills] == [D("40")]
    assert contracts(paper) == {"both": "-20"}
    assert (paper.wallet.order_margin, paper.wallet.position_margin) == (D(0), D("124"))


def test_close_that_would_leave_resting_orders_uncovered_is_refused() -> None:
    paper = account(NO_FEES, usdt="600")
    paper.place(buy("100"))
    resting = paper.place(sell("100", "70000", leverage="1"))

    with pytest.raises(Rejected) as refusal:
        paper.place(sell("100"))

    assert refusal.value.message == (
        "balance: 6400.01 USDT needed with fees, 0 available, as resting orders would then open a position; "
        "cancel them first"
    )
    assert contracts(paper) == {"both": "100"}
    paper.cancel(resting.id)
    paper.place(sell("100"))
    assert paper.positions == []


# Orders that only reduce.


def test_order_that_only_reduces_is_cut_to_the_position() -> None:
    paper = account()
    paper.place(buy("100"))

    placed = paper.place(sell("150", reduces_only=True))

    assert (placed.status, placed.size, placed.filled_size) == (PaperOrderStatus.FILLED, D("100"), D("100"))
    assert placed.reason == "cut from 150 to the position's 100"
    assert paper.positions == []
    assert paper.wallet.position_margin == 0


def test_order_that_only_reduces_is_taken_with_nothing_available() -> None:
    paper = account(usdt="603.6")
    paper.place(buy("100"))
    assert paper.wallet.available == 0

    paper.place(sell("50", "61000", reduces_only=True))
    paper.place(sell("50", reduces_only=True))

    assert contracts(paper) == {"both": "50"}
    assert paper.wallet.total == D("598.1950030")  # less 0.005 lost and 1.799997 for the fee
    assert paper.wallet.available == D("298.1950030")


def test_close_beyond_the_margin_is_taken_though_it_leaves_less_than_nothing() -> None:
    paper = account(NO_FEES, usdt="600")
    paper.place(buy("100"))
    paper.on_book(bids_at("50000"))

    paper.place(sell("100"))

    assert paper.positions == []
    assert paper.wallet.available == paper.wallet.total == D("-400")


def test_resting_order_that_only_reduces_never_opens_and_goes_with_the_position() -> None:
    paper = account(NO_FEES)
    paper.place(buy("100"))
    reducing = paper.place(sell("100", "61000", reduces_only=True))
    paper.place(sell("70"))
    assert paper.wallet.order_margin == 0

    fills = paper.on_book(bids_at("61500"))

    assert [(fill.size, fill.closed) for fill in fills] == [(D("30"), D("30"))]
    assert paper.positions == []
    assert (reducing.status, reducing.reason) == (PaperOrderStatus.CANCELLED, "there is nothing left to reduce")
    assert reducing.filled_size == D("30")


def test_turning_the_position_cancels_the_orders_that_reduced_it() -> None:
    paper = account(NO_FEES)
    paper.place(buy("100"))
    first = paper.place(sell("100", "61000", reduces_only=True))
    second = paper.place(sell("100", "61000", reduces_only=True))

    paper.place(sell("150"))

    assert first.status is second.status is PaperOrderStatus.CANCELLED
    assert paper.on_book(bids_at("61500")) == []
    assert contracts(paper) == {"both": "-50"}


# Two positions.


def test_hedge_mode_keeps_a_long_and_a_short_position_side_by_side() -> None:
    paper = account(mode=HEDGE)

    paper.place(buy("100", leg=LONG))
    paper.place(sell("30", leg=SHORT, leverage="20"))

    assert contracts(paper) == {"long": "100", "short": "-30"}
    assert paper.wallet.position_margin == D("689.99985")  # 600 and 1,799.997 ÷ 20


def test_hedge_mode_closes_each_position_by_its_other_side_and_never_beyond() -> None:
    paper = account(NO_FEES, mode=HEDGE)
    paper.place(buy("100", leg=LONG))
    paper.place(sell("30", leg=SHORT))

    long_closed = paper.place(sell("500", leg=LONG))
    short_closed = paper.place(buy("10", leg=SHORT, reduces_only=True))

    assert (long_closed.size, long_closed.fills[0].realised_profit) == (D("100"), D("-0.01"))
    assert short_closed.fills[0].realised_profit == D("-0.001")
    assert contracts(paper) == {"short": "-20"}


def test_resting_close_in_hedge_mode_holds_nothing_and_resting_open_does() -> None:
    paper = account(NO_FEES, mode=HEDGE)
    paper.place(buy("100", leg=LONG))

    paper.place(sell("100", "61000", leg=LONG))
    assert paper.wallet.order_margin == 0
    paper.place(sell("100", "61000", leg=SHORT))
    assert paper.wallet.order_margin == D("610")
    paper.on_book(bids_at("61000"))

    assert contracts(paper) == {"short": "-100"}


def test_mode_switches_only_with_no_position_and_no_open_order() -> None:
    paper = account()
    resting = paper.place(buy("1", "59000"))

    with pytest.raises(Rejected, match="mode: orders are open: paper-1; cancel them before switching"):
        paper.switch_mode(HEDGE)
    paper.cancel(resting.id)
    paper.place(buy("1"))
    with pytest.raises(Rejected, match="mode: there is an open position; close it before switching"):
        paper.switch_mode(HEDGE)
    paper.switch_mode(PositionMode.ONE_WAY)
    paper.place(sell("1"))
    paper.switch_mode(HEDGE)

    assert paper.mode is HEDGE
    paper.place(buy("1", leg=LONG))
    assert contracts(paper) == {"long": "1"}


# Funding and liquidation.


@pytest.mark.parametrize(
    ("side", "rate", "amount"),
    [
        (Side.BUY, "0.0001", "-0.61"),
        (Side.BUY, "-0.0001", "0.61"),
        (Side.SELL, "0.0001", "0.61"),
        (Side.SELL, "-0.0001", "-0.61"),
    ],
)
def test_positive_funding_moves_from_longs_to_shorts_and_negative_back(side: Side, rate: str, amount: str) -> None:
    paper = account(NO_FEES)
    paper.place(order(side, "100"))

    paid = paper.on_funding(D(rate), D("61000"))

    signed = D("100") if side is Side.BUY else D("-100")
    assert paid == paper.funding == [FundingPayment(BOTH, signed, D(rate), D("61000"), D(amount), NOW)]
    assert paper.wallet.total == D("10000") + D(amount)
    assert paper.wallet.funding == D(amount)
    assert paper.positions[0].mark_price == D("61000")


def test_funding_of_equal_long_and_short_positions_cancels_out() -> None:
    paper = account(NO_FEES, mode=HEDGE)
    paper.place(buy("100", leg=LONG))
    paper.place(sell("100", leg=SHORT))

    paid = paper.on_funding(D("0.0001"), D("60000"))

    assert [(payment.position_side, payment.amount) for payment in paid] == [(LONG, D("-0.6")), (SHORT, D("0.6"))]
    assert paper.wallet.total == D("10000")


def test_funding_without_a_position_pays_nothing() -> None:
    assert account().on_funding(D("0.0001"), D("60000")) == []


def test_long_is_liquidated_below_the_maintenance_margin_and_loses_its_margin_alone() -> None:
    paper = account(NO_FEES)
    paper.place(buy("100"))
    resting = paper.place(sell("100", "61000"))

    # At 54,217: 600 of margin less 578.3 of loss is 21.7, and 0.4 % of 5,421.7 is 21.6868.
    assert paper.on_mark(D("54217")) == []
    # At 54,216.8: 21.68, and 21.68672.
    liquidated = paper.on_mark(D("54216.8"))

    assert liquidated == paper.liquidations == [Liquidation(BOTH, D("100"), D("54216.8"), D("6000"), D("600"), NOW)]
    assert paper.positions == []
    assert (resting.status, resting.reason) == (PaperOrderStatus.CANCELLED, "its position was liquidated")
    wallet = paper.wallet
    assert (wallet.total, wallet.available, wallet.realised_profit) == (D("9400"), D("9400"), D("-600"))


def test_short_is_liquidated_as_the_mark_price_rises() -> None:
    paper = account(NO_FEES, mode=HEDGE)
    paper.place(buy("100", leg=LONG))
    paper.on_book(bids_at("60000"))
    paper.place(sell("100", leg=SHORT))
    closing = paper.place(sell("10", "90000", leg=LONG))

    # 6,600 ÷ 1.004 ÷ 0.1 = 65,737.05…
    assert paper.on_mark(D("65737")) == []
    liquidated = paper.on_mark(D("65737.1"))

    assert [(row.position_side, row.contracts, row.loss) for row in liquidated] == [(SHORT, D("-100"), D("600"))]
    assert contracts(paper) == {"long": "100"}
    assert closing.status is PaperOrderStatus.OPEN
    assert paper.wallet.total == D("9400")


def test_loss_of_a_liquidation_is_the_margin_however_far_the_mark_price_jumped() -> None:
    paper = account(NO_FEES)
    paper.place(buy("100", leverage="100"))

    paper.on_mark(D("1"))

    assert paper.wallet.equity == D("9940")


def test_long_on_no_leverage_is_never_liquidated() -> None:
    paper = account(NO_FEES)
    paper.place(buy("100", leverage="1"))

    assert paper.on_mark(D("0.1")) == []


def test_funding_marks_and_so_may_liquidate() -> None:
    paper = account(NO_FEES)
    paper.place(buy("100"))

    paper.on_funding(D("0.0001"), D("54000"))

    assert [row.loss for row in paper.liquidations] == [D("600")]
    assert paper.wallet.total == D("9399.46")


# Refusals: what is wrong, and what would do.


def test_order_needs_margin_and_fee_to_the_last_unit() -> None:
    poor, exact = account(usdt="603.59999999"), account(usdt="603.6")

    with pytest.raises(Rejected) as refusal:
        poor.place(buy("100"))
    exact.place(buy("100"))

    assert refusal.value.message == (
        "balance: 603.6 USDT needed with fees, 603.59999999 available; "
        "use a smaller size, or a higher leverage (at most 125)"
    )
    assert poor.positions == []
    assert poor.wallet.total == D("603.59999999")
    assert exact.wallet.available == 0


def test_refused_order_takes_nothing_from_the_book() -> None:
    paper = account(usdt="700")

    with pytest.raises(Rejected, match="balance:"):
        paper.place(buy("1000"))

    assert paper.fills == []
    assert [fill.size for fill in paper.place(buy("1000", leverage="100")).fills] == [D("1000")]


def test_what_a_resting_order_holds_cannot_be_spent_twice() -> None:
    paper = account(usdt="1000")
    paper.place(buy("100", "59000"))

    with pytest.raises(Rejected, match=r"balance: 591\.18 USDT needed with fees, 408\.82 available"):
        paper.place(buy("100", "59000"))


def test_profit_of_the_closed_part_pays_for_the_turn() -> None:
    paper = account(NO_FEES, usdt="600")
    paper.place(buy("100"))
    paper.on_book(bids_at("70000"))

    # 600 freed and 1,000 gained: enough for 228 contracts at 7 each, not for 229.
    with pytest.raises(Rejected, match="balance: 3 USDT needed with fees, 0 available"):
        paper.place(sell("329"))
    paper.place(sell("328"))

    assert contracts(paper) == {"both": "-228"}
    assert paper.wallet.available == D("4")


@pytest.mark.parametrize(
    ("request_", "mode", "message"),
    [
        (
            buy("1", leg=LONG),
            PositionMode.ONE_WAY,
            "position_side: long is for hedge mode; use both, or switch the mode first",
        ),
        (buy("1"), HEDGE, "position_side: hedge mode keeps two positions; use long or short"),
        (
            buy("1", leg=LONG, reduces_only=True),
            HEDGE,
            "reduces_only: a buy opens the long position; use the other side, or leave reduces_only out",
        ),
        (sell("1", leg=LONG), HEDGE, "size: there is no long position that a sell would reduce; open one first"),
        (buy("1", leg=SHORT), HEDGE, "size: there is no short position that a buy would reduce; open one first"),
        (
            sell("1", reduces_only=True),
            PositionMode.ONE_WAY,
            "size: there is no position that a sell would reduce; open one first",
        ),
        (buy("1", leverage="126"), PositionMode.ONE_WAY, "leverage: 126 is not offered; use 1 to 125"),
        (buy("1", leverage="0.5"), PositionMode.ONE_WAY, "leverage: 0.5 is not offered; use 1 to 125"),
        (buy("1", leverage="NaN"), PositionMode.ONE_WAY, "leverage: NaN is not offered; use 1 to 125"),
        (buy("1.5"), PositionMode.ONE_WAY, "size: 1.5 is not a multiple of 1; use 1 or 2"),
        (buy("0"), PositionMode.ONE_WAY, "size: 0 is not an amount; use a positive number"),
        (buy("1", "60000.05"), PositionMode.ONE_WAY, "price: 60000.05 is not a multiple of 0.1; use 60000 or 60000.1"),
        (
            buy("1", "60000", OrderType.LIMIT_MAKER),
            PositionMode.ONE_WAY,
            "price: it would take at 60000; stay behind that price or use LIMIT",
        ),
        (
            replace(buy("1"), pair=TradingPair("ETH", "USDT")),
            PositionMode.ONE_WAY,
            "pair: ETH-USDT is not traded here; use BTC-USDT",
        ),
    ],
)
def test_order_against_the_rules_is_refused_with_the_remedy(
    request_: OrderRequest, mode: PositionMode, message: str
) -> None:
    paper = account(mode=mode)

    with pytest.raises(Rejected) as refusal:
        paper.place(request_)

    assert (refusal.value.message, refusal.value.pair) == (message, "BTC-USDT")
    kept = paper.orders["paper-1"]
    assert (kept.status, kept.reason, kept.fills) == (PaperOrderStatus.REJECTED, message, [])
    assert paper.wallet.available == D("10000")


def test_order_below_the_minimum_cost_counts_the_multiplier() -> None:
    paper = account(rules=replace(RULES, min_cost=D("100")))

    with pytest.raises(Rejected, match=r"size: a cost of 60 USDT is below the minimum of 100; use a larger size"):
        paper.place(buy("1"))
    assert paper.place(buy("2")).status is PaperOrderStatus.FILLED


def test_order_before_the_first_book_or_mark_price_is_refused() -> None:
    paper = PaperPerpetual(RULES, fees=FEES, collateral=D("1000"))

    with pytest.raises(Rejected, match="book: none seen yet"):
        paper.place(buy("1"))
    paper.on_book(book())
    with pytest.raises(Rejected, match="mark: none seen yet; give the mark price before placing orders"):
        paper.place(buy("1"))


def test_cancelling_what_is_done_or_unknown_is_refused() -> None:
    paper = account()
    filled = paper.place(buy("1"))

    with pytest.raises(Rejected, match="order: paper-1 is already filled"):
        paper.cancel(filled.id)
    with pytest.raises(Rejected, match="order: there is no 'paper-9'"):
        paper.cancel("paper-9")


def test_inverse_contract_is_refused() -> None:
    inverse = replace(RULES, contract=replace(CONTRACT, is_inverse=True, settle_asset="BTC"))

    with pytest.raises(UsageError) as refusal:
        PaperPerpetual(inverse, fees=FEES, collateral=D("1"))

    assert refusal.value.message == (
        "BTC-USDT is settled in BTC: only linear contracts can be traded on paper; "
        "use one that is settled in its quote, USDT"
    )


def test_spot_pair_is_refused() -> None:
    with pytest.raises(UsageError, match="BTC-USDT has no contract: trade it with PaperExchange"):
        PaperPerpetual(replace(RULES, contract=None), fees=FEES, collateral=D("1"))


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1E+18"])
def test_collateral_that_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="the collateral is not an amount"):
        PaperPerpetual(RULES, fees=FEES, collateral=D(amount))


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "1E+18", "1E-19"])
def test_mark_price_that_is_none_is_refused_and_changes_nothing(price: str) -> None:
    paper = account()
    paper.place(buy("1"))
    before = paper.wallet

    with pytest.raises(UsageError, match=r"a mark price of .*: use a positive number"):
        paper.on_mark(D(price))
    with pytest.raises(UsageError, match=r"a mark price of .*: use a positive number"):
        paper.on_funding(D("0.0001"), D(price))

    assert paper.wallet == before


@pytest.mark.parametrize("rate", ["1", "-1", "NaN", "Infinity", "1E-19"])
def test_funding_rate_that_is_no_fraction_is_refused(rate: str) -> None:
    with pytest.raises(UsageError, match=r"a funding rate of .*: use a fraction"):
        account().on_funding(D(rate), D("60000"))


def test_book_of_another_pair_is_refused() -> None:
    with pytest.raises(UsageError, match="a book of ETH-USDT, but this exchange trades BTC-USDT"):
        account().on_book(BookSnapshot(TradingPair("ETH", "USDT"), (), ()))


def test_amounts_stay_exact_whatever_the_callers_context() -> None:
    with localcontext(Context(prec=3)):
        paper = account()
        paper.on_book(asks_at("60000.1"))
        paper.place(buy("777", leverage="7"))
        paper.on_funding(D("0.000123456789"), D("60123.456789"))
        wallet, held = paper.wallet, paper.balances["USDT"].held

    assert wallet.fees == D("27.97204662")
    assert wallet.position_margin == held == D("6660.01110000")
    assert wallet.funding == D("-5.767398209868898034817")
    assert wallet.unrealised_profit == D("95.848225053")
