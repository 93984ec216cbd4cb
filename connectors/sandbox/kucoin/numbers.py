"""Numbers as KuCoin writes them: spot as text without trailing zeros, futures as bare JSON numbers."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from connectors.sandbox.decimals import fixed


def short(value: int, decimals: int) -> str:
    """*value* in units of 10^-decimals without trailing zeros: `short(669_764_000, 4)` is `66976.4`."""
    text = fixed(value, decimals)
    return text.rstrip("0").rstrip(".") if decimals else text


def bare(value: int, decimals: int) -> msgspec.Raw:
    """The same as a JSON number."""
    return msgspec.Raw(short(value, decimals).encode())


def amount(value: Decimal) -> str:
    """A Decimal as text without exponent or trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(value: Decimal) -> msgspec.Raw:
    """A Decimal as a JSON number."""
    return msgspec.Raw(amount(value).encode())
