"""Where the printed record contradicts itself, computed from the files of the record that ship with the catalogue."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from registry.choices import PollGroup
from registry.services.history import find_in_history

if TYPE_CHECKING:
    from registry.governance.contradictions import Contradiction


def contradictions_of(epoch: int) -> list[str]:
    """In sentences, each opening with its poll where it is about one."""
    return [
        f"{PollGroup(found.poll).label}: {found.text}" if found.poll else found.text
        for found in _shipped()
        if found.epoch == epoch
    ]


@cache
def _shipped() -> tuple[Contradiction, ...]:
    """Files that ship do not change while a process runs, and reading them takes a third of a second."""
    return tuple(find_in_history())
