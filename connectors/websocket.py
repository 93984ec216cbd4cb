"""WebSocket transport: websockets does the protocol; each whole message is handed over as it is read.

Handing over on the reading side, instead of through a queue and a task switch per message, is what lets one core follow
hundreds of order books; the event loop reads no further while a message is at work, so nothing piles up in memory.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import CloseCode, Frame, Opcode

from connectors.errors import Disconnected, MessageTooLarge, Timeout, Unreachable, UsageError
from connectors.http import USER_AGENT, error_of_status, shared_tls_context

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from websockets.client import ClientProtocol
    from websockets.protocol import Event

    from connectors.errors import ConnectorError

    OnMessage = Callable[[bytes | bytearray | memoryview], None]

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""Far above the largest book snapshot that a venue here sends (1,000 levels a side: about 0.1 MB)."""

CLOSE_TIMEOUT_S = 1.0
"""A peer that does not answer our goodbye must not hold up a check."""


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

    def why_closed(self, *, venue: str, endpoint: str) -> ConnectorError:
        """The error that a closed connection amounts to."""
        sent = self.protocol.close_sent
        if sent is not None and sent.code == CloseCode.MESSAGE_TOO_BIG:
            return MessageTooLarge(f"a message of more than {MAX_MESSAGE_BYTES} bytes", venue=venue, endpoint=endpoint)
        if self.close_code == CloseCode.ABNORMAL_CLOSURE:
            return Disconnected("connection lost without a closing frame", venue=venue, endpoint=endpoint)
        reason = f" ({self.close_reason})" if self.close_reason else ""
        return Disconnected(f"connection closed with code {self.close_code}{reason}", venue=venue, endpoint=endpoint)


@asynccontextmanager
async def open_websocket(
    url: str, on_message: OnMessage, *, venue: str, timeout_s: float = 10.0
) -> AsyncIterator[HandingConnection]:
    """A connected WebSocket, closed on leaving.

    Raises Unreachable, Timeout, Disconnected, and what the HTTP status of a refused handshake amounts to.
    """
    endpoint = url.partition("?")[0]
    try:
        connection = await connect(
            url,
            create_connection=partial(HandingConnection, on_message),  # type: ignore[arg-type]  # a wrapper is documented
            ssl=shared_tls_context() if url.lower().startswith("wss:") else None,
            user_agent_header=USER_AGENT,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=timeout_s,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,  # silence is judged by the stream, on any frame at all
        )
    except (InvalidURI, ValueError) as error:  # a port or a host name that no socket takes
        raise UsageError(f"not a WebSocket address: {url}", venue=venue) from error
    except InvalidStatus as error:
        raise error_of_status(
            error.response.status_code, error.response.headers, venue=venue, endpoint=endpoint
        ) from error
    except InvalidHandshake as error:
        raise Disconnected("the WebSocket handshake failed", venue=venue, endpoint=endpoint) from error
    except TimeoutError as error:
        raise Timeout(f"no connection within {timeout_s:g} s", venue=venue, endpoint=endpoint) from error
    except OSError as error:
        raise Unreachable(str(error) or type(error).__name__, venue=venue, endpoint=endpoint) from error
    try:
        yield connection  # type: ignore[misc]  # made by our factory
    except ConnectionClosed as error:
        raise connection.why_closed(venue=venue, endpoint=endpoint) from error  # type: ignore[attr-defined]
    finally:
        await connection.close()
