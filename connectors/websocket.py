"""WebSocket transport: websockets does the protocol; each whole message is handed over as it is read.

Handing over on the reading side, instead of through a queue and a task switch per message, is what lets one core follow
hundreds of order books; the event loop reads no further while a message is at work, so nothing piles up in memory.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import CloseCode, Frame, Opcode

from connectors.capture import Closed, wire_in_use
from connectors.errors import Disconnected, MalformedPayload, MessageTooLarge, Timeout, Unreachable, UsageError
from connectors.http import USER_AGENT, error_of_status, shared_tls_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from websockets.client import ClientProtocol
    from websockets.protocol import Event

    from connectors.capture import Tap
    from connectors.errors import ConnectorError

    OnMessage = Callable[[bytes | bytearray | memoryview], None]

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""Far above the largest book snapshot that a venue here sends (1,000 levels a side: about 0.1 MB)."""

CLOSE_TIMEOUT_S = 1.0
"""A peer that does not answer our goodbye must not hold up a check."""


WIRE_LOG = logging.getLogger(f"{__name__}.wire")
"""For websockets, whose own would tell addresses and messages at level DEBUG: both may hold a token."""
WIRE_LOG.setLevel(logging.INFO)


class WebSocketConnection(Protocol):
    """What a stream does with its connection."""

    async def send(self, message: str) -> None: ...

    async def wait_closed(self) -> None: ...

    async def close(self) -> None: ...

    def abort(self) -> None:
        """Cut the connection, with no goodbye."""

    def why_closed(self, *, venue: str, endpoint: str) -> ConnectorError:
        """The error that a closed connection amounts to."""


class HandingConnection(ClientConnection):
    """A connection that gives every whole message to *on_message*, which must not raise."""

    def __init__(self, on_message: OnMessage, protocol: ClientProtocol, **kwargs: Any) -> None:
        super().__init__(protocol, **kwargs)
        self._on_message = on_message
        self._fragments: list[bytes] = []

    def process_event(self, event: Event) -> None:
        if type(event) is Frame and event.fin and (event.opcode is Opcode.TEXT or event.opcode is Opcode.BINARY):
            self._on_message(event.data)
        elif isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._fragments.append(bytes(event.data))
            if event.fin:
                message, self._fragments = b"".join(self._fragments), []
                self._on_message(message)
        else:
            super().process_event(event)

    def abort(self) -> None:
        """Cut the connection, with no goodbye."""
        self.transport.abort()

    @property
    def closed(self) -> Closed:
        """How it ended, once it has."""
        sent = self.protocol.close_sent
        is_too_large = sent is not None and sent.code == CloseCode.MESSAGE_TOO_BIG
        return Closed(self.close_code, self.close_reason or "", is_too_large)

    def why_closed(self, *, venue: str, endpoint: str) -> ConnectorError:
        """The error that a closed connection amounts to."""
        return error_of_close(self.closed, venue=venue, endpoint=endpoint)


class TappedConnection(HandingConnection):
    """One of which a tap hears everything: it is given the messages, and passes them on."""

    def __init__(self, tap: Tap, protocol: ClientProtocol, **kwargs: Any) -> None:
        super().__init__(tap.received, protocol, **kwargs)
        self._tap = tap

    def data_received(self, data: bytes) -> None:
        self._tap.read(len(data))
        super().data_received(data)

    async def send(self, message: Any, **options: Any) -> None:
        self._tap.sent(message)
        await super().send(message, **options)

    async def close(self, *args: Any, **options: Any) -> None:
        self._tap.leaving()
        await super().close(*args, **options)

    def abort(self) -> None:
        self._tap.leaving()
        super().abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._tap.lost(self.closed)


def error_of_close(closed: Closed, *, venue: str, endpoint: str) -> ConnectorError:
    """What a connection that ended so amounts to."""
    if closed.is_too_large:
        return MessageTooLarge(f"a message of more than {MAX_MESSAGE_BYTES} bytes", venue=venue, endpoint=endpoint)
    if closed.code == CloseCode.ABNORMAL_CLOSURE:
        return Disconnected("connection lost without a closing frame", venue=venue, endpoint=endpoint)
    reason = f" ({closed.reason})" if closed.reason else ""
    return Disconnected(f"connection closed with code {closed.code}{reason}", venue=venue, endpoint=endpoint)


@asynccontextmanager
async def open_websocket(
    url: str, on_message: OnMessage, *, venue: str, timeout_s: float = 10.0
) -> AsyncIterator[WebSocketConnection]:
    """A connected WebSocket, closed on leaving.

    Raises Unreachable, Timeout, Disconnected, and what the HTTP status of a refused handshake amounts to.
    """
    dial = partial(_dial, url, venue=venue, timeout_s=timeout_s)
    wire = wire_in_use.get()
    if wire is None:
        connection = await dial(partial(HandingConnection, on_message))
    else:
        connection = await wire.connect(
            url, on_message, venue=venue, dial=lambda tap: dial(partial(TappedConnection, tap))
        )
    try:
        yield connection
    except ConnectionClosed as error:
        raise connection.why_closed(venue=venue, endpoint=url.partition("?")[0]) from error
    finally:
        await connection.close()


async def _dial(
    url: str, create_connection: Callable[..., HandingConnection], *, venue: str, timeout_s: float
) -> WebSocketConnection:
    endpoint = url.partition("?")[0]
    try:
        return await connect(  # type: ignore[return-value]  # made by our factory
            url,
            create_connection=create_connection,  # type: ignore[arg-type]  # a wrapper is documented
            ssl=shared_tls_context() if url.lower().startswith("wss:") else None,
            logger=WIRE_LOG,
            user_agent_header=USER_AGENT,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=timeout_s,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,  # silence is judged by the stream, on any frame at all
        )
    except (InvalidURI, ValueError) as error:  # a port or a host name that no socket takes
        raise UsageError(f"not a WebSocket address: {endpoint}", venue=venue) from error
    except InvalidStatus as error:
        status = error.response.status_code
        if status < 400:  # a page in its place, or a way to somewhere else
            raise MalformedPayload(
                f"a handshake answered with HTTP {status}", venue=venue, endpoint=endpoint
            ) from error
        raise error_of_status(status, error.response.headers, venue=venue, endpoint=endpoint) from error
    except InvalidHandshake as error:
        raise Disconnected("the WebSocket handshake failed", venue=venue, endpoint=endpoint) from error
    except TimeoutError as error:
        raise Timeout(f"no connection within {timeout_s:g} s", venue=venue, endpoint=endpoint) from error
    except OSError as error:
        raise Unreachable(str(error) or type(error).__name__, venue=venue, endpoint=endpoint) from error
