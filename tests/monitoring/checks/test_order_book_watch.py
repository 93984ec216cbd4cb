"""Real streams, watched: how soon a fault is found, what a quiet market is, and how a cut connection comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from connectors.errors import Unavailable
from connectors.kucoin import Kucoin
from connectors.sandbox import KucoinSandbox
from monitoring.checks.evidence import Scope
from monitoring.checks.order_book import judge, observe
from monitoring.checks.outcomes import Blame, Cause, Confidence, Outcome
from monitoring.checks.thresholds import OrderBookThresholds
from tests.monitoring.checks.conftest import standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.base import Connector
    from connectors.book_stream import BookStream
    from connectors.types import BookSnapshot, TradingPair
    from monitoring.checks.order_book import Observation

BRISK = OrderBookThresholds(
    compare_s=0.02, settle_s=0.1, quiet_ms=100, recheck_s=0.03, too_slow_recovery_ms=5_000, aside_s=2
)
"""A tenth of the usual times, so that a test takes as much of the time that a check does."""

LONG_S = 20.0
"""No test may take so long: where a watch of this length ends, it is because the verdict is clear."""


LISTS_CONTRACTS = pytest.mark.slow("a list of contracts as long as the venue's alone takes most of the time")
KUCOIN_PERPETUAL = pytest.param("kucoin_perpetual", marks=LISTS_CONTRACTS)
EVERY_CONNECTOR = ["kraken", "kucoin", KUCOIN_PERPETUAL]


def when(connector: Any, moment: str, strike: Callable[[], None]) -> None:
    """Call *strike* at this moment of the connector's next stream: once it is `ready`, or as it is to `reconnect`."""
    new_stream = connector.book_stream

    def book_stream(pair: TradingPair, *, depth: int) -> BookStream:
        stream: BookStream = new_stream(pair, depth=depth)
        original = getattr(stream, moment)

        async def struck() -> Any:
            if moment == "reconnect":
                strike()
            result = await original()
            if moment == "ready":
                strike()
            return result

        setattr(stream, moment, struck)
        return stream

    connector.book_stream = book_stream


async def seen_by(connector: Connector, limits: OrderBookThresholds = BRISK, *, seconds: float = LONG_S) -> Observation:
    scope = Scope(connector.default_pair, seconds, deadline_s=60)
    return await observe(connector, scope, limits)  # type: ignore[arg-type]  # each of the three has what it needs


@pytest.mark.parametrize("connector_id", EVERY_CONNECTOR)
async def test_a_healthy_book_is_watched_to_the_end_and_comes_back_from_a_cut(connector_id: str) -> None:
    async with standing(connector_id) as (_, connector):
        seen = await seen_by(connector, seconds=0.2)

    assert judge(seen, BRISK).outcome is Outcome.OK
    assert (seen.found_after_ms, seen.failures) == (None, ())
    assert seen.watched_s >= 0.2
    assert seen.updates > 0
    assert seen.recovery_ms is not None
    assert seen.reconnects == 0  # the one that the check itself asked for is not held against the venue


@pytest.mark.parametrize("connector_id", ["kucoin", KUCOIN_PERPETUAL])
async def test_a_venue_that_numbers_its_books_is_held_to_its_snapshots(connector_id: str) -> None:
    async with standing(connector_id) as (_, connector):
        seen = await seen_by(connector, seconds=0.2)

    assert seen.depth == 20
    assert seen.comparison is not None
    assert seen.comparison.agreed > 0
    assert seen.comparison.differed == 0


async def test_a_venue_without_numbers_is_not_compared_while_its_book_moves() -> None:
    async with standing("kraken") as (_, connector):
        seen = await seen_by(connector, seconds=0.1)

    assert seen.comparison is None
    assert seen.updates > 0


