"""KuCoin's signed futures endpoints over the sandbox's accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox.accounts import Refused
from connectors.sandbox.decimals import scaled
from connectors.sandbox.kucoin.contracts import BY_PAIR, FEE_MAKER, FEE_TAKER, mark_price
from connectors.sandbox.kucoin.futures_orders import check_futures_order, fill_view, view
from connectors.sandbox.kucoin.keys import MILLISECOND_NS, KucoinError, Permission
from connectors.sandbox.kucoin.numbers import number
from connectors.sandbox.kucoin.positions import HEDGE, ONE_WAY, ZERO, FuturesAccount, position_view
from connectors.sandbox.kucoin.routes import FUTURES, MANAGEMENT, Route
from connectors.sandbox.kucoin.spot_private import key_info, page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.accounts import AccountOrder
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.book import NumberedBook
    from connectors.sandbox.kucoin.contracts import KucoinContract
    from connectors.sandbox.kucoin.futures_public import FuturesPublicApi
    from connectors.sandbox.kucoin.positions import FuturesDesk, FuturesPosition
    from connectors.sandbox.kucoin.routes import Request
    from connectors.sandbox.market import PairMarket
    from connectors.sandbox.server import Clock

RECENT = 1_000
REFUSALS = {
    Refused.NO_FUNDS: ("300003", "Balance insufficient. Please deposit or lower the order size."),
    Refused.WOULD_TAKE: ("300000", "Post only order would be filled immediately."),
    Refused.UNKNOWN_ORDER: ("100004", "The order cannot be canceled."),
}
NOT_THERE = ("100001", "error.getOrder.orderNotExist")


class FuturesPrivateApi:
    """One method per endpoint; each gives the `data`, or raises KucoinError."""

    def __init__(
        self,
        books: dict[str, NumberedBook],
        desk: FuturesDesk,
        public: FuturesPublicApi,
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
            return Route(method, path, handler, weight, FUTURES, Permission.FUTURES)

        def reading(path: str, handler: Callable[[Request], Any], weight: int = 2) -> Route:
            return Route("GET", path, handler, weight, FUTURES, Permission.GENERAL)

        return [
            Route(
                "GET",
                "/api/v1/user/api-key",
                lambda request: key_info(request.key, self._faults),
                20,
                MANAGEMENT,
                Permission.GENERAL,
            ),
            reading("/api/v1/account-overview", self.account_overview, 5),
            reading("/api/v1/positions", self.positions),
            reading("/api/v1/position", self.position),
            reading("/api/v2/position", self.positions_of_symbol),
            reading("/api/v2/position/getPositionMode", self.position_mode),
            trading("POST", "/api/v2/position/switchPositionMode", self.switch_position_mode),
            reading("/api/v2/position/getMarginMode", self.margin_mode),
            trading("POST", "/api/v2/position/changeMarginMode", self.change_margin_mode),
            reading("/api/v2/getCrossUserLeverage", self.cross_leverage),
            trading("POST", "/api/v2/changeCrossUserLeverage", self.change_cross_leverage),
            reading("/api/v1/contracts/risk-limit/{symbol}", self.risk_limit, 5),
            reading("/api/v1/trade-fees", self.trade_fees, 3),
            reading("/api/v1/funding-history", lambda _request: {"dataList": [], "hasMore": False}, 5),
            trading("POST", "/api/v1/orders", self.place),
            trading("POST", "/api/v1/orders/test", self.test),
            trading("DELETE", "/api/v1/orders/client-order/{oid}", self.cancel_by_client_id, 1),
            trading("DELETE", "/api/v1/orders/{id}", self.cancel, 1),
            trading("DELETE", "/api/v1/orders", self.cancel_all, 10),
            trading("DELETE", "/api/v3/orders", self.cancel_all, 10),
            reading("/api/v1/orders", self.orders),
            reading("/api/v1/orders/byClientOid", self.order_by_client_id, 5),
            reading("/api/v1/orders/{id}", self.order, 5),
            reading("/api/v1/recentDoneOrders", self.recent_orders, 5),
            reading("/api/v1/fills", lambda request: page(_fills(request), request.query, most=1_000), 5),
            reading("/api/v1/recentFills", lambda request: _fills(request)[:RECENT], 3),
        ]

    # account and positions

    def account_overview(self, request: Request) -> dict[str, Any]:
        """Of XBT, unless asked for another currency."""
        account, currency = _account(request), request.query.get("currency") or "XBT"
        unrealised = sum(
            (self._unrealised(position) for position in account.open_positions if position.contract.settle == currency),
            ZERO,
        )
        wallet = account.balances.get(currency, ZERO)
        margin, free = account.position_margin(currency), account.free(currency)
        return {
            "accountEquity": number(wallet + unrealised),
            "unrealisedPNL": number(unrealised),
            "marginBalance": number(wallet),
            "positionMargin": number(margin),
            "orderMargin": number(account.held(currency)),
            "frozenFunds": 0.0,
            "availableBalance": number(free),
            "currency": currency,
            "riskRatio": number(margin / wallet if wallet else ZERO),
            "maxWithdrawAmount": number(free),
        }

    def positions(self, request: Request) -> list[dict[str, Any]]:
        currency = request.query.get("currency")
        found = _account(request).open_positions
        return [self._view(position) for position in found if currency in (None, position.contract.settle)]

    def position(self, request: Request) -> dict[str, Any]:
        contract = self._contract(request.symbol())
        return self._view(_account(request).position(contract, "BOTH"))

    def positions_of_symbol(self, request: Request) -> list[dict[str, Any]]:
        symbol = self._contract(request.symbol()).symbol
        return [self._view(one) for one in _account(request).open_positions if one.contract.symbol == symbol]

    def position_mode(self, request: Request) -> dict[str, int]:
        return {"positionMode": _account(request).position_mode}

    def switch_position_mode(self, request: Request) -> dict[str, int]:
        account, wanted = _account(request), str(request.body.get("positionMode"))
        if wanted not in (str(ONE_WAY), str(HEDGE)):
            raise KucoinError("100001", "positionMode parameter invalid.")
        if account.open_orders or account.open_positions:
            raise KucoinError("300000", "Close every position and order before switching the position mode.")
        account.position_mode = int(wanted)
        return {"positionMode": account.position_mode}

    def margin_mode(self, request: Request) -> dict[str, str]:
        symbol = self._contract(request.symbol()).symbol
        return {"symbol": symbol, "marginMode": _account(request).margin_modes.get(symbol, "ISOLATED")}

    def change_margin_mode(self, request: Request) -> dict[str, str]:
        account = _account(request)
        symbol, wanted = self._contract(_text(request, "symbol")).symbol, _text(request, "marginMode")
        if wanted not in ("ISOLATED", "CROSS"):
            raise KucoinError("100001", "marginMode parameter invalid.")
        if any(position.contract.symbol == symbol for position in account.open_positions):
            raise KucoinError("300000", "Close the position before switching the margin mode.")
        account.margin_modes[symbol] = wanted
        return {"symbol": symbol, "marginMode": wanted}

    def cross_leverage(self, request: Request) -> dict[str, str]:
        symbol = self._contract(request.symbol()).symbol
        return {"symbol": symbol, "leverage": str(_account(request).cross_leverages.get(symbol, Decimal(1)))}

    def change_cross_leverage(self, request: Request) -> bool:
        contract = self._contract(_text(request, "symbol"))
        wanted = scaled(_text(request, "leverage"), 2)
        if wanted is None or not 0 < wanted <= contract.max_leverage * 100:
            raise KucoinError("100001", "leverage parameter invalid.")
        _account(request).cross_leverages[contract.symbol] = Decimal(wanted) / 100
        return True

    def risk_limit(self, request: Request) -> list[dict[str, Any]]:
        contract = self._contract(request.names["symbol"])
        return [
            {
                "symbol": contract.symbol,
                "level": 1,
                "maxRiskLimit": 100_000,
                "minRiskLimit": 0,
                "maxLeverage": contract.max_leverage,
                "initialMargin": float(contract.initial_margin),
                "maintainMargin": float(contract.maintain_margin),
            }
        ]

    def trade_fees(self, request: Request) -> dict[str, str]:
        symbol = self._contract(request.symbol()).symbol
        return {"symbol": symbol, "takerFeeRate": str(FEE_TAKER), "makerFeeRate": str(FEE_MAKER)}

    def _view(self, position: FuturesPosition) -> dict[str, Any]:
        return position_view(position, self._mark(position.contract), self._clock.now_ns() // MILLISECOND_NS)

    def _unrealised(self, position: FuturesPosition) -> Decimal:
        return position.profit_at(self._mark(position.contract))

    def _mark(self, contract: KucoinContract) -> Decimal:
        return mark_price(contract, self._market_of(contract), self._faults)

    def _market_of(self, contract: KucoinContract) -> PairMarket:
        return self._books[contract.symbol].market

    def _contract(self, symbol: str) -> KucoinContract:
        contract = self._public.listed(symbol)
        if contract is None:
            raise KucoinError("200003", "Invalid symbol.")
        return contract

    # orders

    def place(self, request: Request) -> dict[str, str]:
        account = _account(request)
        contract, draft = self._checked(request)
        if any(order.draft.client_id == draft.client_id for order in account.orders.values()):
            raise KucoinError("300018", "clientOid parameter repeated.")
        order = _refusing(lambda: self._desk.place(account, self._market_of(contract), draft))
        return {"orderId": order.id, "clientOid": draft.client_id or ""}

    def test(self, request: Request) -> dict[str, str]:
        """The same checks as a real order; the id it gives belongs to no order."""
        if not request.body.get("type"):
            raise KucoinError("100001", "type parameter invalid.")
        self._checked(request)
        return {"orderId": self._desk.new_id(), "clientOid": str(request.body["clientOid"])}

    def _checked(self, request: Request) -> tuple[KucoinContract, Any]:
        return check_futures_order(request.body, _account(request), self._public.listed, self._market_of, self._faults)

    def cancel(self, request: Request) -> dict[str, list[str]]:
        order = _refusing(lambda: self._desk.cancel(request.key.account, request.names["id"]))
        return {"cancelledOrderIds": [order.id]}

    def cancel_by_client_id(self, request: Request) -> dict[str, str]:
        order = _of_client(request, request.names["oid"])
        _refusing(lambda: self._desk.cancel(request.key.account, order.id if order else ""))
        return {"clientOid": request.names["oid"]}

    def cancel_all(self, request: Request) -> dict[str, list[str]]:
        account = request.key.account
        orders = [order for order in account.open_orders if _is_of_symbol(order, request.query)]
        return {"cancelledOrderIds": [self._desk.cancel(account, order.id).id for order in orders]}

    def orders(self, request: Request) -> dict[str, Any]:
        status = request.query.get("status")
        found = [
            order
            for order in reversed(request.key.account.orders.values())
            if _is_of_symbol(order, request.query) and status in (None, "active" if order.is_open else "done")
        ]
        return page([view(order) for order in found], request.query, most=1_000)

    def order(self, request: Request) -> dict[str, Any]:
        order = request.key.account.orders.get(request.names["id"])
        if order is None:
            raise KucoinError(*NOT_THERE)
        return view(order)

    def order_by_client_id(self, request: Request) -> dict[str, Any]:
        order = _of_client(request, request.query.get("clientOid", ""))
        if order is None:
            raise KucoinError(*NOT_THERE)
        return view(order)

    def recent_orders(self, request: Request) -> list[dict[str, Any]]:
        done = [order for order in reversed(request.key.account.orders.values()) if not order.is_open]
        return [view(order) for order in done if _is_of_symbol(order, request.query)][:RECENT]


def _refusing(action: Callable[[], AccountOrder]) -> AccountOrder:
    """Raises KucoinError where the desk refuses."""
    try:
        return action()
    except Refused as refusal:
        raise KucoinError(*REFUSALS[str(refusal)]) from refusal


def _account(request: Request) -> FuturesAccount:
    account = request.key.account
    assert isinstance(account, FuturesAccount)  # noqa: S101 - the only accounts of this market
    return account


def _text(request: Request, name: str) -> str:
    if request.body.get(name) in (None, ""):
        raise KucoinError("100001", f"{name} parameter invalid.")
    return str(request.body[name])


def _of_client(request: Request, client_id: str) -> AccountOrder | None:
    orders = reversed(request.key.account.orders.values())
    return next((order for order in orders if order.draft.client_id == client_id), None)


def _is_of_symbol(order: AccountOrder, query: Mapping[str, str]) -> bool:
    return query.get("symbol") in (None, "", BY_PAIR[order.market.spec.pair].symbol)


def _fills(request: Request) -> list[dict[str, Any]]:
    """Every fill, newest first."""
    order_id = request.query.get("orderId")
    fills = [
        fill_view(order, index)
        for order in request.key.account.orders.values()
        if order_id in (None, "", order.id) and _is_of_symbol(order, request.query)
        for index in range(len(order.fills))
    ]
    return sorted(fills, key=lambda fill: -int(fill["tradeId"]))
