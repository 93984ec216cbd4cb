"""What a page states and what the registry holds, as facts under the same names, so that they can be compared."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from registry.choices import (
    ConnectionType,
    DeclaredStatus,
    ExchangeType,
    MarketType,
    PaperTrading,
    Partnership,
    PositionMode,
)
from registry.governance.names import name_key
from registry.importers.pages import Page, PageConnector
from registry.services.catalogue.schema import ExchangeEntry

Path = tuple[str, ...]
"""Where a fact stands in a catalogue file, a component by its kind: ("components", "spot_connector", "status")."""

SINGLE = ("exchange_type", "market_type", "partnership", "chains")
OF_A_ROW = ("status", "notes", "connector_version", "v2_strategies")
OF_A_SECTION = (
    "connection_type",
    "folder_url",
    "api_docs_url",
    "configs_url",
    "order_types",
    "position_modes",
    "intervals",
    "credential_prompts",
    "usage_example",
    "usage_url",
)
OF_PAPER_TRADING = ("mode", "connector_id", "url")
IN_NO_ORDER = frozenset({"order_types", "position_modes", "intervals"})
WEB = ("http://", "https://")
LONGEST_SHOWN = 120

_LISTS: dict[str, Any] = {
    "exchange_type": ExchangeType,
    "market_type": MarketType,
    "partnership": Partnership,
    "status": DeclaredStatus,
    "connection_type": ConnectionType,
    "position_modes": PositionMode,
    "mode": PaperTrading,
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One value as a catalogue file would hold it, and the line that states it."""

    value: Any
    line: int


def stated_by(page: Page) -> dict[Path, Fact]:
    """Everything that the page states and a catalogue file has a place for, but tier and maintainer. Nothing empty."""
    found: dict[Path, Fact] = {}

    def add(path: Path, value: Any, line: int) -> None:
        plain = msgspec.to_builtins(list(value) if isinstance(value, tuple) else value)
        if plain not in (None, "", []):
            found[path] = Fact(plain, line)

    line_of = page.lines.get
    add(("exchange_type",), page.exchange_type, line_of("exchange_type", 1))
    add(("market_type",), page.market_type, line_of("market_type", 1))
    add(("partnership",), page.partnership, line_of("partnership", line_of("tip", 1)))
    chains = [{"chain": chain, "networks": list(networks)} for chain, networks in page.chains]
    add(("chains",), chains, line_of("chains", 1))
    for kind, url in page.links.items():
        add(("links", kind.value), url, page.link_lines.get(kind, 1))
    for name in ("supported_countries", "supported_countries_url"):
        add((name,), getattr(page, name), line_of("supported_countries", 1))
    add(("has_fee_share",), page.has_fee_share or None, line_of("has_fee_share", line_of("tip", 1)))
    if page.tip and page.tip.text:
        add(("tip", "title"), page.tip.title, line_of("tip", 1))
        add(("tip", "text"), page.tip.text, line_of("tip", 1))
    for row in page.components:
        for name in OF_A_ROW:
            add(("components", row.kind.value, name), getattr(row, name), row.line)
    for section in page.connectors:
        for path, value in _of_section(section):
            add(path, value, section.line)
    return found


def _of_section(section: PageConnector) -> Iterator[tuple[Path, Any]]:
    place = ("components", section.kind.value)
    yield (*place, "connector_id"), section.id
    for name in OF_A_SECTION:
        yield (*place, name), getattr(section, name)
    if section.paper:
        for name in OF_PAPER_TRADING:
            yield (*place, "paper_trading", name), getattr(section.paper, name)


def kept_in(entry: ExchangeEntry) -> dict[Path, Any]:
    """The same facts as the registry holds them. Nothing empty."""
    plain: dict[str, Any] = msgspec.to_builtins(entry)
    found: dict[Path, Any] = {}

    def add(path: Path, value: Any) -> None:
        if value not in (None, "", []):
            found[path] = value

    for name in SINGLE:
        add((name,), plain[name])
    for kind, url in plain["links"].items():
        add(("links", kind), url)
    add(("supported_countries",), entry.supported_countries)
    add(("supported_countries_url",), entry.supported_countries_url)
    add(("has_fee_share",), entry.has_fee_share or None)
    for name, value in (plain["tip"] or {}).items():
        add(("tip", name), value)
    for component in plain["components"]:
        place = ("components", component["kind"])
        for name in (*OF_A_ROW, "connector_id", *OF_A_SECTION):
            add((*place, name), component[name])
        for name in OF_PAPER_TRADING:
            add((*place, "paper_trading", name), (component["paper_trading"] or {}).get(name))
    return found


def is_same(path: Path, one: Any, other: Any) -> bool:
    """Whether two values say one thing: spaces, a slash that ends an address, and the order of what has none do not.

    Nor do the words of a tip: each side has its own for the fee share, partnership and link, which are facts of theirs.
    """
    return path[0] == "tip" or bool(_compared(path, one) == _compared(path, other))


def _compared(path: Path, value: Any) -> Any:
    if path == ("chains",):
        return {name_key(one["chain"]): frozenset(map(str.casefold, one["networks"])) for one in value}
    if path[-1] in IN_NO_ORDER:
        return frozenset(value)
    if path[-1] == "usage_example":
        return "\n".join(line.rstrip() for line in textwrap.dedent(value).strip("\n").splitlines())
    if isinstance(value, list):
        return [_compared(path, item) for item in value]
    if isinstance(value, str):
        text = " ".join(value.split())
        return text.rstrip("/") if text.startswith(WEB) else text
    return value


def place_of(path: Path) -> str:
    """A path in words: link api docs, component spot_connector paper trading mode."""
    head = {"links": "link", "components": "component"}.get(path[0], path[0])
    kind = path[1:2] if path[0] == "components" else ()
    rest = [part.replace("_", " ") for part in path[1 + len(kind) :]]
    return " ".join((head.replace("_", " "), *kind, *rest))


def printed(path: Path, value: Any) -> str:
    """A value as a reader knows it from a page."""
    if path == ("chains",):
        return "; ".join(f"{one['chain']} ({', '.join(one['networks']) or 'no network named'})" for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(printed(path, item) for item in value)
    listed = _LISTS.get(path[-1])
    return str(listed(value).label) if listed else str(value)


def short(text: str) -> str:
    """On one line, and texts cut: an address or a list of intervals is read in full."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SHOWN or " " not in line else f"{line[:LONGEST_SHOWN].rstrip()}…"
