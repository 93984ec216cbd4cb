"""What every sandbox exchange shares: one port, a market that moves, faults on the wire, and the control endpoint."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from aiohttp import WSMsgType, web

from connectors.sandbox import control, pages
from connectors.sandbox.connection import CHUNK, Connection
from connectors.sandbox.faults import CATALOGUE, REST, WEBSOCKET, Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from types import TracebackType

    from connectors.sandbox.faults import Parameter
    from connectors.sandbox.market import Market
    from connectors.types import Credentials

HOST = "127.0.0.1"
BEAT_S = 0.02
MOVES_A_BEAT = 50  # more moves at once would keep the clients of a fast market waiting


@dataclass(frozen=True, slots=True)
class RestCall:
    """One HTTP request; `target` is the path with its query exactly as sent."""

    method: str
    path: str
    target: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    remote: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the venue says to a RestCall."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Session(Protocol):
    """One WebSocket client as the venue sees it."""

    def receive(self, text: str) -> None: ...

    def close(self) -> None: ...


class Clock:
    """The venue's clock, which a fault can put ahead."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    @staticmethod
    def true_ns() -> int:
        return time.time_ns()

    def now_ns(self) -> int:
        skew = self._faults.get("clock_skew")
        return self.true_ns() + (int(skew["seconds"] * 1_000_000_000) if skew else 0)

    def book_ns(self) -> int:
        """The time that book frames carry, which another fault can put back."""
        late = self._faults.get("late_frames")
        return self.now_ns() - (int(late["seconds"] * 1_000_000_000) if late else 0)


class _ConnectionLost(Exception):
    """A fault ended the connection before an answer."""


