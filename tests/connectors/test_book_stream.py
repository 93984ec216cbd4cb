"""The stream against a sandbox that misbehaves: each break is counted, told, and healed without a new stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connectors import book_stream
from connectors.errors import (
    ChecksumMismatch,
    ConnectorError,
    Disconnected,
    MalformedPayload,
    MessageTooLarge,
    Stale,
    Timeout,
    Unavailable,
    UnknownPair,
    Unreachable,
)
from connectors.kraken import Kraken
from connectors.kraken.books import KrakenBookFeed
from connectors.sandbox import KrakenSandbox
from connectors.types import TradingPair
from tests.connectors.streams import DEADLINE_S, until, until_break

if TYPE_CHECKING:
    pass

BTC_USD = TradingPair("BTC", "USD")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules in less time; a stalled sandbox still sends its heartbeat each second."""
    monkeypatch.setattr(book_stream, "SILENCE_LIMIT_S", 1.3)
    monkeypatch.setattr(book_stream, "READY_TIMEOUT_S", 0.4)
    monkeypatch.setattr(book_stream, "BACKOFF_S", (0.0, 0.01, 0.02))


@pytest.mark.parametrize("depth", Kraken.book_depths)
async def test_every_depth_streams_with_every_checksum_right(kraken: Kraken, depth: int) -> None:
    async with kraken.book_stream(BTC_USD, depth=depth) as stream:
        await stream.ready()
        await until(stream, lambda stats: stats.updates >= 20)

        assert stream.is_live
        assert stream.stats.checksum_failures == stream.stats.resyncs == stream.stats.reconnects == 0
        assert stream.stats.first_snapshot_ms is not None
        assert stream.stats.last_venue_time is not None
        assert len(stream.book.snapshot().bids) == depth


