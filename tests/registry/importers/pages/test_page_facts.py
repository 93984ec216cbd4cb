"""Every spelling of a fact that real pages have is read as that fact."""

from __future__ import annotations

import pytest

from registry.choices import LinkKind
from registry.importers.pages import Page, StatedTier, Tip
from tests.registry.importers.pages.written import BADGE, INFO, TABLE, info, read, told


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("- **Exchange Type**: Centralized Exchange (**CEX**)", "cex"),
        ("- **Exchange Type**: Centralized Exchange (CEX)", "cex"),
        ("- **Exchange Type:** Decentralized Exchange (**Dex**)", "dex"),
        ("* Exchange Type: Decentralized Exchange (DEX)", "dex"),
        ("-   **Exchange Type**: DEX", "dex"),
        ("**Exchange Type**: Decentralized Exchange", "dex"),
        ("-\u00a0**Exchange\u00a0Type**: Decentralized\u00a0Exchange", "dex"),
        ("- **Exchange Type**: ", ""),
        ("- **Exchange Type**:", ""),
        ("- Type: Centralized", "cex"),
        ("- **Type**: CLOB CEX", "cex"),
        ("* Type: SPOT AMM-RANGE DEX", "dex"),
        ("* Type: SPOT DEX", "dex"),
    ],
)
def test_exchange_types(line: str, value: str) -> None:
    page = read(f"## Connector Info\n\n{line}\n{TABLE}")

    assert (page.exchange_type, page.warnings) == (value, ())


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("- **Market Type**: Central Limit Order Book (**CLOB**)", "clob"),
        ("- **Market Type**: Automatic Market Maker (AMM)", "amm"),
        ("- **Market Type**: Automated Market Maker (**AMM**)", "amm"),
        ("- **Market Type**: Concentrated Liquidity Market Maker (CLMM)", "clmm"),
        (
            "- **Market Type**: Automatic Market Maker (AMM) & Concentrated Liquidity Market Maker (CLMM)",
            "amm_clmm",
        ),
        ("- **Market Type**: Aggregator", "aggregator"),
        ("- **Market Type**: DEX Aggregator", "aggregator"),
        ("- **Market Type**: ", ""),
        ("- **Type**: CLOB/AMM DEX", "clob_amm"),
        ("* Type: PERP CLOB CEX", "clob"),
        ("* Type: SPOT AMM-RANGE DEX", "amm"),
        ("* Type: SPOT DEX", ""),
    ],
)
def test_market_types(line: str, value: str) -> None:
    page = read(f"## Connector Info\n\n{line}\n{TABLE}")

    assert (page.market_type, page.warnings) == (value, ())


@pytest.mark.parametrize(
    ("line", "name", "url"),
    [
        ("- **Maintainer**: Hummingbot Foundation", "Hummingbot Foundation", ""),
        ("- **Maintainer:** [CoinAlpha](https://coinalpha.com)", "CoinAlpha", "https://coinalpha.com"),
        ("* Maintainer: [wojak](https://github.com/mlguys)", "wojak", "https://github.com/mlguys"),
        ("**Maintainer:** Community", "Community", ""),
        ("- **Maintainer**: 漢字", "漢字", ""),
        ("- **Maintainer**: None", None, ""),
        ("- **Maintainer**: none", None, ""),
        ("- **Maintainer**: N/A", None, ""),
        ("- **Maintainer**: ", None, ""),
        ("* Maintainer:", None, ""),
        ("* Maintainer: <!--- name of maintainer -->", None, ""),
    ],
)
def test_maintainers(line: str, name: str | None, url: str) -> None:
    page = info(line)

    assert (page.maintainer, page.maintainer_url, page.maintainer_stated) == (name, url, True)
    is_blank = line.partition("<!")[0].rstrip(" *")[-1] == ":"
    assert page.maintainer_blank == is_blank
    assert told(page) == ([(5, "blank_maintainer")] if is_blank else [])


def test_a_page_without_a_line_for_it_states_no_maintainer() -> None:
    assert (info().maintainer, info().maintainer_stated) == (None, False)


