"""Prints entries as YAML that people read and review: keys in the order of the schema, what is not said left out."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
import yaml

from registry.governance.policy_schema import Band, Eligibility, Order, Pool, SlotRule
from registry.services.catalogue.schema import AliasEntry, ChainEntry

ON_ONE_LINE = (AliasEntry, ChainEntry, Band, Eligibility, Order, Pool, SlotRule)
"""Small mappings that stand in a list, each on a line of its own."""
WIDTH = 108  # lines are broken behind the word that passes it
LONGEST_LINE = 100
"""Of a text that is printed beside its key; a longer one is folded below it."""


def yaml_text(content: msgspec.Struct, comment: str) -> str:
    """The file that says *content*, below *comment* (lines that begin with #)."""
    blocks = [comment]
    is_after_block = True  # the comment stands apart
    for key, value in _plain(content).items():
        text = yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
        is_block = text.count("\n") > 1
        blocks.append(f"\n{text}" if is_block or is_after_block else text)
        is_after_block = is_block
    return "".join(blocks)


class _OnOneLine(dict[str, Any]):
    """A mapping that is printed in braces."""


def _plain(value: Any) -> Any:
    """What YAML prints: mappings without the keys that say what their absence says."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        stated = [(field, getattr(value, field.name)) for field in fields]
        said = {field.name: _plain(part) for field, part in stated if field.required or part != _default(field)}
        return _OnOneLine(said) if isinstance(value, ON_ONE_LINE) else said
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(part) for key, part in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return _number(value)
    return value


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def _number(value: Decimal) -> int | float | str:
    """As a number where YAML's are exact enough, else in quotes."""
    if value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else f"{value}"


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists stand further in than the key that they belong to."""
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """As it stands where it has lines, folded where it is long; in quotes where such a block would not give it back."""
    style, lines = None, text.removesuffix("\n")
    if lines == lines.strip():  # what begins with a space is deeper than its block, more lines at the end leave it open
        is_long = len(text) > LONGEST_LINE and " " in text and "\t" not in text  # a line may be broken before a tab
        style = "|" if "\n" in text else ">" if is_long else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _list(dumper: yaml.SafeDumper, items: list[Any]) -> yaml.SequenceNode:
    """Words side by side; what is longer, or a mapping, one below the other."""
    are_words = not any(isinstance(item, dict | list) or " " in str(item) for item in items)
    flow_style = are_words and len(str(items)) <= LONGEST_LINE
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flow_style)


def _line(dumper: yaml.SafeDumper, mapping: _OnOneLine) -> yaml.MappingNode:
    """In braces, where it is short enough to stay on its line."""
    return dumper.represent_mapping(
        "tag:yaml.org,2002:map", mapping.items(), flow_style=len(str(mapping)) <= LONGEST_LINE
    )


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(_OnOneLine, _line)
