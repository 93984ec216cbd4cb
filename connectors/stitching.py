"""Getting a feed the snapshot that its stream does not send: asked for until one fits the frames kept meanwhile."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

from connectors.errors import ConnectorError, is_transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.book_feed import SessionFeed

SNAPSHOT_WAITS_S = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Before each attempt to get a snapshot by another way than the stream; the last one is repeated."""


async def stitched(feed: SessionFeed, *, is_live: Callable[[], bool], is_ending: Callable[[], bool]) -> bool:
    """True once a snapshot was put into *feed*, False where none is wanted any more.

    Raises the ConnectorError that prevents it.
    """
    for attempt in count():
        await asyncio.sleep(SNAPSHOT_WAITS_S[min(attempt, len(SNAPSHOT_WAITS_S) - 1)])
        was_live = is_live()
        try:
            snapshot = await feed.fetch_snapshot()
        except ConnectorError as error:
            if is_live() and is_transient(error) and attempt < len(SNAPSHOT_WAITS_S):
                continue  # the book is still good, only running short of levels
            raise
        if is_ending() or is_live() > was_live:
            break  # of a subscription that is being ended, or the stream itself gave a whole book meanwhile
        if feed.stitch(snapshot):
            return True
    return False
