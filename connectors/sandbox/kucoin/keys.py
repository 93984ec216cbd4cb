"""KuCoin's API keys: who signed a private call, whether the signature holds, and what the key may do."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote

from connectors.errors import UsageError
from connectors.types import Credentials, Partner

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connectors.sandbox.accounts import Account
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.server import Clock, RestCall

TIMESTAMP_SLACK_MS = 5_000
MILLISECOND_NS = 1_000_000
SIGNED_HEADERS = ("KC-API-KEY", "KC-API-SIGN", "KC-API-TIMESTAMP", "KC-API-PASSPHRASE")


class KucoinError(Exception):
    """An answer in KuCoin's own code and words; most business refusals have the HTTP status 200."""

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status


class Permission(StrEnum):
    """What a key may be allowed, in the words of `GET /api/v1/user/api-key`."""

    GENERAL = "General"
    FUTURES = "Futures"
    SPOT = "Spot"
    EARN = "Earn"
    INNER_TRANSFER = "InnerTransfer"
    TRANSFER = "Transfer"
    MARGIN = "Margin"
    WITHDRAWAL = "Withdrawal"


TRADING = (Permission.GENERAL, Permission.FUTURES, Permission.SPOT)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of one account."""

    credentials: Credentials
    account: Account
    permissions: frozenset[Permission]
    created_ms: int

    def require(self, permission: Permission) -> None:
        """Raises KucoinError where the key lacks *permission*."""
        if permission not in self.permissions:
            raise KucoinError("400007", "Access denied, require more permission", 403)


class Keyring:
    """Every key that the sandbox knows, and the one partner whose signature it can check."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock
        self._keys: dict[str, ApiKey] = {}
        self.partner = Partner("bellwether-test", "bellwether", secrets.token_hex(16))

    def add(
        self,
        account: Account,
        credentials: Credentials | None = None,
        permissions: Collection[Permission] = TRADING,
    ) -> Credentials:
        """Make a key valid for *account*; made up where none is given. Raises UsageError without a passphrase."""
        if credentials is None:
            credentials = Credentials(secrets.token_hex(12), _made_up_secret(), secrets.token_urlsafe(9))
        if not credentials.passphrase:
            raise UsageError(
                "passphrase: a KuCoin key has one; give it, or set the variable that ends in _API_PASSPHRASE"
            )
        created_ms = self._clock.true_ns() // MILLISECOND_NS
        self._keys[credentials.api_key] = ApiKey(credentials, account, frozenset(permissions), created_ms)
        return credentials

    def authenticate(self, call: RestCall) -> ApiKey:
        """The key that signed *call*. Raises KucoinError.

        Which of a wrong key, passphrase and signature the venue names first is not known; this is our order.
        """
        headers = call.headers
        if not all(headers.get(name) for name in SIGNED_HEADERS):
            raise KucoinError("400001", f"Please check the header of your request for {_LISTED_HEADERS}.", 400)
        timestamp = headers["KC-API-TIMESTAMP"]
        self._check_timestamp(timestamp)
        key = self._keys.get(headers["KC-API-KEY"])
        if key is None or self._faults.is_on("invalid_key"):
            raise KucoinError("400003", "KC-API-KEY not exists", 401)
        self._check_passphrase(key, headers)
        self._check_signature(key, call, timestamp)
        if self._faults.is_on("permission_denied"):
            raise KucoinError("400007", "Access denied, require more permission", 403)
        self._check_partner(headers, timestamp, key)
        return key

    def _check_timestamp(self, timestamp: str) -> None:
        is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 20
        now_ms = self._clock.now_ns() // MILLISECOND_NS
        if (
            not is_number
            or abs(int(timestamp) - now_ms) > TIMESTAMP_SLACK_MS
            or self._faults.is_on("expired_timestamp")
        ):
            raise KucoinError("400002", "Invalid KC-API-TIMESTAMP", 400)

    def _check_passphrase(self, key: ApiKey, headers: Mapping[str, str]) -> None:
        """Version 1 sends the passphrase as it is, 2 and 3 its digest."""
        version = headers.get("KC-API-KEY-VERSION", "1")
        if version not in ("1", "2", "3"):
            raise KucoinError("400009", "Invalid KC-API-KEY-VERSION", 400)
        expected = key.credentials.passphrase or ""
        if version != "1":
            expected = digest(key.credentials.api_secret, expected)
        if not _equal(expected, headers["KC-API-PASSPHRASE"]) or self._faults.is_on("wrong_passphrase"):
            raise KucoinError("400004", "Invalid KC-API-PASSPHRASE", 401)

    def _check_signature(self, key: ApiKey, call: RestCall, timestamp: str) -> None:
        if self._faults.is_on("invalid_signature"):
            raise KucoinError("400005", "Invalid KC-API-SIGN", 401)
        text = signed_text(timestamp, call.method, call.target, call.body)
        expected = digest(key.credentials.api_secret, text)
        if not _equal(expected, call.headers["KC-API-SIGN"]) and not self._faults.is_on("any_signature"):
            raise KucoinError("400005", "Invalid KC-API-SIGN", 401)

    def _check_partner(self, headers: Mapping[str, str], timestamp: str, key: ApiKey) -> None:
        """Only where the call asks for it; else a wrong partner signature costs no more than the rebate.

        Other people's clients bring partners of their own, whose keys we cannot know: those are believed.
        """
        is_asked_for = headers.get("KC-API-PARTNER-VERIFY", "").lower() == "true"
        if not is_asked_for or headers.get("KC-API-PARTNER", self.partner.id) != self.partner.id:
            return
        expected = digest(self.partner.key, timestamp + self.partner.id + key.credentials.api_key)
        if not _equal(expected, headers.get("KC-API-PARTNER-SIGN", "")):
            raise KucoinError("400201", "Invalid KC-API-PARTNER-SIGN", 400)


_LISTED_HEADERS = ", ".join(SIGNED_HEADERS)


def signed_text(timestamp: str, method: str, target: str, body: bytes) -> str:
    """What KC-API-SIGN is made of: the query is signed without its escapes, the body as it is sent."""
    return timestamp + method + unquote(target) + body.decode("utf-8", "replace")


def digest(secret: str, text: str) -> str:
    return b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()


def _equal(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _made_up_secret() -> str:
    """Like `0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0`."""
    text = secrets.token_hex(16)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
