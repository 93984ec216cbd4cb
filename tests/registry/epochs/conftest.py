"""What every test of the epoch services starts from: shipped rules, and exchanges that polls may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.registry.epochs.factories import CEX_VOTES, DEX_VOTES, make_epoch, make_exchanges, make_policies

if TYPE_CHECKING:
    from registry.models import Epoch, Exchange, Policy


@pytest.fixture
def policies(db) -> dict[str, Policy]:
    return make_policies()


@pytest.fixture
def exchanges(db) -> dict[str, Exchange]:
    return make_exchanges([*CEX_VOTES, *DEX_VOTES])


@pytest.fixture
def epoch(policies, exchanges) -> Epoch:
    """Epoch 6, mapped: rules with tiers, a CEX and a DEX poll, none on chains."""
    return make_epoch(6)
