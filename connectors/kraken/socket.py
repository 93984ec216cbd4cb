"""Kraken's WebSocket v2: its frames, subscriptions, and the private stream's acknowledgement.

From Kraken's own specification (krakenfx/api-specs) and documentation (docs.kraken.com), read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from connectors.conversation import conversation
from connectors.errors import MalformedPayload
from connectors.kraken.errors import error_of
from connectors.payloads import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

ACK_TIMEOUT_S = 10.0


class Level(msgspec.Struct, gc=False):
    """One level of a side, digit for digit as it was sent: the checksum is over these."""

    price: msgspec.Raw
    qty: msgspec.Raw


class Book(msgspec.Struct, gc=False):
    """One element of a book frame's data; `system` is what a status frame has in its place."""

    symbol: str = ""
    bids: list[Level] = []
    asks: list[Level] = []
    checksum: int = -1
    timestamp: str = ""
    system: str = ""


class Frame(msgspec.Struct, gc=False):
    """Any frame of any channel that we follow, and the answer to a subscription."""

    channel: str = ""
    type: str = ""
    data: list[Book] = []
    method: str = ""
    success: bool = False
    error: str = ""


_frame = msgspec.json.Decoder(Frame)


def decode_frame(message: bytes | bytearray | memoryview) -> Frame:
    """Raises MalformedPayload."""
    try:
        return _frame.decode(message)
    except UNREADABLE as error:
        raise MalformedPayload(f"a frame that is not the documented JSON: {error}", venue="kraken") from error


def subscription(method: str, params: Mapping[str, object]) -> str:
    """The frame that begins a subscription, or ends it; *method* says which."""
    return msgspec.json.encode({"method": method, "params": params}).decode("ascii")


async def acknowledged(url: str, channel: str, token: str) -> None:
    """Return once the venue accepted *channel* on a private connection. Raises AuthRejected and others."""
    async with conversation(url, venue="kraken", timeout_s=ACK_TIMEOUT_S) as talk:
        await talk.send(subscription("subscribe", {"channel": channel, "token": token}))
        while (frame := decode_frame(await talk.hear())).method != "subscribe":
            pass  # the venue's status comes first
    if not frame.success:
        raise error_of(frame.error or "refused without a reason", endpoint=url)
