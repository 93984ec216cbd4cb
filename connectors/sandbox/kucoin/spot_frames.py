"""KuCoin's private spot frames: what becomes of an order, and of the balances that it moves."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox.accounts import Event
from connectors.sandbox.kucoin.keys import MILLISECOND_NS
from connectors.sandbox.kucoin.numbers import amount, short
from connectors.sandbox.kucoin.spot_private import account_id
from connectors.sandbox.kucoin.symbols import BY_PAIR

if TYPE_CHECKING:
    from connectors.sandbox.accounts import Account, AccountOrder, Fill

# The venue's type and status of each event.
ORDER_EVENTS = {
    Event.ACCEPTED: ("received", "new"),
    Event.OPENED: ("open", "open"),
    Event.TRADED: ("match", "match"),
    Event.FILLED: ("filled", "done"),
    Event.CANCELLED: ("canceled", "done"),
    Event.EXPIRED: ("canceled", "done"),
}
ZERO = Decimal(0)
BALANCE_EVENTS = {Event.ACCEPTED: "trade.hold"}  # all others settle


def order_change(order: AccountOrder, event: Event, fill: Fill | None, now_ns: int) -> dict[str, Any]:
    entry = BY_PAIR[order.market.spec.pair]
    prices, sizes = entry.spec.price_decimals, entry.spec.size_decimals
    kind, status = ORDER_EVENTS[event]
    left = order.remaining if order.is_open else 0
    data: dict[str, Any] = {
        "canceledSize": short(0 if order.is_open else order.draft.size - order.filled, sizes),
        "clientOid": order.draft.client_id or "",
        "filledSize": short(order.filled, sizes),
        "orderId": order.id,
        "orderTime": order.opened_ns // MILLISECOND_NS,
        "orderType": "market" if order.draft.price is None else "limit",
        "originSize": short(order.draft.size, sizes),
        "price": short(order.draft.price or 0, prices),
        "remainSize": short(left, sizes),
        "side": order.draft.side,
        "size": short(order.draft.size, sizes),
        "status": status,
        "symbol": entry.symbol,
        "ts": now_ns,
        "type": kind,
    }
    if fill is not None:
        data |= {
            "feeType": "makerFee" if fill.is_maker else "takerFee",
            "liquidity": "maker" if fill.is_maker else "taker",
            "matchPrice": short(fill.price, prices),
            "matchSize": short(fill.size, sizes),
            "tradeId": str(fill.number),
        }
    return data


class BalanceNews:
    """What an account's balances were when they were last told."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._told = {code: self._now(code) for code in account.balances}

    def _now(self, code: str) -> tuple[Decimal, Decimal]:
        return self._account.balances.get(code, ZERO), self._account.held(code)

    def after(self, order: AccountOrder, event: Event, now_ns: int) -> list[dict[str, Any]]:
        """The data of one frame for each of the order's two currencies that changed."""
        pair = order.market.spec.pair
        return [data for code in (pair.base, pair.quote) if (data := self._change(code, order, event, now_ns))]

    def _change(self, code: str, order: AccountOrder, event: Event, now_ns: int) -> dict[str, Any] | None:
        total, held = self._now(code)
        old_total, old_held = self._told.get(code, (ZERO, ZERO))
        if (total, held) == (old_total, old_held):
            return None
        self._told[code] = total, held
        return {
            "accountId": account_id("trade", code),
            "currency": code,
            "total": amount(total),
            "available": amount(total - held),
            "hold": amount(held),
            "availableChange": amount(total - held - old_total + old_held),
            "holdChange": amount(held - old_held),
            "relationContext": {"symbol": str(order.market.spec.pair), "orderId": order.id},
            "relationEvent": BALANCE_EVENTS.get(event, "trade.setted"),
            "relationEventId": str(now_ns // 1000),
            "time": str(now_ns // MILLISECOND_NS),
        }
