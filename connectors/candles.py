"""The rules that every series of candles has to keep, as pure functions for connectors and for the candle check."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from connectors.types import Candle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# The bot's own spelling. A calendar month has no fixed length and so no spacing to check: 1M is not here.
INTERVALS: dict[str, timedelta] = {
    "1m": timedelta(minutes=1),
    "3m": timedelta(minutes=3),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "4h": timedelta(hours=4),
    "6h": timedelta(hours=6),
    "8h": timedelta(hours=8),
    "12h": timedelta(hours=12),
    "1d": timedelta(days=1),
    "1w": timedelta(weeks=1),
    "15d": timedelta(days=15),
}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEEK = timedelta(weeks=1)


class CandleFaultKind(StrEnum):
    OUT_OF_ORDER = "out_of_order"
    DUPLICATE = "duplicate"
    GAP = "gap"
    MISALIGNED = "misaligned"
    PRICES = "prices"
    VOLUME = "volume"
    UNCLOSED = "unclosed"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class CandleFault:
    """One breach. A gap lacks every candle that opens from `open_time` up to, not including, `missing_until`."""

    kind: CandleFaultKind
    open_time: datetime
    message: str
    missing_until: datetime | None = None


def roll_up(candles: Sequence[Candle], interval: timedelta, wider: timedelta) -> list[Candle]:
    """*candles* of one *interval*, oldest first, as candles of a *wider* one that is a multiple of it.

    Buckets begin at multiples of *wider* since the Unix epoch. One is closed when its last part is, or when a later
    bucket has begun. What the first bucket lacks at its beginning cannot be seen from here: begin where one begins.
    """
    buckets: dict[datetime, list[Candle]] = {}
    for candle in candles:
        buckets.setdefault(candle.open_time - (candle.open_time - EPOCH) % wider, []).append(candle)
    newest = max(buckets, default=EPOCH)
    return [
        Candle(
            open_time=open_time,
            open=parts[0].open,
            high=max(part.high for part in parts),
            low=min(part.low for part in parts),
            close=parts[-1].close,
            base_volume=sum((part.base_volume for part in parts), Decimal(0)),
            quote_volume=_total(part.quote_volume for part in parts),
            trades=_total(part.trades for part in parts),
            closed=open_time < newest or (parts[-1].closed and parts[-1].open_time + interval == open_time + wider),
        )
        for open_time, parts in sorted(buckets.items())
    ]


Number = TypeVar("Number", int, Decimal)


def _total(numbers: Iterable[Number | None]) -> Number | None:
    """Their sum; None where one of them is unknown."""
    total = None
    for number in numbers:
        if number is None:
            return None
        total = number if total is None else total + number
    return total


def is_closed(open_time: datetime, interval: timedelta, venue_now: datetime) -> bool:
    """True once the interval that began at *open_time* is over on the venue's clock."""
    return open_time + interval <= venue_now


def freshness(candles: Sequence[Candle], interval: timedelta, *, now: datetime) -> timedelta | None:
    """How long ago the newest closed candle ended; None where no candle is closed."""
    closed = [candle.open_time for candle in candles if candle.closed]
    return now - (max(closed) + interval) if closed else None


def find_faults(
    candles: Sequence[Candle], interval: timedelta, *, now: datetime | None = None, omits_quiet: bool = False
) -> list[CandleFault]:
    """Every breach in *candles*, which should come oldest first; by open time, and each said once.

    A repeated candle is a duplicate wherever it stands, and one that merely changed places leaves no gap. The
    forming candle may only be the newest. *now* is the venue's clock; without it nothing is too early. Of a venue that
    *omits_quiet* candles a hole is a gap only where the price moved across it, as without a trade it cannot have.
    """
    faults = [
        *_sequence_faults(candles),
        *_spacing_faults(candles, interval, omits_quiet=omits_quiet),
        *_content_faults(candles),
        *_forming_faults(candles, now),
    ]
    return sorted(faults, key=lambda fault: fault.open_time)


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _sequence_faults(candles: Sequence[Candle]) -> Iterator[CandleFault]:
    seen: set[datetime] = set()
    newest = datetime.min.replace(tzinfo=UTC)
    for candle in candles:
        opened = candle.open_time
        if opened in seen:
            yield CandleFault(CandleFaultKind.DUPLICATE, opened, "this open time came before")
        elif opened < newest:
            message = f"comes after the candle of {_shown(newest)}"
            yield CandleFault(CandleFaultKind.OUT_OF_ORDER, opened, message)
        seen.add(opened)
        newest = max(newest, opened)


def _spacing_faults(candles: Sequence[Candle], interval: timedelta, *, omits_quiet: bool) -> Iterator[CandleFault]:
    opened = sorted({candle.open_time for candle in candles})
    anchor = _anchor(opened, interval)
    for open_time in opened:
        if off := (open_time - anchor) % interval:
            yield CandleFault(CandleFaultKind.MISALIGNED, open_time, f"opens {off} after the start of an interval")
    # A misaligned candle stands for none of the grid, so the place that it should have is missing too.
    on_grid = [open_time for open_time in opened if not (open_time - anchor) % interval]
    by_open_time = {candle.open_time: candle for candle in candles}
    for before, after in pairwise(on_grid):
        missing = (after - before) // interval - 1
        is_excused = omits_quiet and by_open_time[before].close == by_open_time[after].open
        if missing and not is_excused:
            message = f"{missing} missing before {_shown(after)}"
            yield CandleFault(CandleFaultKind.GAP, before + interval, message, missing_until=after)


def _anchor(opened: Sequence[datetime], interval: timedelta) -> datetime:
    """A moment at which an interval begins.

    Up to a day that is the Unix epoch. Longer intervals begin where the venue likes: weeks on Thursday at KuCoin
    (Kucoin/kucoin-api-docs issue 350), at Kraken no source says. There the measure is what most candles agree on.
    """
    if interval < WEEK or not opened:
        return EPOCH
    phases = Counter((open_time - EPOCH) % interval for open_time in opened)
    return EPOCH + phases.most_common(1)[0][0]


def _content_faults(candles: Sequence[Candle]) -> Iterator[CandleFault]:
    for candle in candles:
        prices = {"open": candle.open, "high": candle.high, "low": candle.low, "close": candle.close}
        # Finite comes first: to compare with a NaN raises.
        if not (
            all(price.is_finite() for price in prices.values())
            and 0 < candle.low <= min(candle.open, candle.close)
            and max(candle.open, candle.close) <= candle.high
        ):
            shown = " ".join(f"{name} {price}" for name, price in prices.items())
            yield CandleFault(CandleFaultKind.PRICES, candle.open_time, shown)
        for name, volume in (("base", candle.base_volume), ("quote", candle.quote_volume)):
            if volume is not None and not (volume.is_finite() and volume >= 0):
                yield CandleFault(CandleFaultKind.VOLUME, candle.open_time, f"{name} volume {volume}")


def _forming_faults(candles: Sequence[Candle], now: datetime | None) -> Iterator[CandleFault]:
    newest = max((candle.open_time for candle in candles), default=EPOCH)
    for candle in candles:
        if not candle.closed and candle.open_time < newest:
            yield CandleFault(CandleFaultKind.UNCLOSED, candle.open_time, "still forming, though a newer one is there")
        if now is not None and candle.open_time > now:
            yield CandleFault(CandleFaultKind.FUTURE, candle.open_time, f"opens after the venue's {_shown(now)}")
