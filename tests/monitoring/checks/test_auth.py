"""A key that is refused is the key's fault; no key at all is nobody's."""

from __future__ import annotations

import pytest

from connectors.errors import (
    ConnectorError,
    InvalidKey,
    InvalidNonce,
    InvalidSignature,
    PermissionDenied,
    Timeout,
)
from monitoring.checks.auth import Observation, judge
from monitoring.checks.causes import Failure
from monitoring.checks.outcomes import Blame, Cause, Outcome
from monitoring.checks.thresholds import AuthThresholds

LIMITS = AuthThresholds()


def test_an_accepted_key_is_ok() -> None:
    verdict = judge(Observation(True, assets=3, private_stream_accepted=True), LIMITS)

    assert (verdict.outcome, verdict.summary) == (Outcome.OK, "signed read and private stream accepted")
    assert [condition.name for condition in verdict.conditions] == [
        "credentials",
        "signed_read",
        "private_stream",
    ]


def test_without_credentials_nothing_is_found_out_and_nobody_is_blamed() -> None:
    verdict = judge(Observation(has_credentials=False), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.INCONCLUSIVE,
        Cause.NO_CREDENTIALS,
        Blame.NONE,
    )
    assert verdict.summary == "not looked at: no credentials"


@pytest.mark.parametrize("error", [InvalidKey, InvalidSignature, InvalidNonce, PermissionDenied])
def test_a_refused_key_is_blamed_on_the_credentials(error: type[ConnectorError]) -> None:
    verdict = judge(Observation(True, failures=(Failure.of(error("no"), step="signed_read"),)), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.AUTH_REJECTED,
        Blame.CREDENTIALS,
    )
    assert error.__name__ in verdict.summary


def test_a_private_stream_that_does_not_answer_is_the_exchanges_fault() -> None:
    late = Failure.of(Timeout("no acknowledgement within 10 s"), step="private_stream")

    verdict = judge(Observation(True, assets=3, failures=(late,)), LIMITS)

    assert (verdict.cause, verdict.blame) == (Cause.TIMEOUT, Blame.EXCHANGE)
