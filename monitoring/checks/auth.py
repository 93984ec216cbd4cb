"""Does the venue accept our key and refuse a forged one: signed reads, the private stream, a tampered signature."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, cast

from connectors.base import Account, OrderValidation, Perpetual, ReportsPermissions
from connectors.clock import utc_now
from connectors.errors import AuthRejected
from connectors.tampering import tampered
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Blame, Cause, Condition, Outcome, Verdict, holds

if TYPE_CHECKING:
    from connectors.base import Connector, Source
    from connectors.types import Credentials, KeyPermissions, PositionMode
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import AuthThresholds

NEEDS = (Account,)

ACCEPTED = "accepted"


class SignedAccount(Account, Protocol):
    """An account, and whether there is a key to it."""

    credentials: Credentials | None
    signature_header: str

    @property
    def source(self) -> Source: ...


@dataclass(frozen=True, slots=True)
class Tampering:
    """What became of a request with a wrong signature: `answer` is the error that refused it, or `accepted`."""

    answer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Observation:
    """How many assets and positions the account has, never which or how much: this evidence is published.

    `permissions` is None where the venue does not report them, `tampering` where none was tried yet. `memory` is for
    the next run. The times include waiting for our own rate limit, so they are shown and not judged.
    """

    has_credentials: bool
    assets: int | None = None
    private_stream_accepted: bool = False
    permissions: KeyPermissions | None = None
    orders_are_checked: bool = False
    positions: int | None = None
    position_mode: PositionMode | None = None
    tampering: Tampering | None = None
    elapsed_ms: dict[str, float] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


async def observe(connector: SignedAccount, scope: Scope, limits: AuthThresholds) -> Observation:
    """Read what the key may read, have the private stream accept it, then forge a signature; nothing without a key."""
    if connector.credentials is None:
        return Observation(has_credentials=False, memory=scope.memory)
    steps = Steps(scope.deadline_s)
    assets: int | None = None
    is_accepted = False
    permissions: KeyPermissions | None = None
    positions: int | None = None
    mode: PositionMode | None = None
    tampering: Tampering | None = None
    async with steps.step("signed_read"):
        assets = len(await connector.balances())
    # A key that was refused once is not sent again: repeats lock the address out.
    if steps.is_clean:
        async with steps.step("private_stream"):
            await connector.private_stream_ack()
            is_accepted = True
    if steps.is_clean and isinstance(connector, ReportsPermissions):
        async with steps.step("key_permissions"):
            permissions = await connector.key_permissions()
    if steps.is_clean and isinstance(connector, Perpetual):
        async with steps.step("positions"):
            positions = len(await connector.positions())
            mode = await connector.position_mode()
    if steps.is_clean and connector.signature_header:
        tampering = await _tampering(connector, scope, steps, limits)
    return Observation(
        has_credentials=True,
        assets=assets,
        private_stream_accepted=is_accepted,
        permissions=permissions,
        orders_are_checked=isinstance(connector, OrderValidation),
        positions=positions,
        position_mode=mode,
        tampering=tampering,
        elapsed_ms=steps.elapsed_ms,
        memory=_memory(tampering) if tampering else scope.memory,
        failures=steps.failures,
    )


async def _tampering(connector: SignedAccount, scope: Scope, steps: Steps, limits: AuthThresholds) -> Tampering | None:
    """A fresh answer, or the one of before as long as that holds; None where none came.

    Only a refusal is remembered, and never a sandbox's, which locks nobody out.
    """
    now = utc_now()
    before = _remembered(scope.memory)
    again = timedelta(seconds=limits.tamper_again_s)
    if before is not None and connector.source != "sandbox" and now - again < before.at <= now:
        return before
    # On the side: that no answer came is for the steps before to find out.
    asides = Steps(scope.deadline_s)
    answer = ""
    async with asides.step("tampered_signature"), tampered(cast("Connector", connector)) as forger:
        try:
            await cast("SignedAccount", forger).balances()
            answer = ACCEPTED
        except AuthRejected as refusal:
            answer = type(refusal).__name__
    return Tampering(answer, now) if answer else None


def _memory(tampering: Tampering) -> dict[str, Any]:
    if tampering.answer == ACCEPTED:
        return {}
    return {"tampered": tampering.answer, "tampered_at": tampering.at.isoformat()}


def _remembered(memory: dict[str, Any]) -> Tampering | None:
    answer, at = memory.get("tampered"), memory.get("tampered_at")
    try:
        moment = datetime.fromisoformat(str(at))
    except ValueError:
        return None
    return Tampering(answer, moment) if isinstance(answer, str) and moment.tzinfo else None


def judge(observation: Observation, limits: AuthThresholds) -> Verdict:
    """Without credentials there is nothing to find out; a refusal is the key's fault, not the venue's."""
    if not observation.has_credentials:
        missing = Condition("credentials", "given", "none", Outcome.INCONCLUSIVE, Cause.NO_CREDENTIALS, Blame.NONE)
        return Verdict(missing.outcome, missing.cause, missing.blame, "not looked at: no credentials", (missing,))
    conditions = [Condition("credentials", "given", "given")]
    if observation.assets is not None:
        conditions.append(Condition("signed_read", ACCEPTED, ACCEPTED))
    if observation.private_stream_accepted:
        conditions.append(Condition("private_stream", ACCEPTED, ACCEPTED))
    conditions += [failure.condition() for failure in observation.failures]
    if observation.tampering is not None:
        conditions.append(_refuses_forgeries(observation.tampering))
    if observation.permissions is not None:
        conditions += _permits(observation.permissions, observation.orders_are_checked)
    return Verdict.of(conditions, when_ok=_summary(observation))


def _summary(observation: Observation) -> str:
    good = "signed read and private stream accepted"
    return f"{good}, a tampered signature refused" if observation.tampering else good


def _refuses_forgeries(tampering: Tampering) -> Condition:
    return holds(
        "tampered_signature",
        tampering.answer != ACCEPTED,
        limit="refused",
        seen=ACCEPTED if tampering.answer == ACCEPTED else f"refused: {tampering.answer}, {tampering.at:%H:%M} UTC",
        cause=Cause.SIGNATURE_NOT_CHECKED,
    )


def _permits(permissions: KeyPermissions, orders_are_checked: bool) -> list[Condition]:
    """A key for checks may trade, for the venue's own test of an order, and must not be worth stealing."""
    said = ", ".join(permissions.said) or "nothing"
    conditions = [
        holds(
            "may_withdraw",
            not permissions.may_withdraw,
            limit="no",
            seen=f"yes: {said}" if permissions.may_withdraw else "no",
            cause=Cause.KEY_MAY_WITHDRAW,
            blame=Blame.CREDENTIALS,
            otherwise=Outcome.DEGRADED,
        )
    ]
    if orders_are_checked:
        conditions.append(
            holds(
                "may_trade",
                permissions.may_trade,
                limit="yes, for the venue's own test of orders",
                seen="yes" if permissions.may_trade else f"no: {said}",
                cause=Cause.KEY_MAY_NOT_TRADE,
                blame=Blame.CREDENTIALS,
                otherwise=Outcome.DEGRADED,
            )
        )
    return conditions
