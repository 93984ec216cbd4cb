"""Do paper orders work on the live book from placing to settling, and would the venue accept orders like them?"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from connectors.base import BookStreaming, MarketData, OrderValidation, Perpetual
from connectors.errors import UnknownPair
from connectors.types import PositionMode, PositionSide
from monitoring.checks.evidence import Scope, Steps
from monitoring.checks.order_book import depth_of
from monitoring.checks.order_book_evidence import quiet_ms
from monitoring.checks.outcomes import Blame, Cause, Condition, Confidence, Outcome, Verdict, holds
from monitoring.checks.paper_order_desk import Leg, Proof, Record, TooThin, small_order
from monitoring.checks.paper_order_perpetual import CONTRACTS, PerpetualAccount
from monitoring.checks.paper_order_spot import SpotAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.book_stream import BookStream
    from connectors.types import BookSnapshot, Credentials, OrderType, PairRules, TradingPair
    from monitoring.checks.causes import Failure
    from monitoring.checks.thresholds import PaperOrderThresholds

NEEDS = (MarketData, BookStreaming)

ENGINE_STEPS = frozenset({"orders_that_take", "orders_that_rest", "cancelling"})

VALIDATION = "venue_validation"


class TradedMarket(MarketData, BookStreaming, Protocol):
    """A live book, its rules, and perhaps a key with which the venue can be asked."""

    credentials: Credentials | None
    order_types: tuple[OrderType, ...]


class Account(Protocol):
    """A paper account of either kind."""

    record: Record

    @property
    def is_filled(self) -> bool: ...
    def trade(self, book: BookSnapshot) -> None: ...
    def rest(self, book: BookSnapshot) -> None: ...
    def on_book(self, book: BookSnapshot) -> None: ...
    def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Valuation:
    """What a perpetual's positions are valued and charged by; whether it is sound is for the markets check to say."""

    mark_price: Decimal
    funding_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class Observation:
    """`proofs` are what every step of every order had to come to, beside what it came to.

    `venue_accepts` is the venue's own word on an order, by type. Times of calls include waiting for our own rate limit,
    so they are shown and not judged.
    """

    pair: TradingPair
    pair_status: str = ""
    is_trading: bool = False
    is_too_thin: bool = False
    has_empty_side: bool = False
    valuation: Valuation | None = None
    legs: tuple[Leg, ...] = ()
    proofs: tuple[Proof, ...] = ()
    has_validation: bool = False
    position_mode: PositionMode | None = None
    venue_accepts: dict[str, str] = field(default_factory=dict)
    elapsed_ms: dict[str, float] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


async def observe(connector: TradedMarket, scope: Scope, limits: PaperOrderThresholds) -> Observation:
    """Trade on paper, one account per position mode; then ask the venue about each type of order, if there is a key."""
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
    depth = depth_of(connector.book_depths, limits.depth)
    async with steps.step("book_stream"), connector.book_stream(scope.pair, depth=depth) as stream:
        await stream.ready()
        valuation = await _valuation(connector, rules, steps)
        book = (stream.book if stream.is_live else await anext(aiter(stream))).snapshot()
        seen = replace(seen, valuation=valuation, has_empty_side=not (book.bids and book.asks))
        accounts = _accounts(connector, rules, stream, valuation)
        seen = await _traded(seen, accounts, stream, book, steps, limits)
    if book is not None and (book.bids or book.asks) and validator is not None:
        seen = await _validated(seen, connector, validator, rules, book, steps)
    return replace(seen, elapsed_ms=steps.elapsed_ms, failures=steps.failures)


async def _valuation(connector: TradedMarket, rules: PairRules, steps: Steps) -> Valuation | None:
    """None for spot, and where the mark price cannot be had: without it nothing is traded."""
    if not isinstance(connector, Perpetual):
        return None
    mark_price: Decimal | None = None
    rate: Decimal | None = None
    async with steps.step("mark_price"):
        mark_price = await connector.mark_price(rules.pair)
    async with steps.step("funding_rate"):
        rate = (await connector.funding_rate(rules.pair)).rate
    return None if mark_price is None else Valuation(mark_price, rate)


def _accounts(
    connector: TradedMarket, rules: PairRules, stream: BookStream, valuation: Valuation | None
) -> list[Account]:
    def book_age_ms() -> float:
        return quiet_ms(stream.stats)

    if not isinstance(connector, Perpetual):
        return [SpotAccount(rules, connector.order_types, Record(book_age_ms, rules.pair.base))]
    if valuation is None:
        return []
    return [
        PerpetualAccount(
            rules,
            connector.order_types,
            Record(book_age_ms, CONTRACTS, f"{mode.value}_"),
            mode=mode,
            mark_price=valuation.mark_price,
            funding_rate=valuation.funding_rate,
        )
        for mode in connector.position_modes
    ]


