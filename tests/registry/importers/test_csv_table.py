"""A CSV table is a poll's result, or is refused with every reason at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.choices import PollGroup, PollSource, Voting
from registry.governance.names import name_key
from registry.governance.tallies import Tally, Votes
from registry.importers.csv_table import read_csv
from registry.importers.imported import SUM_NAMES, ImportedPoll
from tests.registry.importers.polls import CLOSED_AT, VOTE_ID, csv_of, outcome, refusal


def _read(content: bytes | str, **facts: Any) -> ImportedPoll:
    content = content.encode() if isinstance(content, str) else content
    return read_csv(content, group=PollGroup.CEX, origin="poll.csv", **{"closed_at": CLOSED_AT, **facts})


def test_a_table_is_read_with_everything_that_it_states() -> None:
    content = (
        "rank,exchange,votes,share,included,index\r\n"
        '2,Kraken,"6,900,000",39.88%,passed,7\r\n'
        "1,Binance,10.3m,59.54,yes,3\r\n"
        "3,NDAX,100k,0.58 %,failed,1\r\n"
    )

    poll = _read(content, title=" CEX  poll ", url=f"https://snapshot.box/#/s:hbot.eth/proposal/{VOTE_ID}", voters=24)

    assert poll.result.tallies == (
        Tally(1, "NDAX", Votes(Decimal(100_000), Decimal(500)), 3, stated_included=False),
        Tally(3, "Binance", Votes(Decimal(10_300_000), Decimal(50_000)), 1, stated_included=True),
        Tally(7, "Kraken", Votes(Decimal(6_900_000), Decimal("0.5")), 2, stated_included=True),
    )
    assert poll.stated_votes == {1: "100k", 3: "10.3m", 7: "6,900,000"}
    assert poll.shares == {1: Decimal("0.58"), 3: Decimal("59.54"), 7: Decimal("39.88")}
    assert (poll.title, poll.snapshot_id, poll.space, poll.voters) == ("CEX poll", VOTE_ID, "hbot.eth", 24)
    assert (poll.closed_at, poll.source, poll.content) == (CLOSED_AT, PollSource.CSV, content.encode())
    assert poll.warnings == ()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_spreadsheets_of_every_country_are_read(separator: str, encoding: str) -> None:
    content = f"Choice{separator}Votes\r\nGaté.io{separator}300000\r\n\r\n".encode(encoding)

    assert [(tally.index, tally.name) for tally in _read(content).result.tallies] == [(1, "Gaté.io")]


def test_figures_can_be_said_to_be_exact() -> None:
    poll = _read('choice,votes\nKraken,200000\nGate.io,"1,000.25"\nOKX,10.3m\n', exact=True)

    assert [tally.votes for tally in poll.result.tallies] == [
        Votes(Decimal(200_000)),
        Votes(Decimal("1000.25")),
        Votes(Decimal(10_300_000), Decimal(50_000)),
    ]


def test_times_are_kept_in_utc() -> None:
    closed_at = datetime(2026, 10, 12, 10, tzinfo=timezone(timedelta(hours=2)))

    assert _read("choice,votes\nKraken,1\n", closed_at=closed_at).closed_at == datetime(2026, 10, 12, 8, tzinfo=UTC)


def test_the_voting_is_the_callers_word() -> None:
    assert _read("choice,votes\nKraken,1\n", voting=Voting.WEIGHTED).result.voting is Voting.WEIGHTED


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("choice,votes,pot\nKraken,1,2\n", "Unknown columns: “pot”. Known are choice (or exchange,"),
        ("choice,votes,\nKraken,1,\n", "Unknown columns: the unnamed column 3"),
        ("choice,exchange,votes\nKraken,Kraken,1\n", "Two columns say the choice: “choice” and “exchange”"),
        ("votes,rank\n1,1\n", "The column with the choices is missing"),
        ("choice,share\nKraken,1\n", "The column votes is missing"),
        ("choice,votes\n", "The table is empty"),
        ("choice,votes\nKraken\n", "Line 2 has too few cells: 1 instead of 2"),
        ("choice,votes\nKraken,1,234\n", "Line 2 has too many cells: 3 instead of 2"),
        ("choice,votes\nKraken,\n", "Line 2, votes: there is none for “Kraken”"),
        ("choice,votes\nKraken,many\n", "Line 2, votes: 'many' is no number of votes"),
        ("choice,votes\nKraken,-5\n", "Line 2, votes: '-5' is no number of votes"),
        ("choice,votes\nKraken,NaN\n", "Line 2, votes: 'NaN' is no number of votes"),
        ("choice;votes\nKraken;1,5\n", "Line 2, votes: '1,5' is no number of votes"),
        (f"choice,votes\nKraken,{'9' * 23}\n", "is larger than any number of votes"),
        (f"choice,votes\nKraken,0.{'1' * 19}\n", "has more than 18 decimals"),
        (f"choice,votes\nKraken,{'9' * 41}\n", "is no number of votes"),
        ("choice,votes,rank\nKraken,1,0\n", "Line 2, rank: “0” is no whole number from 1"),
        ("choice,votes,share\nKraken,1,101%\n", "Line 2, share: “101%” is no share in percent"),
        ("choice,votes,included\nKraken,1,maybe\n", "Line 2, included: “maybe” is neither yes nor no"),
        ("choice,votes,index\nKraken,1,2\nOKX,1,2\n", "The index 2 stands twice"),
        ("choice,votes,index\nKraken,1,2\nOKX,1,\n", "Line 3, index: there is none for “OKX”"),
        ("choice,votes\nGate.io,2\ngate_io,1\n", "Choices 1 and 2: “Gate.io” and “gate_io” are one name"),
        ("choice,votes\nKraken,2\nTotal,2\n", "Line 3: “Total” is a sum and no choice"),
        ("choice,votes\n" + "Kraken,1\n" * 1001, "There are 1,001 rows, and a poll has at most 1,000 choices"),
        ("choice,votes\n??,2\n", "Choice 1: “??” has no letter and no digit"),
        ("choice,votes\nKra\x07ken,2\n", "Choice 1: the name “Kra\x07ken” holds characters that are no text"),
        ('choice,votes\n"Kraken,2\n', "It is not CSV: unexpected end of data"),
        ('choice,votes\n"Kra"ken,2\n', "It is not CSV"),
        (f"choice,votes\n{'K' * 200_000},2\n", "It is not CSV: field larger than field limit"),
        ("", "It is empty"),
        (" \n\n", "It is empty"),
    ],
)
def test_what_is_no_table_of_a_poll_is_refused_with_its_reason(content: str, reason: str) -> None:
    problems = refusal(lambda: _read(content))

    assert len(problems) == 1
    assert reason in problems[0]


def test_text_that_is_not_utf_8_is_refused_with_the_remedy() -> None:
    assert refusal(lambda: _read("choice,votes\nGaté,1\n".encode("latin-1"))) == (
        "It is not UTF-8 text (byte 16 is not): save it as UTF-8 and import it again.",
    )


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (
            {"total": "22 million HBOT"},
            "The votes add up to 300, and the total says 22000000; rounding explains 500001",
        ),
        ({"total": "301.6"}, "The votes add up to 300, and the total says 301.6"),
        ({"total": "lots"}, "The total: 'lots' is no number of votes"),
        ({"url": "https://snapshot.org/#/hbot.eth/proposal/0x12"}, "The link: the vote id “0x12” has 2 hex digits"),
        ({"closed_at": datetime(2026, 10, 12)}, "need their time zone"),  # noqa: DTZ001  # the point of the case
        ({"opened_at": CLOSED_AT}, "before it opened"),
        ({"title": "Epoch\x07 14"}, "The title holds characters that are no text"),
    ],
)
def test_what_the_caller_states_is_checked_too(facts: dict[str, Any], reason: str) -> None:
    problems = refusal(lambda: _read("choice,votes\nKraken,100\nOKX,200\n", **facts))

    assert len(problems) == 1
    assert reason in problems[0]


def test_a_total_within_rounding_agrees() -> None:
    poll = _read("choice,votes\nKraken,10.3m\nOKX,11.2m\n", total="22 million HBOT")

    assert poll.result.total == Votes(Decimal(22_000_000), Decimal(500_000))


def test_all_problems_are_told_at_once() -> None:
    content = "choice,votes,pot\nKraken,many,1\nOKX,1\nNDAX,few,2\n"

    problems = refusal(lambda: _read(content, total="lots", url="HGP-71"))

    assert len(problems) == 6


def test_shares_of_more_than_the_whole_are_refused() -> None:
    problems = refusal(lambda: _read("choice,votes,share\nKraken,60,60.00%\nOKX,40,40.20%\n"))

    assert problems == ("The shares add up to 100.20%, which is more than there is.",)


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (
            "choice,votes,share\nKraken,60,50.00\nOKX,40,40.00\n",
            "“Kraken”: its share is 50.00%, and its votes give 60.00%.",
        ),
        ("choice,votes,rank\nKraken,60,2\nOKX,40,1\n", "Rank 2, “Kraken”, has more votes than rank 1, “OKX”."),
        ("choice,votes,rank\nKraken,60,1\nOKX,60,1\n", "Rank 1 stands twice: “Kraken” and “OKX”."),
        (
            "choice;votes\nKraken;740.200\n",
            "“740.200” is read as 740.2 votes; if the dot parts thousands, write 740,200.",
        ),
        (
            "choice,rank\nKraken,1\n",
            "The table states no votes: only its order can be used, and no threshold can be held against it.",
        ),
    ],
)
def test_what_is_odd_but_may_be_what_the_source_says_is_a_warning(content: str, warning: str) -> None:
    assert warning in _read(content).warnings


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30).map(
    lambda name: " ".join(name.split())
)
ROWS = st.lists(
    st.tuples(NAMES.filter(lambda name: name_key(name) and name_key(name) not in SUM_NAMES), st.integers(0, 10**12)),
    min_size=1,
    max_size=8,
    unique_by=lambda row: name_key(row[0]),
)


@given(rows=ROWS, separator=st.sampled_from([",", ";", "\t"]))
@example(rows=[('A "quoted", name;', 5), ("=cmd|x", 0)], separator=",")
def test_what_is_written_is_read(rows: list[tuple[str, int]], separator: str) -> None:
    content = csv_of([["Choice", "Votes"], *([name, f"{votes:,}"] for name, votes in rows)], separator)

    tallies = _read(content, exact=True).result.tallies

    assert [name_key(tally.name) for tally in tallies] == [name_key(name) for name, _ in rows]
    assert [tally.votes for tally in tallies] == [Votes(Decimal(votes)) for _, votes in rows]


@given(
    content=st.binary(max_size=80)
    | st.text(max_size=80).map(lambda text: f"choice,votes\n{text}".encode("utf-8", "replace"))
)
@example(content=b"\xef\xbb\xbf\xef\xbb\xbf")
@example(content=b'"')
@example(content=b"\x1c")
def test_no_bytes_do_worse_than_being_refused(content: bytes) -> None:
    assert outcome(lambda: _read(content))
