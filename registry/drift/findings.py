"""What a comparison found: values that the page, the API and the command show alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

LONG = 25
"""Findings of one kind that a page shows at once; more are shown on demand."""


class Kind(StrEnum):
    """Why two sides differ. In the order in which a reader wants them: what misleads most comes first."""

    REMOVED_BUT_AVAILABLE = "removed_but_available"
    FAILING = "failing"
    WORKS_UNDECLARED = "works_undeclared"
    TIER_STALE = "tier_stale"
    TIER_CONTRADICTION = "tier_contradiction"
    DIFFERS = "differs"
    IDS_DISAGREE = "ids_disagree"
    ONLY_FILE = "only_file"
    ONLY_REGISTRY = "only_registry"
    AFTER_TIERS = "after_tiers"
    STALE = "stale"
    MISSING_THERE = "missing_there"
    MISSING_HERE = "missing_here"
    NO_PAGE = "no_page"
    UNWATCHED = "unwatched"

    @property
    def heading(self) -> str:
        return _HEADINGS[self]

    @property
    def icon(self) -> str:
        """The shape that stands before the title."""
        quiet = {Kind.FAILING: "failed", Kind.UNWATCHED: "unwatched", Kind.NO_PAGE: "absent"}
        return quiet.get(self, "degraded")

    @property
    def is_drift(self) -> bool:
        """Two sides contradict each other. What nobody tried, or nobody wrote a page for, contradicts nothing."""
        return self not in {Kind.UNWATCHED, Kind.NO_PAGE}


_HEADINGS = {
    Kind.REMOVED_BUT_AVAILABLE: "Declared available, and not in the current release",
    Kind.FAILING: "Declared available, and failing",
    Kind.WORKS_UNDECLARED: "Declared as not there, and this build can do it",
    Kind.TIER_STALE: "The page shows another tier",
    Kind.TIER_CONTRADICTION: "The page states two tiers",
    Kind.DIFFERS: "Another tier in the client",
    Kind.IDS_DISAGREE: "The client's ids of one exchange disagree",
    Kind.ONLY_FILE: "A tier in the client alone",
    Kind.ONLY_REGISTRY: "A tier in the registry alone",
    Kind.AFTER_TIERS: "A label from after the tiers had ended",
    Kind.STALE: "Page and registry say different things",
    Kind.MISSING_THERE: "The page lacks it",
    Kind.MISSING_HERE: "The registry lacks it",
    Kind.NO_PAGE: "No page in the folder",
    Kind.UNWATCHED: "Declared available, and no live check",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference: what the registry says, what the other side says, since when, and what to do."""

    kind: Kind
    exchange: str  # a slug
    name: str
    about: str  # the fact that is compared, in words
    registry: str
    other: str
    since: date | datetime | None = None  # None: no source says
    since_what: str = ""  # what began then
    where: str = ""  # the file and the line
    link: str = ""  # the page here on which more is told
    remedy: str  # what to do; "" where there is nothing left to mend

    @property
    def is_to_the_second(self) -> bool:
        return isinstance(self.since, datetime)

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "exchange": self.exchange,
            "about": self.about,
            "registry": self.registry,
            "other": self.other,
            "since": _moment(self.since),
            "since_what": self.since_what or None,
            "where": self.where or None,
            "html_url": self.link or None,
            "remedy": self.remedy or None,
        }


def _moment(at: date | datetime | None) -> str | None:
    if isinstance(at, datetime):
        return at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return at.isoformat() if at else None


@dataclass(frozen=True, slots=True)
class Aside:
    """What could not be compared, and why."""

    title: str
    items: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one kind."""

    kind: Kind
    findings: tuple[Finding, ...]

    @property
    def is_long(self) -> bool:
        return len(self.findings) > LONG

    @property
    def shared_remedy(self) -> str:
        """What to do about each of them, where that is the same for all of several; else ""."""
        remedies = {finding.remedy for finding in self.findings}
        return remedies.pop() if len(remedies) == 1 < len(self.findings) else ""

    @property
    def has_own_remedies(self) -> bool:
        return not self.shared_remedy and any(finding.remedy for finding in self.findings)

    @property
    def has_days(self) -> bool:
        return any(finding.since for finding in self.findings)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What many share, with the exchanges that share it, for findings that are many and all alike."""
        shared: dict[tuple[str, str], dict[str, list[Finding]]] = {}
        for finding in self.findings:
            by_exchange = shared.setdefault((finding.other, finding.remedy), {})
            by_exchange.setdefault(finding.exchange, []).append(finding)
        return tuple(
            Reason(other, remedy, tuple(tuple(found) for found in by_exchange.values()))
            for (other, remedy), by_exchange in shared.items()
        )


@dataclass(frozen=True, slots=True)
class Reason:
    other: str
    remedy: str
    exchanges: tuple[tuple[Finding, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sides held against each other: what was compared, what was found, and what could not be compared."""

    key: str
    title: str
    compared: str  # one or two sentences
    other_side: str  # what the column of the other side is called
    findings: tuple[Finding, ...]
    agreed: int
    agreement: str  # how many that is, in a sentence
    asides: tuple[Aside, ...] = ()
    note: str = ""
    remark: str = ""  # what the other side says of itself

    @property
    def drift(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.kind.is_drift)

    @property
    def groups(self) -> tuple[Group, ...]:
        """By kind, in the order of Kind; exchanges in the order in which they came."""
        return tuple(Group(kind, found) for kind in Kind if (found := self._of(kind)))

    def _of(self, kind: Kind) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.kind is kind)

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "title": self.title,
            "compared": self.compared,
            "remark": self.remark or None,
            "note": self.note or None,
            "agreed": self.agreed,
            "drift": len(self.drift),
            "counts": {group.kind.value: len(group.findings) for group in self.groups},
            "findings": [finding.as_json() for group in self.groups for finding in group.findings],
            "not_compared": [
                {"title": aside.title, "items": list(aside.items), "remedy": aside.remedy} for aside in self.asides
            ],
        }


def counted(number: int, noun: str, plural: str = "") -> str:
    """1 page, 3 pages, no page."""
    return f"{number or 'no'} {noun if number < 2 else plural or noun + 's'}"


def joined(words: Sequence[str]) -> str:
    return ", ".join(words)
