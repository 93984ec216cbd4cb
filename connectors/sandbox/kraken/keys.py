"""Kraken's API keys: who signed a private call, whether the signature and nonce hold, and what the key may do."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from connectors.types import Credentials

if TYPE_CHECKING:
    from collections.abc import Collection

    from connectors.sandbox.accounts import Account
    from connectors.sandbox.faults import Faults
    from connectors.sandbox.server import RestCall

NONCE_LIMIT = 2**64
TOKEN_LIFE_NS = 900 * 1_000_000_000


class KrakenError(Exception):
    """An answer in Kraken's own error strings."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Permission(StrEnum):
    """What a key may be allowed, as GetApiKeyInfo spells it. Source: docs.kraken.com, Get API Key Info."""

    QUERY_FUNDS = "query-funds"
    WITHDRAW_FUNDS = "withdraw-funds"
    QUERY_OPEN_ORDERS = "query-open-trades"
    QUERY_CLOSED_ORDERS = "query-closed-trades"
    CREATE_ORDERS = "modify-trades"
    CANCEL_ORDERS = "close-trades"
    WEBSOCKET = "create-ws-token"


HARMLESS = frozenset(Permission) - {Permission.WITHDRAW_FUNDS}


@dataclass(slots=True)
class CallCounter:
    """Kraken's counter of private calls: one up each call, down with time. Source: exchange/guides/rest/ratelimits."""

    maximum: float
    decay_per_s: float
    level: float = 0.0
    counted_s: float = 0.0

    def count(self, now_s: float) -> None:
        """Raises KrakenError where the counter is full."""
        self.level = max(0.0, self.level - (now_s - self.counted_s) * self.decay_per_s)
        self.counted_s = now_s
        if self.level + 1 > self.maximum:
            raise KrakenError("EAPI:Rate limit exceeded")
        self.level += 1


@dataclass(slots=True)
class ApiKey:
    """A key of one account; `last_nonce` is kept per key and never goes back."""

    credentials: Credentials
    account: Account
    permissions: frozenset[Permission]
    calls: CallCounter
    created_s: int = field(default_factory=lambda: int(time.time()))
    last_nonce: int = 0
    tokens: dict[str, int] = field(default_factory=dict)

    def require(self, permission: Permission) -> None:
        """Raises KrakenError where the key lacks *permission*."""
        if permission not in self.permissions:
            raise KrakenError("EGeneral:Permission denied")


class Keyring:
    """Every key that the sandbox knows."""

    def __init__(self, faults: Faults, *, max_calls: float, calls_per_s: float) -> None:
        self._faults = faults
        self._max_calls = max_calls
        self._calls_per_s = calls_per_s
        self._keys: dict[str, ApiKey] = {}

    def add(
        self,
        account: Account,
        credentials: Credentials | None = None,
        permissions: Collection[Permission] = HARMLESS,
    ) -> Credentials:
        """Make a key valid for *account*; made up at random where none is given."""
        if credentials is None:
            credentials = Credentials(secrets.token_urlsafe(42), base64.b64encode(secrets.token_bytes(64)).decode())
        calls = CallCounter(self._max_calls, self._calls_per_s)
        self._keys[credentials.api_key] = ApiKey(credentials, account, frozenset(permissions), calls)
        return credentials

    def authenticate(self, call: RestCall) -> tuple[ApiKey, dict[str, Any]]:
        """The key that signed *call* and the call's parameters. Raises KrakenError."""
        self.refuse_by_fault()
        key = self._keys.get(call.headers.get("API-Key", ""))
        if key is None:
            raise KrakenError("EAPI:Invalid key")
        parameters = read_parameters(call)
        nonce_text = str(parameters.pop("nonce", ""))
        expected = signature(key.credentials.api_secret, call.target, nonce_text, call.body)
        is_right = hmac.compare_digest(expected.encode(), call.headers.get("API-Sign", "").encode())
        if not is_right and not self._faults.is_on("any_signature"):
            raise KrakenError("EAPI:Invalid signature")
        nonce = int(nonce_text) if nonce_text.isascii() and nonce_text.isdigit() else 0
        if not key.last_nonce < nonce < NONCE_LIMIT:
            raise KrakenError("EAPI:Invalid nonce")
        key.last_nonce = nonce
        return key, parameters

    def refuse_by_fault(self) -> None:
        """Raises the KrakenError of the credentials fault that is on, if one is."""
        for fault, text in (
            ("lockout", "EGeneral:Temporary lockout"),
            ("invalid_key", "EAPI:Invalid key"),
            ("invalid_signature", "EAPI:Invalid signature"),
            ("bad_nonce", "EAPI:Invalid nonce"),
        ):
            if self._faults.is_on(fault):
                raise KrakenError(text)

    def permissions_of(self, key: ApiKey) -> list[Permission]:
        """What *key* may do, as a fault has it, in Kraken's order."""
        if self._faults.is_on("permission_denied"):
            return []
        extra = {Permission.WITHDRAW_FUNDS} if self._faults.is_on("withdraw_permission") else set()
        return [permission for permission in Permission if permission in key.permissions | extra]

    def require_any_permission(self) -> None:
        """Raises KrakenError where a fault took every permission from every key."""
        if self._faults.is_on("permission_denied"):
            raise KrakenError("EGeneral:Permission denied")

    def new_token(self, key: ApiKey, now_ns: int) -> str:
        """A WebSocket token, good for 15 minutes."""
        token = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        key.tokens = {known: until for known, until in key.tokens.items() if until > now_ns}
        key.tokens[token] = now_ns + TOKEN_LIFE_NS
        return token

    def key_of_token(self, token: object, now_ns: int) -> ApiKey:
        """The key a WebSocket token belongs to. Raises KrakenError."""
        for fault in ("expired_token", "invalid_key", "invalid_signature", "bad_nonce"):
            if self._faults.is_on(fault):
                raise KrakenError("ESession:Invalid session")
        self.refuse_by_fault()
        self.require_any_permission()
        for key in self._keys.values():
            if key.tokens.get(str(token), 0) > now_ns:
                return key
        raise KrakenError("ESession:Invalid session")


def read_parameters(call: RestCall) -> dict[str, Any]:
    """The body's parameters, form or JSON. Raises KrakenError."""
    if "json" in call.headers.get("Content-Type", ""):
        try:
            return msgspec.json.decode(call.body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise KrakenError("EGeneral:Invalid arguments") from error
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))


def signature(secret: str, target: str, nonce: str, body: bytes) -> str:
    """API-Sign of a private call. Source: docs.kraken.com exchange/guides/rest/authentication."""
    try:
        key = base64.b64decode(secret, validate=True)
    except binascii.Error:
        key = secret.encode()
    digest = hashlib.sha256(nonce.encode() + body).digest()
    return base64.b64encode(hmac.new(key, target.encode() + digest, hashlib.sha512).digest()).decode()