class SandboxServer(ABC):
    """An exchange on loopback; enter it to start it. A venue adds its words, this class the wire and its faults."""

    def __init__(self, *, port: int = 0, rate: float = 16.0) -> None:
        """*rate*: book updates a second on the busiest pair. Port 0 takes a free one."""
        self.faults = Faults(exchange=self.exchange, left_out=self.faults_left_out, choices=self.fault_choices)
        self.clock = Clock(self.faults)
        self.rate = rate
        self._wanted_port = port
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._refuse_until = 0.0
        self._is_stopping = False

    # what a venue adds

    exchange: ClassVar[str]
    """As `python -m connectors.sandbox` calls it."""

    faults_left_out: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """The faults of the catalogue that this exchange cannot have, each with the reason."""

    fault_choices: ClassVar[Mapping[str, Mapping[str, tuple[Parameter, ...]]]] = MappingProxyType({})
    """By fault and parameter, the values that this exchange can have where they are fewer than the catalogue's."""

    padded_answer: ClassVar[tuple[bytes, bytes]] = (b'{"padding":"', b'"}')
    padded_frame: ClassVar[tuple[bytes, bytes]] = (b'{"padding":"', b'"}')
    """What stands before and after the padding of a huge message, so that a client takes it for the venue's."""

    cdn_blocks_with_a_page: ClassVar[bool] = False
    """Whether its CDN tells of too many requests with a web page; else with a line of text."""

    market: Market
    socket_paths: Collection[str]
    credentials: Credentials

    @property
    @abstractmethod
    def urls(self) -> dict[str, str]:
        """The base URLs by the roles that the venue's connector names."""

    @abstractmethod
    def answer(self, call: RestCall) -> Answer:
        """The venue's answer to a REST request."""

    @abstractmethod
    def open_session(self, path: str, connection: Connection) -> Session:
        """A client connected to one of `socket_paths`."""

    @abstractmethod
    def beat(self) -> None:
        """Called every BEAT_S or more often: heartbeats, expiries."""

    @abstractmethod
    def on_faults_changed(self) -> None:
        """Called in the sandbox's own loop at its start, and after any fault was switched."""

    @classmethod
    def fault_names(cls) -> tuple[str, ...]:
        """The faults that this exchange can have, in the order of the catalogue."""
        return tuple(name for name in CATALOGUE if name not in cls.faults_left_out)

    # lifecycle

    async def start(self) -> None:
        """Listen and set the market in motion. Raises OSError where the port is taken."""
        loop = asyncio.get_running_loop()
        self._faults_changed = asyncio.Event()
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._wanted_port)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.port = int(self._runner.addresses[0][1])

        def on_change() -> None:
            loop.call_soon_threadsafe(self._apply_faults)

        self._unsubscribe: Callable[[], None] = self.faults.subscribe(on_change)
        self._show_books()
        self.on_faults_changed()
        self._start_task(self._run_market())

    async def stop(self) -> None:
        """Close every connection and the port; quick even with clients that do not answer."""
        self._is_stopping = True
        self._unsubscribe()
        self._faults_changed.set()
        await asyncio.gather(*(connection.close() for connection in list(self._connections)))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    def _start_task(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run_market(self) -> None:
        beat_s = min(BEAT_S, MOVES_A_BEAT / self.rate)
        while True:
            self.market.advance(self.clock.true_ns(), self.rate)
            self.beat()
            await asyncio.sleep(beat_s)

    def _apply_faults(self) -> None:
        changed, self._faults_changed = self._faults_changed, asyncio.Event()
        changed.set()
        self._show_books()
        self.on_faults_changed()
        for connection in self._connections:
            connection.reconsider()

    def _show_books(self) -> None:
        """Publish at once what a fault does to the books: the next move of a quiet pair may be far away."""
        for market in self.market.pairs.values():
            if market.show_as(self.faults):
                self.market.on_step(market, [])

    # requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith(control.PREFIX):
            return await control.answer(request, self.faults)
        is_socket = request.path in self.socket_paths and "upgrade" in request.headers.get("Connection", "").lower()
        where = WEBSOCKET if is_socket else REST
        try:
            await self._suffer_delays(where)
            if (
                page := pages.in_place_of_answer(self.faults, blocks_with_a_page=self.cdn_blocks_with_a_page)
            ) is not None:
                return page
            return await (self._serve_socket(request) if is_socket else self._serve_rest(request))
        except _ConnectionLost:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

    async def _suffer_delays(self, where: str) -> None:
        """Wait as the faults demand. Raises _ConnectionLost where the connection is to end."""
        loop = asyncio.get_running_loop()
        if self.faults.is_on("drop") and loop.time() < self._refuse_until:
            raise _ConnectionLost
        drop = self.faults.get("drop", where=where)
        if drop is not None and drop["again"] and where == REST:
            await asyncio.sleep(drop["after_s"])
            self._note_cut()
            raise _ConnectionLost
        while self.faults.get("hang", where=where) is not None:
            if self._is_stopping:
                raise _ConnectionLost
            await self._faults_changed.wait()
        slow = self.faults.get("slow", where=where)
        if slow is not None:
            await asyncio.sleep(slow["delay_s"])

    def _note_cut(self) -> None:
        drop = self.faults.get("drop")
        if drop is not None:
            self._refuse_until = asyncio.get_running_loop().time() + float(drop["refuse_s"])

    async def _serve_rest(self, request: web.Request) -> web.StreamResponse:
        huge = self.faults.get("huge_message", where=REST)
        if huge is not None:
            return await self._stream_padding(request, int(huge["megabytes"]) * 1_000_000)
        call = RestCall(
            request.method,
            request.path,
            request.raw_path,
            request.query,
            request.headers,
            await request.read(),
            request.remote or "",
        )
        answer = self.answer(call)
        if self.faults.get("half_frame", where=REST) is not None:
            return await self._send_half(request, answer)
        body = answer.body
        if self.faults.get("malformed", where=REST) is not None:
            body = body[: len(body) // 2]
        return web.Response(
            body=body,
            status=answer.status,
            headers=answer.headers,
            content_type="application/json",
            charset="utf-8",
        )

    async def _send_half(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(
            status=answer.status, headers={**answer.headers, "Content-Type": "application/json"}
        )
        response.content_length = len(answer.body)
        await response.prepare(request)
        await response.write(answer.body[: len(answer.body) // 2])
        if request.transport is not None:
            request.transport.close()
        return response

    async def _stream_padding(self, request: web.Request, size: int) -> web.StreamResponse:
        before, after = self.padded_answer
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = size
        await response.prepare(request)
        await response.write(before)
        left = size - len(before) - len(after)
        with suppress(ConnectionError):  # a client that has had enough
            while left > 0:
                await response.write(CHUNK[:left])
                left -= len(CHUNK)
            await response.write(after)
        return response

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        connection = Connection(request, self.faults, self._note_cut, self.padded_frame)
        await connection.socket.prepare(request)
        self._connections.add(connection)
        session = self.open_session(request.path, connection)
        writer = self._start_task(connection.write_forever())
        try:
            async for message in connection.socket:
                if connection.is_muted:
                    continue
                if message.type is WSMsgType.TEXT:
                    session.receive(message.data)
                elif message.type is WSMsgType.PING:
                    connection.send(message.data, WSMsgType.PONG)
        finally:
            session.close()
            self._connections.discard(connection)
            connection.reconsider()
            writer.cancel()
        return connection.socket
