"""A server on loopback for recordings: plain HTTP answers, and WebSocket frames that are bytes already.

Written on bare streams because a recording is sent as it is, faster than any server library frames its messages; the
handshake and what clients send are left to websockets.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from collections.abc import Mapping

SEND_BUFFER_BYTES = 1 << 17
"""Kept short, so that what a reader gets is not seconds old."""


class Venue(Protocol):
    """What is replayed."""

    def answer(self, method: str, path: str, query: Mapping[str, str]) -> object:
        """The JSON body of a REST call; None where there is no such path."""

    async def stream(self, client: Client) -> None:
        """Serve one WebSocket connection; it is closed on return, and this is cancelled when the client leaves."""


class Client:
    """One WebSocket connection, seen from the server."""

    def __init__(self, writer: asyncio.StreamWriter, protocol: ServerProtocol) -> None:
        self._writer = writer
        self._protocol = protocol
        self._heard: asyncio.Queue[Any] = asyncio.Queue()

    async def hear(self) -> Any:
        """The next message of the client, as JSON."""
        return await self._heard.get()

    def say(self, message: object) -> None:
        self._protocol.send_text(json.dumps(message).encode())
        self._flush()

    async def write(self, frames: bytes) -> None:
        """Send what is framed already."""
        self._writer.write(frames)
        await self._writer.drain()

    def receive(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._heard.put_nowait(json.loads(bytes(event.data)))
        self._flush()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)


def websocket_frame(payload: bytes) -> bytes:
    """An unmasked text frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", 0x81, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload


async def serve(venue: Venue, port: int = 0) -> asyncio.Server:
    """The venue on loopback, under any free port unless one is named."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):  # a reader that has read enough just leaves
            await _serve_requests(venue, reader, writer)
        writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", port)
    for listening in server.sockets:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # handed down to what it accepts
    return server


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


async def _serve_requests(venue: Venue, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if "upgrade" in headers:
            await _serve_websocket(venue, head, reader, writer)
            return
        await reader.readexactly(int(headers.get("content-length", "0")))
        url = urlsplit(target)
        answer = venue.answer(method, url.path, dict(parse_qsl(url.query)))
        status = "404 Not Found" if answer is None else "200 OK"
        body = json.dumps(answer).encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await writer.drain()


async def _serve_websocket(
    venue: Venue, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    protocol = ServerProtocol(max_size=None)
    client = Client(writer, protocol)
    protocol.receive_data(head)
    for request in protocol.events_received():
        if isinstance(request, Request):
            protocol.send_response(protocol.accept(request))
    client.receive(b"")
    streaming = asyncio.create_task(venue.stream(client))
    try:
        while data := await reader.read(1 << 16):
            client.receive(data)
            if protocol.close_expected():
                return
            if streaming.done():
                streaming.result()
    finally:
        streaming.cancel()
        await asyncio.gather(streaming, return_exceptions=True)
