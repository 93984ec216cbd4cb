"""Reads of the registry that are worth a name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from registry.choices import DeclaredStatus, Lifecycle
from registry.errors import AppendOnly

if TYPE_CHECKING:
    from registry.models import Component, Exchange, TierAssignment  # noqa: F401  named in the base classes

LATEST_FIRST = ("-effective_from", "-recorded_at", "-pk")


class ExchangeQuerySet(models.QuerySet["Exchange"]):
    def with_tier(self, *, as_of: date | None = None) -> ExchangeQuerySet:
        """Adds `current_tier`: the tier in force on *as_of* (today in UTC when None), "" where there was none."""
        in_force = apps.get_model("registry", "TierAssignment")._default_manager.in_force(as_of=as_of)
        latest = in_force.filter(exchange=OuterRef("pk")).values("tier")[:1]
        # It takes the place of the property that asks one exchange at a time.
        return self.annotate(current_tier=Coalesce(Subquery(latest), Value("")))  # type: ignore[no-redef]

    def with_history(self) -> ExchangeQuerySet:
        """Every decision about each, latest first, with what is needed to say whether it holds: one more query."""
        decisions = apps.get_model("registry", "TierAssignment")._default_manager.select_related(
            "changeset__reversed_by"
        )
        return self.prefetch_related(Prefetch("tier_assignments", queryset=decisions))

    def with_maintenance(self) -> ExchangeQuerySet:
        """Who maintains each, who did, and where somebody is wanted: one more query."""
        rows = apps.get_model("registry", "Maintenance")._default_manager.select_related("maintainer")
        return self.prefetch_related(Prefetch("maintenances", queryset=rows))

    def for_index(self, *, as_of: date | None = None) -> ExchangeQuerySet:
        """Tier on *as_of*, history, maintenance and shown components: four queries, however many exchanges."""
        shown = apps.get_model("registry", "Component")._default_manager.shown()
        related = self.with_tier(as_of=as_of).with_history().with_maintenance().select_related("renamed_to")
        return related.prefetch_related(Prefetch("components", shown))

    def for_search(self, *, as_of: date | None = None) -> ExchangeQuerySet:
        """As `for_index`, with what one may be looked for by: other spellings, former names, bounties; four more."""
        return self.for_index(as_of=as_of).prefetch_related("subject__aliases", "former_entries", "bounties")

    def for_page(self, *, as_of: date | None = None) -> ExchangeQuerySet:
        """All that an exchange's own page shows, in a fixed number of queries."""
        bounties = apps.get_model("registry", "Bounty")._default_manager.select_related(
            "component", "proposal", "pot__epoch", "pot__subject", "pot__changeset__reversed_by"
        )
        return self.for_index(as_of=as_of).prefetch_related(
            "links",
            "proposals",
            Prefetch("bounties", queryset=bounties),
        )


class ComponentQuerySet(models.QuerySet["Component"]):
    def listed(self) -> ComponentQuerySet:
        """Those that the exchange's page lists: all but the removed ones."""
        return self.exclude(status=DeclaredStatus.REMOVED)

    def shown(self) -> ComponentQuerySet:
        """The listed ones, and the removed ones of an exchange that the bot ships no longer or that has no others."""
        listed = apps.get_model("registry", "Component")._default_manager.listed()
        is_beside_listed = Exists(listed.filter(exchange=OuterRef("exchange")))
        return self.exclude(
            Q(status=DeclaredStatus.REMOVED) & Q(exchange__lifecycle=Lifecycle.ACTIVE) & Q(is_beside_listed)
        )

    def offered(self) -> ComponentQuerySet:
        """Those declared available, with their exchange: the ones worth checking."""
        return self.filter(status=DeclaredStatus.AVAILABLE).select_related("exchange")


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Adds and reads; refuses what would change history."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly(f"{self._rows} are append-only: add a new one that supersedes the old")

    def _update(self, values: Any) -> int:
        """Where saving a row ends up, whichever way it was called; with nothing to update, Django inserts it."""
        return self.update() if self.exists() else 0

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        self.update()

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        if kwargs.get("update_conflicts"):
            self.update()
        return super().bulk_create(objs, *args, **kwargs)

    def delete(self) -> NoReturn:
        raise AppendOnly(f"{self._rows} are append-only: they cannot be deleted")

    @property
    def _rows(self) -> str:
        return str(self.model._meta.verbose_name_plural)


class TierAssignmentQuerySet(AppendOnlyQuerySet):
    def in_force(self, *, as_of: date | None = None) -> TierAssignmentQuerySet:
        """Assignments that hold on *as_of* (today in UTC when None), the deciding one first.

        Of two with one effective date the one recorded later decides: that is how an error is corrected. One whose
        changeset was rolled back holds until the day of the roll-back: what had stood until then did stand.
        """
        day = as_of or timezone.now().date()
        held = Q(changeset__reversed_by__isnull=True) | Q(changeset__reversed_by__effective_from__gt=day)
        unexpired = Q(expires_on__isnull=True) | Q(expires_on__gt=day)
        return self.filter(held, unexpired, effective_from__lte=day).order_by(*LATEST_FIRST)


class PotQuerySet(AppendOnlyQuerySet):
    def standing(self) -> PotQuerySet:
        """Those of changesets that were not rolled back."""
        return self.filter(changeset__reversed_by__isnull=True)
