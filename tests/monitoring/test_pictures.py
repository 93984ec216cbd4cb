"""Small pictures: strips of outcomes, an order book."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitoring.checks.outcomes import Kind, Outcome
from monitoring.pictures import ladder_of
from monitoring.status import exchange_status
from tests.monitoring.factories import NOON, make_check, make_component, make_exchange, record

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def test_order_book_bars_show_the_share_of_the_deeper_side() -> None:
    ladder = ladder_of({"pair": "BTC-USD", "spread": "1", "bids": [["99", "1"], ["98", "3"]], "asks": [["100", "1"]]})
    assert ladder is not None
    assert [[level.depth if level else None for level in row] for row in ladder.rows] == [[25, 25], [100, None]]


@pytest.mark.parametrize("size", ["NaN", "Infinity", "-1", "1E+999999", "1E-999999", "x", None])
def test_order_book_with_a_size_that_is_none_is_not_drawn(size: str | None) -> None:
    assert ladder_of({"bids": [["99", size]], "asks": [["100", "1"]]}) is None


def test_strip_reads_from_old_to_new_and_ends_at_the_right() -> None:
    check = make_check()
    for second, outcome in enumerate([Outcome.OK, Outcome.FAILED, Outcome.DEGRADED]):
        record(check, outcome, at=NOON + second * SECOND)

    (view,) = exchange_status("kraken", NOON + 5 * SECOND).checks

    assert [(tick.mark, tick.x) for tick in view.strip.ticks] == [("ok", 216), ("failed", 224), ("degraded", 232)]
    assert view.strip.label == "Latest 3 runs: 1 ok, 1 failed, 1 degraded"


def test_round_shows_the_worst_of_its_checks_and_skips_what_lacks_a_key() -> None:
    component = make_component(make_exchange())
    answers, keyed = make_check(component), make_check(component, kind=Kind.AUTH.value)
    for second, outcome in enumerate([Outcome.FAILED, Outcome.OK]):
        record(answers, outcome, at=NOON + second * SECOND)
        record(keyed, Outcome.INCONCLUSIVE, at=NOON + second * SECOND)

    strip = exchange_status("kraken", NOON + 3 * SECOND).components[0].strip

    assert [(tick.mark, tick.text) for tick in strip.ticks] == [
        ("failed", "2026-11-21 12:00:00 UTC: failed: connectivity"),
        ("ok", "2026-11-21 12:00:01 UTC: ok"),
    ]
