"""Where the shipped record contradicts itself, with its names told apart by the shipped aliases."""

from __future__ import annotations

from pathlib import Path

from registry.governance.contradictions import Contradiction, find_contradictions
from registry.governance.names import name_key
from registry.services.catalogue.files import CATALOGUE_DIR, read_catalogue
from registry.services.catalogue.names import spellings_of
from registry.services.history.files import read_history


def find_in_history(directory: Path = CATALOGUE_DIR) -> list[Contradiction]:
    """By epoch and poll. Touches no database. Raises CatalogueRefused."""
    spellings = spellings_of(read_catalogue(directory).subjects)

    def subject_of(kind: str, name: str, epoch: int) -> str:
        key = name_key(name)
        same = [spelling for spelling in spellings if spelling.key == (kind, key)]
        in_use = [spelling.slug for spelling in same if spelling.covers(epoch)] or [one.slug for one in same]
        return in_use[0] if in_use else key

    return find_contradictions(read_history(directory), subject_of)
