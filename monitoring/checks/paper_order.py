"""Do paper orders work on the live book, and would the venue accept one like them?"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, NamedTuple, Protocol

from connectors.base import BookStreaming, MarketData, OrderValidation
from connectors.errors import UnknownPair
from connectors.paper import Fees, Liquidity, PaperExchange, PaperOrderStatus
from connectors.types import OrderRequest, OrderType, Side
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.outcomes import Blame, Cause, Condition, Outcome, Verdict, holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.book_stream import BookStream
    from connectors.paper import PaperOrder
    from connectors.types import BookLevel, BookSnapshot, Credentials, PairRules, TradingPair
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import PaperOrderThresholds

NEEDS = (MarketData, BookStreaming)

FEES = Fees(maker=Decimal("0.001"), taker=Decimal("0.002"))
"""The check's own: what is proven is that fees are accounted for, not what the venue charges."""

FUNDS = 10
"""The paper account starts with so many times what its first order costs."""

ENGINE_STEPS = frozenset({"taker", "maker", "cancel"})

OUTCOME_OF_ANSWER = {Cause.AUTH_REJECTED: Outcome.INCONCLUSIVE, Cause.EXCHANGE_MAINTENANCE: Outcome.DEGRADED}
"""What the venue's refusal of an order comes to where it is not about the order; any other has failed."""

ZERO = Decimal(0)


