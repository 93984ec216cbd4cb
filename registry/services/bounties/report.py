"""What an import of the tracker did with each line, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from registry.importers.bounty_tracker import LineProblem
from registry.services.bounties.places import Unplaced


@dataclass(frozen=True, slots=True)
class LineNote:
    """Something to say about one line; *bounty* is its id in the tracker."""

    line: int
    bounty: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.bounty}: {self.text}"


@dataclass(frozen=True, slots=True)
class UnplacedLine:
    """A bounty that was kept, but on no exchange."""

    line: int
    bounty: str
    named: str
    reason: Unplaced

    def __str__(self) -> str:
        named = f"{self.named}: " if self.named else ""
        return f"line {self.line}: {self.bounty}: {named}{self.reason}"


@dataclass(slots=True)
class TrackerReport:
    """Every line read is in exactly one of `created`, `changed`, `unchanged`, `repeats`, `conflicts` and `problems`."""

    origin: str
    sha256: str
    dry_run: bool
    lines: int = 0
    created: list[LineNote] = field(default_factory=list)
    changed: list[LineNote] = field(default_factory=list)
    unchanged: int = 0
    repeats: list[LineNote] = field(default_factory=list)
    conflicts: list[LineNote] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
    unplaced: list[UnplacedLine] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    notes: list[LineNote] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)

    @property
    def has_changes(self) -> bool:
        return bool(self.created or self.changed)

    def unplaced_by_reason(self) -> dict[Unplaced, int]:
        """How many bounties stand on no exchange for each reason that occurs."""
        reasons = [line.reason for line in self.unplaced]
        return {reason: reasons.count(reason) for reason in Unplaced if reason in reasons}

    def sentences(self) -> Iterator[str]:
        """The whole report, a line each; what a person should look at comes last, before the sum."""
        yield from (f"created {note}" for note in self.created)
        yield from (f"changed {note}" for note in self.changed)
        yield from (f"repeated {note}" for note in self.repeats)
        yield from self.parts
        yield from (f"left alone: {text}" for text in self.left_alone)
        yield from (f"not placed: {line}" for line in self.unplaced)
        yield from (f"note: {note}" for note in self.notes)
        yield from (f"conflict: {note}" for note in self.conflicts)
        yield from (f"not read: {note}" for note in self.problems)
        yield self.sum()

    def sum(self) -> str:
        counted = [
            f"{len(self.created)} created",
            f"{len(self.changed)} changed",
            f"{self.unchanged} unchanged",
            f"{len(self.repeats)} repeated",
            f"{len(self.conflicts)} in conflict",
            f"{len(self.problems)} not read",
        ]
        on_none = "".join(f"; {count} on no exchange: {reason}" for reason, count in self.unplaced_by_reason().items())
        return f"{self.origin}: {self.lines} lines: {', '.join(counted)}{on_none}"
