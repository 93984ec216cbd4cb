"""What else a plan would move: whoever depends on tiers says so here, in sentences, before anything is applied.

Effects inform. A plan keeps them as they were when it was made, and its hash does not cover them: what was approved is
who moves where, and a check or bounty that came since makes no plan stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Effects = Callable[[Sequence[Mapping[str, Any]]], list[dict[str, str]]]
"""From a plan's moves to [{"kind", "exchange", "text"}]. It reads and never writes."""

_effects: dict[str, Effects] = {}


def register_effect(name: str, effects: Effects) -> None:
    """To be called once per *name*, from an app's `ready()`."""
    _effects[name] = effects


def effects_of(moves: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What all that registered say of these moves, in the order of their names."""
    return [effect for name in sorted(_effects) for effect in _effects[name](moves)]
