"""Reading the client's lists: our JSON, and its own Python file, which is never run."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registry.drift.client import SHIPPED_TIERS, shipped_tiers
from registry.importers.client_tiers import MAX_BYTES, read_client_tiers
from registry.importers.imported import ImportRefused

OWN_FILE = """#!/usr/bin/env python

connector_status = {
    # client connectors
    'altmarkets': 'bronze',
    "uniswapLP": "gold",
}

warning_messages = {
    'altmarkets': ''
}


def get_connector_status(connector_name: str) -> str:
    return connector_status.get(connector_name, "UNKNOWN")
"""


def snapshot(**fields: Any) -> dict[str, Any]:
    return {"source": "somewhere", "date": "2023-10-26", "connectors": {"kraken": "bronze"}} | fields


def as_json(*snapshots: dict[str, Any]) -> bytes:
    return json.dumps({"format": 1, "about": "A test.", "snapshots": snapshots}).encode()


def problems(data: bytes, name: str) -> tuple[str, ...]:
    with pytest.raises(ImportRefused) as refused:
        read_client_tiers(data, name)
    assert str(refused.value).startswith(f"{name}: ")
    return refused.value.problems


def test_five_versions_ship_with_the_client_file_that_each_was_read_from() -> None:
    assert [(one.date, one.epoch, len(one.tiers)) for one in shipped_tiers()] == [
        (date(2023, 1, 20), 3, 52),
        (date(2023, 7, 13), 5, 60),
        (date(2023, 10, 26), 6, 63),
        (date(2023, 10, 26), 6, 63),
        (date(2024, 2, 5), 7, 62),
    ]
    assert {one.source.partition("@")[0] for one in shipped_tiers()} == {"hummingbot/hummingbot"}
    assert shipped_tiers()[0].tiers["uniswapLP"] == "gold"
    assert Path(SHIPPED_TIERS).name == "client-tiers.json"


def test_the_clients_own_file_is_read_with_the_line_of_each_id() -> None:
    (only,) = read_client_tiers(OWN_FILE.encode(), "connector_status.py")

    assert only.tiers == {"altmarkets": "bronze", "uniswapLP": "gold"}
    assert only.lines == {"altmarkets": 5, "uniswapLP": 6}
    assert (only.source, only.date, only.epoch) == ("connector_status.py", None, None)


def test_a_python_file_is_never_run(tmp_path: Path) -> None:
    trace = tmp_path / "was-here"
    code = f"open({str(trace)!r}, 'w').close()\nconnector_status = {{'kraken': open({str(trace)!r}, 'w').name}}\n"

    assert problems(code.encode(), "evil.py") == (
        "Line 2: an entry must be two plain texts, as in 'kraken': 'bronze'.",
    )
    assert not trace.exists()


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("connector_status = {'kraken': 'bronze'", "Line 1: no Python, '{' was never closed."),
        ("status = {'kraken': 'bronze'}", "connector_status is assigned nowhere"),
        ("connector_status = {'a': 'gold'}\nconnector_status = {}", "connector_status is assigned more than once"),
        ("connector_status = ['kraken']", "Line 1: connector_status is no dictionary in braces."),
        ("connector_status = {**others}", "Line 1: an entry must be two plain texts"),
        ("connector_status = {}", "There is no connector in it."),
        (
            "connector_status = {\n'kraken': 'gold',\n'kraken': 'silver'}",
            "Line 3: “kraken” stands on line 2 too: keep one.",
        ),
        ("connector_status = {\n'kraken': 'green'}", "Line 2, “green” is whether kraken worked, and no tier"),
        ("connector_status = {'kraken': 'platinum'}", "“platinum”, which is none of gold, silver, bronze."),
        ("connector_status = {'kra ken': 'gold'}", "“kra ken” is no connector id"),
        ("connector_status = " + "-" * 100_000 + "1", "nested far deeper"),
    ],
)
def test_what_is_wrong_with_a_python_file_is_told_by_its_line(code: str, problem: str) -> None:
    assert problem in "\n".join(problems(code.encode(), "connector_status.py"))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"format": 1', "Line 1: no JSON"),
        (as_json(snapshot(date="yesterday")), "$.snapshots[0].date"),
        (as_json(snapshot(), snapshot(tier="gold")), "unknown field `tier` - at `$.snapshots[1]`"),
        (as_json(snapshot(connectors={"kraken": "god"})), "Snapshot 1: “kraken” is “god”, which is none of"),
        (as_json(), "$.snapshots"),
        (b"[" * 100_000, "nested far deeper"),
        (
            as_json(snapshot()).replace(b'"bronze"', b'"bronze", "kraken": "gold"'),
            "“kraken” stands twice in one object",
        ),
        (b" " * (MAX_BYTES + 1), "bytes, and more than"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_json_file_is_told_by_its_key(data: bytes, problem: str) -> None:
    assert problem in "\n".join(problems(data, "tiers.json"))


def test_versions_come_oldest_first_whatever_their_order_in_the_file() -> None:
    later, earlier = snapshot(date="2023-10-26"), snapshot(date="2023-01-20")

    assert [one.date for one in read_client_tiers(as_json(later, earlier), "tiers.json")] == [
        date(2023, 1, 20),
        date(2023, 10, 26),
    ]
