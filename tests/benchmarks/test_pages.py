"""The pages benchmark reads real pages by both of its readers."""

from __future__ import annotations

import pytest

from benchmarks import pages as benchmark


def test_pages_are_repeated_by_turns_up_to_the_number_asked_for() -> None:
    files = len(list(benchmark.PAGES.glob("*/*.md")))

    given = benchmark.pages(files + 2)

    assert (len(given), given[files:]) == (files + 2, given[:2])
    assert len(set(given)) == files


def test_the_times_of_both_are_printed_with_their_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    seen = benchmark.measure(15, 2)
    assert {name: len(seconds) for name, seconds in seen.items()} == {"bare parse": 2, "bellwether": 2}
    assert all(second > 0 for seconds in seen.values() for second in seconds)

    benchmark.print_times(15, {"bare parse": [2.0, 1.0, 3.0], "bellwether": [3.0, 9.0, 2.5]})

    assert capsys.readouterr().out.splitlines() == [
        "15 pages, median of 3 rounds; CPU seconds:",
        "  bare parse     2.00   x1.00    1.00 to 3.00",
        "  bellwether     3.00   x1.50    2.50 to 9.00",
    ]
