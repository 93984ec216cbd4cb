"""Epochs, their polls, and the choices that were voted on, with the bytes that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from registry.choices import ChoiceMapping, EpochState, PollGroup, PollSource, ProposalAction, Voting
from registry.models.append_only import AppendOnlyModel
from registry.models.exact import ExactDecimalField
from registry.models.names import Subject
from registry.models.policies import Policy
from registry.querysets import AppendOnlyQuerySet

if TYPE_CHECKING:
    from registry.models.changes import Changeset, Plan

VOTE_ID = RegexValidator(r"^0x[0-9a-f]{64}\Z", "write 0x and 64 hex digits")


class Epoch(models.Model):
    """A period of governance. `state` says how far it came on the way from poll result to published tiers."""

    number = models.PositiveSmallIntegerField(unique=True)
    label = models.CharField(
        max_length=60, blank=True, help_text="As printed, such as Q2 2023; labels were used twice."
    )
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=EpochState.choices, default=EpochState.DRAFT)
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, blank=True, related_name="epochs")
    policy_reason = models.TextField(blank=True, help_text="Why not the policy that is in force for this epoch.")
    effective_from = models.DateField(
        null=True, blank=True, help_text="The day its result takes effect; may lie ahead."
    )
    decisions = models.JSONField(
        default=list, blank=True, help_text="What people settled where the rules are silent: see registry.governance."
    )
    overrides = models.JSONField(
        default=list, blank=True, help_text='[{"exchange", "tier", "reason", "expires_on"}], beside what the poll says.'
    )
    is_history = models.BooleanField(default=False, help_text="Loaded from the printed record, not taken through here.")
    notes = models.TextField(blank=True)

    class Meta:
        ordering = ["-number"]
        permissions = [
            ("import_poll", "Can import polls and map their choices"),
            ("plan_epoch", "Can plan an epoch and what is taken back"),
            ("approve_plan", "Can approve a plan"),
            ("apply_plan", "Can apply an approved plan"),
            ("announce_epoch", "Can announce what was applied"),
        ]

    def __str__(self) -> str:
        return f"Epoch {self.number}"

    @property
    def current_plan(self) -> Plan | None:
        """The latest plan that was made for it, None before the first."""
        return self.plans.order_by("-pk").first()

    @property
    def standing_changeset(self) -> Changeset | None:
        """What was applied for it and not taken back."""
        return self.changesets.filter(kind="apply", reversed_by__isnull=True).order_by("-serial").first()


class PollEvidence(AppendOnlyModel):
    """The bytes that a poll's result was read from, as they came."""

    sha256 = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    source = models.CharField(max_length=20, choices=PollSource.choices)
    origin = models.CharField(max_length=500, help_text="The file's name or the address it was fetched from.")
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=150)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta(AppendOnlyModel.Meta):
        verbose_name_plural = "poll evidence"

    def __str__(self) -> str:
        return f"{self.origin} {self.sha256[:12]}"


class Poll(models.Model):
    """One vote of an epoch: its facts, and beneath it the choices with what each received."""

    epoch = models.ForeignKey(Epoch, models.PROTECT, related_name="polls")
    group = models.CharField(max_length=12, choices=PollGroup.choices)
    voting = models.CharField(max_length=20, choices=Voting.choices, blank=True, help_text="Empty: not known.")
    title = models.CharField(max_length=300, blank=True)
    snapshot_id = models.CharField(max_length=66, blank=True, validators=[VOTE_ID])
    space = models.CharField(max_length=80, blank=True, help_text="Of the vote id, such as hbot.eth.")
    proposal_number = models.CharField(max_length=20, blank=True, help_text="As printed; numbers were used twice.")
    url = models.URLField(max_length=500, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    total_votes = ExactDecimalField(
        max_digits=40,
        decimal_places=18,
        null=True,
        blank=True,
        help_text="HBOT over all choices, where the source says.",
    )
    total_votes_margin = ExactDecimalField(max_digits=40, decimal_places=18, default=0)
    voters = models.PositiveIntegerField(null=True, blank=True)
    stated_quorum_percent = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    action = models.CharField(
        max_length=10, choices=ProposalAction.choices, blank=True, help_text="What a single proposal asks for."
    )
    target = models.ForeignKey(
        Subject, models.PROTECT, null=True, blank=True, related_name="+", help_text="Whom a single proposal is about."
    )
    amount = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    evidence = models.ForeignKey(PollEvidence, models.PROTECT, null=True, blank=True, related_name="polls")
    warnings = models.JSONField(default=list, blank=True, help_text="What the import found odd, in sentences.")

    class Meta:
        ordering = ["epoch_id", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["epoch", "group"], condition=~Q(group=PollGroup.PROPOSAL), name="one_poll_of_a_group_per_epoch"
            ),
            models.UniqueConstraint(fields=["snapshot_id"], condition=~Q(snapshot_id=""), name="one_poll_per_vote_id"),
        ]

    def __str__(self) -> str:
        return f"{self.epoch} {self.get_group_display()}"


class Choice(models.Model):
    """What stood to vote in a poll. `stated_*` is what the source prints; nothing there was computed."""

    poll = models.ForeignKey(Poll, models.CASCADE, related_name="choices")
    index = models.PositiveSmallIntegerField(help_text="From 1, as the poll counts them.")
    name = models.CharField(max_length=120, help_text="As printed.")
    votes = ExactDecimalField(
        max_digits=40, decimal_places=18, null=True, blank=True, help_text="HBOT. Empty: the source does not say."
    )
    votes_margin = ExactDecimalField(
        max_digits=40, decimal_places=18, default=0, help_text="Half a unit of the last printed digit; 0: exact."
    )
    stated_votes = models.CharField(max_length=30, blank=True)
    stated_rank = models.PositiveSmallIntegerField(null=True, blank=True)
    stated_share = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True, help_text="Percent.")
    stated_tier = models.CharField(max_length=10, blank=True)
    stated_included = models.BooleanField(null=True, blank=True)
    stated_pot = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    subject = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="choices")
    mapping = models.CharField(max_length=10, choices=ChoiceMapping.choices, default=ChoiceMapping.UNMAPPED)
    mapping_note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["poll_id", "index"]
        constraints = [
            models.UniqueConstraint(fields=["poll", "index"], name="one_choice_per_index"),
            models.CheckConstraint(
                condition=Q(mapping=ChoiceMapping.MAPPED) ^ Q(subject__isnull=True),
                name="mapped_choices_have_a_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.poll})"
