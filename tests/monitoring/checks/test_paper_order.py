"""What paper orders on a live book prove, and whom a failing one speaks against."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.errors import ChecksumMismatch, Maintenance, PermissionDenied, Rejected, UnknownPair
from connectors.paper import PaperOrderStatus
from connectors.types import BookLevel, BookSnapshot, OrderType, PairRules, Side, TradingPair
from monitoring.checks.causes import Failure
from monitoring.checks.outcomes import Blame, Cause, Outcome
from monitoring.checks.paper_order import Observation, Rested, Taken, judge, levels_to_walk, small_order
from monitoring.checks.thresholds import PaperOrderThresholds

LIMITS = PaperOrderThresholds()
PAIR = TradingPair("BTC", "USD")
RULES = PairRules(
    pair=PAIR,
    symbol="BTC/USD",
    status="online",
    is_trading=True,
    price_tick=Decimal("0.1"),
    size_step=Decimal("0.0001"),
    min_size=Decimal("0.005"),
    min_cost=Decimal("5"),
    price_decimals=1,
    size_decimals=4,
)
TAKEN = Taken(
    status=PaperOrderStatus.FILLED,
    size=Decimal(3),
    filled=Decimal(3),
    levels=2,
    expected_levels=2,
    cost=Decimal(302),
    expected_cost=Decimal(302),
    fee=Decimal("0.604"),
)
RESTED = Rested(
    status=PaperOrderStatus.OPEN,
    size=Decimal(3),
    held=Decimal(3),
    books=2,
    status_when_cancelled=PaperOrderStatus.CANCELLED,
    held_when_cancelled=Decimal(0),
)
WHOLE = Observation(
    PAIR,
    pair_status="online",
    is_trading=True,
    taken=TAKEN,
    rested=RESTED,
    missing={"BTC": Decimal(0), "USD": Decimal("0.000")},
    has_validation=True,
    venue_accepts="buy 0.05 XBTUSD @ limit 50",
)


def levels(*pairs: tuple[str, str]) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(Decimal(price), Decimal(size)) for price, size in pairs)


def of(**changes: object) -> tuple[Outcome, Cause, Blame]:
    verdict = judge(replace(WHOLE, **changes), LIMITS)  # type: ignore[arg-type]  # each test names its fields
    return verdict.outcome, verdict.cause, verdict.blame


def test_orders_that_fill_rest_and_cancel_with_nothing_missing_are_ok() -> None:
    verdict = judge(WHOLE, LIMITS)

    assert verdict.outcome is Outcome.OK
    assert verdict.summary == (
        "bought across 2 levels, rested, cancelled, every unit accounted for; venue validation accepted"
    )


def test_without_credentials_the_venue_is_not_asked_and_the_rest_still_counts() -> None:
    verdict = judge(replace(WHOLE, has_validation=False, venue_accepts=None), LIMITS)

    assert verdict.outcome is Outcome.OK
    assert verdict.summary.endswith("venue validation not run: no credentials")


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"taken": replace(TAKEN, status=PaperOrderStatus.CANCELLED)}, "taker_filled"),
        ({"taken": replace(TAKEN, filled=Decimal(2))}, "taker_filled"),
        ({"taken": replace(TAKEN, levels=1)}, "taker_levels"),
        ({"taken": replace(TAKEN, cost=Decimal(301))}, "taker_cost"),
        ({"rested": replace(RESTED, status=PaperOrderStatus.FILLED)}, "maker_rests"),
        ({"rested": replace(RESTED, held=Decimal(2))}, "maker_rests"),
        ({"rested": replace(RESTED, status_when_cancelled=PaperOrderStatus.OPEN)}, "maker_cancelled"),
        ({"rested": replace(RESTED, held_when_cancelled=Decimal(3))}, "maker_cancelled"),
        ({"missing": {"BTC": Decimal(0), "USD": Decimal("-0.01")}}, "balances_conserved"),
    ],
)
def test_what_our_engine_gets_wrong_is_the_connectors_fault(changed: dict[str, object], name: str) -> None:
    verdict = judge(replace(WHOLE, **changed), LIMITS)  # type: ignore[arg-type]  # as above

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.CONNECTOR_ERROR,
        Blame.CONNECTOR,
    )
    assert [condition.name for condition in verdict.conditions if condition.outcome is Outcome.FAILED] == [name]


def test_money_that_is_missing_is_named_with_its_asset() -> None:
    verdict = judge(replace(WHOLE, missing={"BTC": Decimal(0), "USD": Decimal("-0.01")}), LIMITS)

    assert verdict.summary == "balances conserved: -0.01 USD (limit: nothing missing)"


@pytest.mark.parametrize("step", ["taker", "maker", "cancel"])
def test_an_order_that_our_engine_refuses_is_the_connectors_fault(step: str) -> None:
    refused = Failure.of(Rejected("size: below the minimum"), step=step)

    assert of(failures=(refused,)) == (Outcome.FAILED, Cause.CONNECTOR_ERROR, Blame.CONNECTOR)


def test_a_stream_that_breaks_under_an_order_is_not_the_engines_fault() -> None:
    broken = Failure.of(ChecksumMismatch("differs"), step="maker")

    assert of(rested=None, failures=(broken,)) == (Outcome.FAILED, Cause.CHECKSUM_MISMATCH, Blame.UNKNOWN)


def test_an_order_that_the_venue_refuses_has_failed() -> None:
    refused = Failure.of(Rejected("EOrder:Order minimum not met"), step="venue_validation")

    assert of(venue_accepts=None, failures=(refused,)) == (Outcome.FAILED, Cause.VENUE_ERROR, Blame.UNKNOWN)


def test_a_key_that_may_not_order_leaves_only_the_venues_opinion_open() -> None:
    denied = Failure.of(PermissionDenied("EGeneral:Permission denied"), step="venue_validation")

    seen = of(venue_accepts=None, failures=(denied,))

    assert seen == (Outcome.INCONCLUSIVE, Cause.AUTH_REJECTED, Blame.CREDENTIALS)


def test_a_venue_whose_mode_takes_no_such_order_is_degraded() -> None:
    restricted = Failure.of(Maintenance("EService:Market in post_only mode"), step="venue_validation")

    seen = of(venue_accepts=None, failures=(restricted,))

    assert seen == (Outcome.DEGRADED, Cause.EXCHANGE_MAINTENANCE, Blame.EXCHANGE)


def test_maintenance_in_the_way_of_the_book_has_failed() -> None:
    announced = Failure.of(Maintenance("the venue announces maintenance"), step="book_stream")

    assert of(failures=(announced,)) == (Outcome.FAILED, Cause.EXCHANGE_MAINTENANCE, Blame.EXCHANGE)


def test_a_halted_pair_is_degraded_and_nothing_is_ordered() -> None:
    verdict = judge(Observation(PAIR, pair_status="cancel_only"), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.DEGRADED, Cause.PAIR_UNAVAILABLE)
    assert verdict.summary == "pair status: cancel_only (limit: trading)"


def test_a_pair_that_is_gone_is_unavailable() -> None:
    gone = Failure.of(UnknownPair("not listed"), step="trading_rules")

    verdict = judge(Observation(PAIR, failures=(gone,)), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.FAILED, Cause.PAIR_UNAVAILABLE)


def test_at_least_two_levels_are_walked() -> None:
    asks = levels(("100.1", "1"), ("100.2", "2"), ("100.3", "3"))

    assert levels_to_walk(asks, RULES) == asks[:2]


def test_as_many_levels_are_walked_as_an_order_needs_to_be_allowed() -> None:
    by_size = levels(("9000", "0.002"), ("9001", "0.002"), ("9002", "0.002"), ("9003", "9"))
    by_cost = levels(("100.1", "0.02"), ("100.2", "0.02"), ("100.3", "0.02"), ("100.4", "9"))

    assert levels_to_walk(by_size, RULES) == by_size[:3]
    assert levels_to_walk(by_cost, RULES) == by_cost[:3]
    assert levels_to_walk(by_cost, replace(RULES, min_cost=None)) == by_cost[:2]


def test_a_book_of_one_level_is_walked_as_it_is() -> None:
    assert levels_to_walk(levels(("100.1", "1")), RULES) == levels(("100.1", "1"))


def test_the_order_for_the_venue_is_the_smallest_that_its_rules_allow_at_half_the_price() -> None:
    book = BookSnapshot(PAIR, levels(("100.3", "1")), levels(("100.4", "1")))

    by_cost = small_order(RULES, book)
    by_size = small_order(replace(RULES, min_cost=None), book)

    assert (by_cost.side, by_cost.order_type) == (Side.BUY, OrderType.LIMIT)
    # 5 / 50.1 = 0.09980…, rounded up to a step of 0.0001
    assert (by_cost.price, by_cost.size) == (Decimal("50.1"), Decimal("0.0999"))
    assert by_size.size == Decimal("0.005")


def test_the_order_for_the_venue_has_a_price_where_half_of_one_is_none() -> None:
    book = BookSnapshot(PAIR, levels(("0.1", "1")), ())

    assert small_order(RULES, book).price == Decimal("0.1")
