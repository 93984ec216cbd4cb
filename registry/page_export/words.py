"""The fixed words of a page's layout: headings, labels, and how each value of a closed list is printed."""

from __future__ import annotations

from registry.choices import (
    ComponentKind,
    ConnectionType,
    DeclaredStatus,
    ExchangeType,
    LinkKind,
    MarketType,
    Tier,
)

HEADINGS = {
    ComponentKind.SPOT_CONNECTOR: "🔀 Spot Connector",
    ComponentKind.PERP_CONNECTOR: "🔀 Perp Connector",
    ComponentKind.SPOT_CANDLES: "🕯 Spot Candles Feed",
    ComponentKind.PERP_CANDLES: "🕯 Perp Candles Feed",
    ComponentKind.AMM_CONNECTOR: "2️⃣ AMM Connector",
    ComponentKind.RANGE_AMM_CONNECTOR: "3️⃣ Range AMM Connector",
    ComponentKind.CLMM_CONNECTOR: "3️⃣ CLMM Connector",
    ComponentKind.ROUTER_CONNECTOR: "🔀 Router Connector",
    ComponentKind.AMM_DATA_FEED: "🕯 AMM Data Feed",
}
ANCHORS = {
    kind: f"#{heading.replace(chr(0xFE0F) + chr(0x20E3), '').lstrip('🔀🕯 ').lower().replace(' ', '-')}"
    for kind, heading in HEADINGS.items()
}
"""As the site makes them of headings: the digit of a keycap stays, and other emoji go."""

EXCHANGE_TYPES = {
    ExchangeType.CEX: "Centralized Exchange (**CEX**)",
    ExchangeType.DEX: "Decentralized Exchange (**DEX**)",
}

_CLOB = "Central Limit Order Book (**CLOB**)"
_AMM = "Automated Market Maker (**AMM**)"
_CLMM = "Concentrated Liquidity Market Maker (**CLMM**)"
MARKET_TYPES = {
    MarketType.CLOB: _CLOB,
    MarketType.AMM: _AMM,
    MarketType.CLMM: _CLMM,
    MarketType.AMM_CLMM: f"{_AMM} & {_CLMM}",
    MarketType.CLOB_AMM: f"{_CLOB} & {_AMM}",
    MarketType.AGGREGATOR: "Aggregator",
}

STATUSES = {
    DeclaredStatus.AVAILABLE: "✅",
    DeclaredStatus.NOT_BUILT: "Not built",
    DeclaredStatus.NOT_AVAILABLE: "Not available",
    DeclaredStatus.NOT_APPLICABLE: "Not applicable",
    DeclaredStatus.REMOVED: "Removed",
}

CONNECTION_TYPES = {
    ConnectionType.WEBSOCKET: "WebSocket",
    ConnectionType.REST: "REST",
    ConnectionType.REST_WEBSOCKET: "REST / WebSocket",
    ConnectionType.GRPC: "gRPC",
    ConnectionType.WEBSOCKET_GRPC: "WebSocket via gRPC",
    ConnectionType.REST_WEBSOCKET_GRPC: "WebSocket, REST, gRPC",
    ConnectionType.GATEWAY: "REST via [Gateway](/gateway)",
    ConnectionType.WEBSOCKET_GATEWAY: "WebSocket via [Gateway](/gateway)",
}

LINKS = {
    LinkKind.WEBSITE: "Website",
    LinkKind.COINMARKETCAP: "CoinMarketCap",
    LinkKind.COINGECKO: "CoinGecko",
    LinkKind.DEFILLAMA: "DefiLlama",
    LinkKind.API_DOCS: "API Docs",
    LinkKind.SDK: "SDK",
    LinkKind.FEES: "Fees",
    LinkKind.EXPLORER: "Explorer",
    LinkKind.REFERRAL: "Referral Link",
    LinkKind.GUIDE: "Connector Guide",
}

BADGE_COLOURS = {Tier.GOLD: "yellow", Tier.SILVER: "white", Tier.BRONZE: "green"}
