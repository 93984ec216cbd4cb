"""Undoes one known damage: UTF-8 that was read as Mac Roman and saved again (`✅` became `‚úÖ`)."""

from __future__ import annotations

from collections.abc import Sequence

from registry.importers.pages.page import Repair

SUSPICIOUS = frozenset(bytes(range(0x80, 0x100)).decode("mac_roman"))
"""What a byte of a longer character turns into."""


def repaired(line: str) -> str:
    """The line as it was before, or itself.

    It is believed only where the way back gives the very line, and fewer characters are left that could be damage.
    """
    if line.isascii():
        return line
    try:
        before = line.encode("mac_roman").decode("utf-8")
    except UnicodeError:
        return line
    back = before.encode("utf-8").decode("mac_roman")
    return before if back == line and _suspicious(before) < _suspicious(line) else line


def repairs_of(lines: Sequence[str]) -> tuple[list[str], tuple[Repair, ...]]:
    """All lines, and which of them were repaired; each for itself, since a page may be damaged in part."""
    whole = [repaired(line) for line in lines]
    return whole, tuple(
        Repair(number, before, after)
        for number, (before, after) in enumerate(zip(lines, whole, strict=True), start=1)
        if before != after
    )


def _suspicious(line: str) -> int:
    return sum(char in SUSPICIOUS for char in line)
