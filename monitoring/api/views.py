"""Read-only views: fetch by name, serialize."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from rest_framework.response import Response

from monitoring.api.serializers import FullExchangeSerializer, IndexSerializer, line_body
from monitoring.compare import choice_of, comparison_of
from monitoring.facets import FACET_NAMES
from monitoring.search import PARAMETERS, asked_of
from monitoring.status import compared_status, exchange_status, index_status
from registry.api.public import PublicReadAsOf, PublicView

if TYPE_CHECKING:
    from rest_framework.request import Request


class Root(PublicView):
    """What there is."""

    def get(self, request: Request) -> Response:
        lists = {
            "exchanges": "api:exchange-list",
            "maintainers": "api:maintainer-list",
            "bounty_drafts": "api:bounty-draft-list",
            "drift": "api:drift",
        } | {name: f"registry-api:{name}" for name in ("epochs", "policies", "changes", "state")}
        return Response({name: reverse(address) for name, address in lists.items()})


class ExchangeList(PublicReadAsOf):
    """Those that are asked for. Tiers as of the day asked about; health is always that of now."""

    parameters = PublicReadAsOf.parameters | PARAMETERS
    repeats = frozenset(FACET_NAMES)

    def get(self, request: Request) -> Response:
        asked = asked_of(request.query_params, self.as_of)
        index = index_status(timezone.now(), as_of=self.as_of, asked=asked)
        return Response(IndexSerializer(index, context={"registry_serial": self.registry_serial}).data)


class Compare(PublicReadAsOf):
    """Two to six exchanges, line by line, in the order in which they are named."""

    parameters = PublicReadAsOf.parameters | {"only"}
    repeats = frozenset({"exchange"})

    def get(self, request: Request) -> Response:
        choice = choice_of(request.query_params, self.as_of)
        comparison = comparison_of(compared_status(choice.slugs, timezone.now(), as_of=self.as_of))
        shown = comparison.only_differences() if choice.only_differences else comparison
        lines = [line_body(group, line, choice.slugs) for group, line in shown.lines]
        return self.listed(lines, tier_as_of=self.day.isoformat(), exchanges=choice.slugs)


class ExchangeDetail(PublicReadAsOf):
    """Tier and history as of the day asked about; health is always that of now."""

    def get(self, request: Request, slug: str) -> Response:
        return Response(FullExchangeSerializer(exchange_status(slug, timezone.now(), as_of=self.as_of)).data)
