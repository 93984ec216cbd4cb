"""What a session of KuCoin needs beside its frames, against a venue that does exactly what a test says."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import WSMsgType, web

from connectors import book_stream, stitching
from connectors.errors import (
    AuthRejected,
    Disconnected,
    MalformedPayload,
    RateLimited,
    SequenceGap,
    Stale,
    Timeout,
    Unavailable,
)
from connectors.kucoin import Kucoin
from tests.connectors.kucoin.conftest import BTC_USDT, CREDENTIALS, listed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from connectors.book_stream import BookStream

DEADLINE_S = 5.0


class ScriptedVenue:
    """KuCoin as far as a book stream sees it; a test switches its manners off."""

    def __init__(self) -> None:
        self.url = ""
        self.ping_interval_ms, self.ping_timeout_ms = 200, 200
        self.endpoint: str | None = None
        self.snapshots: list[Any] = [100]
        """The sequences of the snapshots to come, or the HTTP status in place of one; the last one is repeated."""
        self.greets = self.answers_pings = True
        self.closes = False
        self.levels = 1
        self.first_frame: dict[str, Any] | str = {"id": "w", "type": "welcome"}
        self.sequence = 100
        self.tokens: list[str] = []
        self.heard: list[dict[str, Any]] = []
        self.sockets: list[web.WebSocketResponse] = []

    async def bullet(self, _request: web.Request) -> web.Response:
        server = {
            "endpoint": self.endpoint or self.url.replace("http", "ws") + "/endpoint",
            "pingInterval": self.ping_interval_ms,
            "pingTimeout": self.ping_timeout_ms,
        }
        return _answer({"token": f"token=={len(self.tokens)}/+", "instanceServers": [server]})

    async def symbols(self, _request: web.Request) -> web.Response:
        return web.Response(text=listed("spot_symbol_btc_usdt.json"), content_type="application/json")

    async def level2(self, _request: web.Request) -> web.Response:
        sequence = self.snapshots.pop(0) if len(self.snapshots) > 1 else self.snapshots[0]
        if sequence == 503:
            return web.Response(status=503)
        bids = [[f"{1000 - index}", "1"] for index in range(self.levels)]
        asks = [[f"{1001 + index}", "1"] for index in range(self.levels)]
        book = {"time": 1, "sequence": str(sequence), "bids": bids, "asks": asks}
        return _answer(book)

    async def session(self, request: web.Request) -> web.WebSocketResponse:
        self.tokens.append(request.query["token"])
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.sockets.append(socket)
        if self.closes:
            await socket.close()
        elif isinstance(self.first_frame, str):
            await socket.send_str(self.first_frame)
        elif self.greets:
            await socket.send_json(self.first_frame)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            said = json.loads(message.data)
            self.heard.append(said)
            if said["type"] == "subscribe":
                await socket.send_json({"id": said["id"], "type": "ack"})
            elif self.answers_pings:
                await socket.send_json({"id": said["id"], "type": "pong"})
        return socket

    async def send_change(self, *, skipping: int = 0) -> None:
        self.sequence += 1 + skipping
        await self._send(self.sequence, [["99.9", "5", str(self.sequence)]])

    async def send_losses(self, count: int) -> None:
        """The best *count* bids go, in one frame."""
        start = self.sequence + 1
        self.sequence += count
        await self._send(start, [[f"{1000 - index}", "0", str(start + index)] for index in range(count)])

    async def _send(self, start: int, bids: list[list[str]]) -> None:
        changes = {"bids": bids, "asks": []}
        data = {"sequenceStart": start, "sequenceEnd": self.sequence, "time": 1, "changes": changes}
        for socket in self.sockets:
            if not socket.closed:
                await socket.send_json({"type": "message", "topic": "/market/level2:BTC-USDT", "data": data})


def _answer(data: object) -> web.Response:
    return web.json_response({"code": "200000", "data": data})


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_stream, "READY_TIMEOUT_S", 0.3)
    monkeypatch.setattr(book_stream, "QUIET_S", 0.02)
    monkeypatch.setattr(book_stream, "BACKOFF_S", (0.0, 0.01))
    monkeypatch.setattr(stitching, "SNAPSHOT_WAITS_S", (0.0, 0.01))


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    scripted = ScriptedVenue()
    app = web.Application()
    app.router.add_post("/api/v1/bullet-public", scripted.bullet)
    app.router.add_post("/api/v1/bullet-private", scripted.bullet)
    app.router.add_get("/api/v2/symbols", scripted.symbols)
    app.router.add_get("/api/v1/market/orderbook/level2_100", scripted.level2)
    app.router.add_get("/endpoint", scripted.session)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scripted.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield scripted
    await runner.cleanup()


@pytest.fixture
async def kucoin(venue: ScriptedVenue) -> AsyncIterator[Kucoin]:
    async with Kucoin(urls={"rest": venue.url}, credentials=CREDENTIALS) as connector:
        yield connector


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  # a stream breaks and heals without an event
            await asyncio.sleep(0.002)


async def until_error(stream: BookStream, kind: type[Exception]) -> None:
    await until(lambda: isinstance(stream.stats.last_error, kind))


async def test_each_connection_has_a_token_of_its_own_escaped_in_its_address(
    venue: ScriptedVenue, kucoin: Kucoin
) -> None:
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()
        await stream.reconnect()

    assert venue.tokens == ["token==0/+", "token==1/+"]


async def test_nothing_is_asked_before_the_welcome(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.greets = False
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        with pytest.raises(Timeout, match="no welcome"):
            await stream.ready()

    assert venue.heard == []


async def test_a_connection_closed_in_place_of_a_welcome_is_lost(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.closes = True
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        with pytest.raises(Disconnected):
            await stream.ready()


async def test_a_private_session_closed_in_place_of_a_welcome_is_lost(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.closes = True

    with pytest.raises(Disconnected):
        await kucoin.private_stream_ack()


async def test_a_private_session_that_says_nonsense_is_malformed(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.first_frame = "{"

    with pytest.raises(MalformedPayload):
        await kucoin.private_stream_ack()


async def test_a_fault_of_our_own_while_fetching_reaches_the_consumer(
    kucoin: Kucoin, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(kucoin, "book_snapshot", broken)
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        with pytest.raises(RuntimeError, match="a bug of ours"):
            await stream.ready()


async def test_a_book_running_short_outlives_a_refused_snapshot(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.levels = 100
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()
        venue.snapshots = [503, 503, 200]
        await venue.send_losses(81)
        venue.sequence = 200
        await until(lambda: stream.stats.refills == 1)

        assert stream.is_live
        assert stream.stats.last_error is None
        assert stream.book.sequence == 200


async def test_pings_go_out_at_the_interval_that_the_venue_names(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.ping_interval_ms = 100
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()
        await until(lambda: stream.stats.heartbeats >= 3)

        assert stream.is_live
    pings = [said["id"] for said in venue.heard if said["type"] == "ping"]
    assert len(pings) == len(set(pings)) >= 3


async def test_a_link_on_which_data_comes_and_no_pong_is_half_dead(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.ping_interval_ms = venue.ping_timeout_ms = 100
    venue.answers_pings = False
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()
        while not isinstance(stream.stats.last_error, Stale):
            await venue.send_change()
            await asyncio.sleep(0.01)

        assert "no pong within 0.1 s" in str(stream.stats.last_error)


async def test_a_snapshot_older_than_the_stream_is_fetched_again(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.snapshots = [90, 95, 101]
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        await until(lambda: bool(venue.heard))  # the subscription
        venue.sequence = 101
        await venue.send_change()
        await stream.ready()

        assert stream.book.sequence == 102
        assert stream.stats.snapshots == 1
        assert stream.stats.sequence_gaps == 0


async def test_a_snapshot_that_turns_out_older_than_the_first_change_is_replaced_in_silence(
    venue: ScriptedVenue, kucoin: Kucoin
) -> None:
    venue.snapshots = [90, 101]
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()
        venue.sequence = 100
        await venue.send_change()
        await until(lambda: stream.is_live and stream.book.sequence == 101)

        assert stream.stats.last_error is None


async def test_a_venue_without_a_new_enough_snapshot_is_not_waited_for_without_end(
    venue: ScriptedVenue, kucoin: Kucoin
) -> None:
    venue.snapshots = [90]
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        await until(lambda: bool(venue.heard))  # the subscription
        await venue.send_change()
        with pytest.raises(Timeout, match="no snapshot"):
            await stream.ready()


async def test_a_snapshot_refused_before_the_first_one_is_final(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.snapshots = [503]
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        with pytest.raises(Unavailable):
            await stream.ready()


async def test_a_gap_is_healed_without_asking_to_subscribe_again(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()
        await venue.send_change()
        await until(lambda: stream.book.sequence == 101)
        await venue.send_change(skipping=3)
        await until_error(stream, SequenceGap)
        venue.snapshots = [110]
        venue.sequence = 109
        await venue.send_change()
        await until(lambda: stream.is_live)

        assert stream.book.sequence == 110
    assert [said["type"] for said in venue.heard].count("subscribe") == 1


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ({"type": "error", "code": 400, "data": "ping timeout"}, Disconnected),
        ({"id": "x", "type": "error", "code": 509, "data": "exceed max permits per second"}, RateLimited),
        ({"id": "x", "type": "error", "code": 500, "data": "service busy, please retry later"}, Unavailable),
    ],
)
async def test_an_error_frame_on_a_live_link_is_told_and_healed(
    venue: ScriptedVenue, kucoin: Kucoin, frame: dict[str, Any], kind: type[Exception]
) -> None:
    async with kucoin.book_stream(BTC_USDT) as stream, asyncio.timeout(DEADLINE_S):
        await stream.ready()
        await venue.sockets[-1].send_json(frame)
        await until_error(stream, kind)
        await until(lambda: stream.stats.snapshots >= 2)

        assert stream.stats.reconnects == 1


async def test_a_private_session_that_is_refused_says_why(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.first_frame = {"id": "x", "type": "error", "code": 403, "data": "login is required"}

    with pytest.raises(AuthRejected, match="login is required"):
        await kucoin.private_stream_ack()


async def test_a_private_session_is_acknowledged_on_a_private_channel(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    await kucoin.private_stream_ack()

    (asked,) = venue.heard
    assert (asked["topic"], asked["privateChannel"]) == ("/account/balance", True)


async def test_an_endpoint_that_is_no_address_is_the_venues_mistake(venue: ScriptedVenue, kucoin: Kucoin) -> None:
    venue.endpoint = "http://elsewhere"

    with pytest.raises(MalformedPayload, match="no WebSocket address"):
        await kucoin.private_stream_ack()
