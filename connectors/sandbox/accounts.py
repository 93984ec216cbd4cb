"""Accounts that trade on a sandbox market: balances, orders, and their matching against the moving book."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.market import Market, PairMarket

MAKER_FEE = Decimal("0.0025")
TAKER_FEE = Decimal("0.0040")
CENT_OF_A_SATOSHI = Decimal("0.0000000001")
_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Refused(Exception):
    """The exchange does not take this order; the reason is one of the class's constants."""

    NO_FUNDS = "insufficient funds"
    WOULD_TAKE = "post only"
    UNKNOWN_ORDER = "unknown order"


class Event(StrEnum):
    """What happens to an order, in the order in which it can."""

    ACCEPTED = "accepted"
    OPENED = "opened"
    TRADED = "traded"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of an order; cost and fee in quote."""

    id: str
    number: int
    time_ns: int
    price: int
    size: int
    cost: Decimal
    fee: Decimal
    is_maker: bool


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An order as asked for. `price` in ticks, None for a market order; `expires_ns` None is good till cancelled."""

    side: str
    size: int
    price: int | None
    post_only: bool = False
    immediate: bool = False
    expires_ns: int | None = None
    userref: int | None = None
    client_id: str | None = None
    flags: str = "fciq"


@dataclass(slots=True, eq=False)
class AccountOrder:
    """An order and all that became of it; satisfies the book's RestingOrder."""

    id: str
    market: PairMarket
    draft: OrderDraft
    opened_ns: int
    remaining: int
    on_fill: Callable[[AccountOrder, int, int], None]
    ended_by: Event | None = None
    ended_ns: int | None = None
    reason: str | None = None
    fills: list[Fill] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.ended_by is None

    @property
    def filled(self) -> int:
        return sum(fill.size for fill in self.fills)

    @property
    def cost(self) -> Decimal:
        return sum((fill.cost for fill in self.fills), Decimal(0))

    @property
    def fee(self) -> Decimal:
        return sum((fill.fee for fill in self.fills), Decimal(0))

    def fill(self, price: int, size: int) -> None:
        self.on_fill(self, price, size)


class Account:
    """Balances by asset code and every order ever placed."""

    maker_fee: ClassVar = MAKER_FEE

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        self.balances = dict(balances)
        self.orders: dict[str, AccountOrder] = {}
        self.listeners: list[Callable[[AccountOrder, Event, Fill | None], None]] = []

    @property
    def open_orders(self) -> list[AccountOrder]:
        return [order for order in self.orders.values() if order.is_open]

    def held(self, asset: str) -> Decimal:
        """What open orders have set aside."""
        total = Decimal(0)
        for order in self.open_orders:
            pair = order.market.spec.pair
            if order.draft.side == "sell" and asset == pair.base:
                total += Decimal(order.remaining).scaleb(-order.market.spec.size_decimals)
            elif order.draft.side == "buy" and asset == pair.quote and order.draft.price is not None:
                total += _cost(order.market, order.draft.price, order.remaining) * (1 + self.maker_fee)
        return total

    def free(self, asset: str) -> Decimal:
        return self.balances.get(asset, Decimal(0)) - self.held(asset)

    def announce(self, order: AccountOrder, event: Event, fill: Fill | None = None) -> None:
        for listener in tuple(self.listeners):
            listener(order, event, fill)


