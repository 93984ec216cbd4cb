"""What the governance pages call an outcome."""

from __future__ import annotations

import pytest

from registry.public.wording import outcome_of


@pytest.mark.parametrize(
    ("label", "included", "word"),
    [
        ("gold", True, "Gold"),
        ("gold", False, "Leaves"),
        ("core", True, "Core"),
        ("", True, "Stays in"),
        ("", False, "Leaves"),
        ("", None, "Not decided"),
    ],
)
def test_outcome_claims_no_more_than_was_decided(label: str, included: bool | None, word: str) -> None:
    assert outcome_of(label, included).word == word
