"""Reads the catalogue's files and checks them together, so that a load starts from data with no known fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.choices import ComponentKind, DeclaredStatus, SubjectKind
from registry.errors import CatalogueRefused, Problem
from registry.governance.links import parse_proposal_link
from registry.governance.policy import PolicyRefused, read_policies
from registry.governance.policy_schema import PolicyDocument
from registry.services.catalogue.names import subject_faults
from registry.services.catalogue.reader import Reader
from registry.services.catalogue.schema import (
    BountyEntry,
    ComponentEntry,
    ExchangeEntry,
    MaintainerEntry,
    MaintainersFile,
    ProposalEntry,
    ProposalsFile,
    SubjectEntry,
    SubjectsFile,
)
from registry.strict_yaml import Fault, nearest, shown

CATALOGUE_DIR = Path(__file__).resolve().parents[2] / "catalogue"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that the files say, in the order of the files."""

    maintainers: tuple[MaintainerEntry, ...]
    proposals: tuple[ProposalEntry, ...]
    exchanges: tuple[ExchangeEntry, ...]
    subjects: tuple[SubjectEntry, ...] = ()
    policies: tuple[PolicyDocument, ...] = ()

    @property
    def exchange_subjects(self) -> tuple[SubjectEntry, ...]:
        return tuple(entry for entry in self.subjects if entry.kind == SubjectKind.EXCHANGE)


def read_catalogue(directory: Path = CATALOGUE_DIR) -> Catalogue:
    """The catalogue under *directory*: maintainers.yaml and exchanges/<slug>.yaml; where they are there, also
    proposals.yaml, subjects.yaml and policies/<slug>.v<N>.yaml.

    Touches no database. Raises CatalogueRefused with every problem of every file.
    """
    reader = Reader()
    if not (directory / "exchanges").is_dir():
        raise CatalogueRefused([Problem(directory, 0, "", "there is no catalogue: no folder exchanges in it")])
    maintainers = reader.read(directory / "maintainers.yaml", MaintainersFile)
    proposals_path = directory / "proposals.yaml"
    proposals = reader.read(proposals_path, ProposalsFile) if proposals_path.exists() else None
    subjects_path = directory / "subjects.yaml"
    subjects = reader.read(subjects_path, SubjectsFile) if subjects_path.exists() else None
    exchanges = []
    for path in sorted((directory / "exchanges").iterdir()):
        if path.suffix == ".yaml":
            exchanges.append((path, reader.read(path, ExchangeEntry)))
        elif not path.name.startswith("."):
            reader.problems.append(Problem(path, 0, "", "not a catalogue file: the name must end in .yaml"))
    if not exchanges:
        reader.problems.append(Problem(directory / "exchanges", 0, "", "no exchange in the catalogue"))

    catalogue = Catalogue(
        maintainers=tuple(maintainers.maintainers) if maintainers else (),
        proposals=tuple(proposals.proposals) if proposals else (),
        exchanges=tuple(entry for _, entry in exchanges if entry),
        subjects=tuple(subjects.subjects) if subjects else (),
        policies=_policies(directory / "policies", reader),
    )
    # Where a file could not be read, what others name in it cannot be judged.
    if maintainers:
        reader.check(directory / "maintainers.yaml", _maintainer_faults(catalogue))
    if proposals and (subjects or not subjects_path.exists()):
        known = {path.stem for path, _ in exchanges} | {entry.slug for entry in catalogue.exchange_subjects}
        reader.check(proposals_path, _proposal_faults(catalogue, known))
    if subjects:
        reader.check(subjects_path, subject_faults(catalogue.subjects, {path.stem: entry for path, entry in exchanges}))
    for path, entry in exchanges:
        if entry:
            reader.check(path, _exchange_faults(entry, path.stem))
            if maintainers:
                reader.check(path, _maintainer_reference_faults(entry, catalogue))
            if proposals or not proposals_path.exists():
                reader.check(path, _bounty_reference_faults(entry, catalogue))
    if reader.problems:
        raise CatalogueRefused(reader.problems)
    return catalogue


def _policies(directory: Path, reader: Reader) -> tuple[PolicyDocument, ...]:
    if not any(directory.glob("*.yaml")):
        return ()
    try:
        return read_policies(directory)
    except PolicyRefused as refusal:
        reader.problems += refusal.problems
        return ()


