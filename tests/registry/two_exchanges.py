"""The shipped catalogue without the files of most exchanges: what a test spoils stands in the files of two."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from registry.services.catalogue import CATALOGUE_DIR

KEPT = ("kraken", "kucoin")


def copy_of_two(directory: Path) -> Path:
    """Into *directory*, with all names, policies and records. Every exchange but those two is a name and a type."""
    copy = Path(shutil.copytree(CATALOGUE_DIR, directory))
    types = {}
    for path in sorted((copy / "exchanges").iterdir()):
        types[path.stem] = re.search(r"^exchange_type: (cex|dex)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if path.stem not in KEPT:
            path.unlink()
    subjects = copy / "subjects.yaml"
    parts = re.split(r"^(?=  - kind: )", subjects.read_text(encoding="utf-8"), flags=re.MULTILINE)
    subjects.write_text("".join(_with_type(part, types) for part in parts), encoding="utf-8")
    return copy


def _with_type(part: str, types: dict[str, re.Match[str] | None]) -> str:
    """A subject as it stands; where its type was left to its file, with that; none where the file has none either."""
    named = re.search(r"^  - kind: exchange\n    slug: (\S+)", part)
    if named is None or "    exchange_type: " in part:
        return part
    said = types[named[1]]
    return part.replace("    aliases:\n", f"    {said[0]}\n    aliases:\n", 1) if said else ""
