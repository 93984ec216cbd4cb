"""HTTP transport: httpx does the protocol; deadlines, sizes, rate limits and what a status means are settled here."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
import zlib
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import httpx
import stamina

from connectors.capture import Request, wire_in_use
from connectors.clock import utc_now
from connectors.errors import (
    AddressRefused,
    ConnectorError,
    Disconnected,
    MalformedPayload,
    MessageTooLarge,
    NotSetUp,
    RateLimited,
    Rejected,
    Timeout,
    Unavailable,
    Unreachable,
    UsageError,
    is_transient,
)
from connectors.rate_limit import RateLimiter
from connectors.types import Phases

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from datetime import datetime

    from connectors.rate_limit import RateLimit


T = TypeVar("T")


USER_AGENT = "bellwether"
"""Kraken refuses requests without one; saying who we are is good manners everywhere."""

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Several times the largest list of trading pairs that a venue here answers with."""

FROM_A_PROXY = frozenset({407, 511})
"""Statuses that no venue sends: whoever wants a log-in stands between it and us."""

GZIP_WBITS = 31
"""zlib's way of asking for a gzip header."""

RETRY_WAIT_S = 0.5
"""Before the second attempt, doubling, with as much again at random."""

LONGEST_PAUSE_S = 60.0
"""Of what a venue may ask for by Retry-After; a longer wait is for the caller's schedule, not for a sleep in here."""


@cache
def shared_tls_context() -> ssl.SSLContext:
    """One TLS context for every client: building one costs more than a request."""
    return ssl.create_default_context()


def new_http_client() -> httpx.AsyncClient:
    """A client for one venue, to be kept for as long as the venue is talked to."""
    return httpx.AsyncClient(
        verify=shared_tls_context(),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        limits=httpx.Limits(max_connections=10),
        follow_redirects=False,
    )


class HttpAnswer(NamedTuple):
    """A whole answer below status 500; what it says is the venue module's to read.

    `sent_at` and `received_at` enclose the request itself: neither waiting for the rate limit nor connecting anew is
    in between. `phases` is None where an open connection served.
    """

    status: int
    content_type: str
    body: bytes
    sent_at: datetime
    received_at: datetime
    phases: Phases | None = None


class _PhaseClock:
    """Hears from httpcore what a request is at, to tell the phases of a call on a new connection."""

    def __init__(self) -> None:
        self.sent_at: datetime | None = None
        self._marks: dict[str, float] = {}

    async def __call__(self, event: str, _info: Mapping[str, object]) -> None:
        self.mark(event)
        if event.endswith("send_request_headers.started"):
            self.sent_at = utc_now()

    def mark(self, event: str) -> None:
        self._marks[event.removeprefix("http11.").removeprefix("connection.")] = time.perf_counter()

    def phases(self) -> Phases:
        has_tls = "start_tls.complete" in self._marks
        return Phases(
            dns_ms=self._between("dns.started", "dns.complete"),
            connect_ms=self._between("connect_tcp.started", "connect_tcp.complete"),
            tls_ms=self._between("start_tls.started", "start_tls.complete") if has_tls else None,
            first_byte_ms=self._between("send_request_headers.started", "receive_response_headers.complete"),
        )

    def _between(self, begin: str, end: str) -> float:
        return round((self._marks[end] - self._marks[begin]) * 1000, 1)


def error_of_status(status: int, headers: Mapping[str, str], *, venue: str, endpoint: str) -> ConnectorError:
    """What an HTTP status of 400 and above amounts to where the body says nothing better."""
    if status == 429:
        seconds = headers.get("Retry-After", "")
        return RateLimited(
            "HTTP 429",
            retry_after_s=float(seconds) if seconds.isascii() and seconds.isdigit() else None,
            venue=venue,
            endpoint=endpoint,
        )
    if status in FROM_A_PROXY:
        return Unreachable(f"HTTP {status}: a proxy on the way wants a log-in", venue=venue, endpoint=endpoint)
    if status >= 500:
        return Unavailable(f"HTTP {status}", venue=venue, endpoint=endpoint)
    refusal = AddressRefused if status in (403, 451) else Rejected
    return refusal(f"HTTP {status}", venue=venue, endpoint=endpoint)


_limiters: WeakKeyDictionary[httpx.AsyncClient, dict[str, RateLimiter]] = WeakKeyDictionary()


def _limiter_of(client: httpx.AsyncClient, base_url: str, limit: RateLimit) -> RateLimiter:
    """Whoever shares a client shares the venue's patience too: it counts by address, not by connector."""
    return _limiters.setdefault(client, {}).setdefault(base_url, RateLimiter(limit))


