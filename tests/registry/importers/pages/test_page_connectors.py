"""The table of components and the sections of connectors, in every spelling of real pages."""

from __future__ import annotations

import pytest

from registry.choices import ComponentKind, DeclaredStatus, LinkKind, PaperTrading
from registry.importers.pages import Layout, PaperTradingPlace
from tests.registry.importers.pages.written import CANDLES_ROW, INFO, SPOT, TABLE, read, rows, section, table, told

FOLDER = "https://github.com/x/y/tree/master/hummingbot/connector/exchange/sample"
PERP_FOLDER = FOLDER.replace("exchange", "derivative")


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("| [🔀 Spot Connector](#spot-connector) | ✅ |", ComponentKind.SPOT_CONNECTOR),
        ("| 🔀 Perp Connector | ✅ | |", ComponentKind.PERP_CONNECTOR),
        ("|| 🕯 Spot Candles Feed | ✅ |", ComponentKind.SPOT_CANDLES),
        ("| [🕯️ Perp Candles Feed](https://www.google.com/search?q=x) | ✅", ComponentKind.PERP_CANDLES),
        ("| [2️⃣ AMM Connector](#2-amm-connector) | ✅ |", ComponentKind.AMM_CONNECTOR),
        ("| [3️⃣ Range AMM Connector](#3-range-amm-connector) | ✅ |", ComponentKind.RANGE_AMM_CONNECTOR),
        ("| CLMM Connector | ✅ | V3 |", ComponentKind.CLMM_CONNECTOR),
        ("| [Router Connector](#router-endpoints) | ✅ |", ComponentKind.ROUTER_CONNECTOR),
        ("[🕯 AMM Data Feed](#amm-data-feed) | ✅ |", ComponentKind.AMM_DATA_FEED),
    ],
)
def test_components(row: str, kind: ComponentKind) -> None:
    page = table(row)

    assert [(component.kind, component.status, component.line) for component in page.components] == [
        (kind, DeclaredStatus.AVAILABLE, 8)
    ]
    assert page.warnings == ()


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("✅", "available"),
        ("✅\ufe0f", "available"),
        ("✔️", "available"),
        ("**✅**", "available"),
        ("Not built  ", "not_built"),
        ("not built", "not_built"),
        ("Not available", "not_available"),
        ("Not\u00a0available", "not_available"),
        ("N/A", "not_applicable"),
        ("Not Applicable", "not_applicable"),
    ],
)
def test_statuses(cell: str, status: str) -> None:
    page = table(f"| Spot Connector | {cell} |")

    assert [component.status for component in page.components] == [DeclaredStatus(status)]
    assert page.warnings == ()


def test_the_table_of_five_columns() -> None:
    header = "Component | Status | Connector Version | V2 Strategies | Notes"

    spot, perp, candles = rows(
        "| Spot Connector | ✅ | V1.0 | No | Supports `MARKET` order type",
        "| Perp Connector | ✅ | v2.1 | Yes | |",
        "| Spot Candles Feed | Not built  | ",
        header=header,
    )

    assert (spot.connector_version, spot.v2_strategies, spot.notes) == ("v1.0", False, "Supports MARKET order type")
    assert (perp.connector_version, perp.v2_strategies, perp.notes) == ("v2.1", True, "")
    assert (candles.connector_version, candles.v2_strategies, candles.notes) == ("", None, "")


def test_the_table_without_versions() -> None:
    (row,) = rows("| Spot Connector | ✅ | Yes | A note |", header="Component | Status | V2 Strategies | Notes")

    assert (row.connector_version, row.v2_strategies, row.notes) == ("", True, "A note")


def test_the_guides_row_is_a_link() -> None:
    page = table("| Spot Connector | ✅ |", "| [📓 Connector Guide](/academy-content/x/) | ✅ |")

    assert page.links == {LinkKind.GUIDE: "https://hummingbot.org/academy-content/x/"}
    assert (len(page.components), page.warnings) == (1, ())


