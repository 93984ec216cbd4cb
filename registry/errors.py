"""What the registry refuses, and how it says so.

RegistryError
├── AppendOnly            a recorded decision was to be changed or deleted
├── FilesRefused          files that people write have problems; nothing of them was used
│   ├── CatalogueRefused  those of the catalogue and of the record of epochs
│   └── PolicyRefused     policy documents, also those of a what-if         (registry.governance.policy)
├── PollUnfit             a result that no rules can be applied to          (registry.governance.outcome)
├── DecisionRefused       a decision that cannot be meant                   (registry.governance.outcome)
├── ImportRefused         bytes that are not the result of one closed poll  (registry.importers.imported)
├── SnapshotUnavailable   the hub gave no answer that can be read           (registry.importers.snapshot)
├── HistoryRefused        the record does not fit what the database holds   (registry.services.history)
├── ProposalRefused       a proposal that cannot be written as it is stated (registry.services.proposals)
├── EpochRefused          a step of an epoch, with a tree of its own        (registry.services.epochs.errors)
├── PagesUnreadable       a folder of pages that is not there               (registry.drift.folder)
├── BadParameters         a request that asks what cannot be read           (registry.parameters)
└── NotHere               a request for what there is not                   (registry.public.missing)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class RegistryError(Exception):
    """Any refusal of the registry; its text is fit to show to an operator."""


class AppendOnly(RegistryError):
    """Decisions are added, never changed: what stood at a date must stay readable."""


def printed_path(path: Path) -> str:
    """As it is, and in quotes with escapes where it holds what a terminal would obey."""
    return str(path) if str(path).isprintable() else repr(str(path))


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault of one catalogue file. `line` counts from 1 and is 0 where there is none; `key` may be empty."""

    file: Path
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        file = printed_path(self.file)
        place = f"{file}:{self.line}" if self.line else file
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


class FilesRefused(RegistryError):
    """Every problem that was found in some files, in file and line order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class CatalogueRefused(FilesRefused):
    """Nothing of the catalogue, or of the record of epochs, was loaded."""
