"""Decides what runs and under whose claim; runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from monitoring.models import Check

if TYPE_CHECKING:
    from monitoring.querysets import CheckQuerySet

START_WITHIN = timedelta(seconds=30)
"""A run that waited longer in the queue is not started: its checks are better claimed anew."""

RUN_DEADLINE = timedelta(seconds=75)
"""The longest that a run observes: a little more than the longest deadline of a single check."""

LEASE = START_WITHIN + RUN_DEADLINE + timedelta(seconds=45)
"""How long a claim holds: a run that starts and ends as late as it may still has time to be written down."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run some checks of one exchange until the lease ends; the token is the run's id."""

    exchange_slug: str
    token: UUID
    checks: int


def due_checks(now: datetime) -> CheckQuerySet:
    """The checks to run at *now*, whoever claims them."""
    return Check.objects.due(now)


def claim_due_checks(now: datetime) -> list[Claim]:
    """Claims whatever is due, one claim per exchange; of several callers at once each check goes to one.

    A claim that is never recorded ends with its lease, and its checks are due again.
    """
    due = due_checks(now).order_by("component__exchange__slug").values_list("component__exchange__slug", "pk")
    claims = [_claim(slug, [pk for _, pk in rows], now) for slug, rows in groupby(due, key=lambda row: row[0])]
    return [claim for claim in claims if claim.checks]


def release(claim: Claim) -> None:
    """Gives a claim back at once, for a run that could not be handed to a worker."""
    Check.objects.filter(claim_token=claim.token).update(claim_token=None, lease_until=None)


def release_all() -> int:
    """Ends every claim and says how many checks had one; for a start at which no worker is running."""
    return Check.objects.filter(claim_token__isnull=False).update(claim_token=None, lease_until=None)


def _claim(exchange_slug: str, check_ids: list[int], now: datetime) -> Claim:
    token = uuid4()
    # The condition is part of the UPDATE: between reading and here another beat may have claimed them.
    claimed = due_checks(now).filter(pk__in=check_ids).update(claim_token=token, lease_until=now + LEASE)
    return Claim(exchange_slug, token, claimed)
