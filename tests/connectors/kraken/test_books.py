"""Kraken's book frames, as recorded and as documented: every checksum verified, every fault named."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.book_feed import FeedEvent
from connectors.errors import (
    ChecksumMismatch,
    ConnectorError,
    CrossedBook,
    Maintenance,
    MalformedPayload,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownPair,
    is_transient,
)
from connectors.kraken.books import KrakenBookFeed
from connectors.types import BookLevel, PairRules, TradingPair
from tests.connectors.conftest import PAYLOADS, payload

RULES = PairRules(
    pair=TradingPair("BTC", "USD"),
    symbol="BTC/USD",
    status="online",
    is_trading=True,
    price_tick=Decimal("0.1"),
    size_step=Decimal("0.00000001"),
    min_size=Decimal("0.00005"),
    min_cost=None,
    price_decimals=1,
    size_decimals=8,
)


def new_feed(depth: int = 10) -> KrakenBookFeed:
    return KrakenBookFeed("ws://127.0.0.1:1", RULES, depth)


def documented_snapshot(**changes: Any) -> bytes:
    """The worked example of Kraken's checksum page, as the frame it would come in, digit for digit."""
    example = payload("checksum_example_v2.json")
    sides = {
        side: ",".join(f'{{"price":{price},"qty":{size}}}' for price, size in example[side])
        for side in ("bids", "asks")
    }
    checksum = changes.get("checksum", example["checksum"])
    return (
        f'{{"channel":"book","type":"snapshot","data":[{{"symbol":"BTC/USD","bids":[{sides["bids"]}],'
        f'"asks":[{sides["asks"]}],"checksum":{checksum}}}]}}'
    ).encode()


def update(checksum: int, *, bids: str = "", asks: str = "") -> bytes:
    return (
        f'{{"channel":"book","type":"update","data":[{{"symbol":"BTC/USD","bids":[{bids}],"asks":[{asks}],'
        f'"checksum":{checksum},"timestamp":"2026-09-25T17:48:24.880679Z"}}]}}'
    ).encode()


def test_the_documented_example_has_the_documented_checksum() -> None:
    feed = new_feed()

    assert feed.receive(documented_snapshot()) is FeedEvent.SNAPSHOT
    assert feed.book.best_ask == BookLevel(Decimal("45285.2"), Decimal("0.00100000"))
    assert feed.last_venue_time() is None


def test_every_recorded_checksum_is_ours() -> None:
    """Recorded through a decoder that dropped trailing zeros: the digits come back from the pair's decimals."""
    feed = new_feed()

    events = [feed.receive(json.dumps(frame).encode()) for frame in payload("ws2_book_btcusd_depth10.json")]

    assert events == [FeedEvent.SNAPSHOT] + [FeedEvent.UPDATE] * 40
    assert feed.book.best_bid == BookLevel(Decimal("29430.2"), Decimal("0.18967538"))
    assert [len(feed.book.bids.keys), len(feed.book.asks.keys)] == [10, 10]
    assert str(feed.last_venue_time()).startswith("2023-07-30 15:30:0")


def test_a_level_that_falls_below_the_depth_is_cut_without_being_announced() -> None:
    feed = new_feed()
    feed.receive(documented_snapshot())
    better = feed.book.asks.marks[:9]

    with pytest.raises(ChecksumMismatch):
        feed.receive(update(0, asks='{"price":45285.1,"qty":0.50000000}'))

    assert feed.book.asks.marks == [b"45285150000000", *better]


@pytest.mark.parametrize("depth", [10, 1000])
def test_a_wrong_checksum_is_noticed_at_any_depth(depth: int) -> None:
    feed = new_feed(depth)
    feed.receive(documented_snapshot())

    with pytest.raises(ChecksumMismatch, match="the venue's checksum is 1, ours 3310070434") as refused:
        # far from the ten best levels, so that nothing is put together anew
        feed.receive(update(1, bids='{"price":1000.0,"qty":0.00000000}'))

    assert refused.value.pair == "BTC-USD"


