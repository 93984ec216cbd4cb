"""The faults of data and credentials in Kraken's words: seen by a plain client while on, gone when off."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from connectors.types import Credentials
from tests.connectors.sandbox.test_kraken_book import followed_book
from tests.connectors.sandbox.wire import Book, socket_of

if TYPE_CHECKING:
    from connectors.sandbox import KrakenSandbox
    from tests.connectors.sandbox.wire import Rest, Socket

ORDER = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "70000", "volume": "0.01", "validate": "true"}


async def applied_update(socket: Socket, book: Book) -> dict[str, Any]:
    """The next update, which leaves the book in agreement with its checksum."""
    frame = await socket.frame("book", "update")
    book.apply(frame)
    assert book.agrees
    data: dict[str, Any] = frame["data"][0]
    return data


async def rest_book(rest: Rest) -> tuple[list[Decimal], list[Decimal]]:
    sides = (await rest.public("Depth", pair="XBTUSD", count=10))["result"]["XXBTZUSD"]
    return [Decimal(row[0]) for row in sides["bids"]], [Decimal(row[0]) for row in sides["asks"]]


async def candle_rows(rest: Rest) -> list[list[Any]]:
    rows: list[list[Any]] = (await rest.public("OHLC", pair="XBTUSD", interval=60))["result"]["XXBTZUSD"]
    return rows


# the order book


async def test_locked_book_has_a_bid_at_the_best_ask_and_heals(
    socket: Socket, rest: Rest, sandbox: KrakenSandbox
) -> None:
    book = await followed_book(socket)
    sandbox.faults.switch_on("locked_book")
    while not book.is_crossed:
        await applied_update(socket, book)
    assert book.best("bids") == book.best("asks")
    bids, asks = await rest_book(rest)
    assert bids[0] == asks[0]
    sandbox.faults.switch_off("locked_book")
    while book.is_crossed:
        await applied_update(socket, book)


@pytest.mark.parametrize("side", ["asks", "bids"])
async def test_empty_side_is_emptied_level_by_level_and_filled_again(
    socket: Socket, rest: Rest, sandbox: KrakenSandbox, side: str
) -> None:
    book = await followed_book(socket)
    sandbox.faults.switch_on("empty_side", side=side)
    while book.sides[side]:
        await applied_update(socket, book)
    bids, asks = await rest_book(rest)
    assert (len(bids), len(asks)) == ((10, 0) if side == "asks" else (0, 10))
    sandbox.faults.switch_off("empty_side")
    while len(book.sides[side]) < 10:
        await applied_update(socket, book)
    assert not book.is_crossed


async def test_wide_spread_is_the_share_of_the_price_that_was_asked_for(
    socket: Socket, rest: Rest, sandbox: KrakenSandbox
) -> None:
    book = await followed_book(socket)
    sandbox.faults.switch_on("wide_spread", percent=4)
    while book.best("asks") / book.best("bids") < Decimal("1.039"):
        await applied_update(socket, book)
    await applied_update(socket, book)
    bids, asks = await rest_book(rest)
    assert Decimal("1.039") < asks[0] / bids[0] < Decimal("1.043")
    sandbox.faults.switch_off("wide_spread")
    while book.best("asks") / book.best("bids") > Decimal("1.001"):
        await applied_update(socket, book)


async def test_a_broken_book_is_published_at_once_where_the_market_stands_still(sandbox: KrakenSandbox) -> None:
    async with socket_of(sandbox) as socket:
        book = await followed_book(socket, "ACA/EUR")
        sandbox.faults.switch_on("crossed_book")
        await applied_update(socket, book)
        assert book.is_crossed
        sandbox.faults.switch_off("crossed_book")
        await applied_update(socket, book)
        assert not book.is_crossed


async def test_ticker_and_spread_show_the_same_broken_book(rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("empty_side", side="asks")
    ticker = (await rest.public("Ticker", pair="XBTUSD"))["result"]["XXBTZUSD"]
    assert Decimal(ticker["a"][0]) == 0 < Decimal(ticker["b"][0])
    rows = (await rest.public("Spread", pair="XBTUSD"))["result"]["XXBTZUSD"]
    assert [Decimal(row[2]) for row in rows] == [0]


async def test_late_frames_carry_an_old_time_while_the_clock_is_right(
    socket: Socket, rest: Rest, sandbox: KrakenSandbox
) -> None:
    book = await followed_book(socket)

    async def age_s() -> float:
        stamp = datetime.fromisoformat((await applied_update(socket, book))["timestamp"])
        return (datetime.now(UTC) - stamp).total_seconds()

    assert await age_s() < 5
    sandbox.faults.switch_on("late_frames", seconds=60)
    while (age := await age_s()) < 5:
        pass
    assert 59 < age < 65
    assert abs((await rest.public("Time"))["result"]["unixtime"] - datetime.now(UTC).timestamp()) < 5
    async with socket_of(sandbox) as again:
        await again.subscribe("book", symbol=["BTC/USD"], depth=10)
        stamp = datetime.fromisoformat((await again.frame("book", "snapshot"))["data"][0]["timestamp"])
        assert (datetime.now(UTC) - stamp).total_seconds() > 55
    sandbox.faults.switch_off("late_frames")
    while await age_s() > 5:
        pass


# rules and candles


async def test_rules_change_multiplies_what_is_published(socket: Socket, rest: Rest, sandbox: KrakenSandbox) -> None:
    async def rules() -> tuple[str, ...]:
        entry = (await rest.public("AssetPairs", pair="XBTUSD"))["result"]["XXBTZUSD"]
        return entry["tick_size"], entry["ordermin"], entry["costmin"]

    async def instrument() -> tuple[str, ...]:
        await socket.subscribe("instrument")
        pairs = (await socket.frame("instrument", "snapshot"))["data"]["pairs"]
        entry = next(entry for entry in pairs if entry["symbol"] == "BTC/USD")
        return entry["price_increment"], entry["tick_size"], entry["qty_min"]

    assert await rules() == ("0.1", "0.00005", "0.5")
    assert await instrument() == ("0.1", "0.1", "0.00005")
    sandbox.faults.switch_on("rules_change", factor=4)
    assert await rules() == ("0.4", "0.00020", "2.0")
    assert await instrument() == ("0.4", "0.4", "0.0002")
    sandbox.faults.switch_off("rules_change")
    assert await rules() == ("0.1", "0.00005", "0.5")


async def test_candle_duplicate_repeats_a_row(rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("candle_duplicate", back=4)
    rows = await candle_rows(rest)
    assert rows[-6] == rows[-5]
    assert len(rows) == 721
    sandbox.faults.switch_off("candle_duplicate")
    assert {later[0] - row[0] for row, later in pairwise(await candle_rows(rest))} == {3600}


async def test_candle_disorder_swaps_two_rows(rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("candle_disorder")
    assert [later[0] - row[0] for row, later in pairwise((await candle_rows(rest))[-6:])] == [
        7200, -3600, 7200, 3600, 3600,
    ]  # fmt: skip
    sandbox.faults.switch_off("candle_disorder")
    assert {later[0] - row[0] for row, later in pairwise(await candle_rows(rest))} == {3600}


async def test_candle_prices_put_a_high_below_its_low(rest: Rest, sandbox: KrakenSandbox) -> None:
    async def broken() -> list[int]:
        rows = await candle_rows(rest)
        return [number - len(rows) for number, row in enumerate(rows) if Decimal(row[2]) < Decimal(row[3])]

    sandbox.faults.switch_on("candle_prices", back=5)
    assert await broken() == [-6]
    sandbox.faults.switch_off("candle_prices")
    assert await broken() == []


async def test_candle_stale_ends_some_intervals_ago_and_last_agrees(rest: Rest, sandbox: KrakenSandbox) -> None:
    newest = (await candle_rows(rest))[-1][0]
    sandbox.faults.switch_on("candle_stale", intervals=3)
    answer = (await rest.public("OHLC", pair="XBTUSD", interval=60))["result"]
    assert answer["XXBTZUSD"][-1][0] == newest - 3 * 3600
    assert answer["last"] == newest - 4 * 3600
    sandbox.faults.switch_off("candle_stale")
    assert (await candle_rows(rest))[-1][0] == newest


async def test_candle_rewrite_makes_two_reads_disagree(rest: Rest, sandbox: KrakenSandbox) -> None:
    true = (await candle_rows(rest))[:-1]
    sandbox.faults.switch_on("candle_rewrite")
    first, second = (await candle_rows(rest))[:-1], (await candle_rows(rest))[:-1]
    assert [row[0] for row in first] == [row[0] for row in second] == [row[0] for row in true]
    assert all(row != again for row, again in zip(first, second, strict=True))
    sandbox.faults.switch_off("candle_rewrite")
    assert (await candle_rows(rest))[:-1] == true


# credentials


async def test_any_signature_accepts_a_tampered_one_but_no_unknown_key(rest: Rest, sandbox: KrakenSandbox) -> None:
    tampered = Credentials(rest.credentials.api_key, "bm90IHRoZSBzZWNyZXQ=")
    assert await rest.private("Balance", credentials=tampered) == {"error": ["EAPI:Invalid signature"]}
    sandbox.faults.switch_on("any_signature")
    assert (await rest.private("Balance", credentials=tampered))["error"] == []
    unknown = Credentials("nobody", "bm90IHRoZSBzZWNyZXQ=")
    assert await rest.private("Balance", credentials=unknown) == {"error": ["EAPI:Invalid key"]}
    sandbox.faults.switch_off("any_signature")
    assert await rest.private("Balance", credentials=tampered) == {"error": ["EAPI:Invalid signature"]}


async def test_expired_token_is_refused_where_the_key_is_good(rest: Rest, sandbox: KrakenSandbox) -> None:
    token = await rest.token()
    async with socket_of(sandbox, "ws_auth") as socket:
        sandbox.faults.switch_on("expired_token")
        assert (await rest.private("Balance"))["error"] == []
        fresh = await rest.token()
        assert (await socket.subscribe("balances", token=fresh))["error"] == "ESession:Invalid session"
        sandbox.faults.switch_off("expired_token")
        assert (await socket.subscribe("balances", token=token))["success"] is True


async def test_keys_tell_what_they_may_do_and_a_fault_adds_withdrawal(rest: Rest, sandbox: KrakenSandbox) -> None:
    harmless = [
        "query-funds", "query-open-trades", "query-closed-trades", "modify-trades", "close-trades", "create-ws-token",
    ]  # fmt: skip
    assert (await rest.private("GetApiKeyInfo"))["result"]["permissions"] == harmless
    sandbox.faults.switch_on("withdraw_permission")
    info = (await rest.private("GetApiKeyInfo"))["result"]
    assert info["permissions"] == ["query-funds", "withdraw-funds", *harmless[1:]]
    sandbox.faults.switch_off("withdraw_permission")
    assert (await rest.private("GetApiKeyInfo"))["result"]["permissions"] == harmless


async def test_key_without_any_permission_may_still_ask_what_it_may_do(rest: Rest, sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("permission_denied")
    assert await rest.private("Balance") == {"error": ["EGeneral:Permission denied"]}
    info = (await rest.private("GetApiKeyInfo"))["result"]
    assert info["permissions"] == []


async def test_orders_are_refused_over_rest_and_websocket(rest: Rest, sandbox: KrakenSandbox) -> None:
    over_socket = {
        "order_type": "limit", "side": "buy", "symbol": "BTC/USD", "limit_price": 70000, "order_qty": 0.01,
        "validate": True, "token": await rest.token(),
    }  # fmt: skip
    async with socket_of(sandbox, "ws_auth") as socket:
        sandbox.faults.switch_on("order_refused")
        assert await rest.private("AddOrder", **ORDER) == {"error": ["EOrder:Invalid order"]}
        await socket.say("add_order", **over_socket)
        assert (await socket.reply())["error"] == "EOrder:Invalid order"
        assert (await rest.private("Balance"))["error"] == []
        sandbox.faults.switch_off("order_refused")
        assert (await rest.private("AddOrder", **ORDER))["error"] == []
        await socket.say("add_order", **over_socket)
        assert (await socket.reply())["success"] is True