class TradedMarket(MarketData, BookStreaming, Protocol):
    """A live book, its rules, and perhaps a key with which the venue can be asked."""

    credentials: Credentials | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A market order that walked the asks; `expected_cost` is what the levels say that it costs."""

    status: PaperOrderStatus
    size: Decimal
    filled: Decimal
    levels: int
    expected_levels: int
    cost: Decimal
    expected_cost: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class Rested:
    """A limit-maker order far from the market: how it stood after `books` further books, and once cancelled."""

    status: PaperOrderStatus
    size: Decimal
    held: Decimal
    books: int
    status_when_cancelled: PaperOrderStatus
    held_when_cancelled: Decimal


@dataclass(frozen=True, slots=True)
class Observation:
    """`missing` is, by asset, what the account should hold less what it holds. None stands for a leg not run.

    Times include waiting for our own rate limit, so they are shown and not judged.
    """

    pair: TradingPair
    pair_status: str = ""
    is_trading: bool = False
    taken: Taken | None = None
    rested: Rested | None = None
    missing: dict[str, Decimal] | None = None
    has_validation: bool = False
    venue_accepts: str | None = None
    elapsed_ms: dict[str, float] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


async def observe(connector: TradedMarket, scope: Scope, limits: PaperOrderThresholds) -> Observation:
    """Buy across levels, rest far away, cancel, count the money; then ask the venue, where there is a key."""
    steps = Steps(scope.deadline_s)
    validator = connector if isinstance(connector, OrderValidation) and connector.credentials else None
    seen = Observation(scope.pair, has_validation=validator is not None)
    rules: PairRules | None = None
    book: BookSnapshot | None = None
    async with steps.step("trading_rules"):
        rules = (await connector.trading_pairs()).get(scope.pair)
        if rules is None:
            raise UnknownPair("not listed", pair=str(scope.pair))
        seen = replace(seen, pair_status=rules.status, is_trading=rules.is_trading)
    if rules is None or not rules.is_trading:
        return replace(seen, elapsed_ms=steps.elapsed_ms, failures=steps.failures)
    async with steps.step("book_stream"), connector.book_stream(scope.pair, depth=limits.depth) as stream:
        await stream.ready()
        book = stream.book.snapshot()
        seen = await _trade(seen, _Desk(rules, book, stream, steps, limits))
    if book is not None and validator is not None:
        async with steps.step("venue_validation"):
            seen = replace(seen, venue_accepts=await validator.validate_order(small_order(rules, book)))
    return replace(seen, elapsed_ms=steps.elapsed_ms, failures=steps.failures)


class _Desk(NamedTuple):
    """What the paper legs are traded on."""

    rules: PairRules
    book: BookSnapshot
    stream: BookStream
    steps: Steps
    limits: PaperOrderThresholds


async def _trade(seen: Observation, desk: _Desk) -> Observation:
    """Each leg only if those before it went well."""
    rules, steps = desk.rules, desk.steps
    base, quote = rules.pair.base, rules.pair.quote
    levels = levels_to_walk(desk.book.asks, rules)
    size = sum((level.size for level in levels), ZERO)
    cost = sum((level.price * level.size for level in levels), ZERO)
    exchange: PaperExchange | None = None
    async with steps.step("taker"):
        exchange = PaperExchange(rules, fees=FEES, balances={quote: FUNDS * cost, base: ZERO})
        exchange.on_book(desk.book)
        buy = exchange.place(OrderRequest(rules.pair, Side.BUY, OrderType.MARKET, size))
        taken = Taken(
            status=buy.status,
            size=size,
            filled=buy.filled_size,
            levels=len(buy.fills),
            expected_levels=len(levels),
            cost=sum((fill.cost for fill in buy.fills), ZERO),
            expected_cost=cost,
            fee=sum((fill.fee for fill in buy.fills), ZERO),
        )
        seen = replace(seen, taken=taken)
    if exchange is None or not steps.is_clean:
        return seen
    seen = await _rest(seen, exchange, size, desk)
    balances = exchange.balances
    expected = {base: size, quote: FUNDS * cost - cost - FEES.owed(Liquidity.TAKER, cost)}
    missing = {asset: amount - balances[asset].total for asset, amount in expected.items()}
    return replace(seen, missing=missing)


async def _rest(seen: Observation, exchange: PaperExchange, size: Decimal, desk: _Desk) -> Observation:
    """Offer *size* at twice the best price, see it rest while the market moves on, and cancel it."""
    pair, tick = desk.rules.pair, desk.rules.price_tick
    offer: PaperOrder | None = None
    async with desk.steps.step("maker"):
        price = 2 * desk.book.asks[0].price // tick * tick
        offer = exchange.place(OrderRequest(pair, Side.SELL, OrderType.LIMIT_MAKER, size, price))
        books = await _follow(exchange, desk)
        status, held = offer.status, exchange.balances[pair.base].held
    if offer is None or not desk.steps.is_clean:
        return seen
    async with desk.steps.step("cancel"):
        exchange.cancel(offer.id)
    left = exchange.balances[pair.base].held
    return replace(seen, rested=Rested(status, size, held, books, offer.status, left))


async def _follow(exchange: PaperExchange, desk: _Desk) -> int:
    """Give the exchange the next few books; how many there were before the time was up."""
    books = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(desk.limits.rest_s):
            async for book in desk.stream:
                exchange.on_book(book.snapshot())
                books += 1
                if books >= desk.limits.rest_books:
                    break
    return books


def levels_to_walk(asks: Sequence[BookLevel], rules: PairRules) -> Sequence[BookLevel]:
    """The best levels, at least two where there are, that together make an order which the rules allow."""
    size = cost = ZERO
    for count, level in enumerate(asks, start=1):
        size += level.size
        cost += level.price * level.size
        if count > 1 and size >= rules.min_size and cost >= (rules.min_cost or ZERO):
            return asks[:count]
    return asks


def small_order(rules: PairRules, book: BookSnapshot) -> OrderRequest:
    """A buy at half the market's price, as small as the rules allow: it would rest, and cost little."""
    best = (book.bids or book.asks)[0].price
    price = max(best / 2 // rules.price_tick * rules.price_tick, rules.price_tick)
    size = max(rules.min_size, (rules.min_cost or ZERO) / price)
    steps = (size / rules.size_step).to_integral_value(ROUND_CEILING)
    return OrderRequest(rules.pair, Side.BUY, OrderType.LIMIT, steps * rules.size_step, price)


def judge(observation: Observation, limits: PaperOrderThresholds) -> Verdict:
    """What the engine got wrong is the connector's; a pair that cannot be traded is the venue's decision."""
    conditions = [_of_whom(failure).condition() for failure in observation.failures]
    if observation.pair_status:
        conditions.append(
            holds(
                "pair_status",
                observation.is_trading,
                limit="trading",
                seen=observation.pair_status,
                cause=Cause.PAIR_UNAVAILABLE,
                otherwise=Outcome.DEGRADED,
            )
        )
    if observation.taken is not None:
        conditions += _taker(observation.taken)
    if observation.rested is not None:
        conditions += _maker(observation.rested)
    if observation.missing is not None:
        conditions.append(_conserved(observation.missing))
    asked = "accepted" if observation.venue_accepts else "not run: no credentials"
    if observation.venue_accepts is not None or not observation.has_validation:
        conditions.append(Condition("venue_validation", "accepted, where there are credentials", asked))
    levels = observation.taken.levels if observation.taken else 0
    return Verdict.of(
        conditions,
        when_ok=f"bought across {levels} levels, rested, cancelled, every unit accounted for; venue validation {asked}",
    )


def _of_whom(failure: Failure) -> Failure:
    """An order that our own engine refuses is our own error: the check makes none that the rules forbid.

    A key that the venue refuses is the auth check's finding; here it only leaves the venue's opinion unknown. A mode
    in which it takes no such order is a restriction, as the connectivity check has it.
    """
    if failure.step in ENGINE_STEPS and failure.cause is Cause.VENUE_ERROR:
        return replace(failure, cause=Cause.CONNECTOR_ERROR, blame=Blame.CONNECTOR)
    if failure.step == "venue_validation":
        return replace(failure, outcome=OUTCOME_OF_ANSWER.get(failure.cause, failure.outcome))
    return failure


def _engine(name: str, is_met: bool, *, limit: str, seen: str) -> Condition:
    return holds(name, is_met, limit=limit, seen=seen, cause=Cause.CONNECTOR_ERROR, blame=Blame.CONNECTOR)


def _taker(taken: Taken) -> list[Condition]:
    is_filled = taken.status is PaperOrderStatus.FILLED and taken.filled == taken.size
    return [
        _engine(
            "taker_filled",
            is_filled,
            limit=f"{taken.size:f} filled",
            seen=f"{taken.filled:f} {taken.status}",
        ),
        _engine(
            "taker_levels",
            taken.levels == taken.expected_levels,
            limit=str(taken.expected_levels),
            seen=str(taken.levels),
        ),
        _engine(
            "taker_cost",
            taken.cost == taken.expected_cost,
            limit=f"{taken.expected_cost:f}",
            seen=f"{taken.cost:f}",
        ),
    ]


def _maker(rested: Rested) -> list[Condition]:
    is_resting = rested.status is PaperOrderStatus.OPEN and rested.held == rested.size
    is_gone = rested.status_when_cancelled is PaperOrderStatus.CANCELLED and rested.held_when_cancelled == 0
    return [
        _engine(
            "maker_rests",
            is_resting,
            limit=f"open, {rested.size:f} held",
            seen=f"{rested.status}, {rested.held:f} held",
        ),
        _engine(
            "maker_cancelled",
            is_gone,
            limit="cancelled, 0 held",
            seen=f"{rested.status_when_cancelled}, {rested.held_when_cancelled:f} held",
        ),
    ]


def _conserved(missing: dict[str, Decimal]) -> Condition:
    lost = ", ".join(f"{amount:f} {asset}" for asset, amount in missing.items() if amount)
    return _engine("balances_conserved", not lost, limit="nothing missing", seen=lost or "nothing missing")
