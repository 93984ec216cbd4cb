"""The limits that checks judge by: data with defaults, one record per kind, each value overridable by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from connectors.errors import nearest


class UnknownThreshold(ValueError):
    """An override names a kind or a limit that does not exist, or has no number for it; the message says which."""


@dataclass(frozen=True, slots=True)
class ConnectivityThresholds:
    """The clock's limits come on top of what the measurement itself cannot tell: half a round trip and one tick."""

    deadline_s: float = 20.0
    calls: int = 3
    slow_ms: float = 1_500.0
    too_slow_ms: float = 5_000.0
    skew_ms: float = 2_000.0
    too_much_skew_ms: float = 30_000.0


@dataclass(frozen=True, slots=True)
class MarketsThresholds:
    deadline_s: float = 30.0
    min_pairs: int = 1


@dataclass(frozen=True, slots=True)
class OrderBookThresholds:
    """`quiet_ms` without a book frame is asked about, not condemned: quiet pairs pause for minutes.

    REST is asked up to `rest_asked` times, `recheck_s` apart, and for `aside_s` at most. `deadline_s` counts on top
    of the time that the stream is watched.
    """

    deadline_s: float = 25.0
    depth: int = 10
    slow_snapshot_ms: float = 5_000.0
    too_slow_snapshot_ms: float = 10_000.0
    quiet_ms: float = 2_000.0
    rest_asked: int = 4
    recheck_s: float = 1.0
    aside_s: float = 8.0
    late_ms: float = 5_000.0
    too_late_ms: float = 30_000.0
    healed_breaks: int = 1


@dataclass(frozen=True, slots=True)
class AuthThresholds:
    deadline_s: float = 30.0


@dataclass(frozen=True, slots=True)
class PaperOrderThresholds:
    """The resting order is held against `rest_books` further books, or as many as come within `rest_s`."""

    deadline_s: float = 30.0
    depth: int = 10
    rest_books: int = 3
    rest_s: float = 2.0


@dataclass(frozen=True, slots=True)
class CandlesThresholds:
    """The last closed candle may be `max_age_intervals` old, and `grace_s` more on the shortest intervals."""

    deadline_s: float = 60.0
    limit: int = 100
    max_age_intervals: float = 2.0
    grace_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """One record per kind of check, under the kind's own name."""

    connectivity: ConnectivityThresholds = field(default_factory=ConnectivityThresholds)
    markets: MarketsThresholds = field(default_factory=MarketsThresholds)
    order_book: OrderBookThresholds = field(default_factory=OrderBookThresholds)
    auth: AuthThresholds = field(default_factory=AuthThresholds)
    paper_order: PaperOrderThresholds = field(default_factory=PaperOrderThresholds)
    candles: CandlesThresholds = field(default_factory=CandlesThresholds)

    @classmethod
    def of(cls, overrides: Mapping[str, Mapping[str, float]]) -> Self:
        """The defaults with {kind: {limit: number}} laid over them. Raises UnknownThreshold."""
        thresholds = cls()
        kinds = {kind.name: getattr(thresholds, kind.name) for kind in fields(cls)}
        for kind, values in overrides.items():
            if kind not in kinds:
                raise UnknownThreshold(f"no thresholds for {kind!r}: {nearest(kind, kinds)}")
            kinds[kind] = _replaced(kind, kinds[kind], values)
        return cls(**kinds)


def _replaced(kind: str, limits: Any, values: Mapping[str, float]) -> Any:
    if not isinstance(values, Mapping):
        raise UnknownThreshold(f"{kind}: write an object of limits by name, not {values!r}")
    names = {limit.name for limit in fields(limits)}
    for name, value in values.items():
        if name not in names:
            raise UnknownThreshold(f"{kind} has no limit {name!r}: {nearest(name, names)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or value < 0:
            raise UnknownThreshold(f"{kind}.{name} must be a number of at least 0, not {value!r}")
        if isinstance(getattr(limits, name), int) and not isinstance(value, int):
            raise UnknownThreshold(f"{kind}.{name} must be a whole number, not {value!r}")
    return replace(limits, **values)
