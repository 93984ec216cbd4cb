"""Read-only views: fetch by name, serialize."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.api.serializers import FullExchangeSerializer, IndexSerializer
from monitoring.status import UnknownExchange, exchange_status, index_status

if TYPE_CHECKING:
    from rest_framework.request import Request


class PublicView(APIView):
    """Anyone may read, from any site; caches keep answers and ask whether they still hold."""

    http_method_names = ["get", "head", "options"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # A misspelt filter that is passed over in silence answers another question than the one asked.
        if request.query_params:
            raise ValidationError({name: ["unknown parameter"] for name in request.query_params})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        final["Access-Control-Allow-Origin"] = "*"
        final["Cache-Control"] = "no-cache"
        return final


class Root(PublicView):
    """What there is."""

    def get(self, request: Request) -> Response:
        return Response({"exchanges": reverse("api:exchange-list")})


class ExchangeList(PublicView):
    def get(self, request: Request) -> Response:
        return Response(IndexSerializer(index_status(timezone.now())).data)


class ExchangeDetail(PublicView):
    def get(self, request: Request, slug: str) -> Response:
        try:
            status = exchange_status(slug, timezone.now())
        except UnknownExchange as error:
            raise NotFound(str(error)) from error
        return Response(FullExchangeSerializer(status).data)
