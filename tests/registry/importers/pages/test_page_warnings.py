"""What finds no place is told by line and code; how-to prose is not."""

from __future__ import annotations

import re

import pytest

import registry.importers.pages
from registry.importers.pages import ImportedWarning, Page
from tests.registry.importers.pages.written import BADGE, CANDLES_ROW, INFO, SPOT, TABLE, info, read, table, told


def _connector(*lines: str) -> Page:
    """These lines begin on line 14."""
    return read(INFO + TABLE + SPOT + "\n".join(lines) + "\n")


def _links(*lines: str) -> Page:
    """These lines begin on line 12."""
    return read(INFO + TABLE + "\n## ℹ️ Exchange Info\n\n" + "\n".join(lines))


@pytest.mark.parametrize(
    ("page", "warnings", "message"),
    [
        (info("- **Colour**: red"), [(5, "unplaced")], "“Colour: red”: no place is known for it."),
        (info("", "The connector is maintained by Sample Labs."), [(6, "unplaced")], "maintained by Sample Labs"),
        (info("", "| A | B |", "|---|---|", "| 1 | 2 |", ""), [(6, "unplaced")], "“A | B”"),
        (
            info("", "## 🧪 Another Thing", "", "- Words"),
            [(6, "unplaced")],
            "“🧪 Another Thing”: the section is not known",
        ),
        (_links("- **API version**: 1"), [(12, "unplaced")], "“API version: 1”"),
        (_links("- **Testnet**: <https://t.example>"), [(12, "unplaced")], "“Testnet: https://t.example”"),
        (_links("- **Fees**: <https://f.example> (Requires an account)"), [(12, "unplaced")], "(Requires an account)"),
        (_links("- **Fees**: 0.1% for all"), [(12, "no_link")], "“0.1% for all” is no address on the web."),
        (_links("- **Fees**: [there](../fees.md)"), [(12, "no_link")], "Fees"),
        (
            _links("- **API Docs**: <https://a.example> and <https://b.example>"),
            [(12, "second_value")],
            "“https://b.example”. “https://a.example” above it is kept.",
        ),
        (_links("- Website: https://a.example", "- Website: https://b.example"), [(13, "second_value")], "Website"),
        (info("- **Maintainer**: A", "- **Maintainer**: B"), [(6, "second_value")], "“B”. “A” above it is kept."),
        (info("- **Partnership**: Friend"), [(5, "unplaced")], "neither a partner's nor a sponsor's"),
        (info("- **Fee Share**: Perhaps"), [(5, "unplaced")], "it says neither yes nor no"),
        (info("- **Exchange Type**: DEX"), [(5, "second_value")], "“dex”. “cex” above it"),
        (info("- **Tier**: Platinum"), [(5, "unknown_tier")], "“Platinum” is no tier."),
        (info("- **Maintenance Tier**: " + BADGE.format("CORE")), [(5, "unknown_tier")], "“core”"),
        (read("## Info\n- **Exchange Type**: Hybrid\n" + TABLE), [(2, "unknown_exchange_type")], "“Hybrid”"),
        (read("## Info\n- **Market Type**: RFQ market\n" + TABLE), [(2, "unknown_market_type")], "“RFQ market”"),
        (read("## Info\n- **Type**: SPOT RFQ CEX\n" + TABLE), [(2, "unknown_market_type")], "“SPOT RFQ CEX”"),
        (table("| [Gateway](#x) | ✅ |"), [(8, "unknown_component")], "“Gateway” is no known component"),
        (table("| Spot Connector | Soon |"), [(8, "unknown_status")], "“Soon” is no known status."),
        (table("| Spot Connector | |"), [(8, "blank_status")], "blank"),
        (table("| Spot Connector |"), [(8, "blank_status")], "blank"),
        (table("| Spot Connector | ✅ | a | b |"), [(8, "extra_cells")], "“b” is not read."),
        (table("| Spot Connector | ✅ |", "| Spot Connector | Not built |"), [(9, "second_value")], "“Not built”"),
        (
            table("| Spot Connector | ✅ | a | b |", header="Component | Status | Notes | Owner"),
            [(6, "unplaced")],
            "Owner",
        ),
        (
            table("| Spot Connector | ✅ | v3 | |", header="Component | Status | Connector Version | Notes"),
            [(8, "unknown_version")],
            "“v3” is no version; it is read as the row's note.",
        ),
        (table("| [Connector Guide](../x.md) | ✅ |"), [(8, "no_link")], "“../x.md”"),
        (read(f"---\ntags:\n- ⭐ reference connector\n---\n{INFO}{TABLE}"), [(3, "unplaced")], "the tag is not known"),
        (_connector("- **Leverage**: 5"), [(14, "unplaced")], "“Leverage: 5”"),
        (_connector("- **ID**: `other`"), [(14, "second_value")], "“other”. “sample” above it is kept."),
        (_connector("- **Connection Type**: FIX"), [(14, "unknown_connection_type")], "“FIX”"),
        (
            _connector("- Connection Type: REST", "- Connection Type: gRPC"),
            [(15, "second_value")],
            "“grpc”. “rest” above",
        ),
        (_connector("- **Folder**: <https://a.example> <https://b.example>"), [(14, "second_value")], "“https://b"),
        (
            _connector("- **Default Configs**: <https://c.example>", "- **Configs**: none such"),
            [(15, "no_link")],
            "none such",
        ),
        (
            read(INFO + TABLE + SPOT.replace("`sample`", "`a`, `b`")),
            [(13, "second_value")],
            "“b”. “a” above it is kept.",
        ),
        (
            read(f"{INFO}{TABLE}{CANDLES_ROW}\n## Spot Candles Feed\n- ID: `s`\n- Intervals: 1m (more to come)\n"),
            [(13, "unplaced")],
            "(more to",
        ),
        (
            read(INFO + "- **ID**: `another`\n" + TABLE + SPOT),
            [(5, "unplaced")],
            "“ID: another”: it is not the id of one of the page's connectors.",
        ),
        (info("- **Networks**: `mainnet`"), [(5, "unplaced")], "no chain is named above it"),
        (
            read(INFO + TABLE + "\n| Chain | Networks |\n|-|-|\n| a | b | c |\n"),
            [(12, "extra_cells")],
            "chain and networks",
        ),
        (
            read(INFO + "\n| Connectors | Route Schemas |\n|-|-|\n| `sample` | Swap |\n"),
            [(8, "unknown_component")],
            "“sample” does not say of which kind it is.",
        ),
        (
            table(
                "| Spot Connector | ✅ | v9 | Perhaps | A note |", header="Component|Status|Version|V2 Strategies|Notes"
            ),
            [(8, "unknown_version"), (8, "unknown_version")],
            "is no version; it is not read.",
        ),
        (_connector("- **Connection Type**: REST (slow)"), [(14, "unplaced")], "“(slow)”"),
        (_connector("- **Folder**: in the repository"), [(14, "no_link")], "“in the repository”"),
        (_connector("### Order Types", "- `STOP`"), [(15, "unknown_order_type")], "“STOP” is no known order type."),
        (_connector("### Order Types", "- `LIMIT` (post only)"), [(15, "unplaced")], "remark behind the order type"),
        (_connector("### Order Types", "", "`MARKET` is not there yet."), [(16, "unplaced")], "is not clear"),
        (_connector("### Position Modes", "- Both"), [(15, "unknown_position_mode")], "“Both”"),
        (
            read(f"{INFO}{TABLE}{CANDLES_ROW}\n## Spot Candles Feed\n- ID: `s`\n- Intervals: 1m | 5x | 1y\n"),
            [(13, "unknown_interval")],
            "No known interval: “5x, 1y”.",
        ),
        (
            read(INFO + TABLE + "| Perp Connector | Not available |\n\n## Perp Connector\n\n- **ID**: `p`\n"),
            [(11, "status_contradiction")],
            "describes a Perp Connector, and the table says of it: Not available.",
        ),
        (read("## Connector Info\n- **Exchange Type**: CEX\n"), [(1, "unknown_component")], "names no component"),
        (
            _connector("## Perp Connector", "- **ID**: `p`"),
            [(14, "blank_status")],
            "No row of the table gives the status of the Perp Connector.",
        ),
        (
            read(f"{INFO}{TABLE}{SPOT}{SPOT.replace('sample', 'other')}"),
            [(15, "second_value")],
            "A second section “🔀 Spot Connector”: line 10 opens the first.",
        ),
        (
            _connector("### Usage", "- **Folder**: <https://f.example>"),
            [(15, "unplaced")],
            "“Folder: https://f.example”",
        ),
        (_connector("### Testnet", "ID: other"), [(15, "unplaced")], "it stands in a section of other things"),
        (
            _connector("## Another Thing", "## Order Types", "- LIMIT"),
            [(14, "unplaced"), (15, "unplaced")],
            "the section is not known",
        ),
        (
            read("# `one` and `oneLP`\n\n## Info\n- Type: AMM DEX\n"),
            [(1, "second_value")],
            "A second connector in the title: “oneLP”.",
        ),
    ],
)
def test_what_finds_no_place_is_told(page: Page, warnings: list[tuple[int, str]], message: str) -> None:
    assert told(page) == warnings
    assert message in page.warnings[0].message


