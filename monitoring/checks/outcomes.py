"""The words in which a check reports: outcome, cause and blame, the conditions behind them, and the result as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from textwrap import shorten
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Kind(StrEnum):
    """What a check looks at."""

    CONNECTIVITY = "connectivity"
    MARKETS = "markets"
    ORDER_BOOK = "order_book"
    AUTH = "auth"
    PAPER_ORDER = "paper_order"
    CANDLES = "candles"


class Outcome(StrEnum):
    """How a check ended; inconclusive means that it could not find out, never that something is down."""

    OK = "ok"
    INCONCLUSIVE = "inconclusive"
    DEGRADED = "degraded"
    FAILED = "failed"

    @property
    def severity(self) -> int:
        return _SEVERITY[self]


_SEVERITY = {outcome: severity for severity, outcome in enumerate(Outcome)}


class Cause(StrEnum):
    """Why a check is not ok; the list is closed, so that results can be counted and compared."""

    NONE = "none"
    AUTH_REJECTED = "auth_rejected"
    SIGNATURE_NOT_CHECKED = "signature_not_checked"
    TOKEN_REFUSED = "token_refused"  # noqa: S105  # a word, not a secret
    KEY_MAY_WITHDRAW = "key_may_withdraw"
    KEY_MAY_NOT_TRADE = "key_may_not_trade"
    ORDER_REFUSED = "order_refused"
    RATE_LIMITED = "rate_limited"
    EXCHANGE_MAINTENANCE = "exchange_maintenance"
    TRANSPORT = "transport"
    TIMEOUT = "timeout"
    PROTOCOL_VIOLATION = "protocol_violation"
    MALFORMED_PAYLOAD = "malformed_payload"
    MESSAGE_TOO_LARGE = "message_too_large"
    CHECKSUM_MISMATCH = "checksum_mismatch"
    SEQUENCE_GAP = "sequence_gap"
    CROSSED_BOOK = "crossed_book"
    LOCKED_BOOK = "locked_book"
    BOOK_MISMATCH = "book_mismatch"
    WIDE_SPREAD = "wide_spread"
    STALE_DATA = "stale_data"
    SLOW = "slow"
    SLOW_RECOVERY = "slow_recovery"
    CLOCK_SKEW = "clock_skew"
    PAIR_UNAVAILABLE = "pair_unavailable"
    BAD_TRADING_RULES = "bad_trading_rules"
    RULES_CHANGED = "rules_changed"
    BAD_MARK_PRICE = "bad_mark_price"
    BAD_FUNDING = "bad_funding"
    EMPTY_BOOK = "empty_book"
    CANDLE_FAULT = "candle_fault"
    CANDLE_CHANGED = "candle_changed"
    VENUE_ERROR = "venue_error"
    CONNECTOR_ERROR = "connector_error"
    NO_CREDENTIALS = "no_credentials"
    NO_FUNDS = "no_funds"
    ADDRESS_REFUSED = "address_refused"
    NO_NETWORK = "no_network"
    NOT_SET_UP = "not_set_up"


class Blame(StrEnum):
    """Whose fault it is; vantage is where we look from, our network and our clock; own_rate is how often we ask."""

    NONE = "none"
    EXCHANGE = "exchange"
    CONNECTOR = "connector"
    CREDENTIALS = "credentials"
    VANTAGE = "vantage"
    OWN_RATE = "own_rate"


class Confidence(StrEnum):
    """How sure a verdict is of its blame: medium where little speaks against it, low where it is a guess."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SUCCEEDS = "succeeds"
"""The limit of a step that either succeeds or raises."""

LONGEST_TEXT = 300
"""Characters of what a venue said that a condition or a failure keeps."""


