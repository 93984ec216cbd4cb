"""The shipped catalogue is whole: every connector of the bot's old tier lists has its place, every file its source."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from registry.choices import DeclaredStatus, Lifecycle, SubjectKind
from registry.governance.names import name_key
from registry.services.catalogue import CATALOGUE_DIR, Catalogue, read_catalogue
from registry.services.catalogue.schema import ComponentEntry, ExchangeEntry

FILES = sorted((CATALOGUE_DIR / "exchanges").glob("*.yaml"))
NO_TEST_NETWORK = "its page names no test network for this connector"
BEFORE_GATEWAY_2 = "what Gateway called it once; its connectors are uniswap/router and the like by now"
FORMER_IDS = {
    "bitmex_testnet": ("bitmex", NO_TEST_NETWORK),
    "bybit_testnet": ("bybit", NO_TEST_NETWORK),
    "kucoin_testnet": ("kucoin", "its page names one for the perpetual connector alone"),
    "ndax_testnet": ("ndax", NO_TEST_NETWORK),
    "coinbase_pro": ("coinbase", "the connector is coinbase_advanced_trade by now"),
    "dydx_perpetual": ("dydx", "the connector is dydx_v4_perpetual by now"),
    "huobi": ("htx", "the exchange and its connector were renamed"),
    "injective": ("injective", "the connector is injective_v2 by now"),
    "injective_perpetual": ("injective", "the connector is injective_v2_perpetual by now"),
    "perpetual_finance": ("perp", "the connector was perp at the end"),
    "pancakeswap": ("pancakeswap", BEFORE_GATEWAY_2),
    "pancakeswapLP": ("pancakeswap", BEFORE_GATEWAY_2),
    "uniswap": ("uniswap", BEFORE_GATEWAY_2),
    "uniswapLP": ("uniswap", BEFORE_GATEWAY_2),
}
"""Ids of the client's tier lists that no component has: the exchange whose name they are, and why."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue()


def client_ids() -> set[str]:
    """Every connector id to which one of the five tier lists gives a tier."""
    lists = json.loads((CATALOGUE_DIR / "client-tiers.json").read_text(encoding="utf-8"))["snapshots"]
    assert len(lists) == 5
    return {connector_id for snapshot in lists for connector_id in snapshot["connectors"]}


def ids_of(component: ComponentEntry) -> set[str | None]:
    return {component.connector_id, component.paper_trading.connector_id if component.paper_trading else None}


def test_every_connector_of_the_clients_tier_lists_is_a_component_or_known_by_name(catalogue: Catalogue) -> None:
    placed = {id for entry in catalogue.exchanges for component in entry.components for id in ids_of(component)}
    owners = {name_key(name): entry.slug for entry in catalogue.exchanges for name in (entry.slug, entry.name)}
    owners |= {name_key(alias.name): entry.slug for entry in catalogue.exchange_subjects for alias in entry.aliases}

    assert client_ids() - placed == set(FORMER_IDS)
    for connector_id, (slug, _) in FORMER_IDS.items():
        stem = re.sub(r"_testnet\Z|LP\Z", "", connector_id)
        assert owners[name_key(stem)] == slug


def test_no_connector_belongs_to_two_exchanges(catalogue: Catalogue) -> None:
    owners: dict[str, set[str]] = {}
    for entry in catalogue.exchanges:
        for component in entry.components:
            for connector_id in ids_of(component) - {None}:
                owners.setdefault(str(connector_id), set()).add(entry.slug)

    assert {connector_id: slugs for connector_id, slugs in owners.items() if len(slugs) > 1} == {}


def test_every_exchange_that_polls_named_has_its_file(catalogue: Catalogue) -> None:
    polled = {entry.slug for entry in catalogue.subjects if entry.kind == SubjectKind.EXCHANGE}

    assert polled - {entry.slug for entry in catalogue.exchanges} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_first_comment_of_a_file_names_its_source(path: Path) -> None:
    first, *_ = path.read_text(encoding="utf-8").splitlines()

    assert re.match(r"# Source: .*(\S+/\S+|the project's own documentation page)", first)


def test_what_is_said_of_an_exchange_can_be_looked_up(catalogue: Catalogue) -> None:
    code = "https://github.com/hummingbot/"
    strays = [
        f"{entry.slug} {component.kind.value} {component.folder_url}"
        for entry in catalogue.exchanges
        for component in entry.components
        if component.folder_url and not component.folder_url.startswith(code)
    ]

    assert strays == []
    assert [url for entry in catalogue.exchanges for url in addresses(entry) if not is_web_address(url)] == []
    left = [e for e in catalogue.exchanges if e.lifecycle.state in {Lifecycle.REMOVED, Lifecycle.RENAMED}]
    assert [entry.slug for entry in left if not entry.lifecycle.source] == []
    assert [
        one for entry in catalogue.exchanges for one in entry.maintainers if entry.slug != "kucoin" and not one.source
    ] == []


def addresses(entry: ExchangeEntry) -> list[str]:
    found = [*entry.links.values(), entry.supported_countries_url]
    for component in entry.components:
        found += [component.folder_url, component.api_docs_url, component.configs_url, component.usage_url]
        found += [component.paper_trading.url if component.paper_trading else None]
    return [url for url in found if url]


def is_web_address(url: str) -> bool:
    """With a host that is a name, and nothing of the Markdown that it was taken from."""
    return bool(re.fullmatch(r"https?://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:\d+)?(/[^\s<>()\[\]`|\"]*)?([?#]\S*)?", url))


def test_only_what_the_bot_ships_is_available(catalogue: Catalogue) -> None:
    available = {
        entry.slug
        for entry in catalogue.exchanges
        for component in entry.components
        if component.status == DeclaredStatus.AVAILABLE
    }

    assert [
        entry.slug
        for entry in catalogue.exchanges
        if entry.slug in available and entry.lifecycle.state != Lifecycle.ACTIVE
    ] == []
    assert len(available) >= 40


def test_catalogue_is_of_the_size_of_the_bot(catalogue: Catalogue) -> None:
    kinds = {component.kind.value for entry in catalogue.exchanges for component in entry.components}

    assert len(catalogue.exchanges) >= 100
    assert kinds >= {
        *("spot_connector", "perp_connector", "spot_candles", "perp_candles"),
        *("amm_connector", "clmm_connector", "router_connector", "amm_data_feed"),
    }
