"""A file of the record that is no record is refused with file, line and key; that it contradicts itself is not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import CatalogueRefused
from registry.governance.record import printed_day, printed_percent
from registry.services.history import read_history
from tests.registry.history.conftest import keep_epochs
from tests.registry.history.polls import choices, epochs, poll, polls
from tests.registry.test_catalogue_files import replace


def refusal(directory: Path) -> list[str]:
    with pytest.raises(CatalogueRefused) as refused:
        read_history(directory)
    return str(refused.value).replace(f"{directory}/", "").splitlines()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("number: 12\n", "number: 11\n", "number: 11 in a file named epoch-12.yaml: the two must agree"),
        ("label: Q2 2025\n", "", "label: missing"),
        ("    quorum: ", "    quorm: ", "polls[0].quorm: unknown key; did you mean 'quorum'?"),
        (
            "effective_from: 2025-04-01",
            "effective_from: 0000-01-01",
            "effective_from: expected a date (YYYY-MM-DD), got '0000-01-01'",
        ),
        (
            "effective_from: 2025-04-01",
            "effective_from: 2023-02-30",
            "effective_from: expected a date (YYYY-MM-DD), got '2023-02-30'",
        ),
        (
            "effective_from: 2025-04-01\n",
            "",
            "effective_from: missing: the result of a poll takes effect on some day",
        ),
        ("group: clob_dex", "group: clob_cex", "polls[1].group: 'clob_cex' stands twice"),
        ("group: clob_dex", "group: clob", "polls[1].group: 'clob' is not valid; did you mean 'clob_dex'?"),
        (
            'votes: "10.3m"',
            'votes: "10.3x"',
            "polls[0].ranking[0].votes: '10.3x' is no number of votes; write such as 10.3m, 740.2k or 400,000",
        ),
        (
            'share: "11.24%"',
            'share: "11.24"',
            "polls[0].ranking[0].share: expected a percentage such as 11.24%, got '11.24'",
        ),
        ("name: Binance,", "name: Binanze,", "polls[0].ranking[0].name: 'Binanze' stands in no list; did you mean"),
        (
            "proposal/0x62c3",
            "proposal/0x62c4",
            "polls[0].url: it names another vote than snapshot_id: 0x62c4",
        ),
        (
            'snapshot_id: "0x62c3',
            'snapshot_id: "62c3',
            "polls[0].snapshot_id: expected 0x and 64 hex digits, got",
        ),
        (
            "    failed: [Hashkey, Tegro]",
            "    failed: [Hashkey, Tegro]\n    tiers: {gold: [Binance]}",
            "polls[0]: a poll has either tiers, or passed and failed",
        ),
        (
            "{printed: ETCSwap (400k votes - below threshold)",
            "{printed: ETCSwap (400k)",
            "polls[2].read_as[0].printed: 'ETCSwap (400k)' stands in no list of this poll",
        ),
        (
            "    failed: [Hashkey, Tegro]",
            "    failed: Hashkey",
            "polls[0].failed: expected a list of names, as printed",
        ),
    ],
)
def test_fault_in_the_record_is_told_with_its_line(catalogue_copy: Path, old: str, new: str, said: str) -> None:
    replace(keep_epochs(catalogue_copy, 12) / "history" / "epoch-12.yaml", old, new)

    lines = refusal(catalogue_copy)

    assert {line.partition(":")[0] for line in lines} == {"history/epoch-12.yaml"}
    assert any(line.partition(": ")[2].startswith(said) for line in lines)
    assert all(line.split(":")[1].isdigit() for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("names: [Plenty]", "names: [Plent]", "decisions[0].names: 'Plent' is no choice of the poll; did you mean"),
        ("kind: stands", "kind: stand", "decisions[0].kind: 'stand' is not valid; valid: order, include, exclude"),
        ("  - group: amm\n    kind", "  - group: cex\n    kind", "decisions[0].group: this epoch has no poll 'cex'"),
    ],
)
def test_decision_that_fits_no_poll_is_refused(catalogue_copy: Path, old: str, new: str, said: str) -> None:
    replace(keep_epochs(catalogue_copy, 10) / "history" / "epoch-10.yaml", old, new)

    assert any(line.partition(": ")[2].startswith(said) for line in refusal(catalogue_copy))


def test_day_that_cannot_be_read_is_refused(catalogue_copy: Path) -> None:
    replace(catalogue_copy / "history" / "epoch-03.yaml", '"January 1, 2023"', '"1.1.2023"')

    assert [line.partition(": ")[2] for line in refusal(catalogue_copy)] == [
        "dates.starts: expected a day such as January 1, 2023, got '1.1.2023'"
    ]


def test_file_of_another_name_is_refused_not_passed_over(catalogue_copy: Path) -> None:
    (catalogue_copy / "history" / "epoch-14.yml").write_text("number: 14\n", encoding="utf-8")

    assert refusal(catalogue_copy) == ["history/epoch-14.yml: not a file of the record: the name must be epoch-NN.yaml"]


def test_empty_record_is_refused(catalogue_copy: Path) -> None:
    for path in (catalogue_copy / "history").glob("*.yaml"):
        path.unlink()

    assert refusal(catalogue_copy) == ["history: no epoch in the record"]


def test_record_tells_where_each_fact_comes_from() -> None:
    for epoch in epochs().values():
        sources = [epoch.source, *(record.source for record in epoch.polls), *(one.source for one in epoch.removals)]
        parts = (epoch.dates, epoch.recap, epoch.threshold, epoch.budgets, epoch.pool, epoch.distribution)
        sources += [part.source for part in parts if part]
        assert {source.partition("@")[0] for source in sources} == {"hummingbot/hummingbot-site"}


def test_counts_of_the_record() -> None:
    counts = {(number, group): len(choices(number, group)) for number, group in polls()}

    assert counts[3, "cex"] == 23
    assert counts[4, "cex"] == 26  # of these, Hotbit and CI-EX stand in a release note only
    assert counts[7, "dex"] == 21
    assert counts[10, "amm"] == 15
    assert [counts[number, group] for number in (12, 13) for group in ("clob_cex", "clob_dex", "gateway_dex")] == [
        20,
        7,
        18,
        18,
        7,
        13,
    ]
    assert sum(counts.values()) == 568
    assert sum(len(poll(number, group).ranking) for number, group in polls()) == 133


def test_effective_days_are_those_of_recaps_as_far_as_there_are_any() -> None:
    for number in (3, 4, 5, 6):
        recap = epochs()[number].recap
        assert recap is not None
        assert recap.date == epochs()[number].effective_from


@pytest.mark.parametrize(
    ("text", "day"),
    [("January 1, 2023", date(2023, 1, 1)), ("Feb 1, 2022", date(2022, 2, 1)), ("June 30, 2022", date(2022, 6, 30))],
)
def test_printed_days(text: str, day: date) -> None:
    assert printed_day(text) == day


@given(st.decimals(0, 999, places=2))
def test_printed_percentages(share: Decimal) -> None:
    assert printed_percent(f"{share}%") == share


@given(st.text(max_size=12))
def test_what_is_no_percentage_is_refused_with_its_text(text: str) -> None:
    try:
        share = printed_percent(text)
    except ValueError as error:
        assert repr(text) in str(error)  # noqa: PT017  either way is right, and this is what is asked of a refusal
    else:
        assert share >= 0
