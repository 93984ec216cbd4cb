"""The drift report as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.response import Response

from monitoring.drift_report import drift_report
from registry.api.public import SCHEMA_VERSION, PublicReadAsOf

if TYPE_CHECKING:
    from rest_framework.request import Request


class Drift(PublicReadAsOf):
    """Pages are held against the tiers of the day asked about; what is observed is observed now."""

    def get(self, request: Request) -> Response:
        envelope = {"schema_version": SCHEMA_VERSION, "registry_serial": self.registry_serial}
        return Response(envelope | drift_report(timezone.now(), on=self.as_of).as_json())
