"""One WebSocket client of KuCoin: its token, its topics, and the venue's words for what it may not have."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import WSMsgType

from connectors.sandbox.connection import CLOSE_TIMEOUT_S
from connectors.sandbox.kucoin.tokens import TokenRefused

if TYPE_CHECKING:
    from connectors.sandbox.connection import Connection
    from connectors.sandbox.kucoin.feed import KucoinFeed
    from connectors.sandbox.kucoin.keys import ApiKey

MOST_SYMBOLS_AT_ONCE = 100
MOST_TOPICS = 300
MOST_MESSAGES, MESSAGES_WINDOW_S = 100, 10.0
TOO_MANY = "exceed max permits per second"
BYE = (1000).to_bytes(2, "big") + b"Bye"


class KucoinSession:
    """The state of one connection; `topics` are those it receives, each with its one symbol."""

    def __init__(self, feed: KucoinFeed, connection: Connection) -> None:
        """Greet the client, or refuse its token."""
        self.connection = connection
        self.key: ApiKey | None = None
        self.topics: set[str] = set()
        self._feed = feed
        self._now = asyncio.get_running_loop().time
        self._heard = self._now()
        self._messages: deque[float] = deque(maxlen=MOST_MESSAGES)
        self.is_over = False
        connect_id = connection.query.get("connectId") or secrets.token_hex(12)
        try:
            self.key = feed.tokens.find(connection.query.get("token", "")).key
        except TokenRefused as refusal:
            self._end(connect_id, 401, str(refusal))
        else:
            self._say({"id": connect_id, "type": "welcome"})

    def receive(self, text: str) -> None:
        if self.is_over:
            return
        self._heard = self._now()
        is_too_much = len(self._messages) == MOST_MESSAGES and self._heard - self._messages[0] < MESSAGES_WINDOW_S
        self._messages.append(self._heard)
        if is_too_much:
            self._end(secrets.token_hex(12), 509, TOO_MANY)
            return
        try:
            message = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            self._refuse(secrets.token_hex(12), 400, "json format is invalid")
            return
        number = str(message.get("id") or secrets.token_hex(12))
        kind = message.get("type")
        if kind == "ping":
            self._say({"id": number, "type": "pong", "timestamp": self._feed.clock.now_ns() // 1000})
        elif self._feed.faults.is_on("rate_limit"):
            self._end(number, 509, TOO_MANY)
        elif kind not in ("subscribe", "unsubscribe"):
            self._refuse(number, 415, "command type is invalid")
        elif not message.get("topic"):
            self._refuse(number, 406, "topic is required")
        else:
            self._change_topics(number, str(kind), str(message["topic"]), wants_answer=message.get("response") is True)

    def close(self) -> None:
        self.is_over = True
        self._feed.forget(self)

    def end_when_silent(self, allowed_s: float) -> None:
        """The venue counts only the client's own frames."""
        if not self.is_over and self._now() - self._heard > allowed_s:
            self._end(None, 400, "ping timeout")

    def _change_topics(self, number: str, kind: str, topic: str, *, wants_answer: bool) -> None:
        prefix, _, names = topic.partition(":")
        rule = self._feed.topics.get(prefix)
        symbols = names.split(",") if names else []
        if rule is None:
            self._refuse(number, 404, "topic does not exist")
            return
        if rule.needs_symbol and not symbols:
            self._refuse(number, 400, "topic is invalid")
            return
        if rule.is_private and self.key is None:
            self._refuse(number, 403, "login is required")
            return
        if len(symbols) > MOST_SYMBOLS_AT_ONCE:
            limit = f"exceed max subscription count limitation of {MOST_SYMBOLS_AT_ONCE} per time"
            self._refuse(number, 509, limit)
            return
        topics = {f"{prefix}:{symbol}" for symbol in symbols} or {prefix}
        if kind == "unsubscribe":
            self.topics -= topics
        elif len(self.topics | topics) > MOST_TOPICS:
            limit = f"exceed max subscription count limitation of {MOST_TOPICS} per session"
            self._refuse(number, 509, limit)
            return
        else:
            self.topics |= topics
        self._feed.note_topics()
        if wants_answer:
            self._say({"id": number, "type": "ack"})

    def _refuse(self, number: str | None, code: int, reason: str) -> None:
        named = {} if number is None else {"id": number}
        self._say({**named, "type": "error", "code": code, "data": reason})

    def _end(self, number: str | None, code: int, reason: str) -> None:
        """Say why, then close; a client that does not answer the close is cut."""
        self.is_over = True
        self._feed.forget(self)
        self._refuse(number, code, reason)
        self.connection.send(BYE, WSMsgType.CLOSE)
        asyncio.get_running_loop().call_later(CLOSE_TIMEOUT_S, self.connection.cut)

    def _say(self, message: dict[str, Any]) -> None:
        self.connection.send(msgspec.json.encode(message))
