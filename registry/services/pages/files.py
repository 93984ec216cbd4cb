"""Pages on disk: found, read, and written in one step each."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from registry.errors import Problem, RegistryError
from registry.importers.pages import Page, read_page

PAGE = "*.md"
ANY_MAY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class PagesUnreadable(RegistryError):
    """Paths that hold no page, or cannot be read; nothing of the run was used."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


def read_pages(paths: Iterable[Path]) -> list[Page]:
    """The page of each file, and of each *.md file under each folder, in the order of the paths; none twice.

    Raises PagesUnreadable with every path that cannot be read.
    """
    pages: list[Page] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for path in paths:
        try:
            files = list(_pages_under(path)) if path.is_dir() else [path]
        except OSError as error:
            problems.append(_unreadable(path, error))
            continue
        if not files:
            problems.append(Problem(path, 0, "", f"there is no page in this folder (a file {PAGE})"))
        for file in files:
            if (real := os.path.realpath(file)) in seen:
                continue
            seen.add(real)
            try:
                pages.append(read_page(file.read_bytes(), printable(file)))
            except OSError as error:
                problems.append(_unreadable(file, error))
    if problems:
        raise PagesUnreadable(problems)
    return pages


def printable(path: Path) -> str:
    """The path as text that can be printed and stored, on one line: file systems take any bytes for a name."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(Path(printable(path)), 0, "", f"cannot be read: {error.strerror}")


def _pages_under(folder: Path) -> Iterator[Path]:
    """By name, hidden ones and those in hidden folders left out."""
    for path in sorted(folder.rglob(PAGE)):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def write_page(path: Path, content: bytes) -> None:
    """Puts the whole content in place at once, with the rights of the file that was there: nobody reads half of it.

    Where *path* is a link, what it leads to is written. Raises OSError, also for a page that nobody may write to, which
    putting another in its place would not heed.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.stat().st_mode & ANY_MAY_WRITE:
        raise PermissionError(errno.EACCES, "it is write-protected", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
