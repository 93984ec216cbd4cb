"""What ends a service in the middle of its work, and what tells whether anything of it is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from django.apps import apps


class Crash(Exception):
    """The process ended here."""


def crash() -> NoReturn:
    raise Crash


@dataclass
class CrashAfter:
    """For connection.execute_wrapper: lets so many writes pass, and ends right behind the next.

    Right behind the last write is right before the commit.
    """

    writes: int
    end: Callable[[], Any] = crash
    first: str = ""
    """The statement that came before all others."""

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.first = self.first or sql
        result = execute(sql, params, many, context)
        if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            if self.writes == 0:
                self.end()
            self.writes -= 1
        return result


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of the registry; equal rows read alike, on either database and in any process."""
    return {
        model._meta.label: [
            {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
            for row in model._default_manager.order_by("pk").values()
        ]
        for model in apps.get_app_config("registry").get_models()
    }
