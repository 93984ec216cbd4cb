"""Proposals and bounties: facts that an editor may correct."""

from __future__ import annotations

from django.contrib import admin

from registry.admin.editing import ReasonedAdmin, row_link
from registry.models import Bounty, Proposal


@admin.register(Proposal)
class ProposalAdmin(ReasonedAdmin):
    list_display = ["number", "kind", "state", "title", "snapshot_id"]
    list_filter = ["kind", "state", "exchanges"]
    search_fields = ["number", "title", "snapshot_id"]
    autocomplete_fields = ["exchanges"]


@admin.register(Bounty)
class BountyAdmin(ReasonedAdmin):
    list_display = ["tracker_id", "title", "exchange_link", "component_link", "kind", "amount", "unit", "state"]
    list_filter = ["state", "kind", "unit", "exchange"]
    list_select_related = ["exchange", "component__exchange"]
    search_fields = ["tracker_id", "title", "issue_url", "exchange__name"]
    autocomplete_fields = ["exchange", "component", "proposal", "pot"]

    @admin.display(description="exchange", ordering="exchange__name")
    def exchange_link(self, bounty: Bounty) -> str:
        return row_link(bounty.exchange)

    @admin.display(description="component")
    def component_link(self, bounty: Bounty) -> str:
        return row_link(bounty.component)
