"""What a poll may vote on, and under which names."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from registry.choices import SubjectKind
from registry.models.exchanges import Exchange


class Subject(models.Model):
    """An exchange, a chain or a strategy. Only exchanges are kept a tier for; one name may stand for two subjects."""

    kind = models.CharField(max_length=10, choices=SubjectKind.choices)
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    exchange = models.OneToOneField(Exchange, models.PROTECT, null=True, blank=True, related_name="subject")

    class Meta:
        ordering = ["kind", "slug"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "slug"], name="one_subject_of_a_kind_per_slug"),
            models.CheckConstraint(
                condition=Q(kind=SubjectKind.EXCHANGE) ^ Q(exchange__isnull=True), name="exchanges_have_their_exchange"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Alias(models.Model):
    """One spelling of a subject, and the epochs in which it was used."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=120, help_text="As printed, such as Injective v2.")
    key = models.CharField(max_length=120, db_index=True, editable=False, help_text="The name as it is compared.")
    from_epoch = models.PositiveSmallIntegerField(default=0, help_text="0: no bound is known.")
    to_epoch = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: still in use.")
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "aliases"
        ordering = ["subject", "name", "from_epoch"]
        constraints = [models.UniqueConstraint(fields=["subject", "name", "from_epoch"], name="one_alias_per_period")]

    def __str__(self) -> str:
        return f"{self.name} ({self.subject})"
