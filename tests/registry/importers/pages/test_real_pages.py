"""Real pages of every layout are read as a person reads them, line by line."""

from __future__ import annotations

import json
import time

import pytest

from registry.importers.pages import Layout, read_page
from tests.registry.importers.pages.records import DATA, PAGES, expected, record


def test_there_are_pages_of_every_layout_before_the_tiers_ended() -> None:
    assert len(PAGES) == 15
    assert {expected(name)["layout"] for name in PAGES} == {"a", "b", "c", "d"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_read_in_full(name: str) -> None:
    assert record(read_page((DATA / name).read_bytes(), name)) == expected(name)


@pytest.mark.parametrize("name", PAGES)
def test_text_and_bytes_are_read_alike(name: str) -> None:
    content = (DATA / name).read_bytes()

    assert read_page(content.decode(), name) == read_page(content, name)


def test_the_same_page_without_crlf_says_the_same() -> None:
    content = (DATA / "2023-08-24/altmarkets.md").read_bytes()
    assert b"\r\n" in content

    assert read_page(content.replace(b"\r\n", b"\n"), "a.md") == read_page(content, "a.md")


def test_what_a_command_prints_has_the_shape_that_was_agreed() -> None:
    name = "2024-01-25/hitbtc.md"
    printed = read_page((DATA / name).read_bytes(), name).as_json()

    assert json.loads(json.dumps(printed)) == {
        "file": name,
        "exchange": "hitbtc",
        "tier": "bronze",
        "maintainer": None,
        "exchange_type": "cex",
        "market_type": "clob",
        "components": [
            {"kind": "spot_connector", "status": "available", "notes": ""},
            {"kind": "perp_connector", "status": "not_available", "notes": ""},
            {"kind": "spot_candles", "status": "not_built", "notes": ""},
            {"kind": "perp_candles", "status": "not_built", "notes": ""},
        ],
        "connectors": [
            {
                "id": "hitbtc",
                "kind": "spot_connector",
                "connection_type": "websocket",
                "folder_url": "https://github.com/hummingbot/hummingbot/tree/master/hummingbot/connector/exchange/hitbtc",
                "api_docs_url": "",
                "configs_url": "",
                "order_types": ["LIMIT", "LIMIT_MAKER"],
                "position_modes": [],
                "intervals": [],
                "paper_trading": {
                    "mode": "simulated",
                    "connector_id": "hitbtc_paper_trade",
                    "url": "https://hummingbot.org/global-configs/paper-trade/",
                },
                "credential_prompts": ["Enter your hitbtc API key", "Enter your hitbtc secret key"],
            }
        ],
        "warnings": [],
    }


def test_warnings_are_printed_with_line_code_and_message() -> None:
    name = "2024-01-25/dydx.md"

    assert read_page((DATA / name).read_bytes(), name).as_json()["warnings"] == [
        {
            "line": 8,
            "code": "tier_explanation",
            "message": "The text explains what silver means, and the page states gold.",
        }
    ]


def test_the_damaged_page_reads_as_the_whole_one() -> None:
    damaged = (DATA / "seed/kucoin.md").read_bytes()
    whole = "\n".join(
        line.encode("mac_roman").decode() if not line.isascii() else line for line in damaged.decode().split("\n")
    )
    assert "🔀 Spot Connector](#spot-connector) | ✅ |" in whole

    one, other = read_page(damaged, "kucoin.md"), read_page(whole, "kucoin.md")

    assert (one.components, one.connectors, one.links) == (other.components, other.connectors, other.links)
    assert (other.repairs, other.warnings) == ((), ())
    assert one.layout == Layout.C
    assert {repair.line: repair.after for repair in one.repairs}[4] == "## 🛠 Connector Info"


@pytest.mark.slow(reason="sixty pages")
def test_pages_are_read_by_the_hundred_in_a_second_or_two() -> None:
    contents = [(DATA / name).read_bytes() for name in PAGES]
    started = time.process_time()
    for _ in range(4):
        for content in contents:
            read_page(content, "x.md")

    assert (time.process_time() - started) / (4 * len(contents)) < 0.025  # five times what it takes
