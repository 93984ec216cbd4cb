"""Books of both markets against sandboxes that misbehave: each break is told apart, counted and healed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connectors import book_stream
from connectors.errors import (
    ConnectorError,
    Disconnected,
    LockedBook,
    MalformedPayload,
    RateLimited,
    SequenceGap,
    Stale,
    Timeout,
    TokenRefused,
    UnknownPair,
)
from connectors.kucoin import Kucoin, KucoinPerpetual
from connectors.sandbox import KucoinPerpetualSandbox, KucoinSandbox
from connectors.types import TradingPair
from tests.connectors.kucoin.conftest import BTC_USDT
from tests.connectors.streams import DEADLINE_S, until, until_break

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Venue = KucoinSandbox | KucoinPerpetualSandbox
    Connector = Kucoin | KucoinPerpetual


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules in less time."""
    monkeypatch.setattr(book_stream, "SILENCE_LIMIT_S", 1.0)
    monkeypatch.setattr(book_stream, "READY_TIMEOUT_S", 1.0)
    monkeypatch.setattr(book_stream, "QUIET_S", 0.05)
    monkeypatch.setattr(book_stream, "BACKOFF_S", (0.0, 0.01, 0.02))


@pytest.fixture(params=[(KucoinSandbox, Kucoin), (KucoinPerpetualSandbox, KucoinPerpetual)], ids=["spot", "perpetual"])
async def market(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Venue, Connector]]:
    sandbox, kind = request.param
    async with sandbox(seed=11, rate=400) as venue, kind(urls=venue.urls, credentials=venue.credentials) as connector:
        yield venue, connector


@pytest.fixture
def venue(market: tuple[Venue, Connector]) -> Venue:
    return market[0]


@pytest.fixture
def connector(market: tuple[Venue, Connector]) -> Connector:
    return market[1]


async def ready_error(connector: Connector, pair: TradingPair = BTC_USDT) -> ConnectorError:
    async with connector.book_stream(pair) as stream, asyncio.timeout(DEADLINE_S):
        with pytest.raises(ConnectorError) as refused:
            await stream.ready()
        return refused.value


@pytest.mark.parametrize("depth", [20, 100])
async def test_the_stream_equals_a_snapshot_of_the_same_sequence(connector: Connector, depth: int) -> None:
    async with connector.book_stream(BTC_USDT, depth=depth) as stream:
        await stream.ready()
        with stream.remember(levels=20, last=1_000) as memory:
            seen = 0
            async with asyncio.timeout(DEADLINE_S):
                while seen < 3:
                    rest = await connector.book_snapshot(BTC_USDT, depth=20)
                    assert rest.sequence is not None
                    book = await memory.at(rest.sequence, timeout_s=1)
                    if book is not None:
                        seen += 1
                        assert (book.bids, book.asks) == (rest.bids, rest.asks)
        assert stream.stats.sequence_gaps == stream.stats.resyncs == stream.stats.reconnects == 0


