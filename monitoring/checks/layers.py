"""Which limits hold for a check: the defaults, over them its tier's, the operator's, and its own at last."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from connectors.errors import nearest
from monitoring.checks.thresholds import Thresholds, UnknownThreshold

FILE_VARIABLE = "BELLWETHER_THRESHOLDS"
SHIPPED = Path(__file__).with_name("thresholds.toml")

WITHOUT_TIER = "none"
TIERS = ("gold", "silver", "bronze", WITHOUT_TIER)
ALL = "all"
"""In a file of limits, the section for whatever tier."""

Overrides = Mapping[str, Mapping[str, float]]
"""{kind: {limit: number}}."""


def thresholds_for(
    tier: str | None = None,
    own: Overrides | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
) -> Thresholds:
    """The limits for an exchange of this *tier*, *own* ones over all others.

    "" is for an exchange without a tier, None where no tier is known and none is to count. The operator's file of
    limits is the one that BELLWETHER_THRESHOLDS names. Raises UnknownThreshold.
    """
    layers = [_of_tier(read_limits(SHIPPED), tier)]
    if file := environ.get(FILE_VARIABLE):
        operators = read_limits(Path(file))
        layers += [operators.get(ALL, {}), _of_tier(operators, tier)]
    return Thresholds.of(*layers, own or {})


def read_operators_limits(environ: Mapping[str, str] = os.environ) -> None:
    """Raises UnknownThreshold where the operator's file of limits cannot be read."""
    if file := environ.get(FILE_VARIABLE):
        read_limits(Path(file))


def read_limits(path: Path) -> Mapping[str, Overrides]:
    """The file's limits by tier, each one known. Raises UnknownThreshold, which names the file and the place."""
    try:
        changed_ns = path.stat().st_mtime_ns
    except OSError as error:
        raise UnknownThreshold(f"{path}: {error.strerror}") from error
    return _read_limits(path, changed_ns)


@cache
def _read_limits(path: Path, changed_ns: int) -> Mapping[str, Overrides]:
    """Parsed once for each state of the file: it is asked for before every run."""
    try:
        sections = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnknownThreshold(f"{path}: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not even UTF-8
        raise UnknownThreshold(f"{path}: {error}") from error
    for tier, limits in sections.items():
        if tier not in (ALL, *TIERS):
            raise UnknownThreshold(f"{path}: no tier {tier!r}: {nearest(tier, (ALL, *TIERS))}")
        if not isinstance(limits, dict):
            raise UnknownThreshold(f"{path}: {tier}: write [{tier}.kind] and below it limit = number")
        try:
            Thresholds.of(limits)
        except UnknownThreshold as error:
            raise UnknownThreshold(f"{path}: {tier}: {error}") from error
    return sections


def _of_tier(sections: Mapping[str, Overrides], tier: str | None) -> Overrides:
    return {} if tier is None else sections.get(tier or WITHOUT_TIER, {})
