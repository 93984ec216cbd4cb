"""KuCoin's way with orders on top of the shared desk: its ids and fees, fill-or-kill, orders that end after a while."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.sandbox.accounts import Account, AccountOrder, Event, OrderDesk, OrderDraft

if TYPE_CHECKING:
    from connectors.sandbox.market import PairMarket

SPOT_FEE = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class KucoinDraft(OrderDraft):
    """An order as KuCoin is asked for it; the last five concern futures alone."""

    time_in_force: str = "GTC"
    funds: Decimal | None = None
    cancel_after_s: int = 0
    remark: str | None = None
    leverage: Decimal = Decimal(1)
    position_side: str = "BOTH"
    margin_mode: str = "ISOLATED"
    reduce_only: bool = False
    close_order: bool = False


class SpotAccount(Account):
    """A trading account on the spot market, with a funding account beside it that nothing trades on."""

    maker_fee = SPOT_FEE

    def __init__(self, balances: dict[str, Decimal], *, funding: dict[str, Decimal]) -> None:
        super().__init__(balances)
        self.funding = funding


class KucoinDesk(OrderDesk):
    """The desk of the spot market."""

    maker_fee = taker_fee = SPOT_FEE

    def place(self, account: Account, market: PairMarket, draft: OrderDraft) -> AccountOrder:
        if isinstance(draft, KucoinDraft) and draft.time_in_force == "FOK" and _available(market, draft) < draft.size:
            return self._kill(account, market, draft)
        return super().place(account, market, draft)

    def _kill(self, account: Account, market: PairMarket, draft: OrderDraft) -> AccountOrder:
        order = AccountOrder(self._new_id(""), market, draft, self._now_ns(), draft.size, lambda *_fill: None)
        account.orders[order.id] = order
        account.announce(order, Event.ACCEPTED)
        self._end(account, order, Event.CANCELLED, "fill or kill")
        return order

    def new_id(self) -> str:
        """Like `6717422bd51c29000775ea03`."""
        return f"{self._rng.getrandbits(96):024x}"

    def _new_id(self, _letter: str) -> str:
        return self.new_id()


def _available(market: PairMarket, draft: OrderDraft) -> int:
    """How much of the order the book could fill at once."""
    side = market.asks if draft.side == "buy" else market.bids
    limit = None if draft.price is None else draft.price * side.sign
    return sum(side.sizes[key] for key in side.keys if limit is None or key <= limit)


def size_for_funds(market: PairMarket, side: str, funds: Decimal) -> int:
    """The lots that *funds* of the quote buy or sell at the book's prices; 0 where not even one."""
    unit = Decimal(1).scaleb(-market.spec.price_decimals - market.spec.size_decimals)
    book_side = market.asks if side == "buy" else market.bids
    left, lots = funds / unit, 0
    for key in book_side.keys:
        price = key * book_side.sign
        part = min(book_side.sizes[key], int(left // price))
        lots += part
        left -= part * price
        if part < book_side.sizes[key]:
            break
    return lots
