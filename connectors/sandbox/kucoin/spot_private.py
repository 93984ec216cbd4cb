"""KuCoin's signed spot endpoints over the sandbox's accounts."""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.sandbox.accounts import Refused
from connectors.sandbox.kucoin.keys import KucoinError, Permission
from connectors.sandbox.kucoin.numbers import amount
from connectors.sandbox.kucoin.routes import MANAGEMENT, SPOT, Route
from connectors.sandbox.kucoin.spot_orders import check_spot_order, fill_view, hf_view, old_view
from connectors.sandbox.kucoin.words import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.accounts import Account, AccountOrder
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.book import NumberedBook
    from connectors.sandbox.kucoin.desk import KucoinDesk
    from connectors.sandbox.kucoin.keys import ApiKey
    from connectors.sandbox.kucoin.routes import Request
    from connectors.sandbox.kucoin.spot_public import SpotPublicApi
    from connectors.sandbox.kucoin.symbols import SpotSymbol
    from connectors.sandbox.market import PairMarket
    from connectors.sandbox.server import Clock

T = TypeVar("T")

GENERAL = Permission.GENERAL
REFUSALS = {
    Refused.NO_FUNDS: ("200004", "Balance insufficient!"),
    Refused.WOULD_TAKE: ("400100", "Post only order would be filled immediately."),
    Refused.UNKNOWN_ORDER: ("400100", "order_not_exist_or_not_allow_to_cancel"),
}