@pytest.mark.parametrize(
    ("lines", "tier", "where"),
    [
        ("- **Maintenance Tier**: " + BADGE.format("GOLD"), "gold", "badge"),
        ("- **Maintenance Tier**: " + BADGE.format("SILVER").replace(")", "\t)"), "silver", "badge"),
        (BADGE.format("BRONZE").replace("Hummingbot", "MadMeerkat"), "bronze", "badge"),
        ('<img alt="tier" src="https://img.shields.io/static/v1?label=X&message=GOLD&color=yellow"/>', "gold", "badge"),
        ("- **Tier**: Silver", "silver", "line"),
        ("* Maintenance Tier: Bronze", "bronze", "line"),
        ("Currently, dYdX is a **Gold** exchange, as voted by holders.", "gold", "sentence"),
        ("Currently, Bit Perpetual is a Bronze exchange, as voted by holders.", "bronze", "sentence"),
        ("HBOT holders voted Sample into the **Bronze** tier for the current epoch.", "bronze", "sentence"),
        ("Silver exchanges are prioritized by holders, and follow the Gold connectors.", "silver", "sentence"),
        ("The Gold exchange is the first of its poll.", "gold", "sentence"),
        ("Bronze exchange connectors have passed the threshold.", "bronze", "sentence"),
    ],
)
def test_tiers(lines: str, tier: str, where: str) -> None:
    page = info("", lines)

    assert page.tier == tier
    assert [(stated.line, stated.where) for stated in page.tiers_stated] == [(6, where)]
    assert page.warnings == ()


def test_another_tier_that_a_sentence_mentions_is_not_the_pages() -> None:
    page = info("", "Currently, Sample is a **Silver** exchange, like a Gold connector of its type.")

    assert page.tiers_stated == (StatedTier(6, "silver", "sentence"),)


def test_two_tiers_on_one_page_are_told_and_the_badge_counts() -> None:
    page = info("- **Maintenance Tier**: " + BADGE.format("SILVER"), "", "Currently, X is a **Gold** exchange.")

    assert page.tier == "silver"
    assert [(warning.line, warning.code.value, warning.message) for warning in page.warnings] == [
        (
            7,
            "tier_contradiction",
            "The page states more than one tier: silver by its badge (line 5), gold by its sentence (line 7).",
        )
    ]


def test_the_text_of_another_tier_is_told() -> None:
    page = info(
        "- **Maintenance Tier**: " + BADGE.format("SILVER"),
        "",
        "Currently, X is a **Silver** exchange. The Foundation does not maintain the components below.",
    )

    assert (page.tier, told(page)) == ("silver", [(7, "tier_explanation")])


def _links(*lines: str) -> Page:
    return read(INFO + TABLE + "\n## ℹ️ Exchange Info\n\n" + "\n".join(lines))


@pytest.mark.parametrize(
    ("line", "kind", "url"),
    [
        ("- **Website**: <https://x.example>", LinkKind.WEBSITE, "https://x.example"),
        ("- **Website**: https://x.example", LinkKind.WEBSITE, "https://x.example"),
        ("* Website: [x](https://x.example/a)", LinkKind.WEBSITE, "https://x.example/a"),
        ("- **Website**: [https://a.example](https://b.example)", LinkKind.WEBSITE, "https://b.example"),
        ("- **CoinMarketCap**: <https://c.example?a=ü&b=1>", LinkKind.COINMARKETCAP, "https://c.example?a=ü&b=1"),
        ("* CoinMarketCap](https://c.example/x/", LinkKind.COINMARKETCAP, "https://c.example/x/"),
        ("- **CoinGecko (Spot)**: <https://g.example>", LinkKind.COINGECKO, "https://g.example"),
        ("* **DefiLLama**: <https://d.example>", LinkKind.DEFILLAMA, "https://d.example"),
        ("- **API docs**: <<https://api.example>>", LinkKind.API_DOCS, "https://api.example"),
        ("- Transaction fees: https://f.example", LinkKind.FEES, "https://f.example"),
        (
            "- **Fees**: [https://f.example](https://www.google.com/search?q=https://f.example)",
            LinkKind.FEES,
            "https://f.example",
        ),
        ("- **SDK Docs**: <https://s.example>", LinkKind.SDK, "https://s.example"),
        ("- **Hummingbot Referral Link**: <https://r.example>", LinkKind.REFERRAL, "https://r.example"),
        ("- **OKX referral link:** <https://r.example>", LinkKind.REFERRAL, "https://r.example"),
        ("* Hummingbot referral link - https://r.example", LinkKind.REFERRAL, "https://r.example"),
    ],
)
def test_links(line: str, kind: LinkKind, url: str) -> None:
    page = _links(line)

    assert (page.links, page.link_lines, page.warnings) == ({kind: url}, {kind: 12}, ())


