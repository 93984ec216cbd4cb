"""Limits in layers: the defaults, a tier's, the operator's, the check's own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from monitoring.checks.layers import (
    ALL,
    SHIPPED,
    TIERS,
    WITHOUT_TIER,
    read_limits,
    read_operators_limits,
    thresholds_for,
)
from monitoring.checks.thresholds import Thresholds, UnknownThreshold
from registry.choices import Tier

if TYPE_CHECKING:
    from pathlib import Path

OPERATORS = """
[all.connectivity]
slow_ms = 700
calls = 5
[gold.connectivity]
slow_ms = 300
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "limits.toml"
    path.write_text(OPERATORS, encoding="utf-8")
    return path


def named(file: Path) -> dict[str, str]:
    return {"BELLWETHER_THRESHOLDS": str(file)}


def test_what_is_shipped_is_readable_and_names_every_tier_that_there_is() -> None:
    assert set(TIERS) == {*Tier.values, WITHOUT_TIER}
    assert set(read_limits(SHIPPED)) <= {ALL, *TIERS}


def test_more_is_asked_of_an_exchange_that_is_promised_more() -> None:
    slow_ms = [thresholds_for(tier, environ={}).connectivity.slow_ms for tier in ("gold", "silver", "bronze", "")]

    assert slow_ms == [1000, 1500, 2500, 2500]
    assert thresholds_for("silver", environ={}) == thresholds_for(environ={}) == Thresholds()


def test_right_and_wrong_are_the_same_for_every_tier() -> None:
    assert len({thresholds_for(tier, environ={}).markets for tier in ("gold", "silver", "bronze", "")}) == 1


@pytest.mark.parametrize(
    ("tier", "own", "slow_ms", "calls"),
    [
        ("gold", {}, 300, 5),
        ("bronze", {}, 700, 5),
        ("", {}, 700, 5),
        (None, {}, 700, 5),
        ("gold", {"connectivity": {"slow_ms": 42}}, 42, 5),
    ],
)
def test_the_operators_file_goes_over_the_tier_and_a_checks_own_limits_over_all(
    file: Path, tier: str | None, own: dict[str, dict[str, float]], slow_ms: float, calls: int
) -> None:
    limits = thresholds_for(tier, own, environ=named(file)).connectivity

    assert (limits.slow_ms, limits.calls) == (slow_ms, calls)


def test_a_file_that_changes_counts_from_the_next_run_on(file: Path) -> None:
    assert thresholds_for("gold", environ=named(file)).connectivity.slow_ms == 300
    file.write_text("[gold.connectivity]\nslow_ms = 301\n", encoding="utf-8")
    os.utime(file, (1, 1))

    assert thresholds_for("gold", environ=named(file)).connectivity.slow_ms == 301


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[golden.connectivity]", "no tier 'golden': did you mean gold?"),
        ("[gold.conectivity]", "gold: no thresholds for 'conectivity': did you mean connectivity?"),
        ("[gold.connectivity]\nskew = 1", "gold: connectivity has no limit 'skew': did you mean skew_ms?"),
        ("[gold]\nconnectivity = 1", "gold: connectivity: write an object of limits by name, not 1"),
        ("gold = 1", "gold: write [gold.kind] and below it limit = number"),
        (
            "[gold.connectivity]\nslow_ms = '1'",
            "gold: connectivity.slow_ms must be a number from 0 to 50,000,000, not '1'",
        ),
        ("[gold", "Expected ']' at the end of a table declaration (at end of document)"),
        ("\udc80", "'utf-8' codec can't decode byte 0x80 in position 0: invalid start byte"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")

    with pytest.raises(UnknownThreshold) as refused:
        read_operators_limits(named(path))

    assert str(refused.value) == f"{path}: {said}"


def test_a_file_that_is_not_there_or_is_a_folder_is_named(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "gone.toml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(UnknownThreshold) as refused:
            thresholds_for(environ=named(path))

        assert str(refused.value) == f"{path}: {said}"


def test_no_file_is_no_trouble() -> None:
    read_operators_limits({})
    read_operators_limits({"BELLWETHER_THRESHOLDS": ""})
