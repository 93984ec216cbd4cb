"""When checks run."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from monitoring.cadence import EPOCH, cadence_of, next_slot, phase_of
from tests.monitoring.factories import NOON


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BELLWETHER_CADENCE_S", raising=False)


@pytest.mark.parametrize(("tier", "seconds"), [("gold", 60), ("silver", 120), ("bronze", 300), ("", 600)])
def test_a_higher_tier_is_watched_more_closely(tier: str, seconds: int) -> None:
    assert cadence_of(tier) == seconds


def test_the_environment_sets_one_cadence_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_CADENCE_S", "15")
    assert [cadence_of(tier) for tier in ("gold", "bronze", "")] == [15, 15, 15]


@pytest.mark.parametrize("text", ["0", "-5", "fast", "1.5"])
def test_a_cadence_that_is_no_whole_number_of_seconds_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("BELLWETHER_CADENCE_S", text)
    with pytest.raises(ImproperlyConfigured, match="BELLWETHER_CADENCE_S"):
        cadence_of("gold")


def test_phases_are_stable_and_spread_300_checks_over_a_minute() -> None:
    starts = Counter(phase_of(f"exchange-{number}/spot_connector/markets", 60) for number in range(300))
    assert phase_of("kraken/spot_connector/markets", 60) == phase_of("kraken/spot_connector/markets", 60)
    assert max(starts.values()) <= 15
    assert set(starts) <= set(range(60))


def test_the_next_slot_lies_on_the_grid_and_not_one_cadence_after_a_late_run() -> None:
    late = NOON + timedelta(seconds=19)
    assert next_slot(late, cadence_s=60, phase_s=7) == NOON + timedelta(seconds=67)


def test_a_run_that_ends_exactly_on_its_slot_waits_for_the_next_one() -> None:
    assert next_slot(NOON + timedelta(seconds=7), cadence_s=60, phase_s=7) == NOON + timedelta(seconds=67)


@given(
    st.integers(0, 4_000_000_000_000).map(lambda ms: EPOCH + timedelta(milliseconds=ms)),
    st.integers(1, 86_400).flatmap(lambda cadence: st.tuples(st.just(cadence), st.integers(0, cadence - 1))),
)
def test_a_slot_is_ahead_by_at_most_one_cadence_and_at_its_phase(now, grid) -> None:  # type: ignore[no-untyped-def]
    cadence_s, phase_s = grid
    slot = next_slot(now, cadence_s=cadence_s, phase_s=phase_s)
    assert timedelta(0) < slot - now <= timedelta(seconds=cadence_s)
    assert (slot - EPOCH).total_seconds() % cadence_s == phase_s
