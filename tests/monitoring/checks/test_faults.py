"""Whatever goes wrong on the wire or at the venue, the right check names it, and whose fault it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from connectors import book_stream
from connectors.kraken import Kraken
from connectors.types import Credentials
from monitoring.checks import vantage
from monitoring.checks.outcomes import Kind
from monitoring.checks.runner import run_checks
from monitoring.checks.thresholds import Thresholds
from tests.monitoring.checks.conftest import UnthrottledKraken

if TYPE_CHECKING:
    from connectors.book_stream import BookStream
    from connectors.sandbox import KrakenSandbox
    from connectors.types import TradingPair


@dataclass(frozen=True)
class Case:
    """One fault, the check that has to find it, and what it has to say: outcome, cause, blame."""

    fault: str
    kind: Kind
    expected: tuple[str, str, str]
    parameters: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.15
    heals: bool = False

    def __str__(self) -> str:
        parameters = "".join(f" {name}={value}" for name, value in self.parameters.items())
        return f"{self.fault}{parameters} seen by {self.kind}"


ON_REST, ON_STREAM = {"where": "rest"}, {"where": "ws"}
CONNECTIVITY, MARKETS, BOOK, AUTH, PAPER, CANDLES = Kind

FROM_THE_START = [
    # The venue's own word.
    Case("maintenance", CONNECTIVITY, ("failed", "exchange_maintenance", "exchange")),
    Case("maintenance", MARKETS, ("failed", "exchange_maintenance", "exchange")),
    Case("maintenance", CANDLES, ("failed", "exchange_maintenance", "exchange")),
    Case("maintenance", BOOK, ("failed", "exchange_maintenance", "exchange")),
    Case("maintenance", AUTH, ("failed", "exchange_maintenance", "exchange")),
    Case("maintenance", CONNECTIVITY, ("degraded", "exchange_maintenance", "exchange"), {"mode": "cancel_only"}),
    Case("maintenance", CONNECTIVITY, ("degraded", "exchange_maintenance", "exchange"), {"mode": "post_only"}),
    Case("rate_limit", CONNECTIVITY, ("inconclusive", "rate_limited", "own_rate")),
    Case("rate_limit", AUTH, ("inconclusive", "rate_limited", "own_rate")),
    Case("rate_limit", MARKETS, ("inconclusive", "rate_limited", "own_rate"), {"by": "cdn"}),
    Case("maintenance", BOOK, ("ok", "none", "none"), {"mode": "post_only"}),
    Case("pair_delisted", MARKETS, ("failed", "pair_unavailable", "exchange")),
    Case("pair_delisted", BOOK, ("failed", "pair_unavailable", "exchange")),
    Case("pair_delisted", PAPER, ("failed", "pair_unavailable", "exchange")),
    Case("pair_delisted", CANDLES, ("failed", "pair_unavailable", "exchange")),
    # An hour off: only one check is about the clock.
    Case("clock_skew", CONNECTIVITY, ("failed", "clock_skew", "exchange")),
    Case("clock_skew", CONNECTIVITY, ("failed", "clock_skew", "exchange"), {"seconds": -3600}),
    Case("clock_skew", CONNECTIVITY, ("degraded", "clock_skew", "exchange"), {"seconds": 10}),
    Case("clock_skew", BOOK, ("ok", "none", "none")),
    Case("clock_skew", CANDLES, ("ok", "none", "none")),
    Case("clock_skew", CANDLES, ("ok", "none", "none"), {"seconds": -3600}),
    # Credentials.
    Case("invalid_key", AUTH, ("failed", "auth_rejected", "credentials")),
    Case("invalid_signature", AUTH, ("failed", "auth_rejected", "credentials")),
    Case("bad_nonce", AUTH, ("failed", "auth_rejected", "credentials")),
    Case("permission_denied", AUTH, ("failed", "auth_rejected", "credentials")),
    Case("lockout", AUTH, ("failed", "auth_rejected", "credentials")),
    Case("expired_token", AUTH, ("failed", "token_refused", "exchange")),
    Case("any_signature", AUTH, ("failed", "signature_not_checked", "exchange")),
    Case("withdraw_permission", AUTH, ("degraded", "key_may_withdraw", "credentials")),
    Case("invalid_key", PAPER, ("inconclusive", "auth_rejected", "credentials"), limits={"rest_s": 0.1}),
    # The wire, over REST.
    Case("http_5xx", CONNECTIVITY, ("failed", "venue_error", "exchange")),
    Case("html", CONNECTIVITY, ("failed", "malformed_payload", "exchange")),
    Case("html", MARKETS, ("failed", "malformed_payload", "exchange")),
    Case("html", MARKETS, ("inconclusive", "address_refused", "vantage"), {"status": 403}),
    Case("malformed", CONNECTIVITY, ("failed", "malformed_payload", "exchange")),
    Case("malformed", CANDLES, ("failed", "malformed_payload", "exchange"), ON_REST),
    Case("half_frame", MARKETS, ("failed", "transport", "exchange")),
    Case("half_frame", CONNECTIVITY, ("failed", "transport", "exchange")),
    Case("drop", CONNECTIVITY, ("failed", "transport", "exchange")),
    Case("drop", AUTH, ("failed", "transport", "exchange")),
    Case("hang", CONNECTIVITY, ("failed", "timeout", "exchange"), limits={"deadline_s": 0.2}),
    Case("hang", AUTH, ("failed", "timeout", "exchange"), limits={"deadline_s": 0.2}),
    Case("hang", CANDLES, ("failed", "timeout", "exchange"), limits={"deadline_s": 0.2}),
    Case(
        "slow",
        CONNECTIVITY,
        ("degraded", "slow", "exchange"),
        {"delay_s": 0.1},
        {"calls": 1, "slow_ms": 90.0},
    ),
    Case(
        "slow",
        CONNECTIVITY,
        ("failed", "slow", "exchange"),
        {"delay_s": 0.1},
        {"calls": 1, "slow_ms": 50.0, "too_slow_ms": 90.0},
    ),
    # The wire, before the first snapshot of a stream.
    Case("http_5xx", BOOK, ("failed", "venue_error", "exchange")),
    Case("malformed", BOOK, ("failed", "malformed_payload", "exchange"), ON_STREAM),
    Case("half_frame", BOOK, ("failed", "transport", "exchange"), ON_STREAM),
    Case("drop", BOOK, ("failed", "transport", "exchange"), ON_STREAM),
    Case("hang", BOOK, ("failed", "timeout", "exchange"), ON_STREAM, {"deadline_s": 0.1}, 0.1),
    Case("silence", BOOK, ("failed", "timeout", "exchange"), limits={"deadline_s": 0.1}, seconds=0.1),
    Case("silence", AUTH, ("failed", "timeout", "exchange"), limits={"deadline_s": 0.2}),
    Case("crossed_book", BOOK, ("failed", "crossed_book", "exchange")),
    Case(
        "slow",
        BOOK,
        ("degraded", "slow", "exchange"),
        {"delay_s": 0.05, "where": "ws"},
        {"slow_snapshot_ms": 50.0},
    ),
    Case("candle_gap", CANDLES, ("failed", "candle_fault", "exchange")),
]


async def verdict_of(connector: Kraken, case: Case) -> tuple[str, str, str]:
    thresholds = Thresholds.of({case.kind: case.limits})
    [result] = await run_checks(connector, [case.kind], seconds=case.seconds, thresholds=thresholds)
    return result.outcome.value, result.verdict.cause.value, result.verdict.blame.value


@pytest.mark.parametrize("case", FROM_THE_START, ids=str)
async def test_a_fault_is_named_by_the_check_that_it_concerns(
    sandbox: KrakenSandbox, connector: Kraken, case: Case
) -> None:
    sandbox.faults.switch_on(case.fault, **case.parameters)

    assert await verdict_of(connector, case) == case.expected


class Watched(UnthrottledKraken):
    """Switches a fault on at the very moment at which the book is ready."""

    def watch(self, sandbox: KrakenSandbox, case: Case) -> None:
        self._sandbox, self._case = sandbox, case

    def book_stream(self, pair: TradingPair, *, depth: int = 10) -> BookStream:
        stream = super().book_stream(pair, depth=depth)
        first_snapshot = stream.ready

        async def ready() -> None:
            await first_snapshot()
            self._sandbox.faults.switch_on(self._case.fault, **self._case.parameters)
            if self._case.heals:
                self._healing = asyncio.create_task(self._heal_after_one_break(stream))

        stream.ready = ready  # type: ignore[method-assign]  # the moment is what is tested
        return stream

    async def _heal_after_one_break(self, stream: BookStream) -> None:
        while not stream.stats.checksum_failures:  # noqa: ASYNC110  # a break is counted, not announced
            await asyncio.sleep(0)
        self._sandbox.faults.clear()


LONG_S = 0.6
"""For a second break, or a reconnection, also on a busy machine."""

WHILE_WATCHED = [
    Case("bad_checksum", BOOK, ("failed", "checksum_mismatch", "exchange"), {"every": 3}),
    Case("bad_checksum", BOOK, ("degraded", "checksum_mismatch", "exchange"), {"every": 3}, heals=True),
    Case("missing_update", BOOK, ("failed", "checksum_mismatch", "exchange"), {"every": 3}),
    Case("crossed_book", BOOK, ("failed", "crossed_book", "exchange")),
    Case("malformed", BOOK, ("failed", "malformed_payload", "exchange"), ON_STREAM),
    Case("stall", BOOK, ("failed", "stale_data", "exchange"), limits={"recheck_s": 0.01}),
    Case("half_frame", BOOK, ("failed", "transport", "exchange"), ON_STREAM),
    Case("drop", BOOK, ("degraded", "transport", "exchange"), {**ON_STREAM, "again": False}),
    Case("drop", BOOK, ("failed", "transport", "exchange"), ON_STREAM),
    Case("huge_message", BOOK, ("failed", "message_too_large", "exchange"), {**ON_STREAM, "megabytes": 9}),
    Case("maintenance", BOOK, ("failed", "exchange_maintenance", "exchange")),
]


@pytest.mark.parametrize("case", WHILE_WATCHED, ids=str)
async def test_a_fault_that_strikes_a_live_stream_is_named(sandbox: KrakenSandbox, case: Case) -> None:
    async with Watched(urls=sandbox.urls, credentials=sandbox.credentials) as connector:
        connector.watch(sandbox, case)

        assert await verdict_of(connector, replace(case, seconds=LONG_S)) == case.expected


async def test_a_stall_that_rest_cannot_confirm_is_a_suspicion(sandbox: KrakenSandbox) -> None:
    sandbox.faults.switch_on("stall")
    case = Case("http_5xx", BOOK, ("degraded", "stale_data", "exchange"))
    async with Watched(urls=sandbox.urls) as connector:
        connector.watch(sandbox, case)

        assert await verdict_of(connector, case) == case.expected


async def test_a_connection_that_goes_dead_is_stale(sandbox: KrakenSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_stream, "SILENCE_LIMIT_S", 0.1)
    case = Case("silence", BOOK, ("failed", "stale_data", "exchange"))
    async with Watched(urls=sandbox.urls) as connector:
        connector.watch(sandbox, case)

        assert await verdict_of(connector, case) == case.expected


@pytest.mark.slow("a 100 MB answer is sent for real, as far as the connector reads it")
async def test_an_answer_of_100_mb_is_cut_off_and_named(sandbox: KrakenSandbox, connector: Kraken) -> None:
    sandbox.faults.switch_on("huge_message", megabytes=100)

    seen = await verdict_of(connector, Case("huge_message", CONNECTIVITY, ("", "", "")))

    assert seen == ("failed", "message_too_large", "exchange")


@pytest.mark.parametrize("kind", Kind, ids=str)
async def test_a_refused_connection_is_the_same_for_every_check(kind: Kind) -> None:
    nobody = {"rest": "http://127.0.0.1:1", "ws": "ws://127.0.0.1:1", "ws_auth": "ws://127.0.0.1:1"}
    async with UnthrottledKraken(urls=nobody, credentials=Credentials("key", "c2VjcmV0")) as connector:
        assert await verdict_of(connector, Case("", kind, ("", "", ""))) == ("failed", "transport", "exchange")


@pytest.mark.parametrize(
    ("key", "secret"),
    [("unknown-key", None), (None, "d3Jvbmcgc2VjcmV0"), (None, "not base64 !")],
    ids=["unknown key", "wrong secret", "unreadable secret"],
)
async def test_wrong_credentials_are_blamed_on_the_credentials(
    sandbox: KrakenSandbox, key: str | None, secret: str | None
) -> None:
    good = sandbox.credentials
    wrong = Credentials(key or good.api_key, secret or good.api_secret)
    async with UnthrottledKraken(urls=sandbox.urls, credentials=wrong) as connector:
        seen = await verdict_of(connector, Case("", AUTH, ("", "", "")))

    assert seen == ("failed", "auth_rejected", "credentials")


async def test_a_venue_that_cannot_be_reached_is_not_down_when_nobody_can(
    sandbox: KrakenSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A name of this machine that is not known as one stands for a venue far away.
    monkeypatch.setattr(vantage, "LOOPBACK", frozenset({"::1"}))
    far_away = {"rest": "http://localhost:1", "ws": "ws://localhost:1", "ws_auth": "ws://localhost:1"}
    async with UnthrottledKraken(urls=far_away) as connector:
        [offline] = await run_checks(connector, [MARKETS], control_hosts=["127.0.0.1:1"])
        [online] = await run_checks(connector, [MARKETS], control_hosts=[sandbox.urls["rest"]])

    assert (offline.outcome, offline.verdict.cause, offline.verdict.blame) == (
        "inconclusive",
        "no_network",
        "vantage",
    )
    assert (online.outcome, online.verdict.cause, online.verdict.blame) == ("failed", "transport", "exchange")
