"""Futures accounts: margin, positions and their profit. Nobody is liquidated and no funding is paid here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox.accounts import CENT_OF_A_SATOSHI, Account, Event, Fill, Refused
from connectors.sandbox.kucoin.contracts import BY_PAIR, FEE_MAKER, FEE_TAKER
from connectors.sandbox.kucoin.desk import KucoinDesk, KucoinDraft
from connectors.sandbox.kucoin.keys import MILLISECOND_NS
from connectors.sandbox.kucoin.numbers import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.accounts import AccountOrder, OrderDraft
    from connectors.sandbox.kucoin.contracts import KucoinContract
    from connectors.sandbox.market import PairMarket

ONE_WAY, HEDGE = 0, 1
ZERO = Decimal(0)


@dataclass(slots=True)
class FuturesPosition:
    """One position; `lots` is negative for a short one. Money is in the contract's settlement currency."""

    contract: KucoinContract
    side: str
    lots: int = 0
    entry_price: Decimal = ZERO
    leverage: Decimal = Decimal(1)
    margin_mode: str = "ISOLATED"
    opened_ns: int = 0
    realised_gross: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def cost(self) -> Decimal:
        """The value at entry, never negative."""
        return self.contract.value(self.entry_price, abs(self.lots)) if self.lots else ZERO

    @property
    def initial_margin(self) -> Decimal:
        return self.cost / self.leverage

    def profit_at(self, price: Decimal, lots: int | None = None) -> Decimal:
        """What closing *lots* of it, all where None, at *price* would bring before fees."""
        lots = self.lots if lots is None else lots
        if not lots:
            return ZERO
        if self.contract.is_inverse:
            return lots * -self.contract.multiplier * (1 / self.entry_price - 1 / price)
        return lots * self.contract.multiplier * (price - self.entry_price)

    def trade(self, lots: int, price: Decimal) -> Decimal:
        """Take a fill of *lots*, negative for a sale; the profit that it realised."""
        closing = 0
        if self.lots and (lots > 0) != (self.lots > 0):
            closing = min(abs(lots), abs(self.lots)) * (1 if self.lots > 0 else -1)
        profit = self.profit_at(price, closing)
        self.lots -= closing
        opening = lots + closing
        if opening:
            self.entry_price = self._entry_with(opening, price)
            self.lots += opening
        self.realised_gross += profit
        return profit

    def _entry_with(self, opening: int, price: Decimal) -> Decimal:
        """The price at which the whole position would have cost the same."""
        total = self.lots + opening
        if self.contract.is_inverse:
            held = self.lots / self.entry_price if self.lots else ZERO
            return total / (held + opening / price)
        return (self.lots * self.entry_price + opening * price) / total


class FuturesAccount(Account):
    """Wallets by settlement currency, and positions by contract and side."""

    maker_fee = FEE_MAKER

    def __init__(self, balances: Mapping[str, Decimal]) -> None:
        super().__init__(balances)
        self.positions: dict[tuple[str, str], FuturesPosition] = {}
        self.position_mode = ONE_WAY
        self.margin_modes: dict[str, str] = {}
        self.cross_leverages: dict[str, Decimal] = {}
        self.position_listeners: list[Callable[[FuturesPosition], None]] = []

    def position(self, contract: KucoinContract, side: str) -> FuturesPosition:
        """The position of this side, made where there is none; `BOTH` is the only one in one-way mode."""
        return self.positions.setdefault((contract.symbol, side), FuturesPosition(contract, side))

    @property
    def open_positions(self) -> list[FuturesPosition]:
        return [position for position in self.positions.values() if position.lots]

    def position_margin(self, currency: str) -> Decimal:
        mine = [position for position in self.open_positions if position.contract.settle == currency]
        return sum((position.initial_margin for position in mine), ZERO)

    def held(self, asset: str) -> Decimal:
        """What open orders have set aside."""
        return sum((self._order_margin(order) for order in self.open_orders if _settle_of(order) == asset), ZERO)

    def free(self, asset: str) -> Decimal:
        return super().free(asset) - self.position_margin(asset)

    def margin_for(self, contract: KucoinContract, draft: KucoinDraft, price: Decimal, lots: int) -> Decimal:
        """What *lots* of this order need: nothing where they only reduce."""
        held = self.position(contract, draft.position_side).lots
        is_reducing = held and (held > 0) != (draft.side == "buy")
        opening = max(0, lots - abs(held)) if is_reducing else lots
        if draft.reduce_only or draft.close_order:
            opening = 0
        return contract.value(price, opening) * (1 / draft.leverage + FEE_TAKER)

    def _order_margin(self, order: AccountOrder) -> Decimal:
        if order.draft.price is None or not isinstance(order.draft, KucoinDraft):
            return ZERO
        contract = BY_PAIR[order.market.spec.pair]
        return self.margin_for(contract, order.draft, contract.price(order.draft.price), order.remaining)


