"""The rules that turn a poll into tiers, as documents: a used one never changes."""

from __future__ import annotations

from django.db import models

from registry.models.append_only import AppendOnlyModel
from registry.querysets import AppendOnlyQuerySet


class Policy(AppendOnlyModel):
    """One version of one rule document. What its keys mean is written down in `registry.governance.policy`."""

    slug = models.SlugField(help_text="Such as hgp-45, after the proposal that brought it.")
    version = models.PositiveSmallIntegerField(default=1)
    title = models.CharField(max_length=200)
    document = models.JSONField()
    sha256 = models.CharField(max_length=64, help_text="Of the document in canonical JSON.")
    from_epoch = models.PositiveSmallIntegerField(null=True, blank=True)
    to_epoch = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Empty: in force until another takes over."
    )

    objects = AppendOnlyQuerySet.as_manager()

    class Meta(AppendOnlyModel.Meta):
        verbose_name_plural = "policies"
        ordering = ["from_epoch", "slug", "version"]
        constraints = [models.UniqueConstraint(fields=["slug", "version"], name="one_policy_per_version")]

    def __str__(self) -> str:
        return f"{self.slug} v{self.version}"
