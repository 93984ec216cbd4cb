"""A plan as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.services.epochs.plan_words import Section, asides, sections

HEAD = ("exchange", "from", "to", "poll", "rank", "votes", "rule")


def plan_lines(document: Mapping[str, Any]) -> list[str]:
    """The whole plan; one of a roll-back has no policy."""
    policy = document.get("policy")
    return [
        f"epoch {document['epoch']}: {document['kind']}, effective from {document['effective_from']}",
        f"policy: {policy['slug']} v{policy['version']}" if policy else "policy: none",
        document["summary"],
        *difference_lines(document),
    ]


def difference_lines(document: Mapping[str, Any]) -> list[str]:
    """The moves as tables of text, and what goes with them; of a plan or of a what-if."""
    lines: list[str] = []
    for section in sections(document):
        lines += ["", section.heading, *_table(section)]
        lines += [f"  {move.name}: {'; '.join(said)}" for move in section.moves if (said := move.margins + move.notes)]
    for heading, sentences in asides(document):
        lines += ["", f"{heading}: {len(sentences)}", *(f"  {sentence}" for sentence in sentences)]
    return lines


def _table(section: Section) -> list[str]:
    """Columns side by side, those that are empty throughout left out."""
    rows: list[Sequence[str]] = [
        (move.name, move.old, move.new, move.group, move.rank, move.votes, move.rule) for move in section.moves
    ]
    columns = [column for column in zip(HEAD, *rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    return [
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
