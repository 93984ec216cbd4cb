"""Are the candles of every interval whole, in order, fresh and in agreement, and does none change once it is closed?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from connectors.base import Candles, MarketData
from connectors.candles import find_faults, freshness, is_closed
from connectors.clock import utc_now
from monitoring.checks.candle_history import (
    History,
    find_changes,
    find_discrepancies,
    is_other_market,
    records,
    records_in,
    remembered,
)
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Blame, Cause, Condition, Confidence, Outcome, Verdict, holds, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.candles import CandleFault
    from connectors.types import Candle, ServerTime, TradingPair
    from monitoring.checks.candle_history import Change, Discrepancy
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import CandlesThresholds

NEEDS = (MarketData, Candles)

SHOWN_FAULTS = 5


class CandledMarket(MarketData, Candles, Protocol):
    """Candles, and the venue's clock to date them by."""

    @property
    def source(self) -> str: ...


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
    """`not_asked` names the intervals left out after a failure that would have met them as well.

    `changes` are closed candles that read differently than before, in this run or in the last one, and `discrepancies`
    those of `summed_up` candles that the shorter ones within them contradict: the first few of each, all counted.
    `memory` is for the next run.
    """

    pair: TradingPair
    omits_quiet: bool = False
    series: tuple[Series, ...] = ()
    not_asked: tuple[str, ...] = ()
    reread: str | None = None
    change_count: int = 0
    changes: tuple[Change, ...] = ()
    summed_up: int = 0
    discrepancy_count: int = 0
    discrepancies: tuple[Discrepancy, ...] = ()
    memory: dict[str, Any] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


async def observe(connector: CandledMarket, scope: Scope, limits: CandlesThresholds) -> Observation:
    """Every interval in turn, since the venue's rate limit makes asking at once no faster; the shortest one twice."""
    steps = Steps(scope.deadline_s)
    reading = _Reading(connector, scope.pair, limits)
    async with steps.step("server_time"):
        reading.date_by(await connector.server_time())
    waiting = list(connector.candle_intervals)
    while waiting and not any(_meets_all(failure) for failure in steps.failures):
        interval = waiting.pop(0)
        async with steps.step(f"candles_{interval}"):
            await reading.read(interval)
    again: History | None = None
    if reading.histories and steps.is_clean:
        shortest = min(reading.histories, key=lambda history: history.length)
        async with steps.step(f"candles_{shortest.interval}_again"):
            again = await reading.history(shortest.interval)
    changes = [*_changed_since_last_run(reading.histories, scope, connector.source), *_changed_within(reading, again)]
    discrepancies, summed_up = find_discrepancies(
        reading.histories, tolerance=Decimal(str(limits.volume_tolerance_percent)) / 100
    )
    # Sums over a hole are no truth to hold the next run against.
    is_whole = not discrepancies and not any(series.fault_count for series in reading.series)
    return Observation(
        scope.pair,
        omits_quiet=connector.omits_quiet_candles,
        series=tuple(reading.series),
        not_asked=tuple(waiting),
        reread=again.interval if again else None,
        change_count=len(changes),
        changes=tuple(changes[:SHOWN_FAULTS]),
        summed_up=summed_up,
        discrepancy_count=len(discrepancies),
        discrepancies=tuple(discrepancies[:SHOWN_FAULTS]),
        memory=remembered(reading.histories, scope.memory) if is_whole else dict(scope.memory),
        failures=steps.failures,
    )


class _Reading:
    """The candles of one run, dated by the two clocks that there are."""

    def __init__(self, connector: CandledMarket, pair: TradingPair, limits: CandlesThresholds) -> None:
        self.histories: list[History] = []
        self.series: list[Series] = []
        self._connector = connector
        self._pair = pair
        self._settles = timedelta(seconds=limits.settled_s)
        self._limit = max(1, min(limits.limit, connector.max_candles))
        self._offset = self._margin = timedelta()

    def date_by(self, clock: ServerTime) -> None:
        self._offset = timedelta(milliseconds=clock.offset_ms)
        self._margin = timedelta(milliseconds=clock.round_trip_ms + clock.resolution_ms) / 2

    async def read(self, interval: str) -> None:
        history = await self.history(interval)
        earliest, latest = self._clocks()
        self.histories.append(history)
        self.series.append(
            measure(
                history.candles,
                interval,
                history.length,
                earliest=earliest,
                latest=latest + self._margin,
                omits_quiet=self._connector.omits_quiet_candles,
            )
        )

    async def history(self, interval: str) -> History:
        length = self._connector.candle_intervals[interval]
        asked_at, _ = self._clocks()
        candles = await self._connector.candles(self._pair, interval, limit=self._limit)
        return History(interval, length, candles, settled_until=asked_at - self._margin - self._settles - length)

    def _clocks(self) -> tuple[datetime, datetime]:
        here = utc_now()
        earliest, latest = sorted((here, here + self._offset))
        return earliest, latest


