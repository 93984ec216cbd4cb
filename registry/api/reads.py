"""What anyone may read about governance: fetch by name, answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from rest_framework.response import Response

from registry.api.bodies import (
    change_body,
    epoch_body,
    epoch_comparison_body,
    full_change_body,
    full_epoch_body,
    full_policy_body,
    policy_body,
)
from registry.api.public import PublicReadAsOf, PublicView
from registry.parameters import BadParameters, whole_number_of
from registry.public.changes import change_of, changes_since
from registry.public.epoch_compare import compare_epochs
from registry.public.epochs import epoch_on, epochs_on
from registry.public.policies import policies_on, policy_on
from registry.public.tiers import tier_of
from registry.public.what_if import asked_of
from registry.services.epochs import export_state

if TYPE_CHECKING:
    from rest_framework.request import Request


class EpochReads(PublicReadAsOf):
    """The list of epochs; that it can be added to is said elsewhere."""

    def get(self, request: Request) -> Response:
        return self.listed([epoch_body(view) for view in epochs_on(as_of=self.as_of)], **self.asked)


class EpochDetail(PublicReadAsOf):
    """Polls with the outcome of every choice that stands on the day asked about."""

    def get(self, request: Request, number: int) -> Response:
        return Response(full_epoch_body(epoch_on(number, as_of=self.as_of)) | self.asked)


class EpochCompare(PublicReadAsOf):
    """Two epochs side by side: who stands otherwise, their polls choice by choice, and their rules."""

    parameters = PublicReadAsOf.parameters | {"from", "to"}

    def get(self, request: Request) -> Response:
        return Response(epoch_comparison_body(compare_epochs(request.query_params, as_of=self.as_of)) | self.asked)


class WhatIf(PublicView):
    """Another shipped policy, or another threshold, over the same results: a difference, and nothing is written."""

    parameters = frozenset({"policy", "min_votes"})

    def get(self, request: Request, number: int) -> Response:
        asked = asked_of(number, request.query_params)
        if asked.difference is None:
            raise BadParameters({"policy": ["name a policy, such as hgp-50 v1, or give min_votes in HBOT"]})
        return Response(asked.difference)


class PolicyList(PublicReadAsOf):
    def get(self, request: Request) -> Response:
        views = policies_on(self.day)
        return self.listed([policy_body(view) for view in views], **self.asked)


class PolicyDetail(PublicReadAsOf):
    def get(self, request: Request, slug: str, version: int) -> Response:
        return Response(full_policy_body(policy_on(slug, version, self.day)) | self.asked)


class ChangeList(PublicReadAsOf):
    """Every changeset after `since`, newest first."""

    parameters = PublicReadAsOf.parameters | {"since"}

    def get(self, request: Request) -> Response:
        since = whole_number_of(request.query_params, "since", default=0)
        return self.listed([change_body(view) for view in changes_since(since, as_of=self.as_of)], **self.asked)


class ChangeDetail(PublicReadAsOf):
    def get(self, request: Request, serial: int) -> Response:
        return Response(full_change_body(change_of(serial, as_of=self.as_of)) | self.asked)


class Tier(PublicReadAsOf):
    """Why an exchange has its tier, and what it had on any past day."""

    def get(self, request: Request, slug: str) -> Response:
        return Response(tier_of(slug, as_of=self.as_of).why)


class State(PublicReadAsOf):
    """All that governance has decided, in the very bytes that a plan's base is the SHA-256 of."""

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(export_state(as_of=self.as_of), content_type="application/json")
