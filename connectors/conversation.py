"""A few words with a venue over a WebSocket of their own: say one thing, wait for its answer, under one deadline."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from connectors.errors import Timeout
from connectors.websocket import open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connectors.websocket import WebSocketConnection


class Conversation:
    """Messages one at a time, in the order they came."""

    def __init__(self, connection: WebSocketConnection, heard: asyncio.Queue[bytes], venue: str, endpoint: str) -> None:
        self.send = connection.send
        self._connection = connection
        self._heard = heard
        self._venue = venue
        self._endpoint = endpoint

    async def hear(self) -> bytes:
        """The next message. Raises what a closed connection amounts to."""
        message = asyncio.ensure_future(self._heard.get())
        closed = asyncio.ensure_future(self._connection.wait_closed())
        try:
            await asyncio.wait({message, closed}, return_when=asyncio.FIRST_COMPLETED)
            if not message.done():
                raise self._connection.why_closed(venue=self._venue, endpoint=self._endpoint)
            return message.result()
        finally:
            message.cancel()
            closed.cancel()


@asynccontextmanager
async def conversation(url: str, *, venue: str, timeout_s: float) -> AsyncIterator[Conversation]:
    """Connected to *url*, for *timeout_s* at most. Raises Timeout, and what `open_websocket` raises."""
    endpoint = url.partition("?")[0]
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    try:
        async with (
            asyncio.timeout(timeout_s),
            open_websocket(url, lambda message: heard.put_nowait(bytes(message)), venue=venue) as connection,
        ):
            yield Conversation(connection, heard, venue, endpoint)
    except TimeoutError as error:
        raise Timeout(f"no acknowledgement within {timeout_s:g} s", venue=venue, endpoint=endpoint) from error
