"""The record as rows, once for a module, and short records for what does not need all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from registry.services.catalogue import load_catalogue
from registry.services.history import load_history


@pytest.fixture(scope="module")
def recorded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """All thirteen epochs recorded, none applied. As with `whole_history`, the rest of the module sees it too."""
    with django_db_blocker.unblock(), transaction.atomic():
        load_catalogue()
        load_history(through=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def two_epochs(catalogue_copy: Path) -> Path:
    """The shipped catalogue with a record of epochs 3 and 4 alone."""
    return keep_epochs(catalogue_copy, 3, 4)


def keep_epochs(directory: Path, *numbers: int) -> Path:
    for path in (directory / "history").glob("*.yaml"):
        if path.name not in {f"epoch-{number:02d}.yaml" for number in numbers}:
            path.unlink()
    return directory
