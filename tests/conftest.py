"""What every test shares: the services found here, Hypothesis's profiles, and a folder that goes with the run."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db.backends.base.operations import BaseDatabaseOperations
from hypothesis import settings as hypothesis_settings

from registry.triggers import guard_statements, unguard_statements
from tests.services import PORTS, service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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
        asks = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
        if asks and item.get_closest_marker("django_db") is None:  # the closest mark counts: none is laid over another
            item.add_marker(pytest.mark.django_db)


@pytest.fixture(scope="session", autouse=True)
def _flush_past_the_guards() -> Iterator[None]:
    """Between transactional tests all tables are emptied: the one deletion that append-only tables must let pass."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def unguarded_flush(self: BaseDatabaseOperations, statements: Sequence[str]) -> None:
        vendor = self.connection.vendor
        flush(self, [*unguard_statements(vendor), *statements, *guard_statements(vendor)])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", unguarded_flush)
        yield


def pytest_unconfigure() -> None:
    shutil.rmtree(settings.VAR_DIR, ignore_errors=True)
