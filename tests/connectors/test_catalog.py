"""The catalogue of connectors agrees with the folder, and an unknown id names the nearest."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import connectors
from connectors.base import Connector
from connectors.catalog import CONNECTORS, find_connector
from connectors.errors import UnknownConnector


def test_every_connector_in_the_folder_is_in_the_catalogue_under_its_own_id() -> None:
    found = set()
    for module in pkgutil.iter_modules(connectors.__path__):
        if module.name not in {"sandbox", "__main__"}:
            things = vars(importlib.import_module(f"connectors.{module.name}")).values()
            found |= {thing for thing in things if isinstance(thing, type) and issubclass(thing, Connector)}

    assert found - {Connector} == set(CONNECTORS.values())
    assert all(connector.id == name for name, connector in CONNECTORS.items())


def test_an_unknown_connector_names_the_nearest() -> None:
    with pytest.raises(UnknownConnector, match="did you mean kraken"):
        find_connector("Kraken")
