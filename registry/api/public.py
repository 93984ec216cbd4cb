"""What every public read of the API has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.parameters import day_of, refuse_unknown
from registry.public.changes import registry_serial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from rest_framework.request import Request

SCHEMA_VERSION = "1.0.0"
SERIAL_HEADER = "X-Registry-Serial"


class PublicView(APIView):
    """Anyone may read, from any site; caches keep answers and ask whether they still hold."""

    http_method_names = ["get", "head", "options"]
    parameters: frozenset[str] = frozenset()
    """What its address may carry besides the path; `as_of` among them is read into the attribute of that name."""

    repeats: frozenset[str] = frozenset()
    """What else it may carry, more than once."""

    as_of: date | None = None
    registry_serial: int | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # Read before the answer's own rows: it may lag behind them, and never claims what they do not hold.
        self.registry_serial = registry_serial()
        refuse_unknown(request.query_params, self.parameters, repeated=self.repeats)
        if "as_of" in self.parameters:
            self.as_of = day_of(request.query_params)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Access-Control-Allow-Origin"] = "*"
        final["Access-Control-Expose-Headers"] = SERIAL_HEADER
        final["Cache-Control"] = "no-cache"
        if self.registry_serial is not None:
            final[SERIAL_HEADER] = str(self.registry_serial)
        return final

    def listed(self, rows: Sequence[Any], **more: Any) -> Response:
        """The envelope of every list."""
        envelope = {"schema_version": SCHEMA_VERSION, "registry_serial": self.registry_serial}
        return Response(envelope | more | {"total": len(rows), "result": rows})


class PublicReadAsOf(PublicView):
    """A public read that answers for any past day."""

    parameters = frozenset({"as_of"})

    @property
    def day(self) -> date:
        return self.as_of or timezone.now().date()

    @property
    def asked(self) -> dict[str, str]:
        """The day that the answer is for, as the answer says it."""
        return {"as_of": self.day.isoformat()}
