"""Kraken's WebSocket v2 frames other than the book's, with the venue's key order and every digit of its numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.sandbox.accounts import Event
from connectors.sandbox.decimals import fixed, number, published_rule
from connectors.sandbox.kraken.names import ASSETS, PAIRS
from connectors.sandbox.kraken.orders import average_price, money, order_type_of
from connectors.sandbox.kraken.public import vwap
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from connectors.sandbox.accounts import Account, AccountOrder, Fill
    from connectors.sandbox.candles import Bar
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kraken.names import KrakenPair
    from connectors.sandbox.market import PairMarket, Trade

HEARTBEAT = b'{"channel":"heartbeat"}'
DAY_S = 86_400
EXEC_TYPES = {
    Event.ACCEPTED: ("pending_new", "pending_new"),
    Event.OPENED: ("new", "new"),
    Event.TRADED: ("trade", "partially_filled"),
    Event.FILLED: ("filled", "filled"),
    Event.CANCELLED: ("canceled", "canceled"),
    Event.EXPIRED: ("expired", "expired"),
}


def rfc3339(time_ns: int, digits: int = 6) -> str:
    """`2026-09-25T17:48:24.799230Z`, with as many digits of the second as asked for."""
    whole = datetime.fromtimestamp(time_ns // SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{time_ns % SECOND_NS:09d}"[: 20 + digits] + "Z"


def channel_frame(channel: str, kind: str, data: object, **more: object) -> bytes:
    return msgspec.json.encode({"channel": channel, "type": kind, **more, "data": data})


def status(mode: str, connection_id: int) -> bytes:
    state = {
        "version": "2.0.10",
        "system": mode,
        "api_version": "v2",
        "connection_id": connection_id,
        "upcoming_maintenance": [],
        "emergency": [],
    }
    return channel_frame("status", "update", [state])


def ticker(entry: KrakenPair, market: PairMarket, now_ns: int) -> dict[str, Any]:
    prices, sizes = entry.spec.price_decimals, entry.spec.size_decimals
    day = market.candles.since(now_ns // SECOND_NS - DAY_S, now_ns // SECOND_NS)
    change = market.last_price - day.open

    def best(levels: dict[int, int]) -> tuple[msgspec.Raw, msgspec.Raw]:
        price, size = next(iter(levels.items()), (0, 0))
        return number(price, prices), number(size, sizes)

    bid, bid_size = best(market.shown_bids.top(1))
    ask, ask_size = best(market.shown_asks.top(1))
    return {
        "symbol": entry.symbol,
        "bid": bid,
        "bid_qty": bid_size,
        "ask": ask,
        "ask_qty": ask_size,
        "last": number(market.last_price, prices),
        "volume": number(day.volume, sizes),
        "vwap": number(vwap(day), prices),
        "low": number(day.low, prices),
        "high": number(day.high, prices),
        "change": number(change, prices),
        "change_pct": number(round(10_000 * change / day.open), 2),
        "trades": day.trades,
        "timestamp": rfc3339(now_ns),
    }


def trade(entry: KrakenPair, made: Trade, skew_ns: int) -> dict[str, Any]:
    return {
        "symbol": entry.symbol,
        "side": made.taker_side,
        "price": number(made.price, entry.spec.price_decimals),
        "qty": number(made.size, entry.spec.size_decimals),
        "ord_type": made.taker_type,
        "trade_id": made.number,
        "timestamp": rfc3339(made.time_ns + skew_ns),
    }


def ohlc(entry: KrakenPair, bar: Bar, minutes: int) -> dict[str, Any]:
    prices = entry.spec.price_decimals
    begin_ns = bar.open_time_s * SECOND_NS
    return {
        "symbol": entry.symbol,
        "open": number(bar.open, prices),
        "high": number(bar.high, prices),
        "low": number(bar.low, prices),
        "close": number(bar.close, prices),
        "trades": bar.trades,
        "volume": number(bar.volume, entry.spec.size_decimals),
        "vwap": number(vwap(bar), prices),
        "interval_begin": rfc3339(begin_ns, 9),
        "interval": minutes,
        "timestamp": rfc3339(begin_ns + minutes * 60 * SECOND_NS),
    }


def instrument(listed: Iterable[KrakenPair], faults: Faults) -> dict[str, Any]:
    """All assets and the listed pairs; steps are written with exponents, as the venue does here."""
    assets = [
        {
            "id": asset.code,
            "status": "enabled",
            "precision": asset.decimals,
            "precision_display": asset.display_decimals,
            "borrowable": asset.margin_rate is not None,
            "collateral_value": asset.collateral_value,
            "margin_rate": float(asset.margin_rate or 0),
        }
        for asset in ASSETS.values()
    ]
    return {"assets": assets, "pairs": [_instrument_pair(entry, faults) for entry in listed]}


def _instrument_pair(entry: KrakenPair, faults: Faults) -> dict[str, Any]:
    tick_size = _step(published_rule(entry.tick_size, faults))
    pair: dict[str, Any] = {
        "symbol": entry.symbol,
        "base": entry.pair.base,
        "quote": entry.pair.quote,
        "status": entry.status,
        "qty_precision": entry.spec.size_decimals,
        "qty_increment": _step(f"1e-{entry.spec.size_decimals}"),
        "price_precision": entry.spec.price_decimals,
        "cost_precision": entry.cost_decimals,
        "marginable": bool(entry.leverage),
        "has_index": True,
        "cost_min": float(published_rule(entry.costmin, faults)),
        "tick_size": tick_size,
        "price_increment": tick_size,
        "qty_min": float(published_rule(entry.ordermin, faults)),
    }
    if entry.position_limits:
        pair["margin_initial"] = 0.1
        pair["position_limit_long"], pair["position_limit_short"] = entry.position_limits
    return pair


def execution(order: AccountOrder, event: Event, fill: Fill | None, time_ns: int) -> dict[str, Any]:
    """One item of the executions channel."""
    entry = PAIRS[order.market.spec.pair]
    prices, sizes = entry.spec.price_decimals, entry.spec.size_decimals
    exec_type, order_status = EXEC_TYPES[event]
    if event is Event.OPENED and order.filled:
        order_status = "partially_filled"
    item: dict[str, Any] = {
        "order_id": order.id,
        "order_userref": order.draft.userref or 0,
        "symbol": entry.symbol,
        "order_qty": number(order.draft.size, sizes),
        "cum_qty": number(order.filled, sizes),
        "cum_cost": _raw(money(order.cost, entry)),
        "avg_price": _raw(money(average_price(order), entry)),
        "time_in_force": "IOC" if order.draft.immediate else "GTD" if order.draft.expires_ns else "GTC",
        "exec_type": exec_type,
        "side": order.draft.side,
        "order_type": order_type_of(order),
        "order_status": order_status,
        "fee_usd_equiv": _raw(money(order.fee, entry)),
        "fee_ccy_pref": "fciq",
        "timestamp": rfc3339(time_ns),
    }
    if order.draft.price is not None:
        item["limit_price_type"] = "static"
        item["limit_price"] = number(order.draft.price, prices)
    if order.draft.client_id is not None:
        item["cl_ord_id"] = order.draft.client_id
    if order.draft.post_only:
        item["post_only"] = True
    if order.reason is not None:
        item["reason"] = order.reason
    if fill is not None:
        item |= {
            "exec_id": fill.id,
            "trade_id": fill.number,
            "last_qty": number(fill.size, sizes),
            "last_price": number(fill.price, prices),
            "liquidity_ind": "m" if fill.is_maker else "t",
            "cost": _raw(money(fill.cost, entry)),
            "fees": [{"asset": entry.pair.quote, "qty": _raw(money(fill.fee, entry))}],
        }
    return item


def balance(account: Account, code: str) -> dict[str, Any]:
    """One asset in the balances channel's snapshot."""
    amount = _asset_amount(account.balances[code], code)
    wallet = {"type": "spot", "id": "main", "balance": amount}
    return {"asset": code, "asset_class": "currency", "balance": amount, "wallets": [wallet]}


def balance_change(account: Account, code: str, order: AccountOrder, fill: Fill, time_ns: int) -> dict[str, Any]:
    """One asset in an update of the balances channel, after a fill."""
    pair, sizes = order.market.spec.pair, order.market.spec.size_decimals
    sign = 1 if (order.draft.side == "buy") == (code == pair.base) else -1
    moved = fixed(sign * fill.size, sizes) if code == pair.base else f"{sign * fill.cost:f}"
    return {
        "asset": code,
        "asset_class": "currency",
        "amount": _raw(moved),
        "balance": _asset_amount(account.balances[code], code),
        "fee": _raw(f"{fill.fee:f}" if code == pair.quote else "0"),
        "ledger_id": f"L{fill.id[1:]}",
        "ref_id": fill.id,
        "timestamp": rfc3339(time_ns),
        "type": "trade",
        "category": "trade",
        "wallet_type": "spot",
        "wallet_id": "main",
    }


def _step(text: str) -> msgspec.Raw:
    """Small steps have exponents here: `1e-08`."""
    return _raw(repr(float(text)))


def _asset_amount(amount: Decimal, code: str) -> msgspec.Raw:
    return _raw(f"{amount:.{ASSETS[code].decimals}f}")


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())
