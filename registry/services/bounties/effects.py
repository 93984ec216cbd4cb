"""Which open bounties a change of tiers concerns: told in an epoch's plan, before it is applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.effects import register_effect
from registry.models import Bounty
from registry.services.bounties.pots import COMMITTED


def register() -> None:
    register_effect("bounties", effects_on_bounties)


def effects_on_bounties(moves: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """One sentence for each bounty of a moved exchange that is promised and not yet paid, in one query."""
    moved = [move["exchange"] for move in moves if move["change"] != "unchanged"]
    concerned = Bounty.objects.filter(exchange__slug__in=moved, state__in=COMMITTED).select_related("exchange")
    return [
        {"kind": "bounty", "exchange": bounty.exchange.slug, "text": _sentence(bounty)}
        for bounty in concerned.order_by("exchange__slug", "tracker_id", "part")
        if bounty.exchange
    ]


def _sentence(bounty: Bounty) -> str:
    title = f" ({bounty.title})" if bounty.title else ""
    reward = "of an unstated amount" if bounty.amount is None else f"of {bounty.reward}"
    return f"bounty {bounty.tracker_id}{title} {reward} is {bounty.get_state_display().lower()}"
