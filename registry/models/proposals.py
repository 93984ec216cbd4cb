"""Votes of the token holders that concern exchanges: funding, adding, removing."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.choices import ProposalKind, ProposalState
from registry.models.epochs import VOTE_ID
from registry.models.exchanges import Exchange


class Proposal(models.Model):
    """A vote of the token holders. Numbers were used twice: the vote id is the key, where it is known."""

    kind = models.CharField(max_length=10, choices=ProposalKind.choices)
    number = models.CharField(max_length=20, help_text="As printed, such as HIP-35.")
    snapshot_id = models.CharField(
        max_length=66,
        blank=True,
        validators=[VOTE_ID],
    )
    space = models.CharField(max_length=80, blank=True, help_text="Of the vote id, such as hbot-ip.eth.")
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
