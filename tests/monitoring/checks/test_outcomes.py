"""How conditions add up to a verdict, and what a result looks like as JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitoring.checks.outcomes import (
    Blame,
    Cause,
    CheckResult,
    Condition,
    Kind,
    Outcome,
    Verdict,
    at_most,
    holds,
    quantity,
)

GOOD = Condition("pair_listed", "listed", "listed")
SLOW = Condition("latency", "≤ 5 ms", "9 ms", Outcome.DEGRADED, Cause.SLOW, Blame.EXCHANGE)
UNKNOWN = Condition("credentials", "given", "none", Outcome.INCONCLUSIVE, Cause.NO_CREDENTIALS, Blame.NONE)
BROKEN = Condition("server_time", "succeeds", "Timeout", Outcome.FAILED, Cause.TIMEOUT, Blame.EXCHANGE)
ALSO_BROKEN = Condition("book", "whole", "crossed", Outcome.FAILED, Cause.CROSSED_BOOK, Blame.EXCHANGE)


def test_conditions_that_all_hold_give_the_summary_for_ok() -> None:
    verdict = Verdict.of([GOOD], when_ok="all is well")

    assert (verdict.outcome, verdict.cause, verdict.blame) == (Outcome.OK, Cause.NONE, Blame.NONE)
    assert verdict.summary == "all is well"


@pytest.mark.parametrize(
    ("conditions", "outcome", "cause"),
    [
        ([GOOD, UNKNOWN], Outcome.INCONCLUSIVE, Cause.NO_CREDENTIALS),
        ([UNKNOWN, SLOW], Outcome.DEGRADED, Cause.SLOW),
        ([SLOW, UNKNOWN, BROKEN, GOOD], Outcome.FAILED, Cause.TIMEOUT),
        ([BROKEN, ALSO_BROKEN], Outcome.FAILED, Cause.TIMEOUT),
        ([ALSO_BROKEN, BROKEN], Outcome.FAILED, Cause.CROSSED_BOOK),
    ],
)
def test_the_worst_condition_decides_and_the_first_of_equals(
    conditions: list[Condition], outcome: Outcome, cause: Cause
) -> None:
    verdict = Verdict.of(conditions, when_ok="")

    assert (verdict.outcome, verdict.cause) == (outcome, cause)
    assert verdict.conditions == tuple(conditions)


def test_the_summary_of_a_bad_verdict_names_condition_value_and_limit() -> None:
    assert Verdict.of([GOOD, SLOW], when_ok="").summary == "latency: 9 ms (limit: ≤ 5 ms)"
    assert Verdict.of([GOOD, BROKEN], when_ok="").summary == "server time: Timeout"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (3_600_000.0, "ms", "3,600,000 ms"),
        (0.44, "s", "0.4 s"),
        (12, "", "12"),
        (1500.0, "ms", "1,500 ms"),
        (0.0052, "%", "0.005 %"),
        (-0.0004, "%", "-0.0004 %"),
        (0.0, "%", "0 %"),
        (5e-324, "%", "0 %"),
    ],
)
def test_a_quantity_is_written_for_a_reader(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@pytest.mark.parametrize(
    ("seen", "limit", "outcome"),
    [
        (99.5, "≤ 100 ms", Outcome.OK),
        (100, "≤ 100 ms", Outcome.OK),
        (100.5, "≤ 100 ms", Outcome.DEGRADED),
        (500, "≤ 100 ms", Outcome.DEGRADED),
        (501, "≤ 500 ms", Outcome.FAILED),
    ],
)
def test_a_number_is_degraded_above_one_limit_and_failed_above_the_other(
    seen: float, limit: str, outcome: Outcome
) -> None:
    condition = at_most("latency", seen, degraded=100, failed=500, unit="ms", cause=Cause.SLOW)

    assert (condition.limit, condition.seen, condition.outcome) == (limit, f"{seen:g} ms", outcome)
    assert condition.cause is (Cause.NONE if outcome is Outcome.OK else Cause.SLOW)


def test_a_condition_that_holds_has_no_cause_and_nobody_to_blame() -> None:
    met = holds("listed", True, limit="listed", seen="listed", cause=Cause.PAIR_UNAVAILABLE)
    missed = holds("listed", False, limit="listed", seen="gone", cause=Cause.PAIR_UNAVAILABLE)

    assert (met.outcome, met.cause, met.blame) == (Outcome.OK, Cause.NONE, Blame.NONE)
    assert (missed.outcome, missed.cause, missed.blame) == (
        Outcome.FAILED,
        Cause.PAIR_UNAVAILABLE,
        Blame.EXCHANGE,
    )


def test_what_a_venue_says_at_length_is_cut_between_two_words() -> None:
    said = Condition("venue_status", "online", "closed\n" * 1000)
    number = Condition("min_size", "> 0", "1" + "0" * 5000)

    assert 290 < len(said.seen) <= 300
    assert said.seen.endswith("closed closed…")
    assert number.seen == "…"


def test_a_result_as_json_has_the_documented_keys() -> None:
    result = CheckResult(
        Kind.CONNECTIVITY,
        Verdict.of([SLOW], when_ok=""),
        started_at=datetime(2026, 11, 21, tzinfo=UTC),
        duration_ms=12.3456,
        evidence={"source": "sandbox"},
    )

    assert result.to_json() == {
        "kind": "connectivity",
        "outcome": "degraded",
        "cause": "slow",
        "blame": "exchange",
        "confidence": "high",
        "reasons": [],
        "summary": "latency: 9 ms (limit: ≤ 5 ms)",
        "duration_ms": 12.3,
        "conditions": [{"name": "latency", "limit": "≤ 5 ms", "seen": "9 ms", "outcome": "degraded"}],
        "evidence": {"source": "sandbox"},
    }
