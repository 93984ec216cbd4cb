"""What the tests of the launcher share: a clean environment and processes that are waited for by event."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of an installation of its own, as an operator's shell would give it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BELLWETHER_")}
    kept.pop("DATABASE_URL", None)
    return kept | {"BELLWETHER_VAR": str(tmp_path / "var"), "DJANGO_SETTINGS_MODULE": "config.settings"}


@pytest.fixture
def lifeline(tmp_path: Path) -> tuple[Path, Callable[[], bool]]:
    """A FIFO that processes hold open for writing while they live, and a wait for the last one to be gone."""
    path = tmp_path / "lifeline"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def all_gone() -> bool:
        while select.select([reader], [], [], 10)[0]:
            if not os.read(reader, 4096):
                return True
        return False

    return path, all_gone
