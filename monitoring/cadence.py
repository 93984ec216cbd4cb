"""How often a check runs, and at which moments: the cadence comes from the tier, the phase from a hash."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from django.core.exceptions import ImproperlyConfigured

from registry.choices import Tier

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

BY_TIER = {Tier.GOLD.value: 60, Tier.SILVER.value: 120, Tier.BRONZE.value: 300}
"""Seconds between two runs of a check: what is promised more is watched more closely."""

WITHOUT_TIER = 600


def cadence_of(tier: str) -> int:
    """Seconds between two runs for an exchange of this tier ("" for none); BELLWETHER_CADENCE_S sets all alike."""
    if text := os.environ.get("BELLWETHER_CADENCE_S", ""):
        if not text.isdecimal() or int(text) < 1:
            raise ImproperlyConfigured(f"BELLWETHER_CADENCE_S={text!r}: write whole seconds, at least 1")
        return int(text)
    return BY_TIER.get(tier, WITHOUT_TIER)


def phase_of(name: str, cadence_s: int) -> int:
    """The offset inside the cadence at which the check of this *name* runs: always the same one, spread by a hash."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") % cadence_s


def next_slot(now: datetime, *, cadence_s: int, phase_s: int) -> datetime:
    """The first moment after *now* that lies *phase_s* behind a multiple of *cadence_s* since 1970.

    Slots stand still however late a run starts or ends, so nothing drifts; those missed meanwhile are skipped.
    """
    cadence = timedelta(seconds=cadence_s)
    origin = EPOCH + timedelta(seconds=phase_s)
    return origin + ((now - origin) // cadence + 1) * cadence
