"""All exchanges: in one sentence how those are that are checked, and in groups those that were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitoring.facets import NOT_YET, SHOWN
from monitoring.headlines import index_headline
from monitoring.marks import OFF, UNWATCHED
from monitoring.pages import SEEN_AT, one_or_mixed
from monitoring.search import find
from monitoring.wording import listed
from registry.choices import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from monitoring.marks import Mark
    from monitoring.pages import ExchangeView
    from monitoring.rows import Match
    from monitoring.search import Asked, Found

MOST_NAMED = 3
"""Exchanges that nothing looks at are named up to here, and counted from there on."""


@dataclass(frozen=True, slots=True)
class IndexView:
    """The sentence is about *everyone*, whatever was asked; the groups hold what was *found*.

    They are `live` (it has checks), `unwatched` (the bot ships it, nothing here looks), `voted_on` (known from votes or
    proposals alone) and `former` (the bot ships it no longer).
    """

    everyone: tuple[ExchangeView, ...]
    found: Found
    tier_as_of: date
    mark: Mark
    headline: str
    detail: str
    source: str
    checked_at: datetime | None

    @property
    def live(self) -> list[Match]:
        return [match for match in self.found.matches if match.view.checks]

    @property
    def unwatched(self) -> list[Match]:
        return [match for match in self._without_checks if match.view.lifecycle == Lifecycle.ACTIVE]

    @property
    def voted_on(self) -> list[Match]:
        return [match for match in self._without_checks if match.view.lifecycle in NOT_YET]

    @property
    def former(self) -> list[Match]:
        return [match for match in self._without_checks if match.view.lifecycle not in SHOWN]

    @property
    def in_order(self) -> list[ExchangeView]:
        """What was found, as the page has it from top to bottom."""
        return [match.view for match in self.live + self.unwatched + self.voted_on + self.former]

    @property
    def _without_checks(self) -> list[Match]:
        return [match for match in self.found.matches if not match.view.checks]


def index_view(everyone: Sequence[ExchangeView], asked: Asked, *, tier_as_of: date) -> IndexView:
    """Raises BadParameters where something is asked that no exchange could be."""
    watched = [view for view in everyone if view.is_watched]
    source = one_or_mixed({view.source for view in everyone if view.source})
    mark, headline = index_headline(watched)
    return IndexView(
        everyone=tuple(everyone),
        found=find(everyone, asked),
        tier_as_of=tier_as_of,
        mark=mark,
        headline=headline + (SEEN_AT.get(source, "") if watched else ""),
        detail=" ".join(_counted(kind, everyone) for kind in (UNWATCHED, OFF)).strip(),
        source=source,
        checked_at=max((view.checked_at for view in watched if view.checked_at), default=None),
    )


def _counted(kind: Mark, everyone: Sequence[ExchangeView]) -> str:
    """Of what the bot ships, those of that mark: by name where they are few; "" where there are none."""
    names = [view.exchange.name for view in everyone if view.mark == kind and view.lifecycle == Lifecycle.ACTIVE]
    if not names:
        return ""
    return f"{kind.word}: {listed(names) if len(names) <= MOST_NAMED else f'{len(names)} exchanges'}."
