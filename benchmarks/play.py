"""How a recording is played: as fast as the reader takes it, or by the clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Play:
    """How a market is played: *frames* as fast as they are taken, or without end where that is None.

    *frames_per_s* plays it by the clock instead, to each connection at a beat of its own. The frame *lost* is left out.
    """

    frames: int | None = None
    frames_per_s: float | None = None
    lost: int | None = None
    pairs: int = 1
    """Listed, all with the same book."""
