"""How names are compared: Gate.io, gate_io and gate-io are one spelling to a reader."""

from __future__ import annotations

import unicodedata


def name_key(name: str) -> str:
    """Letters and digits alone, in lower case: "Gate.io" -> "gateio"; "" for a name that has none."""
    return "".join(char for char in unicodedata.normalize("NFKC", name).casefold() if char.isalnum())
