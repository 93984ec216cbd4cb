"""KuCoin's WebSocket tokens: handed out by the bullet endpoints, shown in the socket's address."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.sandbox.kucoin.keys import ApiKey, Permission
from connectors.sandbox.kucoin.routes import PUBLIC, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.sandbox.faults import Faults
    from connectors.sandbox.kucoin.routes import Request
    from connectors.sandbox.server import Clock

TOKEN_LIFE_NS = 24 * 3600 * 1_000_000_000
PING_INTERVAL_MS, PING_TIMEOUT_MS = 18_000, 10_000


class TokenRefused(Exception):
    """The socket closes at once; the message is the venue's."""


@dataclass(frozen=True, slots=True)
class Token:
    """Whom a token stands for; `key` None is anybody."""

    key: ApiKey | None
    expires_ns: int


class Tokens:
    """Every token of one market; another market's are unknown here."""

    def __init__(self, faults: Faults, clock: Clock, endpoint: Callable[[], str]) -> None:
        self._faults = faults
        self._clock = clock
        self._endpoint = endpoint
        self._tokens: dict[str, Token] = {}

    def routes(self, pool: str) -> list[Route]:
        return [
            Route("POST", "/api/v1/bullet-public", self.bullet, 10, PUBLIC),
            Route("POST", "/api/v1/bullet-private", self.bullet, 10, pool, Permission.GENERAL),
        ]

    def bullet(self, request: Request) -> dict[str, Any]:
        now_ns = self._clock.true_ns()
        self._tokens = {text: token for text, token in self._tokens.items() if token.expires_ns > now_ns}
        text = f"{secrets.token_urlsafe(96)}==.{secrets.token_urlsafe(16)}=="
        self._tokens[text] = Token(request.signed_by, now_ns + TOKEN_LIFE_NS)
        server = {
            "endpoint": self._endpoint(),
            "encrypt": False,
            "protocol": "websocket",
            "pingInterval": PING_INTERVAL_MS,
            "pingTimeout": PING_TIMEOUT_MS,
        }
        return {"token": text, "instanceServers": [server]}

    def find(self, text: str) -> Token:
        """Raises TokenRefused."""
        if self._faults.is_on("expired_token"):
            raise TokenRefused("token is expired")
        token = self._tokens.get(text)
        if token is None:
            raise TokenRefused("token is invalid")
        if token.expires_ns <= self._clock.true_ns():
            raise TokenRefused("token is expired")
        return token
