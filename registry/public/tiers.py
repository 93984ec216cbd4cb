"""Why an exchange has its tier, or none: what `why` says, with where the exchange stood on that day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from registry.governance.wording import figure, margin_words, percent, rule_words
from registry.models import Exchange
from registry.public.missing import UnknownExchange
from registry.public.standing import standing_on, vote_words
from registry.services.epochs import why

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from registry.models import TierAssignment
    from registry.public.standing import Standing


@dataclass(frozen=True, slots=True)
class TierView:
    exchange: Exchange
    standing: Standing
    why: Mapping[str, Any]

    @property
    def votes(self) -> str:
        return figure(self.why["votes"])

    @property
    def share(self) -> str:
        return percent(self.why["share"])

    @property
    def rule(self) -> str:
        """In words; the page shows its place in the policy beside it."""
        return rule_words(self.why["rule"] or "")

    @property
    def margins(self) -> list[str]:
        return list(margin_words(self.why))

    @property
    def lines(self) -> list[HistoryLine]:
        return [HistoryLine(row) for row in self.standing.history]


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One decision, ready to print."""

    row: TierAssignment

    @property
    def tier_label(self) -> str:
        return str(self.row.get_tier_display() or "No tier")

    @property
    def release(self) -> str:
        return {True: "stays in", False: "leaves", None: "nothing decided"}[self.row.included]

    @property
    def vote(self) -> str:
        return vote_words(self.row)


def exchange_named(slug: str) -> Exchange:
    """With its whole history. Raises UnknownExchange."""
    # PostgreSQL refuses a NUL in any text that it is asked for.
    exchange = None if "\0" in slug else Exchange.objects.with_history().filter(slug=slug).first()
    if exchange is None:
        raise UnknownExchange(slug, list(Exchange.objects.values_list("slug", flat=True)))
    return exchange


def tier_of(slug: str, *, as_of: date | None = None) -> TierView:
    """Raises UnknownExchange."""
    exchange = exchange_named(slug)
    standing = standing_on(exchange.tier_assignments.all(), as_of or timezone.now().date())
    return TierView(exchange, standing, why(exchange, as_of=as_of))