def test_links_in_one_line_under_the_exchanges_name() -> None:
    page = _links("**Sample**", "[Website](https://x.example) | [CoinGecko](https://g.example) | [CoinMarketCap]")

    assert page.links == {LinkKind.WEBSITE: "https://x.example", LinkKind.COINGECKO: "https://g.example"}


@pytest.mark.parametrize("words", ["", "Not available", "N/A", "Information not available", "To be determined"])
def test_words_for_no_link_are_no_link(words: str) -> None:
    page = _links(f"- **Fees**: {words}")

    assert (page.links, page.warnings) == ({}, ())


@pytest.mark.parametrize(
    ("line", "words", "url"),
    [
        ("- **Supported Countries**: Worldwide", "Worldwide", ""),
        ("- **Supported countries**: <https://c.example> ", "", "https://c.example"),
        ("- **Supported Countries**: Not available", "Not available", ""),
        ("- **Supported Countries**: ", "", ""),
        (
            "- **Supported Countries**: All but\n  Atlantis. <https://c.example>",
            "All but Atlantis.",
            "https://c.example",
        ),
    ],
)
def test_supported_countries(line: str, words: str, url: str) -> None:
    page = _links(line)

    assert (page.supported_countries, page.supported_countries_url, page.warnings) == (words, url, ())


@pytest.mark.parametrize(
    "lines",
    [
        "| Chain | Networks |\n| --- | --- |\n| `ethereum` | `mainnet`, `base`\n| `polygon` | `mainnet` |\n|",
        "| Chain | Networks |\n| --- | --- |\n| ethereum | mainnet, base |\n| polygon | mainnet |",
        "| Chain | Networks |\n| --- | --- |\n| `ethereum` | `mainnet` `base` |\n| `polygon |  `mainnet` |",
        "## 🕸️ Supported Chains and Networks\n\n* [Ethereum](/chains/x): `mainnet`, `base`\n* `polygon` : `mainnet`",
        "## ℹ️ Exchange Info\n\n- **Chain**: [Ethereum](/x)\n- **Networks**: `mainnet`, `base`\n\n"
        "| Chain | Networks |\n|-|-|\n| `polygon` | `mainnet`|",
    ],
)
def test_chains_and_their_networks(lines: str) -> None:
    page = read(INFO + TABLE + "\n" + lines)

    assert page.chains == (("ethereum", ("mainnet", "base")), ("polygon", ("mainnet",)))
    assert page.warnings == ()


def test_a_chain_may_be_named_without_networks_and_with_spaces() -> None:
    page = read(INFO + TABLE + "\n| Chain | Networks |\n|---|---|\n| `Harmony` \n| binance smart chain | mainnet |")

    assert page.chains == (("harmony", ()), ("binance-smart-chain", ("mainnet",)))


def _tip(title: str, text: str) -> Page:
    return read(f'!!! tip "{title}"\n    {text}\n\n{INFO}{TABLE}')


@pytest.mark.parametrize(
    ("title", "text", "shares_fees", "partnership"),
    [
        ("Support Hummingbot", "The Foundation has a fee share partnership with X.", True, ""),
        ("Support Hummingbot", "It shares some of your fees.", True, ""),
        ("Foundation Partner", "Open an account with our [X referral link](https://r.example).", True, "partner"),
        ("Foundation Sponsor", "X is a [sponsor](/about/sponsors).", False, "sponsor"),
    ],
)
def test_the_box_that_asks_for_support(title: str, text: str, shares_fees: bool, partnership: str) -> None:
    page = _tip(title, text)

    assert page.tip is not None
    assert (page.tip.title, page.has_fee_share, page.partnership) == (title, shares_fees, partnership)
    assert (LinkKind.REFERRAL in page.links) == ("r.example" in text)
    assert page.warnings == ()


