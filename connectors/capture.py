"""A bounded recording of what went over the wire, from which a check can be run again with no network.

Recording is cheap and dumb: bytes and times are kept as they pass, nothing is looked into. Secrets may be among them,
so nothing here is ever printed or stored as it is: `connectors.capture_file` makes the file of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from connectors import errors
from connectors.clock import clock_in_use
from connectors.errors import ConnectorError, RateLimited

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    from connectors.http import HttpAnswer
    from connectors.websocket import OnMessage, WebSocketConnection

MAX_BYTES = 16 * 1024 * 1024
"""Several times what a usual check sees: 10 s at 200 messages a second are 1 MB, a list of all pairs is as much."""

FRAME_OVERHEAD = 150
"""Bytes that keeping a frame takes beside the frame."""

TICK_S = 0.02
STALL_S = 0.015
"""How much later than asked for a timer tells that our own process did nothing meanwhile."""

Octets = bytes | bytearray | memoryview
"""A message as the transport hands it over, never changed after that."""

UNSIGNED = frozenset({"content-type", "accept"})
"""Headers that any request may have; another one makes it a private call."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked over HTTP. Of the headers only the values are kept, as texts that must never be seen."""

    venue: str
    method: str
    base_url: str
    path: str
    params: Mapping[str, str] = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        venue: str,
        method: str,
        base_url: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> Request:
        hidden = tuple(value for name, value in (headers or {}).items() if name.lower() not in UNSIGNED)
        return cls(venue, method, base_url, path, dict(params or {}), hidden)

    @property
    def is_private(self) -> bool:
        return bool(self.hidden)


class Tap(Protocol):
    """Hears of all that happens on one WebSocket; `received` is given each message in place of its consumer."""

    read: Callable[[int], None]
    """So many bytes arrived; the messages in them follow at once."""

    received: OnMessage

    def sent(self, message: str | bytes) -> None: ...

    def leaving(self) -> None: ...

    def lost(self, closed: Closed) -> None: ...


class Wire(Protocol):
    """What stands between the transports and the network: a recorder, or a recording in place of the network."""

    async def exchange(self, request: Request, send: Callable[[], Awaitable[HttpAnswer]]) -> HttpAnswer:
        """The answer to *request*, which *send* would fetch. Raises as `HttpTransport.get`."""

    async def connect(
        self, url: str, on_message: OnMessage, *, venue: str, dial: Callable[[Tap], Awaitable[WebSocketConnection]]
    ) -> WebSocketConnection:
        """A connection that hands its messages to *on_message*, which *dial* would open. Raises as `open_websocket`."""


wire_in_use: ContextVar[Wire | None] = ContextVar("wire_in_use", default=None)
"""Inherited by every task, so that checks which share a connector are recorded each by itself; None: plain network."""


class Closed(NamedTuple):
    """How a WebSocket ended."""

    code: int | None
    reason: str
    is_too_large: bool


KINDS: Mapping[str, type[ConnectorError]] = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, ConnectorError)
}


class Failed(NamedTuple):
    """An error without its traceback, whose frames hold secrets."""

    kind: str
    message: str
    endpoint: str = ""
    retry_after_s: float | None = None

    @classmethod
    def of(cls, error: ConnectorError) -> Failed:
        retry_after_s = error.retry_after_s if isinstance(error, RateLimited) else None
        return cls(type(error).__name__, error.message, error.endpoint, retry_after_s)

    def error(self, *, venue: str) -> ConnectorError:
        """The error again. Raises ValueError where there is none of this name."""
        kind = KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"no error is called {self.kind!r}")
        error = kind(self.message, venue=venue, endpoint=self.endpoint)
        if isinstance(error, RateLimited):
            error.retry_after_s = self.retry_after_s
        return error


@dataclass(slots=True, repr=False)
class Exchange:
    """One request; with neither answer nor failure it was given up on at `done`. Times are of the stopwatch.

    What `is_elsewhere` was not asked by the check itself: by the second look, or by another check for both.
    """

    request: Request
    asked: float
    done: float | None = None
    answer: HttpAnswer | None = None
    failure: Failed | None = None
    is_elsewhere: bool = False


@dataclass(slots=True, repr=False)
class Link:
    """One WebSocket. `frames` are (time, message): octets came in, text went out. At `left` our side began to close it.

    The URL may hold a token.
    """

    url: str
    asked: float
    opened: float | None = None
    failure: Failed | None = None
    left: float | None = None
    done: float | None = None
    closed: Closed | None = None
    left_out: int = 0
    frames: deque[tuple[float, Octets | str]] = field(default_factory=deque)


