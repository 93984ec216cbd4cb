"""Futures orders in KuCoin's words: checking what a client asks for, and printing what became of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from connectors.sandbox.accounts import Event
from connectors.sandbox.decimals import scaled
from connectors.sandbox.kucoin.contracts import BY_PAIR, PRICE_BAND, mark_price
from connectors.sandbox.kucoin.desk import KucoinDraft
from connectors.sandbox.kucoin.keys import MILLISECOND_NS, KucoinError
from connectors.sandbox.kucoin.numbers import amount, short
from connectors.sandbox.kucoin.positions import HEDGE, ONE_WAY
from connectors.sandbox.kucoin.spot_orders import client_id_of, refuse_by_mode, terms_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.accounts import AccountOrder
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.contracts import KucoinContract
    from connectors.sandbox.kucoin.positions import FuturesAccount
    from connectors.sandbox.market import PairMarket

SIZE_FIELDS = ("size", "qty", "valueQty")


def check_futures_order(
    given: Mapping[str, Any],
    account: FuturesAccount,
    listed: Callable[[str], KucoinContract | None],
    market_of: Callable[[KucoinContract], PairMarket],
    faults: Faults,
) -> tuple[KucoinContract, KucoinDraft]:
    """The order that the body asks for. Raises KucoinError, the first objection first."""
    if not given.get("clientOid"):
        raise _invalid("clientOid")
    client_id = client_id_of(given)
    contract = listed(str(given.get("symbol", "")))
    if contract is None:
        raise KucoinError("100003", "Contract parameter invalid.")
    side, order_type = str(given.get("side", "")), str(given.get("type") or "limit")
    closes = _is_set(given, "closeOrder")
    if side not in ("buy", "sell") and not closes:
        raise _invalid("side")
    if order_type not in ("limit", "market"):
        raise _invalid("type")
    refuse_by_mode(faults, suspended="300002", refused="300000")
    if contract.status != "Open":
        raise KucoinError("300002", "Placing orders is suspended for this contract.")
    position_side, margin_mode = _modes(given, account, contract)
    reduces = closes or _is_set(given, "reduceOnly")
    leverage = _leverage(given, contract, needs_one=not reduces)
    force, post_only = terms_of(given)
    market = market_of(contract)
    price = _price(given, side, contract, mark_price(contract, market, faults)) if order_type == "limit" else None
    held = account.position(contract, position_side).lots
    if closes:
        side, size = "sell" if held > 0 else "buy", abs(held)
    else:
        size = _lots(given, contract, contract.price(price if price is not None else market.last_price))
    if reduces or (position_side, side) in (("LONG", "sell"), ("SHORT", "buy")):
        size = _reducible(size, side, held, is_cut=reduces)
    return contract, KucoinDraft(
        side,
        size,
        price,
        post_only=post_only,
        immediate=force in ("IOC", "FOK"),
        client_id=client_id,
        time_in_force=force,
        remark=str(given["remark"]) if given.get("remark") else None,
        leverage=leverage or _standing_leverage(account, contract, position_side, margin_mode),
        position_side=position_side,
        margin_mode=margin_mode,
        reduce_only=reduces,
        close_order=closes,
    )


def view(order: AccountOrder) -> dict[str, Any]:
    """An order as every futures endpoint prints it."""
    contract, draft = BY_PAIR[order.market.spec.pair], order.draft
    assert isinstance(draft, KucoinDraft)  # noqa: S101 - the only drafts of this sandbox
    last_ns = order.ended_ns or (order.fills[-1].time_ns if order.fills else order.opened_ns)
    average = sum((contract.price(fill.price) * fill.size for fill in order.fills), Decimal(0)) / (order.filled or 1)
    return {
        "id": order.id,
        "symbol": contract.symbol,
        "type": "market" if draft.price is None else "limit",
        "side": draft.side,
        "price": short(draft.price, contract.spec.price_decimals) if draft.price is not None else None,
        "size": draft.size,
        "value": amount(contract.value(contract.price(draft.price or order.market.last_price), draft.size)),
        "dealValue": amount(order.cost),
        "dealSize": order.filled,
        "stp": "",
        "stop": "",
        "stopPriceType": "",
        "stopTriggered": False,
        "stopPrice": None,
        "timeInForce": draft.time_in_force,
        "postOnly": draft.post_only,
        "hidden": False,
        "iceberg": False,
        "leverage": amount(draft.leverage),
        "forceHold": False,
        "closeOrder": draft.close_order,
        "visibleSize": 0,
        "clientOid": draft.client_id,
        "remark": draft.remark,
        "tags": "",
        "isActive": order.is_open,
        "cancelExist": order.ended_by in (Event.CANCELLED, Event.EXPIRED),
        "createdAt": order.opened_ns // MILLISECOND_NS,
        "updatedAt": last_ns // MILLISECOND_NS,
        "endAt": order.ended_ns // MILLISECOND_NS if order.ended_ns is not None else None,
        "orderTime": order.opened_ns,
        "settleCurrency": contract.settle,
        "marginMode": draft.margin_mode,
        "positionSide": draft.position_side,
        "avgDealPrice": amount(average),
        "filledSize": order.filled,
        "filledValue": amount(order.cost),
        "status": "open" if order.is_open else "done",
        "reduceOnly": draft.reduce_only,
    }


def fill_view(order: AccountOrder, index: int) -> dict[str, Any]:
    contract, draft, fill = BY_PAIR[order.market.spec.pair], order.draft, order.fills[index]
    assert isinstance(draft, KucoinDraft)  # noqa: S101 - the only drafts of this sandbox
    return {
        "symbol": contract.symbol,
        "tradeId": str(fill.number),
        "orderId": order.id,
        "side": draft.side,
        "liquidity": "maker" if fill.is_maker else "taker",
        "forceTaker": False,
        "price": short(fill.price, contract.spec.price_decimals),
        "size": fill.size,
        "value": amount(fill.cost),
        "openFeePay": amount(fill.fee),
        "closeFeePay": "0",
        "stop": "",
        "feeRate": amount(Decimal("0.0002") if fill.is_maker else Decimal("0.0006")),
        "fixFee": "0",
        "feeCurrency": contract.settle,
        "tradeTime": fill.time_ns,
        "subTradeType": None,
        "marginMode": draft.margin_mode,
        "settleCurrency": contract.settle,
        "orderType": "market" if draft.price is None else "limit",
        "tradeType": "trade",
        "fee": amount(fill.fee),
        "createdAt": fill.time_ns // MILLISECOND_NS,
    }


def _invalid(name: str) -> KucoinError:
    return KucoinError("100001", f"{name} parameter invalid.")


def _is_set(given: Mapping[str, Any], name: str) -> bool:
    return given.get(name) in (True, "true")


def _modes(given: Mapping[str, Any], account: FuturesAccount, contract: KucoinContract) -> tuple[str, str]:
    """Position side and margin mode, which must be the account's."""
    position_side = str(given.get("positionSide") or "BOTH")
    if position_side not in ("BOTH", "LONG", "SHORT"):
        raise _invalid("positionSide")
    if account.position_mode == ONE_WAY and position_side != "BOTH":
        raise KucoinError("330011", "Your order is in Hedge Mode, while your account is set to One-Way Mode.")
    if account.position_mode == HEDGE and position_side == "BOTH":
        raise KucoinError("330012", "Your order is in One-Way Mode, while your account is set to Hedge Mode.")
    margin_mode = str(given.get("marginMode") or "ISOLATED")
    if margin_mode not in ("ISOLATED", "CROSS"):
        raise _invalid("marginMode")
    if margin_mode != account.margin_modes.get(contract.symbol, "ISOLATED"):
        raise KucoinError(
            "330005", "The order's margin mode does not match the selected one. Please switch and try again."
        )
    return position_side, margin_mode


