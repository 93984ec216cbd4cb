"""Kraken's refusals as ours, by the beginning of their text: over REST and in a socket alike.

From Kraken's own specification (krakenfx/api-specs) and documentation (docs.kraken.com), read 2026-11.
"""

from __future__ import annotations

from connectors.clock import utc_now
from connectors.errors import (
    AuthRejected,
    ConnectorError,
    InsufficientFunds,
    InvalidKey,
    InvalidNonce,
    InvalidSignature,
    Maintenance,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownPair,
)

ERRORS: tuple[tuple[str, type[ConnectorError]], ...] = (
    ("EAPI:Invalid key", InvalidKey),
    ("EAPI:Invalid signature", InvalidSignature),
    ("EAPI:Invalid nonce", InvalidNonce),
    ("EAPI:Rate limit exceeded", RateLimited),
    ("EGeneral:Permission denied", PermissionDenied),
    ("EGeneral:Temporary lockout", AuthRejected),
    ("EGeneral:Too many requests", RateLimited),
    ("EGeneral:Internal error", Unavailable),
    ("EService:Market in ", Maintenance),
    ("EService:Throttled", RateLimited),
    ("EService: Throttled", RateLimited),
    ("EService:", Unavailable),
    ("EQuery:Unknown asset pair", UnknownPair),
    ("EOrder:Rate limit exceeded", RateLimited),
    ("EOrder:Insufficient funds", InsufficientFunds),
    ("EAuth:", AuthRejected),
    ("EAccount:", AuthRejected),
    ("ETrade:User Locked", AuthRejected),
    ("ESession:", AuthRejected),
    ("Currency pair not supported", UnknownPair),
    ("Exceeded msg rate", RateLimited),
    ("Already subscribed", Unavailable),  # a subscription that did not end: only a new connection is clean
)
"""By prefix, the first that fits; the text may go on with details. Anything else is Rejected."""


def error_of(text: str, *, endpoint: str, pair: str = "") -> ConnectorError:
    """Kraken's error text as one of ours."""
    kind = next((kind for prefix, kind in ERRORS if text.startswith(prefix)), Rejected)
    error = kind(text, venue="kraken", pair=pair, endpoint=endpoint)
    until = text.rpartition(":")[2].strip()
    if isinstance(error, RateLimited) and until.isascii() and until.isdigit():  # EService:Throttled:<unix time>
        error.retry_after_s = max(0.0, int(until[:12]) - utc_now().timestamp())
    return error
