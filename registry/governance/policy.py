"""Policies read from their files and checked: every refusal names the file, the key and the remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from registry.choices import Voting
from registry.errors import FilesRefused, Problem
from registry.governance.canonical import decimal_text
from registry.governance.policy_consistency import document_faults
from registry.governance.policy_schema import MOST_ITEMS, Band, PolicyDocument, RankAmong, json_schema
from registry.strict_yaml import Document, Fault, KeyPath, UnreadableYaml, faults, file_bytes, printed_key, read_yaml

__all__ = [
    "POLICIES_DIR",
    "SCHEMA_FILE",
    "PolicyDocument",
    "PolicyRefused",
    "parse_policy",
    "policy_for_epoch",
    "read_policies",
    "read_policy",
    "with_changes",
    "write_schema",
]

POLICIES_DIR = Path(__file__).resolve().parents[1] / "catalogue" / "policies"
DEEPEST = 6  # keys that lead to any part of a document; what lies deeper is unknown to the vocabulary anyway
SCHEMA_FILE = Path(__file__).resolve().parent / "policy.schema.json"


class PolicyRefused(FilesRefused):
    """What is asked for cannot be a policy; nothing was read of any."""


def read_policies(directory: Path = POLICIES_DIR) -> tuple[PolicyDocument, ...]:
    """Every policy under *directory*, <slug>.v<version>.yaml, by first epoch, slug and version.

    Raises PolicyRefused with every problem of every file.
    """
    policies: dict[Path, PolicyDocument] = {}
    problems: list[Problem] = []
    if not directory.is_dir():
        raise PolicyRefused([Problem(directory, 0, "", "there is no such folder; policies are files in it")])
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or path.suffix == ".md":
            continue
        try:
            policies[path] = _named_as_it_says(path, read_policy(path))
        except PolicyRefused as refused:
            problems += refused.problems
    if not policies and not problems:
        problems.append(Problem(directory, 0, "", "no policy in the folder; add <slug>.v<version>.yaml"))
    problems += _beginning_together(policies)
    if problems:
        raise PolicyRefused(problems)
    return tuple(sorted(policies.values(), key=lambda policy: (policy.from_epoch, policy.slug, policy.version)))


def parse_policy(source: Mapping[str, Any] | bytes, *, file: Path = Path("policy")) -> PolicyDocument:
    """The policy in *source*: plain values, or the bytes of a YAML (and so of a JSON) file. Raises PolicyRefused."""
    try:
        document = read_yaml(source.decode()) if isinstance(source, bytes) else Document(dict(source), {})
    except UnreadableYaml as error:
        raise PolicyRefused([Problem(file, error.line, "", error.reason)]) from error
    except UnicodeDecodeError as error:
        raise PolicyRefused([Problem(file, 0, "", "not UTF-8; save it so")]) from error

    def refuse(found: Iterable[Fault]) -> None:
        problems = [Problem(file, document.line_of(path), printed_key(path), reason) for path, reason in found]
        if problems:
            raise PolicyRefused(problems)

    refuse(_endless(document.content))
    refuse(faults(document.content, PolicyDocument))
    try:
        policy = msgspec.convert(document.content, PolicyDocument)
    except msgspec.ValidationError as error:  # what `faults` does not look for
        raise PolicyRefused([Problem(file, 0, "", str(error))]) from error
    refuse(document_faults(policy))
    return policy


class Dated(Protocol):
    """A policy as far as its time goes: a document, or a row that holds one."""

    @property
    def version(self) -> int: ...
    @property
    def from_epoch(self) -> int: ...
    @property
    def to_epoch(self) -> int | None: ...


D = TypeVar("D", bound=Dated)


def policy_for_epoch(policies: Iterable[D], number: int) -> D | None:
    """The policy that governs epoch *number*; None before there were polls, and behind the end of the last regime.

    The one that began last, in its latest version. It ends an open-ended one for good: what was replaced does not come
    back where its successor ends.
    """
    begun = [policy for policy in policies if policy.from_epoch <= number]
    latest = max(begun, key=lambda policy: (policy.from_epoch, policy.version), default=None)
    return latest if latest and (latest.to_epoch is None or number <= latest.to_epoch) else None


def with_changes(
    policy: PolicyDocument,
    *,
    min_votes: Decimal | int | str | UnsetType | None = UNSET,
    voting: Sequence[Voting] | UnsetType = UNSET,
    top: int | UnsetType | None = UNSET,
    cap: int | UnsetType | None = UNSET,
    amount: int | UnsetType = UNSET,
    rank_among: RankAmong | UnsetType = UNSET,
    bands: Sequence[Band | Mapping[str, Any]] | UnsetType = UNSET,
) -> PolicyDocument:
    """*policy* with what is given put in its place, for a what-if; None means that there is no such limit.

    The title says what was changed. Raises PolicyRefused, as for a file; also where a key has nowhere to stand.
    """
    document = policy.to_builtins()
    pool = {"top": top, "cap": _whole(cap), "amount": _whole(amount)}
    changes: dict[tuple[str, ...], Any] = {
        ("eligibility", "min_votes"): _votes(min_votes),
        **{("pool", key): value for key, value in pool.items()},
        ("voting",): UNSET if isinstance(voting, UnsetType) else [str(kind) for kind in voting],
        ("rank_among",): UNSET if isinstance(rank_among, UnsetType) else str(rank_among),
        ("bands",): UNSET if isinstance(bands, UnsetType) else [msgspec.to_builtins(band) for band in bands],
    }
    given = {path: value for path, value in changes.items() if not isinstance(value, UnsetType)}
    for path, value in given.items():
        parent = document
        for key in path[:-1]:
            parent = document[key]
            if parent is None:
                raise PolicyRefused([Problem(Path(str(policy)), 0, printed_key(path), f"{policy} has no {key}")])
        parent[path[-1]] = value
    if given:
        said = ", ".join(
            f"{path[-1]} {'changed' if isinstance(value, list) else value or 'none'}" for path, value in given.items()
        )
        document["title"] = f"{policy.title}, with {said}"[:200].rstrip()
    return parse_policy(document, file=Path(str(policy)))


def write_schema(path: Path = SCHEMA_FILE) -> None:
    """Writes the JSON Schema of policy documents, to be committed whenever the vocabulary changes."""
    path.write_text(schema_text(), encoding="utf-8")


def schema_text() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _endless(content: Any, path: KeyPath = ()) -> Iterator[Fault]:
    if isinstance(content, list) and len(content) > MOST_ITEMS:
        yield path, f"has {len(content)} entries; {MOST_ITEMS} are the most"
    elif isinstance(content, dict | list) and len(path) < DEEPEST:
        for key, part in content.items() if isinstance(content, dict) else enumerate(content):
            yield from _endless(part, (*path, key))


def read_policy(path: Path) -> PolicyDocument:
    """The policy in one file, whatever its name. Raises PolicyRefused."""
    try:
        content = file_bytes(path)
    except OSError as error:
        raise PolicyRefused([Problem(path, 0, "", f"cannot be read: {error.strerror}")]) from error
    return parse_policy(content, file=path)


def _named_as_it_says(path: Path, policy: PolicyDocument) -> PolicyDocument:
    expected = f"{policy.slug}.v{policy.version}.yaml"
    if path.name != expected:
        raise PolicyRefused([Problem(path, 0, "slug", f"the document says it is {policy}; name the file {expected}")])
    return policy


def _beginning_together(policies: Mapping[Path, PolicyDocument]) -> Iterator[Problem]:
    """Two regimes that begin with one epoch: which of them governs it cannot be told."""
    first_with: dict[int, PolicyDocument] = {}
    for path, policy in policies.items():
        other = first_with.setdefault(policy.from_epoch, policy)
        if other.slug != policy.slug:
            yield Problem(path, 0, "from_epoch", f"epoch {policy.from_epoch} begins {other} too; let one begin later")


def _votes(value: Decimal | int | str | UnsetType | None) -> str | UnsetType | None:
    if value is None or isinstance(value, str | UnsetType):
        return value
    return decimal_text(Decimal(value))


def _whole(value: int | UnsetType | None) -> str | UnsetType | None:
    return value if value is None or isinstance(value, UnsetType) else str(value)


if __name__ == "__main__":
    write_schema()
