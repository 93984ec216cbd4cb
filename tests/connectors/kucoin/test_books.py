"""The book feeds as values: frames in, a book or an error out, against the documented rules and a plain dictionary."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.book_feed import FeedEvent, KeepAlive
from connectors.errors import (
    ConnectorError,
    CrossedBook,
    LockedBook,
    MalformedPayload,
    RateLimited,
    SequenceGap,
    TokenRefused,
)
from connectors.kucoin.books import IncrementFeed, PerpetualIncrementFeed, SpotIncrementFeed
from connectors.kucoin.depth_channels import DepthFeed
from connectors.kucoin.socket import Session
from connectors.types import BookLevel, BookSnapshot, PairRules
from tests.connectors.kucoin.conftest import BTC_USDT, payload_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SESSION = Session("wss://venue/?token=secret", KeepAlive(18, 10))


def rules(size_decimals: int) -> PairRules:
    step = Decimal(1).scaleb(-size_decimals)
    return PairRules(
        BTC_USDT, "S", "Open", True, Decimal("0.1"), step, step, None, price_decimals=1, size_decimals=size_decimals
    )


async def no_snapshot() -> BookSnapshot:
    raise AssertionError("a feed fetches nothing by itself")


def spot_feed(depth: int = 20) -> SpotIncrementFeed:
    return SpotIncrementFeed(SESSION, "/market/level2:S", rules(8), depth, no_snapshot)


def perpetual_feed(depth: int = 20) -> PerpetualIncrementFeed:
    return PerpetualIncrementFeed(SESSION, "/contractMarket/level2:S", rules(0), depth, no_snapshot)


def spot_frame(
    start: int,
    end: int,
    bids: Sequence[tuple[str, str, int]] = (),
    asks: Sequence[tuple[str, str, int]] = (),
) -> bytes:
    changes = {"bids": [[p, s, str(q)] for p, s, q in bids], "asks": [[p, s, str(q)] for p, s, q in asks]}
    data = {"symbol": "S", "sequenceStart": start, "sequenceEnd": end, "time": 1_700_000_000_000, "changes": changes}
    return json.dumps({"type": "message", "topic": "/market/level2:S", "data": data}).encode()


def perpetual_frame(sequence: int, change: str) -> bytes:
    data = {"sequence": sequence, "change": change, "timestamp": 1_700_000_000_000}
    return json.dumps({"type": "message", "subject": "level2", "sn": sequence, "data": data}).encode()


def levels(*texts: str) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(*map(Decimal, text.split("x"))) for text in texts)


def snapshot(sequence: int, bids: tuple[BookLevel, ...], asks: tuple[BookLevel, ...]) -> BookSnapshot:
    return BookSnapshot(BTC_USDT, bids, asks, sequence)


SMALL = snapshot(100, levels("100.0x1", "99.9x2"), levels("100.1x3", "100.2x4"))


def live(feed: IncrementFeed, at: BookSnapshot = SMALL) -> Any:
    feed.subscribe()
    assert feed.stitch(at)
    return feed


# Stitching.


def test_frames_before_the_snapshot_are_kept_and_put_onto_it() -> None:
    feed = spot_feed()
    assert feed.receive(spot_frame(99, 100, bids=[("100.0", "9", 100)])) is FeedEvent.BUFFERED
    assert feed.receive(spot_frame(101, 101, asks=[("100.1", "0", 101)])) is FeedEvent.BUFFERED

    assert feed.stitch(SMALL)

    assert feed.book.sequence == 101
    assert feed.book.best_bid == BookLevel(Decimal("100.0"), Decimal(1))
    assert feed.book.best_ask == BookLevel(Decimal("100.2"), Decimal(4))


def test_a_snapshot_older_than_the_first_frame_kept_is_refused() -> None:
    feed = spot_feed()
    feed.receive(spot_frame(102, 103))

    assert not feed.stitch(SMALL)
    assert feed.stitch(snapshot(101, SMALL.bids, SMALL.asks))
    assert feed.book.sequence == 103


def test_rows_of_an_overlapping_frame_that_the_snapshot_knows_are_passed_over() -> None:
    feed = live(spot_feed())

    feed.receive(spot_frame(98, 102, bids=[("99.8", "5", 99), ("99.7", "6", 101)], asks=[("100.2", "7", 102)]))

    assert feed.book.sequence == 102
    assert feed.book.bids.levels() == levels("100.0x1", "99.9x2", "99.7x6")
    assert feed.book.asks.levels() == levels("100.1x3", "100.2x7")


def test_a_frame_that_the_snapshot_knows_whole_is_dropped() -> None:
    feed = live(spot_feed())

    assert feed.receive(spot_frame(95, 100, bids=[("100.0", "0", 100)])) is FeedEvent.OTHER
    assert feed.book.best_bid == BookLevel(Decimal("100.0"), Decimal(1))


def test_a_hole_right_after_a_quiet_pairs_snapshot_asks_for_a_newer_one() -> None:
    feed = live(spot_feed())

    assert feed.receive(spot_frame(105, 106)) is FeedEvent.OUTDATED
    assert feed.stitch(snapshot(104, SMALL.bids, SMALL.asks))
    assert feed.book.sequence == 106


@pytest.mark.parametrize(("start", "end"), [(103, 103), (104, 110), (90, 95), (101, 101)])
def test_any_frame_that_does_not_go_on_is_a_gap(start: int, end: int) -> None:
    feed = live(spot_feed())
    feed.receive(spot_frame(101, 101))

    with pytest.raises(SequenceGap, match="expected sequence 102"):
        feed.receive(spot_frame(start, end))


def test_a_hole_among_the_kept_frames_is_a_gap() -> None:
    feed = spot_feed()
    feed.receive(spot_frame(101, 102))
    feed.receive(spot_frame(104, 104))

    with pytest.raises(SequenceGap):
        feed.stitch(SMALL)


def test_a_perpetual_frame_has_to_be_the_very_next() -> None:
    feed = live(perpetual_feed())
    assert feed.receive(perpetual_frame(101, "100.0,buy,7")) is FeedEvent.UPDATE

    with pytest.raises(SequenceGap, match="expected sequence 102, got 103"):
        feed.receive(perpetual_frame(103, "100.0,buy,8"))


def test_after_a_gap_the_same_subscription_goes_on_with_a_new_snapshot() -> None:
    feed = live(spot_feed())
    feed.receive(spot_frame(101, 101))
    with pytest.raises(SequenceGap):
        feed.receive(spot_frame(105, 105))

    assert feed.ask_anew() == ()
    assert feed.book.best_bid is None
    assert feed.receive(spot_frame(106, 106)) is FeedEvent.BUFFERED
    assert feed.stitch(snapshot(105, SMALL.bids, SMALL.asks))
    assert feed.book.sequence == 106


# What a frame does.


def test_the_recorded_spot_frame_is_applied() -> None:
    feed = live(spot_feed(), snapshot(14701689782, levels("67993.2x1"), levels("67993.4x1")))

    assert feed.receive(payload_text("ws_spot_level2.json").encode()) is FeedEvent.UPDATE
    assert feed.book.best_ask == BookLevel(Decimal("67993.3"), Decimal("1.21427407"))
    assert feed.last_venue_time().isoformat() == "2024-10-25T00:33:45.625000+00:00"


def test_the_recorded_frame_of_several_numbers_is_applied_whole() -> None:
    feed = live(spot_feed(), snapshot(14103843, levels("18890x1"), levels("18910x1")))

    feed.receive(payload_text("ws_spot_level2_multi.json").encode())

    assert feed.book.sequence == 14103847
    assert feed.book.bids.levels() == levels("18891.9x0.15688", "18890x1")
    assert feed.book.asks.levels() == levels("18906x0.00331", "18907.3x0.58751503", "18910x1")


def test_the_recorded_perpetual_frame_is_applied() -> None:
    feed = live(perpetual_feed(), snapshot(1709400450242, levels("90631.0x1"), levels("90631.5x1")))

    assert feed.receive(payload_text("ws_futures_level2.json").encode()) is FeedEvent.UPDATE
    assert feed.book.best_ask == BookLevel(Decimal("90631.2"), Decimal(2))


def test_prices_are_one_price_however_they_are_written() -> None:
    feed = live(perpetual_feed(), snapshot(100, levels("3988.5x1"), levels("3989x1")))

    feed.receive(perpetual_frame(101, "3988.50,buy,9"))
    feed.receive(perpetual_frame(102, "3.989E3,sell,0"))

    assert feed.book.bids.levels() == levels("3988.5x9")
    assert feed.book.asks.levels() == ()


def test_a_price_of_zero_changes_nothing_but_the_sequence() -> None:
    feed = live(spot_feed())

    feed.receive(spot_frame(101, 101, bids=[("0", "5", 101)], asks=[("0", "0", 101)]))

    assert feed.book.sequence == 101
    assert feed.book.snapshot().bids == SMALL.bids
    assert feed.book.snapshot().asks == SMALL.asks


@pytest.mark.parametrize("price", ["100.1", "100.2"])
def test_a_bid_at_or_above_the_best_ask_is_refused(price: str) -> None:
    feed = live(spot_feed())

    with pytest.raises(CrossedBook) as refused:
        feed.receive(spot_frame(101, 101, bids=[(price, "1", 101)]))

    assert isinstance(refused.value, LockedBook) is (price == "100.1")


def test_a_book_may_cross_within_a_frame() -> None:
    feed = live(spot_feed())

    feed.receive(spot_frame(101, 102, bids=[("100.1", "1", 102)], asks=[("100.1", "0", 101)]))

    assert feed.book.best_bid == BookLevel(Decimal("100.1"), Decimal(1))


@pytest.mark.parametrize(
    "frame",
    [
        b"{",
        b"\xff\xfe",
        b"[" * 2000,
        b'{"type":"message"}',
        b'{"type":"message","data":{"sequenceStart":101}}',
        spot_frame(101, 101, bids=[("ten", "1", 101)]),
        spot_frame(101, 101, bids=[("-1", "1", 101)]),
        spot_frame(101, 101, bids=[("99.9500000000000000001", "1", 101)]),
        spot_frame(101, 101, bids=[("99.8", "NaN", 101)]),
        spot_frame(101, 101, bids=[("99.8", "Infinity", 101)]),
        spot_frame(101, 101, bids=[("99.8", "-1", 101)]),
        spot_frame(101, 101, bids=[("99.8", "", 101)]),
    ],
)
def test_nonsense_on_spot_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedPayload):
        live(spot_feed()).receive(frame)


@pytest.mark.parametrize("change", ["", "100.0,buy", "100.0,hold,1", "100.0,buy,1,2", "x,buy,1", "100.0,sell,many"])
def test_nonsense_on_the_perpetual_is_malformed(change: str) -> None:
    with pytest.raises(MalformedPayload):
        live(perpetual_feed()).receive(perpetual_frame(101, change))


def test_frames_of_the_session_are_told_apart() -> None:
    feed = spot_feed()

    assert feed.receive(b'{"id":"1","type":"welcome"}') is FeedEvent.WELCOME
    assert feed.receive(b'{"id":"1","type":"ack"}') is FeedEvent.OTHER
    assert feed.receive(b'{"id":"1","type":"pong","timestamp":1790113097236506}') is FeedEvent.HEARTBEAT
    with pytest.raises(TokenRefused, match="token is expired"):
        feed.receive(b'{"id":"1","type":"error","code":401,"data":"token is expired"}')
    with pytest.raises(RateLimited):
        feed.receive(b'{"id":"1","type":"error","code":509,"data":"exceed max permits per second"}')


def test_an_error_never_shows_the_token() -> None:
    with pytest.raises(ConnectorError) as refused:
        spot_feed().receive(b'{"id":"1","type":"error","code":401,"data":"token is expired"}')

    assert "secret" not in str(refused.value)
    assert "secret" not in repr(SESSION)


# What is known, and what is not.


def deep(sequence: int = 100) -> BookSnapshot:
    """A hundred levels a side, as REST gives at most."""
    bids = tuple(BookLevel(Decimal(1000 - index), Decimal(1)) for index in range(100))
    asks = tuple(BookLevel(Decimal(1001 + index), Decimal(1)) for index in range(100))
    return snapshot(sequence, bids, asks)


def test_nothing_beyond_a_cut_snapshot_is_shown() -> None:
    feed = live(perpetual_feed(100), deep())

    feed.receive(perpetual_frame(101, "900,buy,5"))
    feed.receive(perpetual_frame(102, "1000,buy,0"))

    assert len(feed.book.snapshot().bids) == 99
    assert feed.book.snapshot().bids[-1].price == 901


def test_a_book_is_cut_to_its_depth() -> None:
    feed = live(spot_feed(20), deep())

    assert len(feed.book.snapshot().bids) == len(feed.book.snapshot(50).asks) == 20


@pytest.mark.parametrize(("depth", "least"), [(20, 20), (100, 50)])
def test_when_too_few_levels_are_known_a_new_snapshot_is_wanted_and_the_book_goes_on(depth: int, least: int) -> None:
    feed = live(perpetual_feed(depth), deep())
    events = [feed.receive(perpetual_frame(101 + index, f"{1000 - index},buy,0")) for index in range(100 - least + 1)]

    assert events == [FeedEvent.UPDATE] * (100 - least) + [FeedEvent.THIN]
    after = 101 + len(events)
    assert feed.receive(perpetual_frame(after, "1001,sell,7")) is FeedEvent.UPDATE
    assert feed.stitch(deep(after - 1))
    assert feed.book.sequence == after
    assert feed.book.best_ask == BookLevel(Decimal(1001), Decimal(7))
    assert len(feed.book.bids.keys) == 100


def test_a_live_book_never_goes_back_to_an_older_snapshot() -> None:
    feed = live(perpetual_feed(20), deep())
    for index in range(81):
        event = feed.receive(perpetual_frame(101 + index, f"{1000 - index},buy,0"))
    assert event is FeedEvent.THIN

    assert not feed.stitch(deep(180))
    assert feed.book.sequence == 181
    assert feed.stitch(deep(181))
    assert feed.receive(perpetual_frame(182, "900,sell,0")) is FeedEvent.UPDATE


def test_a_side_of_which_nothing_is_known_any_more_is_not_shown_as_empty() -> None:
    feed = live(spot_feed(20), deep())
    gone = [(str(1000 - index), "0", 101 + index) for index in range(100)]

    assert feed.receive(spot_frame(101, 200, bids=gone)) is FeedEvent.OUTDATED
    assert feed.receive(spot_frame(201, 201, bids=[("850", "3", 201)])) is FeedEvent.UPDATE
    assert feed.stitch(snapshot(200, levels("860x1"), deep().asks))
    assert feed.book.bids.levels() == levels("860x1", "850x3")


def test_a_snapshot_of_which_the_kept_frames_leave_too_little_is_not_enough() -> None:
    feed = spot_feed(20)
    feed.receive(spot_frame(101, 200, bids=[(str(1000 - index), "0", 101 + index) for index in range(90)]))

    assert not feed.stitch(deep())
    assert feed.stitch(deep(200))


def test_a_snapshot_that_is_not_cut_is_all_there_is() -> None:
    feed = live(perpetual_feed(20))

    assert feed.receive(perpetual_frame(101, "100.0,buy,0")) is FeedEvent.UPDATE
    assert feed.receive(perpetual_frame(102, "99.9,buy,0")) is FeedEvent.UPDATE
    assert feed.book.best_bid is None
    assert feed.receive(perpetual_frame(103, "50,buy,4")) is FeedEvent.UPDATE
    assert feed.book.best_bid == BookLevel(Decimal(50), Decimal(4))


# The whole-depth channels.


def test_a_depth_frame_is_a_whole_book() -> None:
    feed = DepthFeed(SESSION, "/spotMarket/level2Depth5:S", rules(8), 5, no_snapshot)

    assert feed.receive(payload_text("ws_spot_depth5.json").encode()) is FeedEvent.SNAPSHOT
    assert feed.receive(payload_text("ws_spot_depth5.json").encode()) is FeedEvent.UPDATE
    assert feed.book.sequence is None
    assert feed.book.best_bid == BookLevel(Decimal("67996.6"), Decimal("0.37969491"))
    assert len(feed.book.snapshot().asks) == 5


def test_a_perpetual_depth_frame_has_a_sequence_that_never_goes_back() -> None:
    feed = DepthFeed(SESSION, "/contractMarket/level2Depth5:S", rules(0), 5, no_snapshot)
    text = payload_text("ws_futures_depth5.json")
    feed.receive(text.encode())

    assert feed.book.sequence == 1709294294670
    with pytest.raises(SequenceGap):
        feed.receive(text.replace("1709294294670", "1709294294669").encode())


@pytest.mark.parametrize("frame", [b"{", b'{"type":"message","data":{"bids":[["1","NaN"]],"asks":[],"timestamp":1}}'])
def test_nonsense_on_a_depth_channel_is_malformed_and_the_next_frame_heals(frame: bytes) -> None:
    feed = DepthFeed(SESSION, "/spotMarket/level2Depth5:S", rules(8), 5, no_snapshot)
    with pytest.raises(MalformedPayload):
        feed.receive(frame)

    assert feed.ask_anew() == ()
    assert feed.receive(payload_text("ws_spot_depth5.json").encode()) is FeedEvent.SNAPSHOT


@pytest.mark.parametrize("time_ms", [0, -5, 10**18])
def test_a_time_that_no_clock_says_is_none(time_ms: int) -> None:
    feed = live(spot_feed())
    feed.receive(spot_frame(101, 101).replace(b"1700000000000", str(time_ms).encode()))

    assert feed.last_venue_time() is None


def test_a_quiet_pairs_depth_book_comes_from_rest_until_the_channel_speaks() -> None:
    feed = DepthFeed(SESSION, "/spotMarket/level2Depth5:S", rules(8), 5, no_snapshot)
    assert feed.stitch(SMALL)
    assert feed.book.best_bid == SMALL.bids[0]

    feed.receive(payload_text("ws_spot_depth5.json").encode())
    assert feed.stitch(SMALL)
    assert feed.book.best_bid == BookLevel(Decimal("67996.6"), Decimal("0.37969491"))


# Against a plain dictionary.

changes = st.lists(
    st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 4)), min_size=1, max_size=60
)  # is bid, place, size


@given(changes=changes, cuts=st.lists(st.integers(1, 5), min_size=1, max_size=60), start=st.integers(0, 59))
def test_a_run_of_changes_however_cut_into_frames_equals_a_dictionary(
    changes: list[tuple[bool, int, int]], cuts: list[int], start: int
) -> None:
    # Bids below 100 and asks above it, so that nothing crosses. The snapshot stands at *start* changes into the run.
    sides: tuple[dict[int, int], dict[int, int]] = ({}, {})
    states = [({}, {})]
    for is_bid, place, size in changes:
        side = sides[0 if is_bid else 1]
        price = 99 - place if is_bid else 101 + place
        side.pop(price, None) if not size else side.__setitem__(price, size)
        states.append((dict(sides[0]), dict(sides[1])))
    start = min(start, len(changes))
    feed = spot_feed(depth=100)
    frames, at = [], 0
    while at < len(changes):
        step = cuts[at % len(cuts)]
        batch = list(enumerate(changes[at : at + step], at + 1))
        last = {(is_bid, place): (number, size) for number, (is_bid, place, size) in batch}
        rows: dict[bool, list[tuple[str, str, int]]] = {True: [], False: []}
        for (is_bid, place), (number, size) in last.items():
            rows[is_bid].append((str(99 - place if is_bid else 101 + place), str(size), number))
        frames.append(spot_frame(batch[0][0], batch[-1][0], bids=rows[True], asks=rows[False]))
        at += step

    for frame in frames[: len(frames) // 2]:
        feed.receive(frame)
    bids, asks = states[start]
    feed.stitch(
        snapshot(
            start,
            tuple(BookLevel(Decimal(price), Decimal(size)) for price, size in sorted(bids.items(), reverse=True)),
            tuple(BookLevel(Decimal(price), Decimal(size)) for price, size in sorted(asks.items())),
        )
    )
    for frame in frames[len(frames) // 2 :]:
        feed.receive(frame)

    bids, asks = states[-1]
    shown = feed.book.snapshot()
    assert feed.book.sequence == len(changes)
    assert [(level.price, level.size) for level in shown.bids] == sorted(bids.items(), reverse=True)
    assert [(level.price, level.size) for level in shown.asks] == sorted(asks.items())


@given(changes=changes, lost=st.integers(0, 58))
def test_a_lost_change_is_always_a_gap(changes: list[tuple[bool, int, int]], lost: int) -> None:
    feed = live(perpetual_feed(100), snapshot(0, (), ()))
    frames = [
        perpetual_frame(number, f"{99 - place if is_bid else 101 + place},{'buy' if is_bid else 'sell'},{size}")
        for number, (is_bid, place, size) in enumerate(changes, 2)
    ]
    feed.receive(perpetual_frame(1, "99,buy,1"))
    gone = min(lost, len(frames) - 1)

    for frame in frames[:gone]:
        feed.receive(frame)
    if gone + 1 < len(frames):
        with pytest.raises(SequenceGap):
            feed.receive(frames[gone + 1])


class CutAtFive(PerpetualIncrementFeed):
    """Against a venue that gives no more than five levels."""

    is_cut_at = 5


@given(
    changes=st.lists(st.tuples(st.booleans(), st.integers(0, 15), st.integers(0, 2)), max_size=80),
    lag=st.integers(0, 3),
)
def test_what_is_shown_is_always_the_top_of_the_truth(changes: list[tuple[bool, int, int]], lag: int) -> None:
    truth: tuple[dict[int, int], dict[int, int]] = (
        {99 - place: 1 for place in range(10)},
        {101 + place: 1 for place in range(10)},
    )

    def best() -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        return sorted(truth[0].items(), reverse=True), sorted(truth[1].items())

    def cut(sequence: int) -> BookSnapshot:
        bids, asks = (tuple(BookLevel(Decimal(price), Decimal(size)) for price, size in side[:5]) for side in best())
        return snapshot(sequence, bids, asks)

    feed = CutAtFive(SESSION, "/contractMarket/level2:S", rules(0), 3, no_snapshot)
    live(feed, cut(0))
    is_live, wanted_for = True, None
    for number, (is_bid, place, size) in enumerate(changes, 1):
        price = 99 - place if is_bid else 101 + place
        truth[0 if is_bid else 1].pop(price, None)
        if size:
            truth[0 if is_bid else 1][price] = size
        event = feed.receive(perpetual_frame(number, f"{price},{'buy' if is_bid else 'sell'},{size}"))
        if event in (FeedEvent.THIN, FeedEvent.OUTDATED):
            wanted_for = lag if wanted_for is None else wanted_for
            is_live = is_live and event is FeedEvent.THIN
        if wanted_for is not None:
            wanted_for -= 1
            if wanted_for < 0 and feed.stitch(cut(number)):
                is_live, wanted_for = True, None
        if is_live:
            shown = feed.book.snapshot()
            for levels_shown, levels_true in zip((shown.bids, shown.asks), best(), strict=True):
                assert list(levels_shown) == levels_true[: len(levels_shown)]
                assert levels_shown or not levels_true


# Prices finer than the tick: orders that rested before the venue made its tick coarser keep theirs.


def test_a_snapshot_may_have_prices_finer_than_the_tick() -> None:
    feed = live(spot_feed(), snapshot(100, levels("100.0x1", "99.95x2"), levels("100.05x3", "100.2x4")))

    feed.receive(spot_frame(101, 101, bids=[("99.95", "0", 101)], asks=[("100.1", "6", 101)]))

    assert feed.book.bids.levels() == levels("100.0x1")
    assert feed.book.asks.levels() == levels("100.05x3", "100.1x6", "100.2x4")
    assert feed.book.spread == Decimal("0.05")


@pytest.mark.parametrize("is_last", [False, True])
def test_a_price_finer_than_any_before_joins_the_live_book(is_last: bool) -> None:
    feed = live(spot_feed())
    rows = [("99.95", "5", 101), ("99.8", "6", 102)]

    event = feed.receive(spot_frame(101, 102, bids=rows[::-1] if is_last else rows, asks=[("100.1", "0", 102)]))

    assert event is FeedEvent.UPDATE
    assert feed.book.sequence == 102
    assert feed.book.bids.levels() == levels("100.0x1", "99.95x5", "99.9x2", "99.8x6")
    assert feed.book.asks.levels() == levels("100.2x4")


def test_a_finer_price_joins_a_perpetual_book_whose_snapshot_was_cut() -> None:
    bids = tuple(BookLevel(Decimal(10_000 - n), Decimal(1)) for n in range(100))
    asks = tuple(BookLevel(Decimal(10_001 + n), Decimal(1)) for n in range(100))
    feed = live(perpetual_feed(), snapshot(100, bids, asks))

    feed.receive(perpetual_frame(101, "10000.125,sell,7"))
    feed.receive(perpetual_frame(102, "9900.5,buy,7"))

    assert feed.book.best_ask == BookLevel(Decimal("10000.125"), Decimal(7))
    assert feed.book.bids.levels(2) == bids[:2]
    assert len(feed.book.bids.keys) == 100, "what lies beyond the cut is not kept"


def test_a_finer_price_does_not_hide_that_the_frame_crosses_the_book() -> None:
    feed = live(spot_feed())

    with pytest.raises(CrossedBook):
        feed.receive(spot_frame(101, 102, bids=[("100.3", "1", 101), ("99.95", "5", 102)]))


def test_what_was_noted_before_a_finer_price_stays_what_it_was() -> None:
    feed = live(spot_feed())
    book = feed.book
    noted = book.bids.noted(2)

    feed.receive(spot_frame(101, 101, bids=[("99.95", "5", 101)]))

    assert book.bids.levels_of(noted) == SMALL.bids


@pytest.mark.parametrize("price", ["0.0000000000000000001", "1e-400", "99.9500000000000000001"])
def test_a_price_of_more_than_18_decimals_is_malformed(price: str) -> None:
    feed = live(spot_feed())

    with pytest.raises(MalformedPayload, match="decimals"):
        feed.receive(spot_frame(101, 101, bids=[(price, "5", 101)]))


def test_a_whole_book_may_have_prices_finer_than_the_tick() -> None:
    feed = DepthFeed(SESSION, "/spotMarket/level2Depth5:S", rules(8), 5, no_snapshot)
    data = {"bids": [["99.951", "1"]], "asks": [["100.05", "2"]], "timestamp": 1}

    feed.receive(json.dumps({"type": "message", "data": data}).encode())

    assert feed.book.bids.levels() == levels("99.951x1")
    assert feed.book.asks.levels() == levels("100.05x2")


@pytest.mark.parametrize("number", ["1E+999999", "1E-999999", "0E+999999"])
def test_a_number_that_would_take_a_megabyte_to_write_is_malformed(number: str) -> None:
    monster = BookLevel(Decimal(number), Decimal(1))

    with pytest.raises(MalformedPayload, match="is no price"):
        spot_feed().stitch(snapshot(100, (monster,), ()))
    with pytest.raises(MalformedPayload, match="is not a size"):
        spot_feed().stitch(snapshot(100, (BookLevel(Decimal(1), Decimal("1E+999999")),), ()))


# Numbers that went back: while nothing is applied to a snapshot yet, older frames are no surprise, but not for ever.


@pytest.mark.parametrize("make", [spot_feed, perpetual_feed])
def test_frames_older_than_a_snapshot_that_was_made_long_before_them_are_a_gap(make: Callable[[], Any]) -> None:
    frame = spot_frame(5, 5) if make is spot_feed else perpetual_frame(5, "99.9,buy,1")  # of 1,700,000,000 s
    just_before = datetime.fromtimestamp(1_700_000_000 - 1, UTC)
    long_before = datetime.fromtimestamp(1_700_000_000 - 6, UTC)

    assert live(make(), replace(SMALL, venue_time=just_before)).receive(frame) is FeedEvent.OTHER
    with pytest.raises(SequenceGap, match="gone back"):
        live(make(), replace(SMALL, venue_time=long_before)).receive(frame)
