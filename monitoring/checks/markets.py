"""Does the venue list the pair, does it trade, and are its trading rules such that an order can be made?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.base import MarketData
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Cause, Condition, Outcome, Verdict, holds

if TYPE_CHECKING:
    from decimal import Decimal

    from connectors.types import PairRules, TradingPair
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import MarketsThresholds

NEEDS = (MarketData,)


@dataclass(frozen=True, slots=True)
class Observation:
    """`rules` is None where the pair is not listed, or where the list did not come (`pairs` is None then)."""

    pair: TradingPair
    pairs: int | None = None
    trading_pairs: int | None = None
    rules: PairRules | None = None
    failures: tuple[Failure, ...] = ()


async def observe(connector: MarketData, scope: Scope, limits: MarketsThresholds) -> Observation:
    """Ask for every pair once."""
    steps = Steps(scope.deadline_s)
    listed: dict[TradingPair, PairRules] | None = None
    async with steps.step("trading_pairs"):
        listed = await connector.trading_pairs()
    if listed is None:
        return Observation(scope.pair, failures=steps.failures)
    return Observation(
        scope.pair,
        pairs=len(listed),
        trading_pairs=sum(rules.is_trading for rules in listed.values()),
        rules=listed.get(scope.pair),
        failures=steps.failures,
    )


def judge(observation: Observation, limits: MarketsThresholds) -> Verdict:
    """A pair that is gone or halted is the venue's decision; rules that no order can meet are its error."""
    conditions = [failure.condition() for failure in observation.failures]
    if observation.pairs is not None:
        conditions.append(
            holds(
                "pairs_listed",
                observation.pairs >= limits.min_pairs,
                limit=f"≥ {limits.min_pairs}",
                seen=str(observation.pairs),
                cause=Cause.PROTOCOL_VIOLATION,
            )
        )
        conditions.append(_listed(observation))
    if observation.rules is not None:
        conditions += [_trades(observation.rules), *_rules(observation.rules)]
    rules = observation.rules
    return Verdict.of(
        conditions,
        when_ok=f"{observation.pair} trades, tick {rules.price_tick:f}, minimum {rules.min_size:f}" if rules else "",
    )


def _listed(observation: Observation) -> Condition:
    return holds(
        "pair_listed",
        observation.rules is not None,
        limit="listed",
        seen="listed" if observation.rules else f"{observation.pair} is not listed",
        cause=Cause.PAIR_UNAVAILABLE,
    )


def _trades(rules: PairRules) -> Condition:
    return holds(
        "pair_status",
        rules.is_trading,
        limit="trading",
        seen=rules.status,
        cause=Cause.PAIR_UNAVAILABLE,
        otherwise=Outcome.DEGRADED,
    )


def _rules(rules: PairRules) -> list[Condition]:
    values: dict[str, Decimal] = {
        "price_tick": rules.price_tick,
        "size_step": rules.size_step,
        "min_size": rules.min_size,
    }
    if rules.min_cost is not None:
        values["min_cost"] = rules.min_cost
    conditions = [
        holds(
            name,
            value > 0,
            limit="> 0",
            seen=f"{value:f}",
            cause=Cause.BAD_TRADING_RULES,
        )
        for name, value in values.items()
    ]
    # Digits beyond the printed ones would be cut off on the way to the venue.
    for name, step, decimals in (
        ("price_decimals", rules.price_tick, rules.price_decimals),
        ("size_decimals", rules.size_step, rules.size_decimals),
    ):
        scaled = step.scaleb(decimals)
        conditions.append(
            holds(
                name,
                scaled == scaled.to_integral_value(),
                limit=f"{step:f} printed in full",
                seen=f"{decimals} decimals",
                cause=Cause.BAD_TRADING_RULES,
            )
        )
    return conditions