class SpotPrivateApi:
    """One method per endpoint; each gives the `data`, or raises KucoinError."""

    def __init__(
        self,
        books: dict[str, NumberedBook],
        desk: KucoinDesk,
        public: SpotPublicApi,
        faults: Faults,
        clock: Clock,
    ) -> None:
        self._books = books
        self._desk = desk
        self._public = public
        self._faults = faults
        self._clock = clock

    def routes(self) -> list[Route]:
        def trading(method: str, path: str, handler: Callable[[Request], Any], weight: int = 2) -> Route:
            return Route(method, path, handler, weight, SPOT, Permission.SPOT)

        def reading(path: str, handler: Callable[[Request], Any], weight: int = 2, pool: str = SPOT) -> Route:
            return Route("GET", path, handler, weight, pool, GENERAL)

        return [
            reading("/api/v1/user/api-key", lambda request: key_info(request.key, self._faults), 20, MANAGEMENT),
            reading("/api/v1/accounts", self.accounts, 5, MANAGEMENT),
            reading("/api/v1/accounts/{id}", self.account, 5, MANAGEMENT),
            reading("/api/v1/hf/accounts/opened", lambda _request: True, 2),
            reading("/api/ua/v1/account/mode", lambda _request: {"selfAccountMode": "CLASSIC"}, 30, MANAGEMENT),
            reading("/api/v3/margin/symbols", lambda _request: {"timestamp": 0, "items": []}, 3),
            reading("/api/v1/isolated/symbols", lambda _request: [], 3),
            reading("/api/v1/trade-fees", self.trade_fees, 3),
            trading("POST", "/api/v1/hf/orders", self.place_hf, 1),
            trading("POST", "/api/v1/hf/orders/test", self.test, 1),
            trading("DELETE", "/api/v1/hf/orders/client-order/{oid}", self.cancel_hf_by_client_id, 1),
            trading("DELETE", "/api/v1/hf/orders/{id}", self.cancel_hf, 1),
            trading("DELETE", "/api/v1/hf/orders", self.cancel_all_hf),
            reading("/api/v1/hf/orders/active", self.active_hf),
            reading("/api/v1/hf/orders/done", self.done_hf),
            reading("/api/v1/hf/orders/client-order/{oid}", lambda request: hf_view(self._by_client_id(request))),
            reading("/api/v1/hf/orders/{id}", lambda request: hf_view(self._by_id(request))),
            reading("/api/v1/hf/fills", self.fills_hf),
            trading("POST", "/api/v1/orders", self.place_old),
            trading("POST", "/api/v1/orders/test", self.test),
            trading("DELETE", "/api/v1/order/client-order/{oid}", self.cancel_old_by_client_id),
            trading("DELETE", "/api/v1/orders/{id}", self.cancel_old),
            trading("DELETE", "/api/v1/orders", self.cancel_all_old, 20),
            reading("/api/v1/orders", self.orders),
            reading("/api/v1/order/client-order/{oid}", lambda request: old_view(self._by_client_id(request))),
            reading("/api/v1/orders/{id}", lambda request: old_view(self._by_id(request))),
            reading("/api/v1/fills", self.fills),
        ]

    # accounts

    def accounts(self, request: Request) -> list[dict[str, str]]:
        """Of one type and currency where asked for; `trade_hf` is the old name of `trade`."""
        wanted_type, wanted_currency = request.query.get("type"), request.query.get("currency")
        is_old_name = wanted_type == "trade_hf"
        return [
            {**entry, "type": "trade_hf"} if is_old_name else entry
            for entry in _accounts(request.key.account)
            if ((is_old_name and entry["type"] == "trade") or wanted_type in (None, entry["type"]))
            and wanted_currency in (None, entry["currency"])
        ]

    def account(self, request: Request) -> dict[str, str]:
        for entry in _accounts(request.key.account):
            if entry["id"] == request.names["id"]:
                return {name: entry[name] for name in ("currency", "balance", "available", "holds")}
        raise KucoinError("400100", "account not exist")

    def trade_fees(self, request: Request) -> list[dict[str, str]]:
        symbols = request.query.get("symbols", "").split(",")
        return [
            {"symbol": symbol, "takerFeeRate": "0.001", "makerFeeRate": "0.001"}
            for symbol in symbols
            if self._public.listed(symbol)
        ]

    # placing

    def place_hf(self, request: Request) -> dict[str, str]:
        order = self._place(request)
        return {"orderId": order.id, "clientOid": order.draft.client_id or ""}

    def place_old(self, request: Request) -> dict[str, str]:
        if not request.body.get("clientOid"):
            raise KucoinError("400100", "validation.createOrder.clientOidIsRequired")
        return {"orderId": self._place(request).id}

    def test(self, request: Request) -> dict[str, str]:
        """The same checks as a real order; the id it gives belongs to no order."""
        self._checked(request)
        return {"orderId": self._desk.new_id(), "clientOid": str(request.body.get("clientOid") or "")}

    def _checked(self, request: Request) -> tuple[SpotSymbol, Any]:
        return check_spot_order(request.body, self._public.listed, self._market_of, self._faults, self._clock.true_ns())

    def _place(self, request: Request) -> AccountOrder:
        entry, draft = self._checked(request)
        account = request.key.account
        if draft.client_id and any(order.draft.client_id == draft.client_id for order in account.orders.values()):
            raise KucoinError("102426", "Duplicate clientOid")
        return refusing(lambda: self._desk.place(account, self._market_of(entry), draft))

    def _market_of(self, entry: SpotSymbol) -> PairMarket:
        return self._books[entry.symbol].market

    # cancelling

    def cancel_hf(self, request: Request) -> dict[str, str]:
        return {"orderId": self._cancel(request.key.account, request.names["id"])}

    def cancel_hf_by_client_id(self, request: Request) -> dict[str, str]:
        order = _of_client(request)
        self._cancel(request.key.account, order.id if order else "")
        return {"clientOid": request.names["oid"]}

    def cancel_all_hf(self, request: Request) -> str:
        self._cancel_all(request)
        return "success"

    def cancel_old(self, request: Request) -> dict[str, list[str]]:
        return {"cancelledOrderIds": [self._cancel(request.key.account, request.names["id"])]}

    def cancel_old_by_client_id(self, request: Request) -> dict[str, str]:
        order = _of_client(request)
        order_id = self._cancel(request.key.account, order.id if order else "")
        return {"cancelledOrderId": order_id, "clientOid": request.names["oid"]}

    def cancel_all_old(self, request: Request) -> dict[str, list[str]]:
        return {"cancelledOrderIds": self._cancel_all(request)}

    def _cancel(self, account: Account, order_id: str) -> str:
        return refusing(lambda: self._desk.cancel(account, order_id)).id

    def _cancel_all(self, request: Request) -> list[str]:
        orders = [order for order in request.key.account.open_orders if _is_of_symbol(order, request.query)]
        return [self._cancel(request.key.account, order.id) for order in orders]

    # looking up

    def active_hf(self, request: Request) -> list[dict[str, Any]]:
        request.symbol()
        return [hf_view(order) for order in request.key.account.open_orders if _is_of_symbol(order, request.query)]

    def done_hf(self, request: Request) -> dict[str, Any]:
        orders = [order for order in reversed(request.key.account.orders.values()) if not order.is_open]
        items = [hf_view(order) for order in orders if _is_of_symbol(order, request.query)]
        return {"lastId": 0, "items": items[: whole(request.query, "limit", 20)]}

    def orders(self, request: Request) -> dict[str, Any]:
        wants_open = request.query.get("status", "done") == "active"
        orders = reversed(request.key.account.orders.values())
        found = [order for order in orders if order.is_open == wants_open and _is_of_symbol(order, request.query)]
        return page([old_view(order) for order in found], request.query, most=500)

    def fills_hf(self, request: Request) -> dict[str, Any]:
        return {"lastId": 0, "items": _fills(request)[: whole(request.query, "limit", 20)]}

    def fills(self, request: Request) -> dict[str, Any]:
        return page(_fills(request), request.query, most=500)

    @staticmethod
    def _by_id(request: Request) -> AccountOrder:
        order = request.key.account.orders.get(request.names["id"])
        if order is None:
            raise KucoinError("400100", "order not exist.")
        return order

    @staticmethod
    def _by_client_id(request: Request) -> AccountOrder:
        order = _of_client(request)
        if order is None:
            raise KucoinError("400100", "order not exist.")
        return order