@pytest.mark.parametrize("fails", [True, False])
async def test_a_rest_that_gives_no_numbers_is_not_asked_again(*, fails: bool) -> None:
    asked = []
    async with standing("kucoin") as (_, connector):
        fetch = connector.book_snapshot

        async def book_snapshot(pair: TradingPair, *, depth: int | None = None) -> BookSnapshot:
            answer: BookSnapshot = await fetch(pair)
            if depth is None:  # what the stream itself needs
                return answer
            asked.append(depth)
            if fails:
                raise Unavailable("HTTP 503")
            return replace(answer, sequence=None)

        connector.book_snapshot = book_snapshot
        seen = await seen_by(connector, seconds=0.2)

    assert asked == [20]
    assert seen.comparison is not None
    assert (seen.comparison.agreed, seen.failures) == (0, ())


@pytest.mark.parametrize(
    ("connector_id", "fault", "parameters", "expected"),
    [
        ("kraken", "bad_checksum", {"every": 3}, (Outcome.FAILED, Cause.CHECKSUM_MISMATCH)),
        ("kraken", "missing_update", {"every": 3}, (Outcome.FAILED, Cause.CHECKSUM_MISMATCH)),
        ("kraken", "crossed_book", {}, (Outcome.FAILED, Cause.CROSSED_BOOK)),
        ("kraken", "locked_book", {}, (Outcome.FAILED, Cause.LOCKED_BOOK)),
        ("kraken", "empty_side", {"side": "bids"}, (Outcome.FAILED, Cause.EMPTY_BOOK)),
        ("kraken", "wide_spread", {}, (Outcome.DEGRADED, Cause.WIDE_SPREAD)),
        ("kraken", "late_frames", {"seconds": 8.0}, (Outcome.DEGRADED, Cause.STALE_DATA)),
        ("kucoin", "sequence_gap", {"every": 3}, (Outcome.FAILED, Cause.SEQUENCE_GAP)),
        ("kucoin", "missing_update", {"every": 3}, (Outcome.FAILED, Cause.BOOK_MISMATCH)),
        ("kucoin", "late_frames", {"seconds": 25.0}, (Outcome.FAILED, Cause.STALE_DATA)),
        *(
            pytest.param("kucoin_perpetual", fault, parameters, (Outcome.FAILED, cause), marks=LISTS_CONTRACTS)
            for fault, parameters, cause in (
                ("sequence_gap", {"every": 3}, Cause.SEQUENCE_GAP),
                ("missing_update", {"every": 3}, Cause.BOOK_MISMATCH),
                ("locked_book", {}, Cause.LOCKED_BOOK),
                ("empty_side", {}, Cause.EMPTY_BOOK),
            )
        ),
    ],
)
async def test_a_book_that_goes_wrong_ends_the_watch_within_a_second(
    connector_id: str, fault: str, parameters: dict[str, Any], expected: tuple[Outcome, Cause]
) -> None:
    async with standing(connector_id) as (sandbox, connector):
        when(connector, "ready", lambda: sandbox.faults.switch_on(fault, **parameters))
        seen = await seen_by(connector)

    verdict = judge(seen, BRISK)
    assert ((verdict.outcome, verdict.cause), verdict.blame) == (expected, Blame.EXCHANGE)
    assert seen.watched_s < 1.0
    assert seen.found_after_ms is not None
    assert seen.found_after_ms < 1000
    assert seen.recovery_ms is None  # nobody cuts a stream that is in trouble already


@pytest.mark.parametrize("connector_id", EVERY_CONNECTOR)
async def test_a_stall_is_found_within_twice_its_threshold(connector_id: str) -> None:
    limits = OrderBookThresholds(quiet_ms=250, rest_asked=2, recheck_s=0.03)
    async with standing(connector_id) as (sandbox, connector):
        when(connector, "ready", lambda: sandbox.faults.switch_on("stall"))
        seen = await seen_by(connector, limits)

    verdict = judge(seen, limits)
    assert (verdict.outcome, verdict.cause, verdict.blame) == (Outcome.FAILED, Cause.STALE_DATA, Blame.EXCHANGE)
    assert seen.found_after_ms is not None
    assert 250 < seen.found_after_ms < 500


@pytest.mark.slow("in a market that stands still, the connector waits a second for a first change")
async def test_a_market_that_stands_still_is_not_stale_however_long_it_is_quiet() -> None:
    async with KucoinSandbox(rate=0.001) as sandbox, Kucoin(urls=sandbox.urls) as connector:
        seen = await seen_by(connector, seconds=0.4)

    assert seen.updates == 0
    assert seen.watched_s >= 0.4
    assert seen.quiet_ms > 4 * BRISK.quiet_ms - 100
    assert judge(seen, BRISK).outcome is Outcome.OK


