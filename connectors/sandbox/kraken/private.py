"""Kraken's private REST endpoints over the sandbox's accounts."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox.accounts import Refused
from connectors.sandbox.kraken.keys import KrakenError, Permission
from connectors.sandbox.kraken.names import ASSETS, PAIRS
from connectors.sandbox.kraken.orders import check_order, rest_entry
from connectors.sandbox.kraken.public import mode_of
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.accounts import Account, AccountOrder, OrderDesk
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kraken.keys import ApiKey, Keyring
    from connectors.sandbox.kraken.orders import CheckedOrder
    from connectors.sandbox.kraken.public import PublicApi
    from connectors.sandbox.market import Market
    from connectors.sandbox.server import Clock

FOR_ANY_KEY = ("GetApiKeyInfo",)
PAGE = 50  # closed orders given at a time
REFUSALS = {
    Refused.NO_FUNDS: "EOrder:Insufficient funds",
    Refused.WOULD_TAKE: "EOrder:Post only order",
    Refused.UNKNOWN_ORDER: "EOrder:Unknown order",
}


class Trading:
    """Placing and cancelling, the same over REST and WebSocket."""

    def __init__(self, market: Market, desk: OrderDesk, public: PublicApi, faults: Faults, clock: Clock) -> None:
        self._market = market
        self._desk = desk
        self._public = public
        self._faults = faults
        self._clock = clock

    def add_order(self, key: ApiKey, given: Mapping[str, Any]) -> tuple[CheckedOrder, AccountOrder | None]:
        """Check and place an order given in REST's names; no AccountOrder where only validation was asked for."""
        key.require(Permission.CREATE_ORDERS)
        checked = check_order(given, self._public.listed, mode_of(self._faults), self._clock.now_ns())
        if self._faults.is_on("order_refused"):
            raise KrakenError("EOrder:Invalid order")
        if checked.validate_only:
            return checked, None
        try:
            order = self._desk.place(key.account, self._market.pairs[checked.entry.pair], checked.draft)
        except Refused as refusal:
            raise KrakenError(REFUSALS[str(refusal)]) from refusal
        return checked, order

    def cancel(self, key: ApiKey, order_ids: list[str]) -> int:
        """Cancel each order, found by its id, userref or client id; how many there were."""
        key.require(Permission.CANCEL_ORDERS)
        wanted = [
            order
            for order in key.account.open_orders
            if {order.id, str(order.draft.userref), order.draft.client_id} & set(order_ids)
        ]
        if not wanted:
            raise KrakenError("EOrder:Unknown order")
        for order in wanted:
            self._desk.cancel(key.account, order.id)
        return len(wanted)

    def cancel_all(self, key: ApiKey) -> int:
        key.require(Permission.CANCEL_ORDERS)
        open_orders = key.account.open_orders
        for order in open_orders:
            self._desk.cancel(key.account, order.id)
        return len(open_orders)