def test_a_row_in_a_comment_is_not_read_and_parts_no_table() -> None:
    page = table("| Spot Connector | ✅ |", "<!-- | Perp Connector | ✅ | -->", "| Spot Candles Feed | Not built |")

    assert [(row.kind.value, row.line) for row in page.components] == [("spot_connector", 8), ("spot_candles", 10)]
    assert page.warnings == ()


def test_rows_after_a_blank_line_belong_to_the_table() -> None:
    page = table("| Spot Connector | ✅ |", "", "| Perp Connector | Not built |")

    assert [row.line for row in page.components] == [8, 10]


def test_a_table_whose_rule_is_too_short_is_a_table() -> None:
    page = read(INFO + "\n| Component | Status | Notes |\n| --- | --- |\n| Spot Connector | ✅ | A note |\n")

    assert [(row.notes, row.line) for row in page.components] == [("A note", 8)]


def test_gateways_list_of_connectors() -> None:
    page = read(
        "## Connector Info\n\n* **Chain**: [Solana](/x)\n* **Available Networks**: `mainnet-beta`\n\n"
        "| Connectors | Route Schemas | Notes |\n|---|---|---|\n"
        "| `sample/clmm` | Swap, CLMM | Pools |\n| `sample/amm` | SWAP, AMM |\n"
    )

    assert [(row.kind.value, row.status, row.notes) for row in page.components] == [
        ("clmm_connector", DeclaredStatus.AVAILABLE, "Pools"),
        ("amm_connector", DeclaredStatus.AVAILABLE, ""),
    ]
    assert [(one.id, one.kind.value, one.line) for one in page.connectors] == [
        ("sample/clmm", "clmm_connector", 8),
        ("sample/amm", "amm_connector", 9),
    ]
    assert page.chains == (("solana", ("mainnet-beta",)),)


def test_gateways_endpoints_name_its_connectors() -> None:
    page = read(
        "# Sample\n\n## Connector Info\n\n  - **Folder**: <https://g.example/sample>\n\n"
        "| Component | Status | Notes |\n|---|---|---|\n| [AMM Connector](#x) | ✅ | V2 Pools |\n\n"
        "## AMM Endpoints\n*Pools*\n\n- `/connectors/sample/amm/quote-swap`\n- `/connectors/sample/amm/pool-info`\n"
    )

    (connector,) = page.connectors
    assert (connector.id, connector.folder_url, connector.line) == ("sample/amm", "https://g.example/sample", 11)
    assert page.warnings == ()


@pytest.mark.parametrize(
    "line",
    [
        f"- **Folder**: <{FOLDER}>",
        f"- **Folder**: {FOLDER}",
        f"- **Folder**: <<{FOLDER}>>",
        f"- [📁 Folder]({FOLDER})",
        f"- [Connector folder]({FOLDER})",
        f"- **[Github Folder]({FOLDER})** ",
        f"- **[Github Folder](<{FOLDER}>)**",
        f"* Folder: [/hummingbot/connector/exchange/sample]({FOLDER})",
        f"- **Folder**: <a href='{FOLDER}'>there</a>",
    ],
)
def test_folders(line: str) -> None:
    assert section(line).folder_url == FOLDER


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("WebSocket", "websocket"),
        ("Websocket", "websocket"),
        ("REST", "rest"),
        ("REST API", "rest"),
        ("REST / WebSocket", "rest_websocket"),
        ("REST v1 + WebSocket", "rest_websocket"),
        ("gRPC", "grpc"),
        ("Websocket via gRPC", "websocket_grpc"),
        ("WebSocket, REST, gRPC", "rest_websocket_grpc"),
        ("REST via [Gateway](/gateway)", "gateway"),
        ("Websocket via [Gateway](/gateway)", "websocket_gateway"),
        ("REST via [Gateway](notion://www.notion.so/gateway)", "gateway"),
    ],
)
def test_connection_types(words: str, value: str) -> None:
    assert section(f"- **Connection Type**: {words}").connection_type == value
    assert section(f"- Connection type: {words}").connection_type == value


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        ("### Order Types\n\nThese `OrderType` constants:\n\n- `LIMIT`\n- `LIMIT_MAKER`\n", ["LIMIT", "LIMIT_MAKER"]),
        ("#### Order\u00a0Types\n* LIMIT\n* MARKET", ["LIMIT", "MARKET"]),
        ("## Order Types\n- LIMIT, LIMIT_MAKER, MARKET", ["LIMIT", "LIMIT_MAKER", "MARKET"]),
        ("### Order Types\n\n`LIMIT`, `MARKET`", ["LIMIT", "MARKET"]),
        ("### Order Types\n\nLIMIT, `LIMIT_MAKER` and `MARKET`", ["LIMIT", "LIMIT_MAKER", "MARKET"]),
        ("### Order Types\n\n- N/A", []),
        ("### Order Types\n", []),
    ],
)
def test_order_types(lines: str, names: list[str]) -> None:
    assert list(section(lines).order_types) == names


