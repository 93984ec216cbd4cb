"""Several people in one moment: each call in a thread and on a database connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from registry.errors import RegistryError


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call gave, in their order, or the RegistryError that refused it; whatever else one raises is raised.

    None begins before all of them are connected.
    """
    together = Barrier(len(calls), timeout=60)

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            together.wait()
            return call()
        except RegistryError as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        running = [pool.submit(run, call) for call in calls]
        return [future.result() for future in running]


def done_and_refused(outcomes: list[Any]) -> tuple[list[Any], list[RegistryError]]:
    done = [outcome for outcome in outcomes if not isinstance(outcome, RegistryError)]
    return done, [outcome for outcome in outcomes if isinstance(outcome, RegistryError)]
