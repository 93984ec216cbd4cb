"""Telling an outage of ours from one of the venue's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connectors.errors import UsageError
from connectors.kraken import Kraken
from monitoring.checks import vantage
from monitoring.checks.outcomes import Blame, Cause, Condition, Confidence, Kind, Outcome, Verdict
from monitoring.checks.vantage import (
    CONTROL_HOSTS,
    Guard,
    Meanwhile,
    Vantage,
    addresses,
    control_hosts,
    probe,
)
from tests.monitoring.checks.conftest import ClockOnly, UnthrottledKraken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from connectors.sandbox import KrakenSandbox
    from connectors.types import VenueStatus

    Start = Callable[[bytes], Awaitable[str]]


NO_CLOCK = Vantage(has_network=True, clock_offset_ms=None)


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
    seen = await probe([await answering(head)])

    assert (seen.has_network, seen.clock_offset_ms) == (True, None)
    assert seen.answered_in_ms is not None
    assert 0 < seen.answered_in_ms < 1000


async def test_a_closed_network_that_lets_one_of_three_through_is_no_network(answering: Start) -> None:
    through = await answering(UNDATED)

    assert not (await probe([through, "127.0.0.1:1", "http://127.0.0.1:1"])).has_network
    assert (await probe([through, through, "http://127.0.0.1:1"])).has_network


async def test_no_answer_from_any_host_means_no_network_here() -> None:
    assert await probe(["127.0.0.1:1", "http://127.0.0.1:1", "not a host"]) == Vantage(False, None)


def finding(cause: Cause, endpoint: str = "", error: str = "") -> Verdict:
    """A verdict on one step that failed at *endpoint*."""
    condition = Condition(
        "step", "succeeds", "did not", Outcome.FAILED, cause, Blame.EXCHANGE, error=error, endpoint=endpoint
    )
    return Verdict.of([condition], when_ok="")


def said(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.outcome.value, verdict.cause.value, verdict.blame.value


DOWN, NO_NETWORK = ("failed", "transport", "exchange"), ("inconclusive", "no_network", "vantage")


async def test_a_venue_on_this_machine_is_settled_without_looking_around() -> None:
    on_loopback = {"rest": "http://127.0.0.1:1", "ws": "ws://localhost:1", "ws_auth": "ws://[::1]:1"}
    async with Kraken(urls=on_loopback) as connector:
        guard = Guard(connector, ["nobody.invalid"])

        assert said(await guard.settle(Kind.MARKETS, finding(Cause.TRANSPORT))) == DOWN
        assert guard.vantage is None


@pytest.mark.parametrize(
    ("endpoint", "hosts"),
    [
        ("", {"127.0.0.1", "ws.example"}),
        ("/0/public/Time", {"127.0.0.1"}),
        ("Time", {"127.0.0.1"}),
        ("wss://ws.example/v2", {"ws.example"}),
        ("wss://elsewhere.example/endpoint", {"elsewhere.example"}),
    ],
)
def test_only_the_address_that_failed_is_looked_at(endpoint: str, hosts: set[str]) -> None:
    assert addresses({"rest": "http://127.0.0.1:8701", "ws": "wss://ws.example/v2"}, endpoint) == hosts


def test_a_path_may_be_at_any_of_a_venues_rest_hosts() -> None:
    urls = {"rest": "http://127.0.0.1:8701", "rest_keys": "https://api.example"}

    assert addresses(urls, "/api/v1/user/api-key") == {"127.0.0.1", "api.example"}


async def test_a_refusal_on_this_machine_is_no_matter_of_the_network() -> None:
    async with Kraken(urls={"rest": "http://127.0.0.1:1"}) as connector:
        guard = Guard(connector, ["localhost:1"])

        assert said(await guard.settle(Kind.MARKETS, finding(Cause.TRANSPORT, "/0/public/Time"))) == DOWN
        assert said(await guard.settle(Kind.MARKETS, finding(Cause.TRANSPORT))) == NO_NETWORK


async def test_the_venues_own_hosts_are_no_control_hosts(answering: Start) -> None:
    url = await answering(UNDATED)
    async with Kraken(urls={"rest": url}) as connector:
        # Asked, this one would refuse and so prove that there is no network.
        guard = Guard(connector, ["127.0.0.1:1"])

        settled = await guard.settle(Kind.MARKETS, finding(Cause.TRANSPORT))

    assert (said(settled), settled.confidence) == (DOWN, Confidence.LOW)
    assert settled.reasons == ("No unrelated host could be asked whether the network is ours.",)


async def test_the_guard_looks_around_once_for_all_verdicts_of_a_run() -> None:
    looks = 0

    async def look_around() -> Vantage:
        nonlocal looks
        looks += 1
        return NO_CLOCK

    async with Kraken(urls={"rest": "http://localhost:1"}) as connector:
        guard = Guard(connector, look_around=look_around)
        await guard.settle(Kind.CANDLES, finding(Cause.CANDLE_FAULT))
        assert looks == 0

        settled = [await guard.settle(kind, finding(Cause.TRANSPORT)) for kind in Kind]

    assert (looks, guard.vantage) == (1, NO_CLOCK)
    assert [said(verdict) for verdict in settled] == [DOWN] * 6


async def test_the_venue_is_asked_once_what_it_says_of_itself(sandbox: KrakenSandbox, connector: Kraken) -> None:
    sandbox.faults.switch_on("maintenance")
    guard = Guard(connector)

    refused = await guard.settle(Kind.PAPER_ORDER, finding(Cause.VENUE_ERROR))
    sandbox.faults.clear()
    silent = await guard.settle(Kind.ORDER_BOOK, finding(Cause.STALE_DATA))
    garbled = await guard.settle(Kind.CANDLES, finding(Cause.CANDLE_FAULT))

    assert said(refused) == said(silent) == ("failed", "exchange_maintenance", "exchange")
    assert refused.summary == "the venue says that it is under maintenance (step: did not)"
    assert said(garbled) == ("failed", "candle_fault", "exchange")


async def test_a_cut_stream_is_put_down_to_maintenance_where_the_venue_says_so(
    sandbox: KrakenSandbox, connector: Kraken
) -> None:
    sandbox.faults.switch_on("maintenance")

    stream = await Guard(connector).settle(Kind.ORDER_BOOK, finding(Cause.TRANSPORT, sandbox.urls["ws"]))
    rest = await Guard(connector).settle(Kind.MARKETS, finding(Cause.TRANSPORT, "/0/public/AssetPairs"))

    assert said(stream) == ("failed", "exchange_maintenance", "exchange")
    # A venue whose REST does not answer is not asked over REST once more.
    assert said(rest) == DOWN


async def test_a_venue_that_does_not_answer_again_costs_a_bounded_time(
    sandbox: KrakenSandbox, connector: Kraken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vantage, "PROBE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(vantage, "SECOND_LOOK_S", 0.22)
    sandbox.faults.switch_on("hang")
    guard, loop = Guard(connector), asyncio.get_running_loop()
    started = loop.time()

    await guard.settle(Kind.MARKETS, finding(Cause.VENUE_ERROR))
    await guard.settle(Kind.AUTH, finding(Cause.AUTH_REJECTED, error="InvalidTimestamp"))

    # Twice 0.2 s, were each question to have its own time.
    assert 0.22 <= loop.time() - started < 0.39


class Crashing(UnthrottledKraken):
    """A connector that cannot even read the venue's status."""

    async def venue_status(self) -> VenueStatus:
        raise ZeroDivisionError


