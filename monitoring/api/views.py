"""Read-only views: fetch by name, serialize."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from rest_framework.response import Response

from monitoring.api.serializers import FullExchangeSerializer, IndexSerializer
from monitoring.status import exchange_status, index_status
from registry.api.public import PublicReadAsOf, PublicView

if TYPE_CHECKING:
    from rest_framework.request import Request


class Root(PublicView):
    """What there is."""

    def get(self, request: Request) -> Response:
        lists = {"exchanges": "api:exchange-list"} | {
            name: f"registry-api:{name}" for name in ("epochs", "policies", "changes", "state")
        }
        return Response({name: reverse(address) for name, address in lists.items()})


class ExchangeList(PublicReadAsOf):
    """Tiers as of the day asked about; health is always that of now."""

    def get(self, request: Request) -> Response:
        index = index_status(timezone.now(), as_of=self.as_of)
        return Response(IndexSerializer(index, context={"registry_serial": self.registry_serial}).data)


class ExchangeDetail(PublicReadAsOf):
    """Tier and history as of the day asked about; health is always that of now."""

    def get(self, request: Request, slug: str) -> Response:
        return Response(FullExchangeSerializer(exchange_status(slug, timezone.now(), as_of=self.as_of)).data)
