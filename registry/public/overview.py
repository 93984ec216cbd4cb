"""Governance at a glance: which rules held in which epochs, and what each exchange got under them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from registry.choices import Basis
from registry.governance.wording import epochs_named
from registry.models import Exchange, TierAssignment
from registry.public.epochs import epochs_on
from registry.public.policies import policies_on
from registry.public.wording import outcome_of

if TYPE_CHECKING:
    from datetime import date

    from registry.models import Policy
    from registry.public.epochs import EpochView
    from registry.public.policies import PolicyView
    from registry.public.wording import Outcome


class Regime(NamedTuple):
    """One policy over neighbouring epochs of the picture."""

    policy: Policy | None
    width: int


class Cell(NamedTuple):
    """What one epoch meant for one exchange; *outcome* None: it was in no poll of it."""

    epoch: int
    outcome: Outcome | None
    is_override: bool


class Line(NamedTuple):
    exchange: Exchange
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """Epochs newest first; the picture reads from old to new, over the epochs that decided something.

    `waiting` are those after the last of them whose polls are recorded and were never applied, from old to new.
    """

    epochs: tuple[EpochView, ...]
    policies: tuple[PolicyView, ...]
    decided: tuple[EpochView, ...]
    waiting: tuple[EpochView, ...]
    regimes: tuple[Regime, ...]
    lines: tuple[Line, ...]

    @property
    def in_force(self) -> PolicyView | None:
        return next((view for view in self.policies if view.is_in_force), None)

    @property
    def latest_result(self) -> str:
        """Which result the tiers are from, where that is not what the rules in force would make one expect."""
        last = self.decided[-1] if self.decided else None
        in_force = self.in_force.policy if self.in_force else None
        if not self.waiting and (last is None or last.policy == in_force):
            return ""
        words = "No result is in effect here"
        if last:
            words = f"The latest result in effect here is that of epoch {last.epoch.number}"
            words += f", under {last.policy}" if last.policy != in_force else ""
        if self.waiting:
            are = "is" if len(self.waiting) == 1 else "are"
            words += f"; {epochs_named([view.epoch.number for view in self.waiting])} {are} recorded and not applied"
        return f"{words}."

    @property
    def outcomes(self) -> list[Outcome]:
        """Those that the picture shows, for its legend."""
        shown = {cell.outcome for line in self.lines for cell in line.cells if cell.outcome}
        order = ["Gold", "Silver", "Bronze", "Stays in", "Leaves", "Not decided"]
        return sorted(shown, key=lambda outcome: order.index(outcome.word))


def overview_on(day: date, *, as_of: date | None = None) -> Overview:
    """As of *day*: what was in effect by then. Seven queries, however much history there is."""
    epochs = epochs_on(as_of=as_of)
    standing = {view.change.changeset.pk: view for view in epochs if view.change and _begun(view, day)}
    decided = sorted(standing.values(), key=lambda view: view.epoch.number)
    last = decided[-1].epoch.number if decided else 0
    return Overview(
        epochs=tuple(epochs),
        policies=tuple(policies_on(day)),
        decided=tuple(decided),
        waiting=tuple(view for view in reversed(epochs) if view.epoch.number > last and view.is_waiting and not as_of),
        regimes=tuple(
            Regime(policy, len(list(views))) for policy, views in groupby(decided, key=lambda view: view.policy)
        ),
        lines=_lines(decided, {pk: view.epoch.number for pk, view in standing.items()}),
    )


def _begun(view: EpochView, day: date) -> bool:
    return view.change is not None and view.change.changeset.effective_from <= day


def _lines(decided: list[EpochView], epoch_of: dict[int, int]) -> tuple[Line, ...]:
    """Only exchanges that some poll named; by name."""
    rows = TierAssignment.objects.filter(changeset__in=list(epoch_of)).order_by("recorded_at", "pk")
    found: dict[int, dict[int, tuple[Outcome, bool]]] = {}
    for exchange_id, changeset_id, tier, included, basis in rows.values_list(
        "exchange_id", "changeset_id", "tier", "included", "basis"
    ):
        is_override = basis == Basis.OVERRIDE
        found.setdefault(exchange_id, {})[epoch_of[changeset_id]] = (outcome_of(tier, included), is_override)
    exchanges = Exchange.objects.in_bulk(list(found))
    lines = [
        Line(
            exchanges[pk],
            tuple(Cell(view.epoch.number, *found[pk].get(view.epoch.number, (None, False))) for view in decided),
        )
        for pk in found
    ]
    return tuple(sorted(lines, key=lambda line: line.exchange.name.casefold()))
