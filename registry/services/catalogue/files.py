"""Reads the catalogue's files and checks them together, so that a load starts from data with no known fault."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from registry.choices import SubjectKind
from registry.errors import CatalogueRefused, Problem
from registry.governance.policy import PolicyRefused, read_policies
from registry.governance.policy_schema import PolicyDocument
from registry.services.catalogue.consistency import (
    bounty_reference_faults,
    exchange_faults,
    filed_bounty_faults,
    maintainer_faults,
    maintainer_reference_faults,
    proposal_faults,
    rename_faults,
)
from registry.services.catalogue.names import subject_faults
from registry.services.catalogue.reader import Reader
from registry.services.catalogue.schema import (
    BountiesFile,
    ExchangeEntry,
    FiledBountyEntry,
    MaintainerEntry,
    MaintainersFile,
    ProposalEntry,
    ProposalsFile,
    SubjectEntry,
    SubjectsFile,
)

CATALOGUE_DIR = Path(__file__).resolve().parents[2] / "catalogue"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that the files say, in the order of the files."""

    maintainers: tuple[MaintainerEntry, ...]
    proposals: tuple[ProposalEntry, ...]
    exchanges: tuple[ExchangeEntry, ...]
    subjects: tuple[SubjectEntry, ...] = ()
    policies: tuple[PolicyDocument, ...] = ()
    bounties: tuple[FiledBountyEntry, ...] = ()

    @property
    def exchange_subjects(self) -> tuple[SubjectEntry, ...]:
        return tuple(entry for entry in self.subjects if entry.kind == SubjectKind.EXCHANGE)


def read_catalogue(directory: Path = CATALOGUE_DIR) -> Catalogue:
    """The catalogue under *directory*: maintainers.yaml and exchanges/<slug>.yaml; where they are there, also
    proposals.yaml, subjects.yaml, bounties.yaml and policies/<slug>.v<N>.yaml.

    Touches no database. Raises CatalogueRefused with every problem of every file.
    """
    reader = Reader()
    if not (directory / "exchanges").is_dir():
        raise CatalogueRefused([Problem(directory, 0, "", "there is no catalogue: no folder exchanges in it")])
    read = _Read(
        directory,
        maintainers=reader.read(directory / "maintainers.yaml", MaintainersFile),
        proposals=reader.read_optional(directory / "proposals.yaml", ProposalsFile),
        subjects=reader.read_optional(directory / "subjects.yaml", SubjectsFile),
        bounties=reader.read_optional(directory / "bounties.yaml", BountiesFile),
        exchanges=_exchanges(directory / "exchanges", reader),
    )
    catalogue = Catalogue(
        maintainers=tuple(read.maintainers.maintainers) if read.maintainers else (),
        proposals=tuple(read.proposals.proposals) if read.proposals else (),
        exchanges=tuple(entry for entry in read.exchanges.values() if entry),
        subjects=tuple(read.subjects.subjects) if read.subjects else (),
        policies=_policies(directory / "policies", reader),
        bounties=tuple(read.bounties.bounties) if read.bounties else (),
    )
    _check_together(read, catalogue, reader)
    if reader.problems:
        raise CatalogueRefused(reader.problems)
    return catalogue


@dataclass(frozen=True, slots=True)
class _Read:
    """Each file as it was read, None for one that could not be read or is not there."""

    directory: Path
    maintainers: MaintainersFile | None
    proposals: ProposalsFile | None
    subjects: SubjectsFile | None
    bounties: BountiesFile | None
    exchanges: dict[str, ExchangeEntry | None]

    def is_missing_or_read(self, name: str, content: object) -> bool:
        return content is not None or not (self.directory / name).exists()


def _exchanges(directory: Path, reader: Reader) -> dict[str, ExchangeEntry | None]:
    """By the name of the file, which the slug in it has to be."""
    exchanges = {}
    for path in sorted(directory.iterdir()):
        if path.name.startswith("."):  # of an editor or a file manager
            continue
        if path.suffix == ".yaml":
            exchanges[path.stem] = reader.read(path, ExchangeEntry)
        else:
            reader.problems.append(Problem(path, 0, "", "not a catalogue file: the name must end in .yaml"))
    if not exchanges:
        reader.problems.append(Problem(directory, 0, "", "no exchange in the catalogue"))
    return exchanges


def _check_together(read: _Read, catalogue: Catalogue, reader: Reader) -> None:
    """Where a file could not be read, what others name in it cannot be judged."""
    known = votes = None
    if read.is_missing_or_read("subjects.yaml", read.subjects):
        known = set(read.exchanges) | {entry.slug for entry in catalogue.exchange_subjects}
    if read.is_missing_or_read("proposals.yaml", read.proposals):
        votes = {entry.key for entry in catalogue.proposals}
    maintainers = [entry.slug for entry in catalogue.maintainers]
    renamed = {entry.slug: entry.lifecycle.renamed_to for entry in catalogue.exchanges if entry.lifecycle.renamed_to}

    if read.maintainers:
        reader.check(read.directory / "maintainers.yaml", maintainer_faults(catalogue.maintainers))
    if read.proposals and known is not None:
        reader.check(read.directory / "proposals.yaml", proposal_faults(catalogue.proposals, known))
    if read.subjects:
        reader.check(read.directory / "subjects.yaml", subject_faults(catalogue.subjects, read.exchanges))
    if read.bounties:
        found = filed_bounty_faults(catalogue.bounties, read.exchanges, known, votes)
        reader.check(read.directory / "bounties.yaml", found)
    for stem, entry in read.exchanges.items():
        if entry is None:
            continue
        path = read.directory / "exchanges" / f"{stem}.yaml"
        reader.check(path, exchange_faults(entry, stem))
        if known is not None:
            reader.check(path, rename_faults(entry, known, renamed))
        if read.maintainers:
            reader.check(path, maintainer_reference_faults(entry, maintainers))
        if votes is not None:
            reader.check(path, bounty_reference_faults(entry, votes))


def _policies(directory: Path, reader: Reader) -> tuple[PolicyDocument, ...]:
    if not any(directory.glob("*.yaml")):
        return ()
    try:
        return read_policies(directory)
    except PolicyRefused as refusal:
        reader.problems += refusal.problems
        return ()
