"""The lives of paper orders on books written out: what is traded, what is proven, and what becomes of who waits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.paper import PaperExchange, PaperOrder
from connectors.paper_perpetual import FundingPayment, PaperPerpetual
from connectors.types import BookLevel, BookSnapshot, Contract, OrderType, PairRules, PositionMode, TradingPair
from monitoring.checks import paper_order_perpetual, paper_order_spot
from monitoring.checks.paper_order_desk import Record
from monitoring.checks.paper_order_perpetual import PerpetualAccount
from monitoring.checks.paper_order_spot import SpotAccount

PAIR = TradingPair("BTC", "USDT")
RULES = PairRules(
    pair=PAIR,
    symbol="BTC-USDT",
    status="open",
    is_trading=True,
    price_tick=Decimal("0.1"),
    size_step=Decimal("0.01"),
    min_size=Decimal("0.01"),
    min_cost=Decimal(1),
    price_decimals=1,
    size_decimals=2,
)
PERPETUAL = replace(
    RULES,
    size_step=Decimal(1),
    min_size=Decimal(1),
    min_cost=None,
    contract=Contract(
        multiplier=Decimal("0.001"),
        settle_asset="USDT",
        max_leverage=Decimal(100),
        initial_margin=Decimal("0.01"),
        maintenance_margin=Decimal("0.005"),
    ),
)
EVERY_TYPE = tuple(OrderType)


def book(bid: str, ask: str, size: int = 40) -> BookSnapshot:
    """Three levels a side, a tick apart."""

    def side(best: str, step: str) -> tuple[BookLevel, ...]:
        return tuple(BookLevel(Decimal(best) + number * Decimal(step), Decimal(size)) for number in range(3))

    return BookSnapshot(PAIR, side(bid, "-0.1"), side(ask, "0.1"))


AT_100 = book("100.0", "100.1")
RISEN = book("100.1", "100.2")


def record() -> Record:
    return Record(lambda: 1.0, "lots")


def spot(order_types: tuple[OrderType, ...] = EVERY_TYPE) -> SpotAccount:
    return SpotAccount(RULES, order_types, record())


def perpetual(
    mode: PositionMode = PositionMode.ONE_WAY,
    order_types: tuple[OrderType, ...] = EVERY_TYPE,
    funding_rate: Decimal | None = Decimal("0.0001"),
) -> PerpetualAccount:
    return PerpetualAccount(
        PERPETUAL, order_types, record(), mode=mode, mark_price=Decimal(100), funding_rate=funding_rate
    )


def live(account: SpotAccount | PerpetualAccount, *later: BookSnapshot) -> dict[str, tuple[str, str]]:
    """The whole life of an account; what had to be and what was, by name."""
    account.trade(AT_100)
    account.rest(AT_100)
    for one in later:
        account.on_book(one)
    account.end()
    return {proof.name: (proof.expected, proof.seen) for proof in account.record.proofs}


def wrong(proofs: dict[str, tuple[str, str]]) -> list[str]:
    return [name for name, (expected, seen) in proofs.items() if expected != seen]


def test_a_spot_account_is_proven_sum_by_sum() -> None:
    proofs = live(spot(), AT_100)

    assert wrong(proofs) == []
    # 40 at 100.1 and 0.01 at 100.2; a fee of 0.2 %
    assert proofs["taker_cost"] == ("4005.002 USDT", "4005.002 USDT")
    assert proofs["taker_fee"] == ("8.010004 USDT", "8.010004 USDT")
    assert proofs["held_BTC"] == ("40.01 BTC", "40.01 BTC")
    # 0.02 at 50, and a maker's 0.1 % of it
    assert proofs["held_USDT"] == ("1.001 USDT", "1.001 USDT")


def test_a_perpetual_account_is_proven_sum_by_sum() -> None:
    proofs = live(perpetual(), AT_100)

    assert wrong(proofs) == []
    # 40 contracts of 0.001 at 100.1 and one at 100.2, at a leverage of 2
    assert proofs["taker_cost"] == ("4.1042 USDT", "4.1042 USDT")
    assert proofs["margin"] == ("2.0521 USDT", "2.0521 USDT")
    assert proofs["positions"] == ("41 contracts", "41 contracts")
    assert proofs["profit_at_mark"] == ("-0.0042 USDT", "-0.0042 USDT")
    assert proofs["funding"] == ("-0.00041 USDT", "-0.00041 USDT")
    assert proofs["realised_profit"] == ("-0.0043 USDT", "-0.0043 USDT")
    assert proofs["positions_after_closing"] == ("none", "none")


def test_in_hedge_mode_both_positions_are_held_and_funded_against_each_other() -> None:
    proofs = live(perpetual(PositionMode.HEDGE), AT_100)

    assert wrong(proofs) == []
    assert proofs["positions"] == ("41, -41 contracts", "41, -41 contracts")
    assert proofs["funding"] == ("-0.00041, 0.00041 USDT", "-0.00041, 0.00041 USDT")
    # at 100.1 the value is 4.1041; bought for 4.1042, sold for 4.0999
    assert proofs["profit_when_it_moves"] == ("-0.0001, -0.0042 USDT", "-0.0001, -0.0042 USDT")
    assert proofs["closed"] == ("41, 41 contracts", "41, 41 contracts")


@pytest.mark.parametrize(
    "account", [spot(), perpetual(), perpetual(PositionMode.HEDGE)], ids=["spot", "one way", "hedge"]
)
def test_a_maker_that_the_market_reaches_is_filled_and_accounted_for(account: SpotAccount | PerpetualAccount) -> None:
    proofs = live(account, AT_100, replace(RISEN, bids=RISEN.bids[:1]), RISEN, book("100.3", "100.4", 90))

    maker = next(leg for leg in account.record.legs if leg.name == "maker")
    assert wrong(proofs) == []
    assert account.is_filled
    assert (maker.status, maker.filled) == ("filled", maker.size)
    assert maker.filled_ms is not None
    assert maker.ended_ms is not None
    assert maker.ended_ms >= maker.filled_ms
    assert "maker_ends" not in proofs


def test_a_maker_that_is_filled_in_part_is_cancelled_for_the_rest() -> None:
    account = spot()

    proofs = live(account, replace(RISEN, bids=RISEN.bids[:1]))

    maker = next(leg for leg in account.record.legs if leg.name == "maker")
    assert wrong(proofs) == []
    assert not account.is_filled
    assert (maker.status, maker.filled) == ("cancelled", Decimal(40))
    assert proofs["maker_ends"] == ("cancelled", "cancelled")


@pytest.mark.parametrize(
    ("order_types", "names"),
    [
        ((OrderType.MARKET,), ["taker"]),
        ((OrderType.LIMIT,), ["limit"]),
        ((OrderType.LIMIT_MAKER,), ["maker_that_takes", "maker", "far_maker"]),
    ],
)
def test_only_the_declared_types_are_traded_on_spot(order_types: tuple[OrderType, ...], names: list[str]) -> None:
    account = spot(order_types)

    assert wrong(live(account, AT_100)) == []
    assert [leg.name for leg in account.record.legs] == names


@pytest.mark.parametrize(
    ("order_types", "names"),
    [
        ((OrderType.MARKET,), ["taker", "close"]),
        ((OrderType.LIMIT,), []),
        ((OrderType.LIMIT_MAKER,), ["maker_that_takes", "maker", "far_maker"]),
    ],
)
def test_only_the_declared_types_are_traded_on_a_perpetual(
    order_types: tuple[OrderType, ...], names: list[str]
) -> None:
    account = perpetual(order_types=order_types)

    assert wrong(live(account, AT_100)) == []
    assert [leg.name for leg in account.record.legs] == names


def test_without_a_funding_rate_none_is_paid() -> None:
    proofs = live(perpetual(funding_rate=None), AT_100)

    assert wrong(proofs) == []
    assert "funding" not in proofs


class Miserly(PaperExchange):
    """Keeps what a cancelled order held."""

    def cancel(self, order_id: str) -> PaperOrder:
        held = self.balances["USDT"].held
        self._totals["USDT"] -= held
        return super().cancel(order_id)


class Unfunded(PaperPerpetual):
    """Forgets to credit a payment that it reports."""

    def on_funding(self, rate: Decimal, mark_price: Decimal) -> list[FundingPayment]:
        wallet = self._ledger.copy()
        paid = super().on_funding(rate, mark_price)
        self._ledger = wallet
        return paid


def test_a_spot_engine_that_loses_money_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_order_spot, "PaperExchange", Miserly)

    proofs = live(spot(), AT_100)

    assert wrong(proofs) == ["USDT_conserved"]
    # of both orders that were cancelled: 1.001 while the far one was held
    assert proofs["USDT_conserved"][1] == "2.002 USDT missing"


def test_a_perpetual_engine_that_forgets_funding_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper_order_perpetual, "PaperPerpetual", Unfunded)

    proofs = live(perpetual(), AT_100)

    assert wrong(proofs) == ["conserved"]
    assert proofs["conserved"][1] == "-0.00041 USDT missing"
