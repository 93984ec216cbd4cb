"""Which exchange a page is of: a guess by its path, its title and its connectors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

NO_NAMES = frozenset(("", "index", "readme", "exchanges", "gateway", "pages", "docs", "connectors", "page", "stdin"))
"""What a path says that says nothing of the exchange."""

OF_A_CONNECTOR = ("-perpetual", "-perp", "-spot", "-derivative", "-paper-trade", "-testnet")
"""What is behind the exchange's name where a page, or an id, is of one connector."""


def exchange_of(file: str, title: str, ids: Iterable[str]) -> str:
    """The slug by the file's name, or its folder's for an index, else by the title, else by the first id; or ""."""
    path = PurePosixPath(file.replace("\\", "/"))
    names = [path.name.removesuffix(path.suffix) if path.suffix in {".md", ".markdown"} else path.name]
    if names[0].casefold() in NO_NAMES:
        names.append(path.parent.name)
    for name in (*names, title, *ids):
        slug = slug_of(name)
        if slug not in NO_NAMES and not slug.isdecimal() and name.isprintable() and "`" not in name:
            return slug
    return ""


def slug_of(name: str) -> str:
    """`gate_io perpetual` -> `gate-io`; the part before a slash of Gateway's ids."""
    spelled = "".join(char if char.isascii() and char.isalnum() else "-" for char in name.partition("/")[0].casefold())
    slug = "-".join(filter(None, spelled.split("-")))
    for ending in OF_A_CONNECTOR:
        slug = slug.removesuffix(ending)
    return slug[:60]
