"""Writes the registry into a folder of catalogue files, once they were tried, and only those that say something new."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from registry.errors import CatalogueRefused, Problem, RegistryError, printed_path
from registry.governance.policy import PolicyRefused, read_policy
from registry.services.catalogue.export import registry_catalogue
from registry.services.catalogue.files import Catalogue
from registry.services.catalogue.load import load_catalogue
from registry.services.catalogue.reader import Reader
from registry.services.catalogue.render import yaml_text
from registry.services.catalogue.schema import (
    BountiesFile,
    ExchangeEntry,
    MaintainersFile,
    ProposalsFile,
    SubjectsFile,
)
from registry.strict_yaml import file_bytes

OWN_FOLDERS = frozenset({"exchanges", "policies"})
OWN_FILES: dict[str, type[msgspec.Struct]] = {
    "maintainers.yaml": MaintainersFile,
    "proposals.yaml": ProposalsFile,
    "subjects.yaml": SubjectsFile,
    "bounties.yaml": BountiesFile,
}
NEIGHBOURS = frozenset({"README.md", "LICENSE", "history", "bounty-tracker.csv", "client-tiers.json"})
"""What may stand beside the files of an export, and is left as it is; so may whatever begins with a dot."""
COMMENT = (
    "# Source: the registry, written by `manage.py catalogue export`; `manage.py catalogue apply` takes it back.\n"
)
REMEDY = "Correct these rows in the admin. Nothing was written."


class ExportRefused(RegistryError):
    """The folder is not one for an export, or the registry holds what files cannot say; nothing was written."""


@dataclass(frozen=True, slots=True)
class Exported:
    """Names of files inside of the folder."""

    written: tuple[str, ...]
    kept: tuple[str, ...]


def export_catalogue(directory: Path) -> Exported:
    """Writes the registry's catalogue into *directory*, a new or empty folder or one that has a catalogue.

    A file that says the same already is kept to the letter, with its comments and its order; another keeps the comment
    at its head. What is written was read back and applied on trial. Raises ExportRefused.
    """
    _refuse_strangers(directory)
    try:
        catalogue = registry_catalogue(with_file={path.stem for path in (directory / "exchanges").glob("*.yaml")})
    except msgspec.ValidationError as error:
        raise ExportRefused(f"The registry holds what no file may say:\n{error}\n{REMEDY}") from error
    filed = {entry.slug for entry in catalogue.exchanges}
    contents = _contents(catalogue, directory)
    stored = _stored(directory, contents)
    texts = {name: stored[name].text_for(content, filed) for name, content in contents.items()}
    beside = next(path for path in (directory, *directory.parents) if path.is_dir())  # so that files can be moved in
    with tempfile.TemporaryDirectory(prefix=".export-", dir=beside) as folder:
        trial = Path(folder)
        for name, text in texts.items():
            (trial / name).parent.mkdir(exist_ok=True)
            (trial / name).write_text(text, encoding="utf-8", newline="")
        (trial / "exchanges").mkdir(exist_ok=True)
        _try(trial)
        changed = [name for name, text in texts.items() if text != stored[name].text]
        for name in changed:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (trial / name).replace(directory / name)
    return Exported(tuple(changed), tuple(name for name in texts if name not in changed))


def _refuse_strangers(directory: Path) -> None:
    """Refuses a folder of somebody else's: an export that mixed with other files would be hard to take back."""
    if directory.exists() and not directory.is_dir():
        raise ExportRefused(f"{directory} is a file; name a folder. Nothing was written.")
    found = sorted(directory.iterdir()) if directory.is_dir() else []
    ours = OWN_FOLDERS | NEIGHBOURS | set(OWN_FILES)
    strange = [path for path in found if path.name not in ours and not path.name.startswith(".")]
    for folder in sorted(OWN_FOLDERS):
        if (directory / folder).is_symlink() or (
            directory / folder
        ).is_file():  # files would land elsewhere, or nowhere
            strange.append(directory / folder)
            continue
        inside = sorted((directory / folder).iterdir()) if (directory / folder).is_dir() else []
        strange += [path for path in inside if path.suffix != ".yaml" and not path.name.startswith(".")]
    if strange:
        named = ", ".join(printed_path(path.relative_to(directory)) for path in strange[:5])
        more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
        raise ExportRefused(
            f"{directory} holds what no export writes: {named}{more}. Name an empty folder, or one with a catalogue "
            "alone. Nothing was written."
        )


