"""Reads which tier the trading client itself gave to each connector id.

Two forms: JSON with a snapshot of the list per version, and the client's own Python file, in which the tiers are a
dictionary called `connector_status`. That file is read as a syntax tree and never run. Pure: no database.
Source: hummingbot/hummingbot@6b8f74b88e:hummingbot/connector/connector_status.py
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import msgspec

from registry.choices import Tier
from registry.importers.imported import ImportRefused, decoded, quoted, shortened

MAX_BYTES = 1024 * 1024
"""The largest of the real files has 4,000 bytes."""

VARIABLE = "connector_status"

CONNECTOR_ID = re.compile(r"[A-Za-z0-9_\-/\[\]]{1,80}", re.ASCII)

HEALTH_WORDS = frozenset({"green", "yellow", "red", "ok", "warning", "broken"})
"""What the same dictionary held until January 2023: whether a connector worked, and no tier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTiers:
    """The tiers of one version of the client. A version that does not say its day has none, and no epoch."""

    source: str
    date: date | None
    epoch: int | None
    note: str
    tiers: Mapping[str, str]  # connector id -> gold, silver or bronze, in the file's order
    lines: Mapping[str, int]  # connector id -> line in the file, where that is known


class _Version(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    date: date
    epoch: Annotated[int, msgspec.Meta(ge=0, le=32767)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=300)] = ""
    tiers: dict[str, str] = msgspec.field(name="connectors")


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    about: str = ""
    versions: Annotated[list[_Version], msgspec.Meta(min_length=1, max_length=1000)] = msgspec.field(name="snapshots")


def read_client_tiers(data: bytes, name: str) -> tuple[ClientTiers, ...]:
    """The versions that *data* holds, oldest first; *name* is the file's, and decides by its ending how it is read.

    Raises ImportRefused with every problem of the file: its line or its key, and the remedy.
    """
    text = decoded(data, origin=name, limit=MAX_BYTES)
    problems: list[str] = []
    versions = _from_python(text, name, problems) if name.endswith(".py") else _from_json(text, problems)
    if problems:
        raise ImportRefused(shortened(problems), origin=name)
    return tuple(sorted(versions, key=lambda version: version.date or date.max))


def _from_json(text: str, problems: list[str]) -> list[ClientTiers]:
    try:
        content = json.loads(text, object_pairs_hook=_without_doubles)
        file = msgspec.convert(content, _File)
    except json.JSONDecodeError as error:
        problems.append(f"Line {error.lineno}: no JSON, {error.msg}. The client's own file must be called *.py.")
    except RecursionError:
        problems.append("It is nested far deeper than a list of versions can be.")
    except ValueError as error:  # msgspec's own among them: it names the key
        problems.append(f"{error}.")
    else:
        for number, version in enumerate(file.versions, start=1):
            problems += [f"Snapshot {number}: {reason}" for reason in _faults(version.tiers)]
        return [
            ClientTiers(
                source=version.source,
                date=version.date,
                epoch=version.epoch,
                note=version.note,
                tiers=version.tiers,
                lines={},
            )
            for version in file.versions
        ]
    return []


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets the last of two equal keys win in silence; which of two tiers holds is for a person to say."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{quoted(key)} stands twice in one object: keep one")
        found[key] = value
    return found


def _from_python(text: str, name: str, problems: list[str]) -> list[ClientTiers]:
    try:
        module = ast.parse(text)
    except SyntaxError as error:
        problems.append(f"Line {error.lineno}: no Python, {error.msg}.")
        return []
    except (ValueError, RecursionError, MemoryError):
        problems.append("It cannot be read as Python: it is nested far deeper than a table of tiers can be.")
        return []
    tables = [table for statement in module.body if (table := _table(statement)) is not None]
    if len(tables) != 1:
        found = "is assigned more than once" if tables else "is assigned nowhere"
        problems.append(f"{VARIABLE} {found}: the file must hold one {VARIABLE} = {{'connector_id': 'tier', …}}.")
        return []
    tiers, lines = _entries(tables[0], problems)
    if tiers or not problems:
        problems += _faults(tiers, lines)
    return [ClientTiers(source=name, date=None, epoch=None, note="", tiers=tiers, lines=lines)]


def _table(statement: ast.stmt) -> ast.expr | None:
    """What a statement of the module assigns to the variable; None for any other statement."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=variable)], value=value) if variable == VARIABLE:
            return value
        case ast.AnnAssign(target=ast.Name(id=variable), value=ast.expr() as value) if variable == VARIABLE:
            return value
    return None


def _entries(table: ast.expr, problems: list[str]) -> tuple[dict[str, str], dict[str, int]]:
    """The plain text entries of the table by key, and their lines; nothing in it is evaluated."""
    tiers: dict[str, str] = {}
    lines: dict[str, int] = {}
    if not isinstance(table, ast.Dict):
        problems.append(f"Line {table.lineno}: {VARIABLE} is no dictionary in braces.")
        return tiers, lines
    for key, value in zip(table.keys, table.values, strict=True):
        match key, value:
            case ast.Constant(value=str(connector_id)), ast.Constant(value=str(tier)):
                if connector_id in tiers:
                    first = lines[connector_id]
                    problems.append(f"Line {key.lineno}: {quoted(connector_id)} stands on line {first} too: keep one.")
                tiers.setdefault(connector_id, tier)
                lines.setdefault(connector_id, key.lineno)
            case _:
                line = (key or value).lineno
                problems.append(f"Line {line}: an entry must be two plain texts, as in 'kraken': 'bronze'.")
    return tiers, lines


def _faults(found: Mapping[str, str], lines: Mapping[str, int] | None = None) -> list[str]:
    """What is wrong with ids and tiers. Words of health are refused as a whole: they answer another question."""
    problems = []
    if not found:
        return ["There is no connector in it."]
    for connector_id, tier in found.items():
        place = f"line {lines[connector_id]}, " if lines else ""
        if not CONNECTOR_ID.fullmatch(connector_id):
            problems.append(f"{place}{quoted(connector_id)} is no connector id: letters, digits and _ - / [ ] only.")
        elif tier.casefold() in HEALTH_WORDS:
            said = f"{quoted(tier)} is whether {connector_id} worked, and no tier"
            problems.append(f"{place}{said}: the client's list holds tiers since January 2023; give a later one.")
        elif tier not in Tier.values:
            problems.append(
                f"{place}{quoted(connector_id)} is {quoted(tier)}, which is none of {', '.join(Tier.values)}."
            )
    return [problem[:1].upper() + problem[1:] for problem in problems]
