"""A catalogue that a test may spoil, rows to hang decisions on, and the recorded epochs as far as a test needs them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.choices import ExchangeType, MarketType
from registry.models import Exchange
from registry.services.catalogue import Loaded, load_catalogue
from registry.services.history import load_history
from tests.registry.layers import for_the_module
from tests.registry.two_exchanges import copy_of_two


@pytest.fixture(scope="session")
def catalogue_of_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_two(tmp_path_factory.mktemp("two") / "catalogue")


@pytest.fixture
def catalogue_copy(catalogue_of_two: Path, tmp_path: Path) -> Path:
    """The shipped catalogue, in a folder of the test's own, with the files of two exchanges alone: a test is quick."""
    return Path(shutil.copytree(catalogue_of_two, tmp_path / "catalogue"))


@pytest.fixture
def exchange(db: None) -> Exchange:
    return Exchange.objects.create(
        slug="some-exchange", name="Some Exchange", exchange_type=ExchangeType.CEX, market_type=MarketType.CLOB
    )


@pytest.fixture
def catalogue(db: None) -> None:
    """The shipped catalogue, loaded: exchanges, names and policies, and no tier yet."""
    load_catalogue()


@pytest.fixture
def history_to_epoch_6(catalogue: None) -> None:
    """Epochs 3 to 6 applied, of which the last has tiers in force; the later ones are mapped."""
    load_history(through=6)


@pytest.fixture(scope="module")
def whole_history(django_db_setup: None, django_db_blocker: Any) -> Iterator[Loaded]:
    """All thirteen epochs, applied. Each test's own transaction stands inside of this one, so a module pays once.

    Whatever test of the module runs after the first that asks for it sees it: keep the others in another module.
    """
    with for_the_module(django_db_blocker):
        load_catalogue()
        yield load_history()