async def test_a_connection_that_is_lost_once_is_degraded_as_soon_as_its_book_has_settled() -> None:
    async with standing("kraken") as (sandbox, connector):
        when(connector, "ready", lambda: sandbox.faults.switch_on("drop", where="ws", again=False))
        seen = await seen_by(connector)

    verdict = judge(seen, BRISK)
    assert (verdict.outcome, verdict.cause) == (Outcome.DEGRADED, Cause.TRANSPORT)
    assert (seen.reconnects, seen.is_live) == (1, True)
    assert seen.watched_s < 5.0


async def test_a_cut_that_nothing_answers_is_a_slow_recovery() -> None:
    limits = OrderBookThresholds(too_slow_recovery_ms=100)
    async with standing("kraken") as (sandbox, connector):
        when(connector, "reconnect", lambda: sandbox.faults.switch_on("hang", where="ws"))
        seen = await seen_by(connector, limits, seconds=0.1)

    verdict = judge(seen, limits)
    assert (verdict.outcome, verdict.cause, verdict.conditions[0].name) == (
        Outcome.FAILED,
        Cause.SLOW_RECOVERY,
        "recovery",
    )


async def test_a_cut_after_which_the_venue_refuses_is_named_by_its_refusal() -> None:
    limits = OrderBookThresholds(too_slow_recovery_ms=100)
    async with standing("kucoin") as (sandbox, connector):
        when(connector, "reconnect", lambda: sandbox.faults.switch_on("expired_token"))
        seen = await seen_by(connector, limits, seconds=0.1)

    verdict = judge(seen, limits)
    assert (verdict.outcome, verdict.cause, verdict.blame) == (Outcome.FAILED, Cause.TOKEN_REFUSED, Blame.EXCHANGE)


async def test_a_run_remembers_that_our_arithmetic_is_proven() -> None:
    async with standing("kraken") as (_, connector):
        first = await seen_by(connector, seconds=0.1)
        scope = Scope(connector.default_pair, 0.05, 30, previous={"memory": first.memory})
        second = await observe(connector, scope, BRISK)

    assert (first.was_proven, second.was_proven) == (False, True)
    assert first.memory == {"updates_applied": True}


async def test_a_run_that_sees_nothing_hands_on_what_was_proven_before() -> None:
    async with standing("kraken") as (sandbox, connector):
        sandbox.faults.switch_on("http_5xx")
        scope = Scope(connector.default_pair, 0.05, 30, previous={"memory": {"updates_applied": True}})
        seen = await observe(connector, scope, BRISK)

    assert seen.memory == {"updates_applied": True}


async def test_a_venue_that_no_longer_knows_the_pair_ends_the_watch() -> None:
    async with standing("kraken") as (sandbox, connector):

        def delist() -> None:
            sandbox.faults.switch_on("pair_delisted", pair="BTC-USD")
            sandbox.faults.switch_on("drop", where="ws", again=False)

        when(connector, "ready", delist)
        seen = await seen_by(connector)

    verdict = judge(seen, BRISK)
    assert (verdict.outcome, verdict.cause, verdict.conditions[0].name) == (
        Outcome.FAILED,
        Cause.PAIR_UNAVAILABLE,
        "book_stream",
    )
    assert seen.watched_s < 5.0


async def test_a_stall_that_no_rest_can_confirm_is_asked_about_again_and_stays_a_suspicion() -> None:
    async with standing("kraken") as (sandbox, connector):

        def go_dark() -> None:
            sandbox.faults.switch_on("stall")
            sandbox.faults.switch_on("http_5xx")

        when(connector, "ready", go_dark)
        seen = await seen_by(connector, seconds=0.35)

    verdict = judge(seen, BRISK)
    assert (verdict.outcome, verdict.cause, verdict.confidence) == (
        Outcome.DEGRADED,
        Cause.STALE_DATA,
        Confidence.LOW,
    )
    assert (seen.rest, seen.recovery_ms) == (None, None)
