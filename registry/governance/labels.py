"""What the quarter labels of epochs say, against the dates of those epochs and against one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from registry.governance.record import EpochRecord, printed_day

LABEL = re.compile(r"Q([1-4])(?:-Q([1-4]))? (\d{4})")


def quarters(label: str) -> tuple[int, int] | None:
    """The first and the last quarter that a label names, counted from year 0; None where it names none.

    "Q2 2023" and "Q3-Q4 2022" are labels.
    """
    match = LABEL.fullmatch(label)
    if not match:
        return None
    year = int(match[3]) * 4
    return year + int(match[1]) - 1, year + int(match[2] or match[1]) - 1


def first_day(quarter: int) -> date:
    return date(quarter // 4, quarter % 4 * 3 + 1, 1)


def label_contradictions(epochs: Sequence[EpochRecord]) -> Iterator[tuple[int, str, str]]:
    """Epoch, kind and text of each."""
    labelled = {epoch.number: named for epoch in epochs if (named := quarters(epoch.label))}
    for epoch in epochs:
        if epoch.number in labelled:
            yield from _against_dates(epoch, *labelled[epoch.number])
    seen: dict[str, int] = {}
    for epoch in epochs:
        if epoch.label in seen:
            text = f"Epochs {seen[epoch.label]} and {epoch.number} are both printed as {epoch.label}."
            yield epoch.number, "label_clash", text
        seen.setdefault(epoch.label, epoch.number)
    for (before, (_, last)), (number, (first, _)) in pairwise(sorted(labelled.items())):
        skipped = [f"Q{quarter % 4 + 1} {quarter // 4}" for quarter in range(last + 1, first)]
        if skipped:
            yield before, "label_gap", f"No epoch is labelled {', '.join(skipped)}; epoch {number} comes next."


def _against_dates(epoch: EpochRecord, first: int, last: int) -> Iterator[tuple[int, str, str]]:
    begins, ends = first_day(first), first_day(last + 1) - timedelta(days=1)
    if epoch.dates:
        starts_on, ends_on = printed_day(epoch.dates.starts), printed_day(epoch.dates.ends)
        if starts_on > ends or ends_on < begins:
            text = f"Printed as {epoch.label}, and dated {epoch.dates.starts} to {epoch.dates.ends}."
            yield epoch.number, "label_mismatch", text
        elif (starts_on, ends_on) != (begins, ends):
            text = f"Printed as {epoch.label}, though it ran from {epoch.dates.starts} to {epoch.dates.ends}."
            yield epoch.number, "label_overlap", text
    elif epoch.effective_from and not begins <= epoch.effective_from <= ends:
        text = f"Printed as {epoch.label}, and its results came on {epoch.effective_from}."
        yield epoch.number, "label_mismatch", text
