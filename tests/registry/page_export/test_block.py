"""Only the part between the marks is ours: every other byte of a page stays as people wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.page_export import BEGIN, END, BlockRefused, new_page, with_block

BLOCK = "## 🛠 Connector Info\n\n- **Exchange Type**: Centralized Exchange (**CEX**)\n"


def test_what_stands_between_the_marks_is_replaced_and_nothing_else() -> None:
    page = f"# Kraken\n\nOur own words.\n{BEGIN}\nold\nlines\n{END}\n\n## 🔑 How to Connect\n\nMore of ours"

    assert with_block(page.encode(), BLOCK).decode() == (
        f"# Kraken\n\nOur own words.\n{BEGIN}\n{BLOCK}{END}\n\n## 🔑 How to Connect\n\nMore of ours"
    )


def test_line_ends_of_the_page_are_kept() -> None:
    page = f"# Kraken\r\n{BEGIN}\r\nold\r\n{END}\r\nours\r\n"

    assert with_block(page.encode(), "one\ntwo\n") == f"# Kraken\r\n{BEGIN}\r\none\r\ntwo\r\n{END}\r\nours\r\n".encode()


def test_marks_may_stand_in_from_the_margin_and_have_nothing_between_them() -> None:
    page = f"  {BEGIN}  \n  {END}\t\n".encode()

    assert with_block(page, "one\n") == f"  {BEGIN}  \none\n  {END}\t\n".encode()


def test_mark_may_follow_a_byte_order_mark() -> None:
    page = f"\ufeff{BEGIN}\n{END}\n".encode()

    assert with_block(page, "one\n") == f"\ufeff{BEGIN}\none\n{END}\n".encode()


def test_example_that_shows_the_marks_is_none() -> None:
    page = new_page("Kraken", f"```\n    {END}\n    {BEGIN}\n```\n")

    assert with_block(page, BLOCK) == new_page("Kraken", BLOCK)


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    around = bytes(range(256)).replace(b"\n", b"").replace(b"\r", b"")
    page = around + f"\n{BEGIN}\n{END}\n".encode() + around

    assert with_block(page, "one\n") == around + f"\n{BEGIN}\none\n{END}\n".encode() + around


def test_the_same_block_again_changes_no_byte() -> None:
    page = new_page("Kraken", BLOCK)

    assert page.decode() == f"# Kraken\n\n{BEGIN}\n{BLOCK}{END}\n"
    assert with_block(page, BLOCK) == page


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("# Kraken\n", f"it has no generated part: put {BEGIN} and {END} on lines of their own where that belongs"),
        (f"a sentence about {BEGIN} and {END}\n", "it has no generated part"),
        (f"{BEGIN}\n", f"its marks are {BEGIN}: there must be one {BEGIN} and below it one {END}"),
        (f"{END}\n{BEGIN}\n", f"its marks are {END}, {BEGIN}: there must be one"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", f"its marks are {BEGIN}, {BEGIN}, {END}: there must be one"),
        (f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", "there must be one"),
    ],
)
def test_page_without_one_place_for_the_block_is_refused_with_the_remedy(page: str, reason: str) -> None:
    with pytest.raises(BlockRefused) as refusal:
        with_block(page.encode(), BLOCK)

    assert reason in str(refusal.value)


@given(before=st.binary(max_size=40), after=st.binary(max_size=40), newline=st.sampled_from([b"\n", b"\r\n"]))
def test_hand_written_bytes_survive_any_number_of_exports(before: bytes, after: bytes, newline: bytes) -> None:
    page = before + newline + BEGIN.encode() + newline + END.encode() + newline + after

    once = with_block(page, BLOCK)
    twice = with_block(once, "another\n")

    assert once.startswith(before + newline + BEGIN.encode())
    assert once.endswith(END.encode() + newline + after)
    assert with_block(twice, BLOCK) == once
