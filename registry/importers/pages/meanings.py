"""The values of the pages: what every spelling of a status, a type, an order type or an interval means.

Each table lists what has been seen on real pages.
"""

from __future__ import annotations

from typing import NamedTuple

from registry.choices import (
    ComponentKind,
    ConnectionType,
    DeclaredStatus,
    ExchangeType,
    Interval,
    MarketType,
    OrderType,
    PositionMode,
    Tier,
)
from registry.importers.pages.words import key, words

STATUSES = {
    "\N{WHITE HEAVY CHECK MARK}": DeclaredStatus.AVAILABLE,
    "\N{HEAVY CHECK MARK}": DeclaredStatus.AVAILABLE,
    "\N{CHECK MARK}": DeclaredStatus.AVAILABLE,
    "available": DeclaredStatus.AVAILABLE,
    "notbuilt": DeclaredStatus.NOT_BUILT,
    "notavailable": DeclaredStatus.NOT_AVAILABLE,
    "na": DeclaredStatus.NOT_APPLICABLE,
    "notapplicable": DeclaredStatus.NOT_APPLICABLE,
    "removed": DeclaredStatus.REMOVED,
}


def status_of(cell: str) -> DeclaredStatus | None:
    """Of a mark or words, and nothing else in the cell."""
    return STATUSES.get(cell.replace("\ufe0f", "").strip()) or STATUSES.get(key(cell) if cell.isascii() else "")


YES_NO = {"yes": True, "no": False, "\N{WHITE HEAVY CHECK MARK}": True}
VERSIONS = frozenset(("v1.0", "v2.0", "v2.1"))

TIERS = {tier.value: tier for tier in (Tier.GOLD, Tier.SILVER, Tier.BRONZE)}

_MARKETS = {
    frozenset({"clob"}): MarketType.CLOB,
    frozenset({"amm"}): MarketType.AMM,
    frozenset({"clmm"}): MarketType.CLMM,
    frozenset({"amm", "clmm"}): MarketType.AMM_CLMM,
    frozenset({"clob", "amm"}): MarketType.CLOB_AMM,
    frozenset({"aggregator"}): MarketType.AGGREGATOR,
}
_MARKET_NAMES = (
    (("central", "limit", "order", "book"), "clob"),
    (("concentrated", "liquidity", "market", "maker"), "clmm"),
    (("automatic", "market", "maker"), "amm"),
    (("automated", "market", "maker"), "amm"),
    (("dex", "aggregator"), "aggregator"),
)
_MARKET_WORDS = frozenset(("clob", "amm", "clmm", "aggregator"))
_AND = frozenset(("and",))

_CUSTODY = {
    "cex": ExchangeType.CEX,
    "centralized": ExchangeType.CEX,
    "centralised": ExchangeType.CEX,
    "dex": ExchangeType.DEX,
    "decentralized": ExchangeType.DEX,
    "decentralised": ExchangeType.DEX,
}


def exchange_type_of(value: str) -> ExchangeType | None:
    """None unless the words name just one of the two."""
    said = words(value)
    found = {_CUSTODY[word] for word in said if word in _CUSTODY}
    return found.pop() if len(found) == 1 and set(said) <= {*_CUSTODY, "exchange"} else None


def market_type_of(value: str) -> MarketType | None:
    """None unless every word belongs to the name of a kind of market."""
    rest = words(value)
    found = set()
    for name, market in _MARKET_NAMES:
        for at in range(len(rest) - len(name) + 1):
            if tuple(rest[at : at + len(name)]) == name:
                rest[at : at + len(name)] = [market]
    for word in rest:
        if word in _MARKET_WORDS:
            found.add(word)
        elif word not in _AND:
            return None
    return _MARKETS.get(frozenset(found))


_TRADED = {"spot": ComponentKind.SPOT_CONNECTOR, "perp": ComponentKind.PERP_CONNECTOR}
_TRADED["perpetual"] = ComponentKind.PERP_CONNECTOR
_RANGE = "ammrange"


class TypeParts(NamedTuple):
    """What `SPOT CLOB CEX` says in one; "" and None for what it does not say."""

    exchange_type: str
    market_type: str
    kind: ComponentKind | None
    unknown: tuple[str, ...]  # words of no list, and those that contradict each other


