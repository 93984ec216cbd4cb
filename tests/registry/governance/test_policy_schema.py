"""The published JSON Schema says what the code accepts: it is the generated one, and the shipped documents fit it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registry.governance.policy import (
    SCHEMA_FILE,
    PolicyRefused,
    parse_policy,
    read_policies,
    schema_text,
    write_schema,
)
from tests.registry.governance.polls import TIERS

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
NOTES = {"title", "description", "default", "$schema", "$defs"}


def misfits(value: Any, schema: dict[str, Any], place: str = "$") -> list[str]:
    """Where *value* does not fit *schema*: the part of JSON Schema 2020-12 that the file uses, and no other."""
    if "type" in schema and not _is_of_type(value, schema["type"]):
        return [f"{place}: type"]
    found: list[str] = []
    for keyword, rule in schema.items():
        if keyword in NOTES or keyword == "type":
            continue
        if keyword in BY_PART:
            found += [
                each for part, sub, there in BY_PART[keyword](value, rule) for each in misfits(part, sub, place + there)
            ]
        elif not CHECKS[keyword](value, rule, schema):
            found.append(f"{place}: {keyword}")
    return found


def _is_of_type(value: Any, name: str) -> bool:
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}
    return isinstance(value, kinds[name]) and not isinstance(value, bool)


BY_PART: dict[str, Callable[[Any, Any], list[tuple[Any, Any, str]]]] = {
    "$ref": lambda value, rule: [(value, SCHEMA["$defs"][rule.removeprefix("#/$defs/")], "")],
    "properties": lambda value, rule: [(value[key], sub, f".{key}") for key, sub in rule.items() if key in value],
    "items": lambda value, rule: [(item, rule, f"[{spot}]") for spot, item in enumerate(value) if rule is not False],
    "prefixItems": lambda value, rule: [
        (item, sub, f"[{spot}]") for spot, (item, sub) in enumerate(zip(value, rule, strict=False))
    ],
}
"""Keywords that speak of parts: each part, its schema, and where it stands. Of tuples, maxItems bounds the rest."""

CHECKS: dict[str, Callable[[Any, Any, dict[str, Any]], bool]] = {
    "anyOf": lambda value, rule, _: any(not misfits(value, option) for option in rule),
    "enum": lambda value, rule, _: value in rule,
    "required": lambda value, rule, _: set(rule) <= set(value),
    "additionalProperties": lambda value, rule, schema: bool(rule) or set(value) <= set(schema["properties"]),
    "pattern": lambda value, rule, _: re.search(rule, value) is not None,
    "format": lambda value, rule, _: rule == "date" and _is_date(value),
    "maxLength": lambda value, rule, _: len(value) <= rule,
    "minItems": lambda value, rule, _: len(value) >= rule,
    "maxItems": lambda value, rule, _: len(value) <= rule,
    "minimum": lambda value, rule, _: value >= rule,
    "maximum": lambda value, rule, _: value <= rule,
}


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def test_the_committed_schema_is_the_generated_one() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), (
        "write it anew: registry.governance.policy.write_schema()"
    )


def test_writing_the_schema_writes_what_is_generated(tmp_path: Path) -> None:
    write_schema(tmp_path / "schema.json")
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("document", read_policies(), ids=str)
def test_every_shipped_policy_fits_the_schema(document: Any) -> None:
    assert misfits(document.to_builtins(), SCHEMA) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("unheard",), 1),
        (("slug",), "Upper"),
        (("slug",), "a\n"),
        (("version",), 0),
        (("version",), "1"),
        (("title",), "x" * 201),
        (("sources",), ["x"] * 51),
        (("kind",), "polls"),
        (("groups",), "cex"),
        (("groups",), ["cexx"]),
        (("voting",), ["by hand"]),
        (("in_force_from",), "2026-02-30"),
        (("eligibility", "min_votes"), 100),
        (("eligibility", "min_votes"), "1e5"),
        (("eligibility", "min_votes"), "007"),
        (("bands", 0, "ranks"), [1, 2, 3]),
        (("bands", 0, "ranks"), [1]),
        (("bands", 0, "ranks"), [None, 1]),
        (("bands", 0, "allocation"), "0"),
        (("order", 0, "by"), "age"),
    ],
)
def test_the_schema_and_the_code_refuse_alike(path: tuple[str | int, ...], value: Any) -> None:
    document: Any = copy.deepcopy(TIERS)
    assert misfits(document, SCHEMA) == []
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    assert misfits(document, SCHEMA) != []
    with pytest.raises(PolicyRefused):
        parse_policy(document)


@pytest.mark.parametrize("key", ["slug", "version", "kind", "groups", "to_epoch"])
def test_the_schema_and_the_code_miss_the_same_keys(key: str) -> None:
    document = {name: value for name, value in TIERS.items() if name != key}
    assert misfits(document, SCHEMA) == ["$: required"]
    with pytest.raises(PolicyRefused, match=f"{key}: missing"):
        parse_policy(document)
