"""The whole shipped record in the database, loaded once for all the tests of a module that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from registry.services.catalogue import load_catalogue
from registry.services.history import load_history
from tests.registry.layers import for_the_module

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def loaded_record(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Loading takes seconds."""
    with for_the_module(django_db_blocker):
        load_catalogue()
        load_history()
        yield


@pytest.fixture
def record(loaded_record: None, db: None) -> None:
    """Epochs 3 to 13 applied, as the catalogue ships them."""