def parts_of_type(value: str) -> TypeParts:
    said = words(value.casefold().replace("amm-range", _RANGE))
    custody = {_CUSTODY[word] for word in said if word in _CUSTODY}
    traded = {_TRADED[word] for word in said if word in _TRADED}
    markets = frozenset("amm" if word == _RANGE else word for word in said if word in {*_MARKET_WORDS, _RANGE})
    odd = {word for word in said if word not in {*_CUSTODY, *_TRADED, *_MARKET_WORDS, _RANGE, "exchange", "connector"}}
    for known, found in ((_CUSTODY, custody), (_TRADED, traded)):
        if len(found) > 1:
            odd |= {word for word in said if word in known}
            found.clear()
    if markets and markets not in _MARKETS:
        odd |= markets
        markets = frozenset()
    kind = next(iter(traded), None)
    if "amm" in markets and "clob" not in markets and kind is not ComponentKind.PERP_CONNECTOR:
        kind = ComponentKind.RANGE_AMM_CONNECTOR if _RANGE in said else ComponentKind.AMM_CONNECTOR
    market = _MARKETS[markets] if markets else ""
    return TypeParts(next(iter(custody), ""), market, kind, tuple(word for word in said if word in odd))


_WIRES = {
    frozenset({"websocket"}): ConnectionType.WEBSOCKET,
    frozenset({"rest"}): ConnectionType.REST,
    frozenset({"rest", "websocket"}): ConnectionType.REST_WEBSOCKET,
    frozenset({"grpc"}): ConnectionType.GRPC,
    frozenset({"websocket", "grpc"}): ConnectionType.WEBSOCKET_GRPC,
    frozenset({"rest", "websocket", "grpc"}): ConnectionType.REST_WEBSOCKET_GRPC,
    frozenset({"gateway"}): ConnectionType.GATEWAY,
    frozenset({"rest", "gateway"}): ConnectionType.GATEWAY,
    frozenset({"websocket", "gateway"}): ConnectionType.WEBSOCKET_GATEWAY,
}
_WIRE_WORDS = {"websocket": "websocket", "websockets": "websocket", "ws": "websocket", "rest": "rest", "grpc": "grpc"}
_WIRE_WORDS["gateway"] = "gateway"
_BETWEEN = frozenset(("api", "via", "and", "over", "or"))


def connection_type_of(value: str) -> ConnectionType | None:
    said = [word for word in words(value) if not (word[0] == "v" and word[1:].isdecimal())]  # REST v1
    wires = frozenset(_WIRE_WORDS[word] for word in said if word in _WIRE_WORDS)
    return _WIRES.get(wires) if set(said) <= {*_WIRE_WORDS, *_BETWEEN} else None


ORDER_TYPES = {**{key(name): name for name in OrderType.values}, "limitorder": OrderType.LIMIT.value}
POSITION_MODES = {"oneway": PositionMode.ONE_WAY, "onewaymode": PositionMode.ONE_WAY}
POSITION_MODES |= {"hedge": PositionMode.HEDGE, "hedgemode": PositionMode.HEDGE}

_UNITS = {
    **dict.fromkeys(("s", "sec", "second"), "s"),
    **dict.fromkeys(("m", "min", "minute"), "m"),
    **dict.fromkeys(("h", "hr", "hour"), "h"),
    **dict.fromkeys(("d", "day"), "d"),
    **dict.fromkeys(("w", "week"), "w"),
    **dict.fromkeys(("M", "mo", "mon", "month"), "M"),
}
_INTERVALS = frozenset(Interval.values)
_SAME_LENGTH = {"7d": "1w", "30d": "1M", "60m": "1h", "24h": "1d"}


def interval_of(word: str) -> Interval | None:
    """Of `1m`, `1min`, `1hour`, `7d`. `1m` is a minute and `1M` a month."""
    digits = word[: len(word) - len(word.lstrip("0123456789"))]
    unit = word[len(digits) :]
    short = _UNITS.get(unit) or _UNITS.get(unit.casefold().removesuffix("s") if len(unit) > 1 else unit.casefold())
    name = f"{digits}{short}"
    name = _SAME_LENGTH.get(name, name)
    return Interval(name) if short and name in _INTERVALS else None
