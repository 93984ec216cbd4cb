"""The HTTP transport: what a status means, what is too large, what is retried, and what every failure is called."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors import http
from connectors.errors import (
    ConnectorError,
    Disconnected,
    MalformedPayload,
    MessageTooLarge,
    RateLimited,
    Timeout,
    Unavailable,
    Unreachable,
    UsageError,
)
from connectors.http import HttpTransport, new_http_client
from connectors.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from connectors.sandbox import KrakenSandbox
    from tests.connectors.conftest import CannedServer

GENEROUS = RateLimit(capacity=1000, refill_per_s=1000)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with new_http_client() as client:
        yield client


@pytest.fixture
def transport_to(client: httpx.AsyncClient) -> Callable[..., HttpTransport]:
    def make(url: str, *, attempts: int = 1, timeout_s: float = 2.0) -> HttpTransport:
        return HttpTransport(
            url, venue="kraken", client=client, rate_limit=GENEROUS, attempts=attempts, timeout_s=timeout_s
        )

    return make


async def error_of(transport: HttpTransport, path: str = "/x") -> ConnectorError:
    with pytest.raises(ConnectorError) as refused:
        await transport.get(path)
    return refused.value


async def test_an_answer_keeps_status_type_and_body(
    canned: CannedServer, transport_to: Callable[..., HttpTransport]
) -> None:
    canned.put("/x", '{"error":["EGeneral:Unknown method"]}', status=404)

    answer = await transport_to(canned.url).get("/x", {"pair": "BTC/USD"})

    assert (answer.status, answer.content_type) == (404, "application/json")
    assert answer.body == b'{"error":["EGeneral:Unknown method"]}'
    path, headers, _ = canned.asked[0]
    assert path == "/x?pair=BTC%2FUSD"
    assert headers["User-Agent"] == "bellwether"


@pytest.mark.parametrize(
    ("status", "headers", "kind", "retry_after_s"),
    [
        (429, {"Retry-After": "7"}, RateLimited, 7.0),
        (429, {"Retry-After": "²"}, RateLimited, None),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, RateLimited, None),
        (503, {}, Unavailable, None),
        (520, {}, Unavailable, None),
        (511, {}, Unreachable, None),
    ],
)
async def test_a_status_that_says_try_later_is_an_error_of_its_kind(
    canned: CannedServer,
    transport_to: Callable[..., HttpTransport],
    status: int,
    headers: dict[str, str],
    kind: type[ConnectorError],
    retry_after_s: float | None,
) -> None:
    canned.put("/x", "<html>", status=status, headers=headers)

    error = await error_of(transport_to(canned.url))

    assert type(error) is kind
    assert getattr(error, "retry_after_s", None) == retry_after_s


async def test_a_venue_that_names_a_time_is_left_alone_until_then(
    canned: CannedServer, transport_to: Callable[..., HttpTransport]
) -> None:
    canned.put("/x", "", status=429, headers={"Retry-After": "60"})
    transport = transport_to(canned.url)
    await error_of(transport)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await transport.get("/x")
    assert len(canned.asked) == 1


async def test_whoever_shares_a_client_shares_its_rate_limit(canned: CannedServer, client: httpx.AsyncClient) -> None:
    canned.put("/x", "{}")
    once = RateLimit(capacity=1, refill_per_s=0.001)
    first, second = (HttpTransport(canned.url, venue="kraken", client=client, rate_limit=once) for _ in range(2))
    await first.get("/x")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await second.get("/x")


async def test_waiting_for_the_rate_limit_is_not_part_of_the_round_trip(
    canned: CannedServer, client: httpx.AsyncClient
) -> None:
    canned.put("/x", "{}")
    limit = RateLimit(capacity=1, refill_per_s=5)
    transport = HttpTransport(canned.url, venue="kraken", client=client, rate_limit=limit)
    first, second = await transport.get("/x"), await transport.get("/x")

    assert second.sent_at - first.received_at > timedelta(seconds=0.1)
    assert second.received_at - second.sent_at < timedelta(seconds=0.1)


async def test_a_transient_failure_is_tried_again_where_that_is_wanted(
    canned: CannedServer, transport_to: Callable[..., HttpTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "RETRY_WAIT_S", 0.01)
    canned.put("/x", "", status=503)
    canned.put("/x", "{}")

    transport = transport_to(canned.url, attempts=2)
    answer = await transport.retrying(lambda: transport.get("/x"))

    assert answer.body == b"{}"
    assert len(canned.asked) == 2


async def test_attempts_are_bounded(
    canned: CannedServer, transport_to: Callable[..., HttpTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "RETRY_WAIT_S", 0.01)
    canned.put("/x", "", status=503)

    transport = transport_to(canned.url, attempts=3)
    with pytest.raises(Unavailable):
        await transport.retrying(lambda: transport.get("/x"))
    assert len(canned.asked) == 3


async def test_a_signed_request_is_never_sent_twice(
    canned: CannedServer, transport_to: Callable[..., HttpTransport]
) -> None:
    canned.put("/x", "", status=503)

    with pytest.raises(Unavailable):
        await transport_to(canned.url, attempts=3).post("/x", b"nonce=1", {})
    assert [body for _, _, body in canned.asked] == [b"nonce=1"]


async def test_an_answer_beyond_any_size_is_cut_off(
    canned: CannedServer, transport_to: Callable[..., HttpTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 1000)
    canned.put("/x", b"x" * 1001)

    assert isinstance(await error_of(transport_to(canned.url)), MessageTooLarge)


async def test_a_small_body_that_inflates_beyond_any_size_is_cut_off_too(
    canned: CannedServer, transport_to: Callable[..., HttpTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 1000)
    canned.put("/x", gzip.compress(b" " * 1001), headers={"Content-Encoding": "gzip"})
    canned.put("/x", gzip.compress(b" " * 1000), headers={"Content-Encoding": "gzip"})
    transport = transport_to(canned.url)

    assert isinstance(await error_of(transport), MessageTooLarge)
    assert (await transport.get("/x")).body == b" " * 1000


async def test_a_turn_that_does_not_come_in_time_is_a_rate_limit(
    canned: CannedServer, client: httpx.AsyncClient
) -> None:
    canned.put("/x", "{}")
    once = RateLimit(capacity=1, refill_per_s=0.001)
    transport = HttpTransport(canned.url, venue="kraken", client=client, rate_limit=once, timeout_s=0.05)
    await transport.get("/x")

    assert isinstance(await error_of(transport), RateLimited)


async def test_a_header_that_http_refuses_is_not_quoted(
    canned: CannedServer, transport_to: Callable[..., HttpTransport]
) -> None:
    with pytest.raises(UsageError) as refused:
        await transport_to(canned.url).post("/x", b"", {"API-Key": "hush\n"})
    assert "hush" not in str(refused.value)


async def test_a_body_that_is_not_in_its_encoding_is_malformed(
    canned: CannedServer, transport_to: Callable[..., HttpTransport]
) -> None:
    canned.put("/x", b"not gzip", headers={"Content-Encoding": "gzip"})

    assert isinstance(await error_of(transport_to(canned.url)), MalformedPayload)


async def test_nobody_listening_is_unreachable(transport_to: Callable[..., HttpTransport]) -> None:
    assert isinstance(await error_of(transport_to("http://127.0.0.1:9")), Unreachable)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://127.0.0.1:port"])
async def test_what_is_no_address_is_the_callers_mistake(transport_to: Callable[..., HttpTransport], url: str) -> None:
    assert isinstance(await error_of(transport_to(url)), UsageError)


async def test_an_answer_that_never_comes_is_a_timeout(
    venue: KrakenSandbox, transport_to: Callable[..., HttpTransport]
) -> None:
    venue.faults.switch_on("hang")

    error = await error_of(transport_to(venue.urls["rest"], timeout_s=0.1), "/0/public/Time")

    assert isinstance(error, Timeout)
    assert "0.1 s" in str(error)


@pytest.mark.parametrize("fault", ["half_frame", "drop"])
async def test_an_answer_cut_short_is_a_lost_connection(
    venue: KrakenSandbox, transport_to: Callable[..., HttpTransport], fault: str
) -> None:
    venue.faults.switch_on(fault)

    assert isinstance(await error_of(transport_to(venue.urls["rest"]), "/0/public/Time"), Disconnected | Unreachable)


async def test_the_phases_of_a_call_are_told_only_where_a_connection_was_made_for_it(
    canned: CannedServer, transport_to: Callable[..., HttpTransport]
) -> None:
    canned.put("/x", "{}")
    transport = transport_to(canned.url)

    anew = await transport.get("/x", new_connection=True)
    pooled = await transport.get("/x")

    assert pooled.phases is None
    assert anew.phases is not None
    assert anew.phases.tls_ms is None
    assert 0 <= anew.phases.connect_ms < 200


async def test_a_connection_made_for_one_call_is_closed_again(transport_to: Callable[..., HttpTransport]) -> None:
    connections = []
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.read()  # until the other side closes
        closed.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        transport = transport_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await transport.get("/x", new_connection=True)
        async with asyncio.timeout(2):
            await closed.wait()

    assert len(connections) == 1


async def test_an_answer_that_is_long_in_coming_shows_in_its_first_byte(
    transport_to: Callable[..., HttpTransport],
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.08)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        transport = transport_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        answer = await transport.get("/x", new_connection=True)

    assert answer.phases is not None
    assert answer.phases.first_byte_ms >= 75
    assert answer.phases.connect_ms < 75


def certified() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server on 127.0.0.1 shows, and what a client needs to believe it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile() as file:
        file.write(pem)
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.flush()
        server.load_cert_chain(file.name)
    return server, ssl.create_default_context(cadata=pem.decode())


async def test_a_handshake_that_is_long_in_coming_shows_in_its_own_phase(
    transport_to: Callable[..., HttpTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    server_side, client_side = certified()
    monkeypatch.setattr(http, "shared_tls_context", lambda: client_side)

    def serve(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        time.sleep(0.08)
        with server_side.wrap_socket(plain, server_side=True) as encrypted:
            encrypted.recv(4096)
            encrypted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(asyncio.to_thread(serve, listener))
        transport = transport_to(f"https://127.0.0.1:{listener.getsockname()[1]}")
        answer = await transport.get("/x", new_connection=True)
        await serving

    assert answer.phases is not None
    assert answer.phases.tls_ms is not None
    assert answer.phases.tls_ms >= 75
    assert answer.phases.connect_ms < 75


async def test_a_name_that_is_long_in_coming_shows_in_its_own_phase(
    canned: CannedServer, transport_to: Callable[..., HttpTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    canned.put("/x", "{}")
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo

    async def slow(*arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(0.08)
        return await look_up(*arguments, **options)

    monkeypatch.setattr(loop, "getaddrinfo", slow)  # no resolver here can be slowed down for real
    answer = await transport_to(canned.url.replace("127.0.0.1", "localhost")).get("/x", new_connection=True)

    assert answer.phases is not None
    assert answer.phases.dns_ms >= 75


async def test_a_name_that_nobody_knows_is_unreachable(transport_to: Callable[..., HttpTransport]) -> None:
    with pytest.raises(Unreachable, match=r"no address for nowhere\.invalid"):
        await transport_to("http://nowhere.invalid").get("/x", new_connection=True)
