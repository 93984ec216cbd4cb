"""Epochs: the list with their states, and the pages that take one along its way. Only services write."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path

from registry.admin import epoch_mapping, epoch_plans, epoch_polls
from registry.admin.editing import ReadOnlyAdmin, row_link
from registry.admin.epoch_pages import may, page, way
from registry.models import Epoch, LedgerEntry
from registry.services import epochs as services

_PAGES = {
    "import": ("<int:epoch_id>/import/", epoch_polls.import_poll),
    "conflict": ("<int:epoch_id>/import/conflict/", epoch_polls.settle_conflict),
    "remove_poll": ("<int:epoch_id>/polls/<int:poll_id>/remove/", epoch_polls.remove_poll),
    "target": ("<int:epoch_id>/polls/<int:poll_id>/target/", epoch_mapping.set_target),
    "map": ("<int:epoch_id>/map/", epoch_mapping.map_choices),
    "map_choice": ("<int:epoch_id>/map/<int:choice_id>/", epoch_mapping.map_choice),
    "plan_form": ("<int:epoch_id>/plan/", epoch_plans.make_plan),
    "plan": ("<int:epoch_id>/plans/<int:plan_id>/", epoch_plans.show_plan),
    "approve": ("<int:epoch_id>/plans/<int:plan_id>/approve/", epoch_plans.approve_plan),
    "apply": ("<int:epoch_id>/plans/<int:plan_id>/apply/", epoch_plans.apply_plan),
    "announce": ("<int:epoch_id>/announce/", epoch_plans.announce),
    "rollback": ("<int:epoch_id>/rollback/", epoch_plans.plan_rollback),
    "what_if": ("<int:epoch_id>/what-if/", epoch_plans.what_if),
}


@admin.register(Epoch)
class EpochAdmin(ReadOnlyAdmin):
    """In place of the stock form for a row stands the page of the epoch's way."""

    list_display = ["__str__", "label", "state", "poll_count", "policy_link", "effective_from", "source"]
    list_filter = ["state", "is_history", "policy"]
    list_select_related = ["policy"]
    search_fields = ["number", "label"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Epoch]:
        return Epoch.objects.defer("policy__document").annotate(poll_count=Count("polls", distinct=True))

    @admin.display(description="polls", ordering="poll_count")
    def poll_count(self, epoch: Any) -> int:
        return int(epoch.poll_count)

    @admin.display(description="policy", ordering="policy__slug")
    def policy_link(self, epoch: Epoch) -> str:
        return row_link(epoch.policy)

    @admin.display(description="source", ordering="is_history")
    def source(self, epoch: Epoch) -> str:
        return "the printed record" if epoch.is_history else "taken here"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, "import_poll")

    def get_urls(self) -> list[URLPattern]:
        ours = [
            path(address, self.admin_site.admin_view(view), name=f"registry_epoch_{name}")
            for name, (address, view) in _PAGES.items()
        ]
        return [*ours, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return epoch_polls.create_epoch(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not may(request, "view_epoch"):
            raise PermissionDenied
        epochs = Epoch.objects.select_related("policy")
        return _epoch_page(request, get_object_or_404(epochs, pk=object_id if object_id.isdecimal() else 0))


def _epoch_page(request: HttpRequest, epoch: Epoch) -> HttpResponse:
    """The way, what may be done now by this user, and all that was done."""
    steps = services.next_steps(epoch)
    plans = epoch.plans.defer("document").select_related("changeset")
    changesets = epoch.changesets.select_related("plan", "policy", "reversed_by").prefetch_related("messages")
    entries = LedgerEntry.objects.filter(epoch=epoch.number) if may(request, "view_ledgerentry") else None
    polls = epoch.polls.select_related("evidence").defer("evidence__content").annotate(choice_count=Count("choices"))
    return page(
        request,
        "epoch",
        str(epoch),
        epoch=epoch,
        way=way(epoch),
        steps=[step for step in steps if may(request, step.permission)],
        waits=[step for step in steps if not may(request, step.permission)],
        polls=polls.order_by("pk"),
        plans=plans,
        plan=epoch.current_plan,
        changesets=changesets,
        entries=entries,
        may_import=may(request, "import_poll") and epoch.standing_changeset is None,
    )
