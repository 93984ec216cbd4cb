"""KuCoin: its spot and its perpetual connector."""

from connectors.kucoin.perpetual import KucoinPerpetual
from connectors.kucoin.spot import Kucoin

__all__ = ["Kucoin", "KucoinPerpetual"]
