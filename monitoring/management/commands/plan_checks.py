"""manage.py plan_checks: makes the checks agree with the registry; to be run after each load of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from monitoring.scheduler import release_all
from monitoring.services.schedule import plan_checks

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Create, retire and reschedule checks so that they agree with the registry."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--release-claims",
            action="store_true",
            help="also end the claims of earlier runs, so that their checks need not wait for the lease; "
            "only while no worker runs",
        )

    def handle(self, *_: Any, release_claims: bool, **__: Any) -> None:
        try:
            plan = plan_checks(now=timezone.now())
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        parts = [
            f"{plan.created} created",
            f"{plan.retired} retired",
            f"{plan.restored} restored",
            f"{plan.rescheduled} rescheduled",
        ]
        if release_claims:
            parts.append(f"{release_all()} claims released")
        self.stdout.write(f"checks: {', '.join(parts)}")
