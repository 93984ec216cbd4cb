"""Is it them or is it us: before a venue is blamed, unrelated hosts tell of our network and clock, and it of itself."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from connectors.base import MarketData, is_address
from connectors.errors import ConnectorError, UsageError
from connectors.http import new_http_client
from connectors.types import VenueMode
from monitoring.checks.outcomes import Blame, Cause, Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.base import Connector
    from monitoring.checks.causes import Failure

CONTROL_HOSTS_VARIABLE = "BELLWETHER_CONTROL_HOSTS"
CONTROL_HOSTS = ("api.kucoin.com:443", "api.coinbase.com:443", "www.google.com:443")
"""Hosts of the kind that a closed network keeps out; a package registry is what it lets through."""
PROBE_TIMEOUT_S = 5.0

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

EXCUSED = (Cause.TRANSPORT, Cause.TIMEOUT, Cause.STALE_DATA)
"""What a place without a network sees of every venue."""

ANNOUNCED = (Cause.VENUE_ERROR, Cause.STALE_DATA)
"""What maintenance looks like from outside: refusals, and streams that stand still."""

CLOCK_TOLERANCE_MS = 2_000.0
"""Control hosts print whole seconds."""


@dataclass(frozen=True, slots=True)
class Vantage:
    """The place that we look from; `clock_offset_ms` is the control hosts' clock minus ours, None where unknown."""

    has_network: bool
    clock_offset_ms: float | None


ON_THIS_MACHINE = Vantage(has_network=True, clock_offset_ms=0.0)
"""A venue on loopback is always reachable, and shares our clock."""

NOBODY_TO_ASK = Vantage(has_network=True, clock_offset_ms=None)
"""Where every control host is the venue's own, nothing can be taken off the venue."""


def control_hosts(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Hosts as `host:port` (TLS) or as whole URLs, from a comma list in BELLWETHER_CONTROL_HOSTS, or the usual ones.

    Raises UsageError for one that is neither.
    """
    listed = environ.get(CONTROL_HOSTS_VARIABLE, "")
    hosts = tuple(host.strip() for host in listed.split(",") if host.strip())
    for host in hosts:
        if " " in host or not is_address(_url(host), like="https://"):
            raise UsageError(f"{CONTROL_HOSTS_VARIABLE}: {host!r} is no host: write name:443 or https://name")
    return hosts or CONTROL_HOSTS


async def probe(hosts: Sequence[str]) -> Vantage:
    """Ask every host at once: if at least half answer anything, there is a network; Date headers tell the time.

    One alone may be let through by a network that is closed to the venue as to the others.
    """
    async with new_http_client() as client:
        answers = await asyncio.gather(*(_ask(client, host) for host in hosts))
    offsets = [offset for _, offset in answers if offset is not None]
    answered = sum(has_answered for has_answered, _ in answers)
    return Vantage(
        has_network=0 < len(hosts) <= 2 * answered,
        clock_offset_ms=round(median(offsets), 1) if offsets else None,
    )


async def _ask(client: httpx.AsyncClient, host: str) -> tuple[bool, float | None]:
    sent_at = datetime.now(UTC)
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            response = await client.head(_url(host))
        date = parsedate_to_datetime(response.headers["Date"])
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return False, None
    except (KeyError, ValueError):
        return True, None
    midpoint = sent_at + (datetime.now(UTC) - sent_at) / 2
    middle_of_tick = date.astimezone(UTC) + timedelta(milliseconds=500)
    return True, (middle_of_tick - midpoint) / timedelta(milliseconds=1)


def settle(verdict: Verdict, vantage: Vantage) -> Verdict:
    """*verdict* with what is our own doing taken off the venue: no network and a wrong clock here are inconclusive."""
    if verdict.cause in EXCUSED and not vantage.has_network:
        return replace(
            verdict,
            outcome=Outcome.INCONCLUSIVE,
            cause=Cause.NO_NETWORK,
            blame=Blame.VANTAGE,
            summary=f"no network here: unrelated hosts do not answer either ({verdict.summary})",
        )
    if verdict.cause is Cause.CLOCK_SKEW and vantage.clock_offset_ms is not None:
        if abs(vantage.clock_offset_ms) <= CLOCK_TOLERANCE_MS:
            return replace(verdict, blame=Blame.EXCHANGE)
        return replace(
            verdict,
            outcome=Outcome.INCONCLUSIVE,
            blame=Blame.VANTAGE,
            summary=f"our own clock is off by {vantage.clock_offset_ms:g} ms ({verdict.summary})",
        )
    return verdict


def excuse(verdict: Verdict, mode: VenueMode | None) -> Verdict:
    """*verdict* with what the venue announced named as its cause: under maintenance, it is not broken."""
    if verdict.cause in ANNOUNCED and mode is VenueMode.MAINTENANCE:
        return replace(
            verdict,
            cause=Cause.EXCHANGE_MAINTENANCE,
            summary=f"the venue says that it is under maintenance ({verdict.summary})",
        )
    return verdict


class Guard:
    """The second look at the verdicts of one run: asks around, and the venue itself, once each and only when needed."""

    def __init__(self, connector: Connector, hosts: Sequence[str] | None = None) -> None:
        own = {urlsplit(url).hostname for url in connector.urls.values()}
        self._connector = connector
        self._hosts = [host for host in hosts or control_hosts() if _hostname(host) not in own]
        self._vantage: Vantage | None = None
        self._mode: VenueMode | None = None
        self._has_asked_venue = False
        self._turn = asyncio.Lock()

    async def settle(self, verdict: Verdict, failures: Sequence[Failure] = ()) -> Verdict:
        """*verdict* as it stands after the second look; *failures* tell which address it is about."""
        async with self._turn:
            if verdict.cause in ANNOUNCED:
                verdict = excuse(verdict, await self._venue_mode())
            if verdict.cause in (*EXCUSED, Cause.CLOCK_SKEW):
                is_here = addresses(self._connector.urls, failures) <= LOOPBACK
                verdict = settle(verdict, ON_THIS_MACHINE if is_here else await self._looked_around())
        return verdict

    async def _looked_around(self) -> Vantage:
        if self._vantage is None:
            self._vantage = await probe(self._hosts) if self._hosts else NOBODY_TO_ASK
        return self._vantage

    async def _venue_mode(self) -> VenueMode | None:
        """None where the venue does not say."""
        if not self._has_asked_venue and isinstance(self._connector, MarketData):
            self._has_asked_venue = True
            with suppress(ConnectorError, TimeoutError):
                async with asyncio.timeout(PROBE_TIMEOUT_S):
                    self._mode = (await self._connector.venue_status()).mode
        return self._mode


def addresses(urls: Mapping[str, str], failures: Sequence[Failure]) -> set[str | None]:
    """The hosts that *failures* were met at, and all of *urls* where none of them says."""
    endpoints = [failure.endpoint for failure in failures] or [""]
    if "" in endpoints:
        return {_hostname(url) for url in urls.values()}
    return {_hostname(endpoint if "://" in endpoint else urls["rest"]) for endpoint in endpoints}


def _hostname(host: str) -> str | None:
    return urlsplit(_url(host)).hostname


def _url(host: str) -> str:
    return host if "://" in host else f"https://{host}"
