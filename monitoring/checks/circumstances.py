"""What is known beside a finding, by which its blame is decided: our network, both clocks, the venue's own word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from connectors.types import VenueMode
    from monitoring.checks.outcomes import Condition, Kind

CLOCK_TOLERANCE_MS = 2_000.0
"""Of our clock against the control hosts', which print whole seconds; of a venue's against ours likewise."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known beside a finding; None stands for what was not asked or not answered.

    `clock_offset_ms` is the control hosts' clock minus ours, `venue_offset_ms` the venue's minus ours. `key_accepted`,
    `others_read` and `told_to_wait` tell of the other steps of the same run: the venue took our key, its answers made
    sense, our rate was too high. `stood_still_ms` is the longest time in which our own process did nothing meanwhile.
    """

    is_on_this_machine: bool = False
    has_network: bool | None = None
    network_ms: float | None = None
    clock_offset_ms: float | None = None
    venue_offset_ms: float | None = None
    venue_mode: VenueMode | None = None
    venue_said: str = ""
    key_accepted: bool = False
    others_read: bool = False
    told_to_wait: bool = False
    stood_still_ms: float = 0.0

    @property
    def is_our_clock_right(self) -> bool | None:
        return None if self.clock_offset_ms is None else abs(self.clock_offset_ms) <= CLOCK_TOLERANCE_MS

    @property
    def is_venue_clock_ours(self) -> bool | None:
        return None if self.venue_offset_ms is None else abs(self.venue_offset_ms) <= CLOCK_TOLERANCE_MS

    def facts(self) -> dict[str, object]:
        """For the sentences of the rules, which name what they rest on."""
        return {
            "our_offset": _milliseconds(self.clock_offset_ms),
            "venue_offset": _milliseconds(self.venue_offset_ms),
            "network_ms": _milliseconds(self.network_ms),
            "stood_still": _milliseconds(self.stood_still_ms),
            "said": self.venue_said or (self.venue_mode or "nothing"),
        }


def _milliseconds(value: float | None) -> str:
    return "an unknown time" if value is None else f"{value:,.0f} ms"


class Finding(NamedTuple):
    """A condition that is not met, and the kind of check that met it."""

    kind: Kind
    condition: Condition

    @property
    def is_on_a_stream(self) -> bool:
        return self.condition.endpoint.startswith(("ws:", "wss:"))
