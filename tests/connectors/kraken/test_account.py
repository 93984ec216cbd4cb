"""Kraken's accounts: balances, permissions, validated orders, and the private stream."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors import errors
from connectors.kraken import Kraken, socket
from connectors.sandbox import KrakenSandbox, Permission
from connectors.types import KeyPermissions, OrderRequest, OrderType, Side
from tests.connectors.kraken.conftest import BTC_USD


async def test_recorded_balance_is_in_our_spelling(recorded: Kraken) -> None:
    assert await recorded.balances() == {
        "USD": Decimal("200000.00"),
        "BTC": Decimal("0.5"),
        "ETH": Decimal("2.0"),
    }


async def test_a_key_without_the_permission_is_told_apart(venue: KrakenSandbox) -> None:
    reader = venue.add_key({Permission.QUERY_FUNDS})
    async with Kraken(urls=venue.urls, credentials=reader) as connector:
        await connector.balances()
        with pytest.raises(errors.PermissionDenied):
            await connector.validate_order(
                OrderRequest(BTC_USD, Side.BUY, OrderType.LIMIT, Decimal("0.001"), Decimal("20000.0"))
            )


async def test_documented_permissions_are_told_in_the_venues_words(recorded: Kraken) -> None:
    assert await recorded.key_permissions() == KeyPermissions(
        may_trade=True,
        may_withdraw=True,
        said=("query-funds", "withdraw-funds", "query-open-trades", "modify-trades"),
    )


async def test_a_key_that_only_reads_may_neither_trade_nor_withdraw(venue: KrakenSandbox) -> None:
    reader = venue.add_key({Permission.QUERY_FUNDS})
    async with Kraken(urls=venue.urls, credentials=reader) as connector:
        assert await connector.key_permissions() == KeyPermissions(
            may_trade=False, may_withdraw=False, said=("query-funds",)
        )
        venue.faults.switch_on("withdraw_permission")
        assert (await connector.key_permissions()).may_withdraw


async def test_a_market_order_is_validated_without_a_price(kraken: Kraken) -> None:
    said = await kraken.validate_order(OrderRequest(BTC_USD, Side.SELL, OrderType.MARKET, Decimal("0.01")))

    assert said == "sell 0.01000000 XBTUSD @ market"


async def test_the_private_stream_accepts_our_key(kraken: Kraken) -> None:
    await kraken.private_stream_ack()


async def test_the_private_stream_refuses_a_key_without_access(venue: KrakenSandbox) -> None:
    reader = venue.add_key({Permission.QUERY_FUNDS})
    async with Kraken(urls=venue.urls, credentials=reader) as connector:
        with pytest.raises(errors.AuthRejected):
            await connector.private_stream_ack()


async def test_a_private_stream_that_is_cut_is_named(venue: KrakenSandbox, kraken: Kraken) -> None:
    venue.faults.switch_on("drop", where="ws")

    with pytest.raises(errors.TransportError):
        await kraken.private_stream_ack()


@pytest.mark.parametrize(("fault", "kind"), [("silence", errors.Timeout), ("malformed", errors.MalformedPayload)])
async def test_a_private_stream_that_gives_no_answer_is_named(
    venue: KrakenSandbox, kraken: Kraken, monkeypatch: pytest.MonkeyPatch, fault: str, kind: type[Exception]
) -> None:
    monkeypatch.setattr(socket, "ACK_TIMEOUT_S", 0.1)
    venue.faults.switch_on(fault, **({"where": "ws"} if fault == "malformed" else {}))

    with pytest.raises(kind):
        await kraken.private_stream_ack()
