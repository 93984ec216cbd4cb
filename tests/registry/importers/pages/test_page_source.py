"""Whatever a file's bytes are like, its lines are found and keep their numbers."""

from __future__ import annotations

import pytest

from registry.importers.pages.repair import repaired
from registry.importers.pages.source import MAX_BYTES
from tests.registry.importers.pages.written import CANDLES_ROW, INFO, SPOT, TABLE, read, told

PAGE = INFO + TABLE + SPOT


def _damaged(text: str) -> str:
    return text.encode().decode("mac_roman")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_numbers_are_those_of_the_file(ending: str) -> None:
    page = read((PAGE + "- **Odd**: one\n").replace("\n", ending).encode())

    assert ([row.line for row in page.components], page.connectors[0].line) == ([8], 10)
    assert told(page) == [(14, "unplaced")]


def test_a_byte_order_mark_is_no_part_of_the_page() -> None:
    assert read(b"\xef\xbb\xbf" + PAGE.encode()) == read("\ufeff" + PAGE) == read(PAGE)


def test_no_break_spaces_are_spaces() -> None:
    assert read(PAGE.replace(" ", "\u00a0")) == read(PAGE)


@pytest.mark.parametrize("text", ["✅ 🔀 🕯 ℹ️ 🛠", "— “quoted” café", "2️⃣ AMM"])
def test_a_line_read_as_mac_roman_is_repaired(text: str) -> None:
    assert repaired(_damaged(text)) == text


@pytest.mark.parametrize("text", ["plain", "café", "✅ Straße", "naïve — “words”", "Ωmega √2", "日本語"])
def test_a_line_that_is_whole_stays(text: str) -> None:
    assert repaired(text) == text


def test_a_page_damaged_in_part_is_repaired_there_and_told_once() -> None:
    lines = PAGE.split("\n")
    lines[0], lines[9] = _damaged(lines[0]), _damaged(lines[9])

    page = read("\n".join(lines))

    assert [repair.line for repair in page.repairs] == [1, 10]
    assert [(warning.line, warning.code.value) for warning in page.warnings] == [(1, "repaired")]
    assert "repaired on lines 1, 10." in page.warnings[0].message
    assert page.components == read(PAGE).components


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"", ["not_read"]),
        (b" \r\n\t\n", ["not_read"]),
        (b"a" * (MAX_BYTES + 1), ["not_read"]),
        (b"\xff" * 9, ["no_exchange_page", "not_utf8"]),
        (b"\x00" * 9, ["no_exchange_page", "not_utf8"]),
    ],
)
def test_what_is_no_page_at_all_is_told(content: bytes, codes: list[str]) -> None:
    page = read(content)

    assert told(page) == [(1, code) for code in codes]
    assert not page.is_exchange_page


def test_bytes_that_are_no_text_are_told_by_line_and_the_rest_is_read() -> None:
    page = read(PAGE.encode().replace(b"Spot markets", b"") + b"*Words \xff\x00*\n")

    assert told(page) == [(14, "not_utf8")]
    assert page.connectors[0].id == "sample"


def test_front_matter_is_read_over_and_what_is_new_in_it_told() -> None:
    page = read(f"---\ntags:\n- spot exchange connector\nowner: somebody\n---\n{PAGE}")

    assert told(page) == [(4, "unplaced")]
    assert page.components[0].line == 13


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert read(f"---\n{PAGE}").exchange_type == "cex"
    assert read(f"---\n{PAGE}\n---\n").exchange_type == "cex"


def test_comments_hide_what_they_hold_and_markers_are_no_part_of_the_page() -> None:
    marked = read(f"<!-- bellwether:begin -->\n{PAGE}<!-- bellwether:end -->\n")
    hidden = read(PAGE.replace("- **Market", "<!-- two\nlines -->\n- **Market").replace("✅ |", "✅ <!-- odd --> |"))

    assert (marked.connectors[0].line, marked.warnings) == (11, ())
    assert (hidden.market_type, hidden.components[0].notes, hidden.warnings) == ("clob", "", ())


def test_a_comment_that_never_ends_is_told() -> None:
    assert told(read(PAGE + "\n<!-- and so on\n- **ID**: `x`\n")) == [(15, "unclosed")]


def test_a_comment_in_code_is_code() -> None:
    page = read(PAGE.replace("\n## 🔀", "\n## How to Connect\n```html\n<!--\n```\n\n## 🔀"))

    assert (page.connectors[0].id, page.warnings) == ("sample", ())


def test_a_box_in_code_is_code() -> None:
    page = read(PAGE + "\n### Usage\n\n```\n>>> connect sample\n\n!!! Your key >>>\nYour secret >>>\n```\n")

    assert page.connectors[0].credential_prompts == ("!!! Your key", "Your secret")


def test_code_that_never_ends_swallows_no_section() -> None:
    page = read(INFO + TABLE + "\n## How to Connect\n\n```\nEnter your key >>>\n\nWords\n" + SPOT)

    assert told(page) == [(12, "unclosed")]
    assert page.connectors[0].id == "sample"
    assert page.connectors[0].credential_prompts == ("Enter your key",)


def test_a_fence_with_nothing_behind_it_is_harmless() -> None:
    assert read(PAGE + "\n  ```").warnings == ()
    assert told(read(PAGE + "\n```\n\nWords that nobody sees as words.")) == [(15, "unclosed")]


def test_boxes_are_prose_indented_or_not() -> None:
    page = read(
        f'!!! note\nThis is not indented. **ID**: `no`\n\n{INFO}\n??? warning "Careful"\n    - **Maintainer**: no\n\n'
        f"    More.\n{TABLE}{SPOT}"
    )

    assert (page.maintainer_stated, page.warnings) == (False, ())
    assert page.connectors[0].line == 18


def test_headings_count_at_any_level_and_however_they_are_decorated() -> None:
    page = read(PAGE.replace("## 🔀 Spot Connector", "##### Spot\u00a0connector ##").replace("## 🛠", "#"))

    assert (page.connectors[0].id, page.exchange_type, page.warnings) == ("sample", "cex", ())


def test_a_rule_right_beneath_a_line_makes_it_no_heading() -> None:
    paper = "\n### Paper Trading\n\nRun `connect sample_paper_trade`.\n---\n"
    page = read(f"{INFO}{TABLE}{CANDLES_ROW}{SPOT}{paper}\n## Spot Candles Feed\n\n- **ID**: `p`")

    assert page.connectors[0].paper is not None
    assert (page.connectors[1].id, page.warnings) == ("p", ())


def test_quotes_hold_facts_too() -> None:
    assert read("> " + INFO.replace("\n", "\n> ") + TABLE).exchange_type == "cex"
