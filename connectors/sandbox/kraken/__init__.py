"""Kraken's spot dialect: REST and WebSocket v2 on one port."""

from connectors.sandbox.kraken.exchange import KrakenSandbox
from connectors.sandbox.kraken.keys import Permission

__all__ = ["KrakenSandbox", "Permission"]
