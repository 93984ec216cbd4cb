"""What the registry refuses, and how it says so.

RegistryError
├── AppendOnly          a recorded decision was to be changed or deleted
└── CatalogueRefused    catalogue files with problems; nothing of them was loaded
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class RegistryError(Exception):
    """Any refusal of the registry; its text is fit to show to an operator."""


class AppendOnly(RegistryError):
    """Decisions are added, never changed: what stood at a date must stay readable."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of one catalogue file. `line` counts from 1 and is 0 where there is none; `key` may be empty."""

    file: Path
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else f"{self.file}"
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


class CatalogueRefused(RegistryError):
    """Every problem that was found in the catalogue, in file and line order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))
