"""The order book against a plain dictionary: sorted, cut, uncrossed, exact."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import CrossedBook, MalformedPayload
from connectors.order_book import OrderBook, digits_of
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


@pytest.mark.parametrize("bid", [b"100.1", b"100.2"])
def test_a_locked_or_crossed_book_is_refused(bid: bytes) -> None:
    with pytest.raises(CrossedBook, match=r"is not below best ask 100\.1"):
        new_book().apply([(bid, b"1.000")], [(b"100.1", b"1.000")])


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
