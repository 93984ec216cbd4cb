"""YAML read strictly: one document, every key once, nothing shared by reference, and the line of each value kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]


class UnreadableYaml(Exception):
    """The text is not YAML as the catalogue allows it. `line` counts from 1; 0 where it is not known."""

    def __init__(self, reason: str, *, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """Plain values (dict, list, str, int, date, …) and the line on which each of them starts."""

    content: Any
    lines: dict[KeyPath, int]

    def line_of(self, path: KeyPath) -> int:
        """The line of *path*, or of the nearest mapping or list around it when the key is missing."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 0)


def read_yaml(text: str) -> Document:
    """The one document in *text*. Raises UnreadableYaml."""
    try:
        loader = _StrictLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise UnreadableYaml("the file is empty")
        lines: dict[KeyPath, int] = {}
        _note_lines(node, (), lines)
        return Document(loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "not YAML"
        raise UnreadableYaml(f"not YAML: {reason}", line=mark.line + 1 if mark else 0) from error
    except yaml.YAMLError as error:
        raise UnreadableYaml(f"not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise UnreadableYaml("not YAML that can be read: nested too deeply") from error


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader without aliases, which could make a small file into an endless one."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs leave it open
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed here", mark)
        return super().compose_node(parent, index)


def _construct_date(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> date | datetime:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:  # written like a date, but there is no such day
        raise yaml.constructor.ConstructorError(None, None, f"no such date: {node.value}", node.start_mark) from error


_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _construct_date)


def _note_lines(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int]) -> None:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(item, (*path, index), lines)
    elif isinstance(node, yaml.MappingNode):
        first_lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise UnreadableYaml("a key must be a word", line=line)
            if key.value in first_lines:
                raise UnreadableYaml(f"{key.value!r} stands twice, first on line {first_lines[key.value]}", line=line)
            first_lines[key.value] = line
            _note_lines(value, (*path, key.value), lines)
            lines[(*path, key.value)] = line