def key_info(key: ApiKey, faults: Faults) -> dict[str, Any]:
    """What KuCoin tells of the key that asks."""
    permissions = [permission for permission in Permission if permission in key.permissions]
    if faults.is_on("withdraw_permission") and Permission.WITHDRAWAL not in permissions:
        permissions.append(Permission.WITHDRAWAL)
    return {
        "remark": "sandbox",
        "apiKey": key.credentials.api_key,
        "apiVersion": 3,
        "permission": ",".join(permissions),
        "ipWhitelist": "127.**.1",
        "createdAt": key.created_ms,
        "uid": 165_111_215,
        "isMaster": True,
    }


def page(items: list[Any], query: Mapping[str, str], *, most: int) -> dict[str, Any]:
    """One page of *items*, of 50 unless asked for otherwise."""
    size = min(max(whole(query, "pageSize", 50), 1), most)
    current = max(whole(query, "currentPage", 1), 1)
    return {
        "currentPage": current,
        "pageSize": size,
        "totalNum": len(items),
        "totalPage": -(-len(items) // size),
        "items": items[(current - 1) * size : current * size],
    }


def refusing(action: Callable[[], T]) -> T:
    """Raises KucoinError where the desk refuses."""
    try:
        return action()
    except Refused as refusal:
        raise KucoinError(*REFUSALS[str(refusal)]) from refusal


def _accounts(account: Account) -> list[dict[str, str]]:
    funding: Mapping[str, Decimal] = getattr(account, "funding", {})
    trade = [
        _account_entry("trade", currency, total, account.held(currency)) for currency, total in account.balances.items()
    ]
    return trade + [_account_entry("main", currency, total, Decimal(0)) for currency, total in funding.items()]


def _account_entry(kind: str, currency: str, total: Decimal, held: Decimal) -> dict[str, str]:
    return {
        "id": account_id(kind, currency),
        "currency": currency,
        "type": kind,
        "balance": amount(total),
        "available": amount(total - held),
        "holds": amount(held),
    }


def account_id(kind: str, currency: str) -> str:
    """The same account has the same id always."""
    return str(540_000_000_000 + zlib.crc32(f"{kind} {currency}".encode()))


def _of_client(request: Request) -> AccountOrder | None:
    orders = reversed(request.key.account.orders.values())
    return next((order for order in orders if order.draft.client_id == request.names["oid"]), None)


def _is_of_symbol(order: AccountOrder, query: Mapping[str, str]) -> bool:
    return query.get("symbol") in (None, "", str(order.market.spec.pair))


def _fills(request: Request) -> list[dict[str, Any]]:
    """Every fill, newest first."""
    order_id = request.query.get("orderId")
    orders = [order for order in request.key.account.orders.values() if order_id in (None, "", order.id)]
    fills = [
        fill_view(order, index)
        for order in orders
        if _is_of_symbol(order, request.query)
        for index in range(len(order.fills))
    ]
    return sorted(fills, key=lambda fill: -int(fill["tradeId"]))
