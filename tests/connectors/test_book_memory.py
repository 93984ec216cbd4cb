"""The memory of a book: found again at exactly its sequence, waited for, forgotten in order."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from connectors.book_memory import BookMemory
from connectors.order_book import NumberedSide, OrderBook
from connectors.types import BookLevel, TradingPair

PAIR = TradingPair("BTC", "USDT")


@pytest.fixture
def book() -> OrderBook:
    return OrderBook(PAIR, depth=20, price_decimals=1, size_decimals=8, side=NumberedSide)


def put(book: OrderBook, sequence: int, price: str, size: str) -> None:
    assert isinstance(book.bids, NumberedSide)
    book.bids.change(price, size)
    book.sequence = sequence


async def test_a_book_is_found_as_it_was_at_its_sequence(book: OrderBook) -> None:
    memory = BookMemory(levels=1, last=10)
    put(book, 5, "100.0", "1")
    memory.note(book)
    put(book, 7, "100.1", "2")
    memory.note(book)
    put(book, 8, "100.1", "3")

    was = await memory.at(5, timeout_s=0.01)

    assert was is not None
    assert (was.sequence, was.bids) == (5, (BookLevel(Decimal("100.0"), Decimal(1)),))
    assert await memory.at(6, timeout_s=0.01) is None  # inside a frame
    assert memory.newest == 7


async def test_what_is_not_there_yet_is_waited_for(book: OrderBook) -> None:
    memory = BookMemory(levels=1, last=10)
    asked = asyncio.create_task(memory.at(9, timeout_s=5))
    await asyncio.sleep(0)
    put(book, 8, "100.0", "1")
    memory.note(book)
    await asyncio.sleep(0)
    put(book, 9, "100.0", "2")
    memory.note(book)

    was = await asked

    assert was is not None
    assert was.bids[0].size == 2


async def test_a_stream_that_does_not_get_there_is_not_waited_for_without_end() -> None:
    assert await BookMemory(levels=1, last=10).at(9, timeout_s=0.01) is None


async def test_a_book_of_which_too_little_is_known_proves_nothing(book: OrderBook) -> None:
    assert isinstance(book.bids, NumberedSide)
    book.bids.load((BookLevel(Decimal(100 - index), Decimal(1)) for index in range(3)), is_cut=True, least=2)
    memory = BookMemory(levels=3, last=10)
    put(book, 5, "100", "2")
    memory.note(book)
    put(book, 6, "100", "0")
    memory.note(book)

    assert await memory.at(5, timeout_s=0.01) is not None
    assert await memory.at(6, timeout_s=0.01) is None
    assert memory.newest == 6


async def test_the_oldest_is_forgotten_first(book: OrderBook) -> None:
    memory = BookMemory(levels=1, last=2)
    for sequence in (1, 2, 3):
        put(book, sequence, "100.0", str(sequence))
        memory.note(book)

    assert await memory.at(1, timeout_s=0.01) is None
    assert await memory.at(2, timeout_s=0.01) is not None
