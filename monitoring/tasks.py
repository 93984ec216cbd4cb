"""What Celery runs: a slug and a claim in, one service call, nothing else; never a secret in a message."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from monitoring import runner, scheduler
from monitoring.services.schedule import plan_checks


@shared_task(name="monitoring.tasks.dispatch_due_checks", acks_late=True, ignore_result=True)
def dispatch_due_checks() -> None:
    """Claims what is due and sends one run per exchange; claims that cannot be sent are given back."""
    claims = scheduler.claim_due_checks(timezone.now())
    for sent, claim in enumerate(claims):
        try:
            run_exchange_checks.apply_async(
                (claim.exchange_slug, str(claim.token)), expires=scheduler.START_WITHIN.total_seconds()
            )
        except Exception:
            scheduler.release(claims[sent:])
            raise


@shared_task(name="monitoring.tasks.follow_registry", acks_late=True, ignore_result=True)
def follow_registry() -> None:
    """Gives the checks the cadence of the tier in force: it may have come into force, or run out, since midnight."""
    plan_checks(now=timezone.now())


@shared_task(name="monitoring.tasks.run_exchange_checks", acks_late=True, ignore_result=True)
def run_exchange_checks(exchange_slug: str, claim_token: str) -> None:
    """Runs the checks of one claim, once: a claim that has ended has nothing left to run."""
    runner.run_claim(exchange_slug, UUID(claim_token))