def _maintainer_faults(catalogue: Catalogue) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, entry in enumerate(catalogue.maintainers):
        if entry.slug in seen:
            yield ("maintainers", index, "slug"), f"{entry.slug!r} stands twice"
        seen.add(entry.slug)


def _proposal_faults(catalogue: Catalogue, exchange_slugs: set[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, entry in enumerate(catalogue.proposals):
        if entry.snapshot_id in seen:
            yield ("proposals", index, "snapshot_id"), f"{entry.snapshot_id!r} stands twice"
        seen.add(entry.snapshot_id)
        if entry.url and (reason := _link_fault(entry.url, entry.snapshot_id)):
            yield ("proposals", index, "url"), reason
        for place, slug in enumerate(entry.exchanges):
            if slug not in exchange_slugs:
                yield (
                    ("proposals", index, "exchanges", place),
                    f"no exchange {slug!r} in the catalogue; {nearest(slug, sorted(exchange_slugs))}",
                )


def _link_fault(url: str, vote_id: str) -> str:
    try:
        named = parse_proposal_link(url).id
    except ValueError as error:
        return str(error)
    return "" if named == vote_id else f"the link names another vote than snapshot_id: {named}"


def _exchange_faults(entry: ExchangeEntry, stem: str) -> Iterator[Fault]:
    if entry.slug != stem:
        yield ("slug",), f"{entry.slug!r} in a file named {stem}.yaml: the two must agree"
    kinds: set[ComponentKind] = set()
    for index, component in enumerate(entry.components):
        if component.kind in kinds:
            yield ("components", index, "kind"), f"{component.kind.value!r} stands twice"
        kinds.add(component.kind)
        for key, reason in _component_faults(component):
            yield ("components", index, key), reason
    bounties: set[tuple[object, object]] = set()
    for index, bounty in enumerate(entry.bounties):
        if (bounty.tracker_id, bounty.issue_url) in bounties:
            yield ("bounties", index, "tracker_id"), f"{bounty.tracker_id!r} stands twice for one issue"
        bounties.add((bounty.tracker_id, bounty.issue_url))
        for key, reason in _bounty_faults(bounty, kinds):
            yield ("bounties", index, key), reason


def _component_faults(component: ComponentEntry) -> Iterator[tuple[str, str]]:
    if component.status == DeclaredStatus.AVAILABLE and not component.connector_id:
        yield "connector_id", "missing: a component that is available needs one"
    if component.kind.is_candle_feed:
        for key in ("order_types", "position_modes", "credential_prompts", "paper_trading"):
            if getattr(component, key):
                yield key, "does not belong to a candle feed"
    elif component.intervals:
        yield "intervals", "belongs to a candle feed only"
    if component.position_modes and component.kind == ComponentKind.SPOT_CONNECTOR:
        yield "position_modes", "does not belong to a spot connector"


def _bounty_faults(bounty: BountyEntry, kinds: set[ComponentKind]) -> Iterator[tuple[str, str]]:
    if bounty.component and bounty.component not in kinds:
        yield "component", f"{bounty.component.value!r} is not among the components of this exchange"
    amount = bounty.amount
    if not amount.is_finite() or amount < 0 or amount >= 10**18 or amount != round(amount, 2):
        yield "amount", f"expected zero or more with at most two decimals, got {shown(amount)}"


def _maintainer_reference_faults(entry: ExchangeEntry, catalogue: Catalogue) -> Iterator[Fault]:
    known = [maintainer.slug for maintainer in catalogue.maintainers]
    if entry.maintainer is not None and entry.maintainer not in known:
        reason = f"no maintainer {entry.maintainer!r} in maintainers.yaml; {nearest(entry.maintainer, known)}"
        yield ("maintainer",), reason


def _bounty_reference_faults(entry: ExchangeEntry, catalogue: Catalogue) -> Iterator[Fault]:
    known = {proposal.snapshot_id for proposal in catalogue.proposals}
    for index, bounty in enumerate(entry.bounties):
        if bounty.proposal and bounty.proposal not in known:
            yield ("bounties", index, "proposal"), f"no proposal {bounty.proposal} in proposals.yaml"
