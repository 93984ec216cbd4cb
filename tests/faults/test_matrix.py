"""Every fault, at every exchange that can have it, is seen by the checks that it concerns, and by no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.sandbox import CATALOGUE, SANDBOXES
from monitoring.checks.outcomes import Kind
from tests.faults import page
from tests.faults.expected import EVERYWHERE, ROWS
from tests.faults.matrix import rows_of, run_row

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.expected import Row

CASES = [(connector, row) for connector in EVERYWHERE for row in rows_of(connector)]


@pytest.mark.slow(reason="six checks run twice, and one of them watches a stream")
@pytest.mark.parametrize(("connector", "row"), CASES, ids=[f"{connector} {row.strike}" for connector, row in CASES])
async def test_every_check_tells_the_fault_apart(
    connector: str, row: Row, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BELLWETHER_NONCE_DIR", str(tmp_path / "nonces"))

    cells = await run_row(connector, row)

    assert [str(cell) for cell in cells if not cell.is_right] == []


@pytest.mark.parametrize("connector", EVERYWHERE)
def test_every_fault_that_an_exchange_can_have_has_its_row(connector: str) -> None:
    assert {row.strike.fault for row in rows_of(connector)} == set(SANDBOXES[connector].fault_names())


def test_every_fault_of_the_catalogue_has_a_row() -> None:
    assert {row.strike.fault for row in ROWS} == set(CATALOGUE)


def cells_on_the_page() -> dict[tuple[str, str], list[str]]:
    """By connector and fault, what the page says of each kind of check."""
    cells, connector = {}, ""
    for line in page.read("matrix").splitlines():
        if line.startswith("### "):
            connector = line.removeprefix("### ").strip("`")
        elif line.startswith("| `"):
            fault, *rest = line.strip("| ").split(" | ")
            cells[connector, fault.strip("`")] = [page.without_seconds(cell) for cell in rest]
    return cells


def test_the_page_says_of_every_fault_what_the_checks_are_held_to() -> None:
    shown = cells_on_the_page()

    assert set(shown) == {(connector, str(row.strike)) for connector, row in CASES}
    for connector, row in CASES:
        for kind, cell in zip(Kind, shown[connector, str(row.strike)], strict=True):
            assert cell in {page.shown_verdict(verdict) for verdict in row.allowed(kind)}, (connector, row.strike, kind)


def test_the_page_shows_the_rules_of_blame() -> None:
    assert page.read("rules") == page.rules()
