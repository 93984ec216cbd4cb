"""docs/fault-matrix.md: the parts of it that are written by `make faults`, and read back by a test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from monitoring.checks.blame import table
from monitoring.checks.outcomes import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.faults.matrix import Cell

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fault-matrix.md"


def write(parts: Mapping[str, str]) -> None:
    """Put each part between its markers."""
    text = PAGE.read_text(encoding="utf-8")
    for name, part in parts.items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->\n")
        assert "" not in (begin, end), f"{PAGE} has no place for {name}"
        text = f"{before}{begin}\n{part}\n{end}{after}"
    PAGE.write_text(text, encoding="utf-8")


def read(name: str) -> str:
    """What stands between the markers of a part."""
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- end of {name} -->\n")[0].strip() + "\n"


def matrix(cells: Sequence[Cell]) -> str:
    """One table for each connector: a row for each fault, a column for each kind of check."""
    sections = []
    for connector in dict.fromkeys(cell.connector for cell in cells):
        own = [cell for cell in cells if cell.connector == connector]
        kinds = [kind for kind in Kind if any(cell.kind is kind for cell in own)]
        lines = [
            f"### `{connector}`\n",
            _row("fault", *(kind.replace("_", " ") for kind in kinds)),
            _row("---", *("---" for _ in kinds)),
        ]
        for strike in dict.fromkeys(str(cell.row.strike) for cell in own):
            found = {cell.kind: cell for cell in own if str(cell.row.strike) == strike}
            lines.append(_row(f"`{strike}`", *(_shown(found[kind]) for kind in kinds)))
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"


def _shown(cell: Cell) -> str:
    text = shown_verdict(cell.found.verdict)
    if text != "ok":
        text += f" · {cell.found.seconds:.1f} s"
    return text if cell.is_right and cell.is_in_time else f"WRONG: {text}"


def shown_verdict(verdict: tuple[str, str, str]) -> str:
    outcome, cause, blame = verdict
    return "ok" if outcome == "ok" else f"**{outcome}** {cause} · {blame.replace('_', ' ')}"


def without_seconds(cell: str) -> str:
    return re.sub(r" · [0-9.]+ s$", "", cell)


def rules() -> str:
    lines = [_row("rule", "when", "outcome", "cause", "whose side", "how sure"), _row(*["---"] * 6)]
    for rule in table():
        words = (str(word).replace("_", " ") for word in (rule.outcome, rule.cause, rule.blame, rule.confidence))
        lines.append(_row(rule.name, rule.when, *words))
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
