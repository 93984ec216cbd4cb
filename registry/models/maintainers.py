"""Who answers for an exchange's connectors."""

from __future__ import annotations

from django.db import models

from registry.choices import MaintainerKind


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
