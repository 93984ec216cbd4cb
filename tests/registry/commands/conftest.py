"""The small registry, people with and without permissions, and a way to run a command as they would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from tests.registry.layers import for_the_module
from tests.registry.small_registry import small_registry


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: what it printed, what it complained of, and its exit code."""

    out: str
    complaint: str
    code: int


@pytest.fixture(autouse=True)
def _on_the_registry(registry: None, db: None) -> None:
    """Every test stands on the small registry."""


@pytest.fixture(scope="module")
def registry(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with for_the_module(django_db_blocker):
        small_registry()
        User.objects.create_superuser("alice")
        for role in ("governor", "approver", "viewer"):
            User.objects.create_user(role).groups.add(Group.objects.get(name=role))
        yield


@pytest.fixture
def run() -> Callable[..., Ended]:
    def run_command(*words: Any) -> Ended:
        out = StringIO()
        try:
            call_command(*map(str, words), stdout=out)
        except CommandError as error:
            return Ended(out.getvalue(), str(error), error.returncode)
        return Ended(out.getvalue(), "", 0)

    return run_command
