"""One WebSocket of a sandbox: sends what the venue says, unless a fault says otherwise."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from connectors.sandbox.faults import WEBSOCKET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.faults import Faults

MAX_BACKLOG = 50_000  # frames waiting for a client that does not read; then it is cut, as venues do
CHUNK = b"x" * 262_144
CLOSE_TIMEOUT_S = 0.2


class Connection:
    """An accepted WebSocket; `send` never waits, one task writes."""

    def __init__(
        self, request: web.Request, faults: Faults, on_cut: Callable[[], None], padded_frame: tuple[bytes, bytes]
    ) -> None:
        self.socket = web.WebSocketResponse(compress=False, autoping=False, timeout=CLOSE_TIMEOUT_S)
        self.query: Mapping[str, str] = request.query
        self._request = request
        self._faults = faults
        self._on_cut = on_cut
        self._padded_frame = padded_frame
        self._outgoing: deque[tuple[float, bytes, WSMsgType]] = deque()
        self._wake = asyncio.Event()
        self._now = asyncio.get_running_loop().time
        self._opened = self._now()
        drop = faults.get("drop", where=WEBSOCKET)
        self._drop_seen: tuple[Mapping[str, Any] | None, float] = (drop, self._opened)
        self._spared = drop if drop is not None and not drop["again"] else None
        self._huge_sent: Mapping[str, Any] | None = None
        self.last_sent = self._opened

    @property
    def is_muted(self) -> bool:
        """True while nothing at all may leave, nor be answered later."""
        return self._faults.is_on("silence") or self._faults.get("hang", where=WEBSOCKET) is not None

    def send(self, frame: bytes, opcode: WSMsgType = WSMsgType.TEXT) -> None:
        if len(self._outgoing) >= MAX_BACKLOG:
            self.cut()
            return
        self.last_sent = self._now()
        self._outgoing.append((self.last_sent, frame, opcode))
        self._wake.set()

    def reconsider(self) -> None:
        """A fault changed."""
        self._wake.set()

    def cut(self) -> None:
        """End the connection with no close frame."""
        if self._request.transport is not None:
            self._request.transport.abort()
        self._outgoing.clear()
        self._wake.set()

    async def close(self) -> None:
        """End the connection as a venue that restarts does."""
        self._outgoing.clear()
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.socket.close(code=WSCloseCode.GOING_AWAY)
        self.cut()

    async def write_forever(self) -> None:
        """Send what is queued until the connection ends."""
        with suppress(ConnectionError):
            while not self._is_gone():
                until_cut = self._seconds_until_cut()
                if until_cut is not None and until_cut <= 0:
                    self._on_cut()
                    self.cut()
                    return
                if self.is_muted:
                    self._outgoing.clear()
                until_due = self._seconds_until_due()
                if until_due is None or until_due > 0:
                    await self._rest(until_cut, until_due)
                    continue
                _, frame, opcode = self._outgoing.popleft()
                await self._write(frame, opcode)

    def _is_gone(self) -> bool:
        return self.socket.closed or self._request.transport is None or self._request.transport.is_closing()

    def _seconds_until_cut(self) -> float | None:
        drop = self._faults.get("drop", where=WEBSOCKET)
        if drop is None or drop is self._spared:
            return None
        if drop is not self._drop_seen[0]:
            self._drop_seen = (drop, self._now())
        return self._drop_seen[1] + float(drop["after_s"]) - self._now()

    def _seconds_until_due(self) -> float | None:
        if not self._outgoing:
            return None
        slow = self._faults.get("slow", where=WEBSOCKET)
        return self._outgoing[0][0] + float(slow["delay_s"]) - self._now() if slow else 0.0

    async def _rest(self, *limits: float | None) -> None:
        self._wake.clear()
        seconds = min((limit for limit in limits if limit is not None), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    async def _write(self, frame: bytes, opcode: WSMsgType) -> None:
        if opcode is WSMsgType.TEXT:
            huge = self._faults.get("huge_message", where=WEBSOCKET)
            if huge is not None and huge is not self._huge_sent:
                self._huge_sent = huge
                await self._write_huge(int(huge["megabytes"]) * 1_000_000)
            if self._faults.get("half_frame", where=WEBSOCKET) is not None:
                self._write_half(frame)
                return
            if self._faults.get("malformed", where=WEBSOCKET) is not None:
                frame = frame[: len(frame) // 2]
        await self.socket.send_frame(frame, opcode)

    def _write_half(self, frame: bytes) -> None:
        """The header of the whole frame, half of its bytes, then the end of the stream."""
        transport = self._request.transport
        if transport is not None:
            transport.write(frame_header(len(frame)) + frame[: len(frame) // 2])
            transport.close()
        self._outgoing.clear()

    async def _write_huge(self, size: int) -> None:
        """One text frame of *size* bytes, made as it is sent."""
        transport = self._request.transport
        if transport is None:
            return
        before, after = self._padded_frame
        transport.write(frame_header(size) + before)
        left = size - len(before) - len(after)
        while left > 0 and not self._is_gone():
            transport.write(CHUNK[:left])
            left -= len(CHUNK)
            while transport.get_write_buffer_size() > 4 * len(CHUNK) and not self._is_gone():  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.001)
        transport.write(after)


def frame_header(size: int) -> bytes:
    """The header of one unmasked, final text frame. Source: RFC 6455, 5.2."""
    if size < 126:
        return bytes((0x81, size))
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big")
    return b"\x81\x7f" + size.to_bytes(8, "big")
