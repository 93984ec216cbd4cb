"""What the checks of an exchange add up to, for a page to show in one word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitoring.checks.outcomes import Blame, Cause, Outcome
from monitoring.choices import Health

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from monitoring.models import Check

_BY_OUTCOME = {
    Outcome.OK.value: Health.OK,
    Outcome.DEGRADED.value: Health.DEGRADED,
    Outcome.FAILED.value: Health.FAILED,
    Outcome.INCONCLUSIVE.value: Health.UNKNOWN,
}
_THEIRS = frozenset({Blame.EXCHANGE.value, Blame.CONNECTOR.value})
"""Whose faults colour the light. Anything of ours leaves it unknown: we did not find out."""

_WORST_FIRST = (Health.FAILED, Health.DEGRADED, Health.UNKNOWN, Health.OK)


def is_ours(blame: str) -> bool:
    """Neither the exchange nor its connector did it: the key, the rate or the place that we look from."""
    return bool(blame) and blame not in {*_THEIRS, Blame.NONE.value}


def is_about_our_key(cause: str, blame: str) -> bool:
    """It says nothing of the exchange, good or bad: nobody owes us a key, and a wrong one is ours to mend."""
    return blame == Blame.CREDENTIALS or cause == Cause.NO_CREDENTIALS


def check_health(check: Check, now: datetime) -> Health:
    """What one check says at *now*; unknown before its first result, when inconclusive, when stale, when ours."""
    if not check.outcome or check.is_stale(now):
        return Health.UNKNOWN
    health = _BY_OUTCOME[check.outcome]
    return health if health is Health.OK or check.blame in _THEIRS else Health.UNKNOWN


def exchange_health(checks: Iterable[Check], now: datetime) -> Health:
    """The worst that any of *checks* says: failed, then degraded, then unknown, then ok; unknown with none.

    A check that found out something about our key alone is not heard.
    """
    heard = {check_health(check, now) for check in checks if not is_about_our_key(check.cause, check.blame)}
    return next((health for health in _WORST_FIRST if health in heard), Health.UNKNOWN)
