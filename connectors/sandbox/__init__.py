"""Exchanges on loopback that speak the real wire protocols, with faults to switch on."""

from connectors.sandbox.catalog import SANDBOXES
from connectors.sandbox.faults import CATALOGUE, Fault, Faults
from connectors.sandbox.kraken import KrakenSandbox
from connectors.sandbox.kraken.keys import Permission
from connectors.sandbox.kucoin import KucoinPerpetualSandbox, KucoinSandbox
from connectors.sandbox.thread import SandboxThread

__all__ = [
    "CATALOGUE",
    "SANDBOXES",
    "Fault",
    "Faults",
    "KrakenSandbox",
    "KucoinPerpetualSandbox",
    "KucoinSandbox",
    "Permission",
    "SandboxThread",
]