def on_one_line(text: str) -> str:
    """*text* as one line of at most LONGEST_TEXT characters, ending in … where it was cut.

    It is cut between two words: half a key would no longer be known as one, and so not be blotted out.
    """
    return shorten(text, LONGEST_TEXT, placeholder="…", break_on_hyphens=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that was compared with a limit; both are kept as short text a reader understands, with their unit.

    `blame` is what the check itself makes of it, and `confidence` how sure it is; blame.py may know better.
    `error` and `endpoint` are the class and the address of the error that it comes from, empty where it was measured.
    """

    name: str
    limit: str
    seen: str
    outcome: Outcome = Outcome.OK
    cause: Cause = Cause.NONE
    blame: Blame = Blame.NONE
    confidence: Confidence = Confidence.HIGH
    error: str = ""
    endpoint: str = ""

    def __post_init__(self) -> None:
        # What was seen may be a venue's own words, or a number of any length that it sent.
        for name in ("limit", "seen"):
            object.__setattr__(self, name, on_one_line(getattr(self, name)))

    def to_json(self) -> dict[str, str]:
        return {"name": self.name, "limit": self.limit, "seen": self.seen, "outcome": self.outcome.value}


def holds(
    name: str,
    is_met: bool,
    *,
    limit: str,
    seen: str,
    cause: Cause,
    blame: Blame = Blame.EXCHANGE,
    otherwise: Outcome = Outcome.FAILED,
    confidence: Confidence = Confidence.HIGH,
    error: str = "",
    endpoint: str = "",
) -> Condition:
    """A condition that is ok when *is_met*, and has the outcome *otherwise*, with its cause, when not."""
    if is_met:
        return Condition(name, limit, seen)
    return Condition(name, limit, seen, otherwise, cause, blame, confidence, error, endpoint)


def quantity(value: float, unit: str = "") -> str:
    """A measured number as a reader likes it: `1,500 ms`, `0.4 s`, `0.005 %`."""
    is_small = 1e-6 <= abs(value) < 0.05
    digits = f"{Decimal(f'{value:.1g}'):f}" if is_small else f"{value:,.1f}".removesuffix(".0")
    return digits + (f" {unit}" if unit else "")


def at_most(
    name: str,
    seen: float,
    *,
    degraded: float,
    failed: float,
    unit: str,
    cause: Cause,
    blame: Blame = Blame.EXCHANGE,
    confidence: Confidence = Confidence.HIGH,
) -> Condition:
    """A condition on a number: degraded above the one limit, failed above the other."""
    is_failed = seen > failed
    limit = failed if is_failed else degraded
    return holds(
        name,
        seen <= limit,
        limit=f"≤ {quantity(limit, unit)}",
        seen=quantity(seen, unit),
        cause=cause,
        blame=blame,
        otherwise=Outcome.FAILED if is_failed else Outcome.DEGRADED,
        confidence=confidence,
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the conditions of one check add up to; `reasons` say in whole sentences why the blame is where it is."""

    outcome: Outcome
    cause: Cause
    blame: Blame
    summary: str
    conditions: tuple[Condition, ...] = ()
    confidence: Confidence = Confidence.HIGH
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, conditions: Sequence[Condition], *, when_ok: str) -> Verdict:
        """The worst condition decides, and the first of several equally bad ones: list likely causes first."""
        worst = max(conditions, key=lambda condition: condition.outcome.severity)
        if worst.outcome is Outcome.OK:
            return cls(Outcome.OK, Cause.NONE, Blame.NONE, when_ok, tuple(conditions))
        summary = f"{worst.name.replace('_', ' ')}: {worst.seen}"
        if worst.limit != SUCCEEDS:
            summary += f" (limit: {worst.limit})"
        return cls(worst.outcome, worst.cause, worst.blame, summary, tuple(conditions), worst.confidence)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One finished check: its verdict, when and how long it ran, and the JSON-safe evidence that it was judged on."""

    kind: Kind
    verdict: Verdict
    started_at: datetime
    duration_ms: float
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        return self.verdict.outcome

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "outcome": self.verdict.outcome.value,
            "cause": self.verdict.cause.value,
            "blame": self.verdict.blame.value,
            "confidence": self.verdict.confidence.value,
            "reasons": list(self.verdict.reasons),
            "summary": self.verdict.summary,
            "duration_ms": round(self.duration_ms, 1),
            "conditions": [condition.to_json() for condition in self.verdict.conditions],
            "evidence": self.evidence,
        }
