"""The ledger: who did what to the registry, when and why; every entry seals the one before it."""

from __future__ import annotations

from django.db import models

from registry.choices import LedgerAction
from registry.models.append_only import AppendOnlyModel
from registry.querysets import AppendOnlyQuerySet


class LedgerEntry(AppendOnlyModel):
    """One act of governance. `hash` covers every other column and the hash of the entry before."""

    number = models.PositiveIntegerField(unique=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=20, choices=LedgerAction.choices)
    epoch = models.PositiveSmallIntegerField(null=True)
    subject = models.CharField(max_length=200, blank=True, help_text="What it was done to: poll, plan hash, changeset.")
    policy = models.CharField(max_length=160, blank=True, help_text="Slug, version and SHA-256.")
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta(AppendOnlyModel.Meta):
        verbose_name_plural = "ledger entries"
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_action_display()} by {self.actor}"


class OutboxMessage(models.Model):
    """What is to be told of a changeset, written in its transaction and published at most once."""

    key = models.CharField(
        max_length=120, unique=True, help_text="Names changeset and channel: the same is never told twice."
    )
    changeset = models.ForeignKey("registry.Changeset", models.PROTECT, related_name="messages")
    title = models.CharField(max_length=200)
    body = models.TextField(help_text="Markdown.")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True, help_text="It was taken back before anyone was told.")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title
