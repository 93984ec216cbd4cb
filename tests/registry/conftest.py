"""A catalogue that a test may spoil, and rows to hang decisions on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry.choices import ExchangeType, MarketType
from registry.models import Exchange
from registry.services.catalogue import CATALOGUE_DIR


@pytest.fixture
def catalogue_copy(tmp_path: Path) -> Path:
    """The shipped catalogue, in a folder of the test's own."""
    return Path(shutil.copytree(CATALOGUE_DIR, tmp_path / "catalogue"))


@pytest.fixture
def exchange(db: None) -> Exchange:
    return Exchange.objects.create(
        slug="some-exchange", name="Some Exchange", exchange_type=ExchangeType.CEX, market_type=MarketType.CLOB
    )
