"""Small pages to alter, in our own words."""

from __future__ import annotations

from registry.importers.pages import Page, PageComponent, PageConnector, read_page

INFO = """## 🛠 Connector Info

- **Exchange Type**: Centralized Exchange (**CEX**)
- **Market Type**: Central Limit Order Book (**CLOB**)
"""

TABLE = """
| Component | Status | Notes |
| --- | --- | --- |
| [🔀 Spot Connector](#spot-connector) | ✅ |
"""

CANDLES_ROW = "| 🕯 Spot Candles Feed | ✅ |\n"

SPOT = """
## 🔀 Spot Connector
*Integration to spot markets*

- **ID**: `sample`
"""

BADGE = "![](https://img.shields.io/static/v1?label=Hummingbot&message={}&color=green)"


def read(text: str | bytes, file: str = "docs/exchanges/sample/index.md") -> Page:
    return read_page(text, file)


def info(*lines: str) -> Page:
    """A page with these lines in its Connector Info."""
    return read(INFO + "\n".join(lines) + "\n" + TABLE)


def section(*lines: str) -> PageConnector:
    """The one connector of a page with these lines in its section."""
    page = read(INFO + TABLE + SPOT + "\n".join(lines))
    assert page.warnings == ()
    return page.connectors[0]


def rows(*lines: str, header: str = "Component | Status | Notes") -> tuple[PageComponent, ...]:
    return table(*lines, header=header).components


def table(*lines: str, header: str = "Component | Status | Notes") -> Page:
    """A page with these rows in its table, which starts on line 6."""
    rule = " | ".join(["---"] * len(header.split("|")))
    return read("\n".join([INFO, f"| {header} |", f"| {rule} |", *lines, ""]))


def told(page: Page) -> list[tuple[int, str]]:
    """Line and code of each warning."""
    return [(warning.line, warning.code.value) for warning in page.warnings]
