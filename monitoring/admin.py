"""The operator's view of checks and results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.utils import timezone

from monitoring.models import Check, OutcomeChange, Result

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.forms import ModelForm
    from django.http import HttpRequest

    CheckModelAdmin = admin.ModelAdmin[Check]
    AnyModelAdmin = admin.ModelAdmin[Any]
else:  # Django's own class takes no type argument at run time
    CheckModelAdmin = AnyModelAdmin = admin.ModelAdmin


@admin.register(Check)
class CheckAdmin(CheckModelAdmin):
    """Which checks exist is the plan's business; here they are switched off, tuned, or run at once."""

    list_display = ["component", "kind", "enabled", "outcome", "cause", "outcome_since", "checked_at", "next_due_at"]
    list_filter = ["enabled", "outcome", "kind", "component__exchange"]
    list_select_related = ["component__exchange"]
    search_fields = ["component__exchange__name", "component__connector_id", "kind"]
    actions = ["run_now"]
    readonly_fields = [
        "component",
        "kind",
        "cadence_s",
        "phase_s",
        "next_due_at",
        "lease_until",
        "retired_at",
        "outcome",
        "cause",
        "outcome_since",
        "checked_at",
    ]
    fields = ["component", "kind", "enabled", "pair", "thresholds", *readonly_fields[2:]]

    @admin.action(description="Run the selected checks now", permissions=["change"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[Check]) -> None:
        now = timezone.now()
        due = Check.objects.filter(pk__in=queryset).run_now(now)
        self.message_user(request, f"{due} checks are due now; switched-off ones stay off.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: Check, form: ModelForm[Check], change: bool) -> None:
        # Only what was edited: a run may have claimed or recorded the check since it was read.
        obj.save(update_fields=form.changed_data)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Check | None = None) -> bool:
        return False


class ReadOnlyAdmin(AnyModelAdmin):
    """What was seen is looked at, never edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Result)
class ResultAdmin(ReadOnlyAdmin):
    list_display = ["live_check", "started_at", "outcome", "cause", "blame", "duration_ms", "source", "summary"]
    list_filter = ["outcome", "cause", "blame", "source", "live_check__component__exchange"]
    list_select_related = ["live_check__component__exchange"]
    date_hierarchy = "started_at"
    show_full_result_count = False


@admin.register(OutcomeChange)
class OutcomeChangeAdmin(ReadOnlyAdmin):
    list_display = ["live_check", "at", "from_outcome", "to_outcome"]
    list_filter = ["to_outcome", "live_check__component__exchange"]
    list_select_related = ["live_check__component__exchange"]
