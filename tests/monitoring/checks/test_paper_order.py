"""What paper orders on a live book prove, and whom a failing one speaks against."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import (
    ChecksumMismatch,
    InsufficientFunds,
    Maintenance,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownPair,
)
from connectors.types import OrderRequest, OrderType, PositionMode, TradingPair
from monitoring.checks.causes import Failure
from monitoring.checks.evidence import Scope, as_json
from monitoring.checks.outcomes import Blame, Cause, Confidence, Outcome
from monitoring.checks.paper_order import Observation, judge, observe
from monitoring.checks.paper_order_desk import Leg, Proof
from monitoring.checks.thresholds import PaperOrderThresholds
from tests.monitoring.checks.conftest import standing

LIMITS = PaperOrderThresholds()
BRISK = PaperOrderThresholds(rest_books=3)
PAIR = TradingPair("BTC", "USD")
ACCEPTED = {"LIMIT": "buy 0.05 XBTUSD @ limit 50", "MARKET": "buy 0.05 XBTUSD @ market"}
WHOLE = Observation(
    PAIR,
    pair_status="online",
    is_trading=True,
    proofs=(Proof("taker_cost", "302 USD", "302 USD"), Proof("USD_conserved", "nothing missing", "nothing missing")),
    has_validation=True,
    venue_accepts=ACCEPTED,
)


def of(**changes: object) -> tuple[Outcome, Cause, Blame]:
    verdict = judge(replace(WHOLE, **changes), LIMITS)  # type: ignore[arg-type]  # each test names its fields
    return verdict.outcome, verdict.cause, verdict.blame


def test_orders_that_come_to_what_they_must_are_ok() -> None:
    verdict = judge(WHOLE, LIMITS)

    assert verdict.outcome is Outcome.OK
    assert verdict.summary == ("0 orders traded on paper, every unit accounted for; venue validation LIMIT, MARKET")


def test_without_credentials_the_venue_is_not_asked_and_the_rest_still_counts() -> None:
    verdict = judge(replace(WHOLE, has_validation=False, venue_accepts={}), LIMITS)

    assert verdict.outcome is Outcome.OK
    assert verdict.summary.endswith("venue validation not run: no credentials")


def test_what_our_engine_gets_wrong_is_the_connectors_fault_and_is_told_beside_what_was_right() -> None:
    wrong = Proof("USD_conserved", "nothing missing", "-0.01 USD missing")

    verdict = judge(replace(WHOLE, proofs=(WHOLE.proofs[0], wrong)), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.CONNECTOR_ERROR,
        Blame.CONNECTOR,
    )
    assert verdict.summary == "USD conserved: -0.01 USD missing (limit: nothing missing)"


@pytest.mark.parametrize("step", ["orders_that_take", "orders_that_rest", "cancelling"])
def test_an_order_that_our_engine_refuses_is_the_connectors_fault(step: str) -> None:
    refused = Failure.of(Rejected("size: below the minimum"), step=step)

    assert of(failures=(refused,)) == (Outcome.FAILED, Cause.CONNECTOR_ERROR, Blame.CONNECTOR)


def test_a_stream_that_breaks_under_an_order_is_not_the_engines_fault() -> None:
    broken = Failure.of(ChecksumMismatch("differs"), step="orders_that_rest")

    assert of(failures=(broken,)) == (Outcome.FAILED, Cause.CHECKSUM_MISMATCH, Blame.EXCHANGE)


def test_an_order_that_the_venue_refuses_has_failed() -> None:
    refused = Failure.of(Rejected("EOrder:Order minimum not met"), step="venue_validation_limit")

    verdict = judge(replace(WHOLE, venue_accepts={}, failures=(refused,)), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.FAILED, Cause.ORDER_REFUSED)
    assert (verdict.blame, verdict.confidence) == (Blame.EXCHANGE, Confidence.MEDIUM)


@pytest.mark.parametrize("step", ["venue_validation_market", "position_mode"])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            PermissionDenied("EGeneral:Permission denied"),
            (Outcome.INCONCLUSIVE, Cause.AUTH_REJECTED, Blame.CREDENTIALS),
        ),
        (InsufficientFunds("Balance insufficient"), (Outcome.INCONCLUSIVE, Cause.NO_FUNDS, Blame.CREDENTIALS)),
        (RateLimited("HTTP 429"), (Outcome.INCONCLUSIVE, Cause.RATE_LIMITED, Blame.OWN_RATE)),
        # A mode in which the venue takes no such order.
        (Maintenance("post_only mode"), (Outcome.DEGRADED, Cause.EXCHANGE_MAINTENANCE, Blame.EXCHANGE)),
    ],
)
def test_what_only_keeps_the_venues_opinion_from_us_is_no_failure(
    step: str, error: Exception, expected: tuple[Outcome, Cause, Blame]
) -> None:
    assert of(venue_accepts={}, failures=(Failure.of(error, step=step),)) == expected


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


@pytest.mark.parametrize(("has_empty_side", "outcome"), [(True, Outcome.FAILED), (False, Outcome.DEGRADED)])
def test_a_book_with_nothing_to_take_is_the_markets_state_and_not_our_error(
    *, has_empty_side: bool, outcome: Outcome
) -> None:
    seen = of(proofs=(), is_too_thin=True, has_empty_side=has_empty_side)

    assert seen == (outcome, Cause.EMPTY_BOOK, Blame.EXCHANGE)


# On live books.


async def seen_by(connector: Any, limits: PaperOrderThresholds = BRISK) -> Observation:
    return await observe(connector, Scope(connector.default_pair, 0, 30), limits)


def leg(seen: Observation, name: str) -> Leg:
    return next(one for one in seen.legs if one.name == name)


@pytest.mark.parametrize("connector_id", ["kraken", "kucoin"])
async def test_every_type_of_order_lives_its_life_on_a_spot_book(connector_id: str) -> None:
    async with standing(connector_id) as (_, connector):
        seen = await seen_by(connector)

    assert judge(seen, BRISK).outcome is Outcome.OK
    assert [(one.name, one.order_type, one.status) for one in seen.legs] == [
        ("maker_that_takes", OrderType.LIMIT_MAKER, "rejected"),
        ("taker", OrderType.MARKET, "filled"),
        ("limit", OrderType.LIMIT, "filled"),
        ("maker", OrderType.LIMIT_MAKER, leg(seen, "maker").status),
        ("far_maker", OrderType.LIMIT_MAKER, "cancelled"),
    ]
    assert leg(seen, "maker").status in ("cancelled", "filled")
    assert set(seen.venue_accepts) == {"LIMIT", "LIMIT_MAKER", "MARKET"}
    assert "conserved" in " ".join(proof.name for proof in seen.proofs)


async def test_each_leg_is_timed_and_says_how_old_its_book_was() -> None:
    async with standing("kraken") as (_, connector):
        seen = await seen_by(connector)

    taker, far = leg(seen, "taker"), leg(seen, "far_maker")
    assert taker.acknowledged_ms is not None
    assert taker.filled_ms is not None
    assert taker.ended_ms is not None
    assert 0 < taker.acknowledged_ms <= taker.filled_ms <= taker.ended_ms
    assert 0 <= taker.book_age_ms < 1000
    assert (far.filled_ms, far.books) == (None, 3)
    assert far.ended_ms is not None
    assert far.ended_ms > taker.ended_ms


@pytest.mark.slow("its list of contracts alone takes half a second")
async def test_a_perpetual_is_traded_in_every_position_mode() -> None:
    async with standing("kucoin_perpetual") as (_, connector):
        seen = await seen_by(connector)

    names = [one.name for one in seen.legs]
    proven = {proof.name for proof in seen.proofs}
    assert judge(seen, BRISK).outcome is Outcome.OK
    assert seen.valuation is not None
    assert seen.position_mode is PositionMode.ONE_WAY
    assert [name for name in names if name.startswith("hedge")] == [
        "hedge_maker_that_takes",
        "hedge_taker",
        "hedge_short",
        "hedge_close",
        "hedge_cover",
        "hedge_maker",
        "hedge_far_maker",
    ]
    assert "one_way_close" in names
    assert "one_way_short" not in names
    for mode in ("one_way", "hedge"):
        assert {
            f"{mode}_{name}"
            for name in (
                "positions",
                "margin",
                "profit_at_mark",
                "funding",
                "realised_profit",
                "held_for_orders",
                "conserved",
            )
        } <= proven


@pytest.mark.slow("its list of contracts alone takes half a second")
@pytest.mark.parametrize("fault", ["mark_price_off", "funding_off"])
async def test_a_valuation_that_is_off_is_accounted_for_like_any_other(fault: str) -> None:
    async with standing("kucoin_perpetual") as (sandbox, connector):
        sandbox.faults.switch_on(fault)
        verdict = judge(await seen_by(connector), BRISK)

    assert verdict.outcome is Outcome.OK


@pytest.mark.parametrize("connector_id", ["kraken", "kucoin"])
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("order_refused", (Outcome.FAILED, Cause.ORDER_REFUSED, Blame.EXCHANGE)),
        ("permission_denied", (Outcome.INCONCLUSIVE, Cause.AUTH_REJECTED, Blame.CREDENTIALS)),
        ("empty_side", (Outcome.FAILED, Cause.EMPTY_BOOK, Blame.EXCHANGE)),
        ("crossed_book", (Outcome.FAILED, Cause.CROSSED_BOOK, Blame.EXCHANGE)),
        ("wide_spread", (Outcome.OK, Cause.NONE, Blame.NONE)),
    ],
)
async def test_a_fault_of_the_venue_is_not_taken_for_one_of_our_engine(
    connector_id: str, fault: str, expected: tuple[Outcome, Cause, Blame]
) -> None:
    async with standing(connector_id) as (sandbox, connector):
        sandbox.faults.switch_on(fault)
        verdict = judge(await seen_by(connector), BRISK)

    assert (verdict.outcome, verdict.cause, verdict.blame) == expected


async def test_rules_whose_lot_and_tick_the_book_does_not_keep_are_still_kept_by_our_orders() -> None:
    async with standing("kraken") as (sandbox, connector):
        sandbox.faults.switch_on("rules_change", factor=10)
        verdict = judge(await seen_by(connector), BRISK)

    assert verdict.outcome is Outcome.OK


async def test_a_refused_order_is_the_last_that_the_venue_is_asked_about() -> None:
    async with standing("kraken") as (sandbox, connector):
        sandbox.faults.switch_on("order_refused")
        seen = await seen_by(connector)

    assert [failure.step for failure in seen.failures] == ["venue_validation_limit"]
    assert seen.venue_accepts == {}


async def test_the_evidence_is_plain_and_holds_nothing_of_our_account() -> None:
    async with standing("kraken") as (sandbox, connector):
        evidence = str(as_json(await seen_by(connector)))

    assert sandbox.credentials.api_key not in evidence
    assert "Decimal" not in evidence


async def test_a_key_whose_account_is_empty_leaves_only_the_venues_opinion_open() -> None:
    async with standing("kraken") as (_, connector):

        async def validate_order(order: OrderRequest) -> str:
            raise InsufficientFunds("EOrder:Insufficient funds")

        connector.validate_order = validate_order
        verdict = judge(await seen_by(connector), BRISK)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.INCONCLUSIVE,
        Cause.NO_FUNDS,
        Blame.CREDENTIALS,
    )


@pytest.mark.slow("its list of contracts alone takes half a second")
async def test_without_a_mark_price_a_perpetual_is_not_traded() -> None:
    async with standing("kucoin_perpetual") as (_, connector):

        async def mark_price(pair: TradingPair) -> Decimal:
            raise Unavailable("HTTP 503")

        connector.mark_price = mark_price
        seen = await seen_by(connector)

    verdict = judge(seen, BRISK)
    assert (verdict.outcome, verdict.cause, verdict.conditions[0].name) == (
        Outcome.FAILED,
        Cause.VENUE_ERROR,
        "mark_price",
    )
    assert (seen.legs, seen.valuation) == ((), None)


async def test_a_contract_that_cannot_be_traded_on_paper_is_our_own_choice_of_pair() -> None:
    async with standing("kucoin_perpetual") as (_, connector):
        seen = await observe(connector, Scope(TradingPair("BTC", "USD"), seconds=1, deadline_s=10), BRISK)

    verdict = judge(seen, BRISK)
    assert (verdict.outcome, verdict.cause, verdict.blame) == (Outcome.INCONCLUSIVE, Cause.NOT_SET_UP, Blame.VANTAGE)
    assert "use one that is settled in its quote, USD" in verdict.summary
