"""Who decided what about an exchange, and when: decisions are added and never changed."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from registry.choices import ProposalKind, ProposalState, Tier
from registry.errors import AppendOnly
from registry.models.exchanges import Exchange
from registry.querysets import LATEST_FIRST, TierAssignmentQuerySet


class TierAssignment(models.Model):
    """One decision about an exchange's tier. The current tier is that of the latest in force.

    An empty tier ends the tier from that day: the exchange was voted out, or rules without tiers took over.
    """

    exchange = models.ForeignKey(Exchange, models.PROTECT, related_name="tier_assignments")
    tier = models.CharField(max_length=10, choices=Tier.choices, blank=True)
    epoch = models.CharField(max_length=60, blank=True, help_text="The epoch's name, empty where no epoch decided.")
    reason = models.TextField()
    source_url = models.URLField(max_length=500, blank=True)
    decided_by = models.CharField(max_length=120)
    recorded_by = models.CharField(max_length=150, help_text="A user name, or catalogue.")
    effective_from = models.DateField()
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TierAssignmentQuerySet.as_manager()

    class Meta:
        ordering = LATEST_FIRST
        base_manager_name = "objects"  # Django's own writes, such as related managers', pass through it as well
        indexes = [models.Index(fields=["exchange", "-effective_from", "-recorded_at"], name="tier_in_force")]

    def __str__(self) -> str:
        return f"{self.exchange}: {self.get_tier_display() or 'no tier'} from {self.effective_from}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(f"{self}: tier assignments are append-only; add a new one that supersedes it")
        # A row made with the key of an old one must not turn into an UPDATE of it.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(f"{self}: tier assignments are append-only; they cannot be deleted")


class Proposal(models.Model):
    """A vote of the token holders. Numbers were used twice: the vote id is the key, where it is known."""

    kind = models.CharField(max_length=10, choices=ProposalKind.choices)
    number = models.CharField(max_length=20, help_text="As printed, such as HIP-35.")
    snapshot_id = models.CharField(
        max_length=66,
        blank=True,
        validators=[RegexValidator(r"^0x[0-9a-f]{64}\Z", "write 0x and 64 hex digits")],
    )
    title = models.CharField(max_length=300, blank=True)
    url = models.URLField(max_length=500, blank=True)
    state = models.CharField(max_length=20, choices=ProposalState.choices, default=ProposalState.UNKNOWN)
    exchanges = models.ManyToManyField(Exchange, blank=True, related_name="proposals")

    class Meta:
        ordering = ["kind", "number", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot_id"], condition=~Q(snapshot_id=""), name="one_proposal_per_vote_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip()
