"""Is it them or is it us: before a venue is blamed, unrelated hosts tell of our network and clock, and it of itself."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from statistics import median
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import httpx

from connectors.base import MarketData, is_address
from connectors.clock import monotonic, utc_now
from connectors.errors import UsageError
from connectors.http import new_http_client
from monitoring.checks.blame import attribute
from monitoring.checks.blame_rules import UNREACHED
from monitoring.checks.circumstances import Circumstances, Finding
from monitoring.checks.outcomes import Cause, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from connectors.base import Connector
    from connectors.types import ServerTime, VenueStatus
    from monitoring.checks.outcomes import Kind, Verdict

CONTROL_HOSTS_VARIABLE = "BELLWETHER_CONTROL_HOSTS"
CONTROL_HOSTS = ("api.kraken.com:443", "api.kucoin.com:443", "api.coinbase.com:443", "www.google.com:443")
"""Hosts of the kind that a closed network keeps out; a package registry is what it lets through.

Of a venue that is looked at itself, the others are asked.
"""
PROBE_TIMEOUT_S = 5.0
SECOND_LOOK_S = 2 * PROBE_TIMEOUT_S
"""For everything that is asked after the checks: of the control hosts, and of the venue itself."""

LOOK_EVERY_S = 0.1

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

LOOKED_AROUND_FOR = UNREACHED | {Cause.CLOCK_SKEW, Cause.SLOW, Cause.SLOW_RECOVERY}
"""What may be our own network's or clock's doing."""

ANNOUNCED = frozenset({Cause.VENUE_ERROR, Cause.ORDER_REFUSED, Cause.STALE_DATA})
"""What maintenance looks like from outside: refusals, and streams that stand still."""


@dataclass(frozen=True, slots=True)
class Vantage:
    """The place that we look from; what is None could not be asked.

    `clock_offset_ms` is the control hosts' clock minus ours, `answered_in_ms` the median time that they took.
    """

    has_network: bool | None
    clock_offset_ms: float | None
    answered_in_ms: float | None = None


ON_THIS_MACHINE = Vantage(has_network=True, clock_offset_ms=0.0)
"""A venue on loopback is always reachable, and shares our clock."""

NOBODY_TO_ASK = NOBODY_ASKED = Vantage(has_network=None, clock_offset_ms=None)
"""Where every control host is the venue's own, nothing can be taken off the venue."""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What the checks of the same run met beside a finding: our key accepted, an answer read, too high a rate.

    `stood_still_ms` is of our own process, the longest time.
    """

    key_accepted: bool = False
    others_read: bool = False
    told_to_wait: bool = False
    stood_still_ms: float = 0.0

    @classmethod
    def of(cls, verdicts: Iterable[Verdict], *, stood_still_ms: float = 0.0) -> Self:
        conditions = [condition for verdict in verdicts for condition in verdict.conditions]
        met = {condition.name for condition in conditions if condition.outcome is Outcome.OK}
        return cls(
            key_accepted=bool(met & KEY_WAS_ACCEPTED),
            others_read=bool(met - KEY_WAS_ACCEPTED - {"credentials"}),
            told_to_wait=any(condition.cause is Cause.RATE_LIMITED for condition in conditions),
            stood_still_ms=stood_still_ms,
        )


class Stopwatch:
    """How long the event loop stood still at the longest, while `running`: what was due then was not late by itself."""

    def __init__(self) -> None:
        self.longest_ms = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LOOK_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
            self.longest_ms = max(self.longest_ms, round((loop.time() - due) * 1000, 1))


NOTHING_ELSE = Meanwhile()

KEY_WAS_ACCEPTED = frozenset({"signed_read", "private_stream"})
"""Names of conditions that hold only where the venue took our key."""


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
    took = [took_ms for took_ms, _ in answers if took_ms is not None]
    offsets = [offset for _, offset in answers if offset is not None]
    return Vantage(
        has_network=0 < len(hosts) <= 2 * len(took),
        clock_offset_ms=round(median(offsets), 1) if offsets else None,
        answered_in_ms=round(median(took), 1) if took else None,
    )


async def _ask(client: httpx.AsyncClient, host: str) -> tuple[float | None, float | None]:
    """How long *host* took to answer, and what its clock says, in ms; None for either that it does not tell."""
    sent_at, started_s = utc_now(), monotonic()
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            response = await client.head(_url(host))
        took_ms = (monotonic() - started_s) * 1000
        date = parsedate_to_datetime(response.headers["Date"])
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        return None, None
    except (KeyError, ValueError):
        return took_ms, None
    midpoint = sent_at + (utc_now() - sent_at) / 2
    middle_of_tick = date.astimezone(UTC) + timedelta(milliseconds=500)
    return took_ms, (middle_of_tick - midpoint) / timedelta(milliseconds=1)


LookAround = Callable[[], Awaitable[Vantage]]


class Guard:
    """The second look at the findings of one run: asks around, and the venue itself, once each and only when needed."""

    def __init__(
        self,
        connector: Connector,
        hosts: Sequence[str] | None = None,
        *,
        look_around: LookAround | None = None,
        status: VenueStatus | None = None,
    ) -> None:
        """For a run that is replayed: *look_around* in place of asking *hosts*, *status* where it was known already."""
        own = {urlsplit(url).hostname for url in connector.urls.values()}
        self._connector = connector
        self._hosts = [host for host in hosts or control_hosts() if _hostname(host) not in own]
        self._look_around = look_around or self._ask_around
        self._vantage: Vantage | None = None
        self._status = status
        self._venue_clock: ServerTime | None = None
        self._has_asked: set[str] = set()
        self._until: float | None = None

    @property
    def vantage(self) -> Vantage | None:
        """What the control hosts told, None where nobody had to ask them."""
        return self._vantage

    @property
    def status(self) -> VenueStatus | None:
        """What the venue says of itself, None where nobody had to ask."""
        return self._status

    async def settle(self, kind: Kind, verdict: Verdict, seen: Meanwhile = NOTHING_ELSE) -> Verdict:
        """*verdict* of one check as it stands after the second look; *seen* is what the whole run met meanwhile."""
        known = {
            condition: await self._circumstances(Finding(kind, condition), seen)
            for condition in verdict.conditions
            if condition.outcome is not Outcome.OK
        }
        return attribute(kind, verdict, known)

    async def _circumstances(self, finding: Finding, seen: Meanwhile) -> Circumstances:
        condition = finding.condition
        is_here = addresses(self._connector.urls, condition.endpoint) <= LOOPBACK
        vantage = ON_THIS_MACHINE if is_here else NOBODY_ASKED
        is_about_a_timestamp = condition.error == "InvalidTimestamp"
        if not is_here and (condition.cause in LOOKED_AROUND_FOR or is_about_a_timestamp):
            vantage = await self._looked_around()
        if condition.cause in ANNOUNCED or (condition.cause in UNREACHED and finding.is_on_a_stream):
            await self._ask_for_status()
        if is_about_a_timestamp:
            await self._ask_for_the_time()
        return Circumstances(
            is_on_this_machine=is_here,
            has_network=vantage.has_network,
            network_ms=vantage.answered_in_ms,
            clock_offset_ms=vantage.clock_offset_ms,
            venue_offset_ms=self._venue_clock.offset_ms if self._venue_clock and is_about_a_timestamp else None,
            venue_mode=self._status.mode if self._status else None,
            venue_said=self._status.said if self._status else "",
            key_accepted=seen.key_accepted,
            others_read=seen.others_read,
            told_to_wait=seen.told_to_wait,
            stood_still_ms=seen.stood_still_ms,
        )

    def _soon(self) -> float:
        """When the venue must have answered: all of the second look together takes SECOND_LOOK_S."""
        now = asyncio.get_running_loop().time()
        self._until = self._until or now + SECOND_LOOK_S
        return min(now + PROBE_TIMEOUT_S, self._until)

    async def _looked_around(self) -> Vantage:
        if self._vantage is None:
            self._soon()
            self._vantage = await self._look_around()
        return self._vantage

    async def _ask_around(self) -> Vantage:
        return await probe(self._hosts) if self._hosts else NOBODY_TO_ASK

    async def _ask_for_status(self) -> None:
        if (venue := self._venue_to_ask("status")) is not None:
            async with self._without_fail():
                self._status = await venue.venue_status()

    async def _ask_for_the_time(self) -> None:
        if (venue := self._venue_to_ask("time")) is not None:
            async with self._without_fail():
                self._venue_clock = await venue.server_time()

    def _venue_to_ask(self, what: str) -> MarketData | None:
        """None where the venue was asked *what* before, or has no such thing to say."""
        is_new = what not in self._has_asked
        self._has_asked.add(what)
        return self._connector if is_new and isinstance(self._connector, MarketData) else None

    @asynccontextmanager
    async def _without_fail(self) -> AsyncIterator[None]:
        # Whatever goes wrong on a second look, the connectivity check tells it; the run must not be lost for it.
        with suppress(Exception):
            async with asyncio.timeout_at(self._soon()):
                yield


def addresses(urls: Mapping[str, str], endpoint: str) -> set[str | None]:
    """The hosts that *endpoint* may be at: a whole URL, or a path over REST; all of *urls* where it is empty.

    A path does not tell which REST host it was asked of where a venue has several.
    """
    if "://" in endpoint:
        return {_hostname(endpoint)}
    return {_hostname(url) for role, url in urls.items() if not endpoint or role.startswith("rest")}


def _hostname(host: str) -> str | None:
    return urlsplit(_url(host)).hostname


def _url(host: str) -> str:
    return host if "://" in host else f"https://{host}"
