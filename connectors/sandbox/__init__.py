"""Exchanges on loopback that speak the real wire protocols, with faults to switch on."""

from connectors.sandbox.faults import CATALOGUE, Fault, Faults
from connectors.sandbox.kraken import KrakenSandbox
from connectors.sandbox.kraken.keys import Permission
from connectors.sandbox.thread import SandboxThread

__all__ = ["CATALOGUE", "Fault", "Faults", "KrakenSandbox", "Permission", "SandboxThread"]
