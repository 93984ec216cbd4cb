"""ccxt 4.5.64 under aiohttp 3.14, which it cannot read a busy socket with as it comes."""

from __future__ import annotations

from typing import Any


def mend_ccxt() -> None:
    """Once, before a client is made."""
    from ccxt.async_support.base.ws.client import Client

    queue_of = Client.buffer.fget
    Client.buffer = property(lambda client: (queue := queue_of(client)) and AccountedBuffer(queue))


class AccountedBuffer:
    """aiohttp's queue as ccxt empties it, with the 128 bytes that aiohttp counts for each message given back.

    ccxt 4.5.64 forgets them, so that under aiohttp 3.14 a busy socket pauses for good after some thousand messages.
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def __len__(self) -> int:
        return len(self._queue)

    def __getitem__(self, index: int) -> Any:
        return self._queue[index]

    def __setitem__(self, index: int, item: Any) -> None:
        self._queue[index] = item

    def popleft(self) -> Any:
        message, size = self._queue.popleft()
        return message, size + 128
