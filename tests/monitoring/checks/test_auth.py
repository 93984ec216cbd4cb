"""A key that is refused is the key's fault; no key at all is nobody's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors.errors import (
    ConnectorError,
    InvalidKey,
    InvalidNonce,
    InvalidSignature,
    PermissionDenied,
    Timeout,
)
from connectors.kraken import Kraken
from connectors.types import KeyPermissions
from monitoring.checks import auth
from monitoring.checks.auth import Observation, Tampering, judge
from monitoring.checks.causes import Failure
from monitoring.checks.evidence import Scope
from monitoring.checks.outcomes import Blame, Cause, CheckResult, Kind, Outcome
from monitoring.checks.runner import run_checks
from monitoring.checks.thresholds import AuthThresholds, Thresholds
from tests.monitoring.checks.conftest import SANDBOXES, UnthrottledKraken, standing

if TYPE_CHECKING:
    from connectors.base import Connector
    from connectors.sandbox import KrakenSandbox

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


ACCEPTED = Observation(True, assets=3, private_stream_accepted=True, orders_are_checked=True)
READ_AND_TRADE = KeyPermissions(may_trade=True, may_withdraw=False, said=("General", "Spot"))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("permissions", "outcome", "cause", "summary"),
    [
        (READ_AND_TRADE, Outcome.OK, Cause.NONE, "signed read and private stream accepted"),
        (
            replace(READ_AND_TRADE, may_withdraw=True, said=("General", "Withdrawal")),
            Outcome.DEGRADED,
            Cause.KEY_MAY_WITHDRAW,
            "may withdraw: yes: General, Withdrawal (limit: no)",
        ),
        (
            replace(READ_AND_TRADE, may_trade=False, said=()),
            Outcome.DEGRADED,
            Cause.KEY_MAY_NOT_TRADE,
            "may trade: no: nothing (limit: yes, for the venue's own test of orders)",
        ),
    ],
)
def test_a_key_has_the_permissions_that_the_checks_need_and_no_dangerous_ones(
    permissions: KeyPermissions, outcome: Outcome, cause: Cause, summary: str
) -> None:
    verdict = judge(replace(ACCEPTED, permissions=permissions), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.summary) == (outcome, cause, summary)
    assert verdict.blame is (Blame.NONE if outcome is Outcome.OK else Blame.CREDENTIALS)


def test_where_no_orders_are_checked_a_key_need_not_trade() -> None:
    reading = replace(READ_AND_TRADE, may_trade=False)

    assert judge(replace(ACCEPTED, permissions=reading, orders_are_checked=False), LIMITS).outcome is Outcome.OK


def test_a_venue_that_takes_a_forged_signature_has_failed() -> None:
    verdict = judge(replace(ACCEPTED, tampering=Tampering("accepted", NOON)), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.SIGNATURE_NOT_CHECKED,
        Blame.EXCHANGE,
    )
    assert verdict.summary == "tampered signature: accepted (limit: refused)"


def test_a_forged_signature_that_is_refused_is_told_with_its_time() -> None:
    verdict = judge(replace(ACCEPTED, tampering=Tampering("InvalidSignature", NOON)), LIMITS)

    assert verdict.summary == "signed read and private stream accepted, a tampered signature refused"
    assert verdict.conditions[-1].seen == "refused: InvalidSignature, 12:00 UTC"


async def look(connector: Connector, previous: CheckResult | None = None, **limits: float) -> CheckResult:
    before = {Kind.AUTH: previous.evidence} if previous else {}
    thresholds = Thresholds.of({Kind.AUTH: limits})
    [result] = await run_checks(connector, [Kind.AUTH], thresholds=thresholds, previous=before)
    return result


@pytest.mark.parametrize("connector_id", SANDBOXES)
async def test_a_good_key_is_accepted_and_a_forged_signature_refused(connector_id: str) -> None:
    async with standing(connector_id) as (_, connector):
        result = await look(connector)

    assert (result.outcome, result.verdict.cause, result.evidence["failures"]) == (Outcome.OK, Cause.NONE, [])
    assert result.evidence["tampering"]["answer"] == "InvalidSignature"
    assert result.evidence["permissions"]["may_withdraw"] is False


async def test_a_perpetuals_positions_are_counted_and_never_shown() -> None:
    async with standing("kucoin_perpetual") as (_, connector):
        result = await look(connector)

    assert isinstance(result.evidence["positions"], int)
    assert result.evidence["position_mode"] in {"one_way", "hedge"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("any_signature", ("failed", "signature_not_checked", "exchange")),
        ("withdraw_permission", ("degraded", "key_may_withdraw", "credentials")),
        ("expired_token", ("failed", "token_refused", "exchange")),
    ],
)
@pytest.mark.parametrize("connector_id", SANDBOXES)
async def test_a_fault_of_key_or_venue_is_told_apart(
    connector_id: str, fault: str, expected: tuple[str, str, str]
) -> None:
    async with standing(connector_id) as (sandbox, connector):
        sandbox.faults.switch_on(fault)

        result = await look(connector)

    assert (result.outcome, result.verdict.cause, result.verdict.blame) == expected


@pytest.mark.parametrize(
    ("fault", "parameters", "expected"),
    [
        ("expired_timestamp", {}, ("failed", "auth_rejected", "exchange", "medium")),
        ("wrong_passphrase", {}, ("failed", "auth_rejected", "credentials", "high")),
        ("invalid_key", {}, ("failed", "auth_rejected", "credentials", "high")),
        ("invalid_signature", {}, ("failed", "auth_rejected", "credentials", "medium")),
        ("clock_skew", {"seconds": 60}, ("failed", "clock_skew", "exchange", "high")),
    ],
)
@pytest.mark.parametrize("connector_id", ["kucoin", "kucoin_perpetual"])
async def test_a_refused_call_is_blamed_by_what_was_refused(
    connector_id: str, fault: str, parameters: dict[str, Any], expected: tuple[str, ...]
) -> None:
    async with standing(connector_id) as (sandbox, connector):
        sandbox.faults.switch_on(fault, **parameters)

        verdict = (await look(connector)).verdict

    assert (verdict.outcome, verdict.cause, verdict.blame, verdict.confidence) == expected


class FarAway(UnthrottledKraken):
    """A venue that would lock out whoever forges often."""

    source = "live"  # type: ignore[assignment]  # the sandbox's own is what stands in the way here


async def test_a_forged_signature_is_tried_once_an_hour(sandbox: KrakenSandbox) -> None:
    async with FarAway(urls=sandbox.urls, credentials=sandbox.credentials) as connector:
        first = await look(connector)
        sandbox.faults.switch_on("any_signature")
        second = await look(connector, first)
        later = await look(connector, second, tamper_again_s=0)

    assert second.evidence["tampering"] == first.evidence["tampering"]
    assert [result.outcome for result in (first, second, later)] == ["ok", "ok", "failed"]


async def test_a_sandbox_locks_nobody_out_so_it_is_tried_each_time(sandbox: KrakenSandbox, connector: Kraken) -> None:
    first = await look(connector)
    sandbox.faults.switch_on("any_signature")
    accepted = await look(connector, first)
    sandbox.faults.clear()

    assert (accepted.verdict.cause, accepted.evidence["memory"]) == (Cause.SIGNATURE_NOT_CHECKED, {})
    assert (await look(connector, accepted)).outcome is Outcome.OK


@pytest.mark.parametrize(
    "memory",
    [
        {},
        {"tampered": "InvalidSignature"},
        {"tampered": "InvalidSignature", "tampered_at": "an hour ago"},
        {"tampered": "InvalidSignature", "tampered_at": "2026-11-21T12:00:00"},
        {"tampered": 1, "tampered_at": "2099-11-21T12:00:00+00:00"},
        {"tampered": "InvalidSignature", "tampered_at": "2099-11-21T12:00:00+00:00"},
    ],
)
async def test_a_memory_that_says_nothing_of_the_last_hour_is_as_none(
    sandbox: KrakenSandbox, memory: dict[str, Any]
) -> None:
    async with FarAway(urls=sandbox.urls, credentials=sandbox.credentials) as connector:
        scope = Scope(connector.default_pair, 1.0, 5.0, {"memory": memory})

        seen = await auth.observe(connector, scope, LIMITS)

    assert seen.tampering is not None
    assert seen.tampering.at > datetime.now(UTC) - timedelta(minutes=1)


class Speechless(UnthrottledKraken):
    """A venue that does not answer a forged request."""

    async def balances(self) -> Any:
        if self._client.event_hooks["request"]:
            raise Timeout("no answer", venue=self.venue)
        return await super().balances()


async def test_a_forgery_that_gets_no_answer_says_nothing_and_is_tried_again(sandbox: KrakenSandbox) -> None:
    async with Speechless(urls=sandbox.urls, credentials=sandbox.credentials) as connector:
        result = await look(connector)

    assert (result.outcome, result.evidence["tampering"], result.evidence["memory"]) == (Outcome.OK, None, {})
