"""The limits that checks judge by: data with defaults, one record per kind, each value overridable by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from connectors.errors import nearest

MOST = 50_000_000
"""Of any limit: more than a year of seconds, and less than what a time of so many intervals can be reckoned with."""


class UnknownThreshold(ValueError):
    """An override names a kind or a limit that does not exist, or has no number for it; the message says which."""


@dataclass(frozen=True, slots=True)
class ConnectivityThresholds:
    """Of `calls` on an open connection the median counts; the phases are those of one call on a new one.

    The clock's limits come on top of what the measurement itself cannot tell.
    """

    deadline_s: float = 20.0
    calls: int = 3
    slow_ms: float = 1_500.0
    too_slow_ms: float = 5_000.0
    slow_dns_ms: float = 1_000.0
    slow_connect_ms: float = 1_000.0
    slow_tls_ms: float = 1_500.0
    slow_first_byte_ms: float = 1_500.0
    skew_ms: float = 2_000.0
    too_much_skew_ms: float = 30_000.0


@dataclass(frozen=True, slots=True)
class MarketsThresholds:
    """Changed trading rules are shown for `change_shown_s` and then taken as the rules.

    The others concern perpetuals: how far the mark price may be from the middle of the book, and the funding rate from
    zero, either way.
    """

    deadline_s: float = 30.0
    min_pairs: int = 1
    change_shown_s: float = 86_400.0
    mark_off_percent: float = 1.0
    mark_too_far_off_percent: float = 3.0
    high_funding_percent: float = 1.0
    too_high_funding_percent: float = 3.0


@dataclass(frozen=True, slots=True)
class OrderBookThresholds:
    """Of the depths on offer, the smallest that holds `depth` levels is streamed.

    `quiet_ms` without a book frame is asked about, not condemned: quiet pairs pause for minutes. REST is asked up to
    `rest_asked` times, `recheck_s` apart, for `aside_s` at most, so that a stall is certain within twice `quiet_ms`.
    Where the venue numbers its books, REST is held against the stream every `compare_s` and at the end. A broken book
    has `settle_s` to heal; what may pass, as an empty side, so long to do so, or half of a short watch. After a lost
    connection, and after the one that the check cuts itself, the book is back within `slow_recovery_ms`. `deadline_s`
    counts on top of the time that the stream is watched.
    """

    deadline_s: float = 30.0
    depth: int = 10
    slow_snapshot_ms: float = 5_000.0
    too_slow_snapshot_ms: float = 10_000.0
    quiet_ms: float = 2_000.0
    rest_asked: int = 4
    recheck_s: float = 0.3
    aside_s: float = 8.0
    compare_s: float = 0.5
    late_ms: float = 5_000.0
    too_late_ms: float = 20_000.0
    wide_spread_percent: float = 1.0
    settle_s: float = 0.6
    healed_breaks: int = 1
    slow_recovery_ms: float = 4_000.0
    too_slow_recovery_ms: float = 10_000.0


@dataclass(frozen=True, slots=True)
class AuthThresholds:
    """A tampered signature is tried every `tamper_again_s`: venues lock out an address that sends many."""

    deadline_s: float = 45.0
    tamper_again_s: float = 3_600.0


@dataclass(frozen=True, slots=True)
class PaperOrderThresholds:
    """Of the depths on offer, the smallest that holds `depth` levels is traded on.

    Resting orders are held against `rest_books` further books, or as many as come within `rest_s`; what is not filled
    by then is cancelled.
    """

    deadline_s: float = 30.0
    depth: int = 10
    rest_books: int = 20
    rest_s: float = 2.0


@dataclass(frozen=True, slots=True)
class CandlesThresholds:
    """The last closed candle may be `max_age_intervals` old, and `grace_s` more on the shortest intervals.

    A venue that leaves out candles without a trade has `quiet_grace_s` besides: of how long its market is quiet, only
    the longer intervals tell. A candle is final `settled_s` after its end, when late trades have been counted. The
    volume of a candle and that of the shorter ones within it may differ by `volume_tolerance_percent`.
    """

    deadline_s: float = 60.0
    limit: int = 100
    max_age_intervals: float = 2.0
    grace_s: float = 60.0
    quiet_grace_s: float = 900.0
    settled_s: float = 30.0
    volume_tolerance_percent: float = 0.1


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
    def of(cls, *layers: Mapping[str, Mapping[str, float]]) -> Self:
        """The defaults with layers of {kind: {limit: number}} laid over them, the last on top.

        Raises UnknownThreshold.
        """
        thresholds = cls()
        kinds = {kind.name: getattr(thresholds, kind.name) for kind in fields(cls)}
        for overrides in layers:
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
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
            raise UnknownThreshold(f"{kind}.{name} must be a number from 0 to {MOST:,}, not {value!r}")
        if isinstance(getattr(limits, name), int) and not isinstance(value, int):
            raise UnknownThreshold(f"{kind}.{name} must be a whole number, not {value!r}")
    return replace(limits, **values)
