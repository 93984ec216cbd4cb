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
from registry.services.catalogue.schema import AliasEntry, ExchangeEntry, SubjectEntry
from registry.services.catalogue.sync import Loaded, correct


def load_names(catalogue: Catalogue, exchanges: Mapping[str, Exchange], directory: Path, loaded: Loaded) -> None:
    """Subjects with their aliases, of *exchanges* (by slug), chains and strategies.

    Raises CatalogueRefused where an alias that was added here stands against one of the files.
    """
    stored = {(subject.kind, subject.slug): subject for subject in Subject.objects.select_related("exchange")}
    spelled: dict[int, dict[tuple[str, int], Alias]] = {}
    for alias in Alias.objects.select_related("subject"):
        spelled.setdefault(alias.subject_id, {})[alias.name, alias.from_epoch] = alias
    named = {entry.slug for entry in catalogue.exchange_subjects}
    of_files = []
    for exchange in catalogue.exchanges:
        if exchange.slug not in named:
            subject = stored.get((SubjectKind.EXCHANGE.value, exchange.slug))
            of_files.append(_subject_of_file(exchange, spelled.get(subject.pk, {}) if subject else {}))
    entries = [*catalogue.subjects, *of_files]
    subjects = _subjects(entries, stored, exchanges, loaded)
    added: list[Alias] = []
    for entry, subject in zip(entries, subjects, strict=True):
        added += _aliases(subject, entry, spelled.get(subject.pk, {}), loaded)
    Alias.objects.bulk_create(added)
    loaded.left_alone += [f"subject {kind} {slug}: in no file" for kind, slug in stored]
    _refuse_clashes(directory)


def _subject_of_file(exchange: ExchangeEntry, stored: Mapping[tuple[str, int], Alias]) -> SubjectEntry:
    """Of an exchange that subjects.yaml does not name: it goes by its own name, in whatever epochs it already does."""
    own = next((alias for alias in stored.values() if alias.name == exchange.name), None)
    spelling = AliasEntry(
        name=exchange.name,
        from_epoch=own.from_epoch if own else 0,
        to_epoch=own.to_epoch if own else None,
        source=(own.source if own else None) or None,
    )
    return SubjectEntry(kind=SubjectKind.EXCHANGE, slug=exchange.slug, name=exchange.name, aliases=[spelling])


def _subjects(
    entries: Sequence[SubjectEntry],
    stored: dict[tuple[str, str], Subject],
    exchanges: Mapping[str, Exchange],
    loaded: Loaded,
) -> list[Subject]:
    """The subjects of the entries, in their order. Leaves in *stored* those that no entry names."""
    subjects, added = [], []
    for entry in entries:
        exchange = exchanges[entry.slug] if entry.kind == SubjectKind.EXCHANGE else None
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
    return subjects


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


def name_exchange(exchange: Exchange) -> None:
    """Lets an exchange that was added or renamed by hand be found under its name, as a load does for those of files."""
    subject, _ = Subject.objects.get_or_create(
        kind=SubjectKind.EXCHANGE, exchange=exchange, defaults={"slug": exchange.slug, "name": exchange.name}
    )
    correct(subject, {"name": exchange.name}, "", Loaded())
    if not subject.aliases.filter(name=exchange.name).exists():
        subject.aliases.create(name=exchange.name, key=name_key(exchange.name))
