"""What governance changed in the registry, and when: plans, the changesets they became, and the rows those wrote."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils import timezone

from registry.choices import Basis, ChangesetKind, Tier
from registry.models.append_only import AppendOnlyModel
from registry.models.epochs import Epoch
from registry.models.exchanges import Exchange
from registry.models.names import Subject
from registry.models.policies import Policy
from registry.querysets import LATEST_FIRST, AppendOnlyQuerySet, PotQuerySet, TierAssignmentQuerySet


class Plan(models.Model):
    """What an epoch would change, computed and hashed: only what was approved under this hash can be applied."""

    epoch = models.ForeignKey(Epoch, models.PROTECT, related_name="plans")
    kind = models.CharField(max_length=10, choices=ChangesetKind.choices)
    hash = models.CharField(max_length=64, help_text="Over policy, results, mapping, decisions, dates and base state.")
    base = models.CharField(max_length=64, help_text="SHA-256 of the registry's exported state that it starts from.")
    document = models.JSONField(help_text="The whole difference with its traces: see registry.services.epochs.plan.")
    reverses = models.ForeignKey("Changeset", models.PROTECT, null=True, blank=True, related_name="reversal_plans")
    reason = models.TextField(blank=True)
    planned_by = models.CharField(max_length=150)
    planned_at = models.DateTimeField(default=timezone.now)
    approved_by = models.CharField(max_length=150, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    acknowledgement = models.TextField(blank=True, help_text="What the approver said to the plan's warnings.")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} plan {self.hash[:12]} of {self.epoch}"


class Changeset(AppendOnlyModel):
    """One plan that was applied, in one transaction. `serial` counts every public change of the registry."""

    serial = models.PositiveIntegerField(unique=True)
    kind = models.CharField(max_length=10, choices=ChangesetKind.choices)
    epoch = models.ForeignKey(Epoch, models.PROTECT, related_name="changesets")
    plan = models.OneToOneField(Plan, models.PROTECT, related_name="changeset")
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, blank=True, related_name="changesets")
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")
    reason = models.TextField(blank=True)
    effective_from = models.DateField(help_text="Of a roll-back: the day from which the reversed one no longer holds.")
    applied_by = models.CharField(max_length=150)
    applied_at = models.DateTimeField(default=timezone.now)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta(AppendOnlyModel.Meta):
        ordering = ["-serial"]

    def __str__(self) -> str:
        return f"changeset {self.serial} ({self.epoch})"


class TierAssignment(AppendOnlyModel):
    """One decision about an exchange. The current tier is that of the latest that holds.

    An empty tier ends the tier from that day: the exchange was voted out, or rules without tiers took over.
    """

    exchange = models.ForeignKey(Exchange, models.PROTECT, related_name="tier_assignments")
    changeset = models.ForeignKey(Changeset, models.PROTECT, null=True, blank=True, related_name="assignments")
    tier = models.CharField(max_length=10, choices=Tier.choices, blank=True)
    included = models.BooleanField(null=True, blank=True, help_text="Stays in the release; empty: nothing was decided.")
    basis = models.CharField(max_length=10, choices=Basis.choices, default=Basis.RECORD)
    epoch = models.CharField(max_length=60, blank=True, help_text="The epoch's name, empty where no epoch decided.")
    reason = models.TextField()
    trace = models.JSONField(default=dict, blank=True, help_text="Rule, rank, votes and margins, as evaluated.")
    source_url = models.URLField(max_length=500, blank=True)
    decided_by = models.CharField(max_length=120)
    recorded_by = models.CharField(max_length=150, help_text="A user name, or catalogue.")
    effective_from = models.DateField()
    expires_on = models.DateField(null=True, blank=True, help_text="An override's first day without effect.")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TierAssignmentQuerySet.as_manager()

    class Meta(AppendOnlyModel.Meta):
        ordering = LATEST_FIRST
        indexes = [models.Index(fields=["exchange", "-effective_from", "-recorded_at"], name="tier_in_force")]

    def __str__(self) -> str:
        return f"{self.exchange}: {self.get_tier_display() or 'no tier'} from {self.effective_from}"

    def holds_on(self, day: date) -> bool:
        """In effect on *day*, as far as it is concerned: a later decision may still supersede it."""
        return (
            self.effective_from <= day
            and (self.expires_on is None or day < self.expires_on)
            and (self.withdrawn_on is None or day < self.withdrawn_on)
        )

    @property
    def withdrawn_on(self) -> date | None:
        """The first day on which its changeset was taken back."""
        reversal = getattr(self.changeset, "reversed_by", None)
        return reversal.effective_from if reversal else None


class Pot(AppendOnlyModel):
    """What an epoch allots to a subject for bounties; what was spent of it is the sum of the bounties that name it."""

    changeset = models.ForeignKey(Changeset, models.PROTECT, related_name="pots")
    epoch = models.ForeignKey(Epoch, models.PROTECT, related_name="pots")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="pots")
    group = models.CharField(max_length=12)
    allocated = models.DecimalField(max_digits=20, decimal_places=2)
    unit = models.CharField(max_length=10, default="HBOT")

    objects = PotQuerySet.as_manager()

    class Meta(AppendOnlyModel.Meta):
        ordering = ["-epoch__number", "subject__slug"]

    def __str__(self) -> str:
        return f"{self.subject} pot of {self.epoch}"