def test_position_modes() -> None:
    lines = "### Position Modes\n\nThese modes:\n\n- One-way\n- Hedge mode\n"

    assert section(lines).position_modes == ("one_way", "hedge")
    assert section("### Position Modes\n\n- `ONEWAY`").position_modes == ("one_way",)


@pytest.mark.parametrize(
    ("words", "intervals"),
    [
        ("1m | 1M", ["1m", "1M"]),
        (
            "1min | 3min|30min | 1hour | 12hour |  1day | 1week | 1month",
            ["1m", "3m", "30m", "1h", "12h", "1d", "1w", "1M"],
        ),
        ("`1s` | `10s` | `1m`", ["1s", "10s", "1m"]),
        ("`1s | 1m`", ["1s", "1m"]),
        ("1d | 7d | 30d", ["1d", "1w", "1M"]),
        ("1m, 5m, 1H, 1D", ["1m", "5m", "1h", "1d"]),
        ("1 minute | 4 hours | 1mo", ["1m", "4h", "1M"]),
        ("1m 5m", ["1m", "5m"]),
        ("Not available", []),
        ("", []),
    ],
)
def test_intervals(words: str, intervals: list[str]) -> None:
    feed = f"\n## Spot Candles Feed\n\n- **ID**: `sample`\n- **Supported Intervals**: {words}\n"
    page = read(INFO + TABLE + CANDLES_ROW + feed)

    assert (list(page.connectors[0].intervals), page.warnings) == (intervals, ())


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        (
            "### Paper Trading\n\n[It](/global-configs/paper-trade/): `connect sample_paper_trade`, no `connect x`.",
            PaperTradingPlace(
                PaperTrading.SIMULATED, "sample_paper_trade", "https://hummingbot.org/global-configs/paper-trade/"
            ),
        ),
        (
            "### Paper Trading (Sample Testnet)\n\nOne: <https://t.example>\n\nEnter `connect sample_testnet`.",
            PaperTradingPlace(PaperTrading.TESTNET, "sample_testnet", "https://t.example"),
        ),
        (
            "### Testnet(s)\n\nA testnet: https://t.example.",
            PaperTradingPlace(PaperTrading.TESTNET, "", "https://t.example"),
        ),
        ("### 🛠 Testnet\n\nRun connect sample_testnet.", PaperTradingPlace(PaperTrading.TESTNET, "sample_testnet")),
        ("### Testnet\n\nNo testnet currently available.", None),
        ("### Paper Trading\n", None),
    ],
)
def test_paper_trading(lines: str, place: PaperTradingPlace | None) -> None:
    assert section(lines).paper == place


def test_a_box_may_tell_of_a_testnet() -> None:
    connector = section('!!! tip "Testnet available"\n    Run `connect sample_testnet` instead.')

    assert connector.paper == PaperTradingPlace(PaperTrading.TESTNET, "sample_testnet")


