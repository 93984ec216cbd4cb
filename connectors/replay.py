"""A recording in place of the network: connector code runs unchanged, offline, at the times of the recording.

Time is virtual. When nothing can run, the loop jumps to whatever is due next, so that a recording of ten seconds, or of
a request that nobody ever answered, is replayed in a blink.
"""

from __future__ import annotations

import asyncio
import selectors
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from websockets.frames import CloseCode

from connectors.capture import Closed, Exchange, Link, wire_in_use
from connectors.clock import clock_in_use
from connectors.nonce import nonces_in
from connectors.scrub import HIDDEN, address_of
from connectors.websocket import CLOSE_TIMEOUT_S, error_of_close

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
    from contextvars import Context
    from datetime import datetime
    from typing import Any, NoReturn

    from connectors.capture import Request, Tap
    from connectors.capture_file import Recording
    from connectors.errors import ConnectorError
    from connectors.http import HttpAnswer
    from connectors.websocket import OnMessage, WebSocketConnection

T = TypeVar("T")

STARTS_AT = 1000.0
"""Of the virtual stopwatch: zero stands for "never" in more than one place."""

LATE_S = 0.0005
"""By which timers are late, as in life: of a message and a timer that are due at once, the message is first."""

LONGEST_HOLD_S = 1.0
"""For which a recorded message waits for what our side had sent before it, should that come later this time."""


SHORTEST_TIME = 9
"""Digits of a Unix time in seconds; a shorter number in a query is a depth or a limit."""


class _Jumping(selectors.DefaultSelector):
    """Never waits: where it should, it moves the time on."""

    now = STARTS_AT

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("the replay waits for something that no recording can bring")
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while everything waits."""

    def __init__(self, stalls: Sequence[tuple[float, float]] = ()) -> None:
        """No timer goes off in one of *stalls*: in them the recorded process was not running."""
        self._jumping = _Jumping()
        self._stalls = [(STARTS_AT + begin, STARTS_AT + end) for begin, end in stalls]
        super().__init__(self._jumping)
        # What is due within a nanosecond is due now: adding up waits is not exact.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._jumping.now

    def call_at(  # type: ignore[override]  # typeshed ties the arguments to the callback
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        when += LATE_S
        for begin, end in self._stalls:
            if begin < when < end:
                when = end
        return super().call_at(when, callback, *args, context=context)

    def arrive_at(self, when: float, callback: Callable[..., object]) -> asyncio.TimerHandle:
        """As `call_at`, for what comes from outside: it is on time."""
        return super().call_at(when, callback)


class _VirtualClock:
    """The wall clock and the stopwatch of the recording."""

    def __init__(self, loop: VirtualLoop, started_at: datetime) -> None:
        self.monotonic = loop.time
        self._started_at = started_at

    def utc_now(self) -> datetime:
        return self._started_at + timedelta(seconds=self.monotonic() - STARTS_AT)

    @staticmethod
    def between(low: float, _high: float) -> float:
        return low


def replay(recording: Recording, run: Callable[[Replay], Coroutine[Any, Any, T]]) -> T:
    """What *run* returns when the wire and the clock are those of *recording*. Not to be called from a running loop."""
    wire = Replay(recording)

    async def go() -> T:
        clock_in_use.set(_VirtualClock(loop, recording.started_at))
        wire_in_use.set(wire)
        nonces_in.set(Path(folder))
        return await run(wire)

    with TemporaryDirectory(prefix="bellwether-replay-") as folder:
        loop = VirtualLoop(recording.stalls)
        try:
            return loop.run_until_complete(go())
        finally:
            _end(loop)


def _end(loop: VirtualLoop) -> None:
    async def cancel(left: set[asyncio.Task[Any]]) -> None:
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    try:
        loop.run_until_complete(cancel(asyncio.all_tasks(loop)))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


class Replay:
    """The wire of a recording: each request and each WebSocket gets what the same one got, when it got it.

    Requests are matched by address, path and query, in their order; where only the query differs, as by a time in it,
    the next one of the same path. What was never recorded is never answered, and is named in `missing`.
    """

    def __init__(self, recording: Recording) -> None:
        self.missing: list[str] = []
        self._exchanges: dict[tuple[str, str], list[Exchange]] = defaultdict(list)
        for exchange in recording.exchanges:
            self._exchanges[exchange.request.method, exchange.request.base_url + exchange.request.path].append(exchange)
        self._links: dict[str, list[Link]] = defaultdict(list)
        for link in recording.links:
            self._links[link.url].append(link)

    async def exchange(self, request: Request, send: Callable[[], Awaitable[HttpAnswer]]) -> HttpAnswer:
        found = self._take(request)
        if found is None:
            self.missing.append(f"{request.method} {request.path}")
            return await _never()
        if found.done is not None and (found.answer or found.failure):
            await _until(found.done)
        if found.failure is not None:
            raise found.failure.error(venue=request.venue)
        return found.answer if found.answer is not None else await _never()

    def _take(self, request: Request) -> Exchange | None:
        left = self._exchanges[request.method, address_of(request.base_url) + request.path]
        alike = [exchange for exchange in left if _is_alike(exchange.request.params, request.params)]
        found = min(alike, key=lambda exchange: exchange.is_elsewhere, default=None)
        if found is not None:
            left.remove(found)
        return found

    async def connect(
        self, url: str, on_message: OnMessage, *, venue: str, dial: Callable[[Tap], Awaitable[WebSocketConnection]]
    ) -> WebSocketConnection:
        endpoint = address_of(url)
        left = self._links[endpoint]
        if not left:
            self.missing.append(f"WebSocket {endpoint}")
            return await _never()
        link = left.pop(0)
        connection = _ReplayedConnection(link, on_message)
        try:
            await self._opened(link, venue)
        except BaseException:
            connection.stop()
            raise
        return connection

    @staticmethod
    async def _opened(link: Link, venue: str) -> None:
        if link.opened is not None:
            await _until(link.opened)
            return
        if link.failure is None or link.done is None:
            await _never()
        else:
            await _until(link.done)
            raise link.failure.error(venue=venue)


def _is_alike(recorded: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Whether two queries ask the same: the times in them, and what was hidden, may differ."""
    return recorded.keys() == asked.keys() and all(
        recorded[name] == asked[name]
        or recorded[name] == HIDDEN
        or (_is_time(recorded[name]) and _is_time(asked[name]))
        for name in recorded
    )


