"""A pasted Markdown table is a poll's result, or is refused with every reason at once."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.choices import PollGroup, PollSource
from registry.governance.names import name_key
from registry.governance.tallies import Tally, Votes
from registry.importers.imported import ImportedPoll
from registry.importers.markdown_table import MAX_PASTED_BYTES, read_markdown
from tests.registry.importers.polls import CLOSED_AT, PAYLOADS, VOTE_ID, markdown_of, outcome, refusal
from tests.registry.importers.test_csv_table import ROWS


def _read(content: bytes | str, **facts: Any) -> ImportedPoll:
    content = content.encode() if isinstance(content, str) else content
    return read_markdown(content, group=PollGroup.CEX, origin="pasted", **{"closed_at": CLOSED_AT, **facts})


def _names(content: bytes | str) -> list[str]:
    return [tally.name for tally in _read(content).result.tallies]


def test_a_printed_table_is_read_with_ranks_rounded_votes_and_shares() -> None:
    content = (PAYLOADS / "epoch-13-cex.md").read_bytes()

    poll = _read(content)

    assert len(poll.result.tallies) == 18
    assert poll.result.tallies[1] == Tally(2, "Kucoin", Votes(Decimal(10_300_000), Decimal(50_000)), 2)
    assert poll.result.tallies[17] == Tally(18, "NDAX", Votes(Decimal(639_300), Decimal(50)), 18)
    assert poll.shares[2] == Decimal("9.52")
    assert poll.stated_votes[17] == "740.2k"
    assert (poll.source, poll.content, poll.warnings) == (PollSource.MARKDOWN, content, ())


def test_shares_of_a_poll_whose_table_leaves_a_choice_out_are_within_the_records_rounding() -> None:
    assert _read((PAYLOADS / "epoch-12-gateway-dex.md").read_bytes()).warnings == ()


def test_a_table_of_ranks_alone_is_read_and_said_to_state_no_votes() -> None:
    poll = _read((PAYLOADS / "epoch-9-chain.md").read_bytes())

    assert [(tally.stated_rank, tally.name, tally.votes) for tally in poll.result.tallies][:2] == [
        (1, "XRP Ledger", None),
        (2, "Ethereum", None),
    ]
    assert poll.warnings[0].startswith("The table states no votes")


@pytest.mark.parametrize(
    "content",
    [
        "| Exchange | Votes |\n|---|---|\n| Gate.io | 5m |\n| A|B | 1m |\n".replace("A|B", "A\\|B"),
        "| Exchange | Votes |\r\n|:---|---:|\r\n| Gate.io | 5m |\r\n| A\\|B | 1m |\r\n",
        "Exchange | Votes\n---|---\nGate.io | 5m\nA\\|B | 1m",
        "|\xa0Exchange\xa0|\xa0Votes\xa0|\n|\xa0---\xa0|\xa0---\xa0|\n|\xa0Gate.io\xa0|\xa05m\xa0|\n| A\\|B | 1m |\n",
        "| Exchange | Votes |\n|---|---|\n| [Gate.io](/exchanges/gate-io/) | **5m** |\n| `A\\|B` | *1m* |\n",
        '| **Exchange** | Votes |\n|---|---|\n| **[Gate.io](https://x.example "t")** | 5m |\n| A&#124;B | 1m<br> |\n',
        "## CEX\n\n[HGP-71](/x)\n\n| Exchange | Votes |\n|---|---|\n| Gate.io | 5m |\n| A\\|B | 1m |\n\nBye",
        "> | Exchange | Votes |\n> |---|---|\n> | Gate.io | 5m |\n> | A\\|B | 1m |\n",
        "\ufeff| Exchange | Votes |\n|---|---|\n| Gate.io\u200b | 5m |\n| A\\|B | 1m |",
    ],
)
def test_every_way_of_writing_a_table_is_one_poll(content: str) -> None:
    assert _names(content) == ["Gate.io", "A|B"]
    assert sum(tally.votes.value for tally in _read(content).result.tallies if tally.votes) == 6_000_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("Binance 10.3m, Kraken 6.9m", "There is no Markdown table: it needs a heading such as"),
        ("| Exchange | Votes |\n| Kraken | 5m |\n", "There is no Markdown table"),
        ("| Exchange | Votes |\n|---|---|\n", "The table is empty"),
        ("| Exchange | Votes | Pot |\n|---|---|---|\n| Kraken | 5m | 1 |\n", "Unknown columns: “Pot”"),
        ("| Exchange | Votes |\n|---|---|\n| Kraken |\n", "Line 3 has too few cells: 1 instead of 2"),
        ("| Exchange | Votes |\n|---|---|\n| A|B | 5m |\n", "Line 3 has too many cells: 3 instead of 2"),
        ("| Exchange | Votes |\n|---|---|\n| Kraken | 5m |\nSource: blog", "Line 4 has too few cells: 1 instead of 2"),
        (
            "| Exchange | Votes |\n|---|---|\n| Kraken | 5m, about |\n",
            "Line 3, votes: '5m, about' is no number of votes",
        ),
        (
            "| Exchange | Votes |\n|---|---|\n| X | 5 |\n\n| Exchange | Votes |\n|---|---|\n| Y | 5 |\n",
            "There are 2 tables (line 1, line 5), and each would be",
        ),
        ("|" * (MAX_PASTED_BYTES + 1), "more than 131,072 are not read"),
        (f"| Exchange | Votes |\n|---|---|\n| {'*K' * 300} | 5m |\n", "is longer than 120 characters"),
        ("\xff", "There is no Markdown table"),
    ],
)
def test_what_is_no_table_of_a_poll_is_refused_with_its_reason(content: str, reason: str) -> None:
    problems = refusal(lambda: _read(content))

    assert len(problems) == 1
    assert reason in problems[0]


def test_a_line_break_in_a_cell_parts_words() -> None:
    poll = _read("Exchange|Votes\n-|-\nMad<br>Meerkat<BR />Finance|5\n")

    assert poll.result.tallies[0].name == "Mad Meerkat Finance"


def test_lines_are_counted_as_the_pasted_text_counts_them() -> None:
    content = "# Heading\r\n\r\n| Exchange | Votes |\r\n|---|---|\r\n| Kraken | 5m |\r\n| OKX | ? |\r\n"

    assert refusal(lambda: _read(content))[0].startswith("Line 6, votes:")


def test_the_poll_it_is_about_is_the_callers_word() -> None:
    url = f"https://snapshot.org/?ref=blog#/hbot.eth/proposal/{VOTE_ID}"

    assert _read("| Exchange | Votes |\n|---|---|\n| Kraken | 5m |", url=url).snapshot_id == VOTE_ID


@pytest.mark.slow("reads as much text as may be pasted")
@pytest.mark.parametrize("piece", ["[", "- a\n", "Exchange|Votes\n-|-\n"])
def test_odd_text_of_any_size_takes_no_minute(piece: str) -> None:
    begin = time.monotonic()

    outcome(lambda: _read((piece * MAX_PASTED_BYTES)[:MAX_PASTED_BYTES]))

    assert time.monotonic() - begin < 30


@given(rows=ROWS)
@example(rows=[("A|B\\", 5), ("*x* <br>", 0)])
def test_what_is_written_is_read(rows: list[tuple[str, int]]) -> None:
    names = ["".join(char if char.isalnum() or char in " |." else "-" for char in f"x{name}") for name, _ in rows]
    content = markdown_of(
        [["Exchange", "Votes"], *([name, f"{votes:,}"] for name, (_, votes) in zip(names, rows, strict=True))]
    )

    tallies = _read(content, exact=True).result.tallies

    assert [name_key(tally.name) for tally in tallies] == [name_key(name) for name in names]
    assert [tally.votes for tally in tallies] == [Votes(Decimal(votes)) for _, votes in rows]


@given(
    content=st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: f"Exchange|Votes\n-|-\n{text}".encode("utf-8", "replace"))
)
@example(content=b"Exchange|Votes\n-|-\n|\n")
@example(content=b"Exchange|Votes\n-|-\r\x0b\x0c|\x85|\n")
@example(content=b"|Exchange|Votes\n|-|-\n\\|\\|")
def test_no_bytes_do_worse_than_being_refused(content: bytes) -> None:
    assert outcome(lambda: _read(content))
