"""Who answers for an exchange's connectors."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.choices import MaintainerKind, MaintenanceState
from registry.models.exchanges import Exchange


class Maintainer(models.Model):
    """An organisation or a person. An exchange that nobody maintains has no maintainer, not one named "None"."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, choices=MaintainerKind.choices)
    url = models.URLField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Maintenance(models.Model):
    """Who answers for an exchange, who did, or that somebody is wanted. A tier follows from votes, never from this."""

    exchange = models.ForeignKey(Exchange, models.CASCADE, related_name="maintenances")
    maintainer = models.ForeignKey(
        Maintainer, models.PROTECT, null=True, blank=True, related_name="maintenances", help_text="Empty: seeking one."
    )
    state = models.CharField(max_length=10, choices=MaintenanceState.choices)
    since = models.DateField(null=True, blank=True, help_text="Empty: no source says.")
    last_confirmed = models.DateField(
        null=True, blank=True, help_text="When a source, or they themselves, last said so."
    )
    source = models.CharField(
        max_length=300, blank=True, help_text="Who says so: an address, or a file and its commit."
    )

    class Meta:
        ordering = ["exchange_id", "state", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["exchange", "maintainer"], name="one_maintenance_per_maintainer"),
            models.UniqueConstraint(
                fields=["exchange"], condition=Q(state=MaintenanceState.SEEKING), name="seeking_is_said_once"
            ),
            models.CheckConstraint(
                condition=Q(state=MaintenanceState.SEEKING) ^ Q(maintainer__isnull=False),
                name="only_seeking_names_nobody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.maintainer or 'Nobody yet'} for {self.exchange}"
