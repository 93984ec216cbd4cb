"""The exception tree is the one drawn, and says what may be tried again."""

from __future__ import annotations

import inspect
import re

import pytest

from connectors import errors
from connectors.errors import (
    ChecksumMismatch,
    ConnectorError,
    Disconnected,
    InvalidNonce,
    Maintenance,
    RateLimited,
    Timeout,
    UnknownPair,
    is_transient,
    nearest,
)


def test_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = re.findall(r"^[│├└─ ]*([A-Z]\w+)", inspect.getdoc(errors) or "", flags=re.MULTILINE)
    defined = [name for name, thing in vars(errors).items() if isinstance(thing, type)]

    assert sorted(drawn[1:]) == sorted(defined)  # the first is the title's own "The"


def test_what_may_succeed_a_moment_later_is_transient() -> None:
    assert all(is_transient(error("x")) for error in (Timeout, Disconnected, RateLimited, Maintenance))
    assert not any(is_transient(error("x")) for error in (InvalidNonce, UnknownPair, ChecksumMismatch))


def test_an_error_says_where_it_happened() -> None:
    error = ConnectorError("no answer", venue="kraken", pair="BTC-USD", endpoint="Depth")

    assert str(error) == "kraken BTC-USD Depth: no answer"


@pytest.mark.parametrize(
    ("value", "valid", "phrase"),
    [
        ("btc-usd", ["BTC-USD", "ETH-USD"], "did you mean BTC-USD, ETH-USD?"),
        ("krakn", ["kraken", "kucoin"], "did you mean kraken?"),
        ("zzz", ["a", "b"], "valid: a, b"),
        ("zzz", [str(number) for number in range(10)], "valid: 0, 1, 2, 3, 4, 5, 6, 7, …"),
        ("zzz", [], "none is available"),
    ],
)
def test_nearest_names_what_would_have_been_valid(value: str, valid: list[str], phrase: str) -> None:
    assert nearest(value, valid) == phrase
