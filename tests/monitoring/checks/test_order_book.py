"""What a watched stream amounts to: breaks, silence, delay, empty sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.book_stream import StreamStats
from connectors.errors import ChecksumMismatch, Disconnected, Maintenance, MessageTooLarge, Stale, Timeout
from connectors.types import ServerTime, TradingPair
from monitoring.checks.causes import Failure
from monitoring.checks.order_book import BREAKS, Observation, Top, judge, timed
from monitoring.checks.outcomes import Blame, Cause, Outcome
from monitoring.checks.thresholds import OrderBookThresholds

LIMITS = OrderBookThresholds(
    slow_snapshot_ms=1000, too_slow_snapshot_ms=5000, quiet_ms=3000, late_ms=5000, too_late_ms=30_000
)
TOP = Top(bid=Decimal("100.1"), ask=Decimal("100.2"))
HEALTHY = Observation(
    pair=TradingPair("BTC", "USD"),
    depth=10,
    watched_s=5.0,
    first_snapshot_ms=120.0,
    updates=80,
    updates_per_second=16.0,
    breaks=dict.fromkeys(BREAKS, 0),
    quiet_ms=40.0,
    is_live=True,
    bid_levels=10,
    ask_levels=10,
    top=TOP,
    spread=Decimal("0.1"),
    delay_ms=300.0,
    clock_uncertainty_ms=500.0,
)


def verdict_of(**changes: object) -> tuple[Outcome, Cause, Blame]:
    verdict = judge(replace(HEALTHY, **changes), LIMITS)  # type: ignore[arg-type]  # each test names its fields
    return verdict.outcome, verdict.cause, verdict.blame


def broken(name: str, times: int) -> dict[str, int]:
    return {**HEALTHY.breaks, name: times}


def test_a_stream_that_stays_whole_is_ok() -> None:
    verdict = judge(HEALTHY, LIMITS)

    assert (verdict.outcome, verdict.summary) == (Outcome.OK, "80 updates in 5 s, whole and live")


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("checksum_failures", Cause.CHECKSUM_MISMATCH),
        ("sequence_gaps", Cause.SEQUENCE_GAP),
        ("crossed_books", Cause.CROSSED_BOOK),
        ("malformed", Cause.MALFORMED_PAYLOAD),
    ],
)
def test_one_break_that_healed_is_a_blemish_and_two_are_a_failure(name: str, cause: Cause) -> None:
    assert verdict_of(breaks=broken(name, 1)) == (Outcome.DEGRADED, cause, Blame.EXCHANGE)
    assert verdict_of(breaks=broken(name, 2)) == (Outcome.FAILED, cause, Blame.EXCHANGE)


def test_a_break_that_did_not_heal_is_a_failure_named_by_what_broke_it() -> None:
    mismatch = Failure.of(ChecksumMismatch("differs"), step="stream")

    seen = verdict_of(breaks=broken("checksum_failures", 1), is_live=False, top=None, broken_by=mismatch)

    assert seen == (Outcome.FAILED, Cause.CHECKSUM_MISMATCH, Blame.EXCHANGE)


def test_a_message_that_is_too_large_is_told_from_a_garbled_one() -> None:
    too_large = Failure.of(MessageTooLarge("more than 8388608 bytes"), step="stream")

    seen = verdict_of(breaks=broken("malformed", 1), reconnects=1, broken_by=too_large)

    assert seen == (Outcome.DEGRADED, Cause.MESSAGE_TOO_LARGE, Blame.EXCHANGE)


@pytest.mark.parametrize("name", ["sequence_gaps", "crossed_books", "malformed"])
def test_what_can_be_seen_in_one_frame_is_the_exchanges_even_before_an_update_passed(name: str) -> None:
    assert verdict_of(updates=0, breaks=broken(name, 3))[2] is Blame.EXCHANGE


def test_a_checksum_that_never_agreed_may_be_our_own_error() -> None:
    seen = verdict_of(updates=0, breaks=broken("checksum_failures", 3))

    assert seen == (Outcome.FAILED, Cause.CHECKSUM_MISMATCH, Blame.UNKNOWN)


def test_a_connection_that_came_back_is_degraded_and_one_that_keeps_falling_has_failed() -> None:
    lost = Failure.of(Disconnected("connection lost"), step="stream")

    assert verdict_of(reconnects=1, broken_by=lost) == (Outcome.DEGRADED, Cause.TRANSPORT, Blame.EXCHANGE)
    assert verdict_of(reconnects=2, broken_by=lost) == (Outcome.FAILED, Cause.TRANSPORT, Blame.EXCHANGE)


def test_a_dead_connection_is_stale_data() -> None:
    dead = Failure.of(Stale("no frame for 5 s"), step="stream")

    assert verdict_of(is_live=False, broken_by=dead) == (Outcome.FAILED, Cause.STALE_DATA, Blame.EXCHANGE)


def test_a_stream_that_is_not_live_for_no_known_reason_is_stale() -> None:
    assert verdict_of(is_live=False) == (Outcome.FAILED, Cause.STALE_DATA, Blame.EXCHANGE)


def test_a_quiet_stream_that_rest_agrees_with_is_only_a_quiet_market() -> None:
    assert verdict_of(quiet_ms=60_000.0, rest=TOP)[0] is Outcome.OK


def test_a_quiet_stream_is_stale_when_rest_has_moved_on() -> None:
    moved = Top(bid=Decimal("100.0"), ask=Decimal("100.2"))

    verdict = judge(replace(HEALTHY, watched_s=10.0, quiet_ms=4000.0, rest=moved), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.STALE_DATA,
        Blame.EXCHANGE,
    )
    assert verdict.summary == (
        "book silence: 4,000 ms since the last book frame, REST has moved on (limit: ≤ 3,000 ms, or as REST has it)"
    )


def test_a_short_watch_asks_about_a_stream_that_is_quiet_for_half_of_it() -> None:
    moved = Top(bid=Decimal("100.0"), ask=Decimal("100.2"))

    assert verdict_of(watched_s=1.0, quiet_ms=500.0, rest=moved)[0] is Outcome.OK
    assert verdict_of(watched_s=1.0, quiet_ms=501.0, rest=moved)[0] is Outcome.FAILED


def test_a_quiet_stream_that_nothing_could_be_held_against_is_a_suspicion() -> None:
    assert verdict_of(quiet_ms=4000.0) == (Outcome.DEGRADED, Cause.STALE_DATA, Blame.UNKNOWN)


@pytest.mark.parametrize(
    ("delay_ms", "outcome"),
    [(5500.0, Outcome.OK), (5501.0, Outcome.DEGRADED), (30_501.0, Outcome.FAILED), (-600.0, Outcome.OK)],
)
def test_frames_that_arrive_long_after_the_venue_sent_them_are_stale(delay_ms: float, outcome: Outcome) -> None:
    seen = verdict_of(delay_ms=delay_ms)

    assert seen[0] is outcome
    assert seen[1] is (Cause.NONE if outcome is Outcome.OK else Cause.STALE_DATA)


def test_the_delay_of_a_frame_is_measured_on_the_clock_that_is_kinder_to_the_venue() -> None:
    arrived = datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)
    stats = StreamStats(last_venue_time=arrived - timedelta(seconds=3), last_update_at=arrived)

    def clock(ahead_s: float) -> ServerTime:
        return ServerTime(
            venue_time=arrived + timedelta(seconds=ahead_s - 0.5),
            sent_at=arrived - timedelta(milliseconds=50),
            received_at=arrived + timedelta(milliseconds=50),
            resolution_ms=1000,
        )

    agreeing = timed(HEALTHY, stats, clock(0))
    assert (agreeing.delay_ms, agreeing.clock_uncertainty_ms) == (3000.0, 550.0)
    assert timed(HEALTHY, stats, clock(3600)).delay_ms == 3000.0
    assert timed(HEALTHY, stats, clock(-1)).delay_ms == 2000.0


def test_a_venue_that_does_not_date_its_frames_has_no_delay() -> None:
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    undated = replace(HEALTHY, delay_ms=None)

    assert timed(undated, StreamStats(), ServerTime(moment, moment, moment, 1000)) == undated


def test_without_the_venues_clock_no_delay_is_claimed() -> None:
    verdict = judge(replace(HEALTHY, delay_ms=None), LIMITS)

    assert verdict.outcome is Outcome.OK
    assert "delay" not in [condition.name for condition in verdict.conditions]


@pytest.mark.parametrize("side", ["bid_levels", "ask_levels"])
def test_an_empty_side_is_a_failure(side: str) -> None:
    assert verdict_of(**{side: 0}) == (Outcome.FAILED, Cause.EMPTY_BOOK, Blame.EXCHANGE)


@pytest.mark.parametrize(
    ("first_snapshot_ms", "outcome"),
    [(1000.0, Outcome.OK), (1001.0, Outcome.DEGRADED), (5001.0, Outcome.FAILED)],
)
def test_a_late_first_snapshot_is_slow(first_snapshot_ms: float, outcome: Outcome) -> None:
    seen = verdict_of(first_snapshot_ms=first_snapshot_ms)

    assert seen[0] is outcome
    assert seen[1] is (Cause.NONE if outcome is Outcome.OK else Cause.SLOW)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Timeout("no snapshot within 10 s"), Cause.TIMEOUT),
        (Maintenance("the venue announces maintenance"), Cause.EXCHANGE_MAINTENANCE),
    ],
)
def test_a_stream_that_never_began_is_judged_by_its_error_alone(error: Exception, cause: Cause) -> None:
    never = replace(HEALTHY, first_snapshot_ms=None, failures=(Failure.of(error, step="book_stream"),))

    verdict = judge(never, LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.FAILED, cause)
    assert [condition.name for condition in verdict.conditions] == ["book_stream"]
