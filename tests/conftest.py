"""What every test shares: the services found here, Hypothesis's profiles, and a folder that goes with the run."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from hypothesis import settings as hypothesis_settings

from tests.services import PORTS, service

if TYPE_CHECKING:
    from collections.abc import Iterable

# Two busy cores make single examples slow without anything being wrong.
hypothesis_settings.register_profile("default", deadline=None)
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") == "true" else "default")


def pytest_report_header() -> list[str]:
    """Says what this run is against."""
    found = (f"{name} {'yes' if service(name).url else f'no ({service(name).reason})'}" for name in PORTS)
    engine = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    return [f"services: {', '.join(found)}", f"database: {engine}"]


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """Marks tests that ask for the database by fixture like those that ask by mark: `-m django_db` selects both."""
    for item in items:
        if {"db", "transactional_db"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.django_db)


def pytest_unconfigure() -> None:
    shutil.rmtree(settings.VAR_DIR, ignore_errors=True)
