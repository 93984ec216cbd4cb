"""Headings of every kind, and whose lines stand beneath them."""

from __future__ import annotations

import pytest

from registry.choices import ComponentKind, LinkKind
from registry.importers.pages import Page
from tests.registry.importers.pages.written import CANDLES_ROW, INFO, SPOT, TABLE, info, read, told

GITHUB = "https://github.com/x/y/tree/master"
PERP_ROW = "| 🔀 Perp Connector | ✅ |\n"
PERP = """
## 🔀 Perp Connector

- **ID**: `sample_perpetual`

### Usage

Run `connect sample_perpetual`.

### Order Types

- `LIMIT`

### Position Modes

- Hedge

### Paper Trading

Run `connect sample_perpetual_testnet`.
"""
BOTH = INFO + TABLE + PERP_ROW + SPOT + "\n### Order Types\n\n- `MARKET`\n" + PERP


def _values(page: Page) -> list[tuple[object, ...]]:
    return [(one.id, one.order_types, one.position_modes, one.paper) for one in page.connectors]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("### ", "## "),
        ("## 🔀 ", "### 🔀 "),
        ("## 🔀 Perp Connector", "##🔀 Perp Connector"),
        ("## 🔀 Perp Connector", "🔀 Perp Connector\n---"),
        ("## 🔀 Perp Connector", "🔀 Perp Connector\n==="),
        ("## 🔀 Perp Connector", "## 🔀 Perp Connector ##"),
    ],
)
def test_headings_of_any_level_and_spelling_part_the_connectors(before: str, after: str) -> None:
    plain, other = read(BOTH), read(BOTH.replace(before, after))

    assert [values[0] for values in _values(plain)] == ["sample", "sample_perpetual"]
    assert [values[1] for values in _values(plain)] == [("MARKET",), ("LIMIT",)]
    assert _values(other) == _values(plain)
    assert (plain.warnings, other.warnings) == ((), ())


def test_a_heading_without_a_blank_in_a_script_is_a_comment() -> None:
    page = read(
        f"{INFO}{TABLE}{CANDLES_ROW}\n## Spot Candles Feed\n\n- ID: `s`\n\n```python\n    #usage\n    f()\n```\n"
    )

    assert page.connectors[0].usage_example == "#usage\nf()"


def test_order_types_above_all_connectors_hold_for_each() -> None:
    page = read(INFO + TABLE + "\n## Order Types\n\n- LIMIT\n" + SPOT)

    assert [(one.id, one.order_types) for one in page.connectors] == [("sample", ("LIMIT",))]


def test_a_testnet_in_a_box_is_that_of_the_connector_it_names() -> None:
    page = read(
        '!!! tip "Testnet"\n    Run `connect perp_testnet`.\n\n'
        f"{INFO}{TABLE}{PERP_ROW}{SPOT}\n## Perp Connector\n\n- ID: `perp`\n"
    )

    assert [one.paper and one.paper.connector_id for one in page.connectors] == [None, "perp_testnet"]


@pytest.mark.parametrize(
    ("lines", "maintainer", "tier"),
    [
        (["- **Maintainer**:", "HBOT holders voted Sample into the Bronze tier."], None, "bronze"),
        (["- **Maintainer**: Sample", "  Labs"], "Sample Labs", ""),
    ],
)
def test_a_line_glued_to_a_fact_is_part_of_it_only_if_it_is_indented(
    lines: list[str], maintainer: str | None, tier: str
) -> None:
    page = info(*lines)

    assert (page.maintainer, page.tier) == (maintainer, tier)


@pytest.mark.parametrize(
    "lines",
    [
        "## Chains and Networks\n\n### Ethereum\n\n* [mainnet](/x)\n* [base](/y)\n\n### Polygon\n\n* `mumbai`\n",
        "## Supported Chains\n\n* [Ethereum](/x): `mainnet`, `base`\n* Polygon: `mumbai`\n",
    ],
)
def test_chains_may_have_headings_of_their_own(lines: str) -> None:
    page = read(INFO + TABLE + "\n" + lines)

    assert page.chains == (("ethereum", ("mainnet", "base")), ("polygon", ("mumbai",)))
    assert page.warnings == ()


def test_networks_under_a_heading_of_theirs_belong_to_the_one_chain() -> None:
    chains, networks = "\n## Supported Chains\n\n* [Avalanche](/x)\n", "\n## Supported Networks\n\n* [fuji](/x)\n"

    page = read(INFO + TABLE + chains + networks)
    unclear = read(INFO + TABLE + chains + "* `ethereum`\n" + networks)

    assert (page.chains, page.warnings) == ((("avalanche", ("fuji",)),), ())
    assert unclear.chains == (("avalanche", ()), ("ethereum", ()))
    assert told(unclear) == [(17, "unplaced")]


