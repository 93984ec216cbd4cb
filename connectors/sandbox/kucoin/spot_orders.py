"""Spot orders in KuCoin's words: checking what a client asks for, and printing what became of it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox.accounts import Event
from connectors.sandbox.decimals import scaled
from connectors.sandbox.kucoin.desk import KucoinDraft, size_for_funds
from connectors.sandbox.kucoin.keys import MILLISECOND_NS, KucoinError
from connectors.sandbox.kucoin.numbers import amount, short
from connectors.sandbox.kucoin.symbols import BY_PAIR
from connectors.sandbox.kucoin.words import status_of
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.accounts import AccountOrder
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.symbols import SpotSymbol
    from connectors.sandbox.market import PairMarket

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
TIMES_IN_FORCE = ("GTC", "GTT", "IOC", "FOK")
REMARK_LENGTH = 100


def check_spot_order(
    given: Mapping[str, Any],
    listed: Callable[[str], SpotSymbol | None],
    market_of: Callable[[SpotSymbol], PairMarket],
    faults: Faults,
    now_ns: int,
) -> tuple[SpotSymbol, KucoinDraft]:
    """The order that the body asks for. Raises KucoinError, the first objection first."""
    client_id = client_id_of(given)
    entry = listed(str(given.get("symbol", "")))
    if entry is None:
        raise KucoinError("400100", "Unsupported trading pair.")
    side, order_type = str(given.get("side", "")), str(given.get("type") or "limit")
    if side not in ("buy", "sell"):
        raise KucoinError("400100", "side invalid")
    if order_type not in ("limit", "market"):
        raise KucoinError("400100", "type invalid")
    refuse_by_mode(faults)
    if not entry.enable_trading:
        raise KucoinError("600203", f"Symbol {entry.symbol} is not trading")
    force, post_only = terms_of(given)
    cancel_after_s = scaled(str(given.get("cancelAfter") or 0), 0) or 0
    if force == "GTT" and cancel_after_s <= 0:
        raise KucoinError("400100", "cancelAfter invalid")
    price = _price(given, entry) if order_type == "limit" else None
    funds = Decimal(0)
    if order_type == "market" and not given.get("size"):
        funds = _positive(given, "funds")
        size = size_for_funds(market_of(entry), side, funds)
    else:
        size = _size(given, entry)
    _check_least(entry, size, price, funds)
    return entry, KucoinDraft(
        side,
        size,
        price,
        post_only=post_only,
        immediate=force in ("IOC", "FOK"),
        expires_ns=now_ns + cancel_after_s * SECOND_NS if force == "GTT" else None,
        client_id=client_id,
        time_in_force=force,
        funds=funds or None,
        cancel_after_s=cancel_after_s,
        remark=_remark(given),
    )


def refuse_by_mode(faults: Faults, *, suspended: str = "200001", refused: str = "400100") -> None:
    """Raises the KucoinError of a fault that takes no orders, if one is on."""
    if status_of(faults)["status"] != "open":
        raise KucoinError(suspended, "Order creation for this pair suspended")
    if faults.is_on("order_refused"):
        raise KucoinError(refused, "Order size below the minimum requirement.")


def client_id_of(given: Mapping[str, Any]) -> str | None:
    client_id = given.get("clientOid")
    if client_id is not None and not CLIENT_ID.fullmatch(str(client_id)):
        raise KucoinError("400100", "clientOid invalid")
    return None if client_id is None else str(client_id)


def terms_of(given: Mapping[str, Any]) -> tuple[str, bool]:
    """Time in force, and whether the order may only rest. Raises KucoinError."""
    force = str(given.get("timeInForce") or "GTC")
    post_only = given.get("postOnly") in (True, "true")
    if force not in TIMES_IN_FORCE:
        raise KucoinError("400100", "timeInForce invalid")
    if post_only and force in ("IOC", "FOK"):
        raise KucoinError("400100", "postOnly is invalid with IOC and FOK")
    return force, post_only


def hf_view(order: AccountOrder) -> dict[str, Any]:
    """An order as the current endpoints print it."""
    return {
        **_common_view(order),
        "opType": "DEAL",
        "remainSize": _size_text(order, order.remaining if order.is_open else 0),
        "remainFunds": amount(_money(order, order.remaining) if order.is_open else Decimal(0)),
        "cancelledSize": _size_text(order, _cancelled(order)),
        "cancelledFunds": amount(_money(order, _cancelled(order))),
        "active": order.is_open,
        "inOrderBook": order.is_open and order.draft.price is not None,
        "tax": "0",
        "lastUpdatedAt": _last_ns(order) // MILLISECOND_NS,
    }


def old_view(order: AccountOrder) -> dict[str, Any]:
    """An order as the older endpoints print it."""
    return {
        **_common_view(order),
        "opType": "DEAL",
        "stop": "",
        "stopTriggered": False,
        "stopPrice": "0",
        "isActive": order.is_open,
    }


def fill_view(order: AccountOrder, index: int) -> dict[str, Any]:
    fill, entry = order.fills[index], _entry(order)
    return {
        "id": fill.number,
        "symbol": entry.symbol,
        "tradeId": fill.number,
        "orderId": order.id,
        "counterOrderId": fill.id,
        "side": order.draft.side,
        "liquidity": "maker" if fill.is_maker else "taker",
        "forceTaker": False,
        "price": short(fill.price, entry.spec.price_decimals),
        "size": short(fill.size, entry.spec.size_decimals),
        "funds": amount(fill.cost),
        "fee": amount(fill.fee),
        "feeRate": "0.001",
        "feeCurrency": entry.pair.quote,
        "stop": "",
        "tradeType": "TRADE",
        "type": "market" if order.draft.price is None else "limit",
        "createdAt": fill.time_ns // MILLISECOND_NS,
    }


def _common_view(order: AccountOrder) -> dict[str, Any]:
    entry, draft = _entry(order), order.draft
    assert isinstance(draft, KucoinDraft)  # noqa: S101 - the only drafts of this sandbox
    return {
        "id": order.id,
        "clientOid": draft.client_id or "",
        "symbol": entry.symbol,
        "type": "market" if draft.price is None else "limit",
        "side": draft.side,
        "price": short(draft.price or 0, entry.spec.price_decimals),
        "size": _size_text(order, 0 if draft.funds else draft.size),
        "funds": amount(draft.funds if draft.funds else _money(order, draft.size)),
        "dealSize": _size_text(order, order.filled),
        "dealFunds": amount(order.cost),
        "fee": amount(order.fee),
        "feeCurrency": entry.pair.quote,
        "stp": None,
        "timeInForce": draft.time_in_force,
        "postOnly": draft.post_only,
        "hidden": False,
        "iceberg": False,
        "visibleSize": "0",
        "cancelAfter": draft.cancel_after_s,
        "channel": "API",
        "remark": draft.remark,
        "tags": None,
        "cancelExist": order.ended_by in (Event.CANCELLED, Event.EXPIRED),
        "tradeType": "TRADE",
        "createdAt": order.opened_ns // MILLISECOND_NS,
    }


def _entry(order: AccountOrder) -> SpotSymbol:
    return BY_PAIR[order.market.spec.pair]


def _cancelled(order: AccountOrder) -> int:
    return 0 if order.is_open else order.draft.size - order.filled


def _last_ns(order: AccountOrder) -> int:
    if order.ended_ns is not None:
        return order.ended_ns
    return order.fills[-1].time_ns if order.fills else order.opened_ns


def _size_text(order: AccountOrder, lots: int) -> str:
    return short(lots, order.market.spec.size_decimals)


def _money(order: AccountOrder, lots: int) -> Decimal:
    """What *lots* cost at the order's own price, 0 at the market's."""
    spec = order.market.spec
    return Decimal((order.draft.price or 0) * lots).scaleb(-spec.price_decimals - spec.size_decimals)


def _price(given: Mapping[str, Any], entry: SpotSymbol) -> int:
    _positive(given, "price")
    price = scaled(str(given["price"]), entry.spec.price_decimals)
    if price is None:
        raise KucoinError("400100", "Price increment invalid.")
    return price


def _size(given: Mapping[str, Any], entry: SpotSymbol) -> int:
    _positive(given, "size")
    size = scaled(str(given["size"]), entry.spec.size_decimals)
    if size is None:
        raise KucoinError("600100", "Order size increment invalid.")
    return size


def _check_least(entry: SpotSymbol, size: int, price: int | None, funds: Decimal) -> None:
    prices, sizes = entry.spec.price_decimals, entry.spec.size_decimals
    value = funds or (Decimal(price * size).scaleb(-prices - sizes) if price is not None else None)
    if value is not None and value < Decimal(entry.min_funds):
        raise KucoinError("600101", "Order funds below the minimum requirement.")
    if size < (scaled(entry.base_min, sizes) or 0):
        raise KucoinError("400100", "Order size below the minimum requirement.")


def _positive(given: Mapping[str, Any], name: str) -> Decimal:
    finest = scaled(str(given.get(name, "")), 18)
    if finest is None or finest <= 0:
        raise KucoinError("400100", f"{name} invalid")
    return Decimal(finest).scaleb(-18)


def _remark(given: Mapping[str, Any]) -> str | None:
    remark = given.get("remark")
    if remark is not None and len(str(remark)) > REMARK_LENGTH:
        raise KucoinError("400100", "remark invalid")
    return None if remark is None else str(remark)
