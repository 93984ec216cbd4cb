"""Exchanges, their components and who maintains them: facts that an editor may correct.

What a catalogue file states comes back when the catalogue is applied again, so lasting changes belong in the file:
`manage.py catalogue export` puts them there.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from registry.admin.editing import (
    HTTPS_LINKS,
    AnyModelAdmin,
    AnyTabularInline,
    ReadOnlyInline,
    ReasonedAdmin,
    row_link,
    rows_link,
)
from registry.admin.exchange_forms import (
    ComponentForm,
    ExchangeForm,
    MaintenanceForm,
    MaintenanceFormSet,
    ReasonedComponentForm,
)
from registry.choices import DeclaredStatus, MaintenanceState, Tier
from registry.models import Component, Exchange, ExchangeLink, Maintainer, Maintenance, TierAssignment
from registry.services.catalogue.load_names import name_exchange


class CurrentTierFilter(admin.SimpleListFilter):
    """By the tier in force, which is no column of the table."""

    title = "current tier"
    parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: AnyModelAdmin) -> list[tuple[str, str]]:
        return [*((tier.value, str(tier.label)) for tier in Tier), ("none", "No tier")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(current_tier="" if self.value() == "none" else self.value())


class LinkInline(AnyTabularInline):
    model = ExchangeLink
    formfield_overrides = HTTPS_LINKS
    extra = 0


class ComponentInline(AnyTabularInline):
    model = Component
    form = ComponentForm
    fields = ["kind", "status", "notes", "connector_id", "position"]
    extra = 0
    show_change_link = True


class MaintenanceInline(AnyTabularInline):
    """Who maintains it, who did, or that somebody is sought."""

    model = Maintenance
    form = MaintenanceForm
    formset = MaintenanceFormSet
    verbose_name_plural = "maintainers"
    autocomplete_fields = ["maintainer"]
    extra = 0


class TierHistoryInline(ReadOnlyInline):
    """Reads only: a decision comes from an epoch, and each links to its own page."""

    model = TierAssignment
    verbose_name_plural = "tier history, the latest first"
    fields = ["effective_from", "tier", "epoch", "basis", "decided_by", "reason", "recorded_by", "recorded_at"]
    readonly_fields = ["recorded_at"]


@admin.register(Exchange)
class ExchangeAdmin(ReasonedAdmin):
    form = ExchangeForm
    list_display = ["name", "tier", "exchange_type", "market_type", "lifecycle", "maintained_by", "offered"]
    list_filter = [
        CurrentTierFilter,
        "exchange_type",
        "market_type",
        "lifecycle",
        "partnership",
        "maintenances__state",
        "maintenances__maintainer",
        "has_fee_share",
    ]
    search_fields = ["name", "slug", "components__connector_id"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["renamed_to"]
    readonly_fields = ["tier", "voted_on_as"]
    inlines = [TierHistoryInline, MaintenanceInline, ComponentInline, LinkInline]
    lasting_fields = ("slug",)  # addresses, checks and the exported state name the exchange by it

    def get_queryset(self, request: HttpRequest) -> QuerySet[Exchange]:
        offered = Count("components", filter=Q(components__status=DeclaredStatus.AVAILABLE), distinct=True)
        exchanges = Exchange.objects.with_tier().with_maintenance().annotate(offered=offered)
        return exchanges.order_by("name")  # counting drops the order

    def save_model(self, request: HttpRequest, obj: Exchange, form: Any, change: bool) -> None:
        """With the name by which polls find it, so that no load has to come first."""
        super().save_model(request, obj, form, change)
        name_exchange(obj)

    @admin.display(description="current tier", ordering="current_tier")
    def tier(self, exchange: Exchange) -> str:
        return exchange.current_tier_label or "no tier"

    @admin.display(description="maintained by", empty_value="nobody")
    def maintained_by(self, exchange: Exchange) -> str | None:
        names = [maintainer.name for maintainer in exchange.maintainers]
        if exchange.is_seeking_maintainer:
            names.append(str(MaintenanceState.SEEKING.label).lower())
        return ", ".join(names) or None

    @admin.display(description="voted on as", empty_value="no poll named it yet")
    def voted_on_as(self, exchange: Exchange) -> str:
        return row_link(getattr(exchange, "subject", None))

    @admin.display(description="components available", ordering="offered")
    def offered(self, exchange: Exchange) -> int:
        return int(getattr(exchange, "offered", 0))


@admin.register(Component)
class ComponentAdmin(ReasonedAdmin):
    form = ReasonedComponentForm
    list_display = ["__str__", "exchange_link", "status", "connector_id", "connection_type", "paper_trading", "notes"]
    list_filter = ["status", "kind", "connection_type", "paper_trading", "exchange"]
    list_select_related = ["exchange"]
    search_fields = ["exchange__name", "connector_id", "notes"]
    autocomplete_fields = ["exchange"]

    @admin.display(description="exchange", ordering="exchange__name")
    def exchange_link(self, component: Component) -> str:
        return row_link(component.exchange)


@admin.register(Maintainer)
class MaintainerAdmin(ReasonedAdmin):
    list_display = ["name", "kind", "url", "maintains"]
    list_filter = ["kind"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    lasting_fields = ("slug",)  # addresses and the exported state name the maintainer by it

    def get_queryset(self, request: HttpRequest) -> QuerySet[Maintainer]:
        active = Count("maintenances", filter=Q(maintenances__state=MaintenanceState.ACTIVE))
        return Maintainer.objects.annotate(maintains=active).order_by("name")  # counting drops the order

    @admin.display(description="exchanges maintained", ordering="maintains")
    def maintains(self, maintainer: Maintainer) -> str:
        """With a link to the list of those, past ones and all."""
        number = int(getattr(maintainer, "maintains", 0))
        return rows_link(Exchange, str(number), maintenances__maintainer__id__exact=maintainer.pk)
