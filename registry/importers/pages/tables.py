"""The tables of a page: its components, its chains, and Gateway's list of connectors."""

from __future__ import annotations

from registry.choices import ComponentKind, DeclaredStatus, LinkKind
from registry.importers.imported import quoted
from registry.importers.pages.blocks import Row, Table, Text, text_of
from registry.importers.pages.drafts import Draft
from registry.importers.pages.facts import Facts
from registry.importers.pages.lines import chain_name, networks_of
from registry.importers.pages.meanings import VERSIONS, YES_NO, status_of
from registry.importers.pages.page import ImportedWarning, PageComponent
from registry.importers.pages.values import urls_of
from registry.importers.pages.words import CONNECTOR_HEADINGS, GATEWAY_ID_KINDS, GUIDE, NOTHING, key

W = ImportedWarning

COLUMNS = {
    "component": "component",
    "components": "component",
    "status": "status",
    "notes": "notes",
    "note": "notes",
    "connectorversion": "version",
    "version": "version",
    "v2strategies": "v2",
}


def read_table(facts: Facts, table: Table) -> bool:
    """Takes a table that pages are known to have; False for any other."""
    names = [key(cell) for cell in table.header.cells]
    if names[0] in {"component", "components"} and "status" in names:
        _read_components(facts, table, [COLUMNS.get(name, "") for name in names])
    elif names[0] in {"chain", "chains"} and len(names) > 1 and names[1].startswith("network"):
        _read_chains(facts, table)
    elif names[0] in {"connector", "connectors"} and "routeschemas" in names:
        _read_routes(facts, table, names)
    elif names[0] == "exchange" and len(names) > 1:
        facts.has_index = True
    else:
        return False
    return True


def _read_components(facts: Facts, table: Table, columns: list[str]) -> None:
    facts.has_table = True
    facts.has_versions = facts.has_versions or "version" in columns or "v2" in columns
    for name, column in zip(table.header.cells, columns, strict=True):
        if name and not column:
            facts.unplaced(table.line, name, "the table has a column that is not known")
    for row in table.rows:
        cells = {column: text_of(row.line, cell) for column, cell in zip(columns, row.cells, strict=False) if column}
        extra = [cell for cell in row.cells[len(columns) :] if cell]
        if extra:
            facts.warn(row.line, W.EXTRA_CELLS, f"More cells than columns: {quoted(' | '.join(extra))} is not read.")
        _read_component(facts, row, cells)


def _read_component(facts: Facts, row: Row, cells: dict[str, Text]) -> None:
    name = cells["component"].text if "component" in cells else ""
    kind = CONNECTOR_HEADINGS.get(key(name))
    if kind is None:
        if key(name) == GUIDE:
            _read_guide(facts, row, cells["component"])
        elif any(row.cells):
            facts.warn(row.line, W.UNKNOWN_COMPONENT, f"{quoted(name)} is no known component; its row is not read.")
        return
    version, v2, notes = _version_of(facts, row, cells)
    component = PageComponent(
        kind=kind,
        status=_status_of(facts, row, cells.get("status")),
        notes=notes,
        connector_version=version,
        v2_strategies=v2,
        line=row.line,
    )
    known = next((other for other in facts.components if other.kind is kind), None)
    if known is None:
        facts.components.append(component)
    else:
        facts.second(row.line, f"row for the {kind.label}", _words(known), _words(component))


def _words(component: PageComponent) -> str:
    return component.status.label if component.status else "a blank status"


def _status_of(facts: Facts, row: Row, cell: Text | None) -> DeclaredStatus | None:
    said = cell.raw.strip("*_ ") if cell else ""
    if not said:
        facts.warn(row.line, W.BLANK_STATUS, "The status is blank.")
        return None
    if (status := status_of(said)) is None:
        facts.warn(row.line, W.UNKNOWN_STATUS, f"{quoted(said)} is no known status.")
    return status


def _version_of(facts: Facts, row: Row, cells: dict[str, Text]) -> tuple[str, bool | None, str]:
    """Version, V2 strategies and notes. In a row that ends early the notes may stand in an earlier column."""
    notes = cells["notes"].text if "notes" in cells else ""
    version = cells["version"].text if "version" in cells else ""
    v2 = cells["v2"].text if "v2" in cells else ""
    misplaced = []
    if version and version.casefold() not in VERSIONS:
        if key(version) not in NOTHING:
            misplaced.append(version)
        version = ""
    stated = YES_NO.get(v2.casefold())
    if v2 and stated is None and key(v2) not in NOTHING:
        misplaced.append(v2)
    if misplaced and not notes:
        notes = misplaced.pop(0)
        facts.warn(row.line, W.UNKNOWN_VERSION, f"{quoted(notes)} is no version; it is read as the row's note.")
    for text in misplaced:
        facts.warn(row.line, W.UNKNOWN_VERSION, f"{quoted(text)} is no version; it is not read.")
    return version.casefold(), stated, notes


def _read_guide(facts: Facts, row: Row, cell: Text) -> None:
    if urls := list(urls_of(cell)):
        facts.keep_link(row.line, LinkKind.GUIDE, urls[0])
    elif cell.links:
        facts.warn(row.line, W.NO_LINK, f"The guide's link {quoted(cell.links[0].url)} leads to no address on the web.")


def _read_chains(facts: Facts, table: Table) -> None:
    for row in table.rows:
        cells = [text_of(row.line, cell) for cell in row.cells]
        if chain := chain_name(cells[0].text):
            facts.keep_chain(row.line, chain, networks_of(cells[1], cells[1].text) if len(cells) > 1 else ())
        if any(cell.text for cell in cells[2:]):
            facts.warn(row.line, W.EXTRA_CELLS, "More cells than chain and networks; they are not read.")


def _read_routes(facts: Facts, table: Table, names: list[str]) -> None:
    """A row is a connector that Gateway has, and its id's ending says of which kind."""
    facts.has_table = True
    notes_at = names.index("notes") if "notes" in names else len(names)
    for row in table.rows:
        cells = [text_of(row.line, cell) for cell in row.cells]
        name = (cells[0].codes or (cells[0].text,))[0]
        kind: ComponentKind | None = GATEWAY_ID_KINDS.get(name.rpartition("/")[2])
        if kind is None:
            facts.warn(row.line, W.UNKNOWN_COMPONENT, f"{quoted(name)} does not say of which kind it is.")
            continue
        notes = cells[notes_at].text if notes_at < len(cells) else ""
        facts.components.append(PageComponent(kind=kind, status=DeclaredStatus.AVAILABLE, notes=notes, line=row.line))
        facts.drafts.append(Draft(line=row.line, kind=kind, id=name))
