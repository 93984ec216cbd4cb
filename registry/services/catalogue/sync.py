"""Brings rows to what a file says, and notes each difference in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from django.db import models

Row = TypeVar("Row", bound=models.Model)


@dataclass(slots=True)
class Loaded:
    """What a load did, one line each, and what it found in the database that stands in no file and so left alone."""

    changes: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)

    def told(self, *, dry_run: bool) -> Iterator[str]:
        """The lines that a command prints."""
        yield from self.changes
        yield from (f"left alone: {line}" for line in self.left_alone)
        if not self.changes:
            yield "nothing to change"
        elif dry_run:
            yield "dry run: nothing was written"


class Rows(Generic[Row]):
    """The rows of one table by what tells them apart, read at once: a load asks for thousands, one after the other."""

    def __init__(self, rows: models.QuerySet[Row], *key: str) -> None:
        self.model = rows.model
        self.key = key
        self._stored = {self._key_of(row): row for row in rows}
        self._found: dict[Any, list[Row]] = {}
        for row in self._stored.values():
            self._found.setdefault(self._key_of(row)[0], []).append(row)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._stored.values())

    def found(self, first: Any) -> Sequence[Row]:
        """Those whose key begins with *first*, as they were before the load."""
        return self._found.get(first, ())

    def get(self, *key: Any) -> Row | None:
        return self._stored.get(key)

    def sync(self, key: tuple[Any, ...], values: dict[str, Any], label: str, loaded: Loaded, **at_first: Any) -> Row:
        """The row with *key*, created or brought to *values*; writes the columns that differ and notes each.

        *at_first*: columns of a new row that a stored one keeps as they are.
        """
        row = self._stored.get(key)
        if row is None:
            loaded.changes.append(f"created {label}")
            named = dict(zip(self.key, key, strict=True))
            row = self._stored[key] = self.model._default_manager.create(**named, **values, **at_first)
        else:
            correct(row, values, label, loaded)
        return row

    def move(self, row: Row, values: dict[str, Any]) -> None:
        """Writes another key into *row*."""
        del self._stored[self._key_of(row)]
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))
        self._stored[self._key_of(row)] = row

    def delete(self, row: Row, label: str, loaded: Loaded) -> None:
        del self._stored[self._key_of(row)]
        row.delete()
        loaded.changes.append(f"deleted {label}")

    def _key_of(self, row: Row) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in self.key)


class Placed(Protocol):
    """A row with a place among its neighbours; of two with one place, the older comes first."""

    pk: int
    position: int

    def save(self, *, update_fields: Iterable[str]) -> None: ...


def columns(entry: msgspec.Struct, *names: str) -> dict[str, Any]:
    """The named fields as columns hold them: plain values, and "" for what the file does not say."""
    plain = msgspec.to_builtins(entry, builtin_types=(Decimal, date))
    return {name: "" if plain[name] is None else plain[name] for name in names}


def correct(row: models.Model, values: dict[str, Any], label: str, loaded: Loaded) -> None:
    """Writes the columns of *row* that differ from *values*, and notes each."""
    differing = [name for name, value in values.items() if getattr(row, name) != value]
    for name in differing:
        loaded.changes.append(f"changed {label}: {name} {_shown(getattr(row, name))} to {_shown(values[name])}")
        setattr(row, name, values[name])
    if differing:
        row.save(update_fields=differing)


def keep_order(stated: Sequence[Placed], label: str, loaded: Loaded) -> None:
    """Numbers rows that do not come in the order in which the file states them; gaps between numbers mean nothing."""
    places = [(row.position, row.pk) for row in stated]
    if places == sorted(places):
        return
    for position, row in enumerate(stated):
        if row.position != position:
            row.position = position
            row.save(update_fields=["position"])
    loaded.changes.append(f"put in order {label}")


def _shown(value: Any) -> str:
    return f"{value}" if isinstance(value, models.Model | date) else repr(value)