async def test_a_change_lost_without_a_hole_shows_against_the_snapshot(venue: Venue, connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("missing_update", every=2)
        await until(stream, lambda stats: stats.updates >= 50)
        with stream.remember(levels=20, last=1_000) as memory:
            async with asyncio.timeout(DEADLINE_S):
                book = None
                while book is None:
                    rest = await connector.book_snapshot(BTC_USDT, depth=20)
                    assert rest.sequence is not None
                    book = await memory.at(rest.sequence, timeout_s=1)

        assert (book.bids, book.asks) != (rest.bids, rest.asks)
        assert stream.stats.sequence_gaps == 0


async def test_a_gap_is_healed_by_a_new_snapshot_on_the_same_connection(venue: Venue, connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("sequence_gap", every=20)
        await until_break(stream, lambda stats: stats.sequence_gaps >= 1)
        assert isinstance(stream.stats.last_error, SequenceGap)
        venue.faults.clear()
        await until(stream, lambda stats: stats.snapshots >= 2)

        assert stream.is_live
        assert stream.stats.reconnects == 0
        assert stream.stats.resyncs >= 1


async def test_a_locked_book_is_told_from_a_crossed_one(venue: Venue, connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("locked_book")
        await until_break(stream, lambda stats: stats.locked_books >= 1)
        assert isinstance(stream.stats.last_error, LockedBook)
        venue.faults.clear()
        venue.faults.switch_on("crossed_book")

        await until_break(stream, lambda stats: stats.crossed_books > stats.locked_books)


async def test_an_empty_side_is_a_book_of_one_side(venue: Venue, connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("empty_side", side="asks")
        async with asyncio.timeout(DEADLINE_S):
            async for book in stream:
                if book.best_ask is None:
                    break

        assert stream.book.best_bid is not None


async def test_broken_json_is_counted_and_healed(venue: Venue, connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("malformed", where="ws")
        await until_break(stream, lambda stats: stats.malformed >= 1)
        assert isinstance(stream.stats.last_error, MalformedPayload)
        venue.faults.clear()

        await until(stream, lambda stats: stats.snapshots >= 2)


@pytest.mark.parametrize("fault", ["drop", "half_frame"])
async def test_a_lost_connection_is_made_again_with_a_token_of_its_own(
    venue: Venue, connector: Connector, fault: str
) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on(fault, where="ws")
        await until_break(stream, lambda stats: stats.last_error is not None)
        assert isinstance(stream.stats.last_error, Disconnected)
        venue.faults.clear()
        await until(stream, lambda stats: stats.snapshots >= 2)

        assert stream.stats.reconnects >= 1
        assert stream.stats.sequence_gaps == 0


async def test_a_cut_of_our_own_is_timed_and_no_error(connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        async with asyncio.timeout(DEADLINE_S):
            took_ms = await stream.reconnect()

        assert 0 < took_ms < 5_000
        assert stream.is_live
        assert stream.stats.reconnects == 1
        assert stream.stats.last_error is None


async def test_tokens_refused_are_said_to_be_and_asked_for_anew(venue: Venue, connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("expired_token")
        venue.faults.switch_on("drop", where="ws", again=False)
        await until_break(stream, lambda stats: isinstance(stats.last_error, TokenRefused))
        venue.faults.clear()

        await until(stream, lambda stats: stats.snapshots >= 2)


async def test_an_expired_token_before_the_first_snapshot_is_final(venue: Venue, connector: Connector) -> None:
    venue.faults.switch_on("expired_token")

    assert isinstance(await ready_error(connector), TokenRefused)


@pytest.mark.slow(reason="silence can only be told by waiting for it")
async def test_silence_makes_a_link_stale(venue: Venue, connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("silence")
        await until_break(stream, lambda stats: isinstance(stats.last_error, Stale))
        venue.faults.clear()

        await until(stream, lambda stats: stats.snapshots >= 2)


@pytest.mark.slow(reason="pongs come only where a link was quiet for a while")
async def test_a_stalled_book_on_a_living_link_is_measured_and_not_mistaken_for_silence(
    venue: Venue, connector: Connector
) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("stall")
        await until_break(stream, lambda stats: stats.heartbeats >= 2)

        assert stream.is_live
        assert stream.stats.last_error is None
        assert stream.stats.largest_book_silence_ms > stream.stats.largest_silence_ms


@pytest.mark.parametrize("depth", [5, 20])
async def test_a_quiet_pair_is_ready_from_its_snapshot_alone(venue: Venue, connector: Connector, depth: int) -> None:
    venue.faults.switch_on("stall")
    async with connector.book_stream(BTC_USDT, depth=depth) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()

        assert stream.is_live
        assert stream.stats.updates == 0
        assert len(stream.book.snapshot().bids) == depth


async def test_too_many_requests_are_our_rate(venue: Venue, connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("rate_limit")
        venue.faults.switch_on("drop", where="ws", again=False)
        await until_break(stream, lambda stats: isinstance(stats.last_error, RateLimited))


async def test_an_unknown_pair_is_refused_with_the_nearest(connector: Connector) -> None:
    error = await ready_error(connector, TradingPair("BTX", "USDT"))

    assert isinstance(error, UnknownPair)
    assert "BTC-USDT" in str(error)


async def test_a_pair_that_was_delisted_meanwhile_ends_the_stream(venue: Venue, connector: Connector) -> None:
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        venue.faults.switch_on("pair_delisted", pair="BTC-USDT")
        venue.faults.switch_on("drop", where="ws", again=False)

        with pytest.raises(UnknownPair):
            await until(stream, lambda _: False)


@pytest.mark.slow(reason="silence can only be told by waiting for it")
async def test_before_the_first_snapshot_a_failure_is_final(venue: Venue, connector: Connector) -> None:
    venue.faults.switch_on("silence")
    assert isinstance(await ready_error(connector), Timeout)


async def test_a_book_that_runs_short_is_filled_up_while_it_goes_on(
    connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors.kucoin.books import IncrementFeed

    real = IncrementFeed.__init__

    def demanding(feed: IncrementFeed, *arguments: object) -> None:
        real(feed, *arguments)  # type: ignore[arg-type]
        feed._least = 100  # each loss of a level is one too many

    monkeypatch.setattr(IncrementFeed, "__init__", demanding)
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()
        await until(stream, lambda stats: stats.refills >= 3)

        assert stream.is_live
        assert stream.stats.snapshots == 1
        assert stream.stats.last_error is None


async def test_leaving_ends_the_connection_and_every_task(connector: Connector) -> None:
    before = asyncio.all_tasks()
    async with connector.book_stream(BTC_USDT) as stream:
        await stream.ready()

    assert not {task for task in asyncio.all_tasks() - before if task.get_name().startswith(("book ", "snapshot "))}
