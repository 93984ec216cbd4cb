"""The exception tree, drawn once, and the one function that says whether to try again.

ConnectorError
├── UsageError            the caller's mistake; the message names the nearest valid values
│   ├── NotSetUp          what is configured here cannot be used: a folder, a name, an address
│   ├── UnknownConnector
│   ├── UnknownPair
│   └── UnknownInterval
├── TransportError        the bytes did not arrive
│   ├── Unreachable       DNS, refused connection, TLS
│   ├── Timeout
│   ├── Disconnected
│   └── Stale             connected, but silent for longer than the venue ever is
├── VenueError            the venue answered, and its answer is no
│   ├── RateLimited
│   ├── Unavailable       5xx, busy, engine offline
│   │   ├── Maintenance   and it says so itself
│   │   └── TokenRefused  a WebSocket token that it has just handed out
│   ├── Rejected          a request that the venue refuses
│   │   ├── InsufficientFunds   for want of money in the account
│   │   └── AddressRefused      at the venue's edge, whoever asks from here
│   └── AuthRejected
│       ├── InvalidKey
│       ├── InvalidSignature
│       ├── InvalidNonce
│       ├── InvalidTimestamp
│       ├── InvalidPassphrase
│       └── PermissionDenied
└── DataError             the venue answered with something that cannot be right
    ├── MalformedPayload
    │   └── UnexpectedShape   whole and readable, but not what the venue documents
    ├── MessageTooLarge
    ├── SequenceGap
    ├── ChecksumMismatch
    └── CrossedBook
        └── LockedBook    bid and ask at one price
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ConnectorError(Exception):
    """Base of all; carries where it happened, never a key or a signature."""

    def __init__(self, message: str, *, venue: str = "", pair: str = "", endpoint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.venue = venue
        self.pair = pair
        self.endpoint = endpoint

    def __str__(self) -> str:
        where = " ".join(part for part in (self.venue, self.pair, self.endpoint) if part)
        return f"{where}: {self.message}" if where else self.message


class UsageError(ConnectorError):
    """The caller asked for something that does not exist here."""


class NotSetUp(UsageError):
    """What is configured on this machine cannot be used; the message names what to set."""


class UnknownConnector(UsageError):
    """No connector has this id."""


class UnknownPair(UsageError):
    """The venue does not list this trading pair."""


class UnknownInterval(UsageError):
    """The venue has no candles of this interval."""


class TransportError(ConnectorError):
    """The bytes did not arrive."""


class Unreachable(TransportError):
    """No connection: name look-up, refusal, or TLS."""


class Timeout(TransportError):
    """No answer within the deadline."""


class Disconnected(TransportError):
    """The connection ended while it was in use."""


class Stale(TransportError):
    """Connected, but silent for longer than the venue ever is."""


class VenueError(ConnectorError):
    """The venue answered, and its answer is no."""


class RateLimited(VenueError):
    """Too many requests; `retry_after_s` is None where the venue names no time."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        venue: str = "",
        pair: str = "",
        endpoint: str = "",
    ) -> None:
        super().__init__(message, venue=venue, pair=pair, endpoint=endpoint)
        self.retry_after_s = retry_after_s


class Unavailable(VenueError):
    """The venue cannot serve now: 5xx, busy, engine offline."""


class Maintenance(Unavailable):
    """The venue says itself that it is under maintenance or in a restricted mode."""


class TokenRefused(Unavailable):
    """The venue refuses a WebSocket token that it has just handed out; a new one may do."""


class Rejected(VenueError):
    """The venue refuses this request as it stands."""


class InsufficientFunds(Rejected):
    """The account has too little money for this order."""


class AddressRefused(Rejected):
    """Turned away at the venue's edge with 403 or 451: our address or our region, whatever the request."""


class AuthRejected(VenueError):
    """The credentials are refused."""


class InvalidKey(AuthRejected):
    """The key is unknown, revoked or malformed."""


class InvalidSignature(AuthRejected):
    """The secret is wrong, or the signed bytes differ from the sent ones."""


class InvalidNonce(AuthRejected):
    """The nonce is not above the last one accepted for this key."""


class InvalidTimestamp(AuthRejected):
    """The request is dated too far from the venue's clock: our clock, or a request that took too long."""


class InvalidPassphrase(AuthRejected):
    """The passphrase is wrong, or the secret that it is sent under."""


class PermissionDenied(AuthRejected):
    """The key is good but may not do this."""


class DataError(ConnectorError):
    """The venue answered with something that cannot be right."""


class MalformedPayload(DataError):
    """Not the format that the venue documents: not JSON, a field missing, a number unreadable."""


class UnexpectedShape(MalformedPayload):
    """Whole and readable, but with other fields or types than the venue documents: its interface has changed."""


class MessageTooLarge(DataError):
    """An answer or a frame beyond any size that the venue sends."""


class SequenceGap(DataError):
    """An update is missing between two that arrived."""


class ChecksumMismatch(DataError):
    """The venue's checksum of the order book differs from ours."""


class CrossedBook(DataError):
    """The best bid is not below the best ask."""


class LockedBook(CrossedBook):
    """The best bid equals the best ask."""


TRANSIENT = (TransportError, RateLimited, Unavailable)


def is_transient(error: BaseException) -> bool:
    """True where the same request may succeed a moment later."""
    return isinstance(error, TRANSIENT)


def nearest(value: str, valid: Iterable[str], *, count: int = 3) -> str:
    """A closing phrase for an error message that names the valid values nearest to *value*."""
    choices = sorted(set(valid))
    by_folded = {choice.lower(): choice for choice in choices}
    matches = [by_folded[match] for match in get_close_matches(value.lower(), by_folded, n=count, cutoff=0.5)]
    if matches:
        return f"did you mean {', '.join(matches)}?"
    shown = ", ".join(choices[:8])
    return f"valid: {shown}{', …' if len(choices) > 8 else ''}" if choices else "none is available"
