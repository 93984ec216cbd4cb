"""A running Kraken sandbox and plain clients for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.sandbox import KrakenSandbox
from tests.connectors.sandbox.wire import Rest, Socket, rest_of, socket_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def sandbox() -> AsyncIterator[KrakenSandbox]:
    """A fast market, so that no test waits for the next update."""
    async with KrakenSandbox(seed=7, rate=400) as sandbox:
        yield sandbox


@pytest.fixture
async def rest(sandbox: KrakenSandbox) -> AsyncIterator[Rest]:
    async with rest_of(sandbox) as rest:
        yield rest


@pytest.fixture
async def socket(sandbox: KrakenSandbox) -> AsyncIterator[Socket]:
    async with socket_of(sandbox) as socket:
        yield socket