async def _traded(
    seen: Observation,
    accounts: Sequence[Account],
    stream: BookStream,
    book: BookSnapshot,
    steps: Steps,
    limits: PaperOrderThresholds,
) -> Observation:
    """Each part only if those before it went well."""
    is_too_thin = False
    failed_before = len(steps.failures)
    try:
        async with steps.step("orders_that_take"):
            try:
                for account in accounts:
                    account.trade(book)
            except TooThin:
                is_too_thin = True
        if not is_too_thin and len(steps.failures) == failed_before:
            async with steps.step("orders_that_rest"):
                for account in accounts:
                    account.rest(book)
                await _follow(accounts, stream, limits)
        if not is_too_thin and len(steps.failures) == failed_before:
            async with steps.step("cancelling"):
                for account in accounts:
                    account.end()
    finally:
        seen = replace(
            seen,
            is_too_thin=is_too_thin,
            legs=tuple(leg for account in accounts for leg in account.record.legs),
            proofs=tuple(proof for account in accounts for proof in account.record.proofs),
        )
    return seen


async def _follow(accounts: Sequence[Account], stream: BookStream, limits: PaperOrderThresholds) -> None:
    """Give every account the next few books, until the time is up or what may fill is filled."""
    books = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(limits.rest_s):
            async for book in stream:
                snapshot = book.snapshot()
                for account in accounts:
                    account.on_book(snapshot)
                books += 1
                if books >= limits.rest_books or all(account.is_filled for account in accounts):
                    break


async def _validated(
    seen: Observation,
    connector: TradedMarket,
    validator: OrderValidation,
    rules: PairRules,
    book: BookSnapshot,
    steps: Steps,
) -> Observation:
    """The venue's own test of each type of order, up to the first that it refuses: a key may be locked out."""
    position_side = PositionSide.BOTH
    failed_before = len(steps.failures)
    if isinstance(connector, Perpetual):
        async with steps.step("position_mode"):
            mode = await connector.position_mode()
            seen = replace(seen, position_mode=mode)
            position_side = PositionSide.LONG if mode is PositionMode.HEDGE else PositionSide.BOTH
    accepted: dict[str, str] = {}
    for order_type in connector.order_types:
        if len(steps.failures) > failed_before:
            break
        async with steps.step(f"{VALIDATION}_{order_type.lower()}"):
            accepted[order_type.value] = await validator.validate_order(
                small_order(rules, book, order_type, position_side)
            )
    return replace(seen, venue_accepts=accepted)


def judge(observation: Observation, _limits: PaperOrderThresholds) -> Verdict:
    """What the engine got wrong is the connector's; a pair that cannot be traded is the venue's decision."""
    conditions = [_of_whom(failure) for failure in observation.failures]
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
    if observation.is_trading and (observation.proofs or observation.is_too_thin):
        conditions.append(_thick(observation))
    conditions += [
        holds(
            proof.name,
            proof.expected == proof.seen,
            limit=proof.expected,
            seen=proof.seen,
            cause=Cause.CONNECTOR_ERROR,
            blame=Blame.CONNECTOR,
        )
        for proof in observation.proofs
    ]
    asked = ", ".join(observation.venue_accepts) or "not run: no credentials"
    if observation.venue_accepts or not observation.has_validation:
        conditions.append(Condition(VALIDATION, "accepted, where there are credentials", asked))
    orders = len(observation.legs)
    return Verdict.of(
        conditions, when_ok=f"{orders} orders traded on paper, every unit accounted for; venue validation {asked}"
    )


def _thick(observation: Observation) -> Condition:
    return holds(
        "visible_book",
        not observation.is_too_thin,
        limit="fills the smallest order that the rules allow",
        seen="a side is empty" if observation.has_empty_side else "does not" if observation.is_too_thin else "does",
        cause=Cause.EMPTY_BOOK,
        otherwise=Outcome.FAILED if observation.has_empty_side else Outcome.DEGRADED,
    )


def _of_whom(failure: Failure) -> Condition:
    """An order that our own engine refuses is our own error: the check makes none that the rules forbid.

    A key that the venue refuses is the auth check's finding; here it only leaves the venue's opinion unknown, as does
    an account without funds. A mode in which the venue takes no such order is a restriction, as the connectivity check
    has it.
    """
    condition = failure.condition()
    if failure.step in ENGINE_STEPS and failure.cause is Cause.VENUE_ERROR:
        return replace(condition, cause=Cause.CONNECTOR_ERROR, blame=Blame.CONNECTOR, confidence=Confidence.HIGH)
    if failure.step == "position_mode" or failure.step.startswith(VALIDATION):
        return _of_validation(failure, condition)
    return condition


def _of_validation(failure: Failure, condition: Condition) -> Condition:
    if failure.error == "InsufficientFunds":
        return replace(
            condition,
            outcome=Outcome.INCONCLUSIVE,
            cause=Cause.NO_FUNDS,
            blame=Blame.CREDENTIALS,
            confidence=Confidence.HIGH,
        )
    if failure.cause is Cause.AUTH_REJECTED:
        return replace(condition, outcome=Outcome.INCONCLUSIVE)
    if failure.cause is Cause.EXCHANGE_MAINTENANCE:
        return replace(condition, outcome=Outcome.DEGRADED)
    if failure.error == "Rejected":
        return replace(condition, cause=Cause.ORDER_REFUSED, blame=Blame.EXCHANGE, confidence=Confidence.MEDIUM)
    return condition
