"""Brings rows to what a file says, and notes each difference in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

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


def columns(entry: msgspec.Struct, *names: str) -> dict[str, Any]:
    """The named fields as columns hold them: plain values, and "" for what the file does not say."""
    plain = msgspec.to_builtins(entry, builtin_types=(Decimal, date))
    return {name: "" if plain[name] is None else plain[name] for name in names}


def sync(model: type[Row], key: dict[str, Any], values: dict[str, Any], label: str, loaded: Loaded) -> Row:
    """The row with *key*, created or brought to *values*; writes the columns that differ and notes each."""
    row = model._default_manager.filter(**key).first()
    if row is None:
        loaded.changes.append(f"created {label}")
        return model._default_manager.create(**key, **values)
    correct(row, values, label, loaded)
    return row


def correct(row: models.Model, values: dict[str, Any], label: str, loaded: Loaded) -> None:
    """Writes the columns of *row* that differ from *values*, and notes each."""
    differing = [name for name, value in values.items() if getattr(row, name) != value]
    for name in differing:
        loaded.changes.append(f"changed {label}: {name} {getattr(row, name)!r} to {values[name]!r}")
        setattr(row, name, values[name])
    if differing:
        row.save(update_fields=differing)
