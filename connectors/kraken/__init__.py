"""Kraken: its spot connector."""

from connectors.kraken.spot import Kraken

__all__ = ["Kraken"]
