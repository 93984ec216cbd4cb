"""The public pages of governance: fetch by name, render."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from registry.governance.policy_schema import json_schema
from registry.pages import page_as_of, render_page
from registry.public.changes import change_of, changes_since
from registry.public.epoch_compare import compare_epochs, epoch_numbers
from registry.public.epochs import epoch_on
from registry.public.overview import overview_on
from registry.public.policies import policy_on
from registry.public.tiers import tier_of
from registry.public.what_if import asked_of

if TYPE_CHECKING:
    from datetime import date


@require_safe
def governance(request: HttpRequest) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        overview = overview_on(as_of or timezone.now().date(), as_of=as_of)
        return render_page(request, "registry/governance.html", {"overview": overview, "as_of": as_of})

    return page_as_of(request, show)


@require_safe
def epoch(request: HttpRequest, number: int) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        return render_page(
            request, "registry/epoch_detail.html", {"view": epoch_on(number, as_of=as_of), "as_of": as_of}
        )

    return page_as_of(request, show)


@require_safe
def epoch_compare(request: HttpRequest) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        comparison = compare_epochs(request.GET, as_of=as_of)
        context = {"view": comparison, "numbers": epoch_numbers(), "as_of": as_of}
        return render_page(request, "registry/epoch_compare.html", context)

    return page_as_of(request, show, knows=("from", "to"))


@require_safe
def what_if(request: HttpRequest, number: int) -> HttpResponse:
    """A form and, once something is asked, the difference; nothing is written."""

    def show(as_of: date | None) -> HttpResponse:
        return render_page(request, "registry/what_if.html", {"asked": asked_of(number, request.GET)})

    return page_as_of(request, show, knows=("policy", "min_votes"), dated=False)


@require_safe
def policy(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        view = policy_on(slug, version, as_of or timezone.now().date())
        document = json.dumps(view.policy.document, indent=2, ensure_ascii=False)
        context = {"view": view, "document": document, "as_of": as_of}
        return render_page(request, "registry/policy_detail.html", context)

    return page_as_of(request, show)


@require_safe
def policy_schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema that every policy document keeps to."""
    response = JsonResponse(json_schema(), content_type="application/schema+json", json_dumps_params={"indent": 2})
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def tier(request: HttpRequest, slug: str) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        return render_page(request, "registry/tier_detail.html", {"view": tier_of(slug, as_of=as_of), "as_of": as_of})

    return page_as_of(request, show)


@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        return render_page(
            request, "registry/change_list.html", {"changes": changes_since(as_of=as_of), "as_of": as_of}
        )

    return page_as_of(request, show)


@require_safe
def change(request: HttpRequest, serial: int) -> HttpResponse:
    def show(as_of: date | None) -> HttpResponse:
        return render_page(
            request, "registry/change_detail.html", {"view": change_of(serial, as_of=as_of), "as_of": as_of}
        )

    return page_as_of(request, show)