def test_after_a_break_nothing_is_applied_until_the_next_snapshot() -> None:
    feed = new_feed()
    feed.receive(documented_snapshot())
    with pytest.raises(ChecksumMismatch):
        feed.receive(update(1, bids='{"price":45283.5,"qty":9.00000000}'))

    assert feed.receive(update(2, bids='{"price":45283.5,"qty":8.00000000}')) is FeedEvent.OTHER
    assert feed.receive(documented_snapshot()) is FeedEvent.SNAPSHOT
    assert feed.book.best_bid == BookLevel(Decimal("45283.5"), Decimal("0.10000000"))


def test_subscribing_anew_forgets_the_old_subscription() -> None:
    feed = new_feed()
    feed.receive(documented_snapshot())

    assert json.loads(feed.subscribe()) == {
        "method": "subscribe",
        "params": {"channel": "book", "symbol": ["BTC/USD"], "depth": 10},
    }
    assert feed.receive(update(3310070434)) is FeedEvent.OTHER
    assert json.loads(feed.unsubscribe())["method"] == "unsubscribe"


def test_a_snapshot_with_a_wrong_checksum_is_refused_too() -> None:
    with pytest.raises(ChecksumMismatch):
        new_feed().receive(documented_snapshot(checksum=1))


def test_a_crossed_book_is_refused_whatever_its_checksum() -> None:
    feed = new_feed()
    feed.receive(documented_snapshot())

    with pytest.raises(CrossedBook):
        feed.receive(update(0, bids='{"price":45285.2,"qty":1.00000000}'))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"<html>",
        b'{"channel":"book"',
        b'{"channel":"book","type":"snapshot","data":{}}',
        b'{"channel":"book","type":"snapshot","data":[{"bids":[{"price":1.0}],"asks":[]}]}',
        b'{"channel":"book","type":"snapshot","data":[{"bids":[{"price":null,"qty":1.00000000}],"asks":[]}]}',
        b'{"channel":"book","type":"snapshot","data":[{"bids":[{"price":"1.0","qty":1.00000000}],"asks":[]}]}',
        b'{"channel":"\xff"}',
        b"[1,2,3]",
        b'{"channel":"book","type":"snapshot","data":[]}',
        b"[" * 200_000,
    ],
)
def test_a_frame_that_is_not_the_documented_shape_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedPayload):
        new_feed().receive(frame)


def test_recorded_frames_of_other_channels_pass_by() -> None:
    feed = new_feed()
    status, trade_ack, *_ = payload("ws2_frames_2026.json")

    assert feed.receive(status.encode()) is FeedEvent.OTHER
    assert feed.receive(trade_ack.encode()) is FeedEvent.OTHER
    assert feed.receive(b'{"channel":"heartbeat"}') is FeedEvent.HEARTBEAT
    assert feed.receive((PAYLOADS / "ws2_pong.json").read_bytes()) is FeedEvent.OTHER


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Currency pair not supported XBT/USD", UnknownPair),
        ("Subscription depth not supported", Rejected),
        ("Exceeded msg rate", RateLimited),
    ],
)
def test_a_refused_subscription_is_an_error_of_its_kind(text: str, kind: type[ConnectorError]) -> None:
    refusal = json.dumps({"error": text, "method": "subscribe", "success": False, "symbol": "XBT/USD"})

    with pytest.raises(kind, match=text):
        new_feed().receive(refusal.encode())


def test_a_subscription_that_did_not_end_needs_a_new_connection() -> None:
    for text, method in (("Already subscribed", "subscribe"), ("Exceeded msg rate", "unsubscribe")):
        with pytest.raises(Unavailable) as refused:
            new_feed().receive(json.dumps({"error": text, "method": method, "success": False}).encode())
        assert is_transient(refused.value)


@pytest.mark.parametrize("timestamp", ["yesterday", "2026-09-25", "0001-01-01T00:00:00+23:00"])
def test_a_timestamp_that_cannot_be_read_is_no_reason_to_drop_a_proven_book(timestamp: str) -> None:
    feed = new_feed()
    feed.receive(documented_snapshot())

    assert feed.receive(update(3310070434).replace(b"2026-09-25T17:48:24.880679Z", timestamp.encode()))
    venue_time = feed.last_venue_time()
    assert venue_time is None or venue_time.tzinfo is not None


def test_announced_maintenance_is_not_a_broken_book() -> None:
    status = payload("ws2_frames_2026.json")[0].replace('"online"', '"maintenance"')

    with pytest.raises(Maintenance):
        new_feed().receive(status.encode())
