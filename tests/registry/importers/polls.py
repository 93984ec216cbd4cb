"""Polls for the importers' tests: a whole answer to alter, and tables to write down."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from registry.choices import PollGroup
from registry.importers.imported import ImportedPoll, ImportRefused
from registry.importers.snapshot import read_snapshot

PAYLOADS = Path(__file__).parents[2] / "payloads" / "snapshot"
CLOSED_AT = datetime(2026, 10, 12, 8, tzinfo=UTC)

VOTE_ID = "0x" + "ab" * 32

SMALL: dict[str, Any] = {
    "data": {
        "proposal": {
            "id": VOTE_ID,
            "title": "A small poll",
            "type": "weighted",
            "state": "closed",
            "start": 1791187200,
            "end": 1791792000,
            "choices": ["Binance", "Kraken", "KuCoin"],
            "scores": [250.5, 100, 49.5],
            "scores_total": 400,
            "scores_state": "final",
            "votes": 2,
            "quorum": 0,
            "space": {"id": "hbot.eth"},
        },
        "votes": [
            {
                "id": "a",
                "voter": "0x1",
                "created": 1791187300,
                "choice": {"1": 3, "2": 1},
                "vp": 301,
                "vp_state": "final",
            },
            {"id": "b", "voter": "0x2", "created": 1791187400, "choice": {"1": 1, "2": 1, "3": 2}, "vp": 99},
        ],
    }
}
"""Two voters, worked out by hand: 301 as 3:1 is 225.75 and 75.25; 99 as 1:1:2 is 24.75, 24.75 and 49.5."""


def small(alter: Callable[[dict[str, Any]], object] = lambda data: None) -> bytes:
    """The small poll's answer, altered."""
    document = copy.deepcopy(SMALL)
    alter(document["data"])
    return json.dumps(document).encode()


def with_proposal(**changes: Any) -> bytes:
    """The small poll, with other values for some fields of its proposal, and without its votes."""

    def alter(data: dict[str, Any]) -> None:
        del data["votes"]
        data["proposal"].update(changes)

    return small(alter)


def read(content: bytes, group: PollGroup = PollGroup.CEX) -> ImportedPoll:
    return read_snapshot(content, group=group, origin="poll.json")


def refusal(call: Callable[[], ImportedPoll]) -> tuple[str, ...]:
    """The problems for which a call is refused."""
    with pytest.raises(ImportRefused) as refused:
        call()
    return refused.value.problems


def outcome(call: Callable[[], ImportedPoll]) -> ImportedPoll | tuple[str, ...]:
    """The poll, or the problems for which it is refused; anything else that goes wrong is raised."""
    try:
        return call()
    except ImportRefused as refused:
        return refused.problems


def csv_of(rows: Sequence[Sequence[str]], separator: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def markdown_of(rows: Sequence[Sequence[str]]) -> bytes:
    header, *body = rows
    escaped = [[cell.replace("\\", "\\\\").replace("|", "\\|") for cell in row] for row in (header, *body)]
    lines = [f"| {' | '.join(row)} |" for row in escaped]
    lines.insert(1, "|" + "---|" * len(header))
    return "\n".join(lines).encode()
