"""The names of the pages: which heading opens what, and what every spelling of a label means.

Each table lists what has been seen on real pages, in lower case and by its letters and digits alone (see `key`).
"""

from __future__ import annotations

import re
from enum import StrEnum, auto

from registry.choices import ComponentKind, LinkKind

KEYCAP = re.compile("[0-9]\ufe0f?\u20e3")
"""The emoji of a digit: its digit is no part of the name beside it."""


APART = bytes(code if chr(code).isalnum() and code < 128 else 32 for code in range(256))
SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())


def key(text: str) -> str:
    """Letters and digits of ASCII, in lower case: emoji and signs decorate here, even those that look like letters."""
    return KEYCAP.sub("", text).encode("ascii", "ignore").lower().translate(None, SIGNS).decode()


def words(text: str) -> list[str]:
    """The words of a value, in lower case: `Central Limit Order Book (**CLOB**)` has five."""
    return text.encode("ascii", "replace").lower().translate(APART).decode().split()


def says_nothing(text: str) -> bool:
    """A blank, signs alone, or words for no value. Letters of other scripts say something."""
    name = key(text)
    return name in NOTHING and (bool(name) or not any(map(str.isalnum, text)))


class Section(StrEnum):
    """What the lines beneath a heading are about."""

    TOP = auto()  # above the first heading
    CONNECTOR_INFO = auto()
    TIER = auto()
    EXCHANGE_INFO = auto()
    CHAINS = auto()
    NETWORKS = auto()  # of one chain
    CONNECTOR = auto()  # one component
    ORDER_TYPES = auto()
    POSITION_MODES = auto()
    PAPER_TRADING = auto()
    USAGE = auto()  # how to connect: commands and prompts
    PROSE = auto()  # known, and holds no facts
    UNKNOWN = auto()


SECTIONS = {
    "connectorinfo": Section.CONNECTOR_INFO,
    "info": Section.EXCHANGE_INFO,
    "exchangeinfo": Section.EXCHANGE_INFO,
    "maintenance": Section.CONNECTOR_INFO,
    "exchangetier": Section.TIER,
    "connectortier": Section.TIER,
    "supportedchainsandnetworks": Section.CHAINS,
    "supportedchains": Section.CHAINS,
    "supportednetworks": Section.NETWORKS,
    "chainsandnetworks": Section.CHAINS,
    "chains": Section.CHAINS,
    "ordertypes": Section.ORDER_TYPES,
    "ordertype": Section.ORDER_TYPES,
    "supportedordertypes": Section.ORDER_TYPES,
    "positionmodes": Section.POSITION_MODES,
    "positionmode": Section.POSITION_MODES,
    "usage": Section.USAGE,
    "connection": Section.USAGE,
    "setup": Section.USAGE,
    "howtoconnect": Section.USAGE,
    "apikeys": Section.USAGE,
    "notes": Section.PROSE,
    "note": Section.PROSE,
    "endpoints": Section.PROSE,
    "fees": Section.PROSE,
    "rewards": Section.PROSE,
    "content": Section.PROSE,
    "contents": Section.PROSE,
    "signup": Section.EXCHANGE_INFO,
    "recentnews": Section.PROSE,
    "leverage": Section.PROSE,
    "configuration": Section.PROSE,
    "connectorconfigs": Section.CONNECTOR_INFO,
    "configurationparameters": Section.PROSE,
    "features": Section.PROSE,
    "howitworks": Section.PROSE,
    "ratelimits": Section.PROSE,
    "aboutratelimits": Section.PROSE,
    "rateoracle": Section.PROSE,
    "rateorcale": Section.PROSE,
    "slippage": Section.PROSE,
    "pooladdresses": Section.PROSE,
    "strategytype": Section.PROSE,
    "installinstructions": Section.PROSE,
    "interfaces": Section.PROSE,
    "troubleshooting": Section.PROSE,
    "additionalresources": Section.PROSE,
}

PAPER_HEADINGS = ("papertrad", "testnet")
HOW_TO_WORDS = frozenset(
    ("how", "generate", "create", "creating", "connect", "connecting", "add", "adding", "get", "getting", "set")
)
"""How headings begin whose sections tell a user what to do."""
KEY_WORDS = ("key", "connect", "wallet", "credential", "account")
"""What such a section is about where the prompts of a connector may stand in it."""

CONNECTOR_HEADINGS = {
    "spotconnector": ComponentKind.SPOT_CONNECTOR,
    "clobspotconnector": ComponentKind.SPOT_CONNECTOR,
    "perpconnector": ComponentKind.PERP_CONNECTOR,
    "perpetualconnector": ComponentKind.PERP_CONNECTOR,
    "perpsconnector": ComponentKind.PERP_CONNECTOR,
    "clobperpconnector": ComponentKind.PERP_CONNECTOR,
    "spotcandlesfeed": ComponentKind.SPOT_CANDLES,
    "spotcandlefeed": ComponentKind.SPOT_CANDLES,
    "spotcandles": ComponentKind.SPOT_CANDLES,
    "perpcandlesfeed": ComponentKind.PERP_CANDLES,
    "perpcandlefeed": ComponentKind.PERP_CANDLES,
    "perpcandles": ComponentKind.PERP_CANDLES,
    "perpetualcandlesfeed": ComponentKind.PERP_CANDLES,
    "rangeammconnector": ComponentKind.RANGE_AMM_CONNECTOR,
    "ammrangeconnector": ComponentKind.RANGE_AMM_CONNECTOR,
    "clmmconnector": ComponentKind.CLMM_CONNECTOR,
    "clmmendpoints": ComponentKind.CLMM_CONNECTOR,
    "ammconnector": ComponentKind.AMM_CONNECTOR,
    "ammendpoints": ComponentKind.AMM_CONNECTOR,
    "routerconnector": ComponentKind.ROUTER_CONNECTOR,
    "routerendpoints": ComponentKind.ROUTER_CONNECTOR,
    "ammdatafeed": ComponentKind.AMM_DATA_FEED,
}
"""A heading counts with anything behind these words; a component's cell is these words and no more."""

