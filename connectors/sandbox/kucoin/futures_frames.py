"""KuCoin's private futures frames: what becomes of an order, and of the wallet behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.sandbox.kucoin.contracts import BY_PAIR
from connectors.sandbox.kucoin.desk import KucoinDraft
from connectors.sandbox.kucoin.keys import MILLISECOND_NS
from connectors.sandbox.kucoin.numbers import amount, short
from connectors.sandbox.kucoin.positions import ZERO
from connectors.sandbox.kucoin.spot_frames import ORDER_EVENTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from connectors.sandbox.accounts import AccountOrder, Event, Fill
    from connectors.sandbox.kucoin.positions import FuturesAccount, FuturesPosition


def order_change(order: AccountOrder, event: Event, fill: Fill | None, now_ns: int) -> dict[str, Any]:
    contract, draft = BY_PAIR[order.market.spec.pair], order.draft
    assert isinstance(draft, KucoinDraft)  # noqa: S101 - the only drafts of this sandbox
    decimals = contract.spec.price_decimals
    kind, status = ORDER_EVENTS[event]
    data: dict[str, Any] = {
        "symbol": contract.symbol,
        "orderType": "market" if draft.price is None else "limit",
        "side": draft.side,
        "canceledSize": str(0 if order.is_open else draft.size - order.filled),
        "orderId": order.id,
        "positionSide": draft.position_side,
        "liquidity": "maker",
        "marginMode": draft.margin_mode,
        "type": kind,
        "orderTime": order.opened_ns,
        "size": str(draft.size),
        "filledSize": str(order.filled),
        "price": short(draft.price or 0, decimals),
        "remainSize": str(order.remaining if order.is_open else 0),
        "clientOid": draft.client_id,
        "tradeType": "trade",
        "status": status,
        "ts": now_ns,
    }
    if fill is not None:
        data |= {
            "liquidity": "maker" if fill.is_maker else "taker",
            "feeType": "makerFee" if fill.is_maker else "takerFee",
            "matchPrice": short(fill.price, decimals),
            "matchSize": str(fill.size),
            "tradeId": str(fill.number),
        }
    return data


def wallet_change(
    account: FuturesAccount, currency: str, profit_of: Callable[[FuturesPosition], Decimal], now_ns: int
) -> dict[str, Any]:
    wallet = account.balances.get(currency, ZERO)
    mine = [position for position in account.open_positions if position.contract.settle == currency]
    unrealised = sum((profit_of(position) for position in mine), ZERO)
    free = amount(account.free(currency))
    return {
        "crossPosMargin": "0",
        "isolatedOrderMargin": amount(account.held(currency)),
        "holdBalance": "0",
        "equity": amount(wallet + unrealised),
        "version": str(now_ns // MILLISECOND_NS),
        "availableBalance": free,
        "isolatedPosMargin": amount(account.position_margin(currency)),
        "maxWithdrawAmount": free,
        "walletBalance": amount(wallet),
        "isolatedFundingFeeMargin": "0",
        "crossUnPnl": "0",
        "totalCrossMargin": free,
        "currency": currency,
        "isolatedUnPnl": amount(unrealised),
        "availableMargin": free,
        "crossOrderMargin": "0",
        "timestamp": str(now_ns // MILLISECOND_NS),
    }
