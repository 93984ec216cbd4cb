"""A folder of exchange pages, read again only where a file has changed.

Each page is kept under its file's path, size, inode and both times of change (`mtime` and `ctime`, to the nanosecond):
as long as none of them moved, the file is neither opened nor parsed. A request costs one `stat` per file; a page that
was edited, replaced or touched is parsed once per process. `ctime` cannot be set back, so an edit that keeps the file's
length and puts its date back shows as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from registry.errors import RegistryError
from registry.importers.pages import Page, read_page
from registry.importers.pages.source import MAX_BYTES
from registry.printable import NO_TEXT

MAX_FILES = 1000
"""Ten times as many as the documentation site has exchange pages; the first request after a start parses them all."""


class PagesUnreadable(RegistryError):
    """The folder of pages is not there, or is none."""


@dataclass(frozen=True, slots=True)
class PagesFolder:
    """The exchange pages under a folder by path, and why the other Markdown files are not among them."""

    pages: tuple[Page, ...]
    other_files: tuple[str, ...]  # Markdown that is no exchange page
    unread: tuple[str, ...]  # file: reason


class _Version(NamedTuple):
    """What tells one state of a file from any other."""

    path: str
    size: int
    inode: int
    modified_ns: int
    changed_ns: int


def pages_under(place: Path) -> PagesFolder:
    """The pages of a file or of a folder with its subfolders. Raises PagesUnreadable."""
    pages, other_files, unread = [], [], []
    root = Path(os.path.realpath(place))
    for number, (path, name) in enumerate(_markdown_files(place)):
        if number == MAX_FILES:
            unread.append(f"{name} and all after it: more than {MAX_FILES:,} files are not read, name a folder within")
            break
        if _leads_out(path, root):
            unread.append(f"{name}: it is a link that leads out of the folder")
            continue
        try:
            version = _version_of(path)
            page = _read(version, name) if version else None
        except OSError as error:
            unread.append(f"{name}: {error.strerror}")
            continue
        if page and page.is_exchange_page:
            pages.append(page)
        elif page:
            other_files.append(name)
    return PagesFolder(tuple(pages), tuple(other_files), tuple(unread))


def merged(folders: Iterable[PagesFolder]) -> PagesFolder:
    """Several places as one."""
    found = list(folders)
    return PagesFolder(
        tuple(page for folder in found for page in folder.pages),
        tuple(name for folder in found for name in folder.other_files),
        tuple(name for folder in found for name in folder.unread),
    )


def _markdown_files(place: Path) -> Iterator[tuple[Path, str]]:
    """Each file with its name below *place*, in the order of paths. Subfolders that nobody may list are passed over."""
    try:
        is_folder = place.is_dir()
        if is_folder:
            os.listdir(place)
        else:
            place.stat()
    except OSError as error:
        raise PagesUnreadable(f"{place} cannot be read: {error.strerror}") from error
    if not is_folder:
        yield place, place.name
        return
    for folder, subfolders, names in os.walk(place):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(".md") and not name.startswith("."):
                path = Path(folder) / name
                yield path, NO_TEXT.sub("\ufffd", path.relative_to(place).as_posix())


def _leads_out(path: Path, root: Path) -> bool:
    """Whoever may propose a page may propose a link, and the server can read what they cannot."""
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root)


def _version_of(path: Path) -> _Version | None:
    """None for what is no regular file: a pipe would never end."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        return None
    return _Version(str(path), found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=2 * MAX_FILES)
def _read(version: _Version, name: str) -> Page:
    with Path(version.path).open("rb") as file:
        return read_page(file.read(MAX_BYTES + 1), name)
