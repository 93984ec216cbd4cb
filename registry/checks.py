"""Tells the operator at `manage.py check` that the catalogue would be refused, before a load does."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register

from registry.errors import CatalogueRefused
from registry.services.catalogue import CATALOGUE_DIR, read_catalogue


@register("catalogue")
def catalogue_is_readable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        read_catalogue(CATALOGUE_DIR)
    except CatalogueRefused as refusal:
        return [
            Error(str(problem), hint="Correct the file; load_catalogue refuses it until then.", id="registry.E001")
            for problem in refusal.problems
        ]
    return []