GATEWAY_ID_KINDS = {
    "router": ComponentKind.ROUTER_CONNECTOR,
    "swap": ComponentKind.ROUTER_CONNECTOR,
    "amm": ComponentKind.AMM_CONNECTOR,
    "clmm": ComponentKind.CLMM_CONNECTOR,
}
"""What stands behind the slash of a Gateway id, as in `raydium/clmm`."""

NESTED_FEED = frozenset(("candlesfeed", "candlefeed"))
"""A feed's heading beneath that of the connector whose markets it is of."""
FEED_OF = {
    ComponentKind.SPOT_CONNECTOR: ComponentKind.SPOT_CANDLES,
    ComponentKind.PERP_CONNECTOR: ComponentKind.PERP_CANDLES,
}

GUIDE = "connectorguide"


def section_of(heading: str) -> tuple[Section, ComponentKind | None]:
    """What a heading opens, and of which component."""
    name = key(heading)
    for opening, kind in CONNECTOR_HEADINGS.items():
        if name.startswith(opening):
            return Section.CONNECTOR, kind
    if name in SECTIONS:
        return SECTIONS[name], None
    if name.startswith(PAPER_HEADINGS):
        return Section.PAPER_TRADING, None
    if "apikey" in name or (words(heading)[:1] and words(heading)[0] in HOW_TO_WORDS):
        return Section.USAGE if any(word in name for word in KEY_WORDS) else Section.PROSE, None
    return Section.UNKNOWN, None


class Label(StrEnum):
    """What a line `- **Label**: value` states, links of the exchange aside."""

    EXCHANGE_TYPE = auto()
    MARKET_TYPE = auto()
    TYPE = auto()  # both in one: SPOT CLOB CEX
    TIER = auto()
    MAINTAINER = auto()
    PARTNERSHIP = auto()  # this one and the next stand on pages that were exported from a registry
    FEE_SHARE = auto()
    COUNTRIES = auto()
    CHAIN = auto()
    NETWORKS = auto()
    ID = auto()
    CONNECTION_TYPE = auto()
    FOLDER = auto()
    CONFIGS = auto()
    INTERVALS = auto()


LABELS = {
    "exchangetype": Label.EXCHANGE_TYPE,
    "markettype": Label.MARKET_TYPE,
    "type": Label.TYPE,
    "maintenancetier": Label.TIER,
    "exchangetier": Label.TIER,
    "tier": Label.TIER,
    "maintainer": Label.MAINTAINER,
    "partnership": Label.PARTNERSHIP,
    "feeshare": Label.FEE_SHARE,
    "supportedcountries": Label.COUNTRIES,
    "chain": Label.CHAIN,
    "availablenetworks": Label.NETWORKS,
    "networks": Label.NETWORKS,
    "id": Label.ID,
    "connectiontype": Label.CONNECTION_TYPE,
    "folder": Label.FOLDER,
    "githubfolder": Label.FOLDER,
    "connectorfolder": Label.FOLDER,
    "configs": Label.CONFIGS,
    "configtemplate": Label.CONFIGS,
    "defaultconfigs": Label.CONFIGS,
    "supportedintervals": Label.INTERVALS,
    "intervals": Label.INTERVALS,
}

LINKS = {
    "website": LinkKind.WEBSITE,
    "coinmarketcap": LinkKind.COINMARKETCAP,
    "coingecko": LinkKind.COINGECKO,
    "defillama": LinkKind.DEFILLAMA,
    "defilama": LinkKind.DEFILLAMA,
    "apidocs": LinkKind.API_DOCS,
    "apidocumentation": LinkKind.API_DOCS,
    "sdk": LinkKind.SDK,
    "sdkdocs": LinkKind.SDK,
    "fees": LinkKind.FEES,
    "transactionfees": LinkKind.FEES,
    "tradingfees": LinkKind.FEES,
    "explorer": LinkKind.EXPLORER,
    "referrallink": LinkKind.REFERRAL,
    "connectorguide": LinkKind.GUIDE,
}

REFERRAL = "referrallink"
"""What the label of such a link ends in: `OKX referral link`."""


def link_kind(label: str) -> LinkKind | None:
    name = key(label)
    return LINKS.get(name) or (LinkKind.REFERRAL if name.endswith(REFERRAL) else None)


NOTHING = frozenset(
    (
        "",
        "none",
        "na",
        "notavailable",
        "notapplicable",
        "informationnotavailable",
        "tba",
        "tbd",
        "tobedetermined",
        "notspecified",
        "notcurrentlysupported",
    )
)
"""Words for no value, as keys."""
