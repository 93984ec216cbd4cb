"""The public pages: fetch by name, render; every answer under /api/ is JSON, errors too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from monitoring.compare import FEWEST, MOST, choice_of, comparison_of
from monitoring.facets import FACET_NAMES
from monitoring.models import Capture
from monitoring.search import PARAMETERS, asked_of, search_key
from monitoring.status import compared_status, exchange_status, index_status
from registry.api.errors import error_json
from registry.models import Exchange
from registry.pages import page_as_of, render_page
from registry.parameters import BadParameters

if TYPE_CHECKING:
    from datetime import date

YEAR_S = 365 * 24 * 60 * 60


@require_safe
def exchange_list(request: HttpRequest) -> HttpResponse:
    now = timezone.now()

    def show(as_of: date | None) -> HttpResponse:
        index = index_status(now, as_of=as_of, asked=asked_of(request.GET, as_of))
        context = {"index": index, "found": index.found, "now": now, "as_of": as_of}
        return render_page(request, "monitoring/exchange_list.html", context)

    return page_as_of(request, show, knows=PARAMETERS, repeats=FACET_NAMES)


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Those that are named side by side; where they are none, or too few or many, the choice of them."""

    def show(as_of: date | None) -> HttpResponse:
        named = request.GET.getlist("exchange")
        context: dict[str, Any] = {"as_of": as_of, "named": named, "fewest": FEWEST, "most": MOST}
        context["exchanges"] = sorted(Exchange.objects.all(), key=lambda exchange: search_key(exchange.name))
        try:
            choice = choice_of(request.GET, as_of)
        except BadParameters as error:
            status, message = (400, str(error)) if named or "only" in request.GET else (200, "")
            return render_page(request, "monitoring/compare.html", context | {"message": message}, status=status)
        comparison = comparison_of(compared_status(choice.slugs, timezone.now(), as_of=as_of))
        shown = comparison.only_differences() if choice.only_differences else comparison
        context |= {"choice": choice, "comparison": comparison, "shown": shown}
        return render_page(request, "monitoring/compare.html", context)

    return page_as_of(request, show, knows=("only",), repeats=("exchange",))


@require_safe
def exchange_detail(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()

    def show(as_of: date | None) -> HttpResponse:
        context = {"status": exchange_status(slug, now, as_of=as_of), "now": now, "as_of": as_of}
        return render_page(request, "monitoring/exchange_detail.html", context)

    return page_as_of(request, show)


@require_safe
def capture(request: HttpRequest, slug: str, result_id: int) -> HttpResponse:
    """The capture of one run as a file, which never changes."""
    # PostgreSQL refuses a NUL in any text that it is asked for.
    kept = None if "\0" in slug else Capture.objects.of_exchange(slug).with_names().filter(result__pk=result_id).first()
    if kept is None:
        message = "No capture is kept of this run: only those of each check's latest runs that went badly are."
        return render_page(request, "404.html", {"message": message}, status=404)
    response = HttpResponse(bytes(kept.data), content_type="application/gzip")
    response["Content-Disposition"] = f'attachment; filename="{kept.filename}"'
    response["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    response["ETag"] = f'"{kept.sha256}"'
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 400, "bad_request", "The request could not be understood.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 403, "permission_denied", "This is not for everyone to see.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(request, 404, "not_found", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """It depends on nothing that may be the cause: no database, no context processor, no static file."""
    if _is_api(request):
        return error_json(500, "server_error", "Something went wrong here; it was logged.")
    return HttpResponseServerError(render_to_string("500.html"))


def _error(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if _is_api(request):
        return error_json(status, code, message)
    return render_page(request, f"{status}.html", {"message": message}, status=status)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")
