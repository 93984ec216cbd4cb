"""Money offered for work on an exchange's components."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from registry.choices import BountyKind, BountyState, BountyUnit
from registry.models.changes import Pot
from registry.models.exchanges import Component, Exchange
from registry.models.proposals import Proposal


class Bounty(models.Model):
    """One bounty on one issue. The tracker names a component nowhere and an exchange seldom: then they stay empty."""

    exchange = models.ForeignKey(Exchange, models.CASCADE, null=True, blank=True, related_name="bounties")
    component = models.ForeignKey(Component, models.SET_NULL, null=True, blank=True, related_name="bounties")
    named = models.CharField(
        max_length=120,
        blank=True,
        help_text="Whom the tracker names, as printed; it may be no exchange, as Multiple or Docs.",
    )
    tracker_id = models.CharField(max_length=20, help_text="As the tracker prints it: 6764, or HIP-35.")
    part = models.PositiveSmallIntegerField(default=1, help_text="One issue may be paid in several parts.")
    title = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=20, choices=BountyKind.choices)
    sponsor = models.CharField(max_length=120, blank=True, help_text="Who pays, where no pot does.")
    pot = models.ForeignKey(Pot, models.PROTECT, null=True, blank=True, related_name="bounties")
    amount = models.DecimalField(
        max_digits=20, decimal_places=2, null=True, blank=True, help_text="Empty: the source does not say."
    )
    unit = models.CharField(max_length=10, choices=BountyUnit.choices, blank=True)
    state = models.CharField(max_length=20, choices=BountyState.choices)
    issue_url = models.URLField(max_length=500, blank=True)
    assignee = models.CharField(max_length=120, blank=True, help_text="A GitHub account, or a name.")
    proposal = models.ForeignKey(Proposal, models.SET_NULL, null=True, blank=True, related_name="bounties")
    fingerprint = models.CharField(
        max_length=64,
        blank=True,
        db_index=True,
        help_text="Of the evidence it was drafted from, empty for one that was not.",
    )
    last_synced_at = models.DateTimeField(null=True, blank=True, help_text="When a source last stated it so.")

    class Meta:
        verbose_name_plural = "bounties"
        ordering = ["exchange_id", "-pk"]

    def __str__(self) -> str:
        return f"{self.tracker_id} {self.reward}"

    @property
    def reward(self) -> str:
        """Amount and unit as a reader writes them: 50,000 HBOT, 0.5 USDC."""
        if self.amount is None:
            return "not stated"
        return f"{self.amount.normalize():,f} {self.unit or '(unit not stated)'}"

    def clean(self) -> None:
        if self.component is not None and self.component.exchange_id != self.exchange_id:
            raise ValidationError({"component": f"{self.component} does not belong to {self.exchange}"})
        if self.fingerprint and not self.issue_url:
            raise ValidationError({"issue_url": "a drafted bounty is recorded once it is posted: give its issue"})
        if self.pot is not None and self.pot_id != self._stored_pot_id():
            self._check_pot(self.pot)

    def _stored_pot_id(self) -> int | None:
        """A pot that was right when it was chosen does not make every later edit wrong."""
        return None if self._state.adding else Bounty.objects.values_list("pot", flat=True).get(pk=self.pk)

    def _check_pot(self, pot: Pot) -> None:
        if pot.unit != self.unit:
            raise ValidationError({"unit": f"the pot holds {pot.unit}: choose that, or leave the pot empty"})
        owner = pot.subject.exchange
        if owner is not None and owner.pk != self.exchange_id:
            raise ValidationError({"pot": f"it is the pot of {owner}: choose one of {self.exchange or 'an exchange'}"})
        if getattr(pot.changeset, "reversed_by", None) is not None:
            raise ValidationError({"pot": f"it was taken back with {pot.changeset}: choose one that stands"})
