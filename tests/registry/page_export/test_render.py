"""What a rendered page looks like, in both layouts, and that no value breaks out of its place."""

from __future__ import annotations

from datetime import date

import pytest

from registry.choices import (
    ComponentKind,
    ConnectionType,
    DeclaredStatus,
    ExchangeType,
    Interval,
    Lifecycle,
    LinkKind,
    MaintainerKind,
    MaintenanceState,
    MarketType,
    OrderType,
    PaperTrading,
    Partnership,
    PositionMode,
    Tier,
)
from registry.page_export import ExportedExchange, PageLayout, render
from registry.page_export import words as printed
from registry.page_export.markdown import address, code, fenced, link, paragraphs, words
from registry.services.catalogue.schema import (
    ChainEntry,
    ComponentEntry,
    ExchangeEntry,
    KeyStepEntry,
    LifecycleEntry,
    MaintainerEntry,
    MaintenanceEntry,
    PaperTradingEntry,
    TipEntry,
)

ENTRY = ExchangeEntry(
    slug="bell-ex",
    name="Bell_Ex",
    exchange_type=ExchangeType.DEX,
    market_type=MarketType.CLOB,
    partnership=Partnership.SPONSOR,
    maintainers=[
        MaintenanceEntry(maintainer="ann", state=MaintenanceState.ACTIVE, last_confirmed=date(2026, 1, 2)),
        MaintenanceEntry(maintainer="ben", state=MaintenanceState.EMERITUS),
    ],
    chains=[ChainEntry(chain="ethereum", networks=["mainnet", "arbitrum_one"])],
    links={LinkKind.WEBSITE: "https://bell.example", LinkKind.FEES: "https://bell.example/fees?a=1&b=2"},
    supported_countries="Worldwide",
    supported_countries_url="https://bell.example/countries",
    has_fee_share=True,
    tip=TipEntry(title="Foundation Sponsor", text="Trading here\nsupports the project.\n\nThank you."),
    key_creation_steps=[KeyStepEntry(text="Log in.\n\n# Not a heading", points=["Keep it <safe>.", "# no heading"])],
    components=[
        ComponentEntry(
            kind=ComponentKind.PERP_CONNECTOR,
            status=DeclaredStatus.AVAILABLE,
            notes="Takes `A|B` or <C>",
            connector_id="bell_perpetual",
            connector_version="v2.1",
            v2_strategies=True,
            connection_type=ConnectionType.WEBSOCKET,
            folder_url="https://code.example/bell",
            order_types=[OrderType.LIMIT, OrderType.MARKET],
            position_modes=[PositionMode.ONE_WAY],
            credential_prompts=["Enter your key"],
            paper_trading=PaperTradingEntry(
                mode=PaperTrading.TESTNET, connector_id="bell_perpetual_testnet", url="https://test.bell.example"
            ),
        ),
        ComponentEntry(
            kind=ComponentKind.PERP_CANDLES,
            status=DeclaredStatus.AVAILABLE,
            connector_id="bell_perpetual",
            intervals=[Interval.M1, Interval.MONTH1],
            usage_example="one()\n    two()",
            usage_url="https://code.example/example.py",
        ),
        ComponentEntry(kind=ComponentKind.SPOT_CONNECTOR, status=DeclaredStatus.NOT_BUILT),
    ],
)
ANN = MaintainerEntry(slug="ann", name="Ann", kind=MaintainerKind.PERSON, url="https://github.com/ann")
EXCHANGE = ExportedExchange(entry=ENTRY, tier=Tier.SILVER, maintainers=(ANN,))