@pytest.mark.parametrize(
    ("lines", "shares_fees", "partnership"),
    [
        (["- **Partnership**: Foundation partner", "- **Fee Share**: Yes"], True, "partner"),
        (["- **Partnership**: Foundation sponsor", "- **Fee Share**: No"], False, "sponsor"),
        (["- **Partnership**: ", "- **Fee Share**:"], False, ""),
    ],
)
def test_both_may_have_lines_of_their_own(lines: list[str], shares_fees: bool, partnership: str) -> None:
    page = info(*lines)

    assert (page.has_fee_share, page.partnership, page.warnings) == (shares_fees, partnership, ())


def test_the_earliest_pages_asked_in_bold() -> None:
    page = read(f"# Sample\n\n**Support Hummingbot by our [referral link](https://r.example)!** 🙏\n\n{INFO}{TABLE}")

    assert page.tip is not None
    assert (page.has_fee_share, page.links, page.warnings) == (True, {LinkKind.REFERRAL: "https://r.example"}, ())


def test_the_first_tip_above_the_sections_is_the_pages_whatever_its_title() -> None:
    page = read(f'# X\n\n!!! tip "Foundation Sponsor"\n    One.\n\n!!! tip "A Prize"\n    Two.\n\n{INFO}{TABLE}')

    assert page.tip == Tip("Foundation Sponsor", "One.")
    assert _tip("A Prize", "Two.").tip == Tip("A Prize", "Two.")


def test_other_boxes_are_prose_and_one_that_tells_of_the_end_is_told() -> None:
    page = read(f'!!! note "Look"\n    Here.\n\n{INFO}{TABLE}\n!!! tip "Recommended"\n    This.\n')

    assert (page.tip, page.warnings) == (None, ())
    assert told(read(f'!!! warning "Connector Removed"\n    In 9.9.0.\n\n{INFO}{TABLE}')) == [(1, "unplaced")]


@pytest.mark.parametrize(
    ("file", "text", "exchange", "title"),
    [
        ("docs/exchanges/kraken/index.md", "", "kraken", "kraken"),
        ("docs/exchanges/gate-io-perpetual.md", "# `gate_io perpetual`\n", "gate-io", "gate_io perpetual"),
        ("binance/binance-perpetual.md", "", "binance", "binance"),
        ("docs/exchanges/1.md", "# `hotbit`\n", "hotbit", "hotbit"),
        ("docs/exchanges/# `xswap_xdc`.md", "# `xswap_xdc`\n", "xswap-xdc", "xswap_xdc"),
        ("etcSwap.md", "", "etcswap", "etcswap"),
        ("gateway\\0x.md", "# 0x Protocol\n", "0x", "0x Protocol"),
        ("-", "", "sample", "sample"),
        ("page.md", "", "sample", "sample"),
    ],
)
def test_which_exchange_a_page_is_of(file: str, text: str, exchange: str, title: str) -> None:
    page = read(f"{text}\n{INFO}\n## Spot Connector\n\n- **ID**: `sample_perpetual`\n", file)

    assert (page.exchange, page.title) == (exchange, title)


def test_the_title_of_a_page_with_a_table_is_what_its_sentence_says() -> None:
    page = read(f"# `foxbit`\n\n{INFO}\nCurrently, Foxbit is a **Bronze** exchange.\n{TABLE}")

    assert page.title == "Foxbit"


@pytest.mark.parametrize(
    "text",
    [
        "# How to add a connector\n\nWrite code.\n\n## Order Types\n\n- `LIMIT`\n",
        "## Exchanges\n\n| Exchange | Type | Tier |\n|---|---|---|\n| [Kraken](./kraken) | SPOT CLOB CEX | Bronze |\n",
        "# `Connector Name` <!--- replace -->\n\n## Exchange Info\n\n- Website: <https://x.example>\n- Fees: <https://x.example>\n",
        "Only words.",
    ],
)
def test_what_is_no_exchange_page_says_so_once_and_nothing_else(text: str) -> None:
    page = read(text)

    assert not page.is_exchange_page
    assert told(page) == [(1, "no_exchange_page")]
    assert (page.exchange, page.components, page.connectors) == ("", (), ())