def _leverage(given: Mapping[str, Any], contract: KucoinContract, *, needs_one: bool) -> Decimal | None:
    """A number or its text; None where there is none and the order needs none."""
    if given.get("leverage") in (None, "") and (not needs_one or given.get("marginMode") == "CROSS"):
        return None
    hundredths = scaled(str(given.get("leverage", "")), 2)
    if hundredths is None or hundredths <= 0:
        raise _invalid("leverage")
    leverage = Decimal(hundredths) / 100
    if leverage > contract.max_leverage:
        raise KucoinError("300016", "The leverage is higher than the contract allows.")
    return leverage


def _standing_leverage(
    account: FuturesAccount, contract: KucoinContract, position_side: str, margin_mode: str
) -> Decimal:
    """What holds for an order that names none."""
    if margin_mode == "CROSS":
        return account.cross_leverages.get(contract.symbol, Decimal(1))
    return account.position(contract, position_side).leverage


def _price(given: Mapping[str, Any], side: str, contract: KucoinContract, mark: Decimal) -> int:
    """In ticks, not too far beyond the mark price."""
    ticks = scaled(str(given.get("price", "")), contract.spec.price_decimals)
    if ticks is None or ticks <= 0:
        raise _invalid("price")
    price = contract.price(ticks)
    if side == "buy" and price > mark * (1 + PRICE_BAND):
        raise KucoinError("300011", "The order price is too high.")
    if side == "sell" and price < mark * (1 - PRICE_BAND):
        raise KucoinError("300012", "The order price is too low.")
    return ticks


def _lots(given: Mapping[str, Any], contract: KucoinContract, price: Decimal) -> int:
    """Exactly one of lots, coins and value tells the size."""
    named = [name for name in SIZE_FIELDS if given.get(name) not in (None, "")]
    if len(named) != 1:
        raise _invalid("size")
    (name,) = named
    if name == "size":
        lots = scaled(str(given["size"]), 0)
    else:
        wanted = scaled(str(given[name]), 12)
        one_lot = abs(contract.multiplier) if name == "qty" else contract.value(price, 1)
        lots = int(Decimal(wanted).scaleb(-12) / one_lot) if wanted is not None else None
    if lots is None or not 0 < lots <= contract.max_order_qty:
        raise _invalid(name)
    return lots


def _reducible(size: int, side: str, held: int, *, is_cut: bool) -> int:
    """What of *size* the position can lose."""
    is_opposite = held and (held > 0) == (side == "sell")
    if not is_opposite or (size > abs(held) and not is_cut):
        raise KucoinError("300009", "No open positions to close.")
    return min(size, abs(held))
