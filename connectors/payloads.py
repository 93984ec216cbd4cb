"""What came over the wire, before it is believed: readable, of the documented shape, and with numbers that are some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from connectors.errors import MalformedPayload, UnexpectedShape
from connectors.order_book import MAX_DIGITS

if TYPE_CHECKING:
    from decimal import Decimal

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, RecursionError)
"""What decoding raises: not JSON, not the type, not a number, or nested beyond reason."""


def unreadable(error: Exception) -> type[MalformedPayload]:
    """What kind of unreadable: broken, or whole and not as documented."""
    return UnexpectedShape if isinstance(error, msgspec.ValidationError) else MalformedPayload


def convert(raw: msgspec.Raw, kind: Any, *, venue: str, endpoint: str, pair: str = "") -> Any:
    """A part of an answer as *kind*. Raises UnexpectedShape."""
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except UNREADABLE as error:
        raise UnexpectedShape(
            f"not the documented shape: {error}", venue=venue, pair=pair, endpoint=endpoint
        ) from error


def refuse_unless_numbers(*numbers: Decimal | None, venue: str, what: str) -> None:
    """Raises MalformedPayload. A venue writes numbers as text, where NaN and Infinity are read as such."""
    for number in numbers:
        if number is not None and not _is_reasonable(number):
            raise MalformedPayload(f"{number!s:.40} is not a number to count with", venue=venue, pair=what)


def refuse_unless_amounts(*numbers: Decimal | None, venue: str, what: str, above_zero: bool = False) -> None:
    """As `refuse_unless_numbers`; none may be negative either."""
    for number in numbers:
        if number is not None and not (_is_reasonable(number) and (number > 0 if above_zero else number >= 0)):
            raise MalformedPayload(f"{number!s:.40} is not an amount", venue=venue, pair=what)


def _is_reasonable(number: Decimal) -> bool:
    """Whether it can be written out in full: an exponent could be made to fill the memory."""
    return number.is_finite() and abs(number.adjusted()) < MAX_DIGITS
