"""What every importer gives and how it refuses, so that services need not know where a poll was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from registry.choices import PollSource
from registry.errors import RegistryError
from registry.governance.names import name_key
from registry.governance.tallies import PollResult
from registry.printable import is_printable

MAX_BYTES = 5 * 1024 * 1024
"""Some ten thousand votes; the largest poll of the record had 39."""

MAX_CHOICES = 1000
"""As many as Snapshot allows in any space."""

MAX_NAME = 120
MAX_TITLE = 300

SUM_NAMES = frozenset({"total", "totals", "sum", "totalvotes", "alltotal", "grandtotal"})
"""How a line beneath a table is called that is no choice."""


class ImportRefused(RegistryError):
    """The bytes are not the result of one closed poll. `problems` holds a sentence for every reason found."""

    def __init__(self, problems: Sequence[str], *, origin: str = "") -> None:
        self.problems = tuple(problems)
        self.origin = origin
        opening = f"{origin}: " if origin else ""
        super().__init__(opening + "\n".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPoll:
    """A closed poll as one source states it, with the bytes that say so."""

    result: PollResult
    source: PollSource
    content: bytes  # exactly as received
    origin: str  # the file's name or the address
    closed_at: datetime  # aware, UTC, like opened_at
    opened_at: datetime | None = None
    title: str = ""
    snapshot_id: str = ""
    space: str = ""
    url: str = ""
    voters: int | None = None
    quorum: Decimal | None = None  # votes that were asked for; None: the source does not say
    recounted: bool = False  # the source holds the votes themselves, and they add up to its totals
    stated_votes: Mapping[int, str] = field(default_factory=dict)  # as printed, by choice index
    shares: Mapping[int, Decimal] = field(default_factory=dict)  # percent as printed, by choice index
    warnings: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Of the bytes as received, in hex."""
        return hashlib.sha256(self.content).hexdigest()


def decoded(content: bytes, *, origin: str, limit: int = MAX_BYTES) -> str:
    """The text of *content*, without a byte order mark. Raises ImportRefused: too large, empty, or no UTF-8 text."""
    if len(content) > limit:
        raise ImportRefused(
            [f"It has {len(content):,} bytes, and more than {limit:,} are not read: leave out what is no part."],
            origin=origin,
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportRefused(
            [f"It is not UTF-8 text (byte {error.start:,} is not): save it as UTF-8 and import it again."],
            origin=origin,
        ) from error
    if not text.strip():
        raise ImportRefused(["It is empty."], origin=origin)
    if "\0" in text:
        raise ImportRefused(["It holds NUL characters, so it is no text: save it as UTF-8."], origin=origin)
    return text


def problems_of_names(names: Sequence[str]) -> list[str]:
    """What is wrong with the names of a poll's choices, which stand in the poll's order."""
    if not names:
        return ["There are no choices."]
    if len(names) > MAX_CHOICES:
        return [f"There are {len(names):,} choices, and a poll has at most {MAX_CHOICES:,}."]
    problems = []
    first_index: dict[str, int] = {}
    for index, name in enumerate(names, start=1):
        key = name_key(name)
        if not key:
            problems.append(f"Choice {index}: {quoted(name)} has no letter and no digit to tell it by.")
        elif len(name) > MAX_NAME or len(key) > MAX_NAME:  # one character may be a whole word, written out
            problems.append(f"Choice {index}: the name {quoted(name)} is longer than {MAX_NAME} characters.")
        elif not is_printable(name):
            problems.append(f"Choice {index}: the name {quoted(name)} holds characters that are no text.")
        elif key in first_index:
            other = first_index[key]
            problems.append(
                f"Choices {other} and {index}: {quoted(names[other - 1])} and {quoted(name)} are one name. "
                "Which of them counts is for a person to settle: keep one."
            )
        else:
            first_index[key] = index
    return shortened(problems)


def quoted(text: str, *, at_most: int = 60) -> str:
    """The text on one line for an error message, cut where it is long."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return f"“{line}”" if len(line) <= at_most else f"“{line[:at_most]}…”"


def shortened(problems: Sequence[str], *, at_most: int = 10) -> list[str]:
    """The first problems of many of one kind, and how many more there are."""
    if len(problems) <= at_most:
        return list(problems)
    return [*problems[:at_most], f"… and {len(problems) - at_most:,} more of this kind."]
