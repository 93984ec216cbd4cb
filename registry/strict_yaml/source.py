"""YAML read strictly: one document, every key once, nothing shared by reference, and the line of each value kept."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]

MOST_BYTES = 1_000_000
"""Of one file: many times the largest that people write."""
NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]+)?)?|\.nan|[-+]?\.inf", re.IGNORECASE)
"""As people write one. YAML would also read 010 as eight, 1:30 as ninety and 1_0 as ten."""


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


def file_bytes(path: Path) -> bytes:
    """What a file holds that people wrote. Raises OSError, also for what is no such file: a pipe would never end."""
    with open(path, "rb", opener=_open_without_waiting) as file:  # and asked what it is only then
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "Not a plain file", str(path))
        if found.st_size > MOST_BYTES:
            raise OSError(0, "Larger than a megabyte", str(path))
        return file.read(MOST_BYTES)


def _open_without_waiting(path: str, flags: int) -> int:
    """A pipe would wait for its other end."""
    return os.open(path, flags | os.O_NONBLOCK)


def read_yaml(text: str) -> Document:
    """The one document in *text*. Raises UnreadableYaml."""
    try:
        return _read(_FastLoader(text))
    except (yaml.YAMLError, UnicodeEncodeError, RecursionError):
        return _read_in_python(text)


def _read_in_python(text: str) -> Document:
    """What the parser in C refuses: this one says better what and where, and its word holds."""
    try:
        return _read(_StrictLoader(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or error.context or "not YAML"
        raise UnreadableYaml(f"not YAML: {reason}", line=mark.line + 1 if mark else 0) from error
    except yaml.YAMLError as error:
        raise UnreadableYaml(f"not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise UnreadableYaml("not YAML that can be read: nested too deeply") from error


def _read(loader: Any) -> Document:
    node = loader.get_single_node()
    if node is None:
        raise UnreadableYaml("the file is empty")
    lines: dict[KeyPath, int] = {}
    _note_lines(node, (), lines)
    return Document(loader.construct_document(node), lines)


NUMBERS = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})


class _Strictness(yaml.composer.Composer, yaml.constructor.SafeConstructor):
    """Without aliases, which could make a small file into an endless one, and without tags."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[attr-defined]  # the loaders below bring the parser
        refused = "aliases" if isinstance(event, yaml.AliasEvent) else "tags" if event.tag is not None else None
        if refused:
            raise yaml.composer.ComposerError(None, None, f"{refused} are not allowed here", event.start_mark)
        return super().compose_node(parent, index)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """What is written like a date or a number, but is none, stays text: the schema refuses it and names its key."""
        if not isinstance(node, yaml.ScalarNode):
            return super().construct_object(node, deep=deep)
        if node.tag in NUMBERS and not NUMBER.fullmatch(node.value):
            return node.value
        try:
            value = super().construct_object(node)
            str(value)  # Python refuses to print a number of many thousand digits, or to read it
        except (ValueError, OverflowError):
            return node.value
        return value


class _StrictLoader(_Strictness, yaml.SafeLoader):
    pass


if yaml.__with_libyaml__:

    class _FastLoader(_Strictness, yaml.CSafeLoader):
        """Scans and parses in C, five times as fast. The parser in C would compose, too: so ours stands before it."""

        def __init__(self, text: str) -> None:
            yaml.composer.Composer.__init__(self)
            yaml.CSafeLoader.__init__(self, text)

else:
    _FastLoader = _StrictLoader  # type: ignore[assignment, misc]  # slower, and the same


def _note_lines(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int]) -> None:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(item, (*path, index), lines)
    elif isinstance(node, yaml.MappingNode):
        first_lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or not key.value.isprintable():
                raise UnreadableYaml("a key must be a word", line=line)
            if key.value in first_lines:
                raise UnreadableYaml(f"{key.value!r} stands twice, first on line {first_lines[key.value]}", line=line)
            first_lines[key.value] = line
            _note_lines(value, (*path, key.value), lines)
            lines[(*path, key.value)] = line
