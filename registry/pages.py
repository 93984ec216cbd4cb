"""How a public page is rendered: every one with the same policy of what it may load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from registry.parameters import BadParameters, day_of, refuse_unknown
from registry.public.missing import NotHere

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import date
    from typing import Any

    from django.http import HttpRequest, HttpResponse

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def render_page(request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    response = render(request, template, dict(context), status=status)
    response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


def page_as_of(
    request: HttpRequest,
    show: Callable[[date | None], HttpResponse],
    *,
    knows: Collection[str] = (),
    repeats: Collection[str] = (),
    dated: bool = True,
) -> HttpResponse:
    """What *show* makes of the day asked about with `as_of` (None: now).

    A plain 400 where a parameter is wrong, a plain 404 where there is no such thing. *knows* names the further
    parameters, which *show* reads by itself, *repeats* those of them that may be given more than once; without *dated*
    there is no `as_of`.
    """
    try:
        refuse_unknown(request.GET, {*(("as_of",) if dated else ()), *knows}, repeated=repeats)
        return show(day_of(request.GET) if dated else None)
    except BadParameters as error:
        return render_page(request, "400.html", {"message": str(error)}, status=400)
    except NotHere as error:
        return render_page(request, "404.html", {"message": str(error), "nearest": error.nearest}, status=404)
