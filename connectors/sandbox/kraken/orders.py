"""Orders in Kraken's words: checking what AddOrder was given, and printing what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox.accounts import Event, OrderDraft
from connectors.sandbox.decimals import fixed, scaled
from connectors.sandbox.kraken.keys import KrakenError
from connectors.sandbox.kraken.names import PAIRS
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.accounts import AccountOrder
    from connectors.sandbox.kraken.names import KrakenPair

ORDER_TYPES = (
    "limit", "market", "iceberg", "stop-loss", "take-profit", "stop-loss-limit", "take-profit-limit",
    "trailing-stop", "trailing-stop-limit", "settle-position",
)  # fmt: skip
MATCHED_TYPES = ("limit", "market")  # the others can be validated, but are not simulated
TIMES_IN_FORCE = {"gtc": "GTC", "ioc": "IOC", "gtd": "GTD"}
STATUS = {Event.FILLED: "closed", Event.CANCELLED: "canceled", Event.EXPIRED: "expired"}


@dataclass(frozen=True, slots=True)
class CheckedOrder:
    """An AddOrder that passed the argument check."""

    entry: KrakenPair
    order_type: str
    draft: OrderDraft
    validate_only: bool

    @property
    def description(self) -> str:
        """`buy 2.12340000 XBTUSD @ limit 25000.1`."""
        return describe(self.entry, self.draft, self.order_type)


def check_order(
    given: Mapping[str, Any], find: Callable[[str], KrakenPair | None], mode: str, now_ns: int
) -> CheckedOrder:
    """The order that REST's AddOrder parameters ask for. Raises KrakenError, the first objection first."""
    side, order_type = str(given.get("type", "")), str(given.get("ordertype", ""))
    if side not in ("buy", "sell"):
        raise KrakenError("EGeneral:Invalid arguments:type")
    if order_type not in ORDER_TYPES:
        raise KrakenError("EGeneral:Invalid arguments:ordertype")
    entry = find(str(given.get("pair", "")))
    if entry is None:
        raise KrakenError("EQuery:Unknown asset pair")
    flags = [flag for flag in str(given.get("oflags", "")).split(",") if flag]
    post_only = "post" in flags
    _check_mode(mode if mode != "online" else entry.status, post_only=post_only, order_type=order_type)
    _check_deadline(given, now_ns)
    price = _price(given, entry) if order_type != "market" else None
    size = _size(given, entry, price)
    if given.get("userref") and given.get("cl_ord_id"):
        raise KrakenError("EGeneral:Invalid arguments:userref and cl_ord_id are exclusive")
    force = str(given.get("timeinforce", "GTC")).upper()
    if force not in TIMES_IN_FORCE.values():
        raise KrakenError("EGeneral:Invalid arguments:timeinforce")
    draft = OrderDraft(
        side,
        size,
        price,
        post_only=post_only,
        immediate=force == "IOC",
        expires_ns=_expiry(given, now_ns) if force == "GTD" else None,
        userref=_userref(given),
        client_id=str(given["cl_ord_id"]) if given.get("cl_ord_id") else None,
        flags=",".join(flags) or "fciq",
    )
    validate_only = str(given.get("validate", "false")).lower() in ("true", "1")
    if order_type not in MATCHED_TYPES and not validate_only:
        raise KrakenError("EGeneral:Invalid arguments:ordertype")
    return CheckedOrder(entry, order_type, draft, validate_only)


def describe(entry: KrakenPair, draft: OrderDraft, order_type: str) -> str:
    text = f"{draft.side} {fixed(draft.size, entry.spec.size_decimals)} {entry.altname} @ {order_type}"
    return text if draft.price is None else f"{text} {fixed(draft.price, entry.spec.price_decimals)}"


def rest_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """WebSocket add_order parameters under the names that REST gives them."""
    names = {
        "symbol": "pair",
        "side": "type",
        "order_type": "ordertype",
        "order_qty": "volume",
        "limit_price": "price",
        "order_userref": "userref",
        "cl_ord_id": "cl_ord_id",
        "validate": "validate",
        "deadline": "deadline",
    }
    renamed = {rest: given[ws] for ws, rest in names.items() if ws in given}
    renamed["timeinforce"] = TIMES_IN_FORCE.get(str(given.get("time_in_force", "gtc")).lower(), "")
    if given.get("post_only") is True:
        renamed["oflags"] = "post"
    return renamed


