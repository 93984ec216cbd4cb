"""The paper exchange: matching, money and refusals by example, and conservation of value over any history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, localcontext

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connectors.errors import Rejected, UsageError
from connectors.paper import Fees, Fill, Liquidity, PaperBalance, PaperExchange, PaperOrder, PaperOrderStatus
from connectors.types import BookLevel, BookSnapshot, OrderRequest, OrderType, PairRules, Side, TradingPair

BTC_USD = TradingPair("BTC", "USD")
# Kraken's own rules for this pair, as its AssetPairs listed them in September 2026.
RULES = PairRules(
    pair=BTC_USD,
    symbol="BTC/USD",
    status="online",
    is_trading=True,
    price_tick=Decimal("0.1"),
    size_step=Decimal("0.00000001"),
    min_size=Decimal("0.00005"),
    min_cost=Decimal("0.5"),
    price_decimals=1,
    size_decimals=8,
)
NO_FEES = Fees(Decimal(0), Decimal(0))
FEES = Fees(maker=Decimal("0.0016"), taker=Decimal("0.0026"), decimals=4)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
D = Decimal


def levels(*pairs: tuple[str, str]) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(D(price), D(size)) for price, size in pairs)


def book(
    bids: tuple[BookLevel, ...] = levels(("99.9", "1"), ("99.8", "2")),
    asks: tuple[BookLevel, ...] = levels(("100.1", "1"), ("100.2", "2")),
) -> BookSnapshot:
    return BookSnapshot(BTC_USD, bids, asks)


def exchange(fees: Fees = NO_FEES, *, usd: str = "1000", btc: str = "10", rules: PairRules = RULES) -> PaperExchange:
    opened = PaperExchange(rules, fees=fees, balances={"USD": D(usd), "BTC": D(btc)}, clock=lambda: NOW)
    opened.on_book(book())
    return opened


def order(side: Side, size: str, price: str | None = None, kind: OrderType | None = None) -> OrderRequest:
    kind = kind or (OrderType.MARKET if price is None else OrderType.LIMIT)
    return OrderRequest(BTC_USD, side, kind, D(size), None if price is None else D(price))


def buy(size: str, price: str | None = None, kind: OrderType | None = None) -> OrderRequest:
    return order(Side.BUY, size, price, kind)


def sell(size: str, price: str | None = None, kind: OrderType | None = None) -> OrderRequest:
    return order(Side.SELL, size, price, kind)


def matched(fills: list[Fill]) -> list[tuple[str, str]]:
    return [(str(fill.price), str(fill.size)) for fill in fills]


def totals(paper: PaperExchange) -> dict[str, Decimal]:
    return {asset: balance.total for asset, balance in paper.balances.items()}


# Takers.


def test_market_buy_walks_the_asks_and_pays_the_fee_on_top() -> None:
    paper = exchange(FEES)

    placed = paper.place(buy("1.5"))

    assert placed.status is PaperOrderStatus.FILLED
    assert placed.fills == [
        Fill(
            "paper-1", Side.BUY, D("100.1"), D("1"), D("100.1"), D("0.2603"), "USD", Liquidity.TAKER, NOW
        ),  # 0.26026 rounded up
        Fill(
            "paper-1", Side.BUY, D("100.2"), D("0.5"), D("50.1"), D("0.1303"), "USD", Liquidity.TAKER, NOW
        ),  # 0.39052 in all, rounded up to 0.3906, less what was charged
    ]
    assert totals(paper) == {"BTC": D("11.5"), "USD": D("849.4094")}


def test_market_sell_walks_the_bids_and_gets_the_proceeds_less_the_fee() -> None:
    paper = exchange(FEES)

    placed = paper.place(sell("2"))

    assert matched(placed.fills) == [("99.9", "1"), ("99.8", "1")]
    assert [fill.fee for fill in placed.fills] == [D("0.2598"), D("0.2595")]  # 0.25974 up; 0.51922 up, less the first
    assert totals(paper) == {"BTC": D("8"), "USD": D("1199.1807")}


def test_market_order_beyond_the_visible_book_is_cut_short_and_says_so() -> None:
    paper = exchange()

    placed = paper.place(buy("5"))

    assert placed.status is PaperOrderStatus.CANCELLED
    assert placed.filled_size == D("3")
    assert placed.reason == "the visible book filled 3 of 5"
    assert paper.balances["USD"].held == 0


def test_market_order_against_an_empty_side_fills_nothing() -> None:
    paper = exchange()
    paper.on_book(book(asks=()))

    placed = paper.place(buy("1"))

    assert placed.status is PaperOrderStatus.CANCELLED
    assert placed.reason == "the visible book filled 0 of 1"
    assert placed.fills == []


def test_limit_takes_what_crosses_and_rests_with_the_remainder() -> None:
    paper = exchange(FEES)

    placed = paper.place(buy("3", "100.1"))

    assert placed.status is PaperOrderStatus.PARTIALLY_FILLED
    assert matched(placed.fills) == [("100.1", "1")]
    assert placed.remaining == D("2")
    # 2 × 100.1 and the maker fee of 0.32032, rounded up, stay bound.
    assert paper.balances["USD"] == PaperBalance(total=D("899.6397"), held=D("200.5204"), available=D("699.1193"))


def test_limit_that_does_not_cross_rests_whole() -> None:
    paper = exchange()

    placed = paper.place(sell("2", "100.0"))

    assert placed.status is PaperOrderStatus.OPEN
    assert placed.fills == []
    assert paper.balances["BTC"] == PaperBalance(total=D("10"), held=D("2"), available=D("8"))


def test_limit_never_takes_beyond_its_price() -> None:
    paper = exchange()

    placed = paper.place(sell("5", "99.9"))

    assert matched(placed.fills) == [("99.9", "1")]


# Makers.


def test_resting_buy_waits_until_the_asks_reach_it_and_fills_at_its_own_price() -> None:
    paper = exchange(FEES)
    placed = paper.place(buy("2", "100.0"))

    assert paper.on_book(book(asks=levels(("100.1", "9")))) == []
    fills = paper.on_book(book(bids=(), asks=levels(("99.8", "0.5"), ("100.0", "0.5"), ("100.1", "9"))))

    assert [(fill.price, fill.size, fill.liquidity) for fill in fills] == [
        (D("100.0"), D("0.5"), Liquidity.MAKER),
        (D("100.0"), D("0.5"), Liquidity.MAKER),
    ]
    assert placed.fills == fills
    # 2 × 100 and 0.32 for the maker: half of it is spent, half of it is still bound.
    assert paper.balances["USD"] == PaperBalance(total=D("899.84"), held=D("100.16"), available=D("799.68"))

    paper.on_book(book(bids=(), asks=levels(("99.9", "7"))))
    assert placed.status is PaperOrderStatus.FILLED
    assert paper.balances["USD"] == PaperBalance(total=D("799.68"), held=D(0), available=D("799.68"))


def test_resting_sell_fills_at_its_own_price_when_the_bids_reach_it() -> None:
    paper = exchange(FEES)
    placed = paper.place(sell("1", "100.0"))

    fills = paper.on_book(book(bids=levels(("100.3", "4")), asks=()))

    assert matched(fills) == [("100.0", "1")]
    assert fills[0].fee == D("0.16")
    assert placed.status is PaperOrderStatus.FILLED
    assert totals(paper) == {"BTC": D("9"), "USD": D("1099.84")}


def test_better_price_fills_first_and_then_the_older_order() -> None:
    paper = exchange()
    late = paper.place(buy("1", "99.9"))
    first = paper.place(buy("1", "100.0"))
    second = paper.place(buy("1", "100.0"))

    fills = paper.on_book(book(bids=(), asks=levels(("99.0", "1.5"))))

    assert [(fill.order_id, fill.size) for fill in fills] == [(first.id, D("1")), (second.id, D("0.5"))]
    assert late.status is PaperOrderStatus.OPEN


def test_cheaper_sell_fills_first() -> None:
    paper = exchange()
    dear = paper.place(sell("1", "100.2"))
    cheap = paper.place(sell("1", "100.0"))

    fills = paper.on_book(book(bids=levels(("100.5", "1.5")), asks=()))

    assert [(fill.order_id, fill.price) for fill in fills] == [(cheap.id, D("100.0")), (dear.id, D("100.2"))]


def test_maker_only_order_that_would_take_is_refused_and_one_that_rests_is_not() -> None:
    paper = exchange()

    with pytest.raises(Rejected, match=r"price: it would take at 100\.1; stay behind that price or use LIMIT"):
        paper.place(buy("1", "100.1", OrderType.LIMIT_MAKER))
    with pytest.raises(Rejected, match=r"price: it would take at 99\.9"):
        paper.place(sell("1", "99.9", OrderType.LIMIT_MAKER))

    assert paper.place(buy("1", "100.0", OrderType.LIMIT_MAKER)).status is PaperOrderStatus.OPEN
    assert paper.place(sell("1", "100.0", OrderType.LIMIT_MAKER)).status is PaperOrderStatus.OPEN


def test_own_orders_do_not_trade_with_one_another() -> None:
    paper = exchange()
    paper.place(buy("1", "100.0"))

    placed = paper.place(sell("1", "100.0"))

    assert placed.status is PaperOrderStatus.OPEN
    assert paper.on_book(book()) == []


# Displayed liquidity is consumed once.


def test_second_taker_finds_only_what_the_first_left() -> None:
    paper = exchange()
    paper.place(buy("0.4"))

    assert matched(paper.place(buy("1")).fills) == [("100.1", "0.6"), ("100.2", "0.4")]


def test_unchanged_book_gives_nothing_anew() -> None:
    paper = exchange()
    paper.place(buy("5", "100.1"))

    assert paper.on_book(book()) == []
    assert paper.on_book(book()) == []


def test_level_that_grew_gives_its_growth() -> None:
    paper = exchange()
    paper.place(buy("5", "100.1"))

    assert matched(paper.on_book(book(asks=levels(("100.1", "1.25"))))) == [("100.1", "0.25")]
    assert paper.on_book(book(asks=levels(("100.1", "1.25")))) == []


def test_level_that_shrank_below_what_was_taken_gives_all_that_comes_back() -> None:
    paper = exchange()
    paper.place(buy("1", "100.1"))
    paper.on_book(book(asks=levels(("100.1", "0.25"))))
    paper.on_book(book(asks=levels(("100.1", "1"))))

    assert matched(paper.place(buy("5", "100.1")).fills) == [("100.1", "0.75")]


def test_price_that_was_gone_comes_back_as_new() -> None:
    paper = exchange()
    paper.place(buy("1", "100.1"))
    paper.on_book(book(asks=levels(("100.2", "2"))))
    paper.on_book(book())

    assert matched(paper.place(buy("1", "100.1")).fills) == [("100.1", "1")]


def test_side_that_was_empty_comes_back_as_new() -> None:
    paper = exchange()
    paper.place(buy("1", "100.1"))
    paper.on_book(book(asks=()))
    paper.on_book(book())

    assert matched(paper.place(buy("1", "100.1")).fills) == [("100.1", "1")]


@pytest.mark.parametrize("side", Side)
def test_price_beyond_the_visible_depth_stays_taken(side: Side) -> None:
    paper = exchange()
    paper.place(order(side, "3"))
    paper.on_book(book(bids=levels(("99.9", "1")), asks=levels(("100.1", "1"))))
    paper.on_book(book())

    placed = paper.place(order(side, "1"))

    assert placed.status is PaperOrderStatus.CANCELLED
    assert placed.fills == []


def test_maker_fill_consumes_the_levels_that_crossed_it() -> None:
    paper = exchange()
    paper.place(buy("1", "100.0"))
    paper.on_book(book(bids=(), asks=levels(("99.5", "1.5"))))

    assert matched(paper.place(buy("2")).fills) == [("99.5", "0.5")]


# Money.


def test_fees_of_many_parts_are_those_of_the_whole() -> None:
    tiny = Fees(maker=D("0.001"), taker=D("0.001"), decimals=2)
    paper = exchange(tiny)
    placed = paper.place(buy("1", "100.0"))

    for number in range(10):
        paper.on_book(book(bids=(), asks=levels((f"9{number}", "0.1"))))

    assert [fill.fee for fill in placed.fills] == [D("0.01")] * 10
    assert placed.fee[Liquidity.MAKER] == D("0.10")
    assert paper.balances["USD"] == PaperBalance(total=D("899.90"), held=D(0), available=D("899.90"))


def test_hold_of_a_part_filled_buy_is_what_it_may_still_cost_to_the_last_unit() -> None:
    cents = Fees(maker=D("0.001"), taker=D("0.001"), decimals=2)
    paper = exchange(cents)
    paper.place(buy("1", "100.0"))

    paper.on_book(book(bids=(), asks=levels(("100.0", "0.15"))))

    # 0.10 owed in all, of which 0.015 rounded up to 0.02 is paid.
    assert paper.balances["USD"] == PaperBalance(total=D("984.98"), held=D("85.08"), available=D("899.90"))


def test_fee_rounded_beyond_a_tiny_sale_takes_no_more_than_its_proceeds() -> None:
    coarse = Fees(maker=D("0.001"), taker=D("0.001"), decimals=0)
    paper = exchange(coarse, usd="0", rules=replace(RULES, min_cost=None))
    placed = paper.place(sell("1", "100.0"))

    paper.on_book(book(bids=levels(("100.0", "0.001")), asks=()))
    assert totals(paper) == {"BTC": D("9.999"), "USD": D(0)}
    paper.on_book(book(bids=levels(("100.0", "1")), asks=()))

    assert [fill.fee for fill in placed.fills] == [D("0.1"), D("0.9")]
    assert totals(paper) == {"BTC": D("9"), "USD": D("99")}


def test_buy_needs_the_fee_as_well_to_the_last_unit() -> None:
    cost = D("100.1")
    fee = D("0.2603")
    poor = exchange(FEES, usd=str(cost + fee - D("0.0001")))

    with pytest.raises(Rejected, match=r"balance: 100\.3603 USD needed with fees, 100\.3602 available; use a smaller"):
        poor.place(buy("1"))
    exact = exchange(FEES, usd=str(cost + fee))
    exact.place(buy("1"))

    assert totals(poor) == {"BTC": D("10"), "USD": D("100.3602")}
    assert totals(exact) == {"BTC": D("11"), "USD": D(0)}


def test_resting_buy_needs_its_maker_fee_as_well() -> None:
    with pytest.raises(Rejected, match=r"balance: 99\.1584 USD needed with fees, 99\.1583 available"):
        exchange(FEES, usd="99.1583").place(buy("1", "99.0"))

    assert exchange(FEES, usd="99.1584").place(buy("1", "99.0")).status is PaperOrderStatus.OPEN


def test_what_a_resting_order_holds_cannot_be_spent_twice() -> None:
    paper = exchange(usd="100", btc="1")
    paper.place(buy("0.9", "99.0"))
    paper.place(sell("0.75", "101.0"))

    with pytest.raises(Rejected, match=r"balance: 19\.8 USD needed with fees, 10\.9 available"):
        paper.place(buy("0.2", "99.0"))
    with pytest.raises(Rejected, match=r"balance: 0\.5 BTC needed, 0\.25 available"):
        paper.place(sell("0.5"))


def test_cancel_releases_what_was_held_and_keeps_what_was_filled() -> None:
    paper = exchange(FEES)
    placed = paper.place(buy("3", "100.1"))

    assert paper.cancel(placed.id) is placed

    assert placed.status is PaperOrderStatus.CANCELLED
    assert placed.reason == "cancelled on request"
    assert placed.filled_size == D("1")
    assert paper.balances["USD"] == PaperBalance(total=D("899.6397"), held=D(0), available=D("899.6397"))
    assert paper.on_book(book(bids=(), asks=levels(("99", "9")))) == []


def test_cancelling_what_is_done_or_unknown_is_refused() -> None:
    paper = exchange()
    filled = paper.place(buy("1"))

    rested = paper.place(buy("1", "100.0"))
    paper.on_book(book(bids=(), asks=levels(("100.0", "1"))))

    with pytest.raises(Rejected, match="order: paper-1 is already filled"):
        paper.cancel(filled.id)
    with pytest.raises(Rejected, match="order: paper-2 is already filled"):
        paper.cancel(rested.id)
    with pytest.raises(Rejected, match="order: there is no 'paper-9'"):
        paper.cancel("paper-9")


def test_long_amounts_stay_exact_whatever_the_callers_context() -> None:
    fine = replace(RULES, price_tick=D("1e-15"), size_step=D("1e-18"))
    with localcontext(Context(prec=3)):
        paper = PaperExchange(fine, fees=FEES, balances={"USD": D("123456789012345678"), "BTC": D(0)})
        paper.on_book(book(bids=(), asks=levels(("12345.678901234567891", "9.123456789012345678"))))
        placed = paper.place(buy("9.123456789012345678", "12345.678901234567891"))
        total = paper.balances["USD"].total

    assert placed.status is PaperOrderStatus.FILLED
    with localcontext(Context(prec=100, traps=[Inexact])):
        cost = D("12345.678901234567891") * D("9.123456789012345678")
        assert placed.cost[Liquidity.TAKER] == cost
        assert total == D("123456789012345678") - cost - placed.fee[Liquidity.TAKER]
        assert 0 <= placed.fee[Liquidity.TAKER] - cost * FEES.taker < D("0.0001")


# Refusals: what is wrong, and what would do.


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (buy("1", "100.05"), "price: 100.05 is not a multiple of 0.1; use 100 or 100.1"),
        (buy("1", "0.05"), "price: 0.05 is not a multiple of 0.1; use 0.1"),
        (buy("1", "0"), "price: 0 is not an amount; use a positive number"),
        (buy("1", "NaN"), "price: NaN is not an amount; use a positive number"),
        (buy("1", "1E+18"), "price: 1E+18 is not an amount; use a positive number"),
        (buy("0.100000001"), "size: 0.100000001 is not a multiple of 0.00000001; use 0.1 or 0.10000001"),
        (sell("-1"), "size: -1 is not an amount; use a positive number"),
        (sell("Infinity"), "size: Infinity is not an amount; use a positive number"),
        (sell("1E-500"), "size: 1E-500 is not a multiple of 0.00000001; use 0.00000001"),
        (buy("0.00004"), "size: 0.00004 is below the minimum; use at least 0.00005"),
        (buy("0.001"), "size: a cost of 0.1001 USD is below the minimum of 0.5; use a larger size"),
        (sell("0.001", "400.0"), "size: a cost of 0.4 USD is below the minimum of 0.5; use a larger size"),
        (
            OrderRequest(TradingPair("ETH", "USD"), Side.BUY, OrderType.MARKET, D("1")),
            "pair: ETH-USD is not traded here; use BTC-USD",
        ),
    ],
)
def test_order_against_the_rules_is_refused_with_the_remedy(request_: OrderRequest, message: str) -> None:
    paper = exchange()

    with pytest.raises(Rejected) as refusal:
        paper.place(request_)

    assert refusal.value.message == message
    assert refusal.value.pair == "BTC-USD"
    kept = paper.orders["paper-1"]
    assert (kept.status, kept.reason, kept.fills) == (PaperOrderStatus.REJECTED, message, [])
    assert totals(paper) == {"BTC": D("10"), "USD": D("1000")}


def test_number_of_absurdly_many_digits_is_refused_not_rounded() -> None:
    with pytest.raises(Rejected, match=r"is not a multiple of 0\.1; use 100 or 100\.1"):
        exchange().place(buy("1", "100.0" + "0" * 300 + "1"))


def test_tick_need_not_be_a_power_of_ten() -> None:
    quarters = replace(RULES, price_tick=D("0.25"))

    with pytest.raises(Rejected, match=r"price: 99\.3 is not a multiple of 0\.25; use 99\.25 or 99\.5"):
        exchange(rules=quarters).place(buy("1", "99.3"))
    assert exchange(rules=quarters).place(buy("1", "99.25")).status is PaperOrderStatus.OPEN


def test_order_of_exactly_the_minimum_cost_is_taken() -> None:
    assert exchange().place(buy("0.005", "100.0")).status is PaperOrderStatus.OPEN


def test_pair_without_a_cost_minimum_takes_any_cost() -> None:
    paper = exchange(rules=replace(RULES, min_cost=None))

    assert paper.place(buy("0.00005")).status is PaperOrderStatus.FILLED


def test_pair_that_does_not_trade_takes_no_order() -> None:
    paper = exchange(rules=replace(RULES, status="cancel_only", is_trading=False))

    with pytest.raises(Rejected, match="pair: BTC-USD is cancel_only; wait until it trades"):
        paper.place(buy("1"))


def test_order_before_the_first_book_is_refused() -> None:
    paper = PaperExchange(RULES, fees=FEES, balances={"USD": D(1000)})

    with pytest.raises(Rejected, match="book: none seen yet"):
        paper.place(buy("1", "100"))


def test_book_of_another_pair_is_refused() -> None:
    with pytest.raises(UsageError, match="a book of ETH-USD, but this exchange trades BTC-USD"):
        exchange().on_book(BookSnapshot(TradingPair("ETH", "USD"), (), ()))


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1E+18"])
def test_starting_balance_that_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="starting balance of USD"):
        PaperExchange(RULES, fees=FEES, balances={"USD": D(amount)})


@pytest.mark.parametrize(("rate", "decimals"), [("-0.001", 8), ("1", 8), ("NaN", 8), ("0.1", -1)])
def test_fees_that_are_no_fractions_are_refused(rate: str, decimals: int) -> None:
    with pytest.raises(ValueError, match="fees are fractions"):
        Fees(D(0), D(rate), decimals)


def test_default_clock_is_aware_and_now() -> None:
    paper = PaperExchange(RULES, fees=FEES, balances={"USD": D(1000)})
    paper.on_book(book())
    before = datetime.now(UTC)

    assert before <= paper.place(buy("1")).fills[0].filled_at <= datetime.now(UTC)


# Any history of orders, cancels and books.

COARSE = replace(RULES, size_step=D("0.01"), min_size=D("0.01"), min_cost=None)
prices = st.integers(990, 1010).map(lambda ticks: Decimal(ticks).scaleb(-1))
sizes = st.integers(1, 400).map(lambda steps: Decimal(steps).scaleb(-2))


@st.composite
def books(draw: st.DrawFn) -> BookSnapshot:
    """A book that is not crossed, of up to four levels a side, thin or empty at times."""
    ticks = sorted(draw(st.sets(st.integers(985, 1015), max_size=8)))
    cut = draw(st.integers(0, len(ticks)))
    sized = [BookLevel(Decimal(tick).scaleb(-1), draw(sizes)) for tick in ticks]
    return BookSnapshot(BTC_USD, bids=tuple(sized[:cut][::-1]), asks=tuple(sized[cut:]))


class AnyHistory(RuleBasedStateMachine):
    """Books, orders and cancels in any order, against what the fills alone say must have happened."""

    @initialize(
        fees=st.builds(Fees, st.sampled_from([D(0), D("0.0016")]), st.sampled_from([D("0.0026")]), st.integers(0, 8)),
        usd=st.integers(0, 3000),
        btc=st.integers(0, 30),
        first=books(),
    )
    def open_account(self, fees: Fees, usd: int, btc: int, first: BookSnapshot) -> None:
        self.start = {"USD": D(usd), "BTC": D(btc)}
        self.paper = PaperExchange(COARSE, fees=fees, balances=self.start)
        self.fills: list[Fill] = []
        self.displayed: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}
        self.appeared: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}
        self.show(first)

    def show(self, snapshot: BookSnapshot) -> list[Fill]:
        for taker, side in ((Side.BUY, snapshot.asks), (Side.SELL, snapshot.bids)):
            before, appeared = self.displayed[taker], self.appeared[taker]
            for price, size in side:
                appeared[price] = appeared.get(price, D(0)) + max(size - before.get(price, D(0)), D(0))
            self.displayed[taker] = dict(side)
        self.snapshot = snapshot
        fills = self.paper.on_book(snapshot)
        self.fills += fills
        return fills

    @rule(snapshot=books())
    def move_book(self, snapshot: BookSnapshot) -> None:
        self.show(snapshot)

    @rule()
    def repeat_book(self) -> None:
        assert self.show(self.snapshot) == []

    @rule(side=st.sampled_from(Side), kind=st.sampled_from(OrderType), size=sizes, price=prices)
    def place(self, side: Side, kind: OrderType, size: Decimal, price: Decimal) -> None:
        before = self.paper.balances
        try:
            placed = self.paper.place(
                OrderRequest(BTC_USD, side, kind, size, None if kind is OrderType.MARKET else price)
            )
        except Rejected:
            assert self.paper.balances == before
            return
        assert kind is not OrderType.LIMIT_MAKER or not placed.fills
        assert kind is not OrderType.MARKET or placed.id not in self.resting()
        self.fills += placed.fills

    @precondition(lambda self: self.resting())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.paper.cancel(data.draw(st.sampled_from(sorted(self.resting()))))

    def resting(self) -> dict[str, PaperOrder]:
        live = (PaperOrderStatus.OPEN, PaperOrderStatus.PARTIALLY_FILLED)
        return {id_: placed for id_, placed in self.paper.orders.items() if placed.status in live}

    @invariant()
    def value_is_conserved(self) -> None:
        bought = [fill for fill in self.fills if fill.side is Side.BUY]
        sold = [fill for fill in self.fills if fill.side is Side.SELL]
        base_given = sum(fill.size for fill in sold) - sum(fill.size for fill in bought)
        quote_given = sum(fill.cost for fill in bought) - sum(fill.cost for fill in sold)
        fees = sum(fill.fee for fill in self.fills)
        now = totals(self.paper)

        assert now["BTC"] + base_given == self.start["BTC"]
        assert now["USD"] + quote_given + fees == self.start["USD"]

    @invariant()
    def nothing_is_held_or_spent_beyond_what_is_there(self) -> None:
        for balance in self.paper.balances.values():
            assert 0 <= balance.held <= balance.total
            assert balance.available == balance.total - balance.held >= 0
        if not self.resting():
            assert all(balance.held == 0 for balance in self.paper.balances.values())

    @invariant()
    def orders_agree_with_their_fills(self) -> None:
        assert [fill for placed in self.paper.orders.values() for fill in placed.fills] == sorted(
            self.fills, key=lambda fill: int(fill.order_id.removeprefix("paper-"))
        )
        for placed in self.paper.orders.values():
            filled = sum(fill.size for fill in placed.fills)
            assert placed.filled_size == filled <= placed.request.size
            assert (placed.status is PaperOrderStatus.FILLED) == (filled == placed.request.size)
            for fill in placed.fills:
                assert fill.size > 0
                assert fill.cost == fill.price * fill.size
                limit = placed.request.price
                assert limit is None or (fill.price <= limit if fill.side is Side.BUY else fill.price >= limit)

    @invariant()
    def fees_of_an_order_are_rounded_up_once(self) -> None:
        unit = D(1).scaleb(-self.paper.fees.decimals)
        for placed in self.paper.orders.values():
            for liquidity, rate in ((Liquidity.MAKER, self.paper.fees.maker), (Liquidity.TAKER, self.paper.fees.taker)):
                charged, due = placed.fee[liquidity], rate * placed.cost[liquidity]
                assert charged < due + unit
                # A sale too small to bear the rounding pays all that it brought.
                assert charged >= due or placed.request.side is Side.SELL

    @invariant()
    def no_more_was_filled_than_the_books_ever_offered(self) -> None:
        for side, reaches in ((Side.BUY, Decimal.__le__), (Side.SELL, Decimal.__ge__)):
            for limit in self.appeared[side]:
                filled = sum(f.size for f in self.fills if f.side is side and reaches(f.price, limit))
                assert filled <= sum(size for price, size in self.appeared[side].items() if reaches(price, limit))

    @invariant()
    def nothing_rests_that_the_book_could_still_fill(self) -> None:
        """An order that may only make, put where one rests, is not refused for taking."""
        for side, limit in {(placed.request.side, placed.request.price) for placed in self.resting().values()}:
            request = OrderRequest(BTC_USD, side, OrderType.LIMIT_MAKER, COARSE.min_size, limit)
            try:
                self.paper.cancel(self.paper.place(request).id)
            except Rejected as refusal:
                assert refusal.message.startswith("balance:")  # noqa: PT017 either outcome is right


AnyHistory.TestCase.settings = settings(max_examples=40, stateful_step_count=20)
# Many whole histories, each checked after every step.
test_any_history_conserves_value = pytest.mark.slow(AnyHistory.TestCase)
