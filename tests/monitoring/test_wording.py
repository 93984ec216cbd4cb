"""Plain words for closed lists, and numbers and times as a reader likes them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitoring.checks.outcomes import Blame, Cause, Kind
from monitoring.wording import BLAMES, CAUSES, QUESTIONS, Fact, duration, facts, heading, interval, relative, span
from tests.monitoring.factories import NOON


def test_every_word_of_the_checks_has_plain_words() -> None:
    assert set(CAUSES) == set(Cause)
    assert set(BLAMES) == set(Blame)
    assert set(QUESTIONS) == set(Kind)
    assert [word for word in (*CAUSES, *BLAMES) if not {**CAUSES, **BLAMES}[word]] == [Cause.NONE, Blame.NONE]


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0.4, "under 1 ms"),
        (8.4, "8 ms"),
        (999, "999 ms"),
        (1_250, "1.25 s"),
        (5_027.8, "5.03 s"),
        (125_000, "2 min 5 s"),
    ],
)
def test_durations_are_short(milliseconds: float, words: str) -> None:
    assert duration(milliseconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.3, "a moment"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (7_300, "2 hours"), (200_000, "2 days")],
)
def test_spans_name_their_largest_unit(seconds: float, words: str) -> None:
    length = timedelta(seconds=seconds)
    assert span(length) == words
    assert (relative(NOON - length, NOON), relative(NOON + length, NOON)) == (f"{words} ago", f"in {words}")


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "second"), (30, "30 seconds"), (60, "minute"), (90, "90 seconds"), (7_200, "2 hours")]
)
def test_intervals_are_exact(seconds: int, words: str) -> None:
    assert interval(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("first_snapshot_ms", "First snapshot"),
        ("rest_agreement", "REST agreement"),
        ("rest", "REST"),
        ("orders_that_rest", "Orders that rest"),
        ("tls_handshake", "TLS handshake"),
        ("ws", "WebSocket"),
        ("ws_auth", "Private WebSocket"),
    ],
)
def test_names_read_as_labels(name: str, label: str) -> None:
    assert heading(name) == label


def test_evidence_reads_as_lines_with_units() -> None:
    evidence = {
        "first_snapshot_ms": 8.7,
        "is_live": True,
        "top": {"bid": "83735.8", "ask": None},
        "elapsed_ms": {"signed_read": 21.7},
        "phases": {"dns_ms": 3.0},
        "latencies_ms": [27.0, 7.9],
        "failures": [{"step": "rest_book", "error": "Timeout"}],
        "nothing": [],
        "bids": [["1", "2"]],
    }
    assert facts(evidence, leave_out=frozenset({"bids"})) == [
        Fact("First snapshot", "8.7 ms"),
        Fact("Is live", "yes"),
        Fact("Top: bid", "83735.8"),
        Fact("Elapsed: signed read", "21.7 ms"),
        Fact("Phases: DNS", "3 ms"),
        Fact("Latencies", "27, 7.9 ms"),
        Fact("Failures: step", "rest_book"),
        Fact("Failures: error", "Timeout"),
    ]
