"""Maintainers and drafted bounties, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from monitoring.api.serializers import Moment, Word
from monitoring.bounty_drafts import bounty_drafts
from monitoring.maintainers import all_maintainers, one_maintainer
from registry.api.public import PublicView

if TYPE_CHECKING:
    from rest_framework.request import Request

    from monitoring.bounty_drafts import Draft
    from monitoring.maintainers import Charge, MaintainerView

    AnySerializer = serializers.Serializer[Any]
else:  # DRF's own class takes no type argument at run time
    AnySerializer = serializers.Serializer


class ChargeSerializer(AnySerializer):
    exchange = serializers.CharField(source="view.exchange.slug")
    name = serializers.CharField(source="view.exchange.name")
    url = serializers.SerializerMethodField()
    tier = Word(source="view.standing.tier")
    health = Word(source="view.health")
    state = serializers.CharField(source="maintenance.state")
    since = serializers.DateField(source="maintenance.since")
    last_confirmed = serializers.DateField(source="maintenance.last_confirmed")
    source = Word(source="maintenance.source")  # type: ignore[assignment]

    def get_url(self, charge: Charge) -> str:
        return reverse("api:exchange-detail", args=[charge.view.exchange.slug])


class ChargesSerializer(AnySerializer):
    """A maintainer with what is, and what was, in their charge. `website` is their own; `url` is this API's."""

    slug = serializers.CharField(source="maintainer.slug")
    name = serializers.CharField(source="maintainer.name")
    kind = serializers.CharField(source="maintainer.kind")
    website = Word(source="maintainer.url")
    url = serializers.SerializerMethodField()
    html_url = serializers.SerializerMethodField()
    last_confirmed = serializers.DateField()
    active = ChargeSerializer(many=True)
    emeritus = ChargeSerializer(many=True)

    def get_url(self, view: MaintainerView) -> str:
        return reverse("api:maintainer-detail", args=[view.maintainer.slug])

    def get_html_url(self, view: MaintainerView) -> str:
        return reverse("monitoring:maintainer-detail", args=[view.maintainer.slug])


class DraftSerializer(AnySerializer):
    fingerprint = serializers.CharField()
    basis = serializers.CharField()
    exchange = serializers.CharField(source="component.exchange.slug")
    component = serializers.CharField(source="component.kind")
    connector_id = Word(source="component.connector_id")
    title = serializers.CharField()
    text = serializers.CharField()
    kind = Word()
    cause = Word()
    since = Moment()
    html_url = serializers.SerializerMethodField()
    posted = serializers.SerializerMethodField()

    def get_html_url(self, draft: Draft) -> str:
        return reverse("monitoring:bounty-draft", args=[draft.fingerprint])

    def get_posted(self, draft: Draft) -> dict[str, str | None] | None:
        """The issue that asks for the same already."""
        if draft.posted is None:
            return None
        posted = draft.posted
        return {"tracker_id": posted.tracker_id, "state": posted.state, "issue_url": posted.issue_url or None}


class MaintainerList(PublicView):
    def get(self, request: Request) -> Response:
        maintainers = all_maintainers(timezone.now())
        return self.listed(
            list(ChargesSerializer(maintainers.everyone, many=True).data),
            seeking=[view.exchange.slug for view in maintainers.seeking],
            unmaintained=[view.exchange.slug for view in maintainers.unmaintained],
        )


class MaintainerDetail(PublicView):
    def get(self, request: Request, slug: str) -> Response:
        return Response(ChargesSerializer(one_maintainer(slug, timezone.now())).data)


class BountyDraftList(PublicView):
    """Repairs first, the longest failure before the others; then what is not built."""

    def get(self, request: Request) -> Response:
        drafts = bounty_drafts(timezone.now(), request.build_absolute_uri)
        return self.listed(list(DraftSerializer(drafts, many=True).data))
