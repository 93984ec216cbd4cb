"""Finds every way in which plain values differ from a schema, where msgspec alone stops at the first."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from registry.printable import is_printable
from registry.strict_yaml.source import KeyPath

Fault = tuple[KeyPath, str]

LONGEST_SHOWN = 60


def faults(value: Any, kind: Any, path: KeyPath = ()) -> Iterator[Fault]:
    """Each place under *value* that does not fit *kind*, with the reason; none where msgspec would accept it."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if value is not None:
            (kind,) = (option for option in get_args(kind) if option is not types.NoneType)
            yield from faults(value, kind, path)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _struct_faults(value, kind, path)
    elif origin is list:
        yield from _list_faults(value, get_args(kind)[0], path)
    elif origin is dict:
        key_kind, item_kind = get_args(kind)
        yield from _dict_faults(value, key_kind, item_kind, path)
    else:
        yield from _leaf_faults(value, kind, path)


def nearest(word: object, valid: Sequence[str]) -> str:
    """The end of a refusal: the valid word closest to *word*, or all of them when none is close."""
    close = get_close_matches(word, valid, n=1, cutoff=0.5) if isinstance(word, str) else []
    return f"did you mean {close[0]!r}?" if close else f"valid: {', '.join(sorted(valid)) or 'none'}"


def printed_key(path: KeyPath) -> str:
    """As a reader of the file writes it: components[1].intervals[0]."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _struct_faults(value: Any, kind: type[msgspec.Struct], path: KeyPath) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield path, f"expected a mapping, got {shown(value)}"
        return
    hints = _hints(kind)
    for key in value:
        if key not in hints:
            yield (*path, str(key)), f"unknown key; {nearest(key, list(hints))}"
    for field in msgspec.structs.fields(kind):
        if field.name in value:
            yield from faults(value[field.name], hints[field.name], (*path, field.name))
        elif field.required:
            yield (*path, field.name), "missing"


@cache
def _hints(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The types of its fields, which take far longer to find than to compare with."""
    return get_type_hints(kind, include_extras=True)


def _list_faults(value: Any, item_kind: Any, path: KeyPath) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield path, f"expected a list, got {shown(value)}"
        return
    seen = set()
    for index, item in enumerate(value):
        yield from faults(item, item_kind, (*path, index))
        if isinstance(item, dict | list):  # comparing what is nested may go deeper than Python does
            continue
        if item in seen:
            yield (*path, index), f"{shown(item)} stands twice in the list"
        seen.add(item)


def _dict_faults(value: Any, key_kind: Any, item_kind: Any, path: KeyPath) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield path, f"expected a mapping, got {shown(value)}"
        return
    for key, item in value.items():
        for _, reason in _leaf_faults(key, key_kind, path):
            yield (*path, str(key)), reason.replace("is not valid", "is not a valid key")
        yield from faults(item, item_kind, (*path, str(key)))


def _leaf_faults(value: Any, kind: Any, path: KeyPath) -> Iterator[Fault]:
    if isinstance(value, str) and (unfit := _unfit_character(value)):
        yield path, f"U+{ord(unfit):04X} is no character of a text, got {shown(value)}"
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        if isinstance(kind, type) and issubclass(kind, Enum):
            yield path, f"{shown(value)} is not valid; {nearest(value, [str(member.value) for member in kind])}"
        else:
            yield path, f"expected {_expected(kind)}, got {shown(value)}"


def _expected(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        (meta,) = get_args(kind)[1:]
        return str(meta.title)
    names = {"bool": "true or false", "date": "a date (YYYY-MM-DD)", "Decimal": "a number", "int": "a whole number"}
    return names.get(kind.__name__, str(kind.__name__))


def _unfit_character(text: str) -> str | None:
    """The first that no database column takes, or no reader sees: an escape in the file can make any character."""
    if text.isprintable():  # which is quick to say, of all but the texts of several lines
        return None
    return next((char for char in text if char == "\r" or not is_printable(char)), None)


def shown(value: Any) -> str:
    """*value* as the reader knows it from the file: nothing, its kind, or itself, cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    text = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"the number {text}"
    return repr(text)
