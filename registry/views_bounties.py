"""The page of bounties that no exchange's page shows, beside those that are open anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_safe

from registry.models import Bounty
from registry.pages import render_page
from registry.services.bounties.pots import COMMITTED, of_withdrawn_pots

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
def bounty_list(request: HttpRequest) -> HttpResponse:
    bounties = Bounty.objects.select_related(
        "exchange", "proposal", "pot__epoch", "pot__subject", "pot__changeset__reversed_by"
    )
    context = {
        "open": bounties.filter(state__in=COMMITTED).order_by("-pk"),
        "unpaid": of_withdrawn_pots().select_related("proposal"),
        "general": bounties.filter(exchange__isnull=True).order_by("-pk"),
    }
    return render_page(request, "registry/bounty_list.html", context)
