"""Which subject a printed name stands for in an epoch, and the faults that would leave that open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from registry.choices import SubjectKind
from registry.governance.names import name_key
from registry.services.catalogue.schema import ExchangeEntry, SubjectEntry
from registry.strict_yaml import Fault, KeyPath


@dataclass(frozen=True, slots=True)
class Spelling:
    """One alias as a value. `to_epoch` None: still in use."""

    kind: str
    slug: str
    name: str
    from_epoch: int
    to_epoch: int | None

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, name_key(self.name)

    def covers(self, epoch: int) -> bool:
        return self.from_epoch <= epoch and (self.to_epoch is None or epoch <= self.to_epoch)

    def overlaps(self, other: Spelling) -> bool:
        return self.covers(other.from_epoch) or other.covers(self.from_epoch)


def clashes(spellings: Iterable[Spelling]) -> Iterator[tuple[int, str]]:
    """The place of each spelling that stands for another subject than an earlier one in the same epochs, and why."""
    seen: dict[tuple[str, str], list[Spelling]] = {}
    for place, spelling in enumerate(spellings):
        same_name = seen.setdefault(spelling.key, [])
        other = next((one for one in same_name if one.slug != spelling.slug and one.overlaps(spelling)), None)
        if other:
            yield (
                place,
                f"{spelling.name!r} would stand for both {other.slug} and {spelling.slug} in epoch "
                f"{max(other.from_epoch, spelling.from_epoch)}: part their periods, or drop one",
            )
        same_name.append(spelling)


def spellings_of(subjects: Iterable[SubjectEntry]) -> list[Spelling]:
    return [
        Spelling(entry.kind.value, entry.slug, alias.name, alias.from_epoch, alias.to_epoch)
        for entry in subjects
        for alias in entry.aliases
    ]


def subject_faults(subjects: tuple[SubjectEntry, ...], files: Mapping[str, ExchangeEntry | None]) -> Iterator[Fault]:
    """*files*: what the files of exchanges say, by slug, None for one that could not be read."""
    seen: set[tuple[SubjectKind, str]] = set()
    places: list[KeyPath] = []
    for index, entry in enumerate(subjects):
        if (entry.kind, entry.slug) in seen:
            yield ("subjects", index, "slug"), f"{entry.kind.value} {entry.slug!r} stands twice"
        seen.add((entry.kind, entry.slug))
        for key, reason in _entry_faults(entry, files):
            yield ("subjects", index, key), reason
        periods: set[tuple[str, int]] = set()
        for place, alias in enumerate(entry.aliases):
            path = ("subjects", index, "aliases", place)
            places.append(path)
            if (alias.name, alias.from_epoch) in periods:
                yield path, f"{alias.name!r} from epoch {alias.from_epoch} stands twice"
            periods.add((alias.name, alias.from_epoch))
            if alias.to_epoch is not None and alias.to_epoch < alias.from_epoch:
                yield (*path, "to_epoch"), f"epoch {alias.to_epoch} is before from_epoch, {alias.from_epoch}"
            if not name_key(alias.name):
                yield (*path, "name"), f"{alias.name!r} has no letter and no digit to be known by"
    for place, reason in clashes(spellings_of(subjects)):
        yield places[place], reason


def _entry_faults(entry: SubjectEntry, files: Mapping[str, ExchangeEntry | None]) -> Iterator[tuple[str, str]]:
    file = files.get(entry.slug)
    if entry.kind != SubjectKind.EXCHANGE:
        if entry.exchange_type:
            yield "exchange_type", f"belongs to an exchange only, and this is a {entry.kind.value}"
    elif file:
        if entry.name != file.name:
            yield "name", f"{entry.name!r}, but exchanges/{file.slug}.yaml says {file.name!r}: the two must agree"
        if entry.exchange_type not in (None, file.exchange_type):
            said = repr(file.exchange_type.value) if file.exchange_type else "null"
            yield "exchange_type", f"exchanges/{file.slug}.yaml says {said}: the two must agree"
    elif entry.slug not in files and not entry.exchange_type:
        yield "exchange_type", "missing: an exchange without a file of its own needs it"