class HttpTransport:
    """Requests to one base URL, each under its own deadline and the venue's rate limit."""

    def __init__(
        self,
        base_url: str,
        *,
        venue: str,
        client: httpx.AsyncClient,
        rate_limit: RateLimit,
        attempts: int = 1,
        timeout_s: float = 10.0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.venue = venue
        self.timeout_s = timeout_s
        self.error_of_status = error_of_status
        """A venue that says more in the headers of a 429 puts its own reading here."""
        self._client = client
        self._attempts = attempts
        self._limiter = _limiter_of(client, self.base_url, rate_limit)

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        weight: float = 1,
        new_connection: bool = False,
    ) -> HttpAnswer:
        """A read, sent once; over a *new_connection*, which is closed again, its phases are told.

        Raises Unreachable, Timeout, Disconnected, RateLimited, Unavailable, MessageTooLarge, MalformedPayload.
        """
        send = self._send_anew if new_connection else self._send
        return await self._by_wire(
            Request.of(self.venue, "GET", self.base_url, path, params, headers),
            partial(send, "GET", path, params=params, headers=headers, weight=weight),
        )

    async def post(self, path: str, content: bytes, headers: Mapping[str, str], *, weight: float = 1) -> HttpAnswer:
        """A signed request, sent once: its bytes are signed, and its nonce is spent. Raises as `get`."""
        return await self._by_wire(
            Request.of(self.venue, "POST", self.base_url, path, None, headers),
            partial(self._send, "POST", path, content=content, headers=headers, weight=weight),
        )

    @staticmethod
    async def _by_wire(request: Request, send: Callable[[], Awaitable[HttpAnswer]]) -> HttpAnswer:
        wire = wire_in_use.get()
        return await send() if wire is None else await wire.exchange(request, send)

    async def retrying(self, read: Callable[[], Awaitable[T]]) -> T:
        """What *read* returns, tried again on a transient failure as often as this transport may.

        The venue's own answer counts as well as the transport: some say "busy" with status 200.
        """
        async for attempt in stamina.retry_context(
            on=is_transient,
            attempts=self._attempts,
            timeout=3 * self.timeout_s,
            wait_initial=RETRY_WAIT_S,
            wait_jitter=RETRY_WAIT_S,
        ):
            with attempt:
                return await read()
        raise AssertionError("unreachable: the last attempt returns or raises")

    def ease_off(self, error: RateLimited) -> None:
        """Send nothing for as long as the venue asks, and no longer than a caller could be made to wait."""
        if error.retry_after_s is not None:
            self._limiter.pause(min(error.retry_after_s, LONGEST_PAUSE_S))

    async def _turn(self, weight: float, path: str) -> None:
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._limiter.acquire(weight)
        except TimeoutError as error:
            raise RateLimited(
                f"no turn within {self.timeout_s:g} s under the venue's rate limit", venue=self.venue, endpoint=path
            ) from error

    async def _send_anew(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        weight: float,
    ) -> HttpAnswer:
        clock = _PhaseClock()
        async with new_http_client() as client:
            client.headers = self._client.headers
            async with self._deadline(path):
                await self._look_up(clock)
            answer = await self._send(
                method, path, params=params, headers=headers, weight=weight, client=client, clock=clock
            )
        return answer._replace(sent_at=clock.sent_at or answer.sent_at, phases=clock.phases())

    async def _look_up(self, clock: _PhaseClock) -> None:
        """Resolve the host's name; an address is its own name. Raises Unreachable."""
        url = httpx.URL(self.base_url)
        clock.mark("dns.started")
        try:
            await asyncio.get_running_loop().getaddrinfo(url.host, url.port or url.scheme, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise Unreachable(f"no address for {url.host}: {error.strerror}", venue=self.venue) from error
        clock.mark("dns.complete")

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        weight: float,
        client: httpx.AsyncClient | None = None,
        clock: _PhaseClock | None = None,
    ) -> HttpAnswer:
        await self._turn(weight, path)
        client = client or self._client
        try:
            async with self._deadline(path):
                request = client.build_request(
                    method,
                    self.base_url + path,
                    params=params,
                    content=content,
                    headers=headers,
                    timeout=self.timeout_s,
                    extensions={"trace": clock} if clock else None,
                )
                sent_at = utc_now()
                response = await client.send(request, stream=True)
                try:
                    body = await self._read(response, path)
                    kind = response.headers.get("Content-Type", "")
                    return HttpAnswer(response.status_code, kind, body, sent_at, utc_now())
                finally:
                    await response.aclose()
        except RateLimited as error:
            self.ease_off(error)
            raise

    async def _read(self, response: httpx.Response, path: str) -> bytes:
        # Inflated here, not by httpx, which would inflate a whole chunk before anybody could count it.
        inflate = zlib.decompressobj(wbits=GZIP_WBITS) if response.headers.get("Content-Encoding") == "gzip" else None
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk if inflate is None else inflate.decompress(chunk, MAX_BODY_BYTES + 1 - len(body))
            if len(body) > MAX_BODY_BYTES:
                raise MessageTooLarge(f"an answer of more than {MAX_BODY_BYTES} bytes", venue=self.venue, endpoint=path)
        if response.status_code == 429 or response.status_code >= 500:
            raise self.error_of_status(response.status_code, response.headers, venue=self.venue, endpoint=path)
        return bytes(body)

    @asynccontextmanager
    async def _deadline(self, path: str) -> AsyncIterator[None]:
        """Every way in which the exchange of bytes can fail, as one of ours."""
        try:
            async with asyncio.timeout(self.timeout_s):
                yield
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Timeout(f"no answer within {self.timeout_s:g} s", venue=self.venue, endpoint=path) from error
        except httpx.ConnectError as error:
            raise Unreachable(str(error), venue=self.venue, endpoint=path) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise UsageError(f"not an HTTP address: {self.base_url}", venue=self.venue) from error
        except zlib.error as error:
            raise MalformedPayload("not the gzip that it is said to be", venue=self.venue, endpoint=path) from error
        except httpx.LocalProtocolError:  # its text quotes the header that it refuses: it may hold a key
            raise NotSetUp("a header or a body that HTTP does not allow", venue=self.venue, endpoint=path) from None
        except (httpx.HTTPError, OSError) as error:
            raise Disconnected(str(error) or type(error).__name__, venue=self.venue, endpoint=path) from error
