"""How large the orders of the check are, and what the book must give for them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.errors import Rejected
from connectors.paper import PaperExchange
from connectors.types import (
    BookLevel,
    BookSnapshot,
    Contract,
    OrderRequest,
    OrderType,
    PairRules,
    PositionSide,
    Side,
    TradingPair,
)
from monitoring.checks.paper_order_desk import (
    FEES,
    Proof,
    Record,
    TooThin,
    behind,
    cost_of,
    shown,
    small_order,
    smallest_size,
    tradable_size,
    walk,
)

PAIR = TradingPair("BTC", "USD")
RULES = PairRules(
    pair=PAIR,
    symbol="BTC/USD",
    status="online",
    is_trading=True,
    price_tick=Decimal("0.1"),
    size_step=Decimal("0.0001"),
    min_size=Decimal("0.005"),
    min_cost=Decimal(5),
    price_decimals=1,
    size_decimals=4,
)
PERPETUAL = replace(
    RULES,
    size_step=Decimal(1),
    min_size=Decimal(1),
    min_cost=None,
    contract=Contract(
        multiplier=Decimal("0.001"),
        settle_asset="USD",
        max_leverage=Decimal(10),
        initial_margin=Decimal("0.1"),
        maintenance_margin=Decimal("0.05"),
    ),
)


def levels(*pairs: tuple[str, str]) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(Decimal(price), Decimal(size)) for price, size in pairs)


BOOK = BookSnapshot(
    PAIR,
    bids=levels(("100.0", "1"), ("99.9", "2"), ("99.8", "3")),
    asks=levels(("100.2", "1"), ("100.3", "2"), ("100.4", "3")),
)


def test_an_order_reaches_into_the_second_level() -> None:
    size = tradable_size(BOOK, RULES, shares=1)

    assert size == Decimal("1.0001")
    assert walk(BOOK.asks, size) == [(Decimal("100.2"), Decimal(1)), (Decimal("100.3"), Decimal("0.0001"))]
    assert cost_of(BOOK.asks, size, RULES) == Decimal("100.21003")


def test_an_order_takes_no_more_than_its_share_of_the_thinner_side() -> None:
    thin = replace(BOOK, bids=levels(("100.0", "0.3")))

    assert tradable_size(thin, RULES, shares=1) == Decimal("0.3")
    assert tradable_size(thin, RULES, shares=2) == Decimal("0.15")


def test_an_order_is_as_large_as_the_rules_want_it_at_the_worst_price_in_sight() -> None:
    small_levels = replace(BOOK, asks=levels(("100.2", "0.001"), ("100.3", "9")))

    # 5 / 99.8 = 0.0501…, rounded up to a step
    assert tradable_size(small_levels, RULES, shares=1) == Decimal("0.0502")
    assert tradable_size(small_levels, replace(RULES, min_cost=None), shares=1) == Decimal("0.005")


@pytest.mark.parametrize(
    "book",
    [
        replace(BOOK, asks=()),
        replace(BOOK, bids=()),
        replace(BOOK, bids=levels(("100.0", "0.05"))),  # 5 USD at 100, but the size is rounded up
    ],
)
def test_a_book_that_fills_no_allowed_order_is_too_thin(book: BookSnapshot) -> None:
    with pytest.raises(TooThin):
        tradable_size(book, replace(RULES, min_size=Decimal("0.06")), shares=1)


def test_more_than_is_visible_cannot_be_walked() -> None:
    with pytest.raises(TooThin):
        walk(BOOK.asks, Decimal(7))


def test_the_value_of_contracts_counts_their_multiplier() -> None:
    assert cost_of(BOOK.asks, Decimal(2), PERPETUAL) == Decimal("0.2005")
    assert smallest_size(PERPETUAL, Decimal(100)) == 1
    assert smallest_size(replace(PERPETUAL, min_cost=Decimal("0.35")), Decimal(100)) == 4


def test_an_off_tick_price_is_moved_away_from_the_other_side() -> None:
    assert behind(Decimal("99.97"), RULES, Side.BUY) == Decimal("99.9")
    assert behind(Decimal("100.21"), RULES, Side.SELL) == Decimal("100.3")
    assert behind(Decimal("100.2"), RULES, Side.SELL) == Decimal("100.2")
    assert behind(Decimal("0.04"), RULES, Side.BUY) == Decimal("0.1")


def test_the_orders_for_the_venue_are_the_smallest_that_its_rules_allow() -> None:
    limit = small_order(RULES, BOOK, OrderType.LIMIT)
    market = small_order(RULES, BOOK, OrderType.MARKET)

    assert (limit.side, limit.order_type, limit.price) == (Side.BUY, OrderType.LIMIT, Decimal("98.0"))
    assert limit.size == Decimal("0.0511")  # 5 / 98 = 0.05102…
    assert (market.price, market.size) == (None, Decimal("0.05"))
    assert market.position_side is PositionSide.BOTH


def test_the_orders_for_the_venue_name_the_position_that_the_account_keeps() -> None:
    order = small_order(PERPETUAL, BOOK, OrderType.LIMIT_MAKER, PositionSide.LONG)

    assert (order.position_side, order.size) == (PositionSide.LONG, Decimal(1))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Decimal("1.500"), "", "1.5"),
        (Decimal("0.000"), "USD", "0 USD"),
        (Decimal("1E+3"), "BTC", "1000 BTC"),
        ("open", "", "open"),
    ],
)
def test_equal_amounts_are_shown_alike(value: object, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def account() -> tuple[Record, PaperExchange]:
    engine = PaperExchange(RULES, fees=FEES, balances={"USD": Decimal(1000)})
    engine.on_book(BOOK)
    return Record(lambda: 12.34, "BTC", "spot_"), engine


def test_an_order_that_must_be_refused_and_is_not_is_told() -> None:
    record, engine = account()
    takes = OrderRequest(PAIR, Side.BUY, OrderType.LIMIT_MAKER, Decimal(1), Decimal("100.2"))
    rests = OrderRequest(PAIR, Side.BUY, OrderType.LIMIT_MAKER, Decimal(1), Decimal("100.1"))

    record.place_refused("first", engine, takes)
    record.place_refused("second", engine, rests)

    assert record.proofs == [Proof("spot_first", "rejected", "rejected"), Proof("spot_second", "rejected", "open")]
    assert [leg.status for leg in record.legs] == ["rejected", "open"]


def test_an_order_of_ours_that_is_refused_is_recorded_before_it_raises() -> None:
    record, engine = account()

    with pytest.raises(Rejected):
        record.place("taker", engine, OrderRequest(PAIR, Side.BUY, OrderType.MARKET, Decimal("0.00001")))

    [leg] = record.legs
    assert (leg.name, leg.status, leg.book_age_ms) == ("spot_taker", "rejected", 12.3)
    assert leg.acknowledged_ms is not None


def test_an_order_that_is_filled_in_part_is_told_with_how_much() -> None:
    record, engine = account()
    order = record.place("taker", engine, OrderRequest(PAIR, Side.BUY, OrderType.MARKET, Decimal(7))).order

    record.expect_filled("taker", order, Decimal(700))

    assert record.proofs[0] == Proof("spot_taker_filled", "7 BTC filled", "6 BTC cancelled")
    assert record.proofs[1].seen == "602 USD"
