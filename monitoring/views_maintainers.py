"""The pages of maintainers: who answers for what, and how that does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring.maintainers import all_maintainers, one_maintainer
from registry.pages import page_as_of, render_page

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest, HttpResponse


@require_safe
def maintainer_list(request: HttpRequest) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        now = timezone.now()
        return render_page(
            request, "monitoring/maintainer_list.html", {"maintainers": all_maintainers(now), "now": now}
        )

    return page_as_of(request, show, dated=False)


@require_safe
def maintainer_detail(request: HttpRequest, slug: str) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        now = timezone.now()
        return render_page(
            request, "monitoring/maintainer_detail.html", {"view": one_maintainer(slug, now), "now": now}
        )

    return page_as_of(request, show, dated=False)