def _meets_all(failure: Failure) -> bool:
    """True where the other intervals would meet the same, and asking for them only adds to the load."""
    return failure.is_transient or failure.cause is Cause.PAIR_UNAVAILABLE


def _changed_since_last_run(histories: Sequence[History], scope: Scope, source: str) -> list[Change]:
    """Nothing where a sandbox began anew, and with it another past."""
    earlier = records_in(scope.memory)
    if source == "sandbox" and is_other_market(earlier, histories):
        return []
    return [change for history in histories for change in find_changes(earlier.get(history.interval, ()), history)]


def _changed_within(reading: _Reading, again: History | None) -> list[Change]:
    before = next((one for one in reading.histories if again is not None and one.interval == again.interval), None)
    return find_changes(records(before), again) if before is not None and again is not None else []


def measure(
    candles: Sequence[Candle],
    interval: str,
    length: timedelta,
    *,
    earliest: datetime,
    latest: datetime,
    omits_quiet: bool = False,
) -> Series:
    """What there is to say of one interval's candles at a time between *earliest* and *latest*.

    The two are apart by what the clocks disagree: that is for the connectivity check to judge, and no candle is
    called old or early that is so by one of the clocks only.
    """
    faults = find_faults(candles, length, now=latest, omits_quiet=omits_quiet)
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
    """Each interval on its own: whole, its last one marked as forming, and fresh; then all of them together."""
    conditions = [failure.condition() for failure in observation.failures]
    for series in observation.series:
        conditions += [_whole(series), _marked(series), _fresh(series, limits, omits_quiet=observation.omits_quiet)]
    if observation.series:
        conditions += [_unchanged(observation), _summed_up(observation)]
    intervals = ", ".join(series.interval for series in observation.series)
    return Verdict.of(conditions, when_ok=f"whole, fresh and unchanged: {intervals}")


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


def _fresh(series: Series, limits: CandlesThresholds, *, omits_quiet: bool) -> Condition:
    grace_s = limits.grace_s + (limits.quiet_grace_s if omits_quiet else 0)
    limit = limits.max_age_intervals * series.length + timedelta(seconds=grace_s)
    return holds(
        f"{series.interval}_age",
        series.age is not None and series.age <= limit,
        limit=f"≤ {quantity(limit.total_seconds(), 's')}",
        seen="no closed candle" if series.age is None else quantity(series.age.total_seconds(), "s"),
        cause=Cause.STALE_DATA if series.candles else Cause.CANDLE_FAULT,
    )


def _unchanged(observation: Observation) -> Condition:
    first = f" ({observation.changes[0]})" if observation.changes else ""
    return holds(
        "closed_candles_changed",
        observation.change_count == 0,
        limit="0",
        seen=f"{observation.change_count}{first}",
        cause=Cause.CANDLE_CHANGED,
    )


def _summed_up(observation: Observation) -> Condition:
    """That long candles sum up short ones is our expectation and no venue's promise: to fail takes a hole, too."""
    first = f" ({observation.discrepancies[0]})" if observation.discrepancies else ""
    return holds(
        "intervals_disagree",
        observation.discrepancy_count == 0,
        limit=f"0 of {observation.summed_up}",
        seen=f"{observation.discrepancy_count}{first}",
        cause=Cause.CANDLE_FAULT,
        otherwise=Outcome.FAILED if any(one.is_lost for one in observation.discrepancies) else Outcome.DEGRADED,
        confidence=Confidence.MEDIUM,
    )