def test_prompts_stand_in_the_section_or_under_the_command_that_names_it() -> None:
    page = read(
        f"{INFO}{TABLE}\n## How to Connect\n\n### Add Keys to Hummingbot\n\nRun `connect sample_perpetual`:\n\n"
        "```\n>>> connect sample_perpetual\n\nEnter your key >>>\nWhich chain? >>> one\nEnter your secret>>> ***\n```\n"
        f"{SPOT}\n### Usage\n\n```\nEnter your spot key >>>\n```\n\n## Perp Connector\n\n- **ID**: `sample_perpetual`\n"
    )

    spot, perp = page.connectors
    assert perp.credential_prompts == ("Enter your key", "Which chain?", "Enter your secret")
    assert spot.credential_prompts == ("Enter your spot key",)


def test_what_a_testnet_or_a_strategy_asks_for_is_no_credential() -> None:
    page = read(
        f"{INFO}{TABLE}{SPOT}\n### Create a strategy\n\n```\nEnter a name >>>\n```\n\n"
        "### Testnet\n\n```\nEnter b >>>\n```\n"
    )

    assert page.connectors[0].credential_prompts == ()


def test_an_example_of_a_feed_is_kept_without_its_indent() -> None:
    page = read(
        f"{INFO}{TABLE}\n## Spot Candles Feed\n\n- **ID**: `sample`\n\n### Usage\n\n"
        "```python\n    one = f(a,\n            b)\n```\n"
    )

    assert page.connectors[0].usage_example == "one = f(a,\n        b)"


LAYOUT_A = "# `{}`\n\n## 📁 Connector Info\n\n* Type: {}\n* Folder: [/x]({})\n* Maintainer: None\n\n## 🔑 Connection\n"


@pytest.mark.parametrize(
    ("title", "type_line", "kind", "connector_id"),
    [
        ("sample", "SPOT CLOB CEX", ComponentKind.SPOT_CONNECTOR, "sample"),
        ("gate_io perpetual", "PERP CLOB CEX", ComponentKind.PERP_CONNECTOR, "sample"),
        ("sample", "SPOT AMM DEX", ComponentKind.AMM_CONNECTOR, "sample"),
        ("sample", "SPOT AMM-RANGE DEX", ComponentKind.RANGE_AMM_CONNECTOR, "sample"),
        ("sample", "PERP AMM DEX", ComponentKind.PERP_CONNECTOR, "sample"),
        ("sample", "SPOT DEX", ComponentKind.SPOT_CONNECTOR, "sample"),
        ("my_id", "AMM DEX", ComponentKind.AMM_CONNECTOR, "my_id"),
    ],
)
def test_layout_a_is_one_available_connector(
    title: str, type_line: str, kind: ComponentKind, connector_id: str
) -> None:
    folder = PERP_FOLDER if "PERP" in type_line else FOLDER
    page = read(LAYOUT_A.format(title, type_line, folder) + "\n```\nEnter your key >>>\n```\n")

    assert page.layout is Layout.A
    assert [(row.kind, row.status, row.line) for row in page.components] == [(kind, DeclaredStatus.AVAILABLE, 1)]
    (connector,) = page.connectors
    assert (connector.id, connector.folder_url, connector.credential_prompts) == (
        connector_id,
        folder,
        ("Enter your key",),
    )
    assert page.warnings == ()


def test_pages_before_layout_a_say_their_kind_by_tag_and_folder() -> None:
    page = read(
        "---\ntags:\n- perp exchange connector\n- ethereum dex\n---\n\n# `sample_perpetual`\n\n"
        f"## 📁 [Connector folder]({PERP_FOLDER})\n\n## ℹ️ Exchange Info\n\n**Sample** [Website](https://x.example)\n\n"
        "* API docs: https://a.example\n\n## 👷 Maintenance\n\n* Maintainer: [CoinAlpha](https://c.example)\n"
    )

    assert [(row.kind.value, row.line) for row in page.components] == [("perp_connector", 7)]
    assert (page.layout, page.maintainer, page.connectors[0].folder_url) == (Layout.A, "CoinAlpha", PERP_FOLDER)
    assert page.exchange_type == "dex"
    assert page.warnings == ()


