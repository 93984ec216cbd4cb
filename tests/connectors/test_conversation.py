"""A few words with a venue: all that it said is heard in order, also where it leaves right after; silence ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.conversation import conversation
from connectors.errors import Disconnected, Timeout
from tests.connectors.test_websocket import server

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection


async def say_two_things_and_leave(client: ServerConnection) -> None:
    await client.send("one")
    await client.send("two")


async def repeat_once(client: ServerConnection) -> None:
    await client.send(await client.recv())
    await client.wait_closed()


async def test_what_was_said_before_leaving_is_heard_first() -> None:
    async with server(say_two_things_and_leave) as url, conversation(url, venue="kraken", timeout_s=5) as talk:
        heard = [await talk.hear(), await talk.hear()]

        with pytest.raises(Disconnected):
            await talk.hear()

    assert heard == [b"one", b"two"]


async def test_what_we_say_is_answered() -> None:
    async with server(repeat_once) as url, conversation(url, venue="kraken", timeout_s=5) as talk:
        await talk.send("anyone?")

        assert await talk.hear() == b"anyone?"


async def test_a_venue_that_keeps_silent_is_a_timeout_that_shows_no_token() -> None:
    async def wait() -> None:
        async with server(repeat_once) as url, conversation(f"{url}?token=hush", venue="kraken", timeout_s=0.1) as talk:
            await talk.hear()

    with pytest.raises(Timeout, match=r"within 0\.1 s") as silent:
        await wait()

    assert "hush" not in str(silent.value)