class Capture:
    """Records the wire of one check: `wire_in_use.set(capture)` in the check's own task.

    Beyond *max_bytes* the oldest frames go first, those of ended subscriptions before those of the present one, so that
    what surrounds a failure stays; `left_out` counts them, and such a recording can be read but not replayed.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        clock = clock_in_use.get()
        self.started_at: datetime = clock.utc_now()
        self.started = clock.monotonic()
        self.exchanges: list[Exchange] = []
        self.links: list[Link] = []
        self.left_out = 0
        self.stalls: list[tuple[float, float]] = []
        self._seen_by_all: list[Exchange] = []
        self._monotonic = clock.monotonic
        self._max_bytes = max_bytes
        self._bytes = 0

    def __repr__(self) -> str:
        return f"<Capture: {len(self.exchanges)} requests, {len(self.links)} WebSockets, {self._bytes} bytes>"

    def beside(self) -> Capture:
        """A capture for another check over the same connector, which may be told what this one learnt."""
        other = Capture(max_bytes=self._max_bytes)
        other._seen_by_all, other.stalls = self._seen_by_all, self.stalls
        return other

    async def note_stalls(self) -> None:
        """Until cancelled, note from when to when our process stood still: what was due then was not late by itself."""
        before = self._monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = self._monotonic()
            if now - before > TICK_S + STALL_S:
                self.stalls.append((before, now))
            before = now

    def elsewhere(self, remembers: Iterable[str], around: Capture | None = None) -> list[Exchange]:
        """What was asked outside this capture: all of *around*, and the *remembers* paths that the connector keeps."""
        kept, own = set(remembers), set(map(id, self.exchanges))
        beside = set(map(id, around.exchanges)) if around else set()
        return [
            replace(exchange, is_elsewhere=True)
            for exchange in self._seen_by_all
            if id(exchange) not in own
            and (id(exchange) in beside or (exchange.request.path in kept and exchange.failure is None))
        ]

    async def exchange(self, request: Request, send: Callable[[], Awaitable[HttpAnswer]]) -> HttpAnswer:
        exchange = Exchange(request, self._monotonic())
        self.exchanges.append(exchange)
        self._seen_by_all.append(exchange)
        try:
            exchange.answer = answer = await send()
        except ConnectorError as error:
            exchange.failure = Failed.of(error)
            raise
        finally:
            exchange.done = self._monotonic()
        self._grow(len(answer.body))
        return answer

    async def connect(
        self, url: str, on_message: OnMessage, *, venue: str, dial: Callable[[Tap], Awaitable[WebSocketConnection]]
    ) -> WebSocketConnection:
        link = Link(url, self._monotonic())
        self.links.append(link)
        tap = _Recorder(link, on_message, self._monotonic, self._grow)
        try:
            connection = await dial(tap)
        except ConnectorError as error:
            link.failure = Failed.of(error)
            raise
        else:
            link.opened = self._monotonic()
        finally:
            if link.opened is None:
                link.done = self._monotonic()
        return connection

    def _grow(self, size: int) -> None:
        self._bytes += size
        if self._bytes > self._max_bytes:
            self._make_room()

    def _make_room(self) -> None:
        """Forget a tenth at a time: it takes a while, and a full recorder must not become a slow one."""
        for link in sorted(self.links, key=lambda link: link.done is None):
            while link.frames and self._bytes > 0.9 * self._max_bytes:
                self._bytes -= len(link.frames.popleft()[1]) + FRAME_OVERHEAD
                link.left_out += 1
                self.left_out += 1
        for exchange in self.exchanges:
            if self._bytes <= self._max_bytes:
                break
            if exchange.answer is not None and exchange.answer.body:
                self._bytes -= len(exchange.answer.body)
                exchange.answer = exchange.answer._replace(body=b"")
                self.left_out += 1


class _Recorder:
    """The tap of a link that is recorded.

    What one read of the socket brings shares one time: its messages are handed over together in a replay, too.
    """

    def __init__(
        self, link: Link, on_message: OnMessage, monotonic: Callable[[], float], grow: Callable[[int], None]
    ) -> None:
        self._link = link
        self._monotonic = monotonic
        self._grow = grow
        read_at, frames, keep = link.asked, 0, link.frames.append

        def read(size: int, /) -> None:
            nonlocal read_at, frames
            read_at = monotonic()
            grow(size + frames * FRAME_OVERHEAD)
            frames = 0

        def received(message: Octets, /) -> None:
            nonlocal frames
            frames += 1
            keep((read_at, message))
            on_message(message)

        # Closures, because this is the hot path of every order book that is recorded.
        self.read = read
        self.received: OnMessage = received

    def sent(self, message: str | bytes) -> None:
        text = message if isinstance(message, str) else message.decode(errors="surrogateescape")
        self._link.frames.append((self._monotonic(), text))
        self._grow(len(text) + FRAME_OVERHEAD)

    def leaving(self) -> None:
        if self._link.done is None and self._link.left is None:
            self._link.left = self._monotonic()

    def lost(self, closed: Closed) -> None:
        self._link.done = self._monotonic()
        self._link.closed = closed
