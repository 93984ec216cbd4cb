"""What is written down after a run."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError

from monitoring.checks.outcomes import Cause, Kind, Outcome
from monitoring.models import Check, OutcomeChange, Result
from monitoring.scheduler import LEASE, claim_due_checks
from monitoring.services.results import MAX_EVIDENCE_CHARS, record_results
from tests.monitoring.factories import NOON, make_check, make_component, make_exchange, seen

SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


def claim_at(now) -> UUID:  # type: ignore[no-untyped-def]
    (claim,) = claim_due_checks(now)
    return claim.token


def test_a_result_keeps_what_was_seen_and_where() -> None:
    check = make_check()
    run_id = claim_at(NOON)
    record_results(run_id, [seen(check, Outcome.FAILED, summary="refused")], now=NOON + SECOND)
    result = Result.objects.get()
    assert (result.live_check, result.run_id) == (check, run_id)
    assert (result.outcome, result.cause, result.blame) == ("failed", "transport", "exchange")
    assert (result.source, result.hosts) == ("sandbox", {"rest": "127.0.0.1:8443"})
    assert (result.started_at, result.duration_ms) == (NOON, 250.0)
    assert result.finished_at == NOON + timedelta(milliseconds=250)
    assert result.summary == "refused"
    assert result.conditions == [{"name": "answers", "limit": "yes", "seen": "no", "outcome": "failed"}]
    assert result.evidence == {"calls": 3}


def test_the_check_carries_its_latest_state_and_moves_to_its_next_slot() -> None:
    check = make_check(cadence_s=60, phase_s=7)
    record_results(claim_at(NOON), [seen(check)], now=NOON + 9 * SECOND)
    check.refresh_from_db()
    assert check.latest_result == Result.objects.get()
    assert (check.outcome, check.cause) == ("ok", "none")
    assert check.checked_at == check.outcome_since == NOON + timedelta(milliseconds=250)
    assert check.next_due_at == NOON + 67 * SECOND
    assert (check.claim_token, check.lease_until) == (None, None)


def test_only_a_change_of_outcome_moves_since_when() -> None:
    check = make_check(cadence_s=60, phase_s=0)
    outcomes = [Outcome.OK, Outcome.OK, Outcome.FAILED, Outcome.FAILED, Outcome.OK]
    for minute, outcome in enumerate(outcomes):
        at = NOON + timedelta(minutes=minute)
        record_results(claim_at(at), [seen(check, outcome, at=at)], now=at + SECOND)
    check.refresh_from_db()
    ended = timedelta(milliseconds=250)
    assert check.outcome_since == NOON + timedelta(minutes=4) + ended
    assert check.checked_at == NOON + timedelta(minutes=4) + ended
    assert list(OutcomeChange.objects.order_by("at").values_list("from_outcome", "to_outcome", "at")) == [
        ("", "ok", NOON + ended),
        ("ok", "failed", NOON + timedelta(minutes=2) + ended),
        ("failed", "ok", NOON + timedelta(minutes=4) + ended),
    ]
    assert Result.objects.count() == 5


def test_the_changes_of_outcome_are_handed_back() -> None:
    check = make_check()
    (change,) = record_results(claim_at(NOON), [seen(check, Outcome.DEGRADED)], now=NOON)
    assert (change.live_check, change.to_outcome, change.result) == (check, "degraded", Result.objects.get())


def test_recording_twice_records_once() -> None:
    check = make_check()
    run_id = claim_at(NOON)
    record_results(run_id, [seen(check)], now=NOON)
    before = Check.objects.values().get()
    assert record_results(run_id, [seen(check, Outcome.FAILED)], now=NOON + 5 * SECOND) == []
    assert Result.objects.count() == 1
    assert Check.objects.values().get() == before


def test_a_run_whose_lease_went_to_another_run_writes_nothing() -> None:
    check = make_check()
    slow = claim_at(NOON)
    quick = claim_at(NOON + LEASE)
    assert record_results(slow, [seen(check, Outcome.FAILED)], now=NOON + LEASE) == []
    record_results(quick, [seen(check)], now=NOON + LEASE)
    assert list(Result.objects.values_list("run_id", "outcome")) == [(quick, "ok")]


def test_a_check_that_the_run_left_out_returns_with_its_lease() -> None:
    component = make_component(make_exchange())
    done, lost = make_check(component, kind=Kind.AUTH), make_check(component, kind=Kind.MARKETS)
    record_results(claim_at(NOON), [seen(done)], now=NOON)
    assert lost not in Check.objects.due(NOON + LEASE - SECOND)
    assert lost in Check.objects.due(NOON + LEASE)


def test_one_refused_row_leaves_nothing_behind() -> None:
    component = make_component(make_exchange())
    good, bad = make_check(component, kind=Kind.AUTH), make_check(component, kind=Kind.MARKETS)
    run_id = claim_at(NOON)
    contradiction = seen(bad, Outcome.OK, cause=Cause.TRANSPORT)
    with pytest.raises(IntegrityError, match="result_ok_has_no_cause"):
        record_results(run_id, [seen(good), contradiction], now=NOON)
    assert Result.objects.count() == 0
    assert set(Check.objects.values_list("claim_token", flat=True)) == {run_id}


def test_what_no_database_stores_does_not_lose_the_run() -> None:
    check = make_check()
    evidence = {"body": "a\0b\ud800", "spread": float("nan"), "list": [float("inf")]}
    record_results(claim_at(NOON), [seen(check, summary="\0", evidence=evidence)], now=NOON)
    result = Result.objects.get()
    assert result.evidence == {"body": "a�b?", "spread": "nan", "list": ["inf"]}
    assert result.summary == "�"


def test_evidence_beyond_any_use_is_left_out_and_says_so() -> None:
    check = make_check()
    run_id = claim_at(NOON)
    record_results(run_id, [seen(check, evidence={"body": "x" * MAX_EVIDENCE_CHARS})], now=NOON)
    assert list(Result.objects.get().evidence) == ["left_out"]


def test_evidence_beyond_the_bound_keeps_what_the_next_run_needs() -> None:
    check = make_check()
    needed = {"source": "live", "pair": "BTC-USD", "memory": {"rules": {"price_tick": "0.1"}}}

    record_results(claim_at(NOON), [seen(check, evidence=needed | {"body": "x" * MAX_EVIDENCE_CHARS})], now=NOON)

    evidence = Result.objects.get().evidence
    assert {name: evidence[name] for name in needed} == needed
    assert sorted(evidence) == ["left_out", "memory", "pair", "source"]


def test_the_database_refuses_a_second_result_of_one_run() -> None:
    check = make_check()
    run_id = uuid4()
    row = {
        "live_check": check,
        "run_id": run_id,
        "source": "live",
        "started_at": NOON,
        "finished_at": NOON,
        "duration_ms": 1,
        "outcome": "ok",
        "cause": "none",
        "blame": "none",
    }
    Result.objects.create(**row)
    with pytest.raises(IntegrityError):
        Result.objects.create(**row)


def test_a_check_knows_who_its_latest_result_blames() -> None:
    check = make_check()
    record_results(claim_at(NOON), [seen(check, Outcome.FAILED)], now=NOON + SECOND)
    check.refresh_from_db()
    assert (check.cause, check.blame) == ("transport", "exchange")


def test_checks_from_before_the_column_take_the_blame_of_their_latest_result() -> None:
    check, without_result = make_check(), make_check(make_component(make_exchange("kucoin")), next_due_at=NOON + LEASE)
    record_results(claim_at(NOON), [seen(check, Outcome.FAILED)], now=NOON + SECOND)
    Check.objects.update(blame="")
    import_module("monitoring.migrations.0002_blame_and_reasons").take_over_blame(apps, None)
    check.refresh_from_db()
    without_result.refresh_from_db()
    assert (check.blame, without_result.blame) == ("exchange", "")
