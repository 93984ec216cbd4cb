"""The one error body of the API: `{"error": {"code", "message", "fields"}}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.views import exception_handler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.response import Response


def error_body(code: str, message: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """*fields* is what is wrong by parameter, None where no single one is at fault."""
    return {"error": {"code": code, "message": message, "fields": fields}}


def error_json(status: int, code: str, message: str) -> JsonResponse:
    """The body as Django's error pages answer it, outside of any API view; any site may read it like the rest."""
    return JsonResponse(error_body(code, message), status=status, headers={"Access-Control-Allow-Origin": "*"})


def error_response(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None for anything unforeseen: that becomes a logged 500 with the same body."""
    response = exception_handler(exc, dict(context))
    if response is None:
        return None
    if not isinstance(exc, APIException):  # Django's own Http404 and PermissionDenied
        exc = NotFound() if response.status_code == 404 else APIException(str(exc), "permission_denied")
    if isinstance(exc, ValidationError):
        fields = exc.detail if isinstance(exc.detail, dict) else {"": exc.detail}
        response.data = error_body("invalid", "The request has parameters that are not valid.", fields)
    else:
        response.data = error_body(str(exc.get_codes()), str(exc.detail))
    return response
