"""Whether a pair is there, trades, and has rules that an order can meet."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from connectors.errors import MalformedPayload
from connectors.types import PairRules, TradingPair
from monitoring.checks.causes import Failure
from monitoring.checks.markets import Observation, judge
from monitoring.checks.outcomes import Blame, Cause, Outcome
from monitoring.checks.thresholds import MarketsThresholds

LIMITS = MarketsThresholds()
PAIR = TradingPair("BTC", "USD")
RULES = PairRules(
    pair=PAIR,
    symbol="BTC/USD",
    status="online",
    is_trading=True,
    price_tick=Decimal("0.1"),
    size_step=Decimal("0.00000001"),
    min_size=Decimal("0.00005"),
    min_cost=Decimal("0.5"),
    price_decimals=1,
    size_decimals=8,
)
LISTED = Observation(PAIR, pairs=10, trading_pairs=9, rules=RULES)


def test_a_pair_that_trades_by_sane_rules_is_ok() -> None:
    verdict = judge(LISTED, LIMITS)

    assert (verdict.outcome, verdict.summary) == (
        Outcome.OK,
        "BTC-USD trades, tick 0.1, minimum 0.00005",
    )


def test_a_pair_that_is_not_listed_is_unavailable() -> None:
    verdict = judge(replace(LISTED, rules=None), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.FAILED,
        Cause.PAIR_UNAVAILABLE,
        Blame.EXCHANGE,
    )
    assert verdict.summary == "pair listed: BTC-USD is not listed (limit: listed)"


def test_a_halted_pair_is_degraded_and_shows_the_venues_word() -> None:
    verdict = judge(replace(LISTED, rules=replace(RULES, is_trading=False, status="cancel_only")), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.DEGRADED, Cause.PAIR_UNAVAILABLE)
    assert "cancel_only" in verdict.summary


@pytest.mark.parametrize("name", ["price_tick", "size_step", "min_size", "min_cost"])
def test_a_rule_of_zero_is_no_rule(name: str) -> None:
    without = replace(RULES, **{name: Decimal(0)})  # type: ignore[arg-type]  # the names are of decimals

    verdict = judge(replace(LISTED, rules=without), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.FAILED, Cause.BAD_TRADING_RULES)
    assert verdict.summary == f"{name.replace('_', ' ')}: 0 (limit: > 0)"


def test_a_venue_without_a_minimum_cost_is_fine() -> None:
    assert judge(replace(LISTED, rules=replace(RULES, min_cost=None)), LIMITS).outcome is Outcome.OK


def test_a_tick_finer_than_the_printed_digits_cannot_be_right() -> None:
    verdict = judge(replace(LISTED, rules=replace(RULES, price_tick=Decimal("0.05"))), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.FAILED, Cause.BAD_TRADING_RULES)
    assert verdict.summary == "price decimals: 1 decimals (limit: 0.05 printed in full)"


def test_an_empty_list_of_pairs_is_the_venues_error() -> None:
    verdict = judge(Observation(PAIR, pairs=0, trading_pairs=0), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.FAILED, Cause.PROTOCOL_VIOLATION)


def test_a_list_that_did_not_come_is_judged_by_its_error() -> None:
    garbled = Failure.of(MalformedPayload("expected JSON, got text/html"), step="trading_pairs")

    verdict = judge(Observation(PAIR, failures=(garbled,)), LIMITS)

    assert verdict.cause is Cause.MALFORMED_PAYLOAD
    assert [condition.name for condition in verdict.conditions] == ["trading_pairs"]
