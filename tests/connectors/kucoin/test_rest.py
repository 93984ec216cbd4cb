"""KuCoin spot over REST: recorded payloads in, our words out, and every refusal told apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.errors import (
    AuthRejected,
    ConnectorError,
    InsufficientFunds,
    InvalidKey,
    InvalidPassphrase,
    InvalidSignature,
    InvalidTimestamp,
    MalformedPayload,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownInterval,
    UnknownPair,
    UsageError,
)
from connectors.kucoin import Kucoin
from connectors.kucoin.errors import error_of, error_of_frame
from connectors.types import BookLevel, OrderRequest, OrderType, Partner, Side, TradingPair, VenueMode
from tests.connectors.kucoin.conftest import BTC_USDT, CREDENTIALS, payload, payload_text

if TYPE_CHECKING:
    from tests.connectors.conftest import CannedServer


def envelope(data: object) -> str:
    return json.dumps({"code": "200000", "data": data})


async def test_the_clock_is_read_in_milliseconds(canned: CannedServer, canned_spot: Kucoin) -> None:
    canned.put("/api/v1/timestamp", payload_text("spot_timestamp.json"))

    answer = await canned_spot.server_time()

    assert answer.venue_time == datetime(2024, 10, 16, 17, 44, 52, 873_000, tzinfo=UTC)
    assert answer.resolution_ms == 1


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ("open", VenueMode.ONLINE),
        ("close", VenueMode.MAINTENANCE),
        ("cancelonly", VenueMode.CANCEL_ONLY),
        ("sideways", VenueMode.UNKNOWN),
    ],
)
async def test_the_status_is_told_in_our_words(
    canned: CannedServer, canned_spot: Kucoin, said: str, mode: VenueMode
) -> None:
    canned.put("/api/v1/status", envelope({"status": said, "msg": ""}))

    status = await canned_spot.venue_status()

    assert (status.mode, status.said) == (mode, said)


async def test_rules_come_from_the_recorded_symbol(canned_spot: Kucoin) -> None:
    rules = (await canned_spot.trading_pairs())[BTC_USDT]

    assert (rules.symbol, rules.is_trading, rules.contract) == ("BTC-USDT", True, None)
    assert (rules.price_tick, rules.price_decimals) == (Decimal("0.1"), 1)
    assert (rules.size_step, rules.size_decimals) == (Decimal("0.00000001"), 8)
    assert (rules.min_size, rules.min_cost) == (Decimal("0.00001"), Decimal("0.1"))


@pytest.mark.parametrize("step", ["0", "-0.1", "NaN", "Infinity", "ten"])
async def test_a_step_that_cannot_be_is_malformed(canned: CannedServer, step: str) -> None:
    symbol = payload("spot_symbol_btc_usdt.json")["data"] | {"priceIncrement": step}
    canned.put("/api/v2/symbols", envelope([symbol]))

    async with Kucoin(urls={"rest": canned.url}) as kucoin:
        with pytest.raises(MalformedPayload):
            await kucoin.trading_pairs()


async def test_a_pair_that_does_not_trade_needs_no_rules(canned: CannedServer) -> None:
    listed = payload("spot_symbol_btc_usdt.json")["data"]
    ended = listed | {"symbol": "OLD-USDT", "baseCurrency": "OLD", "baseMinSize": "0", "enableTrading": False}
    canned.put("/api/v2/symbols", envelope([listed, ended]))

    async with Kucoin(urls={"rest": canned.url}) as kucoin:
        assert set(await kucoin.trading_pairs()) == {BTC_USDT}


async def test_a_book_keeps_its_sequence_and_time(canned: CannedServer, canned_spot: Kucoin) -> None:
    canned.put("/api/v1/market/orderbook/level2_20", payload_text("spot_level2_20.json"))

    book = await canned_spot.book_snapshot(BTC_USDT, depth=1)

    assert book.sequence == 14_610_502_970
    assert book.venue_time == datetime(2024, 10, 17, 14, 44, 33, 859_000, tzinfo=UTC)
    assert book.bids == (BookLevel(Decimal("66976.4"), Decimal("0.69109872")),)
    assert book.asks == (BookLevel(Decimal("66976.5"), Decimal("0.05408199")),)
    assert canned.asked[-1][0] == "/api/v1/market/orderbook/level2_20?symbol=BTC-USDT"


async def test_candles_come_oldest_first_with_close_before_high_on_the_wire(
    canned: CannedServer, canned_spot: Kucoin
) -> None:
    canned.put("/api/v1/market/candles", payload_text("spot_candles_1min.json"))

    oldest, *_, newest = await canned_spot.candles(BTC_USDT, "1m", limit=3)

    assert oldest.open_time == datetime(2019, 8, 26, 3, 20, tzinfo=UTC)
    assert (oldest.open, oldest.high, oldest.low, oldest.close) == (
        Decimal("10408.6"),
        Decimal(10416),
        Decimal("10405.4"),
        Decimal(10416),
    )
    assert (newest.base_volume, newest.quote_volume) == (Decimal("29.11357276"), Decimal("302889.301529914"))
    assert newest.closed


async def test_both_bounds_of_the_window_are_always_sent(canned: CannedServer, canned_spot: Kucoin) -> None:
    canned.put("/api/v1/market/candles", envelope([]))

    assert await canned_spot.candles(BTC_USDT, "1h", limit=10) == []

    target = canned.asked[-1][0]
    start, end = (int(target.partition(f"{name}=")[2].partition("&")[0]) for name in ("startAt", "endAt"))
    assert start % 3600 == 0
    assert end - start == 11 * 3600  # ten candles: the last one's end, and one interval for a clock that is behind


async def test_balances_are_those_of_the_trade_account(canned: CannedServer, canned_spot: Kucoin) -> None:
    rows = payload("spot_accounts.json")["data"]
    canned.put("/api/v1/accounts", envelope([row for row in rows if row["type"] == "trade"]))

    assert await canned_spot.balances() == {"USDT": Decimal("26.66759503")}
    assert canned.asked[-1][0] == "/api/v1/accounts?type=trade"


async def test_permissions_are_told_in_the_venues_words(canned: CannedServer, canned_spot: Kucoin) -> None:
    canned.put("/api/v1/user/api-key", payload_text("api_key_info.json"))

    permissions = await canned_spot.key_permissions()

    assert permissions.may_trade
    assert permissions.may_withdraw  # by Transfer
    assert permissions.said == ("General", "Futures", "Spot", "Earn", "InnerTransfer", "Transfer", "Margin")


@pytest.mark.parametrize(
    ("order_type", "price", "fields"),
    [
        (OrderType.LIMIT, Decimal("60000.1"), {"type": "limit", "price": "60000.1"}),
        (OrderType.LIMIT_MAKER, Decimal("60000.1"), {"type": "limit", "price": "60000.1", "postOnly": True}),
        (OrderType.MARKET, None, {"type": "market"}),
    ],
)
async def test_a_test_order_says_what_a_real_one_would(
    canned: CannedServer, canned_spot: Kucoin, order_type: OrderType, price: Decimal | None, fields: dict[str, Any]
) -> None:
    canned.put("/api/v1/hf/orders/test", payload_text("spot_order_test.json"))

    said = await canned_spot.validate_order(OrderRequest(BTC_USDT, Side.BUY, order_type, Decimal("0.00001"), price))

    target, headers, body = canned.asked[-1]
    sent = json.loads(body)
    assert said == f"test order {payload('spot_order_test.json')['data']['orderId']}"
    assert target == "/api/v1/hf/orders/test"
    assert headers["Content-Type"] == "application/json"
    assert sent.pop("clientOid").isalnum()
    assert sent == {"symbol": "BTC-USDT", "side": "buy", "size": "0.00001", **fields}


async def test_partner_headers_are_sent_only_when_configured(canned: CannedServer) -> None:
    canned.put("/api/v1/accounts", envelope([]))
    async with Kucoin(urls={"rest": canned.url}, credentials=CREDENTIALS) as kucoin:
        await kucoin.balances()
    async with Kucoin(
        urls={"rest": canned.url}, credentials=CREDENTIALS, partner=Partner("an-id", "a-name", "a-partner-key")
    ) as kucoin:
        await kucoin.balances()

    without, with_partner = (headers for _, headers, _ in canned.asked)
    assert "KC-API-PARTNER" not in without
    assert with_partner["KC-API-PARTNER"] == "an-id"
    assert "a-partner-key" not in str(with_partner)


SAID = {
    "400001": Rejected,
    "400002": InvalidTimestamp,
    "400004": InvalidPassphrase,
    "400006": PermissionDenied,
    "400100": UnknownPair,
    "429000": Unavailable,  # without the headers of a pool it is the venue that is overloaded
    "404": Rejected,
}
SPOT_REFUSALS = [row for row in payload("errors_http.json") if "(futures)" not in row["request"]]


@pytest.mark.parametrize("refusal", SPOT_REFUSALS, ids=[row["body"]["code"] for row in SPOT_REFUSALS])
async def test_recorded_refusals_are_told_apart(
    canned: CannedServer, canned_spot: Kucoin, refusal: dict[str, Any]
) -> None:
    canned.put("/api/v1/market/candles", json.dumps(refusal["body"]), status=refusal["status"])

    with pytest.raises(ConnectorError) as refused:
        await canned_spot.candles(BTC_USDT, "1m")

    assert type(refused.value) is SAID[refusal["body"]["code"]]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("400003", InvalidKey),
        ("400005", InvalidSignature),
        ("400007", PermissionDenied),
        ("411100", AuthRejected),
        ("200003", Rejected),
        ("200004", InsufficientFunds),
        ("200001", Unavailable),
        ("900001", UnknownPair),
        ("503000", Unavailable),
        ("400600", Unavailable),
        ("600203", Unavailable),
        ("429000", RateLimited),
    ],
)
def test_codes_have_their_class(code: str, kind: type[ConnectorError]) -> None:
    assert type(error_of(code, "said", "spot")) is kind


def test_the_same_number_means_another_thing_on_the_other_market() -> None:
    assert type(error_of("200003", "too many open orders", "spot")) is Rejected
    assert type(error_of("200003", "Invalid symbol.", "futures")) is UnknownPair
    assert type(error_of("200002", "Too many requests", "spot")) is RateLimited
    assert type(error_of("200002", "cancelling is suspended", "spot")) is Unavailable


@pytest.mark.parametrize("row", [row for row in payload("ws_session_frames.json") if row["frame"]["type"] == "error"])
def test_every_recorded_error_frame_has_a_class(row: dict[str, Any]) -> None:
    frame = row["frame"]
    expected = {400: "Disconnected", 401: "TokenRefused", 404: "Rejected", 509: "RateLimited"}

    assert type(error_of_frame(frame["code"], frame["data"], endpoint="/t")).__name__ == expected[frame["code"]]


async def test_a_used_up_pool_says_by_when_it_is_full_again(canned: CannedServer, canned_spot: Kucoin) -> None:
    body = json.dumps({"code": "429000", "msg": "Too Many Requests"})
    canned.put("/api/v1/status", body, status=429, headers={"gw-ratelimit-reset": "1500"})

    with pytest.raises(RateLimited) as refused:
        await canned_spot.venue_status()

    assert refused.value.retry_after_s == 1.5


async def test_a_refused_time_is_our_own_rate_for_it_never_tells_of_limits(
    canned: CannedServer, canned_spot: Kucoin
) -> None:
    canned.put("/api/v1/timestamp", json.dumps({"code": "429000", "msg": "Too Many Requests"}), status=429)

    with pytest.raises(RateLimited):
        await canned_spot.server_time()


def test_our_own_limit_never_sends_more_than_a_pool_in_any_window_of_it() -> None:
    limit = Kucoin.rate_limit

    assert limit.capacity + 30 * limit.refill_per_s <= 2000


async def test_the_edge_speaks_for_itself(canned: CannedServer, canned_spot: Kucoin) -> None:
    canned.put("/api/v1/status", "error code: 1015", status=429, headers={"Content-Type": "text/plain"})
    with pytest.raises(RateLimited) as limited:
        await canned_spot.venue_status()
    assert limited.value.retry_after_s == 30

    canned.put("/api/v1/timestamp", "<html>blocked</html>", status=403, headers={"Content-Type": "text/html"})
    canned_spot.http._limiter._paused_until = 0.0  # the edge's 30 s are over
    with pytest.raises(Rejected, match="403"):
        await canned_spot.server_time()


async def test_a_page_instead_of_json_is_malformed(canned: CannedServer, canned_spot: Kucoin) -> None:
    canned.put("/api/v1/status", "<html>hello</html>", headers={"Content-Type": "text/html"})

    with pytest.raises(MalformedPayload, match="expected JSON, got text/html"):
        await canned_spot.venue_status()


async def test_wrong_questions_are_answered_with_the_nearest_right_ones(canned_spot: Kucoin) -> None:
    with pytest.raises(UnknownPair, match="did you mean BTC-USDT"):
        await canned_spot.book_snapshot(TradingPair("BTC", "USDX"))
    with pytest.raises(UnknownInterval, match="did you mean"):
        await canned_spot.candles(BTC_USDT, "1min")
    with pytest.raises(UsageError, match="limit 1501: 1 to 1500"):
        await canned_spot.candles(BTC_USDT, "1m", limit=1501)
    with pytest.raises(UsageError, match="choose from 5, 20, 50, 100"):
        canned_spot.book_stream(BTC_USDT, depth=10)
    with pytest.raises(UsageError, match="1 to 100 levels"):
        await canned_spot.book_snapshot(BTC_USDT, depth=101)


async def test_a_private_call_without_credentials_says_what_is_missing(canned: CannedServer) -> None:
    async with Kucoin(urls={"rest": canned.url}) as kucoin:
        with pytest.raises(UsageError, match="credentials"):
            await kucoin.balances()


@pytest.mark.parametrize("balance", ["NaN", "sNaN", "Infinity", "1E+999999", "1E-999999"])
async def test_a_balance_that_is_no_number_is_malformed(
    canned: CannedServer, canned_spot: Kucoin, balance: str
) -> None:
    canned.put("/api/v1/accounts", envelope([{"currency": "BTC", "type": "trade", "balance": balance}]))

    with pytest.raises(MalformedPayload, match="is not a number to count with"):
        await canned_spot.balances()


@pytest.mark.parametrize("price", ["1E+999999", "1E-999999", "NaN"])
async def test_a_book_of_monstrous_numbers_is_malformed(canned: CannedServer, canned_spot: Kucoin, price: str) -> None:
    book = {"time": 1, "sequence": "5", "bids": [["99", "1"]], "asks": [[price, "1"]]}
    canned.put("/api/v1/market/orderbook/level2_20", envelope(book))

    with pytest.raises(MalformedPayload, match="is not a number to count with"):
        await canned_spot.book_snapshot(BTC_USDT, depth=20)


def test_a_refusal_of_a_megabyte_is_cut() -> None:
    assert len(str(error_of("400100", "x" * 1_000_000, "spot"))) < 300
    assert len(str(error_of("4" * 1_000_000, "x", "spot"))) < 300
    assert len(str(error_of_frame(404, "x" * 1_000_000, endpoint="/market/level2:S"))) < 300


async def test_weeks_that_begin_on_any_day_are_within_what_is_asked_for(
    canned: CannedServer, canned_spot: Kucoin
) -> None:
    canned.put("/api/v1/market/candles", envelope([]))
    before = datetime.now(UTC).timestamp()

    await canned_spot.candles(BTC_USDT, "1w", limit=1)

    query = parse_qs(urlsplit(canned.asked[-1][0]).query)
    assert int(query["startAt"][0]) <= before - 7 * 24 * 3600, "the week that is forming may have begun as early"
