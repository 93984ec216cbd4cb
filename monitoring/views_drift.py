"""The page of drift: where words differ from one another, and from what is observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring.drift_report import drift_report
from registry.pages import page_as_of, render_page

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest, HttpResponse


@require_safe
def drift(request: HttpRequest) -> HttpResponse:
    now = timezone.now()

    def show(as_of: date | None) -> HttpResponse:
        context = {"report": drift_report(now, on=as_of), "now": now, "as_of": as_of}
        return render_page(request, "monitoring/drift.html", context)

    return page_as_of(request, show)
