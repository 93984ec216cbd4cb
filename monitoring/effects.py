"""What a change of tiers moves in monitoring: told in an epoch's plan, before it is applied."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.db.models import Count

from monitoring.cadence import cadence_of
from monitoring.checks.layers import thresholds_for
from monitoring.models import Check

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def effects_on_checks(moves: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """How often the checks of each moved exchange will run, and which limits change, one sentence each.

    Of an exchange that nothing here checks there is nothing to say.
    """
    moved = {move["exchange"]: move for move in moves if move["old"]["tier"] != move["new"]["tier"]}
    of_moved = Check.objects.planned().filter(component__exchange__slug__in=moved).order_by()
    counts = of_moved.values_list("component__exchange__slug").annotate(Count("pk"))
    effects = []
    for slug, count in sorted(counts):
        old, new = moved[slug]["old"]["tier"], moved[slug]["new"]["tier"]
        before_s, after_s = cadence_of(old), cadence_of(new)
        checks = "its check runs" if count == 1 else f"its {count} checks run"
        if before_s != after_s:
            text = f"{checks} every {after_s} s instead of every {before_s} s"
            effects.append({"kind": "cadence", "exchange": slug, "text": text})
        if changed := _changed_limits(old, new):
            which = changed[0] if len(changed) == 1 else f"{len(changed)} limits, such as {changed[0]}"
            effects.append({"kind": "limits", "exchange": slug, "text": f"the checks' limits change: {which}"})
    return effects


def _changed_limits(old: str, new: str) -> list[str]:
    before, after = asdict(thresholds_for(old)), asdict(thresholds_for(new))
    return [
        f"{kind}.{limit} {value:g} to {after[kind][limit]:g}"
        for kind, limits in before.items()
        for limit, value in limits.items()
        if after[kind][limit] != value
    ]
