"""KuCoin's refusals as ours: by code and market over REST, by code in a socket.

From KuCoin's manuals (error codes, WebSocket introduction), read 2026-11; some codes from public reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from connectors.errors import (
    AuthRejected,
    ConnectorError,
    Disconnected,
    InsufficientFunds,
    InvalidKey,
    InvalidPassphrase,
    InvalidSignature,
    InvalidTimestamp,
    PermissionDenied,
    RateLimited,
    Rejected,
    TokenRefused,
    Unavailable,
    UnknownPair,
)
from connectors.http import error_of_status

if TYPE_CHECKING:
    from collections.abc import Mapping

Market = Literal["spot", "futures"]

EDGE_BLOCK_S = 30.0
"""How long Cloudflare keeps out an address that asked too much (error 1015)."""

MOST_SAID = 200
"""Letters of a refusal that are kept: several times the longest in the manual."""

COMMON: Mapping[str, type[ConnectorError]] = {
    "400002": InvalidTimestamp,
    "400003": InvalidKey,
    "400004": InvalidPassphrase,
    "400005": InvalidSignature,
    "400006": PermissionDenied,  # from an address that is not on the key's list
    "400007": PermissionDenied,
    "400008": InvalidKey,  # of a version that is no longer served
    "400201": AuthRejected,  # the partner's signature
    "400600": Unavailable,  # the pair does not trade yet, or not now
    "600203": Unavailable,
    "400301": PermissionDenied,
    "400302": PermissionDenied,
    "400303": PermissionDenied,
    "400304": PermissionDenied,
    "400500": PermissionDenied,
    "411100": AuthRejected,  # the account is frozen
    "429000": RateLimited,
    "1015": RateLimited,
    "500000": Unavailable,
    "503000": Unavailable,
    "504000": Unavailable,
}
"""Anything else is Rejected."""

BY_MARKET: Mapping[Market, Mapping[str, type[ConnectorError]]] = {
    "spot": {
        "200001": Unavailable,  # placing orders is suspended for the pair
        "200002": Unavailable,  # cancelling is; in older limits also "too many requests"
        "200004": InsufficientFunds,
        "230005": Unavailable,
        "900001": UnknownPair,
    },
    "futures": {
        "100003": UnknownPair,
        "200003": UnknownPair,
        "300002": Unavailable,
        "300003": InsufficientFunds,
        "404000": UnknownPair,  # of a contract, with HTTP 200; of an address that is none, with 404
    },
}

UNKNOWN_PAIR_TEXTS = ("This pair is not provided", "Unsupported trading pair", "symbol not exists")
"""Among the many parameter errors that share 400100."""

SOCKET: Mapping[int, type[ConnectorError]] = {
    401: TokenRefused,
    403: AuthRejected,
    500: Unavailable,
    509: RateLimited,
}


def error_of(
    code: str, said: str, market: Market, *, status: int = 200, endpoint: str = "", pair: str = ""
) -> ConnectorError:
    """A refusal in the envelope as one of ours."""
    kind = BY_MARKET[market].get(code) or COMMON.get(code, Rejected)
    if code == "400100" and said.startswith(UNKNOWN_PAIR_TEXTS):
        kind = UnknownPair
    elif code == "200002" and "too many" in said.lower():
        kind = RateLimited
    elif kind is Rejected and status >= 500:
        kind = Unavailable
    elif kind is UnknownPair and status == 404:
        kind = Rejected
    return kind(_reason(said, code), venue="kucoin", endpoint=endpoint, pair=pair)


def _reason(said: str, code: str) -> str:
    return f"{said[:MOST_SAID] or 'refused without a reason'} ({code[:MOST_SAID]})"


def error_of_frame(code: int, said: str, *, endpoint: str, pair: str = "") -> ConnectorError:
    """An error frame as one of ours."""
    kind = SOCKET.get(code, Rejected)
    if "ping timeout" in said:
        kind = Disconnected
    elif "service busy" in said:
        kind = Unavailable
    return kind(_reason(said, str(code)), venue="kucoin", endpoint=endpoint, pair=pair)


def error_of_answer(status: int, headers: Mapping[str, str], *, venue: str, endpoint: str) -> ConnectorError:
    """What an HTTP status amounts to: a 429 is our rate, KuCoin's own load, or the edge's block.

    Only where our pool is used up does KuCoin say by when it is full again, in ms; without that it is overloaded. The
    time alone is told without a word of limits.
    """
    if status != 429:
        return error_of_status(status, headers, venue=venue, endpoint=endpoint)
    reset_ms = headers.get("gw-ratelimit-reset", "")
    if reset_ms.isascii() and reset_ms.isdigit():
        return RateLimited("HTTP 429", retry_after_s=int(reset_ms[:9]) / 1000, venue=venue, endpoint=endpoint)
    if "json" in headers.get("Content-Type", "") and not endpoint.endswith("/timestamp"):
        return Unavailable("HTTP 429 without a limit of ours: overloaded", venue=venue, endpoint=endpoint)
    return RateLimited("HTTP 429", retry_after_s=EDGE_BLOCK_S, venue=venue, endpoint=endpoint)
