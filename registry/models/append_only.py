"""Rows that are added and never changed; the database refuses what slips past these classes (see registry.triggers)."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from registry.errors import AppendOnly


class AppendOnlyModel(models.Model):
    """A row that can be inserted, and after that only read. Its class has an AppendOnlyQuerySet as `objects`."""

    class Meta:
        abstract = True
        base_manager_name = "objects"  # Django's own writes, such as related managers', pass through it as well

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(
                f"{self}: {self._meta.verbose_name_plural} are append-only; add a new one that supersedes it"
            )
        # A row made with the key of an old one must not turn into an UPDATE of it.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(f"{self}: {self._meta.verbose_name_plural} are append-only; they cannot be deleted")
