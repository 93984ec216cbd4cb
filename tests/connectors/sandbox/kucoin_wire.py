"""Plain clients for the KuCoin sandboxes: an HTTP caller that signs, a WebSocket, a book kept by the venue's rules."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.client import ClientConnection

    from connectors.sandbox import KucoinPerpetualSandbox, KucoinSandbox
    from connectors.types import Credentials

DEADLINE_S = 5.0


class Rest:
    """Signed and unsigned calls to one sandbox; each gives the answer's whole JSON."""

    def __init__(self, client: httpx.AsyncClient, credentials: Credentials) -> None:
        self.client = client
        self.credentials = credentials

    async def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """Unsigned."""
        answer: dict[str, Any] = (await self.client.get(path, params=query)).json()
        return answer

    async def call(
        self, method: str, path: str, *, credentials: Credentials | None = None, query: str = "", **body: Any
    ) -> dict[str, Any]:
        """Signed."""
        answer: dict[str, Any] = (
            await self.response(method, path, credentials=credentials, query=query, **body)
        ).json()
        return answer

    async def response(
        self, method: str, path: str, *, credentials: Credentials | None = None, query: str = "", **body: Any
    ) -> httpx.Response:
        target = f"{path}?{query}" if query else path
        text = json.dumps(body) if body else ""
        headers = headers_of(credentials or self.credentials, method, target, text)
        return await self.client.request(method, target, content=text, headers=headers)

    async def token(self, kind: str = "public") -> tuple[str, str]:
        """The socket's address and a token for it."""
        path = f"/api/v1/bullet-{kind}"
        answer = (await self.client.post(path)).json() if kind == "public" else await self.call("POST", path)
        data = answer["data"]
        return data["instanceServers"][0]["endpoint"], data["token"]


def headers_of(credentials: Credentials, method: str, target: str, body: str, **changed: str) -> dict[str, str]:
    """The headers of a key of version 3."""
    timestamp = str(time.time_ns() // 1_000_000)
    secret = credentials.api_secret
    return {
        "KC-API-KEY": credentials.api_key,
        "KC-API-TIMESTAMP": timestamp,
        "KC-API-SIGN": digest(secret, f"{timestamp}{method}{target}{body}"),
        "KC-API-PASSPHRASE": digest(secret, credentials.passphrase or ""),
        "KC-API-KEY-VERSION": "3",
        "Content-Type": "application/json",
        **changed,
    }


def digest(secret: str, text: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


@asynccontextmanager
async def rest_of(sandbox: KucoinSandbox | KucoinPerpetualSandbox) -> AsyncIterator[Rest]:
    async with httpx.AsyncClient(base_url=sandbox.urls["rest"], timeout=DEADLINE_S, trust_env=False) as client:
        yield Rest(client, sandbox.credentials)


class Socket:
    """One WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._count = 0

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def subscribe(self, topic: str, **more: Any) -> dict[str, Any]:
        """The answer to it."""
        self._count += 1
        number = f"n{self._count}"
        await self.say(**{"id": number, "type": "subscribe", "topic": topic, "response": True, **more})
        return await self.answer()

    async def frame(self) -> dict[str, Any]:
        async with asyncio.timeout(DEADLINE_S):
            frame: dict[str, Any] = json.loads(await self.connection.recv())
            return frame

    async def answer(self) -> dict[str, Any]:
        """The next frame that is not data."""
        while (frame := await self.frame())["type"] == "message":
            pass
        return frame

    async def data(self, topic: str, subject: str | None = None) -> dict[str, Any]:
        """The next data frame of this topic."""
        while True:
            frame = await self.frame()
            if frame.get("topic") == topic and subject in (None, frame["subject"]):
                return frame

    async def read_to_the_end(self) -> None:
        """Read until the connection fails. Raises what it failed with."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                await self.connection.recv()


@asynccontextmanager
async def socket_of(
    rest: Rest, kind: str = "public", *, token: str | None = None, greeting: str = "welcome"
) -> AsyncIterator[Socket]:
    endpoint, fresh = await rest.token(kind)
    address = f"{endpoint}?{urlencode({'token': token or fresh, 'connectId': 'test'})}"
    async with connect(address, max_size=None, ping_interval=None, close_timeout=0.2, proxy=None) as connection:
        socket = Socket(connection)
        if greeting:
            assert await socket.frame() == {"id": "test", "type": greeting}
        yield socket


class Book:
    """A book kept as KuCoin's manual describes it; prices and sizes as numbers, so that their digits do not matter."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.sequence = int(snapshot["sequence"])
        self.sides = {side: {float(row[0]): float(row[1]) for row in snapshot[side]} for side in ("bids", "asks")}

    def apply(self, frame: dict[str, Any]) -> None:
        """Raises AssertionError at a gap."""
        data = frame["data"]
        if "changes" in data:
            first, last, rows = data["sequenceStart"], data["sequenceEnd"], data["changes"]
        else:
            price, side, size = data["change"].split(",")
            name = "bids" if side == "buy" else "asks"
            first = last = data["sequence"]
            rows = {name: [[price, size, last]]}
        if last <= self.sequence:
            return
        assert first <= self.sequence + 1, f"gap from {self.sequence} to {first}"
        for side, changes in rows.items():
            for price, size, sequence in sorted(changes, key=lambda row: int(row[2])):
                if int(sequence) <= self.sequence:
                    continue
                self.sides[side].pop(float(price), None)
                if float(size):
                    self.sides[side][float(price)] = float(size)
        self.sequence = last

    def top(self, side: str, depth: int = 20) -> list[tuple[float, float]]:
        return sorted(self.sides[side].items(), reverse=side == "bids")[:depth]

    def agrees_with(self, snapshot: dict[str, Any]) -> bool:
        other = Book(snapshot)
        assert self.sequence == other.sequence
        return all(self.top(side) == other.top(side) for side in self.sides)

    @property
    def is_crossed(self) -> bool:
        return self.top("bids", 1)[0][0] >= self.top("asks", 1)[0][0]
