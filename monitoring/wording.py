"""What the pages call things: the checks' closed lists in plain words, and numbers and times as a reader likes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from monitoring.checks.outcomes import Blame, Cause, Confidence, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta


class Question(NamedTuple):
    """A kind of check as a heading, and what it asks."""

    title: str
    text: str


QUESTIONS: Mapping[str, Question] = {
    Kind.CONNECTIVITY: Question("Connectivity", "Does it answer, how fast, and does its clock agree with ours?"),
    Kind.MARKETS: Question("Markets", "Does the pair trade, by rules that are sound and those of before?"),
    Kind.ORDER_BOOK: Question("Order book", "Does the live book arrive, stay whole and keep moving?"),
    Kind.AUTH: Question("Authentication", "Is a key accepted, over REST and the private stream, a forgery refused?"),
    Kind.PAPER_ORDER: Question("Paper orders", "Do orders fill, rest and cancel as they should on the live book?"),
    Kind.CANDLES: Question("Candles", "Is every interval whole, in order and fresh?"),
}

CAUSES: Mapping[str, str] = {
    Cause.NONE: "",
    Cause.AUTH_REJECTED: "The key was refused",
    Cause.SIGNATURE_NOT_CHECKED: "A request with a wrong signature was accepted",
    Cause.TOKEN_REFUSED: "The exchange refused the token that it had just given",
    Cause.KEY_MAY_WITHDRAW: "The key that is configured here may withdraw, which no check needs",
    Cause.KEY_MAY_NOT_TRADE: "The key that is configured here may not trade",
    Cause.ORDER_REFUSED: "The exchange refused an order that keeps to its rules",
    Cause.RATE_LIMITED: "We asked too often and were told to wait",
    Cause.EXCHANGE_MAINTENANCE: "The exchange announces maintenance or restricted trading",
    Cause.TRANSPORT: "The connection was refused or broke",
    Cause.TIMEOUT: "No answer in time",
    Cause.PROTOCOL_VIOLATION: "The answer breaks the exchange’s own protocol",
    Cause.MALFORMED_PAYLOAD: "The answer could not be read",
    Cause.MESSAGE_TOO_LARGE: "A message was larger than any real one",
    Cause.CHECKSUM_MISMATCH: "The order book does not match the exchange’s checksum",
    Cause.SEQUENCE_GAP: "Order book updates are missing",
    Cause.CROSSED_BOOK: "The best bid is above the best ask",
    Cause.LOCKED_BOOK: "The best bid equals the best ask",
    Cause.BOOK_MISMATCH: "The stream and the snapshot of the same sequence differ",
    Cause.WIDE_SPREAD: "Bid and ask are too far apart",
    Cause.STALE_DATA: "The data stands still or arrives late",
    Cause.SLOW: "Slower than the limit",
    Cause.SLOW_RECOVERY: "It took too long to recover from a lost connection",
    Cause.CLOCK_SKEW: "Two clocks disagree",
    Cause.PAIR_UNAVAILABLE: "The pair is not listed or not trading",
    Cause.BAD_TRADING_RULES: "The trading rules contradict themselves",
    Cause.RULES_CHANGED: "The trading rules are not the ones of last time",
    Cause.BAD_MARK_PRICE: "The mark price is far from the market",
    Cause.BAD_FUNDING: "The funding rate cannot be right",
    Cause.EMPTY_BOOK: "A side of the order book is empty",
    Cause.CANDLE_FAULT: "Candles are missing, doubled or malformed",
    Cause.CANDLE_CHANGED: "Candles that were closed have changed",
    Cause.VENUE_ERROR: "The exchange answered with an error",
    Cause.CONNECTOR_ERROR: "The connector’s own code went wrong",
    Cause.NO_FUNDS: "The account behind the key that is configured here has too little money",
    Cause.NO_CREDENTIALS: "No key is configured here, so there was nothing to try",
    Cause.ADDRESS_REFUSED: "The exchange turns away this monitor’s address or region",
    Cause.NO_NETWORK: "This monitor had no network",
    Cause.NOT_SET_UP: "Something that is configured here cannot be used",
}

BLAMES: Mapping[str, str] = {
    Blame.NONE: "",
    Blame.EXCHANGE: "The exchange",
    Blame.CONNECTOR: "The connector",
    Blame.CREDENTIALS: "The key that is configured here",
    Blame.VANTAGE: "Ours, where this monitor stands",
    Blame.OWN_RATE: "Ours, for asking too often",
}

CONFIDENCES: Mapping[str, str] = {
    Confidence.HIGH: "Certain",
    Confidence.MEDIUM: "Likely",
    Confidence.LOW: "The likeliest of several",
}

_UNITS = {"_ms": "ms", "_s": "s"}
_NAMES = ((r"^ws auth$", "private WebSocket"), (r"\bws\b", "WebSocket"), (r"^rest\b", "REST"))
_ACRONYMS = re.compile(r"\b(?:dns|tls)\b")
_PERIODS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def heading(name: str) -> str:
    """A name of the code as a label: `first_snapshot_ms` reads First snapshot."""
    words = _words(name)
    return words[:1].upper() + words[1:]


def _words(name: str) -> str:
    bare = next((name.removesuffix(suffix) for suffix in _UNITS if name.endswith(suffix)), name)
    words = bare.replace("_", " ")
    for pattern, text in _NAMES:
        words = re.sub(pattern, text, words)
    return _ACRONYMS.sub(lambda found: found[0].upper(), words)


def duration(milliseconds: float) -> str:
    """A measured time with three digits or so: 8 ms, 1.25 s, 2 min 5 s."""
    if milliseconds < 1_000:
        return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "under 1 ms"
    seconds = milliseconds / 1_000
    if seconds < 60:
        return f"{seconds:.3g} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def span(length: timedelta) -> str:
    """The largest whole unit of *length*: 3 minutes, 1 day; a moment when under a second."""
    seconds = int(length.total_seconds())
    for size, unit in _PERIODS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "a moment"


def interval(length: timedelta) -> str:
    """How often, exactly, to follow "every": minute, 90 seconds, 2 hours."""
    seconds = int(length.total_seconds())
    size, unit = next((size, unit) for size, unit in _PERIODS if seconds % size == 0)
    count = seconds // size
    return unit if count == 1 else f"{count} {unit}s"


def relative(at: datetime, now: datetime) -> str:
    """How long ago, or how soon: 12 seconds ago, in 3 minutes."""
    if at > now:
        return f"in {span(at - now)}"
    return f"{span(now - at)} ago"


def listed(words: list[str]) -> str:
    """An enumeration in prose: one, two and three."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


