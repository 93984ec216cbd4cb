"""The pages of drafted bounties: what the evidence suggests, for people to post."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring.bounty_drafts import BUILD, REPAIR, bounty_drafts, find_draft
from registry.pages import page_as_of, render_page

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest, HttpResponse


@require_safe
def bounty_draft_list(request: HttpRequest) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        now = timezone.now()
        drafts = bounty_drafts(now, request.build_absolute_uri)
        context = {
            "repairs": [draft for draft in drafts if draft.basis == REPAIR],
            "builds": [draft for draft in drafts if draft.basis == BUILD],
            "after": settings.BELLWETHER_BOUNTY_AFTER,
            "now": now,
        }
        return render_page(request, "monitoring/bounty_draft_list.html", context)

    return page_as_of(request, show, dated=False)


@require_safe
def bounty_draft(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """One draft, ready to copy. Its address holds as long as the evidence does."""

    def show(as_of: date | None) -> HttpResponse:
        now = timezone.now()
        draft = find_draft(fingerprint, now, request.build_absolute_uri)
        context = {"draft": draft, "now": now, "may_record": request.user.has_perm("registry.add_bounty")}
        return render_page(request, "monitoring/bounty_draft.html", context)

    return page_as_of(request, show, dated=False)