PROSE = """
Currently, Sample has connectors. See [the docs](/docs) for more.

> [!NOTE]
> Something to keep in mind.

## 🔑 How to Connect

### Generate API Keys

**Step 1**

1. Log in, open **Profile** - [API](https://x.example), and click:

   - Enable: everything
   - [Spot Trade] -> [Read]

   [![Create](a.png)](a.png)

### Notes:

- Keys: they expire after 90 days.

### Any other heading beneath it

| Account | Meaning |
| --- | --- |
| A | B |

```
>>> connect sample
```

## How to create API keys

- Name: your choice

## 🪙 Fees

We assume 0.1%.

| VIP | Maker |
|---|---|
| 1 | 0% |

## 💰 Rewards
**Past**
## 📺 Content
## Endpoints

- `/amm/price`
"""


def test_prose_that_tells_a_user_what_to_do_is_no_warning() -> None:
    page = read(INFO + TABLE + PROSE + SPOT)

    assert page.warnings == ()
    assert page.connectors[0].id == "sample"


def test_warnings_stand_in_the_order_of_lines() -> None:
    page = read(INFO + "- Odd: 1\n" + TABLE + "| Gateway | ✅ |\n" + SPOT + "- Odd: 2\n\n```\nopen\n")

    assert told(page) == [(5, "unplaced"), (10, "unknown_component"), (16, "unplaced"), (18, "unclosed")]


def test_a_blank_label_loses_nothing() -> None:
    assert info("- **Minimum order size**:", "- Creating API keys: <!-- add -->").warnings == ()


def test_long_lines_are_told_in_short() -> None:
    (warning,) = info("- Odd: " + "word " * 300).warnings

    assert len(warning.message) < 140


def test_every_code_is_explained_in_the_packages_docstring() -> None:
    described = re.findall(r"^\| ([a-z_0-9, ]+) \|", registry.importers.pages.__doc__ or "", re.MULTILINE)

    assert sorted(code for cell in described for code in cell.split(", ")) == sorted(ImportedWarning)