async def test_a_second_look_that_crashes_loses_no_verdict(sandbox: KrakenSandbox) -> None:
    async with Crashing(urls=sandbox.urls) as connector:
        settled = await Guard(connector).settle(Kind.MARKETS, finding(Cause.VENUE_ERROR))

    assert said(settled) == ("failed", "venue_error", "exchange")


async def test_a_refused_timestamp_has_the_venues_clock_looked_at(sandbox: KrakenSandbox, connector: Kraken) -> None:
    sandbox.faults.switch_on("clock_skew", seconds=60)
    refused = finding(Cause.AUTH_REJECTED, "/0/private/Balance", "InvalidTimestamp")

    guard = Guard(connector)
    settled = await guard.settle(Kind.AUTH, refused)
    sandbox.faults.clear()
    again = await guard.settle(Kind.PAPER_ORDER, refused)

    assert said(settled) == said(again) == ("failed", "clock_skew", "exchange")
    assert "the venue's is 60," in settled.reasons[0] or "the venue's is 59," in settled.reasons[0]


async def test_a_refused_timestamp_is_ours_where_unrelated_clocks_say_so() -> None:
    async def look_around() -> Vantage:
        return Vantage(has_network=True, clock_offset_ms=-61_000.0)

    refused = finding(Cause.AUTH_REJECTED, "/0/private/Balance", "InvalidTimestamp")
    async with Kraken(urls={"rest": "http://localhost.invalid:1"}) as connector:
        settled = await Guard(connector, look_around=look_around).settle(Kind.AUTH, refused)

    assert said(settled) == ("inconclusive", "clock_skew", "vantage")


async def test_a_venue_without_market_data_is_not_asked_what_it_says_of_itself() -> None:
    async with ClockOnly() as connector:
        settled = await Guard(connector).settle(Kind.MARKETS, finding(Cause.VENUE_ERROR))

    assert said(settled) == ("failed", "venue_error", "exchange")


def test_what_a_run_met_meanwhile_is_read_off_its_conditions() -> None:
    read = Verdict.of([Condition("pairs_listed", "≥ 1", "900")], when_ok="")
    accepted = Verdict.of([Condition("credentials", "given", "given"), Condition("signed_read", "", "")], when_ok="")
    refused = finding(Cause.AUTH_REJECTED)

    assert Meanwhile.of([refused]) == Meanwhile()
    assert Meanwhile.of([refused, accepted]) == Meanwhile(key_accepted=True)
    assert Meanwhile.of([read, refused]) == Meanwhile(others_read=True)
    assert Meanwhile.of([finding(Cause.RATE_LIMITED)]) == Meanwhile(told_to_wait=True)
