"""Limits are data: defaults that can be overridden by name, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.checks.thresholds import Thresholds, UnknownThreshold


def test_an_override_replaces_one_limit_and_leaves_the_rest() -> None:
    thresholds = Thresholds.of({"connectivity": {"slow_ms": 50}, "order_book": {"depth": 25}})

    assert thresholds.connectivity.slow_ms == 50
    assert thresholds.connectivity.calls == Thresholds().connectivity.calls
    assert thresholds.order_book.depth == 25
    assert thresholds.candles == Thresholds().candles


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"conectivity": {}}, "no thresholds for 'conectivity': did you mean connectivity?"),
        ({"order_book": {"deph": 25}}, "order_book has no limit 'deph': did you mean depth?"),
        ({"markets": [1]}, "markets: write an object of limits by name, not [1]"),
        ({"order_book": {"depth": 2.5}}, "order_book.depth must be a whole number, not 2.5"),
        ({"connectivity": {"slow_ms": "1"}}, "connectivity.slow_ms must be a number from 0 to 50,000,000, not '1'"),
        ({"connectivity": {"slow_ms": True}}, "connectivity.slow_ms must be a number from 0 to 50,000,000, not True"),
        ({"connectivity": {"slow_ms": -1}}, "connectivity.slow_ms must be a number from 0 to 50,000,000, not -1"),
        (
            {"connectivity": {"slow_ms": float("nan")}},
            "connectivity.slow_ms must be a number from 0 to 50,000,000, not nan",
        ),
        (
            {"markets": {"change_shown_s": float("inf")}},
            "markets.change_shown_s must be a number from 0 to 50,000,000, not inf",
        ),
    ],
)
def test_a_wrong_override_is_named(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownThreshold) as caught:
        Thresholds.of(overrides)

    assert str(caught.value) == message
