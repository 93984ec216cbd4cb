"""What a vote came to, in a word, a shape and a colour, as the governance pages show it."""

from __future__ import annotations

from typing import NamedTuple

from registry.choices import Tier


class Outcome(NamedTuple):
    """What a vote came to for one choice; *shape* names an icon, *style* a colour."""

    word: str
    shape: str
    style: str


GOLD, SILVER, BRONZE = (Outcome(str(tier.label), f"tier-{tier.value}", tier.value) for tier in Tier)
STAYS = Outcome("Stays in", "g-stays", "stays")
LEAVES = Outcome("Leaves", "g-leaves", "leaves")
OPEN = Outcome("Not decided", "g-open", "open")
LABELS = {
    "gold": GOLD,
    "silver": SILVER,
    "bronze": BRONZE,
    "core": Outcome("Core", "tier-gold", "gold"),
    "community": Outcome("Community", "tier-bronze", "bronze"),
}


def outcome_of(label: str, included: bool | None) -> Outcome:
    """A label says more than that it stays in; where nothing was decided, nothing is claimed."""
    if included is False:
        return LEAVES
    if label in LABELS:
        return LABELS[label]
    return STAYS if included else OPEN
