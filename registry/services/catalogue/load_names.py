"""Writes what polls vote on, and under which names, into the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from registry.choices import SubjectKind
from registry.errors import CatalogueRefused, Problem
from registry.governance.names import name_key
from registry.models import Alias, Exchange, Subject
from registry.services.catalogue.files import Catalogue
from registry.services.catalogue.names import Spelling, clashes
from registry.services.catalogue.schema import AliasEntry, SubjectEntry
from registry.services.catalogue.sync import Loaded, columns, correct


def load_names(
    catalogue: Catalogue, exchanges: Mapping[str, Exchange], directory: Path, loaded: Loaded
) -> dict[str, Exchange]:
    """Subjects with their aliases, and an exchange of name and type alone for each that has no file of its own.

    Gives all exchanges by slug. Raises CatalogueRefused where an alias that was added here stands against one of the
    files.
    """
    known = {exchange.slug: exchange for exchange in Exchange.objects.all()} | dict(exchanges)
    _exchanges(catalogue, known, loaded)
    entries = [*catalogue.subjects, *_subjects_of_files(catalogue)]
    left, subjects = _subjects(entries, known, loaded)
    spelled: dict[int, dict[tuple[str, int], Alias]] = {}
    for alias in Alias.objects.select_related("subject"):
        spelled.setdefault(alias.subject_id, {})[alias.name, alias.from_epoch] = alias
    added: list[Alias] = []
    for entry, subject in zip(entries, subjects, strict=True):
        added += _aliases(subject, entry, spelled.get(subject.pk, {}), loaded)
    Alias.objects.bulk_create(added)
    loaded.left_alone += [f"subject {kind} {slug}: in no file" for kind, slug in left]
    _refuse_clashes(directory)
    return known


def _subjects_of_files(catalogue: Catalogue) -> list[SubjectEntry]:
    """Those of exchanges that no poll named so far: they go by their own name."""
    named = {entry.slug for entry in catalogue.exchange_subjects}
    return [
        SubjectEntry(kind=SubjectKind.EXCHANGE, slug=entry.slug, name=entry.name, aliases=[AliasEntry(name=entry.name)])
        for entry in catalogue.exchanges
        if entry.slug not in named
    ]


def _exchanges(catalogue: Catalogue, known: dict[str, Exchange], loaded: Loaded) -> None:
    """Adds to *known* the exchanges that polls name, and corrects those that have no file of their own."""
    with_file = {entry.slug for entry in catalogue.exchanges}
    added = []
    for entry in catalogue.exchange_subjects:
        values = columns(entry, "name", "exchange_type")
        if entry.slug not in known:
            known[entry.slug] = Exchange(slug=entry.slug, **values)
            added.append(known[entry.slug])
        elif entry.slug not in with_file:
            correct(known[entry.slug], values, entry.slug, loaded)
    Exchange.objects.bulk_create(added)
    loaded.changes += [f"created {exchange.slug}" for exchange in added]


def _subjects(
    entries: Sequence[SubjectEntry], known: Mapping[str, Exchange], loaded: Loaded
) -> tuple[list[tuple[str, str]], list[Subject]]:
    """Kind and slug of those that no entry names, and the subjects of the entries, in their order."""
    stored = {(subject.kind, subject.slug): subject for subject in Subject.objects.select_related("exchange")}
    subjects, added = [], []
    for entry in entries:
        exchange = known[entry.slug] if entry.kind == SubjectKind.EXCHANGE else None
        subject = stored.pop((entry.kind.value, entry.slug), None)
        if subject is None:
            subject = Subject(kind=entry.kind.value, slug=entry.slug, name=entry.name, exchange=exchange)
            added.append(subject)
        else:
            label = f"subject {entry.kind.value} {entry.slug}"
            correct(subject, {"name": entry.name, "exchange": exchange}, label, loaded)
        subjects.append(subject)
    Subject.objects.bulk_create(added)
    loaded.changes += [f"created subject {subject.kind} {subject.slug}" for subject in added]
    return list(stored), subjects


def _aliases(
    subject: Subject, entry: SubjectEntry, stored: dict[tuple[str, int], Alias], loaded: Loaded
) -> list[Alias]:
    """Corrects the stored aliases, and gives those that are still to be added."""
    added = []
    for spelling in entry.aliases:
        values = {"key": name_key(spelling.name), "to_epoch": spelling.to_epoch, "source": spelling.source or ""}
        alias = stored.pop((spelling.name, spelling.from_epoch), None)
        if alias is None:
            added.append(Alias(subject=subject, name=spelling.name, from_epoch=spelling.from_epoch, **values))
            loaded.changes.append(f"created alias {spelling.name} of {subject.kind} {subject.slug}")
        else:
            correct(alias, values, f"alias {spelling.name} of {subject.kind} {subject.slug}", loaded)
    loaded.left_alone += [f"alias {name} of {subject.kind} {subject.slug}: in no file" for name, _ in stored]
    return added


def _refuse_clashes(directory: Path) -> None:
    spellings = [
        Spelling(alias.subject.kind, alias.subject.slug, alias.name, alias.from_epoch, alias.to_epoch)
        for alias in Alias.objects.select_related("subject").order_by("pk")
    ]
    if found := list(clashes(spellings)):
        problems = [
            Problem(directory / "subjects.yaml", 0, "", f"{reason} (one of the two was added in the registry)")
            for _, reason in found
        ]
        raise CatalogueRefused(problems)