def test_the_oldest_pages_may_link_nothing_but_their_folder() -> None:
    page = read(f"# `sample`\n\n## [Connector folder]({FOLDER})\n\n* API docs:\n\n## Maintenance\n\n* Maintainer:\n")

    assert [row.kind for row in page.components] == [ComponentKind.SPOT_CONNECTOR]


def test_a_folder_stated_once_holds_for_each_available_component() -> None:
    page = read(
        f"{INFO}- **Folder**: <{FOLDER}>\n- **Default Configs**: <https://c.example>\n"
        "- **Connection Type**: REST via Gateway\n\n| Component | Status |\n|-|-|\n"
        "| AMM Connector | ✅ |\n| CLMM Connector | ✅ |\n| Router Connector | Not built |\n| AMM Data Feed | ✅ |\n"
    )

    assert [(one.kind.value, one.line) for one in page.connectors] == [("amm_connector", 11), ("clmm_connector", 12)]
    assert {(one.folder_url, one.configs_url, one.connection_type) for one in page.connectors} == {
        (FOLDER, "https://c.example", "gateway")
    }


def test_an_id_stated_for_the_page_is_that_of_its_one_connector() -> None:
    page = read(f"{INFO}- **ID**: `sample`\n{TABLE}\n## Spot Connector\n\n- **Folder**: <{FOLDER}>\n")

    assert [(one.id, one.folder_url) for one in page.connectors] == [("sample", FOLDER)]
    assert page.warnings == ()


@pytest.mark.parametrize(
    ("tags", "folder", "kind"),
    [
        ("perp exchange connector", FOLDER, ComponentKind.PERP_CONNECTOR),
        ("", FOLDER.replace("exchange", "derivative"), ComponentKind.PERP_CONNECTOR),
        ("amm exchange connector", FOLDER, ComponentKind.AMM_CONNECTOR),
        ("", FOLDER, ComponentKind.SPOT_CONNECTOR),
    ],
)
def test_the_kind_of_the_oldest_pages(tags: str, folder: str, kind: ComponentKind) -> None:
    page = read(
        f"---\ntags:\n- {tags}\n---\n# `sample`\n\n## [Connector folder]({folder})\n\n## Maintenance\n\n- Maintainer:\n"
    )

    assert [row.kind for row in page.components] == [kind]


def test_layout_b_has_a_component_by_each_heading_and_says_which_are_empty() -> None:
    page = read(
        f"# Sample\n\n## ℹ️ Info\n\n- **Type**: CLOB CEX\n\n## 🔀 Spot Connector\n\n- [📁 Folder]({FOLDER})\n\n"
        "### Candles Feed\n\n### Order Types\n\n- `LIMIT`\n\n"
        "## 🔀 Perp Connector\n*Words*\n\n### Order Types\n\n### Testnet\n"
    )

    assert page.layout is Layout.B
    assert [(row.kind.value, row.status, row.line) for row in page.components] == [
        ("spot_connector", DeclaredStatus.AVAILABLE, 7),
        ("spot_candles", None, 11),
        ("perp_connector", None, 17),
    ]
    assert [(one.id, one.order_types) for one in page.connectors] == [("sample", ("LIMIT",))]
    assert told(page) == [(11, "blank_status"), (17, "blank_status")]


def test_the_layouts_with_a_table_differ_by_columns_and_by_tier_and_maintainer() -> None:
    five = TABLE.replace("| Notes |", "| Connector Version | V2 Strategies | Notes |").replace(
        "|\n| ---", "|\n| --- | --- | ---", 1
    )
    maintained = INFO + "- **Maintainer**: None\n"

    assert read(maintained + TABLE).layout is Layout.C
    assert read(maintained + five).layout is Layout.D
    assert read(INFO + five).layout is Layout.TODAY
    assert read(INFO + TABLE).layout is Layout.TODAY
    assert read(INFO).layout is Layout.UNKNOWN
