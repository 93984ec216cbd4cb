"""What both connectors of KuCoin do alike: windows of candles, and streams of books."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.book_stream import BookStream
from connectors.candles import EPOCH, WEEK, is_closed
from connectors.clock import utc_now
from connectors.errors import MalformedPayload, UsageError
from connectors.kucoin.depth_channels import DepthFeed
from connectors.kucoin.socket import new_session
from connectors.payloads import refuse_unless_numbers
from connectors.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from connectors.book_feed import SessionFeed
    from connectors.kucoin.books import PerpetualIncrementFeed, SpotIncrementFeed
    from connectors.kucoin.rest import Rest
    from connectors.pairs import KnownPairs
    from connectors.types import BookLevel, BookSnapshot, Candle, TradingPair

RATE_LIMIT = RateLimit(capacity=1000, refill_per_s=1000 / 30)
"""At most 2,000 in any 30 s, the smallest of the pools that KuCoin refills then; here one stands for all."""


BOOK_DEPTHS = (5, 20, 50, 100)
CHANNEL_DEPTHS = (5, 50)
"""Of these, the ones that have a channel of whole books; the others come by increments."""


def windows(now: datetime, interval: timedelta, count: int, most: int) -> Iterator[tuple[datetime, datetime]]:
    """Begin and end of the requests, oldest first, that cover the latest *count* candles, each of at most *most* rows.

    The end is beyond the last one's open time, for some rows that open right at the end are left out. The last window
    goes on for two intervals more, in case our clock is behind the venue's. On which day weeks begin no source says for
    certain: the newest one may have begun before the one that we count by, so one more is asked for.
    """
    newest = now - (now - EPOCH) % interval
    start = newest - (count if interval >= WEEK else count - 1) * interval
    end = newest + 2 * interval
    step = (most - 1) * interval
    while start < end:
        yield start, min(start + step, end)
        start += step


async def latest_candles(
    read: Callable[[datetime, datetime], Awaitable[list[Candle]]], interval: timedelta, count: int, most: int
) -> list[Candle]:
    """The latest *count* candles, oldest first, by as many reads as it takes; what repeats or is out of order stays.

    KuCoin does not say which are closed: one is when its interval is over by our clock, or when a newer one is there.
    """
    candles = []
    for start, end in windows(utc_now(), interval, count, most):
        candles += [candle for candle in await read(start, end) if candle.open_time < end]
    now = utc_now()
    newest = max((candle.open_time for candle in candles), default=EPOCH)
    return [
        replace(candle, closed=candle.open_time < newest or is_closed(candle.open_time, interval, now))
        for candle in candles[-count:]
    ]


def rest_depth(depth: int, offered: Iterable[int]) -> int:
    """The least depth over REST that holds *depth* levels."""
    for candidate in sorted(offered):
        if 1 <= depth <= candidate:
            return candidate
    raise UsageError(f"depth {depth}: KuCoin gives 1 to {max(offered)} levels over REST", venue="kucoin")


def refuse_unless_levels(levels: Sequence[BookLevel], pair: TradingPair) -> None:
    """Raises MalformedPayload on what is no price or size."""
    for price, size in levels:
        refuse_unless_numbers(price, size, venue="kucoin", what=str(pair))
        if not (price > 0 and size >= 0):
            raise MalformedPayload(f"{size} at {price} is no level", venue="kucoin", pair=str(pair))


def book_stream(
    rest: Rest,
    pairs: KnownPairs,
    pair: TradingPair,
    depth: int,
    *,
    channel: str,
    topic: str,
    increments: type[SpotIncrementFeed | PerpetualIncrementFeed],
    snapshot: Callable[[], Awaitable[BookSnapshot]],
) -> BookStream:
    """A stream whose every connection has a token of its own; an unknown pair is refused before one is asked for.

    *channel* is the whole-depth topic up to its depth, *topic* that of the *increments* without the symbol.
    """

    async def feed() -> SessionFeed:
        rules = await pairs.rules_of(pair)
        session = await new_session(rest)
        if depth in CHANNEL_DEPTHS:
            return DepthFeed(session, f"{channel}{depth}:{rules.symbol}", rules, depth, snapshot)
        return increments(session, f"{topic}:{rules.symbol}", rules, depth, snapshot)

    return BookStream(feed, venue="kucoin", pair=pair)
