"""The catalogue of connectors agrees with the folder, and an unknown id names the nearest."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from pathlib import Path

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


def test_every_venue_is_kept_apart_from_the_others() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    [apart] = [rule for rule in project["tool"]["importlinter"]["contracts"] if rule["type"] == "independence"]

    venues = {".".join(connector.__module__.split(".")[:2]) for connector in CONNECTORS.values()}

    assert set(apart["modules"]) == venues | {"connectors.sandbox"}


def test_an_unknown_connector_names_the_nearest() -> None:
    with pytest.raises(UnknownConnector, match="did you mean kraken"):
        find_connector("Kraken")
    with pytest.raises(UnknownConnector, match="did you mean kucoin_perpetual"):
        find_connector("kucoin_perp")
