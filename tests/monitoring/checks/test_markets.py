"""Whether a pair is there, trades, and has rules that an order can meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from connectors.errors import MalformedPayload
from connectors.types import PairRules, TradingPair
from monitoring.checks.causes import Failure
from monitoring.checks.markets import Observation, Priced, judge
from monitoring.checks.outcomes import Blame, Cause, CheckResult, Kind, Outcome
from monitoring.checks.rules_memory import Change
from monitoring.checks.runner import run_checks
from monitoring.checks.thresholds import MarketsThresholds, Thresholds
from tests.monitoring.checks.conftest import standing

if TYPE_CHECKING:
    from connectors.base import Connector
    from connectors.kraken import Kraken
    from connectors.sandbox import KrakenSandbox

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
    assert verdict.summary == "price decimals: 1 decimal (limit: enough for 0.05)"


def test_an_empty_list_of_pairs_is_the_venues_error() -> None:
    verdict = judge(Observation(PAIR, pairs=0, trading_pairs=0), LIMITS)

    assert (verdict.outcome, verdict.cause) == (Outcome.FAILED, Cause.PROTOCOL_VIOLATION)


def test_a_list_that_did_not_come_is_judged_by_its_error() -> None:
    garbled = Failure.of(MalformedPayload("expected JSON, got text/html"), step="trading_pairs")

    verdict = judge(Observation(PAIR, failures=(garbled,)), LIMITS)

    assert verdict.cause is Cause.MALFORMED_PAYLOAD
    assert [condition.name for condition in verdict.conditions] == ["trading_pairs"]


def test_changed_rules_are_told_and_blamed_on_the_venue() -> None:
    change = Change({"price_tick": Decimal("0.1")}, {"price_tick": Decimal(1)}, datetime(2026, 11, 21, tzinfo=UTC))

    verdict = judge(replace(LISTED, change=change), LIMITS)

    assert (verdict.outcome, verdict.cause, verdict.blame) == (
        Outcome.DEGRADED,
        Cause.RULES_CHANGED,
        Blame.EXCHANGE,
    )
    assert "price tick was 0.1, is 1, since 2026-11-21" in verdict.summary


ASKED_AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
PRICED = Priced(Decimal(100), Decimal(100), Decimal("0.0001"), ASKED_AT + timedelta(hours=4), ASKED_AT)


@pytest.mark.parametrize(
    ("fields", "outcome", "cause"),
    [
        ({}, Outcome.OK, Cause.NONE),
        ({"mark_price": Decimal(101)}, Outcome.OK, Cause.NONE),
        ({"mark_price": Decimal("98.9")}, Outcome.DEGRADED, Cause.BAD_MARK_PRICE),
        ({"mark_price": Decimal(104)}, Outcome.FAILED, Cause.BAD_MARK_PRICE),
        ({"mark_price": Decimal(0)}, Outcome.FAILED, Cause.BAD_MARK_PRICE),
        ({"middle": None}, Outcome.OK, Cause.NONE),
        ({"funding_rate": Decimal("-0.01")}, Outcome.OK, Cause.NONE),
        ({"funding_rate": Decimal("-0.011")}, Outcome.DEGRADED, Cause.BAD_FUNDING),
        ({"funding_rate": Decimal("0.05")}, Outcome.FAILED, Cause.BAD_FUNDING),
        ({"next_funding_at": None}, Outcome.OK, Cause.NONE),
        ({"next_funding_at": ASKED_AT - timedelta(seconds=60)}, Outcome.OK, Cause.NONE),
        ({"next_funding_at": ASKED_AT - timedelta(hours=1)}, Outcome.FAILED, Cause.BAD_FUNDING),
    ],
)
def test_the_mark_price_keeps_to_the_book_and_the_funding_within_reason(
    fields: dict[str, Any], outcome: Outcome, cause: Cause
) -> None:
    verdict = judge(replace(LISTED, priced=replace(PRICED, **fields)), LIMITS)

    assert (verdict.outcome, verdict.cause) == (outcome, cause)


async def look(connector: Connector, previous: CheckResult | None = None, **limits: float) -> CheckResult:
    before = {Kind.MARKETS: previous.evidence} if previous else {}
    thresholds = Thresholds.of({Kind.MARKETS: limits})
    [result] = await run_checks(connector, [Kind.MARKETS], thresholds=thresholds, previous=before)
    return result


async def test_a_change_of_rules_is_told_until_it_is_taken_back(sandbox: KrakenSandbox, connector: Kraken) -> None:
    first = await look(connector)
    sandbox.faults.switch_on("rules_change")
    changed = await look(connector, first)
    still = await look(connector, changed)
    sandbox.faults.clear()
    after = await look(connector, still)

    assert [seen.outcome for seen in (first, changed, still, after)] == ["ok", "degraded", "degraded", "ok"]
    assert changed.verdict.cause is Cause.RULES_CHANGED
    assert "price tick was 0.1, is 1.0" in changed.verdict.summary


async def test_a_change_is_accepted_when_it_was_shown_for_long_enough(
    sandbox: KrakenSandbox, connector: Kraken
) -> None:
    first = await look(connector)
    sandbox.faults.switch_on("rules_change")

    accepted = await look(connector, first, change_shown_s=0)

    assert (await look(connector, accepted)).outcome is Outcome.OK


async def test_rules_are_remembered_past_a_run_that_saw_none(sandbox: KrakenSandbox, connector: Kraken) -> None:
    first = await look(connector)
    sandbox.faults.switch_on("http_5xx")
    down = await look(connector, first)
    sandbox.faults.clear()
    sandbox.faults.switch_on("rules_change")

    changed = await look(connector, down)

    assert (down.verdict.cause, changed.verdict.cause) == (Cause.VENUE_ERROR, Cause.RULES_CHANGED)


@pytest.mark.parametrize("seconds", [3600, -3600])
async def test_a_venue_whose_clock_is_wrong_has_no_wrong_funding(seconds: float) -> None:
    async with standing("kucoin_perpetual") as (sandbox, perpetual):
        sandbox.faults.switch_on("clock_skew", seconds=seconds)
        assert (await look(perpetual)).outcome is Outcome.OK


async def test_a_perpetual_has_its_mark_price_and_funding_looked_at() -> None:
    async with standing("kucoin_perpetual") as (sandbox, perpetual):
        healthy = await look(perpetual)
        assert healthy.verdict.summary == "BTC-USDT trades, tick 0.1, minimum 1 × 0.001 BTC"
        sandbox.faults.switch_on("mark_price_off")
        off = await look(perpetual)
        sandbox.faults.clear()
        sandbox.faults.switch_on("funding_off")
        absurd = await look(perpetual)

    assert (healthy.outcome, healthy.evidence["rules"]["contract"]["multiplier"]) == (Outcome.OK, "0.001")

    assert (off.outcome, off.verdict.cause, off.verdict.blame) == ("failed", "bad_mark_price", "exchange")
    assert (absurd.outcome, absurd.verdict.cause, absurd.verdict.blame) == ("failed", "bad_funding", "exchange")
