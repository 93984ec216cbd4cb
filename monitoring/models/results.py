"""What a run saw, with its evidence; and the rows that say since when the answer is what it is."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from monitoring.checks.outcomes import Outcome
from monitoring.choices import Source, blame_choices, cause_choices, confidence_choices, outcome_choices
from monitoring.querysets import ResultQuerySet


class Result(models.Model):
    """One finished run of one check, never changed afterwards. None of its columns ever holds a credential."""

    # Not `check`: Django's models have a method of that name.
    live_check = models.ForeignKey("monitoring.Check", on_delete=models.CASCADE, related_name="results")
    run_id = models.UUIDField(help_text="the claim it ran under")
    source = models.CharField(max_length=8, choices=Source.choices)
    hosts = models.JSONField(default=dict, help_text="host and port by URL role, with neither path nor user")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    duration_ms = models.FloatField("duration, ms")
    outcome = models.CharField(max_length=16, choices=outcome_choices)
    cause = models.CharField(max_length=32, choices=cause_choices)
    blame = models.CharField(max_length=16, choices=blame_choices)
    confidence = models.CharField(
        max_length=8, blank=True, choices=confidence_choices, help_text="how sure the blame is; empty in old results"
    )
    reasons = models.JSONField(default=list, help_text="why the blame is where it is: a list of sentences")
    summary = models.CharField(max_length=500)
    conditions = models.JSONField(default=list, help_text="a list of {name, limit, seen, outcome}, all text")
    evidence = models.JSONField(default=dict, help_text="what the check observed")

    objects = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["live_check", "run_id"], name="result_once_per_run"),
            models.CheckConstraint(
                condition=Q(finished_at__gte=F("started_at"), duration_ms__gte=0),
                name="result_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.OK.value) | Q(cause="none", blame="none"),
                name="result_ok_has_no_cause",
            ),
        ]
        indexes = [models.Index(fields=["live_check", "-started_at"], name="result_latest_of_check")]

    def __str__(self) -> str:
        return f"{self.live_check_id} {self.outcome} {self.started_at:%Y-%m-%d %H:%M:%S}"


class OutcomeChange(models.Model):
    """A check's outcome became another one; an empty `from_outcome` marks its first result."""

    live_check = models.ForeignKey("monitoring.Check", on_delete=models.CASCADE, related_name="outcome_changes")
    from_outcome = models.CharField(max_length=16, choices=outcome_choices, blank=True)
    to_outcome = models.CharField(max_length=16, choices=outcome_choices)
    at = models.DateTimeField()
    # The result may be pruned one day; the change stays.
    result = models.OneToOneField(Result, on_delete=models.SET_NULL, null=True, related_name="outcome_change")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(from_outcome=F("to_outcome")), name="outcome_change_is_a_change"),
        ]
        indexes = [models.Index(fields=["live_check", "-at"], name="outcome_change_latest")]

    def __str__(self) -> str:
        return f"{self.live_check_id} {self.from_outcome or 'new'} → {self.to_outcome}"
