"""One exchange as a line of the list: what kind it is, what became of it, and what there is of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from registry.choices import DeclaredStatus, Lifecycle

if TYPE_CHECKING:
    from monitoring.pages import ExchangeView
    from registry.models import Exchange

SHAPES = {
    DeclaredStatus.AVAILABLE.value: "g-stays",
    DeclaredStatus.NOT_BUILT.value: "g-open",
    DeclaredStatus.REMOVED.value: "g-leaves",
}
"""What a line tells of components, each status by a shape; what an exchange does not offer is left to its own page."""

GONE = frozenset({Lifecycle.REMOVED, Lifecycle.RENAMED})
IN_BRACKETS = re.compile(r"\((\w+)\)\Z")


class Part(NamedTuple):
    """A component in a word or two; *said* is what is declared of it."""

    label: str
    short: str
    status: str
    said: str
    shape: str


@dataclass(frozen=True, slots=True)
class Match:
    """An exchange that was found; *also* is the spelling that was looked for, where its name is another."""

    view: ExchangeView
    also: str

    @property
    def kind(self) -> str:
        """As in CEX, CLOB; "" where neither is stated."""
        exchange = self.view.exchange
        labels = (exchange.get_exchange_type_display(), exchange.get_market_type_display())
        return ", ".join(_short(label) for label in labels if label)

    @property
    def about(self) -> str:
        """In a few words beside the name: what it is, how it was found, how it went."""
        also = f"also {self.also}" if self.also else ""
        fate = fate_of(self.view.exchange) if self.view.lifecycle in GONE else ""
        return " · ".join(filter(None, (self.kind, also, fate)))

    @property
    def parts(self) -> list[Part]:
        told = set(SHAPES)
        if self.view.lifecycle in GONE:  # what might have been built then is nobody's question now
            told.remove(DeclaredStatus.NOT_BUILT)
        components = [view.component for view in self.view.components if view.component.status in told]
        return [
            Part(
                label=component.get_kind_display(),
                short=component.get_kind_display().removesuffix(" Connector").removesuffix(" Feed"),
                status=component.status,
                said=component.get_status_display().lower(),
                shape=SHAPES[component.status],
            )
            for component in components
        ]


def fate_of(exchange: Exchange) -> str:
    """As in Removed in 1.21.0; "" for one that the bot ships."""
    if exchange.is_shipped:
        return ""
    words = f"Renamed to {exchange.renamed_to.name}" if exchange.renamed_to else exchange.get_lifecycle_display()
    return f"{words} in {exchange.removed_in}" if exchange.removed_in else words


def _short(label: str) -> str:
    """What stands in brackets, where a label has it: Centralized exchange (CEX) is CEX."""
    found = IN_BRACKETS.search(label)
    return found[1] if found else label
