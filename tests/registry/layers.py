"""Rows that all the tests of a module stand on, written once for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def for_the_module(django_db_blocker: Any) -> Iterator[None]:
    """What is written inside stays until its end: each test runs in a savepoint on top of it.

    For fixtures of a module's scope, which ask for `django_db_setup`; transactional tests cannot stand on it.
    """
    with django_db_blocker.unblock():
        around = transaction.atomic()
        around._from_testcase = True
        with around:
            yield
            transaction.set_rollback(True)
