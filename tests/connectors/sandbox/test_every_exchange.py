"""What every sandbox exchange owes to the wire they share, asked without knowing a word of its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from connectors.sandbox import SANDBOXES
from tests.connectors.sandbox.wire import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connectors.sandbox.server import SandboxServer


@pytest.fixture(params=SANDBOXES)
async def exchange(request: pytest.FixtureRequest) -> AsyncIterator[SandboxServer]:
    make = SANDBOXES[request.param]
    async with make(seed=7, rate=50) as sandbox:
        yield sandbox


@pytest.fixture
async def client(exchange: SandboxServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=exchange.urls["rest"], timeout=DEADLINE_S, trust_env=False) as client:
        yield client


async def healthy(client: httpx.AsyncClient) -> None:
    """Even a path that the exchange does not know is answered in its own words, which are JSON."""
    response = await client.get("/nothing-here")
    assert response.headers["content-type"].startswith("application/json")
    response.json()


async def test_exchange_is_listed_under_its_own_name(exchange: SandboxServer) -> None:
    assert SANDBOXES[exchange.exchange] is type(exchange)


async def test_only_possible_faults_are_offered(exchange: SandboxServer, client: httpx.AsyncClient) -> None:
    offered = [fault["name"] for fault in (await client.get("/_sandbox/faults")).json()["faults"]]
    assert offered == list(exchange.fault_names())
    assert not set(offered) & set(exchange.faults_left_out)


async def test_every_offered_fault_can_be_on_together_and_heals(
    exchange: SandboxServer, client: httpx.AsyncClient
) -> None:
    for name in exchange.fault_names():
        assert (await client.put(f"/_sandbox/faults/{name}")).status_code == 200
    assert (await client.delete("/_sandbox/faults")).status_code == 200
    await healthy(client)


async def test_dropped_and_halved_answers_heal(exchange: SandboxServer, client: httpx.AsyncClient) -> None:
    exchange.faults.switch_on("drop")
    with pytest.raises(httpx.TransportError):
        await client.get("/nothing-here")
    exchange.faults.clear()
    exchange.faults.switch_on("half_frame")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        await client.get("/nothing-here")
    exchange.faults.clear()
    await healthy(client)


async def test_web_pages_and_broken_json_stand_in_for_answers(
    exchange: SandboxServer, client: httpx.AsyncClient
) -> None:
    exchange.faults.switch_on("http_5xx", status=503)
    assert (await client.get("/nothing-here")).status_code == 503
    exchange.faults.clear()
    exchange.faults.switch_on("malformed")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        (await client.get("/nothing-here")).json()
    exchange.faults.clear()
    await healthy(client)


async def test_huge_answer_is_json_in_the_exchanges_own_shape(
    exchange: SandboxServer, client: httpx.AsyncClient
) -> None:
    exchange.faults.switch_on("huge_message", megabytes=1)
    response = await client.get("/nothing-here")
    before, after = exchange.padded_answer
    assert len(response.content) == 1_000_000
    assert (response.content[: len(before)], response.content[-len(after) :]) == (before, after)
    response.json()
