"""The registry for its admins: facts can be edited, decisions only added.

What a catalogue file states comes back with the next load of the catalogue, so lasting changes belong in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, Field, Q, QuerySet, URLField
from django.forms import ModelForm
from django.http import HttpRequest

from registry.choices import DeclaredStatus, Tier
from registry.models import Bounty, Component, Exchange, ExchangeLink, Maintainer, Proposal, TierAssignment

if TYPE_CHECKING:
    ExchangeAdminBase = admin.ModelAdmin[Exchange]
    ComponentAdminBase = admin.ModelAdmin[Component]
    MaintainerAdminBase = admin.ModelAdmin[Maintainer]
    TierAssignmentAdminBase = admin.ModelAdmin[TierAssignment]
    ProposalAdminBase = admin.ModelAdmin[Proposal]
    BountyAdminBase = admin.ModelAdmin[Bounty]
    LinkInlineBase = admin.TabularInline[ExchangeLink, Exchange]
    ComponentInlineBase = admin.TabularInline[Component, Exchange]
    TierInlineBase = admin.TabularInline[TierAssignment, Exchange]
else:
    ExchangeAdminBase = ComponentAdminBase = MaintainerAdminBase = admin.ModelAdmin
    TierAssignmentAdminBase = ProposalAdminBase = BountyAdminBase = admin.ModelAdmin
    LinkInlineBase = ComponentInlineBase = TierInlineBase = admin.TabularInline

# Django 5.2 warns until a form says which scheme an address without one gets.
HTTPS_LINKS: dict[type[Field[Any, Any]], dict[str, Any]] = {URLField: {"assume_scheme": "https"}}


class CurrentTierFilter(admin.SimpleListFilter):
    """By the tier in force, which is no column of the table."""

    title = "current tier"
    parameter_name = "tier"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [*((tier.value, str(tier.label)) for tier in Tier), ("none", "No tier")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        return queryset.filter(current_tier="" if self.value() == "none" else self.value())


class LinkInline(LinkInlineBase):
    model = ExchangeLink
    formfield_overrides = HTTPS_LINKS
    extra = 0


class ComponentInline(ComponentInlineBase):
    model = Component
    fields = ["kind", "status", "notes", "connector_id", "position"]
    extra = 0
    show_change_link = True


class TierHistoryInline(TierInlineBase):
    """Reads only: a decision is added through its own page, with its reason."""

    model = TierAssignment
    fields = ["effective_from", "tier", "epoch", "decided_by", "reason", "recorded_by", "recorded_at"]
    readonly_fields = ["recorded_at"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Exchange)
class ExchangeAdmin(ExchangeAdminBase):
    formfield_overrides = HTTPS_LINKS
    list_display = ["name", "tier", "exchange_type", "market_type", "maintainer", "offered"]
    list_filter = [CurrentTierFilter, "exchange_type", "market_type", "maintainer", "has_fee_share"]
    list_select_related = ["maintainer"]
    search_fields = ["name", "slug", "components__connector_id"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["tier"]
    inlines = [TierHistoryInline, ComponentInline, LinkInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Exchange]:
        offered = Count("components", filter=Q(components__status=DeclaredStatus.AVAILABLE), distinct=True)
        return Exchange.objects.with_tier().annotate(offered=offered)

    @admin.display(description="current tier", ordering="current_tier", empty_value="no tier")
    def tier(self, exchange: Exchange) -> str:
        return exchange.current_tier_label

    @admin.display(description="components available", ordering="offered")
    def offered(self, exchange: Exchange) -> int:
        return int(getattr(exchange, "offered", 0))


@admin.register(Component)
class ComponentAdmin(ComponentAdminBase):
    formfield_overrides = HTTPS_LINKS
    list_display = ["__str__", "status", "connector_id", "connection_type", "paper_trading", "notes"]
    list_filter = ["status", "kind", "connection_type", "paper_trading", "exchange"]
    list_select_related = ["exchange"]
    search_fields = ["exchange__name", "connector_id", "notes"]
    autocomplete_fields = ["exchange"]


@admin.register(Maintainer)
class MaintainerAdmin(MaintainerAdminBase):
    formfield_overrides = HTTPS_LINKS
    list_display = ["name", "kind", "url"]
    list_filter = ["kind"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(TierAssignment)
class TierAssignmentAdmin(TierAssignmentAdminBase):
    """Decisions are added; what was added is never edited or deleted, by nobody."""

    formfield_overrides = HTTPS_LINKS
    list_display = ["exchange", "tier", "epoch", "effective_from", "decided_by", "recorded_by", "recorded_at"]
    list_filter = ["tier", "epoch", "exchange"]
    list_select_related = ["exchange"]
    search_fields = ["exchange__name", "epoch", "reason"]
    autocomplete_fields = ["exchange"]
    date_hierarchy = "effective_from"
    readonly_fields = ["recorded_by", "recorded_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: TierAssignment, form: ModelForm[TierAssignment], change: bool
    ) -> None:
        obj.recorded_by = request.user.get_username()
        super().save_model(request, obj, form, change)


@admin.register(Proposal)
class ProposalAdmin(ProposalAdminBase):
    formfield_overrides = HTTPS_LINKS
    list_display = ["number", "kind", "state", "title", "snapshot_id"]
    list_filter = ["kind", "state", "exchanges"]
    search_fields = ["number", "title", "snapshot_id"]
    autocomplete_fields = ["exchanges"]


@admin.register(Bounty)
class BountyAdmin(BountyAdminBase):
    formfield_overrides = HTTPS_LINKS
    list_display = ["tracker_id", "title", "exchange", "component", "kind", "amount", "unit", "state"]
    list_filter = ["state", "kind", "unit", "exchange"]
    list_select_related = ["exchange", "component__exchange"]
    search_fields = ["tracker_id", "title", "issue_url", "exchange__name"]
    autocomplete_fields = ["exchange", "component", "proposal"]
