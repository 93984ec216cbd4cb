"""The one error body of the API: `{"error": {"code", "message", "fields"}}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from registry.errors import RegistryError
from registry.governance.outcome import DecisionRefused, PollUnfit
from registry.governance.policy import PolicyRefused
from registry.importers.imported import ImportRefused
from registry.importers.snapshot import SnapshotUnavailable
from registry.parameters import BadParameters
from registry.public.missing import NotHere
from registry.services.epochs.errors import (
    BadValue,
    EpochRefused,
    NoSuchEpoch,
    NoSuchPlan,
    NotAllowed,
    OpenQuestions,
    PollConflict,
    RollbackRefused,
    StalePlan,
    Unmapped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_VALID = "The request has parameters that are not valid."

REFUSALS: tuple[tuple[type[RegistryError], int, str], ...] = (
    (NotHere, 404, "not_found"),
    (NoSuchEpoch, 404, "not_found"),
    (NoSuchPlan, 404, "not_found"),
    (NotAllowed, 403, "permission_denied"),
    (BadValue, 400, "invalid"),
    (DecisionRefused, 400, "invalid"),
    (PolicyRefused, 400, "invalid"),
    (PollUnfit, 422, "unfit"),
    (ImportRefused, 422, "import_refused"),
    (SnapshotUnavailable, 502, "source_unavailable"),
    (PollConflict, 409, "poll_conflict"),
    (StalePlan, 409, "stale_plan"),
    (Unmapped, 409, "unmapped"),
    (OpenQuestions, 409, "open_questions"),
    (RollbackRefused, 409, "rollback_refused"),
    (EpochRefused, 409, "wrong_state"),
)
"""How each refusal of a service is answered; the first that fits."""


def error_body(code: str, message: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """*fields* is what is wrong by parameter, None where no single one is at fault."""
    return {"error": {"code": code, "message": message, "fields": fields}}


def error_json(status: int, code: str, message: str) -> JsonResponse:
    """The body as Django's error pages answer it, outside of any API view; any site may read it like the rest."""
    return JsonResponse(error_body(code, message), status=status, headers={"Access-Control-Allow-Origin": "*"})


def error_response(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None for anything unforeseen: that becomes a logged 500 with the same body."""
    if isinstance(exc, BadParameters):
        exc = ValidationError(exc.fields)
    if isinstance(exc, RegistryError):
        return _refusal(exc)
    response = exception_handler(exc, dict(context))
    if response is None:
        return None
    if not isinstance(exc, APIException):  # Django's own Http404 and PermissionDenied
        exc = NotFound() if response.status_code == 404 else APIException(str(exc), "permission_denied")
    if isinstance(exc, ValidationError):
        fields = exc.detail if isinstance(exc.detail, dict) else {"": exc.detail}
        response.data = error_body("invalid", NOT_VALID, fields)
    else:
        response.data = error_body(str(exc.get_codes()), str(exc.detail))
    return response


def _refusal(exc: RegistryError) -> Response:
    status, code = next(((status, code) for kind, status, code in REFUSALS if isinstance(exc, kind)), (409, "refused"))
    return Response(error_body(code, str(exc), _fields(exc)), status=status)


def _fields(exc: RegistryError) -> dict[str, Any] | None:
    """What a client can act on, beside the sentence."""
    match exc:
        case BadValue():
            return {exc.field: [str(exc).partition(": ")[2]]}
        case PollConflict() | StalePlan():
            return {"difference": list(exc.difference)}
        case OpenQuestions():
            return {"questions": [dict(question) for question in exc.questions]}
        case Unmapped():
            return {"choices": [{"id": choice.pk, "name": choice.name} for choice in exc.choices]}
        case RollbackRefused():
            return {"reasons": list(exc.reasons)}
        case ImportRefused():
            return {"problems": list(exc.problems)}
        case PolicyRefused():
            return {"policy": [str(problem) for problem in exc.problems]}
    return None