async def test_one_bad_checksum_is_healed_by_one_new_snapshot(venue: KrakenSandbox, kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on("bad_checksum")
        await until_break(stream, lambda stats: stats.checksum_failures >= 1)
        venue.faults.clear()
        await until(stream, lambda stats: stats.updates >= 50 and stats.resyncs >= 1)

        assert stream.is_live
        assert isinstance(stream.stats.last_error, ChecksumMismatch)
        assert stream.stats.reconnects == 0
        assert stream.stats.snapshots == stream.stats.resyncs + 1


async def test_a_swallowed_update_is_noticed_by_the_checksum(venue: KrakenSandbox, kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on("missing_update")

        await until_break(stream, lambda stats: stats.checksum_failures >= 1)


async def test_a_crossed_book_is_counted_as_such(venue: KrakenSandbox, kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on("crossed_book")

        await until_break(stream, lambda stats: stats.crossed_books >= 1)


async def test_broken_json_is_counted_and_healed(venue: KrakenSandbox, kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on("malformed", where="ws")
        await until_break(stream, lambda stats: stats.malformed >= 1)
        assert isinstance(stream.stats.last_error, MalformedPayload)
        venue.faults.clear()

        await until(stream, lambda stats: stats.snapshots >= 2)


@pytest.mark.parametrize("fault", ["drop", "half_frame"])
async def test_a_lost_connection_is_made_again_with_its_subscription(
    venue: KrakenSandbox, kraken: Kraken, fault: str
) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on(fault, where="ws")
        await until_break(stream, lambda stats: stats.last_error is not None)
        assert isinstance(stream.stats.last_error, Disconnected)
        venue.faults.clear()
        await until(stream, lambda stats: stats.snapshots >= 2)

        assert stream.stats.reconnects >= 1
        assert stream.stats.checksum_failures == 0


async def test_a_message_too_large_ends_the_connection_and_not_the_stream(venue: KrakenSandbox, kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on("huge_message", megabytes=100, where="ws")
        await until_break(stream, lambda stats: isinstance(stats.last_error, MessageTooLarge))
        venue.faults.clear()

        await until(stream, lambda stats: stats.snapshots >= 2)


@pytest.mark.slow  # silence can only be told by waiting for it
async def test_silence_makes_a_connection_stale(venue: KrakenSandbox, kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on("silence")
        await until_break(stream, lambda stats: isinstance(stats.last_error, Stale))
        venue.faults.clear()
        await until(stream, lambda stats: stats.snapshots >= 2)

        assert stream.stats.largest_silence_ms >= 1_300


@pytest.mark.slow  # heartbeats come each second
async def test_a_stalled_book_with_heartbeats_is_measured_and_not_mistaken_for_silence(
    venue: KrakenSandbox, kraken: Kraken
) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on("stall")
        await until_break(stream, lambda stats: stats.heartbeats >= 2)

        assert stream.is_live
        assert stream.stats.last_error is None
        assert stream.stats.largest_book_silence_ms > stream.stats.largest_silence_ms


async def ready_error(connector: Kraken, pair: TradingPair = BTC_USD) -> ConnectorError:
    async with connector.book_stream(pair) as stream, asyncio.timeout(DEADLINE_S):
        with pytest.raises(ConnectorError) as refused:
            await stream.ready()
        return refused.value


async def test_before_the_first_snapshot_a_failure_is_final(venue: KrakenSandbox, kraken: Kraken) -> None:
    venue.faults.switch_on("silence")
    assert isinstance(await ready_error(kraken), Timeout)
    venue.faults.clear()

    venue.faults.switch_on("drop", where="ws")
    assert isinstance(await ready_error(kraken), Disconnected | Unreachable)
    venue.faults.clear()

    venue.faults.switch_on("http_5xx", status=503)
    assert isinstance(await ready_error(kraken), Unavailable)


async def test_an_unknown_pair_is_refused_with_the_nearest(kraken: Kraken) -> None:
    error = await ready_error(kraken, TradingPair("BTX", "USD"))

    assert isinstance(error, UnknownPair)
    assert "BTC-USD" in str(error)


async def test_nobody_listening_is_unreachable(venue: KrakenSandbox) -> None:
    async with Kraken(urls={**venue.urls, "ws": "ws://127.0.0.1:9/v2"}) as connector:
        assert isinstance(await ready_error(connector), Unreachable)


async def test_a_venue_that_stays_away_is_not_hammered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_stream, "SETTLED_S", 0.01)
    monkeypatch.setattr(book_stream, "BACKOFF_S", (0.0, 0.1))
    venue = KrakenSandbox(seed=11, rate=400)
    await venue.start()
    async with Kraken(urls=venue.urls) as kraken, kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        await until(stream, lambda stats: stats.updates >= 20)
        await venue.stop()
        await asyncio.sleep(0.35)

        assert 1 <= stream.stats.reconnects <= 4


async def test_a_book_that_breaks_each_time_is_asked_for_less_and_less(
    venue: KrakenSandbox, kraken: Kraken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book_stream, "BACKOFF_S", (0.0, 0.1))
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on("bad_checksum")
        await asyncio.sleep(0.35)

        assert 1 <= stream.stats.resyncs <= 4


async def test_a_refusal_after_the_first_snapshot_ends_the_stream(venue: KrakenSandbox, kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        venue.faults.switch_on("pair_delisted", pair="BTC-USD")
        venue.faults.switch_on("drop", where="ws", again=False)

        with pytest.raises(UnknownPair):
            await until(stream, lambda _: False)
        assert not stream.is_live


async def test_a_fault_of_our_own_reaches_the_consumer(kraken: Kraken, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        monkeypatch.setattr(KrakenBookFeed, "receive", broken)

        with pytest.raises(RuntimeError, match="a bug of ours"):
            await until(stream, lambda _: False)


async def test_a_slow_consumer_wakes_once_for_all_that_piled_up(kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        wakes = 0
        start = stream.stats.updates
        async with asyncio.timeout(DEADLINE_S):
            async for _ in stream:
                wakes += 1
                while stream.stats.updates < start + 20 * wakes:  # noqa: ASYNC110  # the slowness that is meant
                    await asyncio.sleep(0.005)
                if wakes == 3:
                    break

        assert stream.stats.updates >= start + 60


async def test_a_cut_of_our_own_is_timed_and_no_error(kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()

        assert 0 < await stream.reconnect() < 5_000
        assert (stream.stats.reconnects, stream.stats.snapshots, stream.stats.last_error) == (1, 2, None)


async def test_a_book_without_sequences_cannot_be_remembered(kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()
        with stream.remember(levels=5, last=10) as memory:
            with pytest.raises(RuntimeError, match="already"), stream.remember(levels=5, last=10):
                pass
            await until(stream, lambda stats: stats.updates >= 3)

            assert memory.newest is None
            assert await memory.at(1, timeout_s=0.01) is None


async def test_the_first_update_is_timed_from_before_the_connection(kraken: Kraken) -> None:
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        await until(stream, lambda stats: stats.updates >= 1)

        stats = stream.stats
        assert stats.subscribed_ms is not None
        assert stats.first_snapshot_ms is not None
        assert stats.first_update_ms is not None
        assert 0 < stats.subscribed_ms <= stats.first_snapshot_ms <= stats.first_update_ms


async def test_there_is_no_book_before_the_stream_is_ready(kraken: Kraken) -> None:
    with pytest.raises(RuntimeError, match="before it is ready"):
        _ = kraken.book_stream(BTC_USD).book


async def test_a_stream_that_was_never_entered_says_so(kraken: Kraken) -> None:
    with pytest.raises(RuntimeError, match="not entered"):
        await kraken.book_stream(BTC_USD).ready()


async def test_leaving_ends_the_connection_and_every_task(venue: KrakenSandbox, kraken: Kraken) -> None:
    before = asyncio.all_tasks()
    async with kraken.book_stream(BTC_USD) as stream:
        await stream.ready()
        assert len(asyncio.all_tasks()) > len(before)

    assert not {task for task in asyncio.all_tasks() - before if task.get_name().startswith("book ")}
