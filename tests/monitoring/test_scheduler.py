"""Who runs what: claims, leases, and races between them."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import IntegrityError, connection

from monitoring.checks.outcomes import Kind
from monitoring.models import Check
from monitoring.runner import CLOSING
from monitoring.scheduler import (
    LEASE,
    RUN_DEADLINE,
    START_WITHIN,
    claim_due_checks,
    release,
    release_all,
)
from tests.monitoring.factories import NOON, make_check, make_component, make_exchange

SECOND = timedelta(seconds=1)


@pytest.mark.django_db
def test_a_check_is_due_from_its_moment_on() -> None:
    check = make_check(next_due_at=NOON)
    assert list(Check.objects.due(NOON - SECOND)) == []
    assert list(Check.objects.due(NOON)) == [check]


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"enabled": False}, {"retired_at": NOON}])
def test_a_check_that_is_switched_off_or_retired_is_never_due(fields: dict[str, object]) -> None:
    make_check(**fields)
    assert list(Check.objects.due(NOON + timedelta(days=1))) == []


@pytest.mark.django_db
def test_one_claim_takes_all_due_checks_of_an_exchange_and_no_others() -> None:
    kraken = make_component(make_exchange("kraken"))
    kucoin = make_component(make_exchange("kucoin"))
    for kind in (Kind.MARKETS, Kind.AUTH):
        make_check(kraken, kind=kind)
    later = make_check(kraken, kind=Kind.CONNECTIVITY, next_due_at=NOON + SECOND)
    make_check(kucoin, kind=Kind.MARKETS)

    claims = claim_due_checks(NOON)

    assert [(claim.exchange_slug, claim.checks) for claim in claims] == [("kraken", 2), ("kucoin", 1)]
    by_token = Counter(Check.objects.values_list("component__exchange__slug", "claim_token"))
    assert by_token == {("kraken", claims[0].token): 2, ("kucoin", claims[1].token): 1, ("kraken", None): 1}
    later.refresh_from_db()
    assert later.claim_token is None


@pytest.mark.django_db
def test_a_claimed_check_is_not_claimed_again_while_its_lease_holds() -> None:
    make_check()
    assert len(claim_due_checks(NOON)) == 1
    assert claim_due_checks(NOON + LEASE - SECOND) == []


@pytest.mark.django_db
def test_a_claim_that_nobody_recorded_ends_with_its_lease() -> None:
    check = make_check()
    (lost,) = claim_due_checks(NOON)
    (second,) = claim_due_checks(NOON + LEASE)
    check.refresh_from_db()
    assert second.token != lost.token
    assert check.claim_token == second.token
    assert check.lease_until == NOON + LEASE + LEASE


def test_a_run_that_starts_and_ends_as_late_as_it_may_is_recorded_under_its_own_lease() -> None:
    recording = timedelta(seconds=30)
    assert START_WITHIN + RUN_DEADLINE + 2 * CLOSING + recording <= LEASE
    assert RUN_DEADLINE + 2 * CLOSING + recording <= timedelta(seconds=settings.CELERY_TASK_SOFT_TIME_LIMIT)


@pytest.mark.django_db
def test_a_claim_that_could_not_be_sent_is_due_again_at_once() -> None:
    check = make_check()
    other = make_check(make_component(make_exchange("kucoin")))
    first, second = claim_due_checks(NOON)
    release([first])
    assert list(Check.objects.due(NOON)) == [check]
    other.refresh_from_db()
    assert other.claim_token == second.token


@pytest.mark.django_db
def test_a_start_without_workers_ends_every_claim() -> None:
    check = make_check()
    claim_due_checks(NOON)
    assert release_all() == 1
    assert list(Check.objects.due(NOON)) == [check]


@pytest.mark.django_db
def test_the_database_refuses_a_claim_without_a_lease() -> None:
    check = make_check()
    with pytest.raises(IntegrityError, match="check_claim_has_a_lease"):
        Check.objects.filter(pk=check.pk).update(claim_token=uuid4())


@pytest.mark.django_db(transaction=True)
def test_of_eight_beats_at_once_each_check_goes_to_exactly_one() -> None:
    for number in range(6):
        component = make_component(make_exchange(f"exchange-{number}"))
        for kind in Kind:
            make_check(component, kind=kind)
    start = Barrier(8)

    def claim() -> list[tuple[object, int]]:
        try:
            start.wait(timeout=10)
            return [(claim.token, claim.checks) for claim in claim_due_checks(NOON)]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as beats:
        claimed = [pair for beat in [beats.submit(claim) for _ in range(8)] for pair in beat.result()]

    held = Counter(Check.objects.values_list("claim_token", flat=True))
    assert dict(claimed) == held
    assert sum(held.values()) == 36
