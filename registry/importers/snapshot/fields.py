"""JSON read strictly: numbers as written, no key twice, each field of its type or a sentence that says why not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any, NoReturn, TypeVar

from registry.importers.imported import quoted
from registry.printable import is_printable

T = TypeVar("T")

DECIMAL_PLACES = 18
"""Of HBOT; what floating point writes beyond them stands for nothing."""

TOO_MANY_VOTES = Decimal(10) ** 22

EARLIEST_TIME = 1_500_000_000  # 2017: before Snapshot
LATEST_TIME = 4_102_444_800  # 2100: beyond it the figure is milliseconds


def strict_json(text: str) -> Any:
    """The value of *text*, with every number that has a point or an exponent as a Decimal. Raises Malformed."""
    try:
        return json.loads(
            text, parse_float=_decimal, parse_int=_whole, parse_constant=_refuse_constant, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"It is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
    except RecursionError as error:
        raise Malformed("It is not JSON that can be read: nested too deeply.") from error


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise Malformed(f"It holds a number that cannot be read: {quoted(text)}.") from error


def _whole(text: str) -> int:
    if len(text) > 40:  # Python refuses to read thousands of digits, and no count of votes has so many
        raise Malformed(f"It holds a number that cannot be read: {quoted(text)}.")
    return int(text)


def _refuse_constant(name: str) -> NoReturn:
    raise Malformed(f"It holds {name}, which is no number of JSON and no number of votes.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise Malformed(f"The key {quoted(twice)} stands twice in one object, and either could be meant.")
    return found


def number_of(value: Any) -> Decimal:
    """A JSON number, exact to the last decimal place of HBOT. Raises Malformed with what it is instead."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Malformed(f"{_kind(value)}, not a number")
    number = Decimal(value)
    if not number:
        return Decimal(0)
    if number < 0:
        raise Malformed("negative")
    if number.adjusted() >= TOO_MANY_VOTES.adjusted():
        raise Malformed("larger than any number of votes")
    if int(number.as_tuple().exponent) >= -DECIMAL_PLACES:
        return number
    with localcontext() as context:
        context.prec = 60
        return number.quantize(Decimal(1).scaleb(-DECIMAL_PLACES))


class Malformed(ValueError):
    """Data that is not what Snapshot sends; the text says how."""


class Fields:
    """The fields of one object; what is missing or of the wrong type is added to *problems*."""

    def __init__(self, values: Mapping[str, Any], problems: list[str], *, of: str) -> None:
        self._values = values
        self._problems = problems
        self._of = of

    def text(self, key: str, *, required: bool = True) -> str:
        value = self._values.get(key)
        if value is None:
            return self._missing(key, "") if required else ""
        if not isinstance(value, str):
            return self._wrong(key, f"is {_kind(value)}, not text", "")
        if not is_printable(value):
            return self._wrong(key, "holds characters that are no text", "")
        if required and not value.strip():
            return self._wrong(key, "is empty", "")
        return value

    def number(self, key: str, *, required: bool = True) -> Decimal | None:
        value = self._values.get(key)
        if value is None:
            return self._missing(key, None) if required else None
        try:
            return number_of(value)
        except Malformed as error:
            return self._wrong(key, f"is {error}", None)

    def count(self, key: str) -> int | None:
        """A whole number from 0; None where there is none."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            return self._wrong(key, "is not a whole number from 0", None)
        return value

    def time(self, key: str) -> datetime | None:
        value = self._values.get(key)
        if value is None:
            return self._missing(key, None)
        if isinstance(value, bool) or not isinstance(value, int) or not EARLIEST_TIME <= value <= LATEST_TIME:
            return self._wrong(key, "is no time in seconds since 1970", None)
        return datetime.fromtimestamp(value, UTC)

    def items(self, key: str) -> list[Any]:
        value = self._values.get(key)
        if value is None:
            return self._missing(key, [])
        if not isinstance(value, list):
            return self._wrong(key, f"is {_kind(value)}, not a list", [])
        return value

    def fields(self, key: str) -> Fields:
        value = self._values.get(key)
        if isinstance(value, dict):
            return Fields(value, self._problems, of=f"{self._of}.{key}")
        if value is not None:
            self._wrong(key, f"is {_kind(value)}, not an object", None)
        return Fields({}, self._problems, of=f"{self._of}.{key}")

    def is_true(self, key: str) -> bool:
        return self._values.get(key) is True

    def is_list(self, key: str) -> bool:
        return isinstance(self._values.get(key), list)

    def _missing(self, key: str, instead: T) -> T:
        self._problems.append(f"{self._of}.{key} is missing: ask for it in the query.")
        return instead

    def _wrong(self, key: str, reason: str, instead: T) -> T:
        self._problems.append(f"{self._of}.{key} {reason}.")
        return instead


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", str: "text", list: "a list", dict: "an object", type(None): "null"}
    return kinds.get(type(value), "a number")
