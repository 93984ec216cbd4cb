"""Whole ticks and lots written as the venues write them: with all their digits."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from connectors.sandbox.faults import Faults

MAX_DIGITS = 28  # what Decimal keeps exactly; `1e999999999` would fill the memory with zeros


def fixed(value: int, decimals: int) -> str:
    """*value* in units of 10^-decimals as text with that many decimals: `fixed(44780, 8)` is `0.00044780`."""
    if decimals == 0:
        return str(value)
    sign, digits = ("-", str(-value)) if value < 0 else ("", str(value))
    digits = digits.zfill(decimals + 1)
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def number(value: int, decimals: int) -> msgspec.Raw:
    """The same as a JSON number for msgspec, which keeps its trailing zeros."""
    return msgspec.Raw(fixed(value, decimals).encode())


def rescaled(value: int, decimals: int, wanted: int) -> int:
    """*value* in units of 10^-decimals expressed in units of 10^-wanted, cut where it does not fit."""
    if wanted >= decimals:
        return value * int(10 ** (wanted - decimals))
    return value // int(10 ** (decimals - wanted))


def scaled(text: str, decimals: int) -> int | None:
    """*text* as a whole number of 10^-decimals; None if it is no number or has more decimals."""
    if len(text) > MAX_DIGITS:
        return None
    try:
        value = Decimal(text).scaleb(decimals)
    except ArithmeticError:
        return None
    if not value.is_finite() or value.adjusted() > MAX_DIGITS or value != value.to_integral_value():
        return None
    return int(value)


def published_rule(value: str, faults: Faults) -> str:
    """A tick, lot or minimum as a trading rule prints it: *value*, or a multiple of it while `rules_change` is on."""
    change = faults.get("rules_change")
    return f"{Decimal(value) * change['factor']:f}" if change else value
