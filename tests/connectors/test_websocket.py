"""The WebSocket transport against a real server: whole messages in order, and a name for every way to fail."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from connectors import websocket
from connectors.errors import (
    AddressRefused,
    ConnectorError,
    Disconnected,
    MalformedPayload,
    MessageTooLarge,
    RateLimited,
    Rejected,
    Timeout,
    Unavailable,
    Unreachable,
    UsageError,
)
from connectors.websocket import open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

DEADLINE_S = 5.0


@asynccontextmanager
async def server(handle: Callable[[ServerConnection], Awaitable[None]], **options: Any) -> AsyncIterator[str]:
    async with serve(handle, "127.0.0.1", 0, **options) as running:
        yield f"ws://127.0.0.1:{running.sockets[0].getsockname()[1]}/v2"


async def received(url: str, count: int) -> list[bytes]:
    """The first *count* messages, as they were handed over."""
    messages: list[bytes] = []
    enough = asyncio.Event()

    def on_message(message: bytes | bytearray | memoryview) -> None:
        messages.append(bytes(message))
        if len(messages) == count:
            enough.set()

    async with asyncio.timeout(DEADLINE_S), open_websocket(url, on_message, venue="kraken"):
        await enough.wait()
    return messages


async def why_it_ended(url: str) -> ConnectorError:
    async with asyncio.timeout(DEADLINE_S), open_websocket(url, lambda _: None, venue="kraken") as connection:
        await connection.wait_closed()
        return connection.why_closed(venue="kraken", endpoint=url)


async def opening_error(url: str) -> ConnectorError:
    with pytest.raises(ConnectorError) as refused:
        async with asyncio.timeout(DEADLINE_S), open_websocket(url, lambda _: None, venue="kraken", timeout_s=0.2):
            pass
    return refused.value


async def test_messages_arrive_whole_and_in_order_even_before_anything_was_sent() -> None:
    async def handle(connection: ServerConnection) -> None:
        await connection.send("one")
        await connection.send(["t", "w", "o"])  # in three fragments
        await connection.send(b"three")
        await connection.wait_closed()

    async with server(handle) as url:
        assert await received(url, 3) == [b"one", b"two", b"three"]


async def test_a_message_too_large_is_refused_by_its_header() -> None:
    async def handle(connection: ServerConnection) -> None:
        await connection.send("x" * (websocket.MAX_MESSAGE_BYTES + 1))

    async with server(handle) as url:
        assert isinstance(await why_it_ended(url), MessageTooLarge)


async def test_a_goodbye_tells_its_code_and_reason() -> None:
    async def handle(connection: ServerConnection) -> None:
        await connection.close(1012, "restarting")

    async with server(handle) as url:
        error = await why_it_ended(url)

    assert isinstance(error, Disconnected)
    assert "code 1012 (restarting)" in str(error)


async def test_a_connection_cut_without_goodbye_is_told_apart() -> None:
    async def handle(connection: ServerConnection) -> None:
        connection.transport.abort()

    async with server(handle) as url:
        assert "without a closing frame" in str(await why_it_ended(url))


async def send_too_late(url: str) -> None:
    async with open_websocket(url, lambda _: None, venue="kraken") as connection:
        await connection.wait_closed()
        await connection.send("too late")


async def test_sending_on_a_closed_connection_is_an_error_of_ours() -> None:
    async def handle(connection: ServerConnection) -> None:
        await connection.close()

    async with server(handle) as url:
        with pytest.raises(Disconnected):
            await send_too_late(url)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (HTTPStatus.TOO_MANY_REQUESTS, RateLimited),
        (HTTPStatus.SERVICE_UNAVAILABLE, Unavailable),
        (HTTPStatus.FORBIDDEN, AddressRefused),
        (HTTPStatus.NOT_FOUND, Rejected),
        (HTTPStatus.OK, MalformedPayload),
    ],
)
async def test_a_refused_handshake_is_what_its_status_means(status: HTTPStatus, kind: type[ConnectorError]) -> None:
    async def handle(connection: ServerConnection) -> None:
        await connection.wait_closed()

    async with server(handle, process_request=lambda connection, _: connection.respond(status, "no")) as url:
        assert type(await opening_error(url)) is kind


async def test_nobody_listening_is_unreachable() -> None:
    assert isinstance(await opening_error("ws://127.0.0.1:9/v2"), Unreachable)


async def test_a_server_that_accepts_and_says_nothing_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # the kernel accepts, nobody reads
        assert isinstance(await opening_error(f"ws://127.0.0.1:{mute.getsockname()[1]}"), Timeout)


async def test_what_is_no_address_is_the_callers_mistake() -> None:
    assert isinstance(await opening_error("http://127.0.0.1:9"), UsageError)


async def test_neither_an_address_nor_a_message_is_logged_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def handle(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("welcome")

    quiet = logging.getLogger("the server's own")
    quiet.setLevel(logging.INFO)
    async with server(handle, logger=quiet) as url:
        heard = asyncio.Event()
        token = f"{url}?token=the-token"
        async with (
            asyncio.timeout(DEADLINE_S),
            open_websocket(token, lambda _: heard.set(), venue="kucoin") as connection,
        ):
            await connection.send("the-private-token")
            await heard.wait()

    assert "token" not in caplog.text