class FuturesDesk(KucoinDesk):
    """The desk of the futures market: fills change positions, and profit and fees the wallet."""

    maker_fee = FEE_MAKER
    taker_fee = FEE_TAKER

    def expire_due(self) -> None:
        """Withdraw orders whose time is over, and those that can no longer reduce anything."""
        super().expire_due()
        for order_id, account in tuple(self._owners.items()):
            order = account.orders[order_id]
            if isinstance(account, FuturesAccount) and isinstance(order.draft, KucoinDraft) and order.draft.reduce_only:
                held = account.position(BY_PAIR[order.market.spec.pair], order.draft.position_side).lots
                if not held or (held > 0) == (order.draft.side == "buy"):
                    self.cancel(account, order_id)

    def _check_funds(self, account: Account, market: PairMarket, draft: OrderDraft) -> None:
        assert isinstance(account, FuturesAccount)  # noqa: S101 - the only accounts and drafts of this market
        assert isinstance(draft, KucoinDraft)  # noqa: S101
        contract = BY_PAIR[market.spec.pair]
        ticks = draft.price if draft.price is not None else market.asks.best or market.last_price
        if account.margin_for(contract, draft, contract.price(ticks), draft.size) > account.free(contract.settle):
            raise Refused(Refused.NO_FUNDS)

    def _settle(self, account: Account, order: AccountOrder, price: int, size: int, *, is_maker: bool = True) -> None:
        assert isinstance(account, FuturesAccount)  # noqa: S101 - as above
        draft = order.draft
        assert isinstance(draft, KucoinDraft)  # noqa: S101
        contract = BY_PAIR[order.market.spec.pair]
        paid = contract.price(price)
        cost = contract.value(paid, size)
        fee = (cost * (self.maker_fee if is_maker else self.taker_fee)).quantize(CENT_OF_A_SATOSHI)
        position = account.position(contract, draft.position_side)
        was_open = position.lots != 0
        profit = position.trade(size if draft.side == "buy" else -size, paid).quantize(CENT_OF_A_SATOSHI)
        position.fees += fee
        position.margin_mode = draft.margin_mode
        if not (draft.reduce_only or draft.close_order):
            position.leverage = draft.leverage
        if not was_open:
            position.opened_ns = self._now_ns()
        account.balances[contract.settle] = account.balances.get(contract.settle, ZERO) + profit - fee
        self._fill_count += 1
        fill = Fill(self.new_id(), self._fill_count, self._now_ns(), price, size, cost, fee, is_maker)
        order.fills.append(fill)
        order.remaining -= size
        account.announce(order, Event.TRADED, fill)
        for listener in account.position_listeners:
            listener(position)
        if order.remaining == 0:
            self._end(account, order, Event.FILLED, None)


def position_view(position: FuturesPosition, mark: Decimal, now_ms: int) -> dict[str, Any]:
    """A position as REST prints it, with the fields that only isolated ones have."""
    contract = position.contract
    sign = (1 if position.lots > 0 else -1) * (-1 if contract.is_inverse else 1)
    cost, init = position.cost, position.initial_margin
    profit = position.profit_at(mark)
    margin, maintenance = init + profit, Decimal(contract.maintain_margin)
    mark_value = contract.value(mark, abs(position.lots))
    bankrupt = _price_at_loss(position, init)
    fields: dict[str, Any] = {
        "id": f"5000000000{sum(map(ord, contract.symbol + position.side)):08d}",
        "symbol": contract.symbol,
        "crossMode": position.margin_mode == "CROSS",
        "delevPercentage": 0.5,
        "openingTimestamp": position.opened_ns // MILLISECOND_NS,
        "currentTimestamp": now_ms,
        "currentQty": position.lots,
        "currentCost": number(sign * cost),
        "currentComm": number(position.fees),
        "unrealisedCost": number(sign * cost),
        "realisedGrossCost": number(-position.realised_gross),
        "realisedCost": number(position.fees - position.realised_gross),
        "isOpen": position.lots != 0,
        "markPrice": number(mark),
        "markValue": number(sign * mark_value),
        "posCost": number(sign * cost),
        "posInit": number(init),
        "posMargin": number(init),
        "realisedGrossPnl": number(position.realised_gross),
        "realisedPnl": number(position.realised_gross - position.fees),
        "unrealisedPnl": number(profit),
        "unrealisedPnlPcnt": float(round(profit / cost, 4)) if cost else 0.0,
        "unrealisedRoePcnt": float(round(profit / init, 4)) if init else 0.0,
        "avgEntryPrice": number(position.entry_price if position.lots else ZERO),
        "liquidationPrice": number(_price_at_loss(position, init - cost * maintenance)),
        "bankruptPrice": number(bankrupt),
        "settleCurrency": contract.settle,
        "isInverse": contract.is_inverse,
        "marginMode": position.margin_mode,
        "positionSide": position.side,
        "leverage": number(position.leverage),
    }
    if position.margin_mode == "ISOLATED":
        fields |= {
            "autoDeposit": False,
            "maintMarginReq": float(maintenance),
            "riskLimit": 100_000,
            "realLeverage": number(round(mark_value / margin, 2) if margin > 0 else ZERO),
            "posCross": 0,
            "posCrossMargin": 0,
            "posComm": number(cost * FEE_TAKER),
            "posCommCommon": number(cost * FEE_TAKER),
            "posLoss": 0,
            "posFunding": 0,
            "posMaint": number(cost * maintenance),
            "maintMargin": number(margin),
            "maintainMargin": float(maintenance),
        }
    return fields


def _price_at_loss(position: FuturesPosition, loss: Decimal) -> Decimal:
    """Where the position would have lost this much; 0 where no price can do that."""
    if not position.lots:
        return ZERO
    contract, entry = position.contract, position.entry_price
    if contract.is_inverse:
        inverted = 1 / entry + loss / (position.lots * -contract.multiplier)
        return round(1 / inverted, contract.spec.price_decimals) if inverted > 0 else ZERO
    return max(ZERO, round(entry - loss / (position.lots * contract.multiplier), contract.spec.price_decimals))


def _settle_of(order: AccountOrder) -> str:
    return BY_PAIR[order.market.spec.pair].settle
