"""The tracker is read line by line: each becomes a value, or a problem that says what is wrong with it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.choices import BountyKind, BountyState, BountyUnit
from registry.importers.bounty_tracker import COLUMNS, BountyLine, BountyTracker, read_bounty_tracker
from registry.importers.imported import ImportRefused
from registry.services.catalogue import CATALOGUE_DIR

SHIPPED = (CATALOGUE_DIR / "bounty-tracker.csv").read_bytes()
ISSUE = "https://github.com/hummingbot/hummingbot/issues/"

GOOD = {
    "Bounty ID": "6974",
    "Type": "Bug: P2",
    "Source": "Foundation",
    "Connector": "Kucoin",
    "Bounty Amount": "136,000",
    "Denomination": "HBOT",
    "Bounty Status": "Paid",
    "Issue Link": f"{ISSUE}6974",
}


def as_csv(*rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({**GOOD, **row} for row in rows)
    return out.getvalue().encode()


def refusal(content: bytes) -> tuple[str, ...]:
    with pytest.raises(ImportRefused) as refused:
        read_bounty_tracker(content, origin="tracker.csv")
    assert str(refused.value).startswith("tracker.csv: ")
    return refused.value.problems


def test_the_shipped_tracker_is_the_one_that_its_origin_names() -> None:
    assert hashlib.sha256(SHIPPED).hexdigest() == "1b3e1b538b5e58794da5dc9224f35261a20db2ead8456746ba943573ffbcd52f"


def test_every_line_of_the_shipped_tracker_is_read() -> None:
    tracker = read_bounty_tracker(SHIPPED)

    assert len(tracker.lines) == 139
    assert tracker.problems == ()
    assert [line.line for line in tracker.lines] == list(range(2, 141))
    assert Counter(line.kind.value for line in tracker.lines) == {
        "bug_p3": 42,
        "improvement": 42,
        "bug_p2": 31,
        "enhancement_p1": 5,
        "enhancement_p3": 5,
        "enhancement_p2": 4,
        "content": 3,
        "refactor": 2,
        "new_connector": 2,
        "connector_upgrade": 2,
        "refactor_p2": 1,
    }
    assert Counter(line.state.value for line in tracker.lines) == {
        "paid": 122,
        "closed": 14,
        "assigned": 1,
        "merged": 1,
        "open": 1,
    }
    assert Counter(line.unit for line in tracker.lines) == {BountyUnit.HBOT: 136, BountyUnit.USDC: 2, None: 1}
    assert sum(not line.named for line in tracker.lines) == 106
    assert sum(bool(line.proposal_number) for line in tracker.lines) == 24
    assert sum(not line.issue_url for line in tracker.lines) == 17
    assert len({line.tracker_id for line in tracker.lines}) == 133
    assert len({line.key for line in tracker.lines}) == 134


def test_odd_lines_of_the_shipped_tracker_keep_what_they_say() -> None:
    lines = {line.line: line for line in read_bounty_tracker(SHIPPED).lines}

    assert lines[68].tracker_id == "HIP-4: Curve"
    assert lines[68].proposal_number == "HIP-4"
    assert lines[68].amount == Decimal(286500)
    assert (lines[99].kind, lines[99].amount) == (BountyKind.REFACTOR_P2, Decimal(50000))  # printed without a comma
    assert lines[136] == BountyLine(
        line=136,
        tracker_id="7123",
        kind=BountyKind.NEW_CONNECTOR,
        sponsor="Hashkey",
        named="Hashkey",
        amount=None,
        unit=BountyUnit.HBOT,
        state=BountyState.MERGED,
        issue_url=f"{ISSUE}7123",
    )
    assert (lines[140].sponsor, lines[140].amount, lines[140].unit) == ("", Decimal(50000), None)
    assert {n: line.differing_issue for n, line in lines.items() if line.differing_issue} == {122: "6914"}


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("Bounty ID", "", "Bounty ID: “” is neither an issue's number nor a proposal such as HIP-23"),
        ("Bounty ID", "0", "Bounty ID: “0” is neither"),
        ("Bounty ID", "HIP23", "Bounty ID: “HIP23” is neither"),
        ("Bounty ID", "HIP-4: a very long name", "Bounty ID: “HIP-4: a very long name” is longer than 20 characters"),
        ("Type", "Bug", "Type: “Bug” is none of Bug: P2, Bug: P3, Enhancement: P1,"),
        ("Type", "", "Type: empty"),
        ("Bounty Status", "Pending", "Bounty Status: “Pending” is none of Potential, Open, Assigned,"),
        ("Bounty Status", "", "Bounty Status: empty"),
        ("Bounty Amount", "50,00", "Bounty Amount: “50,00” is no amount such as 50,000 or 4000.50"),
        ("Bounty Amount", "-1", "Bounty Amount: “-1” is no amount"),
        ("Bounty Amount", "1e9", "Bounty Amount: “1e9” is no amount"),
        ("Bounty Amount", "0.001", "Bounty Amount: “0.001” is no amount"),
        ("Bounty Amount", "٥٠", "Bounty Amount: “٥٠” is no amount"),
        ("Bounty Amount", "1,000,000,000,000,000,000", "Bounty Amount: “1,000,000,000,000,000,000” is no amount"),
        ("Denomination", "BTC", "Denomination: “BTC” is none of HBOT, USDC, USDT"),
        ("Issue Link", "javascript:alert(1)", "Issue Link: “javascript:alert(1)” is not the address of a GitHub issue"),
        ("Issue Link", "https://github.com.evil.org/a/b/issues/1", "Issue Link: "),
        ("Source", "A\nB", "Source: “A B” is no name on one line of 120 characters at most"),
        ("Connector", "x" * 121, "Connector: “" + "x" * 60 + "…” is no name on one line"),
    ],
)
def test_line_that_cannot_be_read_is_named_with_its_column_and_the_rest_is_read(
    column: str, text: str, reason: str
) -> None:
    tracker = read_bounty_tracker(as_csv({}, {column: text}, {"Bounty ID": "1"}))

    assert [line.tracker_id for line in tracker.lines] == ["6974", "1"]
    (problem,) = tracker.problems
    assert problem.line == 3
    assert problem.reason.startswith(reason)


@pytest.mark.parametrize(
    ("column", "text", "field", "value"),
    [
        ("Type", "bug: p2", "kind", BountyKind.BUG_P2),
        ("Bounty Status", "Needs Work", "state", BountyState.NEEDS_WORK),
        ("Bounty Amount", "4,000.50", "amount", Decimal("4000.50")),
        ("Bounty Amount", "0", "amount", Decimal(0)),
        ("Denomination", "usdt", "unit", BountyUnit.USDT),
        ("Source", "  dYdX ", "sponsor", "dYdX"),
        ("Issue Link", f"{ISSUE}6974#issuecomment-1", "issue_url", f"{ISSUE}6974"),
        ("Issue Link", "http://www.github.com/a/b/pull/7/", "issue_url", "https://github.com/a/b/pull/7"),
    ],
)
def test_spellings_of_one_value_are_one_value(column: str, text: str, field: str, value: object) -> None:
    (line,) = read_bounty_tracker(as_csv({column: text})).lines

    assert getattr(line, field) == value


def test_columns_may_stand_in_any_order_and_last_cells_may_be_missing() -> None:
    columns = ["Type", "Bounty Status", "Bounty ID", *(c for c in COLUMNS if c not in {"Type", "Bounty Status"})][:-1]
    columns = list(dict.fromkeys([*columns, *COLUMNS]))
    content = ",".join(columns) + "\r\nContent,Open,12\r\n\r\n"

    (line,) = read_bounty_tracker("\ufeff".encode() + content.encode()).lines

    assert (line.line, line.tracker_id, line.state, line.amount) == (2, "12", BountyState.OPEN, None)


def test_line_with_a_comma_too_many_is_a_problem() -> None:
    content = as_csv({}).replace(b'"136,000"', b"136,000")

    tracker = read_bounty_tracker(content)

    assert tracker == BountyTracker((), tracker.problems)
    assert [str(problem) for problem in tracker.problems] == [
        "line 2: 9 cells, for 8 columns: is a comma unquoted?",
    ]


def test_line_numbers_are_those_of_the_file_where_a_cell_spans_lines() -> None:
    tracker = read_bounty_tracker(as_csv({"Connector": "a\nb"}, {"Bounty ID": "nothing"}))

    assert [problem.line for problem in tracker.problems] == [2, 4]


def test_unknown_and_missing_columns_are_named() -> None:
    content = SHIPPED.replace(b"Denomination", b"Currency", 1).replace(b"Source", b"Type", 1)

    assert refusal(content) == (
        f"Unknown column “Currency”: the tracker has {', '.join(COLUMNS)}.",
        "The column “Source” is missing.",
        "The column “Denomination” is missing.",
        "The column “Type” stands twice.",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "It is empty."),
        (b'""\n\n', f"It has no header: the first line must name the columns {', '.join(COLUMNS)}."),
        (SHIPPED + b"\xff", "It is not UTF-8 text (byte 13,381 is not): save it as UTF-8 and import it again."),
        (SHIPPED + b"\0", "It holds NUL characters, so it is no text: save it as UTF-8."),
        (as_csv({}) + b'"1', "Line 3 is no CSV: unexpected end of data."),
    ],
)
def test_file_that_is_no_tracker_is_refused_with_the_reason(content: bytes, problem: str) -> None:
    assert refusal(content) == (problem,)


CELLS = st.text(max_size=30) | st.sampled_from([*GOOD.values(), "", "HIP-23", "1,000", "Docs"])


def read_or_refused(content: bytes) -> BountyTracker | tuple[str, ...]:
    """What was read, or the problems of the refusal: the only error that may come."""
    try:
        return read_bounty_tracker(content)
    except ImportRefused as refused:
        return refused.problems


@given(st.binary(max_size=400) | st.builds(lambda tail: SHIPPED[:200] + tail, st.binary(max_size=200)))
@example(SHIPPED[:-1] + b'"')
def test_no_bytes_raise_anything_but_the_refusal(content: bytes) -> None:
    read = read_or_refused(content)

    problems = [problem.reason for problem in read.problems] if isinstance(read, BountyTracker) else read
    assert all(problems)
    assert problems or isinstance(read, BountyTracker)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, CELLS)), max_size=5))
def test_every_row_is_a_value_or_a_problem(rows: list[dict[str, str]]) -> None:
    """Rows with nothing on them are no rows; a NUL anywhere refuses the file."""
    read = read_or_refused(as_csv(*rows))

    stated = [row for row in rows if any(cell.strip() for cell in row.values())]
    if any("\0" in cell for row in rows for cell in row.values()):
        assert read == ("It holds NUL characters, so it is no text: save it as UTF-8.",)
    else:
        assert isinstance(read, BountyTracker)
        assert len(read.lines) + len(read.problems) == len(stated)