def rest_entry(order: AccountOrder) -> dict[str, Any]:
    """An order as OpenOrders, ClosedOrders and QueryOrders print it."""
    entry = PAIRS[order.market.spec.pair]
    draft = order.draft
    price = fixed(draft.price, entry.spec.price_decimals) if draft.price is not None else "0"
    printed: dict[str, Any] = {
        "refid": None,
        "userref": draft.userref or 0,
        "status": "open" if order.ended_by is None else STATUS[order.ended_by],
        "opentm": _seconds(order.opened_ns),
        "starttm": 0,
        "expiretm": (draft.expires_ns or 0) // SECOND_NS,
        "descr": {
            "pair": entry.altname,
            "type": draft.side,
            "ordertype": order_type_of(order),
            "price": price,
            "price2": "0",
            "leverage": "none",
            "order": describe(entry, draft, order_type_of(order)),
            "close": "",
        },
        "vol": fixed(draft.size, entry.spec.size_decimals),
        "vol_exec": fixed(order.filled, entry.spec.size_decimals),
        "cost": money(order.cost, entry),
        "fee": money(order.fee, entry),
        "price": money(average_price(order), entry),
        "stopprice": "0.00000",
        "limitprice": "0.00000",
        "misc": "",
        "oflags": draft.flags,
    }
    if draft.client_id is not None:
        printed["cl_ord_id"] = draft.client_id
    if order.fills:
        printed["trades"] = [fill.id for fill in order.fills]
    if order.ended_ns is not None:
        printed["closetm"] = _seconds(order.ended_ns)
        printed["reason"] = order.reason
    return printed


def order_type_of(order: AccountOrder) -> str:
    return "market" if order.draft.price is None else "limit"


def average_price(order: AccountOrder) -> Decimal:
    """Quote per base over all fills, 0 without one."""
    filled = Decimal(order.filled).scaleb(-order.market.spec.size_decimals)
    return order.cost / filled if filled else Decimal(0)


def money(amount: Decimal, entry: KrakenPair) -> str:
    """An amount of quote with the pair's cost decimals."""
    return f"{amount:.{entry.cost_decimals}f}"


def _check_mode(mode: str, *, post_only: bool, order_type: str) -> None:
    if mode == "maintenance":
        raise KrakenError("EService:Unavailable")
    refused = {
        "cancel_only": True,
        "post_only": not post_only,
        "limit_only": order_type != "limit",
    }.get(mode, False)
    if refused:
        raise KrakenError(f"EService:Market in {mode} mode")


def _check_deadline(given: Mapping[str, Any], now_ns: int) -> None:
    if not given.get("deadline"):
        return
    try:
        ahead_s = datetime.fromisoformat(str(given["deadline"])).timestamp() - now_ns / SECOND_NS
    except ValueError as error:
        raise KrakenError("EGeneral:Invalid arguments:deadline") from error
    if ahead_s <= 0:
        raise KrakenError("EService:Deadline elapsed")
    if ahead_s > timedelta(seconds=61).total_seconds():
        raise KrakenError("EGeneral:Invalid arguments:deadline")


def _price(given: Mapping[str, Any], entry: KrakenPair) -> int:
    decimals = entry.spec.price_decimals
    text = str(given.get("price", ""))
    finest = scaled(text, 18)
    if finest is None or finest <= 0:
        raise KrakenError("EGeneral:Invalid arguments:price")
    price = scaled(text, decimals)
    if price is None:
        raise KrakenError(f"EOrder:Invalid price:{entry.id} price can only be specified up to {decimals} decimals.")
    if price % (scaled(entry.tick_size, decimals) or 1):
        raise KrakenError("EOrder:Tick size check failed")
    return price


def _size(given: Mapping[str, Any], entry: KrakenPair, price: int | None) -> int:
    size = scaled(str(given.get("volume", "")), entry.spec.size_decimals)
    if size is None or size <= 0:
        raise KrakenError("EGeneral:Invalid arguments:volume")
    if size < (scaled(entry.ordermin, entry.spec.size_decimals) or 0):
        raise KrakenError("EGeneral:Invalid arguments:volume minimum not met")
    if price is not None:
        cost = Decimal(price * size).scaleb(-entry.spec.price_decimals - entry.spec.size_decimals)
        if cost < Decimal(entry.costmin):
            raise KrakenError("EOrder:Cost minimum not met")
    return size


def _expiry(given: Mapping[str, Any], now_ns: int) -> int:
    text = str(given.get("expiretm", ""))
    seconds = scaled(text.removeprefix("+"), 0)
    if seconds is None:
        raise KrakenError("EGeneral:Invalid arguments:expiretm")
    return seconds * SECOND_NS + (now_ns if text.startswith("+") else 0)


def _userref(given: Mapping[str, Any]) -> int | None:
    if given.get("userref") in (None, ""):
        return None
    value = scaled(str(given["userref"]), 0)
    if value is None or not -(2**31) <= value < 2**31:
        raise KrakenError("EGeneral:Invalid arguments:userref")
    return value


def _seconds(time_ns: int) -> float:
    return time_ns // 100_000 / 10_000
