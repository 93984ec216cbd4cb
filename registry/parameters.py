"""Parameters of public addresses. A misspelt one that is passed over in silence answers another question."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from django.utils import timezone

from registry.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http import QueryDict

ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class BadParameters(RegistryError):
    """What is wrong with a request, by the parameter's name."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self.fields = fields
        super().__init__("; ".join(f"parameter {name}: {' and '.join(reasons)}" for name, reasons in fields.items()))


def refuse_unknown(given: QueryDict, known: Collection[str], *, repeated: Collection[str] = ()) -> None:
    """Raises BadParameters for every parameter that means nothing here, or is there twice and not among *repeated*."""
    fields: dict[str, list[str]] = {}
    for name, values in given.lists():
        if name not in {*known, *repeated}:
            names = ", ".join(sorted({*known, *repeated}))
            remedy = f"known here: {names}" if names else "this address takes none"
            fields[name] = [f"unknown parameter; {remedy}"]
        elif len(values) > 1 and name not in repeated:
            fields[name] = ["given more than once: give it once"]
    if fields:
        raise BadParameters(fields)


def day_of(given: QueryDict, name: str = "as_of") -> date | None:
    """The past day or today that is asked about; None where the parameter is absent: now. Raises BadParameters."""
    text = given.get(name)
    if text is None:
        return None
    if not ISO_DAY.fullmatch(text):
        raise BadParameters({name: [f"“{text}” is no day: write YYYY-MM-DD, such as 2023-11-10"]})
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadParameters({name: [f"“{text}” is not in the calendar: write a day that is, as YYYY-MM-DD"]}) from error
    today = timezone.now().date()
    if day > today:
        raise BadParameters({name: [f"{text} lies ahead of today, {today} in UTC: ask about a day up to today"]})
    return day


def whole_number_of(given: QueryDict, name: str, *, default: int) -> int:
    """A number from 0 on, *default* where the parameter is absent. Raises BadParameters."""
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise BadParameters({name: [f"“{text}” is no whole number from 0 on"]})
    return int(text)