class OrderDesk:
    """Takes orders of any account, matches them against the simulated book, settles the fills."""

    maker_fee: ClassVar = MAKER_FEE
    taker_fee: ClassVar = TAKER_FEE

    def __init__(self, market: Market, *, seed: int, now_ns: Callable[[], int]) -> None:
        self._market = market
        self._rng = Random(f"{seed} orders")
        self._now_ns = now_ns
        self._owners: dict[str, Account] = {}
        self._fill_count = 0

    def place(self, account: Account, market: PairMarket, draft: OrderDraft) -> AccountOrder:
        """Match, then rest what is left. Raises Refused."""
        taken_side = market.asks if draft.side == "buy" else market.bids
        best = taken_side.best
        crosses = draft.price is None or (
            best is not None and (best <= draft.price if draft.side == "buy" else best >= draft.price)
        )
        if draft.post_only and crosses:
            raise Refused(Refused.WOULD_TAKE)
        self._check_funds(account, market, draft)
        order = AccountOrder(
            self._new_id("O"), market, draft, self._now_ns(), draft.size, lambda *fill: self._settle(account, *fill)
        )
        account.orders[order.id] = order
        self._owners[order.id] = account
        account.announce(order, Event.ACCEPTED)
        account.announce(order, Event.OPENED)
        trades = []
        if crosses:
            taker_type = "market" if draft.price is None else "limit"
            trades = market.trade(draft.side, draft.size, order.opened_ns, limit=draft.price, taker_type=taker_type)
            for trade in trades:
                self._settle(account, order, trade.price, trade.size, is_maker=False)
        if order.is_open and (draft.price is None or draft.immediate):
            self._end(account, order, Event.CANCELLED, "Immediate or cancel")
        elif order.is_open and draft.price is not None:
            (market.bids if draft.side == "buy" else market.asks).rest(draft.price, order)
        self._market.on_step(market, trades)
        return order

    def cancel(self, account: Account, order_id: str) -> AccountOrder:
        """Take an open order out of the book. Raises Refused where the account has no such open order."""
        order = account.orders.get(order_id)
        if order is None or not order.is_open:
            raise Refused(Refused.UNKNOWN_ORDER)
        self._withdraw(account, order, Event.CANCELLED, "User requested")
        return order

    def expire_due(self) -> None:
        now = self._now_ns()
        due = [
            (account, order)
            for account in set(self._owners.values())
            for order in account.open_orders
            if order.draft.expires_ns is not None and order.draft.expires_ns <= now
        ]
        for account, order in due:
            self._withdraw(account, order, Event.EXPIRED, "Order expired")

    def _withdraw(self, account: Account, order: AccountOrder, event: Event, reason: str) -> None:
        if order.draft.price is not None:
            side = order.market.bids if order.draft.side == "buy" else order.market.asks
            side.withdraw(order.draft.price, order)
        self._end(account, order, event, reason)
        self._market.on_step(order.market, [])

    def _check_funds(self, account: Account, market: PairMarket, draft: OrderDraft) -> None:
        if draft.side == "sell":
            needed = Decimal(draft.size).scaleb(-market.spec.size_decimals)
            asset = market.spec.pair.base
        else:
            price = draft.price if draft.price is not None else market.asks.best or market.last_price
            needed = _cost(market, price, draft.size) * (1 + self.taker_fee)
            asset = market.spec.pair.quote
        if needed > account.free(asset):
            raise Refused(Refused.NO_FUNDS)

    def _settle(self, account: Account, order: AccountOrder, price: int, size: int, *, is_maker: bool = True) -> None:
        market = order.market
        cost = _cost(market, price, size)
        fee = (cost * (self.maker_fee if is_maker else self.taker_fee)).quantize(CENT_OF_A_SATOSHI)
        amount = Decimal(size).scaleb(-market.spec.size_decimals)
        sign = 1 if order.draft.side == "buy" else -1
        pair = market.spec.pair
        account.balances[pair.base] = account.balances.get(pair.base, Decimal(0)) + sign * amount
        account.balances[pair.quote] = account.balances.get(pair.quote, Decimal(0)) - sign * cost - fee
        self._fill_count += 1
        fill = Fill(self._new_id("T"), self._fill_count, self._now_ns(), price, size, cost, fee, is_maker)
        order.fills.append(fill)
        order.remaining -= size
        account.announce(order, Event.TRADED, fill)
        if order.remaining == 0:
            self._end(account, order, Event.FILLED, None)

    def _end(self, account: Account, order: AccountOrder, event: Event, reason: str | None) -> None:
        order.ended_by, order.ended_ns, order.reason = event, self._now_ns(), reason
        self._owners.pop(order.id, None)
        account.announce(order, event)

    def _new_id(self, letter: str) -> str:
        """Like `OQCLML-BW3P3-BUCMWZ`."""
        text = letter + "".join(self._rng.choices(_ID_LETTERS, k=16))
        return f"{text[:6]}-{text[6:11]}-{text[11:]}"


def _cost(market: PairMarket, price: int, size: int) -> Decimal:
    return Decimal(price * size).scaleb(-market.spec.price_decimals - market.spec.size_decimals)
