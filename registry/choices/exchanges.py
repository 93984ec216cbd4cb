"""Closed lists about exchanges, their components and who maintains them."""

from __future__ import annotations

from django.db.models import TextChoices


class ExchangeType(TextChoices):
    CEX = "cex", "Centralized exchange (CEX)"
    DEX = "dex", "Decentralized exchange (DEX)"


class MarketType(TextChoices):
    CLOB = "clob", "Central limit order book (CLOB)"
    AMM = "amm", "Automated market maker (AMM)"
    CLMM = "clmm", "Concentrated liquidity market maker (CLMM)"
    AMM_CLMM = "amm_clmm", "AMM and CLMM"
    CLOB_AMM = "clob_amm", "CLOB and AMM"
    AGGREGATOR = "aggregator", "Aggregator"


class LinkKind(TextChoices):
    WEBSITE = "website", "Website"
    COINMARKETCAP = "coinmarketcap", "CoinMarketCap"
    COINGECKO = "coingecko", "CoinGecko"
    DEFILLAMA = "defillama", "DefiLlama"
    API_DOCS = "api_docs", "API docs"
    SDK = "sdk", "SDK"
    FEES = "fees", "Fees"
    EXPLORER = "explorer", "Explorer"
    REFERRAL = "referral", "Referral link"
    GUIDE = "guide", "Connector guide"


class Lifecycle(TextChoices):
    """Whether the bot's current release ships connectors to an exchange."""

    ACTIVE = "active", "In the current release"
    REMOVED = "removed", "Removed"
    RENAMED = "renamed", "Renamed"  # the same venue goes on under another entry
    PROPOSED = "proposed", "Never in a release"  # voted on, or offered in a pull request, and not shipped so far


class Partnership(TextChoices):
    """What binds an exchange to the Foundation by contract; a tier follows from votes alone."""

    PARTNER = "partner", "Foundation partner"
    SPONSOR = "sponsor", "Foundation sponsor"


class MaintainerKind(TextChoices):
    ORGANISATION = "organisation", "Organisation"
    PERSON = "person", "Person"


class MaintenanceState(TextChoices):
    ACTIVE = "active", "Active"
    EMERITUS = "emeritus", "Emeritus"  # did maintain it, and no longer does
    SEEKING = "seeking", "Seeking a maintainer"  # nobody does, and somebody is wanted


class ComponentKind(TextChoices):
    SPOT_CONNECTOR = "spot_connector", "Spot Connector"
    PERP_CONNECTOR = "perp_connector", "Perp Connector"
    SPOT_CANDLES = "spot_candles", "Spot Candles Feed"
    PERP_CANDLES = "perp_candles", "Perp Candles Feed"
    AMM_CONNECTOR = "amm_connector", "AMM Connector"
    RANGE_AMM_CONNECTOR = "range_amm_connector", "Range AMM Connector"
    CLMM_CONNECTOR = "clmm_connector", "CLMM Connector"
    ROUTER_CONNECTOR = "router_connector", "Router Connector"
    AMM_DATA_FEED = "amm_data_feed", "AMM Data Feed"

    @property
    def purpose(self) -> str:
        """What a component of this kind is for, as one line under its heading."""
        return _COMPONENT_PURPOSES[self]

    @property
    def is_candle_feed(self) -> bool:
        return self in {ComponentKind.SPOT_CANDLES, ComponentKind.PERP_CANDLES}


_COMPONENT_PURPOSES = {
    ComponentKind.SPOT_CONNECTOR: "Trades on the exchange's spot markets through its API.",
    ComponentKind.PERP_CONNECTOR: "Trades on the exchange's perpetual futures markets through its API.",
    ComponentKind.SPOT_CANDLES: "Collects historical OHLCV data of the exchange's spot markets.",
    ComponentKind.PERP_CANDLES: "Collects historical OHLCV data of the exchange's perpetual futures markets.",
    ComponentKind.AMM_CONNECTOR: "Trades against automated market maker pools through Gateway.",
    ComponentKind.RANGE_AMM_CONNECTOR: "Provides liquidity in a price range of an AMM pool through Gateway.",
    ComponentKind.CLMM_CONNECTOR: "Provides concentrated liquidity through Gateway.",
    ComponentKind.ROUTER_CONNECTOR: "Trades along the best route over several pools through Gateway.",
    ComponentKind.AMM_DATA_FEED: "Collects prices of AMM pools through Gateway.",
}


class DeclaredStatus(TextChoices):
    """What the registry says of a component; what monitoring sees of it is kept apart."""

    AVAILABLE = "available", "Available"
    NOT_BUILT = "not_built", "Not built"  # the exchange offers it, nobody wrote the code
    NOT_AVAILABLE = "not_available", "Not available"  # the exchange does not offer it
    NOT_APPLICABLE = "not_applicable", "Not applicable"
    REMOVED = "removed", "Removed"  # was listed once; kept for its history


class ConnectionType(TextChoices):
    WEBSOCKET = "websocket", "WebSocket"
    REST = "rest", "REST"
    REST_WEBSOCKET = "rest_websocket", "REST and WebSocket"
    GRPC = "grpc", "gRPC"
    WEBSOCKET_GRPC = "websocket_grpc", "WebSocket via gRPC"
    REST_WEBSOCKET_GRPC = "rest_websocket_grpc", "REST, WebSocket and gRPC"
    GATEWAY = "gateway", "REST via Gateway"
    WEBSOCKET_GATEWAY = "websocket_gateway", "WebSocket via Gateway"


class OrderType(TextChoices):
    """The bot's own `OrderType` constants, spelled as it spells them."""

    LIMIT = "LIMIT", "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER", "LIMIT_MAKER"
    MARKET = "MARKET", "MARKET"


class PositionMode(TextChoices):
    ONE_WAY = "one_way", "One-way"
    HEDGE = "hedge", "Hedge"


class Interval(TextChoices):
    """Candle lengths in the bot's spelling. `1m` is a minute and `1M` a month: they differ by case alone."""

    S1 = "1s", "1 second"
    S10 = "10s", "10 seconds"
    M1 = "1m", "1 minute"
    M3 = "3m", "3 minutes"
    M5 = "5m", "5 minutes"
    M15 = "15m", "15 minutes"
    M30 = "30m", "30 minutes"
    H1 = "1h", "1 hour"
    H2 = "2h", "2 hours"
    H3 = "3h", "3 hours"
    H4 = "4h", "4 hours"
    H6 = "6h", "6 hours"
    H8 = "8h", "8 hours"
    H12 = "12h", "12 hours"
    D1 = "1d", "1 day"
    D3 = "3d", "3 days"
    W1 = "1w", "1 week"
    MONTH1 = "1M", "1 month"
    MONTH3 = "3M", "3 months"


class PaperTrading(TextChoices):
    """How orders can be tried without money."""

    SIMULATED = "simulated", "Simulated by the bot"  # the bot matches orders against the live book
    TESTNET = "testnet", "Testnet of the exchange"
