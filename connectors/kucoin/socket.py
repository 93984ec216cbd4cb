"""KuCoin's WebSocket sessions: a token for each connection, the welcome, pings, acknowledgements.

From KuCoin's manual (WebSocket introduction) and its own specification, read 2026-11.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import msgspec

from connectors.base import is_address
from connectors.book_feed import KeepAlive
from connectors.conversation import conversation
from connectors.errors import MalformedPayload
from connectors.kucoin.errors import error_of_frame
from connectors.payloads import UNREADABLE

if TYPE_CHECKING:
    from connectors.conversation import Conversation
    from connectors.errors import ConnectorError
    from connectors.kucoin.rest import Rest

ACK_TIMEOUT_S = 10.0
BULLET_WEIGHT = 10


class _Server(msgspec.Struct, rename="camel"):
    endpoint: str
    ping_interval: Annotated[int, msgspec.Meta(ge=100)]
    ping_timeout: Annotated[int, msgspec.Meta(ge=100)]


class _Bullet(msgspec.Struct, rename="camel"):
    token: str
    instance_servers: Annotated[list[_Server], msgspec.Meta(min_length=1)]


class _Frame(msgspec.Struct):
    type: str = ""
    id: str = ""
    code: int = 0
    data: msgspec.Raw = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class Session:
    """Where to connect, once, and how to keep the connection; the address holds the token."""

    url: str = field(repr=False)
    keep_alive: KeepAlive


_frame = msgspec.json.Decoder(_Frame)


async def new_session(rest: Rest, *, private: bool = False) -> Session:
    """A fresh token: a used one is refused as expired. Raises what the REST call does."""
    if private:
        bullet: _Bullet = await rest.post_signed("/api/v1/bullet-private", _Bullet, weight=BULLET_WEIGHT)
    else:
        bullet = await rest.post("/api/v1/bullet-public", _Bullet, weight=BULLET_WEIGHT)
    server = bullet.instance_servers[0]
    if not is_address(server.endpoint, like="wss://"):
        raise MalformedPayload("a WebSocket endpoint that is no WebSocket address", venue="kucoin", endpoint="bullet")
    return Session(
        f"{server.endpoint}?token={quote(bullet.token, safe='')}",
        KeepAlive(server.ping_interval / 1000, server.ping_timeout / 1000),
    )


def subscription(request_id: int, topic: str, *, private: bool = False) -> str:
    return json.dumps(
        {"id": str(request_id), "type": "subscribe", "topic": topic, "privateChannel": private, "response": True}
    )


def ping(request_id: int) -> str:
    return f'{{"id":"{request_id}","type":"ping"}}'


def refusal_of(code: int, said: object, *, endpoint: str, pair: str = "") -> ConnectorError:
    """The error that an error frame amounts to."""
    return error_of_frame(code, said if isinstance(said, str) else "", endpoint=endpoint, pair=pair)


async def acknowledged(session: Session, topic: str) -> None:
    """Return once the venue accepted *topic* on a private connection. Raises AuthRejected and others."""
    async with conversation(session.url, venue="kucoin", timeout_s=ACK_TIMEOUT_S) as talk:
        await _hear(talk, "welcome", topic)
        await talk.send(subscription(1, topic, private=True))
        await _hear(talk, "ack", topic)


async def _hear(talk: Conversation, kind: str, topic: str) -> None:
    """Return once a frame of this *kind* came, whatever comes before it. Raises what an error frame amounts to."""
    while True:
        try:
            frame = _frame.decode(await talk.hear())
            said = msgspec.json.decode(frame.data)
        except UNREADABLE as error:
            raise MalformedPayload(f"a frame that is not the documented JSON: {error}", venue="kucoin") from error
        if frame.type == "error":
            raise refusal_of(frame.code, said, endpoint=topic)
        if frame.type == kind:
            return
