"""One sentence on how an exchange is, and one on all of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from monitoring.choices import Health
from monitoring.marks import ABSENT, HEALTH_MARKS, OFF, STALE, UNWATCHED, WAITING, Mark
from monitoring.wording import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitoring.pages import CheckView, ExchangeView


def exchange_headline(name: str, mark: Mark, checks: Sequence[CheckView]) -> str:
    if mark is UNWATCHED:
        return f"This build cannot check {name} live yet, so its health is not known."
    if mark is ABSENT:
        return f"The bot does not ship {name}, so nothing of it is checked."
    if mark is OFF:
        return f"The checks of {name} are switched off here, so its health is not known."
    counts = Counter(view.mark.name for view in checks)
    total = len(checks)
    if counts["waiting"] == total:
        return "No check has finished yet."
    parts = {
        "failed": "failed",
        "degraded": "degraded",
        "maintenance": "under maintenance",
        "inconclusive": "inconclusive",
        "stale": "out of date",
        "waiting": "waiting",
        "off": "switched off",
    }
    counted = f"{counts['ok']} of {total} check{'s' if total > 1 else ''} OK"
    told = [f"{counts[key]} {word}" for key, word in parts.items() if counts[key]]
    return f"{counted}, {listed(told)}." if told else f"{counted}."


def index_headline(watched: Sequence[ExchangeView]) -> tuple[Mark, str]:
    if not watched:
        return UNWATCHED, "Nothing is checked live here"
    for name, said in (("failed", "failing"), ("maintenance", "under maintenance"), ("degraded", "degraded")):
        views = [view for view in watched if view.mark.name == name]
        if views:
            names = [view.exchange.name for view in views]
            return views[0].mark, f"{listed(names)} {'is' if len(names) == 1 else 'are'} {said}"
    marks = {view.mark for view in watched}
    if marks == {WAITING}:
        return WAITING, "Waiting for the first checks"
    names = [view.exchange.name for view in watched if view.mark.name != "ok"]
    if names:
        return STALE if marks == {STALE} else HEALTH_MARKS[Health.UNKNOWN], f"Not known right now: {listed(names)}"
    everyone = "Every exchange that is checked works" if len(watched) > 1 else f"{watched[0].exchange.name} works"
    return HEALTH_MARKS[Health.OK], everyone
