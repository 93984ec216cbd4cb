"""The recorder and its file: all that went over the wire, in order and in bounds, and no secret in any spelling."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import socket
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from connectors import capture_file
from connectors.capture import FRAME_OVERHEAD, STALL_S, Capture, wire_in_use
from connectors.capture_file import read_capture, write_capture
from connectors.errors import Disconnected, Unavailable, Unreachable, UsageError
from connectors.http import HttpTransport, new_http_client
from connectors.rate_limit import RateLimit
from connectors.scrub import Blotter, Redactor, address_of
from connectors.websocket import open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from connectors.capture_file import Recording
    from tests.connectors.conftest import CannedServer

KEY, SIGNATURE = "5f1c-KEY/with+signs=", "c2lnbmF0dXJlIG9mIHRoZSByZXF1ZXN0"
SIGNED = {"API-Key": KEY, "API-Sign": SIGNATURE, "Content-Type": "application/json"}


@pytest.fixture
def capture() -> Capture:
    made = Capture()
    wire_in_use.set(made)
    return made


@pytest.fixture
async def transport(canned: CannedServer) -> AsyncIterator[HttpTransport]:
    async with new_http_client() as client:
        yield HttpTransport(canned.url, venue="kraken", client=client, rate_limit=RateLimit(1000, 1000))


def text_of(capture: Capture, *secrets: str) -> str:
    return gzip.decompress(write_capture(capture, {}, secrets=secrets)).decode()


def read_back(capture: Capture) -> Recording:
    return read_capture(write_capture(capture, {}, secrets=()))


@asynccontextmanager
async def server(handle: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    async with serve(handle, "127.0.0.1", 0) as running:
        yield f"ws://127.0.0.1:{running.sockets[0].getsockname()[1]}/v2"


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def talk(url: str, *messages: str) -> None:
    """Send each message and wait for its echo."""
    echoed = asyncio.Event()
    async with asyncio.timeout(5), open_websocket(url, lambda _: echoed.set(), venue="kraken") as connection:
        for message in messages:
            await connection.send(message)
            await echoed.wait()
            echoed.clear()


async def test_a_request_and_its_answer_are_kept_as_they_were(
    canned: CannedServer, transport: HttpTransport, capture: Capture
) -> None:
    canned.put("/time", b'{"at":1,"odd":"\xff"}')
    answer = await transport.get("/time", {"pair": "BTC/USD"})

    [kept] = read_back(capture).exchanges

    assert (kept.request.method, kept.request.base_url, kept.request.path) == ("GET", canned.url, "/time")
    assert kept.request.params == {"pair": "BTC/USD"}
    assert kept.answer == answer
    assert kept.done is not None
    assert 0 <= kept.asked < kept.done


async def test_the_phases_of_a_new_connection_are_kept(
    canned: CannedServer, transport: HttpTransport, capture: Capture
) -> None:
    canned.put("/time", "{}")
    answer = await transport.get("/time", new_connection=True)

    [kept] = read_back(capture).exchanges

    assert kept.answer == answer
    assert answer.phases is not None


async def test_a_failure_and_a_request_given_up_on_are_told_apart(
    canned: CannedServer, transport: HttpTransport, capture: Capture
) -> None:
    canned.put("/busy", "", status=503)
    with pytest.raises(Unavailable):
        await transport.get("/busy")
    async with server(echo) as url:  # it answers no plain HTTP request that is cut short below
        asked = asyncio.create_task(
            HttpTransport(
                url.replace("ws", "http"), venue="kraken", client=transport._client, rate_limit=RateLimit(10, 10)
            ).get("/never")
        )
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    failed, given_up = read_back(capture).exchanges

    assert failed.failure is not None
    assert (failed.failure.kind, failed.failure.endpoint) == ("Unavailable", "/busy")
    assert (given_up.answer, given_up.failure) == (None, None)


async def test_a_websocket_is_kept_with_all_that_went_both_ways(capture: Capture) -> None:
    async with server(echo) as url:
        await talk(url, "one", "two")

    [link] = read_back(capture).links

    assert link.url == url
    assert [message for _, message in link.frames] == ["one", b"one", "two", b"two"]
    assert link.closed is not None
    assert link.closed.code == 1000
    assert link.opened is not None
    assert link.left is not None
    assert link.done is not None
    times = [link.asked, link.opened, *(at for at, _ in link.frames), link.left, link.done]
    assert times == sorted(times)


async def test_how_a_server_ended_a_connection_is_kept(capture: Capture) -> None:
    async def goodbye(connection: ServerConnection) -> None:
        await connection.close(1012, "restarting")

    async with (
        asyncio.timeout(5),
        server(goodbye) as url,
        open_websocket(url, lambda _: None, venue="kraken") as connection,
    ):
        await connection.wait_closed()
    with pytest.raises(Unreachable):
        await talk("ws://127.0.0.1:9/v2")

    ended, refused = read_back(capture).links

    assert ended.closed is not None
    assert (ended.closed.code, ended.closed.reason, ended.left) == (1012, "restarting", None)
    assert refused.failure is not None
    assert isinstance(refused.failure.error(venue="kraken"), Unreachable)
    assert not isinstance(refused.failure.error(venue="kraken"), Disconnected)


async def test_beyond_its_bound_the_oldest_frames_of_ended_subscriptions_go_first() -> None:
    capture = Capture(max_bytes=3 * (FRAME_OVERHEAD + 1000))
    wire_in_use.set(capture)
    async with server(echo) as url:
        await talk(url, "x" * 900)
        await talk(url, "y" * 900)

    ended, latest = capture.links

    assert capture.left_out == ended.left_out > 0
    assert latest.left_out == 0
    assert read_back(capture).left_out == capture.left_out


async def test_beyond_its_bound_answers_go_too(canned: CannedServer, transport: HttpTransport) -> None:
    capture = Capture(max_bytes=1000)
    wire_in_use.set(capture)
    canned.put("/large", b"x" * 600)
    for _ in range(3):
        await transport.get("/large")

    bodies = [len(kept.answer.body) for kept in read_back(capture).exchanges if kept.answer]

    assert bodies == [0, 0, 600]
    assert capture.left_out == 2


async def test_a_connection_given_up_on_and_one_still_open_are_told_apart(capture: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(TimeoutError):  # nobody reads
        async with asyncio.timeout(0.05):
            await talk(f"ws://127.0.0.1:{mute.getsockname()[1]}/v2")
    async with server(echo) as url, open_websocket(url, lambda _: None, venue="kraken"):
        given_up, open_still = read_back(capture).links

    assert (given_up.opened, given_up.failure, given_up.closed) == (None, None, None)
    assert given_up.done is not None
    assert open_still.opened is not None
    assert open_still.done is None


async def test_what_another_check_asked_for_is_kept_where_the_connector_remembers_it(
    canned: CannedServer, transport: HttpTransport
) -> None:
    for path in ("/pairs", "/status", "/other"):
        canned.put(path, "{}")
    around = Capture()
    first, second = around.beside(), around.beside()
    for wire, path in ((first, "/pairs"), (first, "/other"), (around, "/status")):
        wire_in_use.set(wire)
        await transport.get(path)

    data = write_capture(second, {}, secrets=(), remembers=("/pairs",), around=around)

    kept = read_capture(data).exchanges
    assert {exchange.request.path for exchange in kept} == {"/pairs", "/status"}
    assert all(exchange.is_elsewhere for exchange in kept)


async def test_when_our_own_process_stood_still_is_noted(capture: Capture) -> None:
    noting = asyncio.create_task(capture.note_stalls())
    while not capture.stalls:
        time.sleep(0.05)  # noqa: ASYNC251  # standing still is the point
        await asyncio.sleep(0)
    noting.cancel()

    [(begin, end), *_] = read_back(capture).stalls

    assert 0 < begin < end
    assert end - begin > STALL_S


# Secrets.


async def test_nothing_secret_is_in_any_repr(canned: CannedServer, transport: HttpTransport, capture: Capture) -> None:
    canned.put("/private", '{"token":"TOKEN-OF-THIS-SESSION"}')
    await transport.get("/private", {"signature": SIGNATURE}, SIGNED)
    async with server(echo) as url:
        await talk(f"{url}?token=TOKEN-OF-THIS-SESSION", "hush")

    shown = repr([capture, capture.exchanges, capture.exchanges[0].request, capture.links])

    for secret in (KEY, SIGNATURE, "TOKEN-OF-THIS-SESSION", "hush"):
        assert secret not in shown


async def test_a_key_that_a_venue_echoes_is_blotted_out(
    canned: CannedServer, transport: HttpTransport, capture: Capture
) -> None:
    canned.put(
        "/private", json.dumps({"code": "400", "msg": f"{KEY} and {SIGNATURE} from 10.1.2.3 hold 12.5 of 4ab0c1"})
    )
    canned.put("/public", quote(KEY, safe=""))
    await transport.get("/private", None, SIGNED)
    await transport.get("/public")

    text = text_of(capture, KEY)

    for spelling in (KEY, SIGNATURE, quote(KEY, safe=""), "10.1.2.3", "12.5"):
        assert spelling not in text
    assert r"\"code\":\"400\"" in text


async def test_a_private_answer_keeps_its_shape_and_none_of_its_values(
    canned: CannedServer, transport: HttpTransport, capture: Capture
) -> None:
    account = {
        "error": [],
        "result": {"XXBT": "12.5000", "uid": 165111215, "id": "5bd6e9286d99522a", "ips": ["10.0.0.1"], "isOpen": True},
    }
    canned.put("/private", json.dumps(account))
    await transport.get("/private", None, SIGNED)

    [kept] = read_back(capture).exchanges

    assert kept.answer is not None
    assert json.loads(kept.answer.body) == {
        "error": [],
        "result": {"HIDDEN1": "0", "uid": 0, "id": "HIDDEN2", "ips": ["HIDDEN3"], "isOpen": True},
    }


async def test_a_private_answer_that_is_broken_stays_broken_at_the_same_place(
    canned: CannedServer, transport: HttpTransport, capture: Capture
) -> None:
    canned.put("/private", '{"error":[],"result":{"ZUSD":"1234.56é",,}')
    await transport.get("/private", None, SIGNED)

    [kept] = read_back(capture).exchanges

    assert kept.answer is not None
    assert kept.answer.body.decode() == '{"xxxxx":[],"xxxxxx":{"xxxx":"0000.00x",,}'


@pytest.mark.parametrize("in_url", [True, False])
async def test_a_stream_opened_with_a_private_token_is_private(
    canned: CannedServer, transport: HttpTransport, capture: Capture, *, in_url: bool
) -> None:
    canned.put("/token", '{"token":"a/TOKEN==of-ours"}')
    await transport.get("/token", None, SIGNED)
    async with server(echo) as url:
        address = f"{url}?token={quote('a/TOKEN==of-ours', safe='')}" if in_url else url
        subscribe = {"id": "7", "type": "subscribe", "token": "a/TOKEN==of-ours"}
        await talk(address, json.dumps(subscribe), '{"type":"message","data":{"total":"88.25","currency":"BTC"}}')

    text = text_of(capture)

    for hidden in ("TOKEN", "88.25", "BTC", "?token"):
        assert hidden not in text
    last = read_back(capture).links[0].frames[-1][1]
    assert json.loads(bytes(last, "utf-8") if isinstance(last, str) else last) == {
        "type": "message",
        "data": {"total": "0", "currency": "HIDDEN2"},
    }


async def test_a_public_token_is_hidden_and_the_stream_is_not(
    canned: CannedServer, transport: HttpTransport, capture: Capture
) -> None:
    canned.put("/bullet", '{"data":{"token":"PUBLIC-TOKEN","instanceServers":[]}}')
    await transport.post("/bullet", b"", {})
    async with server(echo) as url:
        await talk(f"{url}?token=PUBLIC-TOKEN", '{"price":"88.25"}')

    text = text_of(capture)

    assert "PUBLIC-TOKEN" not in text
    assert "88.25" in text


SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs")), min_size=8, max_size=40)


@given(secret=SECRETS, before=st.text("abc:", max_size=4), after=st.text("xyz&", max_size=4))
def test_no_spelling_of_a_secret_survives(secret: str, before: str, after: str) -> None:
    assume(not any(part in "[hidden]" for part in (secret, secret.lower())))
    octets = secret.encode()
    written = {
        "plain": before + secret + after,
        "json": json.dumps(before + secret + after),
        "json, slashes escaped": json.dumps(before + secret + after).replace("/", r"\/"),
        "url": quote(before + secret + after),
        "url, no slash": quote(before + secret + after, safe=""),
        "form": quote_plus(before + secret + after),
        "hex": (before.encode() + octets + after.encode()).hex(),
    }

    cleaned = Blotter([secret]).clean(written)

    assert secret not in cleaned["plain"]
    assert json.dumps(secret)[1:-1] not in cleaned["json"]
    assert json.dumps(secret)[1:-1].replace("/", r"\/") not in cleaned["json, slashes escaped"]
    assert quote(secret) not in cleaned["url"]
    assert quote(secret, safe="") not in cleaned["url, no slash"]
    assert quote_plus(secret) not in cleaned["form"]
    assert octets.hex() not in cleaned["hex"]


@given(secret=SECRETS, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_a_secret_cannot_be_read_out_of_base64_that_holds_it(secret: str, before: bytes, after: bytes) -> None:
    written = base64.b64encode(before + secret.encode() + after).decode()

    cleaned = Blotter([secret]).clean(written)

    readable = base64.b64decode(cleaned.replace("[hidden]", "A" * (len(written) - len(cleaned) + 8)) + "==")
    assert secret.encode() not in readable


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_what_is_redacted_has_the_same_shape(value: Any) -> None:
    redacted = json.loads(Redactor().answer(json.dumps(value)))

    assert shape(redacted) == shape(value)


def shape(value: Any) -> Any:
    match value:
        case dict():
            return sorted((shape(item) for item in value.values()), key=repr)
        case list():
            return [shape(item) for item in value]
    return type(value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("wss://user:pass@h.example:8443/v2?token=x#y", "wss://h.example:8443/v2"),
        ("https://api.kraken.com", "https://api.kraken.com"),
        ("http://127.0.0.1:1/?a=b", "http://127.0.0.1:1/"),
    ],
)
def test_an_address_is_kept_without_user_and_query(url: str, shown: str) -> None:
    assert address_of(url) == shown


# Files that are none.


def packed(*lines: str) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


HEAD = '{"bellwether_capture":1,"started_at":"2026-11-21T12:00:00Z","left_out":0,"lines":1}'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "damaged: the file ends too soon"),
        (b"PK\x03\x04", "not a capture: not gzip, or damaged"),
        (packed(HEAD, "{}")[:-12], "damaged: the file ends too soon"),
        (packed("{}"), "not a capture: its first line has no `bellwether_capture`"),
        (packed("[" * 100_000), "not a capture: its first line has no `bellwether_capture`"),
        (gzip.compress(b"\xff\xfe", mtime=0), "not a capture: not text"),
        (packed('{"bellwether_capture":2}'), "a capture of version 2; this build reads version 1"),
        (
            packed('{"bellwether_capture":1}'),
            "damaged: its first line lacks a readable `started_at`, `left_out` or `lines`",
        ),
        (packed(HEAD), "damaged: 1 lines were written, 0 are there"),
        (packed(HEAD, '{"t":"soon"}'), "damaged: line 2: Expected `float`, got `str` - at `$.t`"),
        (packed(HEAD, '{"t":1,"ws":3,"in":"x"}'), "damaged: line 2: 3"),
        (packed(HEAD, "[]"), "damaged: line 2: Expected `object`, got `array`"),
        (
            packed(HEAD, '{"t":1,"http":"GET","path":"/","error":{"kind":"SystemExit","message":""}}'),
            "damaged: line 2: no error is called 'SystemExit'",
        ),
        (packed(HEAD, '{"t":1,"http":"GET","error":"x"}'), "damaged: line 2: 'str' object has no attribute 'get'"),
        (packed(HEAD, '{"t":0,"stalled_until":1e18}'), "damaged: line 2: a time of 1e+18 s"),
        (packed(HEAD, '{"t":NaN,"http":"GET"}'), "damaged: line 2: a time of nan s"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data: bytes, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_capture(data)

    assert str(refused.value) == said


def test_a_file_that_unpacks_to_any_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_file, "MAX_TEXT_BYTES", 1024 * 1024)
    with pytest.raises(UsageError) as refused:
        read_capture(gzip.compress(b" " * 1024 * 1025))

    assert str(refused.value) == "not a capture: more than 1 MB once unpacked"