TODAY = """\
!!! tip "Foundation Sponsor"
    Trading here supports the project.

    Thank you.

## 🛠 Connector Info

- **Exchange Type**: Decentralized Exchange (**DEX**)
- **Market Type**: Central Limit Order Book (**CLOB**)
- **Partnership**: Foundation sponsor
- **Fee Share**: Yes

| Component | Status | Connector Version | V2 Strategies | Notes |
| --------- | ------ | ----------------- | ------------- | ----- |
| [🔀 Perp Connector](#perp-connector) | ✅ | v2.1 | Yes | Takes \\`A&#124;B\\` or &lt;C&gt; |
| [🕯 Perp Candles Feed](#perp-candles-feed) | ✅ | | | |
| 🔀 Spot Connector | Not built | | | |

## ℹ️ Exchange Info

- **Website**: <https://bell.example>
- **Fees**: <https://bell.example/fees?a=1&b=2>
- **Supported Countries**: Worldwide <https://bell.example/countries>

## 🔑 How to Connect

### Generate API Keys

**Step 1**

Log in.

&#35; Not a heading

- Keep it &lt;safe&gt;.
- &#35; no heading

## 🕸️ Supported Chains and Networks

| Chain | Networks |
| ----- | -------- |
| `ethereum` | `mainnet`, `arbitrum_one` |

## 🔀 Perp Connector
*Trades on the exchange's perpetual futures markets through its API.*

- **ID**: `bell_perpetual`
- **Connection Type**: WebSocket
- **Folder**: <https://code.example/bell>

### Usage

Run `connect bell_perpetual` in the Hummingbot client, and answer what it asks for:

```
>>> connect bell_perpetual

Enter your key >>>
```

### Order Types

- `LIMIT`
- `MARKET`

### Position Modes

- One-way

### Paper Trading

The exchange runs a testnet: <https://test.bell.example>

Run `connect bell_perpetual_testnet` in the Hummingbot client to use it.

## 🕯 Perp Candles Feed
*Collects historical OHLCV data of the exchange's perpetual futures markets.*

- **ID**: `bell_perpetual`
- **Supported Intervals**: 1m | 1M

### Usage

A script would start from this:

```python
    one()
        two()
```

An example to read: <https://code.example/example.py>
"""


def test_layout_of_today() -> None:
    assert render(EXCHANGE, PageLayout.TODAY) == TODAY


def test_layout_of_the_tiers_has_badge_sentence_maintainer_and_three_columns() -> None:
    lines = render(EXCHANGE, PageLayout.TIERS).splitlines()

    assert lines[7:20] == [
        "- **Exchange Type**: Decentralized Exchange (**DEX**)",
        "- **Market Type**: Central Limit Order Book (**CLOB**)",
        "- **Maintenance Tier**: "
        "![Silver](https://img.shields.io/static/v1?label=Hummingbot&message=SILVER&color=white)",
        "- **Maintainer**: [Ann](https://github.com/ann)",
        "- **Partnership**: Foundation sponsor",
        "- **Fee Share**: Yes",
        "",
        "HBOT holders voted Bell\\_Ex into the **Silver** tier. The Foundation maintains the components through "
        "bounties paid to outside developers, following the improvements made to the Gold exchange of the type.",
        "",
        "| Component | Status | Notes |",
        "| --------- | ------ | ----- |",
        "| [🔀 Perp Connector](#perp-connector) | ✅ | Takes \\`A&#124;B\\` or &lt;C&gt; |",
        "| [🕯 Perp Candles Feed](#perp-candles-feed) | ✅ | |",
    ]


def test_without_tier_and_maintainer_the_page_says_none_of_the_one_and_nobody_of_the_other() -> None:
    text = render(ExportedExchange(entry=ENTRY), PageLayout.TIERS)

    assert "- **Maintainer**: None\n" in text
    assert "Tier" not in text
    assert "HBOT" not in text


