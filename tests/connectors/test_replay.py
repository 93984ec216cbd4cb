"""A recording in place of the network: the same answers at the same times, in no time at all."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors.capture import Closed, Exchange, Failed, Link, Request
from connectors.capture_file import Recording
from connectors.clock import between, monotonic, utc_now
from connectors.errors import Disconnected, RateLimited, Unavailable
from connectors.http import HttpAnswer, HttpTransport, new_http_client
from connectors.nonce import NonceFile
from connectors.rate_limit import RateLimit
from connectors.replay import Replay, replay
from connectors.websocket import open_websocket

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
URL, STREAM = "http://venue.example", "ws://venue.example/v2"


def exchange(
    path: str,
    body: str | None,
    *,
    asked: float = 0.0,
    done: float = 0.1,
    params: dict[str, str] | None = None,
    failure: Failed | None = None,
) -> Exchange:
    answer = None
    if body is not None:
        sent, received = NOON + timedelta(seconds=asked), NOON + timedelta(seconds=done)
        answer = HttpAnswer(200, "application/json", body.encode(), sent, received)
    return Exchange(Request("", "GET", URL, path, params or {}, ()), asked, done, answer, failure)


def link(*frames: tuple[float, bytes | str], **fields: Any) -> Link:
    return Link(STREAM, 0.0, **({"opened": 0.1} | fields), frames=deque(frames))


def replayed(run: Callable[[HttpTransport], Coroutine[Any, Any, Any]], *recorded: Exchange | Link) -> Any:
    exchanges = tuple(item for item in recorded if isinstance(item, Exchange))
    links = tuple(item for item in recorded if isinstance(item, Link))

    async def go(_wire: Replay) -> Any:
        async with new_http_client() as client:
            return await run(
                HttpTransport(URL, venue="kraken", client=client, rate_limit=RateLimit(1, 0.001), timeout_s=10)
            )

    return replay(Recording({}, NOON, 0, exchanges, links), go)


def test_time_passes_as_recorded_and_costs_none() -> None:
    async def run(_: HttpTransport) -> tuple[timedelta, float]:
        began, stopwatch = utc_now(), monotonic()
        await asyncio.sleep(3600)
        return utc_now() - began, monotonic() - stopwatch

    started = time.perf_counter()
    passed, counted = replayed(run)

    assert passed == pytest.approx(timedelta(hours=1), abs=timedelta(milliseconds=1))
    assert counted == pytest.approx(3600, abs=0.001)
    assert time.perf_counter() - started < 1


def test_an_answer_comes_when_it_came_with_its_own_times() -> None:
    async def run(transport: HttpTransport) -> tuple[HttpAnswer, datetime]:
        return await transport.get("/time"), utc_now()

    answer, at = replayed(run, exchange("/time", "{}", asked=1.0, done=7.5))

    assert (answer.sent_at, answer.received_at) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=7.5))
    assert at == pytest.approx(answer.received_at, abs=timedelta(milliseconds=1))


def test_requests_at_the_same_time_each_get_their_own_answer() -> None:
    async def run(transport: HttpTransport) -> list[bytes]:
        paths = ("/b", "/a", "/a")
        return [answer.body for answer in await asyncio.gather(*map(transport.get, paths))]

    recorded = [exchange("/a", "first"), exchange("/b", "other", done=5.0), exchange("/a", "second")]

    assert replayed(run, *recorded) == [b"other", b"first", b"second"]


def test_a_query_may_name_another_time_but_nothing_else() -> None:
    async def run(transport: HttpTransport) -> list[bytes]:
        minute = await transport.get("/candles", {"type": "1min", "endAt": "1763726401"})
        hour = await transport.get("/candles", {"type": "1hour", "endAt": "1763726401"})
        return [minute.body, hour.body]

    recorded = [
        exchange("/candles", "hours", params={"type": "1hour", "endAt": "1763726400"}),
        exchange("/candles", "minutes", params={"type": "1min", "endAt": "1763726400"}),
    ]

    assert replayed(run, *recorded) == [b"minutes", b"hours"]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Failed("Unavailable", "HTTP 503", "/time"), Unavailable),
        (Failed("RateLimited", "HTTP 429", "/time", 7.0), RateLimited),
        (Failed("Disconnected", "gone", "/time"), Disconnected),
    ],
)
def test_a_failure_is_raised_again(failure: Failed, kind: type[Exception]) -> None:
    async def run(transport: HttpTransport) -> Exception:
        with pytest.raises(kind) as raised:
            await transport.get("/time")
        return raised.value

    error = replayed(run, exchange("/time", None, failure=failure))

    assert str(error) == f"kraken /time: {failure.message}"
    assert getattr(error, "retry_after_s", None) == failure.retry_after_s


def test_what_was_never_answered_is_never_answered_again() -> None:
    async def run(transport: HttpTransport) -> float:
        began = monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await transport.get("/time")
        return monotonic() - began

    assert replayed(run, exchange("/time", None, done=30.0)) == pytest.approx(30, abs=0.01)


def test_what_was_not_recorded_is_named() -> None:
    async def run(transport: HttpTransport) -> None:
        for ask in (transport.get("/new"), connect()):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await ask

    async def connect() -> None:
        async with open_websocket(f"{STREAM}?token=x", lambda _: None, venue="kraken"):
            pass

    async def go(wire: Replay) -> list[str]:
        async with new_http_client() as client:
            await run(HttpTransport(URL, venue="kraken", client=client, rate_limit=RateLimit(1, 1)))
        return wire.missing

    assert replay(Recording({}, NOON, 0, (), ()), go) == ["GET /new", f"WebSocket {STREAM}"]


def test_nothing_that_can_come_is_an_error_and_no_hang() -> None:
    async def run(_: HttpTransport) -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="waits for something that no recording can bring"):
        replayed(run)


async def followed(*sent: str, wait_s: float = 0.0) -> list[tuple[str, float]]:
    """What a stream hands over, and when, until it ends; *sent* is sent *wait_s* after it opened."""
    began, seen = monotonic(), []
    async with open_websocket(
        STREAM, lambda message: seen.append((bytes(message).decode(), monotonic() - began)), venue="kraken"
    ) as connection:
        await asyncio.sleep(wait_s)
        for message in sent:
            await connection.send(message)
        await connection.wait_closed()
        seen.append((str(connection.why_closed(venue="kraken", endpoint=STREAM)), monotonic() - began))
    return seen


ENDED = {"done": 9.0, "closed": Closed(1012, "restarting", is_too_large=False)}


def test_messages_come_when_they_came_and_the_end_as_well() -> None:
    async def run(_: HttpTransport) -> Any:
        return await followed("subscribe")

    seen = replayed(run, link((0.2, "subscribe"), (1.0, b"one"), (1.0, b"two"), (8.0, b"three"), **ENDED))

    assert [text for text, _ in seen] == [
        "one",
        "two",
        "three",
        f"kraken {STREAM}: connection closed with code 1012 (restarting)",
    ]
    assert [at for _, at in seen] == [pytest.approx(due, abs=0.002) for due in (1.0, 1.0, 8.0, 9.0)]


@pytest.mark.parametrize(("late_s", "due"), [(0.7, 0.8), (5.0, 1.2)])
def test_an_answer_waits_for_its_question_a_while(late_s: float, due: float) -> None:
    async def run(_: HttpTransport) -> Any:
        return await followed("subscribe", wait_s=late_s)

    seen = replayed(run, link((0.2, "subscribe"), (0.3, b"snapshot"), **ENDED))

    assert seen[0] == ("snapshot", pytest.approx(due, abs=0.01))


def test_no_timer_goes_off_while_the_recorded_process_stood_still() -> None:
    async def go(_wire: Replay) -> list[str]:
        happened: list[str] = []
        asyncio.get_running_loop().call_later(1.0, happened.append, "timer")
        async with open_websocket(STREAM, lambda _: happened.append("message"), venue="kraken"):
            await asyncio.sleep(3)
        return happened

    recording = Recording({}, NOON, 0, (), (link((1.9, b"x")),), stalls=((0.9, 2.0),))

    assert replay(recording, go) == ["message", "timer"]


def test_an_end_that_was_ours_comes_only_from_us() -> None:
    async def run(_: HttpTransport) -> bool:
        async with open_websocket(STREAM, lambda _: None, venue="kraken") as connection:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(60):
                    await connection.wait_closed()
        with pytest.raises(Disconnected):
            await connection.send("too late")
        return True

    assert replayed(run, link(left=2.0, done=2.1, closed=Closed(1000, "", is_too_large=False)))


def test_a_connection_that_was_refused_is_refused_again() -> None:
    async def run(_: HttpTransport) -> None:
        with pytest.raises(Unavailable, match="HTTP 520"):
            await followed()

    replayed(run, link(opened=None, done=0.3, failure=Failed("Unavailable", "HTTP 520", STREAM)))


def test_a_replay_waits_as_short_as_chance_allows_and_leaves_no_nonce_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BELLWETHER_NONCE_DIR", str(tmp_path))

    async def run(_: HttpTransport) -> float:
        async with NonceFile("stand-in"):
            return between(1.0, 1.5)

    assert replayed(run) == 1.0
    assert list(tmp_path.iterdir()) == []
