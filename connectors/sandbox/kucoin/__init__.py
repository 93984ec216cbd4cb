"""KuCoin's spot and futures dialects: REST and WebSocket on one port each."""

from connectors.sandbox.kucoin.exchange import KucoinPerpetualSandbox, KucoinSandbox
from connectors.sandbox.kucoin.keys import Permission

__all__ = ["KucoinPerpetualSandbox", "KucoinSandbox", "Permission"]
