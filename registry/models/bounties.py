"""Money offered for work on an exchange's components."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models

from registry.choices import BountyKind, BountyState, BountyUnit
from registry.models.exchanges import Component, Exchange
from registry.models.governance import Proposal


class Bounty(models.Model):
    """One bounty on one issue. The tracker often names an exchange and no component: then `component` stays empty."""

    exchange = models.ForeignKey(Exchange, models.CASCADE, related_name="bounties")
    component = models.ForeignKey(Component, models.SET_NULL, null=True, blank=True, related_name="bounties")
    tracker_id = models.CharField(max_length=20, help_text="As the tracker prints it: 6764, or HIP-35.")
    title = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=20, choices=BountyKind.choices)
    sponsor = models.CharField(max_length=120, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=2)
    unit = models.CharField(max_length=10, choices=BountyUnit.choices)
    state = models.CharField(max_length=20, choices=BountyState.choices)
    issue_url = models.URLField(max_length=500, blank=True)
    proposal = models.ForeignKey(Proposal, models.SET_NULL, null=True, blank=True, related_name="bounties")

    class Meta:
        verbose_name_plural = "bounties"
        ordering = ["exchange_id", "-pk"]

    def __str__(self) -> str:
        return f"{self.tracker_id} {self.reward}"

    @property
    def reward(self) -> str:
        """Amount and unit as a reader writes them: 50,000 HBOT, 0.5 USDC."""
        return f"{self.amount.normalize():,f} {self.unit}"

    def clean(self) -> None:
        if self.component is not None and self.component.exchange_id != self.exchange_id:
            raise ValidationError({"component": f"{self.component} does not belong to {self.exchange}"})
