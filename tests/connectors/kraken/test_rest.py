"""Kraken over REST: recorded payloads become our types, and its errors ours."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from connectors import errors, http
from connectors.base import Account, BookStreaming, Candles, MarketData, OrderValidation
from connectors.kraken import Kraken
from connectors.kraken.errors import error_of
from connectors.kraken.names import asset_name
from connectors.rate_limit import RateLimit
from connectors.types import BookLevel, Candle, PairRules, TradingPair, VenueMode, VenueStatus
from tests.connectors.conftest import CannedServer, payload
from tests.connectors.kraken.conftest import BTC_USD, BTC_USDT


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
