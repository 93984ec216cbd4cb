"""How Kraken spells assets and pairs, and how we do.

From Kraken's own specification (krakenfx/api-specs) and documentation (docs.kraken.com), read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.types import TradingPair

RENAMED = {"XBT": "BTC", "XDG": "DOGE"}
"""Exactly these two differ between REST and WebSocket v2; our spelling is that of v2."""


def asset_name(altname: str) -> str:
    """Our spelling of an asset, keeping a suffix such as `.F`."""
    name, dot, suffix = altname.partition(".")
    return RENAMED.get(name, name) + dot + suffix


def symbol_of(pair: TradingPair) -> str:
    """The v2 symbol, which REST accepts as well."""
    return f"{pair.base}/{pair.quote}"