@pytest.mark.parametrize(
    ("lifecycle", "sentence"),
    [
        (
            LifecycleEntry(state=Lifecycle.REMOVED, removed_in="1.25.0"),
            "Release 1.25.0 of the bot was the first without these connectors.",
        ),
        (LifecycleEntry(state=Lifecycle.REMOVED), "The bot's current release does not have these connectors."),
        (
            LifecycleEntry(state=Lifecycle.RENAMED, renamed_to="new"),
            "The exchange goes on under another name, New\\_Name.",
        ),
        (LifecycleEntry(state=Lifecycle.PROPOSED), "No release of the bot has had these connectors so far."),
    ],
)
def test_page_of_what_is_not_in_the_release_says_so_at_its_top(lifecycle: LifecycleEntry, sentence: str) -> None:
    entry = ExchangeEntry(
        slug="old", name="Old", exchange_type=None, market_type=None, lifecycle=lifecycle, components=[]
    )

    assert render(ExportedExchange(entry=entry, renamed_to="New_Name"), PageLayout.TODAY) == (
        f'!!! warning "Not in the bot"\n    {sentence}\n\n## 🛠 Connector Info\n'
    )


def test_gateway_connects_by_the_name_before_the_slash() -> None:
    router = ComponentEntry(
        kind=ComponentKind.ROUTER_CONNECTOR,
        status=DeclaredStatus.AVAILABLE,
        connector_id="jupiter/router",
        connection_type=ConnectionType.GATEWAY,
        credential_prompts=["Enter your key"],
    )
    entry = ExchangeEntry(slug="jupiter", name="Jupiter", exchange_type=None, market_type=None, components=[router])

    assert "Run `gateway connect jupiter` in" in render(ExportedExchange(entry=entry), PageLayout.TODAY)


def test_every_word_of_a_closed_list_can_be_printed() -> None:
    for members, table in (
        (ComponentKind, printed.HEADINGS),
        (ComponentKind, printed.ANCHORS),
        (ExchangeType, printed.EXCHANGE_TYPES),
        (MarketType, printed.MARKET_TYPES),
        (DeclaredStatus, printed.STATUSES),
        (ConnectionType, printed.CONNECTION_TYPES),
        (LinkKind, printed.LINKS),
        (Tier, printed.BADGE_COLOURS),
    ):
        assert set(table) == set(members)
    assert printed.ANCHORS[ComponentKind.RANGE_AMM_CONNECTOR] == "#3-range-amm-connector"
    assert printed.ANCHORS[ComponentKind.SPOT_CANDLES] == "#spot-candles-feed"


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a | b", "a &#124; b"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("`code` *bold* _slant_", "\\`code\\` \\*bold\\* \\_slant\\_"),
        ("[text](javascript:x)", "\\[text\\](javascript:x)"),
        ("![image](x)", "!\\[image\\](x)"),
        ("<!-- bellwether:end -->", "&lt;!-- bellwether:end --&gt;"),
        ("{{ config.secret }} {: .x }", "&#123;&#123; config.secret &#125;&#125; &#123;: .x &#125;"),
        ("one\n## two\r\n\tthree", "one ## two three"),
        ("AT&amp;T \\", "AT&amp;amp;T \\\\"),
    ],
)
def test_words_show_as_they_are(text: str, markdown: str) -> None:
    assert words(text) == markdown


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("# Heading", ["&#35; Heading"]),
        ("- item\n+ item", ["&#45; item + item"]),
        ("1. item", ["1&#46; item"]),
        ("!!! tip", ["&#33;!! tip"]),
        ("one\n \n\n> two", ["one", "&gt; two"]),
        ("===", ["&#61;=="]),
        ("12 is a number", ["12 is a number"]),
    ],
)
def test_paragraphs_open_no_block(text: str, markdown: list[str]) -> None:
    assert list(paragraphs(text)) == markdown


def test_fence_is_longer_than_what_it_holds() -> None:
    assert fenced(["```", "x"], language="python") == ["````python", "```", "x", "````"]


def test_names_and_addresses_stay_in_their_marks() -> None:
    assert code("mainnet-beta") == "`mainnet-beta`"
    assert code("a`b|c") == "a\\`b&#124;c"
    assert address("https://x.example/a>b<c") == "<https://x.example/a%3Eb%3Cc>"
    assert link("Ann", "https://x.example/a(b)") == "[Ann](<https://x.example/a(b)>)"
