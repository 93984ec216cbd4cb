"""What a watched stream amounts to: breaks, silence, delay, empty sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import (
    ChecksumMismatch,
    Disconnected,
    Maintenance,
    MessageTooLarge,
    RateLimited,
    SequenceGap,
    Stale,
    Timeout,
    Unavailable,
)
from connectors.stream_stats import StreamStats
from connectors.types import BookLevel, BookSnapshot, ServerTime, TradingPair
from monitoring.checks.causes import Failure
from monitoring.checks.order_book import Observation, depth_of, judge
from monitoring.checks.order_book_evidence import BREAKS, Comparison, Top, breaks_of, delay_of, uncertainty_ms
from monitoring.checks.order_book_watch import difference_of
from monitoring.checks.outcomes import Blame, Cause, Confidence, Outcome
from monitoring.checks.thresholds import OrderBookThresholds

LIMITS = OrderBookThresholds(
    slow_snapshot_ms=1000,
    too_slow_snapshot_ms=5000,
    quiet_ms=3000,
    late_ms=5000,
    too_late_ms=30_000,
    wide_spread_percent=1,
    slow_recovery_ms=2000,
    too_slow_recovery_ms=9000,
)
TOP = Top(bid=Decimal("100.1"), ask=Decimal("100.2"))
HEALTHY = Observation(
    pair=TradingPair("BTC", "USD"),
    depth=10,
    planned_s=5.0,
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
    spread_percent=0.1,
    comparison=Comparison(levels=20, agreed=10),
    recovery_ms=80.0,
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

    assert verdict.outcome is Outcome.OK
    assert verdict.summary == "80 updates in 5 s, whole and live, back 80 ms after a cut"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("checksum_failures", Cause.CHECKSUM_MISMATCH),
        ("sequence_gaps", Cause.SEQUENCE_GAP),
        ("crossed_books", Cause.CROSSED_BOOK),
        ("locked_books", Cause.LOCKED_BOOK),
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


@pytest.mark.parametrize("name", ["sequence_gaps", "crossed_books", "locked_books", "malformed"])
def test_what_can_be_seen_in_one_frame_is_the_exchanges_even_before_an_update_passed(name: str) -> None:
    assert verdict_of(updates=0, breaks=broken(name, 3))[2] is Blame.EXCHANGE


@pytest.mark.parametrize(
    ("proof", "confidence"),
    [
        ({"updates": 0}, Confidence.LOW),
        ({"updates": 80}, Confidence.MEDIUM),
        ({"updates": 0, "was_proven": True}, Confidence.MEDIUM),
    ],
)
def test_a_checksum_is_believed_as_far_as_our_own_arithmetic_is_proven(
    proof: dict[str, Any], confidence: Confidence
) -> None:
    verdict = judge(replace(HEALTHY, breaks=broken("checksum_failures", 3), **proof), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.FAILED, Cause.CHECKSUM_MISMATCH)
    assert (verdict.blame, verdict.confidence) == (Blame.EXCHANGE, confidence)


def test_a_locked_book_is_not_counted_as_a_crossed_one_too() -> None:
    counts = breaks_of(StreamStats(crossed_books=3, locked_books=1))

    assert (counts["crossed_books"], counts["locked_books"]) == (2, 1)


def test_a_connection_that_came_back_is_degraded_and_one_that_keeps_falling_has_failed() -> None:
    lost = Failure.of(Disconnected("connection lost"), step="stream")

    assert verdict_of(reconnects=1, broken_by=lost) == (Outcome.DEGRADED, Cause.TRANSPORT, Blame.EXCHANGE)
    assert verdict_of(reconnects=2, broken_by=lost) == (Outcome.FAILED, Cause.TRANSPORT, Blame.EXCHANGE)


def test_what_broke_the_book_is_not_said_of_a_connection_that_held() -> None:
    gap = Failure.of(SequenceGap("5 after 3"), step="stream")

    verdict = judge(replace(HEALTHY, breaks=broken("sequence_gaps", 3), broken_by=gap), LIMITS)

    assert [condition.seen for condition in verdict.conditions if condition.name == "reconnects"] == ["0"]


def test_a_dead_connection_is_stale_data() -> None:
    dead = Failure.of(Stale("no frame for 5 s"), step="stream")

    assert verdict_of(is_live=False, broken_by=dead) == (Outcome.FAILED, Cause.STALE_DATA, Blame.EXCHANGE)


def test_a_stream_that_is_not_live_for_no_known_reason_is_stale() -> None:
    assert verdict_of(is_live=False) == (Outcome.FAILED, Cause.STALE_DATA, Blame.EXCHANGE)


def test_a_quiet_stream_that_rest_agrees_with_is_only_a_quiet_market() -> None:
    assert verdict_of(quiet_ms=60_000.0, rest=TOP)[0] is Outcome.OK


def test_a_quiet_stream_is_stale_when_rest_has_moved_on() -> None:
    moved = Top(bid=Decimal("100.0"), ask=Decimal("100.2"))

    verdict = judge(replace(HEALTHY, planned_s=10.0, quiet_ms=4000.0, rest=moved), LIMITS)

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

    assert verdict_of(planned_s=1.0, quiet_ms=500.0, rest=moved)[0] is Outcome.OK
    assert verdict_of(planned_s=1.0, quiet_ms=501.0, rest=moved)[0] is Outcome.FAILED


def test_a_quiet_stream_is_not_suspected_because_we_may_not_ask_rest_so_often() -> None:
    refusal = Failure.of(RateLimited("HTTP 429"), step="rest_book")

    seen = verdict_of(quiet_ms=4000.0, rest_refusal=refusal)

    assert seen == (Outcome.INCONCLUSIVE, Cause.RATE_LIMITED, Blame.OWN_RATE)


def test_a_quiet_stream_that_nothing_could_be_held_against_is_a_suspicion() -> None:
    verdict = judge(replace(HEALTHY, quiet_ms=4000.0), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.DEGRADED, Cause.STALE_DATA)
    assert (verdict.blame, verdict.confidence) == (Blame.EXCHANGE, Confidence.LOW)


@pytest.mark.parametrize(
    ("ours", "rest", "is_behind"),
    [
        (Top(Decimal(1), Decimal(2)), Top(Decimal("1.0"), Decimal("2.0")), False),
        (Top(Decimal(1), Decimal(2)), Top(Decimal(1), Decimal(3)), True),
        (Top(Decimal(1), None), Top(Decimal(1), Decimal(3)), True),
        # Where there are numbers they decide: prices come and go, and a cached answer is an old one.
        (Top(Decimal(1), Decimal(2), 7), Top(Decimal(1), Decimal(3), 7), False),
        (Top(Decimal(1), Decimal(2), 7), Top(Decimal(1), Decimal(3), 6), False),
        (Top(Decimal(1), Decimal(2), 7), Top(Decimal(1), Decimal(2), 8), True),
    ],
)
def test_rest_has_moved_on_by_its_number_or_else_by_its_best_prices(ours: Top, rest: Top, *, is_behind: bool) -> None:
    assert ours.is_behind(rest) is is_behind


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

    assert delay_of(stats, clock(0)) == 3000.0
    assert delay_of(stats, clock(3600)) == 3000.0
    assert uncertainty_ms(clock(0)) == 550.0


def test_a_venue_that_dates_no_frames_has_no_delay() -> None:
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)

    assert delay_of(StreamStats(), ServerTime(moment, moment, moment, 1000)) is None


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


@pytest.mark.parametrize(
    ("spread_percent", "outcome"), [(1.0, Outcome.OK), (1.0001, Outcome.DEGRADED), (50.0, Outcome.DEGRADED)]
)
def test_a_wide_spread_is_a_blemish_of_the_market(spread_percent: float, outcome: Outcome) -> None:
    seen = verdict_of(spread_percent=spread_percent)

    assert seen[0] is outcome
    assert seen[1] is (Cause.NONE if outcome is Outcome.OK else Cause.WIDE_SPREAD)


@pytest.mark.parametrize(("agreed", "confidence"), [(3, Confidence.MEDIUM), (0, Confidence.LOW)])
def test_a_stream_that_differs_from_rest_at_the_same_sequence_has_failed(agreed: int, confidence: Confidence) -> None:
    differing = Comparison(levels=20, agreed=agreed, differed=1, difference="at 7, bid 2: 1 at 99 in the stream")

    verdict = judge(replace(HEALTHY, comparison=differing), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame, verdict.confidence) == (
        Outcome.FAILED,
        Cause.BOOK_MISMATCH,
        Blame.EXCHANGE,
        confidence,
    )
    assert verdict.summary.startswith(f"rest agreement: {agreed} of {agreed + 1} agree; at 7, bid 2: 1 at 99")


def test_a_stream_of_which_no_number_was_met_claims_no_agreement() -> None:
    unmatched = replace(HEALTHY, comparison=Comparison(levels=20, unmatched=9))

    verdict = judge(unmatched, LIMITS)

    assert verdict.outcome is Outcome.OK
    assert "rest_agreement" not in [condition.name for condition in verdict.conditions]


@pytest.mark.parametrize(
    ("recovery_ms", "outcome"),
    [(2000.0, Outcome.OK), (2001.0, Outcome.DEGRADED), (9000.0, Outcome.DEGRADED), (9001.0, Outcome.FAILED)],
)
def test_a_book_that_is_long_in_coming_back_is_slow_to_recover(recovery_ms: float, outcome: Outcome) -> None:
    seen = verdict_of(recovery_ms=recovery_ms)

    assert seen[0] is outcome
    assert seen[1] is (Cause.NONE if outcome is Outcome.OK else Cause.SLOW_RECOVERY)


@pytest.mark.parametrize(
    ("error", "cause"), [(TimeoutError(), Cause.SLOW_RECOVERY), (Unavailable("HTTP 520"), Cause.VENUE_ERROR)]
)
def test_a_book_that_does_not_come_back_is_named_by_what_was_in_the_way(error: Exception, cause: Cause) -> None:
    in_the_way = Failure.of(error, step="recovery")

    assert verdict_of(recovery_ms=None, failures=(in_the_way,)) == (Outcome.FAILED, cause, Blame.EXCHANGE)


def test_the_smallest_depth_that_holds_the_wanted_levels_is_streamed() -> None:
    assert depth_of((5, 20, 50, 100), 10) == 20
    assert depth_of((10, 25, 100), 10) == 10
    assert depth_of((5, 10), 100) == 10


def book(bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> BookSnapshot:
    def side(levels: list[tuple[str, str]]) -> tuple[BookLevel, ...]:
        return tuple(BookLevel(Decimal(price), Decimal(size)) for price, size in levels)

    return BookSnapshot(TradingPair("BTC", "USD"), side(bids), side(asks), sequence=7)


STREAMED = book([("99", "1"), ("98", "2")], [("101", "3")])


@pytest.mark.parametrize(
    ("rest", "difference"),
    [
        (book([("99.0", "1.00"), ("98", "2")], [("101", "3")]), ""),
        (book([("99", "1"), ("98", "5")], [("101", "3")]), "bid 2: 2 at 98 in the stream, 5 at 98 over REST"),
        (book([("99", "1")], [("101", "3")]), "bid 2: 2 at 98 in the stream, none over REST"),
        (book([("99", "1"), ("98", "2")], [("100.5", "3")]), "ask 1: 3 at 101 in the stream, 3 at 100.5 over REST"),
    ],
)
def test_two_books_are_compared_by_value_and_the_first_difference_is_told(rest: BookSnapshot, difference: str) -> None:
    assert difference_of(STREAMED, rest, levels=2) == difference


def test_levels_beyond_the_compared_ones_may_differ() -> None:
    assert difference_of(STREAMED, book([("99", "1")], [("101", "3")]), levels=1) == ""
