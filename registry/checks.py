"""Tells the operator at `manage.py check` that the catalogue would be refused, before a load does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, register

from registry.errors import FilesRefused
from registry.services.catalogue import CATALOGUE_DIR, read_catalogue
from registry.services.history import read_history


@register("catalogue")
def catalogue_is_readable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Its policies too, which are read with it."""
    return _refusals(read_catalogue, id="registry.E001", command="catalogue apply")


@register("catalogue")
def history_is_readable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return _refusals(read_history, id="registry.E002", command="load_history")


def _refusals(read: Callable[[Path], object], *, id: str, command: str) -> list[CheckMessage]:
    try:
        read(CATALOGUE_DIR)
    except FilesRefused as refusal:
        hint = f"Correct the file; {command} refuses it until then."
        return [Error(str(problem), hint=hint, id=id) for problem in refusal.problems]
    return []
