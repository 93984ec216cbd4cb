"""Does the venue list the pair, does it trade, can an order be made by its rules, and are they those of before?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connectors.base import MarketData, Perpetual
from connectors.clock import utc_now
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Cause, Condition, Outcome, Verdict, at_most, holds, quantity
from monitoring.checks.rules_memory import Change, compared, remembered

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from connectors.types import PairRules, TradingPair
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import MarketsThresholds

NEEDS = (MarketData,)

BOOK_DEPTH = 20
"""Of the book that the mark price is held against; only its best prices are looked at."""

FUNDING_GRACE = timedelta(minutes=1)
"""How long the venue may take to name the next funding when one is over."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A perpetual's prices and its funding: `middle` is of the best bid and ask, None where a side is empty.

    `asked_at` is by the venue's clock or ours, whichever is behind: no funding is past by one of them only.
    """

    mark_price: Decimal
    middle: Decimal | None
    funding_rate: Decimal
    next_funding_at: datetime | None
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Observation:
    """`rules` is None where the pair is not listed, or where the list did not come (`pairs` is None then).

    `change` tells rules that are not those of before; `memory` is for the next run.
    """

    pair: TradingPair
    pairs: int | None = None
    trading_pairs: int | None = None
    rules: PairRules | None = None
    change: Change | None = None
    priced: Priced | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


async def observe(connector: MarketData, scope: Scope, limits: MarketsThresholds) -> Observation:
    """Ask for every pair once, and of a perpetual for its mark price and funding."""
    steps = Steps(scope.deadline_s)
    listed: dict[TradingPair, PairRules] | None = None
    priced: Priced | None = None
    async with steps.step("trading_pairs"):
        listed = await connector.trading_pairs()
    if listed is None:
        return Observation(scope.pair, memory=scope.memory, failures=steps.failures)
    rules = listed.get(scope.pair)
    memory, change = scope.memory, None
    if rules is not None:
        memory, change = compared(rules, memory, now=utc_now(), shown_s=limits.change_shown_s)
        if rules.is_trading and isinstance(connector, Perpetual):
            async with steps.step("mark_and_funding"):
                priced = await _priced(connector, scope.pair)
    return Observation(
        scope.pair,
        pairs=len(listed),
        trading_pairs=sum(rules.is_trading for rules in listed.values()),
        rules=rules,
        change=change,
        priced=priced,
        memory=memory,
        failures=steps.failures,
    )


async def _priced(connector: Any, pair: TradingPair) -> Priced:
    """The book is asked for right beside the mark price, which follows it."""
    clock = await connector.server_time()
    funding = await connector.funding_rate(pair)
    book = await connector.book_snapshot(pair, depth=BOOK_DEPTH)
    middle = (book.bids[0].price + book.asks[0].price) / 2 if book.bids and book.asks else None
    return Priced(
        await connector.mark_price(pair), middle, funding.rate, funding.next_at, min(clock.venue_time, utc_now())
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
        conditions += [_trades(observation.rules), *_rules(observation.rules), _unchanged(observation)]
    if observation.priced is not None:
        conditions += _priced_well(observation.priced, limits)
    rules = observation.rules
    return Verdict.of(
        conditions,
        when_ok=f"{observation.pair} trades, tick {rules.price_tick:f}, minimum {_smallest(rules)}" if rules else "",
    )


def _smallest(rules: PairRules) -> str:
    """The smallest order in words: sizes of a perpetual are counted in contracts."""
    if rules.contract is None:
        return f"{rules.min_size:f}"
    worth = rules.pair.quote if rules.contract.is_inverse else rules.pair.base
    return f"{rules.min_size:f} × {rules.contract.multiplier.normalize():f} {worth}"


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
    values = {name: value for name, value in remembered(rules).items() if value is not None}
    if rules.contract is not None:
        values["max_leverage"] = rules.contract.max_leverage
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
                limit=f"enough for {step:f}",
                seen=f"{decimals} decimal{'' if decimals == 1 else 's'}",
                cause=Cause.BAD_TRADING_RULES,
            )
        )
    return conditions


def _unchanged(observation: Observation) -> Condition:
    """A venue may change its rules, but whoever trades by the old ones has orders refused, and should hear of it."""
    change = observation.change
    return holds(
        "rules_as_before",
        change is None,
        limit="as before",
        seen="as before" if change is None else str(change),
        cause=Cause.RULES_CHANGED,
        otherwise=Outcome.DEGRADED,
    )


def _priced_well(priced: Priced, limits: MarketsThresholds) -> list[Condition]:
    conditions = []
    if priced.middle:
        conditions.append(
            at_most(
                "mark_price_off_the_book",
                float(abs(priced.mark_price / priced.middle - 1) * 100),
                degraded=limits.mark_off_percent,
                failed=limits.mark_too_far_off_percent,
                unit="%",
                cause=Cause.BAD_MARK_PRICE,
            )
        )
    conditions.append(
        at_most(
            "funding_rate_either_way",
            float(abs(priced.funding_rate) * 100),
            degraded=limits.high_funding_percent,
            failed=limits.too_high_funding_percent,
            unit="%",
            cause=Cause.BAD_FUNDING,
        )
    )
    if priced.next_funding_at is not None:
        ahead = priced.next_funding_at - priced.asked_at
        minutes = quantity(abs(ahead) / timedelta(minutes=1), "min")
        conditions.append(
            holds(
                "next_funding",
                ahead >= -FUNDING_GRACE,
                limit="in the future",
                seen=f"in {minutes}" if ahead >= timedelta() else f"{minutes} ago",
                cause=Cause.BAD_FUNDING,
            )
        )
    return conditions
