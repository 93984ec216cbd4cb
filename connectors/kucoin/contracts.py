"""The answers of KuCoin's futures, and what they mean in our words.

Facts from KuCoin's own specification (Kucoin/kucoin-universal-sdk), read 2026-11.
"""

from __future__ import annotations

from decimal import Context, Decimal

import msgspec

from connectors.errors import MalformedPayload
from connectors.kucoin.rest import decimals_of, moment
from connectors.payloads import refuse_unless_amounts, refuse_unless_numbers
from connectors.types import Candle, Contract, MarginMode, PairRules, Position, PositionSide, TradingPair

PERPETUAL = "FFWCSX"
"""The `type` of contracts without an end."""

OPEN = "Open"
"""The one `status` of a contract in which it trades."""

RENAMED = {"XBT": "BTC"}

BASE_STEP = Decimal("0.00000001")
ROUNDED = Context(prec=80)
"""Room for any quotient of two amounts."""


class Kind(msgspec.Struct):
    type: str = ""


class ContractEntry(msgspec.Struct, rename="camel"):
    symbol: str
    base_currency: str
    quote_currency: str
    settle_currency: str
    status: str
    multiplier: Decimal
    tick_size: Decimal
    lot_size: Decimal
    max_leverage: Decimal
    initial_margin: Decimal
    maintain_margin: Decimal
    is_inverse: bool


class Prices(msgspec.Struct, rename="camel"):
    mark_price: Decimal
    funding_fee_rate: Decimal
    funding_rate_granularity: int
    next_funding_rate_time: int | None = None


class Book(msgspec.Struct):
    sequence: int
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]
    ts: int


class Overview(msgspec.Struct, rename="camel"):
    account_equity: Decimal


class PositionEntry(msgspec.Struct, rename="camel"):
    symbol: str
    current_qty: Decimal
    avg_entry_price: Decimal
    mark_price: Decimal
    leverage: Decimal
    unrealised_pnl: Decimal
    realised_pnl: Decimal
    margin_mode: str
    position_side: str = "BOTH"


class Mode(msgspec.Struct, rename="camel"):
    position_mode: int


class Accepted(msgspec.Struct, rename="camel"):
    order_id: str


CandleRow = tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal]


def asset_name(currency: str) -> str:
    """Our spelling of an asset."""
    return RENAMED.get(currency, currency)


def rules_of_contract(entry: ContractEntry, pair: TradingPair) -> PairRules:
    """Raises MalformedPayload."""
    amounts = (
        entry.tick_size, entry.lot_size, entry.max_leverage, entry.initial_margin, entry.maintain_margin,
    )  # fmt: skip
    multiplier = entry.multiplier.copy_abs()
    refuse_unless_amounts(*amounts, multiplier, venue="kucoin", what=entry.symbol, above_zero=True)
    return PairRules(
        pair=pair,
        symbol=entry.symbol,
        status=entry.status,
        is_trading=entry.status == OPEN,
        price_tick=entry.tick_size,
        size_step=entry.lot_size,
        min_size=entry.lot_size,
        min_cost=None,
        price_decimals=decimals_of(entry.tick_size),
        size_decimals=decimals_of(entry.lot_size),
        contract=Contract(
            multiplier=multiplier,
            settle_asset=asset_name(entry.settle_currency),
            max_leverage=entry.max_leverage,
            initial_margin=entry.initial_margin,
            maintenance_margin=entry.maintain_margin,
            is_inverse=entry.is_inverse,
        ),
    )


def candle_of_row(row: CandleRow, rules: PairRules) -> Candle:
    """Volume comes in contracts; of an inverse one, which stands for quote, the base is told by the close."""
    opened, opening, high, low, close, contracts = row
    worth = contracts * (rules.contract.multiplier if rules.contract else 1)
    is_inverse = rules.contract is not None and rules.contract.is_inverse
    return Candle(
        open_time=moment(opened),
        open=opening,
        high=high,
        low=low,
        close=close,
        base_volume=ROUNDED.quantize(ROUNDED.divide(worth, close), BASE_STEP) if is_inverse and close else worth,
        quote_volume=worth if is_inverse else None,
        trades=None,
        closed=False,
    )


def position_of_entry(entry: PositionEntry, pair: TradingPair) -> Position:
    """Raises MalformedPayload."""
    refuse_unless_amounts(entry.avg_entry_price, entry.mark_price, entry.leverage, venue="kucoin", what=str(pair))
    refuse_unless_numbers(entry.current_qty, entry.unrealised_pnl, entry.realised_pnl, venue="kucoin", what=str(pair))
    try:
        side, margin_mode = PositionSide(entry.position_side.lower()), MarginMode(entry.margin_mode.lower())
    except ValueError as error:
        raise MalformedPayload(str(error), venue="kucoin", pair=str(pair)) from error
    return Position(
        pair=pair,
        side=side,
        contracts=entry.current_qty,
        entry_price=entry.avg_entry_price,
        mark_price=entry.mark_price,
        leverage=entry.leverage,
        margin_mode=margin_mode,
        unrealised_profit=entry.unrealised_pnl,
        realised_profit=entry.realised_pnl,
    )
