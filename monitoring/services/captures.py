"""Which captures are kept: those of runs that went badly, of each check the newest few."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from monitoring.checks.outcomes import Outcome
from monitoring.models import Capture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitoring.models import Result
    from monitoring.services.results import Seen

logger = logging.getLogger(__name__)

WORTH_KEEPING = frozenset({Outcome.DEGRADED, Outcome.FAILED})

KEPT_PER_CHECK = 3
"""So that the table stays as small as the catalogue, however long something fails."""

MAX_STORED_BYTES = 4 * 1024 * 1024


def written(seen: Sequence[Seen]) -> dict[int, bytes]:
    """The files to keep, by check. It takes a while, so it is done before a transaction is begun."""
    files = {}
    for item in seen:
        if item.write_capture is None or item.result.outcome not in WORTH_KEEPING:
            continue
        try:
            data = item.write_capture()
        except Exception:  # a result is worth more than its capture
            logger.exception("no capture could be written", extra={"check": item.check_id})
            continue
        if len(data) > MAX_STORED_BYTES:
            logger.warning("a capture is too large to keep", extra={"check": item.check_id, "bytes": len(data)})
            continue
        files[item.check_id] = data
    return files


def keep_captures(results: Sequence[Result], files: Mapping[int, bytes]) -> None:
    """Stores the files beside their results, and forgets the oldest ones of the same checks."""
    Capture.objects.bulk_create(
        Capture(result=result, data=data, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for result in results
        if (data := files.get(result.live_check_id)) is not None
    )
    for check_id in files:
        of_check = Capture.objects.filter(result__live_check=check_id).order_by("-result_id")
        beyond = list(of_check.values_list("pk", flat=True)[KEPT_PER_CHECK:])
        Capture.objects.filter(pk__in=beyond).delete()
