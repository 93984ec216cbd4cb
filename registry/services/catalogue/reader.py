"""Reads files into structs and collects what is wrong with them, each with the line on which it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from registry.errors import Problem
from registry.strict_yaml import Document, Fault, UnreadableYaml, faults, file_bytes, printed_key, read_yaml

FileKind = TypeVar("FileKind", bound=msgspec.Struct)


class Reader:
    """Collects the problems of many files; keeps each document for the lines of later problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.documents: dict[Path, Document] = {}

    def read(self, path: Path, kind: type[FileKind]) -> FileKind | None:
        """The file as *kind*, or None with its problems noted."""
        try:
            document = read_yaml(file_bytes(path).decode())
        except UnreadableYaml as error:
            self.problems.append(Problem(path, error.line, "", error.reason))
            return None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            self.problems.append(Problem(path, 0, "", f"cannot be read: {reason}"))
            return None
        self.documents[path] = document
        found = list(faults(document.content, kind))
        self.check(path, found)
        return None if found else msgspec.convert(document.content, kind)

    def read_optional(self, path: Path, kind: type[FileKind]) -> FileKind | None:
        """As `read`, and None without a problem where there is no such file."""
        return self.read(path, kind) if path.exists() else None

    def check(self, path: Path, found: Iterator[Fault] | list[Fault]) -> None:
        document = self.documents[path]
        self.problems += [
            Problem(path, document.line_of(key_path), printed_key(key_path), reason) for key_path, reason in found
        ]