def test_the_first_pages_of_gateway() -> None:
    page = read(
        "---\ntags:\n- amm exchange connector\n- ethereum dex\n---\n\n# `swap`\n\n"
        "The Swap connector in [Gateway](/gateway) is responsible for all on-chain operations (all of them).\n\n"
        f"## 📁 [Connector folder]({GITHUB}/gateway/src/connectors/swap)\n\n"
        f"## 📁 [Config template]({GITHUB}/swap.yml)\n\n"
        "## ℹ️ Exchange Info\n\n**Swap** [Website](https://x.example) | [CoinGecko](https://g.example)\n\n"
        "## 📘 Additional Resources\n\nSee more.\n"
    )

    (connector,) = page.connectors
    assert (connector.id, connector.kind, page.market_type) == ("swap", ComponentKind.AMM_CONNECTOR, "amm")
    assert connector.configs_url == f"{GITHUB}/swap.yml"
    assert set(page.links) == {LinkKind.WEBSITE, LinkKind.COINGECKO}
    assert page.warnings == ()


def test_a_tag_that_names_no_kind_gives_none() -> None:
    page = read("---\ntags:\n- exchange connector\n---\n# `sample`\n\n## Info\n\n- Type: DEX\n")

    assert (page.components, told(page)) == ((), [(5, "unknown_component")])


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("clob exchange connector", ComponentKind.SPOT_CONNECTOR),
        ("spot exchange connector", ComponentKind.SPOT_CONNECTOR),
        ("perp exchange connector", ComponentKind.PERP_CONNECTOR),
        ("perpetual exchange connector", ComponentKind.PERP_CONNECTOR),
        ("amm exchange connector", ComponentKind.AMM_CONNECTOR),
        ("perp amm dex", ComponentKind.PERP_CONNECTOR),
    ],
)
def test_tags(tag: str, kind: ComponentKind) -> None:
    page = read(f"---\ntags:\n- {tag}\n---\n# `sample`\n\n## Info\n\n- Type: DEX\n- ID: `sample`\n")

    assert [row.kind for row in page.components] == [kind]
    assert [code for _, code in told(page)] == []


@pytest.mark.parametrize(
    ("command", "folder", "connector_id", "line"),
    [
        ("sample_us", "sample", "sample_us", 12),
        ("sample", "sample_perpetual", "sample_perpetual", 17),
        ("sample", "sample", "sample", None),
        ("sample_paper_trade", "other", "other", None),
        ("", "sample", "sample", None),
    ],
)
def test_a_section_without_an_id_is_named_by_its_command_and_its_folder(
    command: str, folder: str, connector_id: str, line: int | None
) -> None:
    page = read(
        f"{INFO}{TABLE}\n## Spot Connector\n\n- [📁 Folder]({GITHUB}/connector/exchange/{folder})\n\n"
        f"### Usage\n\n```\n>>> connect {command}\n```\n"
    )

    assert page.connectors[0].id == connector_id
    assert told(page) == ([(line, "second_value")] if line else [])


def test_one_folder_for_several_connectors_names_none_of_them() -> None:
    page = read(
        f"{INFO}- **Folder**: <{GITHUB}/gateway/src/connectors/sample>\n\n| Component | Status |\n|-|-|\n"
        "| AMM Connector | ✅ |\n| CLMM Connector | ✅ |\n"
    )

    assert [(one.id, one.folder_url.endswith("/sample")) for one in page.connectors] == [("", True), ("", True)]


@pytest.mark.parametrize(
    ("type_line", "folder"),
    [("PERP CLOB CEX", "connector/exchange/sample"), ("SPOT CLOB CEX", "connector/derivative/sample")],
)
def test_a_folder_of_another_kind_is_told(type_line: str, folder: str) -> None:
    page = read(f"# `sample`\n\n## Connector Info\n\n* Type: {type_line}\n* Folder: <{GITHUB}/{folder}>\n")

    assert told(page) == [(6, "second_value")]


def test_one_odd_word_in_the_type_loses_no_other() -> None:
    page = read(
        f"# `sample`\n\n## Info\n\n* Type: MARGIN AMM DEX\n* Folder: <{GITHUB}/gateway/src/connectors/sample>\n"
    )

    assert (page.exchange_type, page.market_type) == ("dex", "amm")
    assert [(one.kind, one.id) for one in page.connectors] == [(ComponentKind.AMM_CONNECTOR, "sample")]
    assert [(one.line, one.code.value, "“margin” is not read" in one.message) for one in page.warnings] == [
        (5, "unknown_market_type", True)
    ]


@pytest.mark.parametrize(
    "line", ["See [an example](https://x.example/a.py) for more.", "An example: <https://x.example/a.py>"]
)
@pytest.mark.parametrize("heading", ["### Usage\n\n", ""])
def test_the_script_that_a_feed_gives_to_read(line: str, heading: str) -> None:
    page = read(f"{INFO}{TABLE}{CANDLES_ROW}\n## Spot Candles Feed\n\n- ID: `s`\n\n{heading}{line}\n")

    assert (page.connectors[0].usage_url, page.warnings) == ("https://x.example/a.py", ())


def test_a_template_that_nobody_filled_in_is_no_page() -> None:
    page = read(
        "## Connector Info\n\n- **Exchange Type**:\n- **Market Type**:\n\n| Component | Status |\n|-|-|\n\n"
        "## Exchange Info\n\n- **Website**:\n\n## AMM Connector\n\n- **ID**:\n- **Folder**:\n"
    )

    assert told(page) == [(1, "no_exchange_page")]
