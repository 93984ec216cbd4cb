"""What is read of one exchange page: values alone, with the lines on which they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from registry.choices import ComponentKind, ConnectionType, DeclaredStatus, LinkKind, PaperTrading


class Layout(StrEnum):
    """How a page is arranged, by the periods in which pages were written so."""

    A = "a"  # early 2023: one connector a page, its id as the title, a type line, no table
    B = "b"  # mid 2023: the exchange's name as the title, connectors under headings of their own
    C = "c"  # late 2023: a table of three columns
    D = "d"  # early 2024: the table has five columns; tier and maintainer are still there
    TODAY = "today"  # as before, without tier and maintainer
    UNKNOWN = "unknown"


class ImportedWarning(StrEnum):
    """Why a line of a page needs a person's eye. The package's docstring explains each."""

    NOT_READ = "not_read"
    NOT_UTF8 = "not_utf8"
    REPAIRED = "repaired"
    UNCLOSED = "unclosed"
    NO_EXCHANGE_PAGE = "no_exchange_page"
    UNPLACED = "unplaced"
    BLANK_MAINTAINER = "blank_maintainer"
    SECOND_VALUE = "second_value"
    TIER_CONTRADICTION = "tier_contradiction"
    TIER_EXPLANATION = "tier_explanation"
    UNKNOWN_TIER = "unknown_tier"
    UNKNOWN_EXCHANGE_TYPE = "unknown_exchange_type"
    UNKNOWN_MARKET_TYPE = "unknown_market_type"
    UNKNOWN_COMPONENT = "unknown_component"
    UNKNOWN_STATUS = "unknown_status"
    BLANK_STATUS = "blank_status"
    STATUS_CONTRADICTION = "status_contradiction"
    EXTRA_CELLS = "extra_cells"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_CONNECTION_TYPE = "unknown_connection_type"
    UNKNOWN_ORDER_TYPE = "unknown_order_type"
    UNKNOWN_POSITION_MODE = "unknown_position_mode"
    UNKNOWN_INTERVAL = "unknown_interval"
    NO_LINK = "no_link"


@dataclass(frozen=True, slots=True, order=True)
class Warning:
    line: int  # from 1, in the file as given
    code: ImportedWarning
    message: str

    def as_json(self) -> dict[str, Any]:
        return {"line": self.line, "code": self.code.value, "message": self.message}


@dataclass(frozen=True, slots=True)
class Repair:
    """A line whose UTF-8 had been read as Mac Roman."""

    line: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StatedTier:
    line: int
    tier: str  # gold, silver or bronze
    where: str  # badge, line, sentence or explanation


@dataclass(frozen=True, slots=True)
class PaperTradingPlace:
    """How a connector's orders can be tried without money, as its section says."""

    mode: PaperTrading
    connector_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageComponent:
    """One row of the component table, or one section of a page that has no table."""

    kind: ComponentKind
    status: DeclaredStatus | None  # None: the cell is blank or says what no list has, which is a warning
    notes: str = ""
    connector_version: str = ""  # v1.0, v2.0 or v2.1
    v2_strategies: bool | None = None  # None: not stated
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConnector:
    """What the section of one component says. Order of values as on the page."""

    kind: ComponentKind
    id: str = ""
    connection_type: ConnectionType | None = None
    folder_url: str = ""
    api_docs_url: str = ""
    configs_url: str = ""
    order_types: tuple[str, ...] = ()
    position_modes: tuple[str, ...] = ()
    intervals: tuple[str, ...] = ()
    paper: PaperTradingPlace | None = None
    credential_prompts: tuple[str, ...] = ()
    usage_example: str = ""
    usage_url: str = ""
    line: int

    def as_json(self) -> dict[str, Any]:
        paper = self.paper
        return {
            "id": self.id,
            "kind": self.kind.value,
            "connection_type": self.connection_type.value if self.connection_type else None,
            "folder_url": self.folder_url,
            "api_docs_url": self.api_docs_url,
            "configs_url": self.configs_url,
            "order_types": list(self.order_types),
            "position_modes": list(self.position_modes),
            "intervals": list(self.intervals),
            "paper_trading": paper and {"mode": paper.mode.value, "connector_id": paper.connector_id, "url": paper.url},
            "credential_prompts": list(self.credential_prompts),
        }


@dataclass(frozen=True, slots=True)
class Tip:
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One exchange page as values. Text fields are "" where the page says nothing."""

    file: str
    title: str = ""
    exchange: str = ""  # a slug: the best guess, which the caller holds against what it knows
    layout: Layout = Layout.UNKNOWN
    is_exchange_page: bool = False
    tier: str = ""  # "" also where the page contradicts itself; see `tiers_stated`
    tiers_stated: tuple[StatedTier, ...] = ()
    maintainer: str | None = None
    maintainer_url: str = ""
    maintainer_stated: bool = False  # a line for it is there, though it may name nobody
    maintainer_blank: bool = False  # that line is there and says nothing, not even “None”
    exchange_type: str = ""  # of ExchangeType
    market_type: str = ""  # of MarketType
    components: tuple[PageComponent, ...] = ()
    connectors: tuple[PageConnector, ...] = ()
    links: Mapping[LinkKind, str] = field(default_factory=dict)
    link_lines: Mapping[LinkKind, int] = field(default_factory=dict)
    supported_countries: str = ""
    supported_countries_url: str = ""
    tip: Tip | None = None
    has_fee_share: bool = False
    partnership: str = ""  # partner or sponsor
    chains: tuple[tuple[str, tuple[str, ...]], ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)  # of the fields above that have no line of their own
    repairs: tuple[Repair, ...] = ()
    warnings: tuple[Warning, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The page's facts as the command prints them."""
        return {
            "file": self.file,
            "exchange": self.exchange or None,
            "tier": self.tier or None,
            "maintainer": self.maintainer,
            "exchange_type": self.exchange_type or None,
            "market_type": self.market_type or None,
            "components": [
                {"kind": row.kind.value, "status": row.status.value if row.status else "", "notes": row.notes}
                for row in self.components
            ],
            "connectors": [connector.as_json() for connector in self.connectors],
            "warnings": [warning.as_json() for warning in self.warnings],
        }
