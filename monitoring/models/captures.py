"""The wire of a run that went badly, kept for whoever wants to run its check again."""

from __future__ import annotations

from datetime import UTC

from django.db import models

from monitoring.querysets import CaptureQuerySet


class Capture(models.Model):
    """A capture file as it is offered for download: gzip, and free of secrets."""

    result = models.OneToOneField("monitoring.Result", on_delete=models.CASCADE, related_name="capture")
    data = models.BinaryField()
    size = models.PositiveIntegerField("size, bytes")
    sha256 = models.CharField(max_length=64)

    objects = CaptureQuerySet.as_manager()

    class Meta:
        ordering = ["-result_id"]

    def __str__(self) -> str:
        return f"capture of result {self.result_id}, {self.size} bytes"

    @property
    def filename(self) -> str:
        check = self.result.live_check
        at = self.result.started_at.astimezone(UTC)
        return f"bellwether-{check.component.connector_id}-{check.kind}-{at:%Y-%m-%dT%H-%M-%SZ}.json.gz"
