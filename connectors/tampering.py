"""A connector whose every signature is wrong, and nothing else: to see whether a venue checks them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from connectors.http import new_http_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx

    from connectors.base import Connector

C = TypeVar("C", bound="Connector")


@asynccontextmanager
async def tampered(connector: C) -> AsyncIterator[C]:
    """A second connector of the same class, addresses and key, over a client of its own that spoils each signature.

    Key, passphrase, nonce and timestamp are as they should be, so that a refusal can only be the signature's.
    """
    async with new_http_client() as client:
        client.event_hooks = {"request": [_spoiler(connector.signature_header)]}
        yield type(connector)(urls=connector.urls, credentials=connector.credentials, http=client)


def _spoiler(header: str) -> Callable[[httpx.Request], Awaitable[None]]:
    async def spoil(request: httpx.Request) -> None:
        if signature := request.headers.get(header):
            request.headers[header] = spoilt(signature)

    return spoil


def spoilt(signature: str) -> str:
    """Another signature of the same length and alphabet: its first character is a different one."""
    return ("B" if signature.startswith("A") else "A") + signature[1:]