def _contents(catalogue: Catalogue, directory: Path) -> dict[str, msgspec.Struct]:
    """What each file says, by its name. Of what there is none there is no file either, unless it is there by now."""
    lists: dict[str, msgspec.Struct] = {
        "maintainers.yaml": MaintainersFile(maintainers=list(catalogue.maintainers)),
        "proposals.yaml": ProposalsFile(proposals=list(catalogue.proposals)),
        "subjects.yaml": SubjectsFile(subjects=list(catalogue.subjects)),
        "bounties.yaml": BountiesFile(bounties=list(catalogue.bounties)),
    }
    policies = {f"policies/{policy.slug}.v{policy.version}.yaml": policy for policy in catalogue.policies}
    exchanges = {f"exchanges/{entry.slug}.yaml": entry for entry in catalogue.exchanges}
    needed = {
        "maintainers.yaml": True,
        "proposals.yaml": bool(catalogue.proposals),
        "subjects.yaml": bool(catalogue.subjects),
        "bounties.yaml": bool(catalogue.bounties),
    }
    kept = {name: content for name, content in lists.items() if needed[name] or (directory / name).exists()}
    return {**kept, **policies, **exchanges}


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file as it stands in the folder; "" and None where there is none."""

    text: str = ""
    content: msgspec.Struct | None = None

    def text_for(self, content: msgspec.Struct, filed: Set[str]) -> str:
        if self.content is not None and _facts(self.content, filed) == _facts(content, filed):
            return self.text
        return yaml_text(content, self._comment() or COMMENT)

    def _comment(self) -> str:
        """The lines that begin with # at the head of the file: people name their sources there."""
        lines = self.text.splitlines(keepends=True)
        end = next((place for place, line in enumerate(lines) if not line.startswith("#")), len(lines))
        return "".join(lines[:end])


def _facts(content: Any, filed: Set[str]) -> Any:
    """*content* without the order of lists in which order says nothing, and what the files of *filed* exchanges say."""
    if isinstance(content, ExchangeEntry):
        return msgspec.structs.replace(content, maintainers=sorted(content.maintainers, key=repr))
    if isinstance(content, SubjectsFile):
        return sorted(
            (
                *(entry.kind, entry.slug, entry.name, "" if entry.slug in filed else entry.exchange_type or ""),
                *map(repr, sorted(entry.aliases, key=repr)),
            )
            for entry in content.subjects
        )
    if isinstance(content, MaintainersFile):
        return sorted(map(repr, content.maintainers))
    return content


def _stored(directory: Path, contents: Mapping[str, msgspec.Struct]) -> dict[str, _Stored]:
    """What stands in the folder. Raises ExportRefused for what cannot be read or is not in the registry."""
    reader = Reader()
    stored = dict.fromkeys(contents, _Stored())
    names = [f"{folder}/{path.name}" for folder in OWN_FOLDERS for path in (directory / folder).glob("[!.]*.yaml")]
    missing = sorted(name for name in names if name not in contents)
    if missing:
        named = ", ".join(printed_path(Path(name)) for name in missing)
        raise ExportRefused(
            f"{directory} has files of what is not in the registry: {named}. Apply them, or delete them. "
            "Nothing was written."
        )
    problems: list[Problem] = []
    for name in [*names, *(name for name in OWN_FILES if (directory / name).exists())]:
        path = directory / name
        try:
            content = _read(path, name, reader)
        except PolicyRefused as refusal:
            problems += refusal.problems
            continue
        if content is not None:
            stored[name] = _Stored(file_bytes(path).decode(), content)
    if problems or reader.problems:
        raise ExportRefused(
            f"{CatalogueRefused([*reader.problems, *problems])}\nCorrect the files. Nothing was written."
        )
    return stored


def _read(path: Path, name: str, reader: Reader) -> msgspec.Struct | None:
    if name.startswith("policies/"):
        return read_policy(path)
    return reader.read(path, OWN_FILES.get(name, ExchangeEntry))


def _try(directory: Path) -> None:
    """Reads back what was written, and sees that applying it would change nothing. Raises ExportRefused."""
    try:
        changes = load_catalogue(directory, dry_run=True).changes
    except CatalogueRefused as refusal:
        found = str(refusal).replace(f"{directory}/", "")
        raise ExportRefused(f"The registry holds what no file may say:\n{found}\n{REMEDY}") from refusal
    if changes:
        lines = "\n".join(changes)
        raise ExportRefused(f"The registry holds what files cannot say; applied, they would have:\n{lines}\n{REMEDY}")