def _is_time(text: str) -> bool:
    return text.isdecimal() and len(text) >= SHORTEST_TIME


class _ReplayedConnection:
    """A WebSocket of the recording: its messages come when they came, and never before what had been asked for them."""

    def __init__(self, link: Link, on_message: OnMessage) -> None:
        self._link = link
        self._on_message = on_message
        self._sent = 0
        self._has_sent = asyncio.Event()
        self._closed: Closed | None = None
        self._over = asyncio.Event()
        self._player = asyncio.create_task(self._play())

    async def send(self, message: str) -> None:
        if self._closed is not None:
            raise self.why_closed(venue="", endpoint=self._link.url)
        self._sent += 1
        self._has_sent.set()
        await asyncio.sleep(0)

    async def wait_closed(self) -> None:
        await self._over.wait()

    async def close(self) -> None:
        """Takes as long as it did, in which more messages may come."""
        link = self._link
        took_s = CLOSE_TIMEOUT_S if link.left is None or link.done is None else link.done - link.left
        with suppress(TimeoutError):
            async with asyncio.timeout(took_s):
                await self._over.wait()
        self.stop()

    def abort(self) -> None:
        self.stop()

    def stop(self) -> None:
        self._player.cancel()
        self._end(self._link.closed or Closed(CloseCode.ABNORMAL_CLOSURE, "", is_too_large=False))

    def why_closed(self, *, venue: str, endpoint: str) -> ConnectorError:
        closed = self._closed or Closed(CloseCode.ABNORMAL_CLOSURE, "", is_too_large=False)
        return error_of_close(closed, venue=venue, endpoint=endpoint)

    async def _play(self) -> None:
        awaited = 0
        for at, message in self._link.frames:
            if isinstance(message, str):
                awaited += 1
                await self._until_sent(awaited, at)
            else:
                await _until(at)
                self._on_message(message)
        if self._link.closed is not None and self._link.done is not None and self._link.left is None:
            await _until(self._link.done)
            self._end(self._link.closed)

    async def _until_sent(self, count: int, at: float) -> None:
        latest = max(asyncio.get_running_loop().time(), STARTS_AT + at) + LONGEST_HOLD_S
        with suppress(TimeoutError):
            async with asyncio.timeout_at(latest):
                while self._sent < count:
                    self._has_sent.clear()
                    await self._has_sent.wait()

    def _end(self, closed: Closed) -> None:
        if self._closed is None:
            self._closed = closed
        self._over.set()


async def _until(at: float) -> None:
    """Return at the recording's time *at*; what is late comes at once, and in its order."""
    loop = asyncio.get_running_loop()
    if STARTS_AT + at > loop.time():
        arrived = asyncio.Event()
        timer = loop.arrive_at(STARTS_AT + at, arrived.set)  # type: ignore[attr-defined]  # of a VirtualLoop
        try:
            await arrived.wait()
        finally:
            timer.cancel()


async def _never() -> NoReturn:
    while True:
        await asyncio.Event().wait()
