"""Which characters a text may hold, wherever it comes from."""

from __future__ import annotations

import re

NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, what turns the reading direction around, and halves of surrogate pairs."""


def is_printable(text: str) -> bool:
    """Whether every database keeps it, every feed may hold it, and readers see it in the order in which it stands."""
    return NO_TEXT.search(text) is None
