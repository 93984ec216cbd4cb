"""Does the venue accept our key: a signed read over REST, and the private WebSocket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from connectors.base import Account
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Blame, Cause, Condition, Outcome, Verdict

if TYPE_CHECKING:
    from connectors.types import Credentials
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import AuthThresholds

NEEDS = (Account,)


class SignedAccount(Account, Protocol):
    """An account, and whether there is a key to it."""

    credentials: Credentials | None


@dataclass(frozen=True, slots=True)
class Observation:
    """How many assets the account names, never which or how much: this evidence is published.

    The times include waiting for our own rate limit, so they are shown and not judged.
    """

    has_credentials: bool
    assets: int | None = None
    private_stream_accepted: bool = False
    elapsed_ms: dict[str, float] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


async def observe(connector: SignedAccount, scope: Scope, limits: AuthThresholds) -> Observation:
    """Read the balances, then have the private stream accept the key; without credentials, neither."""
    if connector.credentials is None:
        return Observation(has_credentials=False)
    steps = Steps(scope.deadline_s)
    assets: int | None = None
    is_accepted = False
    async with steps.step("signed_read"):
        assets = len(await connector.balances())
    # A key that was refused once is not sent again: repeats lock the address out.
    if steps.is_clean:
        async with steps.step("private_stream"):
            await connector.private_stream_ack()
            is_accepted = True
    return Observation(True, assets, is_accepted, steps.elapsed_ms, steps.failures)


def judge(observation: Observation, limits: AuthThresholds) -> Verdict:
    """Without credentials there is nothing to find out; a refusal is the key's fault, not the venue's."""
    if not observation.has_credentials:
        missing = Condition("credentials", "given", "none", Outcome.INCONCLUSIVE, Cause.NO_CREDENTIALS, Blame.NONE)
        return Verdict(missing.outcome, missing.cause, missing.blame, "not looked at: no credentials", (missing,))
    conditions = [Condition("credentials", "given", "given")]
    if observation.assets is not None:
        conditions.append(Condition("signed_read", "accepted", "accepted"))
    if observation.private_stream_accepted:
        conditions.append(Condition("private_stream", "accepted", "accepted"))
    conditions += [failure.condition() for failure in observation.failures]
    return Verdict.of(conditions, when_ok="signed read and private stream accepted")
