"""How tests wait for a book stream: for what it counts, while it lives and while it is broken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.book_stream import BookStream
    from connectors.stream_stats import StreamStats

DEADLINE_S = 8.0


async def until(stream: BookStream, condition: Callable[[StreamStats], bool]) -> None:
    """Follow the stream until its counts say so."""
    async with asyncio.timeout(DEADLINE_S):
        async for _ in stream:
            if condition(stream.stats):
                return


async def until_break(stream: BookStream, condition: Callable[[StreamStats], bool]) -> None:
    """A broken stream yields nothing, so its counts are looked at between turns of the loop."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition(stream.stats):  # noqa: ASYNC110  # no event tells of a break: the stream heals by itself
            await asyncio.sleep(0.005)
