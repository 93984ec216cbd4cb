"""The catalogue says all that the two documentation pages say, and the bounty tracker's rows of the two exchanges."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from registry.models import Bounty, Component, Exchange, Proposal
from registry.services.catalogue import CATALOGUE_DIR, load_catalogue

PAGES = Path(__file__).parents[1] / "payloads" / "pages"
CODE = "https://github.com/hummingbot/hummingbot/tree/master/hummingbot/"
INTERVALS = ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "1w"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loaded(catalogue_copy: Path) -> None:
    load_catalogue(catalogue_copy)


@pytest.fixture
def kraken() -> Exchange:
    return Exchange.objects.get(slug="kraken")


@pytest.fixture
def kucoin() -> Exchange:
    return Exchange.objects.get(slug="kucoin")


def component(exchange: Exchange, kind: str) -> Component:
    return exchange.components.get(kind=kind)


def test_kraken_is_a_centralized_order_book_that_nobody_maintains(kraken: Exchange) -> None:
    assert kraken.name == "Kraken"
    assert kraken.get_exchange_type_display() == "Centralized exchange (CEX)"
    assert kraken.get_market_type_display() == "Central limit order book (CLOB)"
    assert list(kraken.maintenances.all()) == []


def test_kucoin_is_a_centralized_order_book_that_the_foundation_maintains(kucoin: Exchange) -> None:
    assert kucoin.name == "KuCoin"
    assert kucoin.get_exchange_type_display() == "Centralized exchange (CEX)"
    assert kucoin.get_market_type_display() == "Central limit order book (CLOB)"
    assert [str(one) for one in kucoin.maintenances.all()] == ["Hummingbot Foundation for KuCoin"]
    assert [maintainer.name for maintainer in kucoin.maintainers] == ["Hummingbot Foundation"]


def test_kraken_links_and_countries(kraken: Exchange) -> None:
    assert {link.get_kind_display(): link.url for link in kraken.links.all()} == {
        "Website": "https://www.kraken.com/",
        "CoinMarketCap": "https://coinmarketcap.com/exchanges/kraken/",
        "CoinGecko": "https://www.coingecko.com/en/exchanges/kraken",
        "API docs": "https://docs.kraken.com/rest/",
        "Fees": "https://www.kraken.com/en-us/features/fee-schedule",
    }
    assert (kraken.supported_countries, kraken.supported_countries_url) == ("Not available", "")


def test_kucoin_links_and_countries(kucoin: Exchange) -> None:
    assert {link.get_kind_display(): link.url for link in kucoin.links.all()} == {
        "Website": "https://www.kucoin.com",
        "CoinMarketCap": "https://coinmarketcap.com/exchanges/kucoin/",
        "CoinGecko": "https://www.coingecko.com/en/exchanges/kucoin",
        "API docs": "https://docs.kucoin.com",
        "Fees": "https://www.kucoin.com/vip/level",
    }
    assert kucoin.supported_countries == ""
    assert kucoin.supported_countries_url == "https://www.kucoin.com/support/10247584234521"


@pytest.mark.parametrize("slug", ["kraken", "kucoin"])
def test_fee_share_tip_tells_how_and_at_what_cost(slug: str) -> None:
    exchange = Exchange.objects.get(slug=slug)

    assert exchange.has_fee_share
    assert exchange.tip_title == "Support Hummingbot"
    for fact in (exchange.name, "Hummingbot Foundation", "API header", "at no cost to you", "API keys"):
        assert fact in exchange.tip


def test_component_tables(kraken: Exchange, kucoin: Exchange) -> None:
    def table(exchange: Exchange) -> list[tuple[str, str, str]]:
        return [(c.get_kind_display(), c.get_status_display(), c.notes) for c in exchange.components.all()]

    assert table(kraken) == [
        ("Spot Connector", "Available", ""),
        ("Perp Connector", "Not available", ""),
        ("Spot Candles Feed", "Not built", ""),
        ("Perp Candles Feed", "Not built", ""),
    ]
    assert table(kucoin) == [
        ("Spot Connector", "Available", "Supports MARKET order type"),
        ("Perp Connector", "Available", "Supports testnet"),
        ("Spot Candles Feed", "Available", ""),
        ("Perp Candles Feed", "Available", ""),
    ]


def test_kraken_spot_connector(kraken: Exchange) -> None:
    spot = component(kraken, "spot_connector")

    assert spot.connector_id == "kraken"
    assert spot.get_connection_type_display() == "WebSocket"
    assert spot.folder_url == f"{CODE}connector/exchange/kraken"
    assert spot.order_types == ["LIMIT", "LIMIT_MAKER"]
    assert spot.position_modes == []
    assert spot.connect_command == "connect kraken"
    assert spot.credential_prompts == ["Enter your kraken API key", "Enter your kraken secret key"]
    assert spot.connected_message == "You are now connected to kraken"
    assert spot.paper_trading == "simulated"
    assert spot.paper_connect_command == "connect kraken_paper_trade"
    assert spot.paper_url == "https://hummingbot.org/global-configs/paper-trade/"
    assert "#adding-exchanges" in spot.paper_notes


@pytest.mark.parametrize("kind", ["perp_connector", "spot_candles", "perp_candles"])
def test_kraken_components_that_do_not_exist_claim_nothing(kraken: Exchange, kind: str) -> None:
    missing = component(kraken, kind)

    assert (missing.connector_id, missing.connection_type, missing.folder_url) == ("", "", "")
    assert missing.order_types == missing.position_modes == missing.intervals == missing.credential_prompts == []
    assert (missing.paper_trading, missing.paper_connector_id) == ("", "")


def test_kucoin_spot_connector(kucoin: Exchange) -> None:
    spot = component(kucoin, "spot_connector")

    assert spot.connector_id == "kucoin"
    assert spot.get_connection_type_display() == "WebSocket"
    assert spot.folder_url == f"{CODE}connector/exchange/kucoin"
    assert spot.order_types == ["LIMIT", "LIMIT_MAKER", "MARKET"]
    assert spot.position_modes == []
    assert spot.connect_command == "connect kucoin"
    assert spot.credential_prompts == [
        "Enter your kucoin API key",
        "Enter your kucoin secret key",
        "Enter your kucoin passphrase",
    ]
    assert spot.connected_message == "You are now connected to kucoin"
    assert spot.paper_trading == "simulated"
    assert spot.paper_connect_command == "connect kucoin_paper_trade"
    assert spot.paper_url == "https://hummingbot.org/global-configs/paper-trade/"
    assert "#adding-exchanges" in spot.paper_notes


def test_kucoin_perp_connector(kucoin: Exchange) -> None:
    perp = component(kucoin, "perp_connector")

    assert perp.connector_id == "kucoin_perpetual"
    assert perp.get_connection_type_display() == "WebSocket"
    assert perp.folder_url == f"{CODE}connector/derivative/kucoin_perpetual"
    assert perp.order_types == ["LIMIT", "LIMIT_MAKER", "MARKET"]
    assert perp.position_mode_labels == ["One-way", "Hedge"]
    assert perp.connect_command == "connect kucoin_perpetual"
    assert perp.credential_prompts == [
        "Enter your kucoin_perpetual API key",
        "Enter your kucoin_perpetual secret key",
        "Enter your kucoin_perpetual passphrase",
    ]
    assert perp.connected_message == "You are now connected to kucoin_perpetual"
    assert perp.paper_trading == "testnet"
    assert perp.paper_connect_command == "connect kucoin_perpetual_testnet"
    assert perp.paper_url == "https://www.kucoin.com/support/7909075578521"
    assert "perpetual strategies and scripts" in perp.paper_notes


@pytest.mark.parametrize(
    ("kind", "connector_id", "folder", "pair", "interval"),
    [
        ("spot_candles", "kucoin", "kucoin_spot_candles", '"ETH-USDT"', "1m"),
        ("perp_candles", "kucoin_perpetual", "kucoin_perpetual_candles", "trading_pair", "3m"),
    ],
)
def test_kucoin_candle_feeds(
    kucoin: Exchange, kind: str, connector_id: str, folder: str, pair: str, interval: str
) -> None:
    feed = component(kucoin, kind)

    assert feed.connector_id == connector_id
    assert feed.intervals == INTERVALS
    assert feed.folder_url == f"{CODE}data_feed/candles_feed/{folder}"
    assert feed.connect_command == ""
    assert "from hummingbot.data_feed.candles_feed.candles_factory import CandlesFactory" in feed.usage_example
    for argument in (f'connector="{connector_id}"', f"trading_pair={pair}", f'interval="{interval}"', "max_records=50"):
        assert argument in feed.usage_example
    assert feed.usage_url == "https://github.com/hummingbot/hummingbot/blob/master/scripts/candles_example.py"


def test_key_creation_steps(kraken: Exchange, kucoin: Exchange) -> None:
    assert kraken.key_creation_steps == []
    first, second, third, fourth = kucoin.key_creation_steps
    for step, facts in (
        (first, ["https://www.kucoin.com", "avatar", "API Management > Create API"]),
        (second, ["API Trading", "Link Third-Party Applications", "API name", "passphrase", "permissions"]),
        (second, ["withdrawals are not supported", "no IP address has to be linked", "configured addresses"]),
        (third, ["trading password", "email verification code", "Google verification code"]),
        (fourth, ["confirm"]),
    ):
        assert [fact for fact in facts if fact not in step["text"]] == []
    passphrase, idle_keys, whitelist = second["points"]
    assert "safe place" in passphrase
    assert "Never disclose the API key" in " ".join(passphrase.split())
    assert "after 30 days without use" in idle_keys
    assert "General permissions only do not expire" in idle_keys
    assert "whitelist" in whitelist
    assert first["points"] == third["points"] == fourth["points"] == []


def test_bounties_are_the_rows_of_the_tracker() -> None:
    issues = "https://github.com/hummingbot/hummingbot/issues/"
    rows = Bounty.objects.order_by("pk")

    assert [
        (b.exchange.slug, b.tracker_id, b.get_kind_display(), b.amount, b.get_state_display(), b.issue_url)
        for b in rows
    ] == [
        ("kraken", "HIP-35", "Improvement", Decimal(600_000), "Paid", f"{issues}6751"),
        ("kraken", "7052", "Bug: P3", Decimal(30_000), "Paid", f"{issues}7052"),
        ("kucoin", "6764", "Bug: P3", Decimal(50_000), "Closed", f"{issues}6764"),
        ("kucoin", "6955", "Improvement", Decimal(50_000), "Paid", f"{issues}6955"),
        ("kucoin", "6974", "Bug: P2", Decimal(136_000), "Paid", f"{issues}6974"),
    ]
    assert {(b.sponsor, b.unit) for b in rows} == {("Foundation", "HBOT")}
    assert {b.tracker_id: str(b.component) for b in rows if b.component} == {"6955": "KuCoin Spot Connector"}


def test_kraken_proposal_funds_its_bounty(kraken: Exchange) -> None:
    proposal = Proposal.objects.get()

    assert (proposal.kind, proposal.number, proposal.state) == ("hip", "HIP-35", "passed")
    assert proposal.snapshot_id == "0x021b7bd4b433182496c0288d8ed83001ddf0686a1f1e482f4dbf7ea972c0faf5"
    assert proposal.url == f"https://snapshot.org/#/hbot-ip.eth/proposal/{proposal.snapshot_id}"
    assert list(proposal.exchanges.all()) == [kraken]
    assert [bounty.tracker_id for bounty in proposal.bounties.all()] == ["HIP-35"]


@pytest.mark.parametrize(("slug", "encoding"), [("kraken", "utf-8"), ("kucoin", "mac_roman")])
def test_every_address_and_every_quoted_word_of_the_page_is_in_the_file(slug: str, encoding: str) -> None:
    page = (PAGES / "seed" / f"{slug}.md").read_text(encoding="utf-8").encode(encoding).decode("utf-8")
    assert "🔀 Spot Connector" in page
    # The bot's own name for intervals, the badge (it is the tier), and words of the client that repeat below it.
    said = {"OrderType", "CandlesFactory", "https://img.shields.io/static/v1?label=Hummingbot"}
    file = (CATALOGUE_DIR / "exchanges" / f"{slug}.yaml").read_text(encoding="utf-8")

    addresses = {address.rstrip(">.,)") for address in re.findall(r"https?://[^\s>)&]+", page)}
    quoted = {word.removeprefix("connect ") for word in re.findall(r"`([^`\n]+)`", page.replace("```", ""))}

    assert len(addresses) >= 7
    assert len(quoted) >= 4
    assert {fact for fact in (addresses | quoted) - said if fact not in file} == set()
