"""What is asked for and is not in the registry."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from registry.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Sequence


class NotHere(RegistryError):
    """Nothing of that name or number is here; *nearest* holds exchanges that are spelled most like it, best first."""

    def __init__(self, sentence: str, *, nearest: Sequence[str] = ()) -> None:
        self.nearest = tuple(nearest)
        super().__init__(sentence)


class UnknownExchange(NotHere):
    """No exchange has this slug."""

    def __init__(self, slug: str, valid: Sequence[str]) -> None:
        nearest = get_close_matches(slug.lower(), valid, n=3, cutoff=0.5)
        hint = f": did you mean {' or '.join(nearest)}?" if nearest else ""
        super().__init__(f"no exchange is called “{slug}” here{hint}", nearest=nearest)
