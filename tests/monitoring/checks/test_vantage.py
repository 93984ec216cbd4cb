"""Telling an outage of ours from one of the venue's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connectors.errors import Unreachable, UsageError
from connectors.kraken import Kraken
from connectors.types import VenueMode
from monitoring.checks.causes import Failure
from monitoring.checks.outcomes import Blame, Cause, Condition, Outcome, Verdict
from monitoring.checks.vantage import (
    CONTROL_HOSTS,
    ON_THIS_MACHINE,
    Guard,
    Vantage,
    addresses,
    control_hosts,
    excuse,
    probe,
    settle,
)
from tests.monitoring.checks.conftest import ClockOnly

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Start = Callable[[bytes], Awaitable[str]]


def verdict(cause: Cause, outcome: Outcome = Outcome.FAILED, blame: Blame = Blame.EXCHANGE) -> Verdict:
    return Verdict.of([Condition("step", "succeeds", "did not", outcome, cause, blame)], when_ok="")


NO_NETWORK = Vantage(has_network=False, clock_offset_ms=None)
NO_CLOCK = Vantage(has_network=True, clock_offset_ms=None)


@pytest.mark.parametrize("cause", [Cause.TRANSPORT, Cause.TIMEOUT, Cause.STALE_DATA])
def test_a_venue_is_not_down_because_we_have_no_network(cause: Cause) -> None:
    settled = settle(verdict(cause), NO_NETWORK)

    assert (settled.outcome, settled.cause, settled.blame) == (
        Outcome.INCONCLUSIVE,
        Cause.NO_NETWORK,
        Blame.VANTAGE,
    )
    assert "step: did not" in settled.summary


def test_a_venue_is_down_when_others_answer() -> None:
    assert settle(verdict(Cause.TRANSPORT), NO_CLOCK) == verdict(Cause.TRANSPORT)


def test_an_error_that_the_venue_sent_needs_no_network_of_ours_explained() -> None:
    assert settle(verdict(Cause.VENUE_ERROR), NO_NETWORK) == verdict(Cause.VENUE_ERROR)


def test_a_clock_that_differs_from_the_venues_alone_is_the_venues() -> None:
    skewed = verdict(Cause.CLOCK_SKEW, blame=Blame.UNKNOWN)

    settled = settle(skewed, Vantage(has_network=True, clock_offset_ms=900.0))

    assert (settled.outcome, settled.blame) == (Outcome.FAILED, Blame.EXCHANGE)


def test_a_clock_that_differs_from_everyones_is_ours_and_proves_nothing() -> None:
    skewed = verdict(Cause.CLOCK_SKEW, blame=Blame.UNKNOWN)

    settled = settle(skewed, Vantage(has_network=True, clock_offset_ms=3_600_000.0))

    assert (settled.outcome, settled.cause, settled.blame) == (
        Outcome.INCONCLUSIVE,
        Cause.CLOCK_SKEW,
        Blame.VANTAGE,
    )


def test_without_a_third_clock_nobody_is_blamed_for_a_difference() -> None:
    skewed = verdict(Cause.CLOCK_SKEW, blame=Blame.UNKNOWN)

    assert settle(skewed, NO_CLOCK) == skewed


def test_control_hosts_come_from_the_environment_or_are_the_usual_ones() -> None:
    assert control_hosts({"BELLWETHER_CONTROL_HOSTS": " a.example:443, http://b.example ,"}) == (
        "a.example:443",
        "http://b.example",
    )
    assert control_hosts({}) == CONTROL_HOSTS


@pytest.mark.parametrize(
    "host", ["[x", "http://[x", "a.example:port", "a.example:70000", "ftp://a.example", "https://", "a b", "://x"]
)
def test_a_control_host_that_is_none_is_refused_by_name(host: str) -> None:
    with pytest.raises(UsageError) as refusal:
        control_hosts({"BELLWETHER_CONTROL_HOSTS": f"a.example:443, {host}"})

    assert str(refusal.value) == (f"BELLWETHER_CONTROL_HOSTS: {host!r} is no host: write name:443 or https://name")


@pytest.fixture
async def answering() -> AsyncIterator[Start]:
    """Starts HTTP servers on loopback that answer every request with the given head; gives their URLs."""
    servers = []

    async def start(head: bytes) -> str:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


DATED = b"HTTP/1.1 204 No Content\r\nDate: Fri, 01 Jan 2021 00:00:00 GMT\r\nConnection: close\r\n\r\n"
UNDATED = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
MISDATED = b"HTTP/1.1 200 OK\r\nDate: yesterday\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def test_an_answer_proves_a_network_and_its_date_tells_the_time(answering: Start) -> None:
    seen = await probe(["127.0.0.1:1", await answering(DATED)])

    assert seen.has_network
    assert seen.clock_offset_ms is not None
    assert seen.clock_offset_ms < -1_000_000.0


@pytest.mark.parametrize("head", [UNDATED, MISDATED])
async def test_an_answer_without_a_readable_date_still_proves_a_network(answering: Start, head: bytes) -> None:
    assert await probe([await answering(head)]) == NO_CLOCK


async def test_a_closed_network_that_lets_one_of_three_through_is_no_network(answering: Start) -> None:
    through = await answering(UNDATED)

    assert await probe([through, "127.0.0.1:1", "http://127.0.0.1:1"]) == NO_NETWORK
    assert await probe([through, through, "http://127.0.0.1:1"]) == NO_CLOCK


async def test_no_answer_from_any_host_means_no_network_here() -> None:
    assert await probe(["127.0.0.1:1", "http://127.0.0.1:1", "not a host"]) == NO_NETWORK


async def test_a_venue_on_this_machine_is_settled_without_looking_around() -> None:
    on_loopback = {"rest": "http://127.0.0.1:1", "ws": "ws://localhost:1", "ws_auth": "ws://[::1]:1"}
    async with Kraken(urls=on_loopback) as connector:
        guard = Guard(connector, ["nobody.invalid"])

        assert await guard.settle(verdict(Cause.TRANSPORT)) == settle(verdict(Cause.TRANSPORT), ON_THIS_MACHINE)


@pytest.mark.parametrize(
    ("endpoints", "hosts"),
    [
        ([], {"127.0.0.1", "ws.example"}),
        (["/0/public/Time"], {"127.0.0.1"}),
        (["Time", "wss://ws.example/v2"], {"127.0.0.1", "ws.example"}),
        (["wss://ws.example/v2"], {"ws.example"}),
        (["/0/public/Time", ""], {"127.0.0.1", "ws.example"}),
    ],
)
def test_only_the_addresses_that_failed_are_looked_at(endpoints: list[str], hosts: set[str]) -> None:
    urls = {"rest": "http://127.0.0.1:8701", "ws": "wss://ws.example/v2"}
    failures = [Failure.of(Unreachable("refused", endpoint=endpoint), step="step") for endpoint in endpoints]

    assert addresses(urls, failures) == hosts


async def test_a_refusal_on_this_machine_is_no_matter_of_the_network() -> None:
    refused = Failure.of(Unreachable("refused", endpoint="/0/public/Time"), step="server_time")
    async with Kraken(urls={"rest": "http://127.0.0.1:1"}) as connector:
        guard = Guard(connector, ["localhost:1"])

        assert await guard.settle(verdict(Cause.TRANSPORT), [refused]) == verdict(Cause.TRANSPORT)
        assert (await guard.settle(verdict(Cause.TRANSPORT))).cause is Cause.NO_NETWORK


async def test_the_venues_own_hosts_are_no_control_hosts(answering: Start) -> None:
    url = await answering(UNDATED)
    async with Kraken(urls={"rest": url}) as connector:
        # Asked, this one would refuse and so prove that there is no network.
        guard = Guard(connector, ["127.0.0.1:1"])

        assert await guard.settle(verdict(Cause.TRANSPORT)) == verdict(Cause.TRANSPORT)


async def test_the_guard_looks_around_once_for_all_verdicts_of_a_run(answering: Start) -> None:
    connections = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.write(UNDATED)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with Kraken(urls={"rest": "http://localhost:1"}) as connector, server:
        guard = Guard(connector, [host])
        assert await guard.settle(verdict(Cause.VENUE_ERROR)) == verdict(Cause.VENUE_ERROR)
        assert connections == 0

        settled = await asyncio.gather(*(guard.settle(verdict(Cause.TRANSPORT)) for _ in range(6)))

    assert connections == 1
    assert settled == [verdict(Cause.TRANSPORT)] * 6


@pytest.mark.parametrize("cause", [Cause.VENUE_ERROR, Cause.STALE_DATA])
def test_what_maintenance_breaks_is_put_down_to_maintenance(cause: Cause) -> None:
    excused = excuse(verdict(cause), VenueMode.MAINTENANCE)

    assert (excused.outcome, excused.cause, excused.blame) == (
        Outcome.FAILED,
        Cause.EXCHANGE_MAINTENANCE,
        Blame.EXCHANGE,
    )
    assert excused.summary == "the venue says that it is under maintenance (step: did not)"


@pytest.mark.parametrize("mode", [None, VenueMode.ONLINE, VenueMode.POST_ONLY])
def test_a_venue_that_announces_nothing_is_judged_by_what_was_seen(mode: VenueMode | None) -> None:
    assert excuse(verdict(Cause.VENUE_ERROR), mode) == verdict(Cause.VENUE_ERROR)


def test_maintenance_does_not_explain_wrong_data() -> None:
    assert excuse(verdict(Cause.CANDLE_FAULT), VenueMode.MAINTENANCE) == verdict(Cause.CANDLE_FAULT)


async def test_a_venue_without_market_data_is_not_asked_what_it_says_of_itself() -> None:
    async with ClockOnly() as connector:
        assert await Guard(connector).settle(verdict(Cause.VENUE_ERROR)) == verdict(Cause.VENUE_ERROR)
