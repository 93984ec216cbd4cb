"""For whatever bytes: no exception, the same answer twice, and lines that exist."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.importers.pages import Page, read_page
from registry.importers.pages.source import MAX_BYTES, NEWLINE
from tests.registry.importers.pages.records import DATA, PAGES

LINES = sorted({line for name in PAGES for line in (DATA / name).read_text("utf-8").split("\n")})
PIECES = [
    "|",
    "`",
    "**",
    "[",
    "](",
    "<!--",
    "-->",
    "```",
    "!!! ",
    ":",
    "#",
    "> ",
    "- ",
    "\t",
    "\x00",
    "\u2028",
    "é",
    "\r",
]

shuffled_lines = st.lists(st.sampled_from(LINES), max_size=40)
broken_lines = st.lists(st.one_of(st.sampled_from(LINES), st.sampled_from(PIECES), st.text(max_size=20)), max_size=25)


def _check(data: bytes | str) -> Page:
    page = read_page(data, "docs/exchanges/x/index.md")
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    there = range(1, len(NEWLINE.split(text)) + 1)
    assert all(warning.line in there for warning in page.warnings)
    assert all(part.line in there for part in (*page.components, *page.connectors, *page.tiers_stated, *page.repairs))
    assert list(page.warnings) == sorted(page.warnings)
    assert read_page(data, "docs/exchanges/x/index.md") == page
    json.dumps(page.as_json()).encode()
    return page


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400)))
def test_any_input_is_answered(data: bytes | str) -> None:
    _check(data)


@pytest.mark.slow(reason="many pages, each read twice")
@given(shuffled_lines, st.sampled_from(["\n", "\r\n", "\r"]))
def test_the_lines_of_real_pages_in_any_order_are_answered(lines: list[str], ending: str) -> None:
    _check(ending.join(lines).encode())


@pytest.mark.slow(reason="many pages, each read twice")
@given(broken_lines, st.sampled_from(["", "\n"]))
def test_broken_lines_are_answered(lines: list[str], between: str) -> None:
    _check(between.join(lines))


@pytest.mark.slow(reason="many pages, each read twice")
@settings(max_examples=40)
@given(st.sampled_from(PAGES), st.integers(0, 8000), st.integers(0, 60), st.binary(max_size=6))
def test_a_real_page_with_a_piece_torn_out_is_answered(name: str, start: int, length: int, put: bytes) -> None:
    content = (DATA / name).read_bytes()

    page = _check(content[:start] + put + content[start + length :])

    assert page.file == "docs/exchanges/x/index.md"


@pytest.mark.slow(reason="many pages, each read twice")
@given(st.sampled_from(PAGES), st.integers(1, 5))
def test_lines_above_a_page_move_its_numbers_and_nothing_else(name: str, blank: int) -> None:
    content = (DATA / name).read_bytes().decode()
    here, moved = read_page(content, name), read_page("\n" * blank + content, name)

    assert [row.line + blank for row in here.components] == [row.line for row in moved.components]
    assert [(w.line + blank, w.code) for w in here.warnings] == [(w.line, w.code) for w in moved.warnings]
    assert (here.links, here.tier, here.chains) == (moved.links, moved.tier, moved.chains)


@pytest.mark.slow(reason="prose of the length of a book's chapter")
@pytest.mark.parametrize(
    "unit",
    ["> ", "- ", "[", "**a", "`a``", "|", "<!--", "# a\n", "|a|b|\n", "[a](b) ", "<a ", "![", "```\n", "\\", "&"],
)
def test_long_odd_prose_takes_no_long_time(unit: str) -> None:
    started = time.process_time()

    _check(unit * (MAX_BYTES // 16 // len(unit)))

    assert time.process_time() - started < 5  # 0.5 s at most; what grows by the square takes minutes