class Fact(NamedTuple):
    """One line of evidence."""

    label: str
    value: str


def facts(evidence: Mapping[str, Any], *, leave_out: frozenset[str] = frozenset()) -> list[Fact]:
    """Evidence of any shape as lines, in its own order; what is empty says nothing and is left out."""
    return [
        fact for name, value in evidence.items() if name not in leave_out for fact in _facts(heading(name), name, value)
    ]


def _facts(label: str, name: str, value: Any, unit: str = "") -> list[Fact]:
    """The lines of one entry; a unit in the name of a dict holds for its entries."""
    unit = next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), unit)
    if value in (None, "", [], {}):
        return []
    match value:
        case dict():
            inner = [(label, key, item) for key, item in value.items()]
        case list() if all(isinstance(entry, dict) for entry in value):
            inner = [
                (f"{label} {number}" if len(value) > 1 else label, key, item)
                for number, entry in enumerate(value, start=1)
                for key, item in entry.items()
            ]
        case _:
            return [Fact(label, f"{_value(value)} {unit}".strip())]
    return [fact for over, key, item in inner for fact in _facts(f"{over}: {_words(key)}", key, item, unit)]


def _value(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,g}" if abs(value) < 1e6 else f"{value:,.0f}"
        case int():
            return f"{value:,}"
        case list():
            return ", ".join(_value(item) for item in value)
    return str(value)
