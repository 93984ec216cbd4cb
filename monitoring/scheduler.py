"""Decides what runs and under whose claim; runs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID, uuid4

from monitoring.models import Check

START_WITHIN = timedelta(seconds=30)
"""A run that waited longer in the queue is not started: its checks are better claimed anew."""

RUN_DEADLINE = timedelta(seconds=75)
"""The longest that the checks of a run take, second looks included: more than the longest deadline of a single one."""

LEASE = START_WITHIN + RUN_DEADLINE + timedelta(seconds=45)
"""How long a claim holds: a run that starts and ends as late as it may still has time to be written down."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run some checks of one exchange until the lease ends; the token is the run's id."""

    exchange_slug: str
    token: UUID
    checks: int


def claim_due_checks(now: datetime) -> list[Claim]:
    """Claims whatever is due, one claim per exchange; of several callers at once each check goes to one.

    A claim that is never recorded ends with its lease, and its checks are due again.
    """
    slug_and_pk = ("component__exchange__slug", "pk")
    due = Check.objects.due(now).order_by(*slug_and_pk).values_list(*slug_and_pk)
    claims = [_claim(slug, [pk for _, pk in rows], now) for slug, rows in groupby(due, key=lambda row: row[0])]
    return [claim for claim in claims if claim.checks]


def release(claims: Iterable[Claim]) -> None:
    """Gives claims back at once, for runs that could not be handed to a worker."""
    tokens = [claim.token for claim in claims]
    Check.objects.filter(claim_token__in=tokens).update(claim_token=None, lease_until=None)


def release_all() -> int:
    """Ends every claim and says how many checks had one; for a start at which no worker is running."""
    return Check.objects.filter(claim_token__isnull=False).update(claim_token=None, lease_until=None)


def _claim(exchange_slug: str, check_ids: list[int], now: datetime) -> Claim:
    token = uuid4()
    # The condition is part of the UPDATE: between reading and here another beat may have claimed them.
    claimed = Check.objects.due(now).filter(pk__in=check_ids).update(claim_token=token, lease_until=now + LEASE)
    return Claim(exchange_slug, token, claimed)
