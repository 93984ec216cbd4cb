"""Plain clients for the sandbox's tests: an HTTP caller that signs, a WebSocket, and a book kept by the documents."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import zlib
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.client import ClientConnection

    from connectors.sandbox import KrakenSandbox
    from connectors.types import Credentials

DEADLINE_S = 5.0


class Rest:
    """GET and signed POST against one sandbox."""

    def __init__(self, client: httpx.AsyncClient, credentials: Credentials) -> None:
        self.client = client
        self.credentials = credentials
        self.nonce = 1_700_000_000_000

    async def public(self, name: str, **query: str | int) -> dict[str, Any]:
        response = await self.client.get(f"/0/public/{name}", params=query)
        answer: dict[str, Any] = response.json()
        return answer

    async def private(
        self, name: str, *, credentials: Credentials | None = None, as_json: bool = False, **given: Any
    ) -> dict[str, Any]:
        if "nonce" not in given:
            self.nonce += 1
            given["nonce"] = self.nonce
        body = json.dumps(given) if as_json else urlencode(given)
        keys = credentials or self.credentials
        path = f"/0/private/{name}"
        headers = {
            "API-Key": keys.api_key,
            "API-Sign": sign(keys.api_secret, path, str(given["nonce"]), body),
            "Content-Type": "application/json" if as_json else "application/x-www-form-urlencoded",
        }
        answer: dict[str, Any] = (await self.client.post(path, content=body, headers=headers)).json()
        return answer

    async def token(self, *, credentials: Credentials | None = None) -> str:
        return str((await self.private("GetWebSocketsToken", credentials=credentials))["result"]["token"])


def sign(secret: str, path: str, nonce: str, body: str) -> str:
    digest = hashlib.sha256((nonce + body).encode()).digest()
    return base64.b64encode(
        hmac.new(base64.b64decode(secret), path.encode() + digest, hashlib.sha512).digest()
    ).decode()


@asynccontextmanager
async def rest_of(sandbox: KrakenSandbox) -> AsyncIterator[Rest]:
    async with httpx.AsyncClient(base_url=sandbox.urls["rest"], timeout=DEADLINE_S, trust_env=False) as client:
        yield Rest(client, sandbox.credentials)


class Socket:
    """One WebSocket; frames are decoded with their numbers left as the text on the wire."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, method: str, *, req_id: int | None = None, **parameters: Any) -> None:
        request: dict[str, Any] = {"method": method}
        if parameters:
            request["params"] = parameters
        if req_id is not None:
            request["req_id"] = req_id
        await self.connection.send(json.dumps(request))

    async def subscribe(self, channel: str, **parameters: Any) -> dict[str, Any]:
        await self.say("subscribe", channel=channel, **parameters)
        return await self.reply()

    async def raw(self) -> str:
        async with asyncio.timeout(DEADLINE_S):
            return str(await self.connection.recv(decode=True))

    async def frame(self, channel: str, kind: str | None = None) -> dict[str, Any]:
        """The next frame of this channel, others skipped."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                frame: dict[str, Any] = json.loads(await self.raw(), parse_float=str)
                if frame.get("channel") == channel and kind in (None, frame.get("type")) and "method" not in frame:
                    return frame

    async def reply(self) -> dict[str, Any]:
        """The next answer to a request, data skipped."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                frame: dict[str, Any] = json.loads(await self.raw(), parse_float=str)
                if "method" in frame or "error" in frame:
                    return frame

    async def read_to_the_end(self) -> None:
        """Read until the connection fails. Raises what it failed with."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                await self.connection.recv()


@asynccontextmanager
async def socket_of(sandbox: KrakenSandbox, role: str = "ws") -> AsyncIterator[Socket]:
    async with connect(
        sandbox.urls[role], max_size=None, ping_interval=None, close_timeout=0.2, proxy=None
    ) as connection:
        yield Socket(connection)


class Book:
    """A book kept as docs.kraken.com describes it: apply, cut to depth, compare the checksum."""

    def __init__(self, snapshot: dict[str, Any], depth: int) -> None:
        self.depth = depth
        self.sides: dict[str, dict[str, str]] = {"asks": {}, "bids": {}}
        self.apply(snapshot)

    def apply(self, frame: dict[str, Any]) -> None:
        (data,) = frame["data"]
        for name, side in self.sides.items():
            for level in data[name]:
                if float(level["qty"]) == 0:
                    del side[level["price"]]
                else:
                    side[level["price"]] = level["qty"]
            best_first = sorted(side.items(), key=lambda level: float(level[0]), reverse=name == "bids")
            self.sides[name] = dict(best_first[: self.depth])
        self.sent_checksum = data["checksum"]

    @property
    def checksum(self) -> int:
        levels = [level for side in self.sides.values() for level in list(side.items())[:10]]
        digits = "".join(number.replace(".", "").lstrip("0") for level in levels for number in level)
        return zlib.crc32(digits.encode())

    @property
    def agrees(self) -> bool:
        return bool(self.checksum == self.sent_checksum)

    def best(self, side: str) -> Decimal:
        return Decimal(next(iter(self.sides[side])))

    @property
    def is_crossed(self) -> bool:
        return self.best("bids") >= self.best("asks")
