"""Pairs parse strictly, orders refuse nonsense, secrets do not print, clocks are compared at the midpoint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.errors import UnknownPair
from connectors.types import Credentials, OrderRequest, OrderType, ServerTime, Side, TradingPair

BTC_USD = TradingPair("BTC", "USD")


def test_a_pair_is_read_in_either_case() -> None:
    assert TradingPair.parse(" btc-usd ") == BTC_USD
    assert str(BTC_USD) == "BTC-USD"


@pytest.mark.parametrize("text", ["", "BTC", "BTC-", "-USD", "BTC/USD", "A-B-C"])
def test_what_is_not_a_pair_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnknownPair, match="write BASE-QUOTE, like BTC-USD"):
        TradingPair.parse(text)


@pytest.mark.parametrize(("order_type", "price"), [(OrderType.MARKET, Decimal(1)), (OrderType.LIMIT, None)])
def test_an_order_has_a_price_exactly_when_its_type_needs_one(order_type: OrderType, price: Decimal | None) -> None:
    with pytest.raises(ValueError, match="price"):
        OrderRequest(BTC_USD, Side.BUY, order_type, Decimal(1), price)


def test_credentials_do_not_print() -> None:
    assert "hush" not in repr(Credentials("hush-key", "hush-secret", "hush-phrase"))


def test_clock_offset_is_taken_at_the_midpoint_of_call_and_tick() -> None:
    sent = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
    whole_second = ServerTime(
        venue_time=sent + timedelta(seconds=3),
        sent_at=sent,
        received_at=sent + timedelta(milliseconds=200),
        resolution_ms=1000,
    )

    assert whole_second.round_trip_ms == 200
    assert whole_second.offset_ms == 3400  # 3.5 s, the middle of the printed second, minus 0.1 s
