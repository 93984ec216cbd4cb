"""Kraken over REST: recorded payloads become our types, its errors ours, and the sandbox accepts our signature."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from connectors import errors, http
from connectors import kraken as kraken_module
from connectors.base import Account, BookStreaming, Candles, MarketData, OrderValidation
from connectors.kraken import Kraken, asset_name, error_of, sign
from connectors.nonce import NonceFile
from connectors.rate_limit import RateLimit
from connectors.sandbox import KrakenSandbox, Permission
from connectors.types import (
    BookLevel,
    Candle,
    Credentials,
    KeyPermissions,
    OrderRequest,
    OrderType,
    PairRules,
    Side,
    TradingPair,
    VenueMode,
    VenueStatus,
)
from tests.connectors.conftest import PAYLOADS, CannedServer, payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BTC_USD = TradingPair("BTC", "USD")
BTC_USDT = TradingPair("BTC", "USDT")


@pytest.fixture
async def recorded(canned: CannedServer) -> AsyncIterator[Kraken]:
    """Our connector in front of what Kraken really said."""
    for name, file in (
        ("Time", "rest_time.json"),
        ("SystemStatus", "rest_system_status.json"),
        ("AssetPairs", "rest_asset_pairs.json"),
        ("Depth", "rest_depth.json"),
        ("OHLC", "rest_ohlc.json"),
    ):
        canned.put(f"/0/public/{name}", (PAYLOADS / file).read_bytes())
    canned.put("/0/public/Assets", json.dumps({"error": [], "result": payload("rest_catalog_2026.json")["assets"]}))
    canned.put("/0/private/Balance", (PAYLOADS / "rest_balance.json").read_bytes())
    canned.put("/0/private/GetApiKeyInfo", (PAYLOADS / "rest_api_key_info.json").read_bytes())
    canned.put("/0/private/AddOrder", (PAYLOADS / "rest_add_order.json").read_bytes())
    credentials = Credentials("a-key", base64.b64encode(b"a secret").decode())
    async with Kraken(urls={"rest": canned.url}, credentials=credentials) as connector:
        yield connector


def test_the_documented_signature_is_ours() -> None:
    example = payload("signing_example.json")["spot"]
    secret = base64.b64decode(example["private_key"])

    assert sign(example["path"], int(example["nonce"]), example["body"].encode(), secret) == example["api_sign"]


@pytest.mark.parametrize(
    ("altname", "ours"), [("XBT", "BTC"), ("XDG", "DOGE"), ("XTZ", "XTZ"), ("ZRX", "ZRX"), ("XBT.F", "BTC.F")]
)
def test_assets_are_renamed_as_websocket_v2_does_and_never_stripped(altname: str, ours: str) -> None:
    assert asset_name(altname) == ours


def test_it_declares_what_it_can_do(kraken: Kraken) -> None:
    for capability in (MarketData, BookStreaming, Candles, Account, OrderValidation):
        assert isinstance(kraken, capability)


async def test_recorded_time_is_a_whole_second(recorded: Kraken) -> None:
    answer = await recorded.server_time()

    assert answer.venue_time == datetime(2025, 11, 11, 0, 17, 4, tzinfo=UTC)
    assert answer.resolution_ms == 1000


async def test_recorded_status_is_online(recorded: Kraken) -> None:
    said_at = datetime(2025, 11, 11, 0, 17, 10, tzinfo=UTC)
    assert await recorded.venue_status() == VenueStatus(VenueMode.ONLINE, "online", said_at)


async def test_a_status_word_we_do_not_know_is_kept(canned: CannedServer) -> None:
    said = {"status": "limping", "timestamp": "2025-11-11T00:17:10Z"}
    canned.put("/0/public/SystemStatus", json.dumps({"error": [], "result": said}))
    async with Kraken(urls={"rest": canned.url}) as connector:
        answer = await connector.venue_status()

    assert (answer.mode, answer.said) == (VenueMode.UNKNOWN, "limping")


async def test_recorded_rules_are_exact(recorded: Kraken) -> None:
    assert (await recorded.trading_pairs())[BTC_USDT] == PairRules(
        pair=BTC_USDT,
        symbol="BTC/USDT",
        status="online",
        is_trading=True,
        price_tick=Decimal("0.1"),
        size_step=Decimal("0.00000001"),
        min_size=Decimal("0.00005"),
        min_cost=Decimal("0.5"),
        price_decimals=1,
        size_decimals=8,
    )


async def test_pairs_of_2026_keep_their_names_and_their_mode(canned: CannedServer) -> None:
    canned.put("/0/public/AssetPairs", json.dumps({"error": [], "result": payload("rest_catalog_2026.json")["pairs"]}))
    async with Kraken(urls={"rest": canned.url}) as connector:
        pairs = await connector.trading_pairs()

    assert [str(pair) for pair in pairs] == ["BTC-USD", "DOGE-USD", "ACA-EUR"]
    assert not pairs[TradingPair("ACA", "EUR")].is_trading


async def test_recorded_depth_keeps_every_digit(recorded: Kraken, canned: CannedServer) -> None:
    book = await recorded.book_snapshot(BTC_USDT, depth=5)

    assert book.asks[0] == BookLevel(Decimal("105944.30000"), Decimal("0.136"))
    assert [len(book.bids), len(book.asks)] == [5, 5]
    assert canned.asked[-1][0] == "/0/public/Depth?pair=BTC%2FUSDT&count=5"


async def test_recorded_candles_end_with_the_forming_one(recorded: Kraken) -> None:
    rows = await recorded.candles(BTC_USDT, "1m", limit=3)

    assert [row.open_time.minute for row in rows] == [15, 16, 17]
    assert [row.closed for row in rows] == [True, True, False]
    first = (await recorded.candles(BTC_USDT, "1m"))[0]
    assert first == Candle(
        open_time=datetime(2025, 11, 11, 0, 10, tzinfo=UTC),
        open=Decimal("106109.0"),
        high=Decimal("106109.0"),
        low=Decimal("106011.4"),
        close=Decimal("106012.4"),
        base_volume=Decimal("0.01999314"),
        quote_volume=None,
        trades=5,
        closed=True,
    )


async def test_recorded_balance_is_in_our_spelling(recorded: Kraken) -> None:
    assert await recorded.balances() == {
        "USD": Decimal("200000.00"),
        "BTC": Decimal("0.5"),
        "ETH": Decimal("2.0"),
    }


async def test_an_order_is_sent_as_it_was_signed_and_only_to_be_checked(recorded: Kraken, canned: CannedServer) -> None:
    order = OrderRequest(BTC_USD, Side.BUY, OrderType.LIMIT_MAKER, Decimal("1.25"), Decimal("37500.0"))

    said = await recorded.validate_order(order)

    assert said == "buy 2.12340000 XBTUSD @ limit 25000.1 with 2:1 leverage"
    path, headers, body = canned.asked[-1]
    nonce = int(body.split(b"&")[0].removeprefix(b"nonce="))
    assert (
        body
        == (
            f"nonce={nonce}&ordertype=limit&type=buy&volume=1.25&pair=BTC%2FUSD&validate=true&price=37500.0&oflags=post"
        ).encode()
    )
    assert headers["API-Key"] == "a-key"
    assert headers["API-Sign"] == sign(path, nonce, body, b"a secret")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("EAPI:Invalid key", errors.InvalidKey),
        ("EAPI:Invalid signature", errors.InvalidSignature),
        ("EAPI:Invalid nonce", errors.InvalidNonce),
        ("EAPI:Rate limit exceeded", errors.RateLimited),
        ("EGeneral:Permission denied", errors.PermissionDenied),
        ("EGeneral:Temporary lockout", errors.AuthRejected),
        ("EGeneral:Internal error:42", errors.Unavailable),
        ("EService:Unavailable", errors.Unavailable),
        ("EService:Market in cancel_only mode", errors.Maintenance),
        ("EService: Throttled: 1700000000", errors.RateLimited),
        ("EQuery:Unknown asset pair", errors.UnknownPair),
        ("EOrder:Invalid price:XXBTZUSD price can only be specified up to 1 decimals.", errors.Rejected),
        ("EOrder:Rate limit exceeded", errors.RateLimited),
        ("EMadeUp:Whatever", errors.Rejected),
    ],
)
def test_kraken_errors_are_matched_by_prefix(text: str, kind: type[errors.ConnectorError]) -> None:
    assert type(error_of(text, endpoint="x")) is kind


@pytest.mark.parametrize("recorded_error", payload("rest_errors.json"), ids=lambda entry: entry["body"]["error"][0])
async def test_every_recorded_error_is_one_of_ours(canned: CannedServer, recorded_error: dict[str, Any]) -> None:
    canned.put("/0/public/Time", json.dumps(recorded_error["body"]), status=recorded_error["http"])
    async with Kraken(urls={"rest": canned.url}) as connector:
        with pytest.raises(errors.ConnectorError, match=recorded_error["body"]["error"][0].partition(":")[0]):
            await connector.server_time()


async def test_a_warning_does_not_hide_the_result(canned: CannedServer) -> None:
    canned.put("/0/public/Time", '{"error":["WGeneral:Danger"],"result":{"unixtime":1762820224}}')
    async with Kraken(urls={"rest": canned.url}) as connector:
        assert (await connector.server_time()).venue_time.year == 2025


@pytest.mark.parametrize(
    ("body", "status", "kind", "message"),
    [
        ("<html>checking your browser</html>", 200, errors.MalformedPayload, "expected JSON, got text/html"),
        ("<html>forbidden</html>", 403, errors.Rejected, "HTTP 403"),
        ("<html>web server is down</html>", 521, errors.Unavailable, "HTTP 521"),
        ("error code: 1015", 429, errors.RateLimited, "HTTP 429"),
        ('{"error":[],"result":{"unixtime":"soon"}}', 200, errors.MalformedPayload, "unixtime"),
        ('{"error":[],"result":{}}', 200, errors.MalformedPayload, "unixtime"),
        ('{"error":[],"result":{"unixtime":100000000000000000}}', 200, errors.MalformedPayload, "is not a time"),
        ('{"error":[],"result":' + "[" * 200_000, 200, errors.MalformedPayload, "expected JSON"),
        ('{"error":[],"result":', 200, errors.MalformedPayload, "expected JSON"),
        (b"\xff\xfe", 200, errors.MalformedPayload, "expected JSON"),
        ("{}", 404, errors.Rejected, "HTTP 404"),
    ],
)
async def test_what_is_not_the_documented_answer_is_named(
    canned: CannedServer, body: str | bytes, status: int, kind: type[errors.ConnectorError], message: str
) -> None:
    canned.put("/0/public/Time", body, status=status, headers={"Content-Type": "text/html; charset=UTF-8"})
    async with Kraken(urls={"rest": canned.url}) as connector:
        with pytest.raises(kind, match=message):
            await connector.server_time()


async def put_pairs(canned: CannedServer, **changes: object) -> None:
    entry = payload("rest_catalog_2026.json")["pairs"]["XXBTZUSD"] | changes
    canned.put("/0/public/AssetPairs", json.dumps({"error": [], "result": {"XXBTZUSD": entry}}))


@pytest.mark.parametrize(
    "changes",
    [
        {"tick_size": "NaN"},
        {"tick_size": "0"},
        {"ordermin": "Infinity"},
        {"costmin": "-1"},
        {"lot_decimals": 10**9},
        {"pair_decimals": -1},
    ],
)
async def test_rules_that_no_order_could_follow_are_refused(canned: CannedServer, changes: dict[str, object]) -> None:
    await put_pairs(canned, **changes)
    async with Kraken(urls={"rest": canned.url}) as connector:
        with pytest.raises(errors.MalformedPayload):
            await connector.trading_pairs()


async def test_a_pair_without_a_websocket_name_is_passed_over(canned: CannedServer) -> None:
    await put_pairs(canned, wsname="")
    async with Kraken(urls={"rest": canned.url}) as connector:
        assert await connector.trading_pairs() == {}


async def test_prices_that_are_no_numbers_are_refused(canned: CannedServer) -> None:
    canned.put("/0/public/Depth", '{"error":[],"result":{"A":{"asks":[["NaN","1",1]],"bids":[]}}}')
    row = '[1762820040,"NaN","1","1","1","1","1",1]'
    canned.put("/0/public/OHLC", f'{{"error":[],"result":{{"A":[{row}],"last":1}}}}')
    async with Kraken(urls={"rest": canned.url}) as connector:
        with pytest.raises(errors.MalformedPayload, match="not an amount"):
            await connector.book_snapshot(BTC_USD)
        with pytest.raises(errors.MalformedPayload, match="not an amount"):
            await connector.candles(BTC_USD, "1m")


async def test_a_venue_that_is_busy_is_asked_again(canned: CannedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "RETRY_WAIT_S", 0.01)
    canned.put("/0/public/Time", '{"error":["EService:Busy"]}')
    canned.put("/0/public/Time", '{"error":[],"result":{"unixtime":1762820224}}')
    async with Kraken(urls={"rest": canned.url}, attempts=2) as connector:
        assert (await connector.server_time()).venue_time.year == 2025


async def test_a_throttle_names_its_time_and_is_heeded(canned: CannedServer) -> None:
    canned.put("/0/public/Time", json.dumps({"error": [f"EService: Throttled: {int(time.time()) + 50}"]}))
    async with Kraken(urls={"rest": canned.url}) as connector:
        with pytest.raises(errors.RateLimited) as refused:
            await connector.server_time()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await connector.server_time()

    assert 45 < (refused.value.retry_after_s or 0) <= 50
    assert len(canned.asked) == 1


async def test_waiting_for_a_turn_is_not_taken_for_a_wrong_clock(canned: CannedServer) -> None:
    class Patient(Kraken):
        rate_limit = RateLimit(capacity=1, refill_per_s=4)

    canned.put("/0/public/Time", '{"error":[],"result":{"unixtime":1762820224}}')
    async with Patient(urls={"rest": canned.url}) as connector:
        await connector.server_time()
        assert (await connector.server_time()).round_trip_ms < 200


async def test_two_entries_where_one_was_asked_for_are_refused(canned: CannedServer) -> None:
    side = '{"asks":[],"bids":[]}'
    canned.put("/0/public/Depth", f'{{"error":[],"result":{{"A":{side},"B":{side}}}}}')
    async with Kraken(urls={"rest": canned.url}) as connector:
        with pytest.raises(errors.MalformedPayload, match="expected one entry, got 2"):
            await connector.book_snapshot(BTC_USD)


async def test_an_unknown_pair_names_the_nearest(kraken: Kraken) -> None:
    with pytest.raises(errors.UnknownPair, match=r"did you mean .*BTC-USD"):
        await kraken.rules_of(TradingPair("BTX", "USD"))
    with pytest.raises(errors.UnknownPair, match="EQuery:Unknown asset pair"):
        await kraken.candles(TradingPair("BTX", "USD"), "1m")


async def test_an_unknown_interval_names_the_nearest(kraken: Kraken) -> None:
    with pytest.raises(errors.UnknownInterval, match=r"did you mean .*5m"):
        await kraken.candles(BTC_USD, "5min")


@pytest.mark.parametrize("limit", [0, 721])
async def test_more_candles_than_kraken_keeps_are_refused(kraken: Kraken, limit: int) -> None:
    with pytest.raises(errors.UsageError, match="1 to 720"):
        await kraken.candles(BTC_USD, "1m", limit=limit)


@pytest.mark.parametrize("interval", Kraken.candle_intervals)
async def test_every_interval_is_spaced_as_it_says(kraken: Kraken, interval: str) -> None:
    rows = await kraken.candles(BTC_USD, interval, limit=20)

    spacings = {later.open_time - earlier.open_time for earlier, later in pairwise(rows)}
    assert spacings == {kraken.candle_intervals[interval]}
    assert [row.closed for row in rows] == [True] * 19 + [False]


async def test_a_signed_read_is_accepted_and_a_tampered_one_refused(venue: KrakenSandbox, kraken: Kraken) -> None:
    assert "BTC" in await kraken.balances()

    wrong = Credentials(venue.credentials.api_key, base64.b64encode(b"another secret").decode())
    async with Kraken(urls=venue.urls, credentials=wrong) as tampered:
        with pytest.raises(errors.InvalidSignature):
            await tampered.balances()


async def test_a_key_the_venue_does_not_know_is_named(venue: KrakenSandbox) -> None:
    unknown = replace(venue.credentials, api_key="nobody")
    async with Kraken(urls=venue.urls, credentials=unknown) as connector:
        with pytest.raises(errors.InvalidKey):
            await connector.balances()


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


async def test_a_secret_that_is_no_base64_is_named_without_showing_it(venue: KrakenSandbox) -> None:
    async with Kraken(urls=venue.urls, credentials=replace(venue.credentials, api_secret="hush!")) as connector:
        with pytest.raises(errors.InvalidKey) as refused:
            await connector.balances()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("key", ["hush\nhush", "hüsh", "hush\ud800"])
async def test_a_key_that_no_header_can_hold_is_named_without_showing_it(venue: KrakenSandbox, key: str) -> None:
    async with Kraken(urls=venue.urls, credentials=replace(venue.credentials, api_key=key)) as connector:
        with pytest.raises(errors.InvalidKey) as refused:
            await connector.balances()
    assert "sh" not in str(refused.value)


async def test_blanks_around_a_pasted_key_are_no_part_of_it(venue: KrakenSandbox) -> None:
    pasted = replace(venue.credentials, api_key=f" {venue.credentials.api_key}\n")
    async with Kraken(urls=venue.urls, credentials=pasted) as connector:
        assert await connector.balances()


async def test_a_nonce_held_elsewhere_is_not_waited_for_for_ever(
    venue: KrakenSandbox, kraken: Kraken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kraken_module, "NONCE_TIMEOUT_S", 0.05)
    async with NonceFile(venue.credentials.api_key):
        with pytest.raises(errors.Timeout, match="another process"):
            await kraken.balances()


async def test_a_private_call_without_credentials_says_so(venue: KrakenSandbox) -> None:
    async with Kraken(urls=venue.urls) as connector:
        with pytest.raises(errors.UsageError, match="credentials"):
            await connector.balances()


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
    monkeypatch.setattr(kraken_module, "PRIVATE_ACK_TIMEOUT_S", 0.1)
    venue.faults.switch_on(fault, **({"where": "ws"} if fault == "malformed" else {}))

    with pytest.raises(kind):
        await kraken.private_stream_ack()


@pytest.mark.parametrize(
    ("urls", "source"),
    [
        ({}, "live"),
        ({"rest": "http://127.0.0.1:1", "ws": "ws://localhost:1", "ws_auth": "ws://[::1]:1"}, "sandbox"),
        ({"rest": "http://127.0.0.1:1"}, "custom"),
        ({"rest": "https://proxy.example"}, "custom"),
    ],
)
async def test_where_answers_come_from_is_told(urls: dict[str, str], source: str) -> None:
    async with Kraken(urls=urls) as connector:
        assert connector.source == source


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[::1", "ftp://127.0.0.1", "127.0.0.1", "ws://x"])
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(errors.UsageError, match=r"is not an address like https://api\.kraken\.com"):
        Kraken(urls={"rest": url})


def test_an_unknown_url_role_names_the_nearest() -> None:
    with pytest.raises(errors.UsageError, match="did you mean rest"):
        Kraken(urls={"rets": "http://127.0.0.1:1"})


def test_a_depth_that_kraken_does_not_offer_is_refused(kraken: Kraken) -> None:
    with pytest.raises(errors.UsageError, match="10, 25, 100, 500, 1000"):
        kraken.book_stream(BTC_USD, depth=11)
