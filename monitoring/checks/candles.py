"""Are the candles of every interval whole, in order, fresh, and is only the newest still forming?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from connectors.base import Candles, MarketData
from connectors.candles import find_faults, freshness, is_closed
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Blame, Cause, Condition, Verdict, holds, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.candles import CandleFault
    from connectors.types import Candle, TradingPair
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import CandlesThresholds

NEEDS = (MarketData, Candles)

SHOWN_FAULTS = 5


class CandledMarket(MarketData, Candles, Protocol):
    """Candles, and the venue's clock to date them by."""


@dataclass(frozen=True, slots=True)
class Series:
    """One interval's candles; `age` is the time since the newest closed one ended, None where none is closed.

    `closed_early` counts candles given as closed before their interval was over. `faults` are the first few.
    """

    interval: str
    length: timedelta
    candles: int
    newest_closed: datetime | None
    age: timedelta | None
    has_forming: bool
    closed_early: int
    fault_count: int
    faults: tuple[CandleFault, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """`not_asked` names the intervals left out after a failure that would have met them as well."""

    pair: TradingPair
    series: tuple[Series, ...] = ()
    not_asked: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()


async def observe(connector: CandledMarket, scope: Scope, limits: CandlesThresholds) -> Observation:
    """Every interval in turn; the venue's rate limit makes asking for them at once no faster."""
    steps = Steps(scope.deadline_s)
    series: list[Series] = []
    offset = margin = timedelta()
    async with steps.step("server_time"):
        clock = await connector.server_time()
        offset = timedelta(milliseconds=clock.offset_ms)
        margin = timedelta(milliseconds=clock.round_trip_ms + clock.resolution_ms) / 2
    waiting = list(connector.candle_intervals.items())
    limit = min(limits.limit, connector.max_candles)
    while waiting and not any(_meets_all(failure) for failure in steps.failures):
        interval, length = waiting.pop(0)
        async with steps.step(f"candles_{interval}"):
            candles = await connector.candles(scope.pair, interval, limit=limit)
            here = datetime.now(UTC)
            clocks = sorted((here, here + offset))
            series.append(measure(candles, interval, length, earliest=clocks[0], latest=clocks[1] + margin))
    return Observation(
        scope.pair,
        series=tuple(series),
        not_asked=tuple(interval for interval, _ in waiting),
        failures=steps.failures,
    )


def _meets_all(failure: Failure) -> bool:
    """True where the other intervals would meet the same, and asking for them only adds to the load."""
    return failure.is_transient or failure.cause is Cause.PAIR_UNAVAILABLE


def measure(
    candles: Sequence[Candle], interval: str, length: timedelta, *, earliest: datetime, latest: datetime
) -> Series:
    """What there is to say of one interval's candles at a time between *earliest* and *latest*.

    The two are apart by what the clocks disagree: that is for the connectivity check to judge, and no candle is
    called old or early that is so by one of the clocks only.
    """
    faults = find_faults(candles, length, now=latest)
    closed = [candle.open_time for candle in candles if candle.closed]
    return Series(
        interval=interval,
        length=length,
        candles=len(candles),
        newest_closed=max(closed, default=None),
        age=freshness(candles, length, now=earliest),
        has_forming=bool(candles) and not candles[-1].closed,
        closed_early=sum(not is_closed(opened, length, latest) for opened in closed),
        fault_count=len(faults),
        faults=tuple(faults[:SHOWN_FAULTS]),
    )


def judge(observation: Observation, limits: CandlesThresholds) -> Verdict:
    """Each interval on its own: whole, its last one marked as forming, and fresh."""
    conditions = [failure.condition() for failure in observation.failures]
    for series in observation.series:
        conditions += [_whole(series), _marked(series), _fresh(series, limits)]
    intervals = ", ".join(series.interval for series in observation.series)
    return Verdict.of(conditions, when_ok=f"whole and fresh: {intervals}")


def _whole(series: Series) -> Condition:
    first = f" ({series.faults[0].kind}: {series.faults[0].message})" if series.faults else ""
    return holds(
        f"{series.interval}_faults",
        series.fault_count == 0,
        limit="0",
        seen=f"{series.fault_count}{first}",
        cause=Cause.CANDLE_FAULT,
    )


def _marked(series: Series) -> Condition:
    return holds(
        f"{series.interval}_closed_early",
        series.closed_early == 0,
        limit="0",
        seen=str(series.closed_early),
        cause=Cause.CANDLE_FAULT,
        # The venue says when a candle began; that it is over is the connector's word.
        blame=Blame.CONNECTOR,
    )


def _fresh(series: Series, limits: CandlesThresholds) -> Condition:
    limit = limits.max_age_intervals * series.length + timedelta(seconds=limits.grace_s)
    return holds(
        f"{series.interval}_age",
        series.age is not None and series.age <= limit,
        limit=f"≤ {quantity(limit.total_seconds(), 's')}",
        seen="no closed candle" if series.age is None else quantity(series.age.total_seconds(), "s"),
        cause=Cause.STALE_DATA if series.candles else Cause.CANDLE_FAULT,
    )
