"""The order book against a plain dictionary: sorted, cut, uncrossed, exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import CrossedBook, LockedBook, MalformedPayload
from connectors.order_book import THIN, NumberedSide, OrderBook, digits_of
from connectors.types import BookLevel, TradingPair

PAIR = TradingPair("BTC", "USD")
DEPTH = 5


def new_book(depth: int = DEPTH) -> OrderBook:
    return OrderBook(PAIR, depth=depth, price_decimals=1, size_decimals=3)


def wire(units: int, decimals: int) -> bytes:
    return f"{Decimal(units).scaleb(-decimals):.{decimals}f}".encode()


@pytest.mark.parametrize(
    ("text", "decimals", "digits"),
    [
        (b"83743.4", 1, b"837434"),
        (b"0.00044780", 8, b"44780"),
        (b"0.00000000", 8, b""),
        (b"29431", 1, b"294310"),
        (b"0.001", 8, b"100000"),
        (b"1e-08", 8, b"1"),
        (b"1E-8", 8, b"1"),
        (b"12345678901234567890.12345678", 8, b"1234567890123456789012345678"),
        (b"1234567890123456789012345678", 0, b"1234567890123456789012345678"),
        (b"5", 0, b"5"),
    ],
)
def test_a_number_becomes_its_digits_exactly(text: bytes, decimals: int, digits: bytes) -> None:
    assert digits_of(text, decimals) == digits


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b'"1.0"',
        b"-1.0",
        b"1.05",
        b"NaN",
        b"Infinity",
        b"\xff.0",
        b"1.0.0",
        b"1e400000",
        b"9" * 5_000,
        b"123456789012345678901234567890.5",
    ],
)
def test_what_is_no_number_of_that_many_decimals_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedPayload):
        digits_of(text, 1)


def test_levels_are_read_as_exact_decimals_best_first() -> None:
    book = new_book()
    book.apply([(b"99.9", b"1.500"), (b"100.0", b"0.010")], [(b"100.2", b"2.000"), (b"100.1", b"0.001")])

    assert book.best_bid == BookLevel(Decimal("100.0"), Decimal("0.010"))
    assert book.best_ask == BookLevel(Decimal("100.1"), Decimal("0.001"))
    assert [level.price for level in book.snapshot().bids] == [Decimal("100.0"), Decimal("99.9")]
    assert [level.price for level in book.snapshot(1).asks] == [Decimal("100.1")]
    assert book.spread == Decimal("0.1")


def test_an_empty_side_has_no_best_price_and_no_spread() -> None:
    book = new_book()
    book.apply([], [(b"100.1", b"0.001")])

    assert book.best_bid is None
    assert book.spread is None


@pytest.mark.parametrize(
    ("bid", "kind", "message"),
    [(b"100.1", LockedBook, "are both 100.1"), (b"100.2", CrossedBook, "100.2 is above best ask 100.1")],
)
def test_a_locked_or_crossed_book_is_refused(bid: bytes, kind: type[CrossedBook], message: str) -> None:
    with pytest.raises(CrossedBook, match=message) as refused:
        new_book().apply([(bid, b"1.000")], [(b"100.1", b"1.000")])

    assert type(refused.value) is kind


def test_a_crossing_within_one_message_is_judged_only_when_it_is_whole() -> None:
    book = new_book()
    book.apply([(b"100.0", b"1.000")], [(b"100.1", b"1.000")])

    book.apply([(b"100.1", b"1.000")], [(b"100.1", b"0.000"), (b"100.2", b"1.000")])

    assert book.spread == Decimal("0.1")


def test_a_level_at_price_zero_is_refused() -> None:
    with pytest.raises(MalformedPayload, match="price zero"):
        new_book().apply([(b"0.0", b"1.000")], [])


def test_the_best_index_that_changed_is_told_for_each_side() -> None:
    book = new_book()
    book.apply([(b"99.9", b"1.000"), (b"99.8", b"1.000"), (b"99.7", b"1.000")], [])

    assert book.apply([(b"99.7", b"2.000"), (b"99.8", b"3.000")], []) == (1, DEPTH)
    assert book.apply([(b"1.0", b"0.000")], []) == (DEPTH, DEPTH)


prices = st.integers(min_value=1, max_value=40)
sizes = st.integers(min_value=0, max_value=3_000)
changes = st.lists(st.lists(st.tuples(st.sampled_from(["bids", "asks"]), prices, sizes), max_size=6), max_size=30)


@given(changes)
def test_any_run_of_messages_equals_a_plain_dictionary(messages: list[list[tuple[str, int, int]]]) -> None:
    """Asks live above 1,000 and bids below, so that only the cutting and the order are at stake."""
    book = new_book()
    model: dict[str, dict[int, int]] = {"bids": {}, "asks": {}}
    for message in messages:
        levels: dict[str, list[tuple[bytes, bytes]]] = {"bids": [], "asks": []}
        for side, offset, size in message:
            price = 1_000 + offset if side == "asks" else 1_000 - offset
            levels[side].append((wire(price, 1), wire(size, 3)))
            model[side].pop(price, None)
            if size:
                model[side][price] = size
        book.apply(levels["bids"], levels["asks"])
        for side, best_last in (("bids", False), ("asks", True)):
            kept = sorted(model[side], reverse=not best_last)[:DEPTH]
            model[side] = {price: model[side][price] for price in kept}

    for side, reverse in (("bids", True), ("asks", False)):
        expected = [
            BookLevel(Decimal(price) / 10, Decimal(model[side][price]) / 1000)
            for price in sorted(model[side], reverse=reverse)
        ]
        assert list(getattr(book.snapshot(), side)) == expected


@given(changes, st.data())
def test_how_changes_are_cut_into_messages_does_not_matter_while_nothing_falls_off(
    messages: list[list[tuple[str, int, int]]], data: st.DataObject
) -> None:
    flat = [change for message in messages for change in message]
    cut = data.draw(st.integers(min_value=0, max_value=len(flat)))
    whole, halves = new_book(depth=100), new_book(depth=100)

    def levels(part: list[tuple[str, int, int]], side: str) -> list[tuple[bytes, bytes]]:
        sign = 1 if side == "asks" else -1
        return [(wire(1_000 + sign * offset, 1), wire(size, 3)) for name, offset, size in part if name == side]

    whole.apply(levels(flat, "bids"), levels(flat, "asks"))
    for part in (flat[:cut], flat[cut:]):
        halves.apply(levels(part, "bids"), levels(part, "asks"))

    assert whole.snapshot() == halves.snapshot()


# Sides that come as single changes to a snapshot.


def numbered(*prices: int, is_cut: bool = False, least: int = 0) -> NumberedSide:
    """Asks of size 1 at these prices, of which the best two are shown."""
    side = NumberedSide(1, 2, 1, 3)
    side.load([BookLevel(Decimal(price), Decimal(1)) for price in prices], is_cut=is_cut, least=least)
    return side


def prices_of(side: NumberedSide) -> list[int]:
    return [key // 10 for key in side.keys]


def test_a_snapshot_is_sorted_and_empty_levels_are_none() -> None:
    side = NumberedSide(-1, 5, 1, 3)
    side.load(
        [
            BookLevel(Decimal(1), Decimal(2)),
            BookLevel(Decimal(3), Decimal("0.0")),
            BookLevel(Decimal(2), Decimal("4E-3")),
        ],
        is_cut=False,
        least=0,
    )

    assert side.levels() == (BookLevel(Decimal(2), Decimal("0.004")), BookLevel(Decimal(1), Decimal(2)))


@pytest.mark.parametrize("size", ["NaN", "Infinity", "-1"])
def test_a_snapshot_with_a_size_that_is_none_is_refused(size: str) -> None:
    with pytest.raises(MalformedPayload, match="not a size"):
        NumberedSide(1, 2, 1, 3).load([BookLevel(Decimal(1), Decimal(size))], is_cut=False, least=0)


def test_only_the_depth_of_a_numbered_side_is_shown_and_the_rest_is_ready_to_move_up() -> None:
    side = numbered(10, 11, 12)

    assert side.levels() == (BookLevel(Decimal(10), Decimal(1)), BookLevel(Decimal(11), Decimal(1)))
    side.change("10", "0")
    assert side.level(1).price == 12


def test_a_cut_side_says_when_it_is_short_and_what_it_does_not_know() -> None:
    side = numbered(10, 11, 12, is_cut=True, least=2)

    assert side.change("10", "0") == 0
    assert not side.is_short
    assert side.change("11", "0") == THIN
    assert side.is_short
    assert side.knows(1)
    assert not side.knows(2)
    assert numbered(10).knows(2)


def test_a_side_that_is_kept_whole_by_the_venue_is_always_known() -> None:
    assert new_book().bids.knows(5)


def test_a_side_far_longer_than_any_snapshot_gives_its_far_half_up() -> None:
    side = numbered(10)
    for price in range(11, 10 + side.MOST_LEVELS):
        side.change(str(price), "1")
    assert len(side.keys) == side.MOST_LEVELS

    side.change("9", "1")

    assert len(side.keys) == len(side.sizes) == side.MOST_LEVELS // 2
    assert prices_of(side)[0] == 9
    last = prices_of(side)[-1]
    side.change(str(last + 1), "5")
    assert prices_of(side)[-1] == last


def test_the_texts_of_prices_are_not_kept_without_end() -> None:
    side = numbered(10, is_cut=True)
    for price in range(side.MOST_PRICES + 10):
        side.change(str(100 + price), "1")

    assert len(side._key_of) <= side.MOST_PRICES
    side.change("10", "7")
    assert side.level(0).size == 7


def test_a_book_that_is_not_crossed_is_not_refused() -> None:
    book = new_book()
    book.refuse_crossed()
    book.apply([(b"100.0", b"1.000")], [(b"100.1", b"1.000")])

    book.refuse_crossed()
