"""What a pair's trading rules were, to tell of a change for a while and then take it as given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.types import PairRules


@dataclass(frozen=True, slots=True)
class Change:
    """By rule what it was and what it is, None standing for none; first seen at `since`."""

    was: dict[str, Decimal | None]
    now: dict[str, Decimal | None]
    since: datetime

    def __str__(self) -> str:
        steps = [
            f"{name.replace('_', ' ')} was {_text(self.was[name])}, is {_text(self.now[name])}" for name in self.now
        ]
        return f"{', '.join(steps)}, since {self.since:%Y-%m-%d %H:%M} UTC"


def remembered(rules: PairRules) -> dict[str, Decimal | None]:
    """The rules that an order has to meet, by name."""
    values = {
        "price_tick": rules.price_tick,
        "size_step": rules.size_step,
        "min_size": rules.min_size,
        "min_cost": rules.min_cost,
    }
    if rules.contract is not None:
        values["contract_multiplier"] = rules.contract.multiplier
    return values


def compared(
    rules: PairRules, memory: Mapping[str, Any], *, now: datetime, shown_s: float
) -> tuple[dict[str, Any], Change | None]:
    """The memory for the next run, and the change from the rules of before; None in a first run.

    A change counts for *shown_s* after it was first seen; then the new rules are those of before.
    """
    present = remembered(rules)
    before = _read_rules(memory.get("rules"))
    if before is None:
        return _memory(present), None
    was = {name: before.get(name) for name in present if before.get(name) != present[name]}
    if not was:
        return _memory(present), None
    is_now = {name: present[name] for name in was}
    since = _read_time(memory.get("changed_at"))
    if since is None or _read_rules(memory.get("changed_to")) != present:
        since = now
    if now - since >= timedelta(seconds=shown_s):
        return _memory(present), None
    return _memory(before) | {"changed_to": _as_text(present), "changed_at": since.isoformat()}, Change(
        was, is_now, since
    )


def _memory(rules: Mapping[str, Decimal | None]) -> dict[str, Any]:
    return {"rules": _as_text(rules)}


def _as_text(rules: Mapping[str, Decimal | None]) -> dict[str, str | None]:
    return {name: None if value is None else f"{value:f}" for name, value in rules.items()}


def _read_rules(stored: object) -> dict[str, Decimal | None] | None:
    """None for what is no set of rules: the memory may be of another build."""
    if not isinstance(stored, dict):
        return None
    try:
        return {str(name): None if value is None else Decimal(value) for name, value in stored.items()}
    except (InvalidOperation, TypeError, ValueError):
        return None


def _read_time(stored: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(stored))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _text(value: Decimal | None) -> str:
    return "none" if value is None else f"{value:f}"
