"""What governance changed, and the ledger of who did it: plans, changesets, tiers, pots, messages. Read only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from registry.admin.editing import ReadOnlyAdmin, ReadOnlyInline, pretty_json, row_link, rows_link
from registry.models import Bounty, Changeset, LedgerEntry, OutboxMessage, Plan, Pot, TierAssignment


@admin.register(TierAssignment)
class TierAssignmentAdmin(ReadOnlyAdmin):
    list_display = [
        "__str__",
        "exchange_link",
        "tier",
        "epoch",
        "basis",
        "effective_from",
        "changeset_link",
        "recorded_by",
    ]
    list_filter = ["tier", "basis", "epoch", "exchange"]
    list_select_related = ["exchange", "changeset__epoch"]
    search_fields = ["exchange__name", "epoch", "reason"]
    date_hierarchy = "effective_from"
    exclude = ["trace"]
    readonly_fields = ["exchange_link", "changeset_link", "trace_text", "recorded_at"]

    @admin.display(description="exchange", ordering="exchange__name")
    def exchange_link(self, assignment: TierAssignment) -> str:
        return row_link(assignment.exchange)

    @admin.display(description="changeset", empty_value="none: recorded without an epoch's way")
    def changeset_link(self, assignment: TierAssignment) -> str:
        return row_link(assignment.changeset)

    @admin.display(description="trace")
    def trace_text(self, assignment: TierAssignment) -> SafeString:
        return pretty_json(assignment.trace)


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "kind", "epoch_link", "planned_by", "planned_at", "approved_by", "approved_at"]
    list_filter = ["kind", "epoch"]
    list_select_related = ["epoch"]
    search_fields = ["hash", "planned_by", "approved_by"]
    exclude = ["document"]
    readonly_fields = ["epoch_link", "document_text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        return Plan.objects.defer("document")

    @admin.display(description="epoch", ordering="epoch__number")
    def epoch_link(self, plan: Plan) -> str:
        return row_link(plan.epoch)

    @admin.display(description="document")
    def document_text(self, plan: Plan) -> SafeString:
        return pretty_json(plan.document)


class AssignmentInline(ReadOnlyInline):
    model = TierAssignment
    verbose_name_plural = "tiers it decided"
    fields = ["exchange", "tier", "included", "basis", "effective_from", "expires_on", "reason"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TierAssignment]:
        return super().get_queryset(request).select_related("exchange").defer("trace")


class PotInline(ReadOnlyInline):
    model = Pot
    fields = ["subject", "group", "allocated", "unit"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pot]:
        return super().get_queryset(request).select_related("subject", "epoch")


@admin.register(Changeset)
class ChangesetAdmin(ReadOnlyAdmin):
    list_display = ["serial", "kind", "epoch_link", "plan_link", "policy_link", "effective_from", "applied_by"]
    list_display_links = ["serial"]
    list_filter = ["kind", "epoch"]
    list_select_related = ["epoch", "plan__epoch", "policy"]
    search_fields = ["serial", "plan__hash", "applied_by"]
    readonly_fields = ["epoch_link", "plan_link", "policy_link", "reversed_link"]
    inlines = [AssignmentInline, PotInline]

    @admin.display(description="epoch", ordering="epoch__number")
    def epoch_link(self, changeset: Changeset) -> str:
        return row_link(changeset.epoch)

    @admin.display(description="plan")
    def plan_link(self, changeset: Changeset) -> str:
        return row_link(changeset.plan, changeset.plan.hash[:12])

    @admin.display(description="policy", ordering="policy__slug")
    def policy_link(self, changeset: Changeset) -> str:
        return row_link(changeset.policy)

    @admin.display(description="taken back by", empty_value="it stands")
    def reversed_link(self, changeset: Changeset) -> str:
        return row_link(getattr(changeset, "reversed_by", None))


@admin.register(Pot)
class PotAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "epoch_link", "subject_link", "group", "allocated", "unit", "changeset_link"]
    list_filter = ["group", "epoch"]
    list_select_related = ["epoch", "subject", "changeset__epoch"]
    search_fields = ["subject__name", "subject__slug"]
    readonly_fields = ["bounties_link"]

    @admin.display(description="epoch", ordering="epoch__number")
    def epoch_link(self, pot: Pot) -> str:
        return row_link(pot.epoch)

    @admin.display(description="subject", ordering="subject__name")
    def subject_link(self, pot: Pot) -> str:
        return row_link(pot.subject)

    @admin.display(description="changeset")
    def changeset_link(self, pot: Pot) -> str:
        return row_link(pot.changeset)

    @admin.display(description="bounties")
    def bounties_link(self, pot: Pot) -> str:
        return rows_link(Bounty, "bounties paid from it", pot__id__exact=pot.pk)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ["number", "at", "actor", "action", "epoch", "subject", "reason"]
    list_filter = ["action", "actor", "epoch"]
    search_fields = ["actor", "subject", "reason", "hash"]
    date_hierarchy = "at"
    exclude = ["before", "after"]
    readonly_fields = ["before_text", "after_text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        return LedgerEntry.objects.defer("before", "after")

    @admin.display(description="before")
    def before_text(self, entry: LedgerEntry) -> SafeString:
        return pretty_json(entry.before)

    @admin.display(description="after")
    def after_text(self, entry: LedgerEntry) -> SafeString:
        return pretty_json(entry.after)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = ["title", "changeset_link", "created_at", "published_at", "cancelled_at"]
    list_filter = ["changeset__epoch"]
    list_select_related = ["changeset__epoch"]
    search_fields = ["title", "body", "key"]
    readonly_fields = ["changeset_link"]

    @admin.display(description="changeset")
    def changeset_link(self, message: OutboxMessage) -> str:
        return row_link(message.changeset)
