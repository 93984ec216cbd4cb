"""A check: which question is asked of which component, how often, and what the last answer was."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from connectors.errors import UnknownPair
from connectors.types import TradingPair
from monitoring.checks.thresholds import Thresholds, UnknownThreshold
from monitoring.choices import blame_choices, cause_choices, kind_choices, outcome_choices
from monitoring.querysets import CheckQuerySet

# A run that meets a hanging venue takes up to its deadline, which a short cadence must not show as a dead monitor.
SHORTEST_FRESH = timedelta(minutes=2)


class Check(models.Model):
    """One question (`kind`) asked of one component again and again, with its current state beside it.

    The state columns repeat the latest result, so that no page searches the results for it.
    """

    component = models.ForeignKey("registry.Component", on_delete=models.CASCADE, related_name="checks")
    kind = models.CharField(max_length=32, choices=kind_choices)
    pair = models.CharField(max_length=32, blank=True, help_text="BASE-QUOTE; empty: the connector's own choice")
    thresholds = models.JSONField(default=dict, blank=True, help_text="limits by name that replace this kind's own")
    enabled = models.BooleanField(default=True, help_text="the operator's switch")
    retired_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="since when the registry no longer declares it"
    )

    cadence_s = models.PositiveIntegerField("cadence, seconds")
    phase_s = models.PositiveIntegerField(
        "phase, seconds", help_text="offset inside the cadence, so that checks never bunch"
    )
    next_due_at = models.DateTimeField()
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    latest_result = models.OneToOneField(
        "monitoring.Result",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    outcome = models.CharField(max_length=16, blank=True, choices=outcome_choices, editable=False)
    cause = models.CharField(max_length=32, blank=True, choices=cause_choices, editable=False)
    blame = models.CharField(max_length=16, blank=True, choices=blame_choices, editable=False)
    outcome_since = models.DateTimeField(null=True, blank=True, editable=False)
    checked_at = models.DateTimeField("last checked", null=True, blank=True, editable=False)
    fresh_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the latest outcome stops counting; set with it."
    )

    objects = CheckQuerySet.as_manager()

    class Meta:
        ordering = ["component_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["component", "kind"], name="check_once_per_component_and_kind"),
            models.CheckConstraint(
                condition=Q(cadence_s__gt=0, phase_s__lt=F("cadence_s")), name="check_phase_inside_cadence"
            ),
            models.CheckConstraint(
                condition=Q(claim_token=None, lease_until=None)
                | Q(claim_token__isnull=False, lease_until__isnull=False),
                name="check_claim_has_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", outcome_since=None, checked_at=None)
                | (~Q(outcome="") & Q(outcome_since__isnull=False, checked_at__isnull=False)),
                name="check_outcome_has_its_times",
            ),
        ]
        indexes = [models.Index(fields=["next_due_at"], name="check_due")]

    def __str__(self) -> str:
        return f"{self.component}: {self.get_kind_display()}"

    def clean(self) -> None:
        """Refuses a pair or a limit that the run would stumble over."""
        errors: dict[str, str] = {}
        if self.pair:
            try:
                TradingPair.parse(self.pair)
            except UnknownPair as error:
                errors["pair"] = error.message
        try:
            Thresholds.of({self.kind: self.thresholds})
        except UnknownThreshold as error:
            errors["thresholds"] = str(error)
        if errors:
            raise ValidationError(errors)

    def freshness(self) -> timedelta:
        """For how long an outcome counts that is seen at the present cadence: three rounds."""
        return max(3 * timedelta(seconds=self.cadence_s), SHORTEST_FRESH)

    def is_stale(self, now: datetime) -> bool:
        """It has a result, and that is too old to speak for the present."""
        return self.fresh_until is not None and now > self.fresh_until