class PrivateApi:
    """One method per endpoint; each takes the key and the parameters and gives the `result`, or raises KrakenError."""

    def __init__(self, trading: Trading, keyring: Keyring, clock: Clock, market: Market) -> None:
        self._trading = trading
        self._keyring = keyring
        self._clock = clock
        self._market = market
        self.endpoints: Mapping[str, Callable[[ApiKey, Mapping[str, Any]], Any]] = {
            "Balance": self.balance,
            "BalanceEx": self.balance_ex,
            "TradeBalance": self.trade_balance,
            "OpenOrders": self.open_orders,
            "ClosedOrders": self.closed_orders,
            "QueryOrders": self.query_orders,
            "AddOrder": self.add_order,
            "CancelOrder": self.cancel_order,
            "CancelAll": self.cancel_all,
            "GetWebSocketsToken": self.websockets_token,
            "GetApiKeyInfo": self.key_info,
        }

    def balance(self, key: ApiKey, _given: Mapping[str, Any]) -> dict[str, str]:
        key.require(Permission.QUERY_FUNDS)
        return {ASSETS[code].id: _amount(code, total) for code, total in key.account.balances.items()}

    def balance_ex(self, key: ApiKey, _given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        key.require(Permission.QUERY_FUNDS)
        account = key.account
        return {
            ASSETS[code].id: {"balance": _amount(code, total), "hold_trade": _amount(code, account.held(code))}
            for code, total in account.balances.items()
        }

    def trade_balance(self, key: ApiKey, _given: Mapping[str, Any]) -> dict[str, str]:
        key.require(Permission.QUERY_FUNDS)
        worth = f"{self._worth_in_usd(key.account):.4f}"
        nothing = "0.0000"
        fields = dict.fromkeys(("m", "n", "c", "v"), nothing)
        return {"eb": worth, "tb": worth, **fields, "e": worth, "mf": worth}

    def open_orders(self, key: ApiKey, given: Mapping[str, Any]) -> dict[str, Any]:
        key.require(Permission.QUERY_OPEN_ORDERS)
        return {"open": {order.id: rest_entry(order) for order in _matching(key.account.open_orders, given)}}

    def closed_orders(self, key: ApiKey, given: Mapping[str, Any]) -> dict[str, Any]:
        key.require(Permission.QUERY_CLOSED_ORDERS)
        closed = [order for order in reversed(key.account.orders.values()) if not order.is_open]
        found = _matching(closed, given)
        offset = int(given.get("ofs") or 0)
        return {
            "closed": {order.id: rest_entry(order) for order in found[offset : offset + PAGE]},
            "count": len(found),
        }

    def query_orders(self, key: ApiKey, given: Mapping[str, Any]) -> dict[str, Any]:
        key.require(Permission.QUERY_OPEN_ORDERS)
        ids = str(given.get("txid", "")).split(",")
        if len(ids) > PAGE or not all(ids):
            raise KrakenError("EGeneral:Invalid arguments:txid")
        orders = key.account.orders
        if not all(order_id in orders for order_id in ids):
            raise KrakenError("EOrder:Unknown order")
        return {order_id: rest_entry(orders[order_id]) for order_id in ids}

    def add_order(self, key: ApiKey, given: Mapping[str, Any]) -> dict[str, Any]:
        checked, order = self._trading.add_order(key, given)
        result: dict[str, Any] = {"descr": {"order": checked.description}}
        return result if order is None else {**result, "txid": [order.id]}

    def cancel_order(self, key: ApiKey, given: Mapping[str, Any]) -> dict[str, int]:
        wanted = str(given.get("txid") or given.get("cl_ord_id") or "")
        return {"count": self._trading.cancel(key, [wanted])}

    def cancel_all(self, key: ApiKey, _given: Mapping[str, Any]) -> dict[str, int]:
        return {"count": self._trading.cancel_all(key)}

    def websockets_token(self, key: ApiKey, _given: Mapping[str, Any]) -> dict[str, Any]:
        key.require(Permission.WEBSOCKET)
        return {"token": self._keyring.new_token(key, self._clock.true_ns()), "expires": 900}

    def key_info(self, key: ApiKey, _given: Mapping[str, Any]) -> dict[str, Any]:
        """Needs no permission. Source: docs.kraken.com, Get API Key Info, read 2026-11."""
        return {
            "apiKeyName": "sandbox",
            "apiKey": key.credentials.api_key,
            "nonce": str(key.last_nonce),
            "nonceWindow": 0,
            "permissions": self._keyring.permissions_of(key),
            "iban": "AA00 SAND BOXX 0000",
            "validUntil": "0",
            "queryFrom": "0",
            "queryTo": "0",
            "createdTime": str(key.created_s),
            "modifiedTime": str(key.created_s),
            "ipAllowlist": [],
            "lastUsed": str(self._clock.now_ns() // SECOND_NS),
        }

    def _worth_in_usd(self, account: Account) -> Decimal:
        worth = account.balances.get("USD", Decimal(0))
        for entry in PAIRS.values():
            if entry.pair.quote == "USD":
                price = self._market.pairs[entry.pair].last_price
                held = account.balances.get(entry.pair.base, Decimal(0))
                worth += held * Decimal(price).scaleb(-entry.spec.price_decimals)
        return worth


def _amount(code: str, amount: Decimal) -> str:
    decimals = ASSETS[code].decimals
    return f"{amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN):f}"


def _matching(orders: list[AccountOrder], given: Mapping[str, Any]) -> list[AccountOrder]:
    userref, client_id = given.get("userref"), given.get("cl_ord_id")
    return [
        order
        for order in orders
        if (not userref or str(order.draft.userref) == str(userref))
        and (not client_id or order.draft.client_id == client_id)
    ]
