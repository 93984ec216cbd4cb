"""What a check saw is enough to reach its verdict again: offline, without credentials, in a blink."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote

import pytest
from pytest_socket import disable_socket

from connectors.sandbox import KrakenSandbox
from connectors.sandbox.faults import CATALOGUE
from connectors.scrub import KEPT_FIELDS, WORDS_OF_THE_VENUE
from connectors.types import Credentials
from monitoring.checks import vantage
from monitoring.checks.captures import Captures
from monitoring.checks.outcomes import Kind
from monitoring.checks.replay import replay_check
from monitoring.checks.runner import run_checks
from monitoring.checks.thresholds import Thresholds
from tests.monitoring.checks.conftest import SANDBOXES, UnthrottledKraken, standing
from tests.monitoring.checks.test_faults import FROM_THE_START, LONG_S, WHILE_WATCHED, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.capture import Capture
    from monitoring.checks.outcomes import CheckResult
    from monitoring.checks.replay import Replayed
    from tests.monitoring.checks.test_faults import Case


async def recorded(case: Case, *, from_the_start: bool) -> tuple[CheckResult, bytes]:
    """A run of the check with the fault on, and the file that it leaves behind."""
    captures = Captures()
    thresholds = Thresholds.of({case.kind: case.limits})
    async with (
        KrakenSandbox(rate=100) as sandbox,
        Watched(urls=sandbox.urls, credentials=sandbox.credentials) as watched,
        UnthrottledKraken(urls=sandbox.urls, credentials=sandbox.credentials) as plain,
    ):
        if from_the_start:
            sandbox.faults.switch_on(case.fault, **case.parameters)
        else:
            watched.watch(sandbox, case)
        [result] = await run_checks(
            plain if from_the_start else watched,
            [case.kind],
            seconds=case.seconds,
            thresholds=thresholds,
            captures=captures,
        )
    return result, captures.write(case.kind)


def replayed_offline(data: bytes) -> Replayed:
    disable_socket(allow_unix_socket=True)  # which the event loop itself needs; a network socket raises
    return replay_check(data)


def same(result: CheckResult, again: Replayed) -> None:
    assert again.differences == ()
    assert again.result.outcome is result.outcome
    assert again.result.verdict.blame is result.verdict.blame


@pytest.mark.parametrize("case", FROM_THE_START, ids=str)
def test_a_fault_is_found_again_in_its_recording(case: Case) -> None:
    result, data = asyncio.run(recorded(case, from_the_start=True))

    same(result, replayed_offline(data))


@pytest.mark.slow("a stream is watched for longer than that")
@pytest.mark.parametrize("case", WHILE_WATCHED, ids=str)
def test_a_fault_that_struck_a_live_stream_is_found_again_in_its_recording(case: Case) -> None:
    result, data = asyncio.run(recorded(replace(case, seconds=LONG_S), from_the_start=False))

    same(result, replayed_offline(data))


@pytest.mark.slow("six checks run side by side, with a stream that is watched and cut")
@pytest.mark.parametrize("connector_id", SANDBOXES)
def test_every_check_of_a_run_is_replayed_by_itself(connector_id: str) -> None:
    async def recorded_run() -> list[tuple[CheckResult, bytes]]:
        captures = Captures()
        async with standing(connector_id) as (_, connector):
            results = await run_checks(connector, seconds=0.8, captures=captures)
        return [(result, captures.write(result.kind)) for result in results]

    run = asyncio.run(recorded_run())

    assert len(run) == len(Kind)
    for result, data in run:
        same(result, replayed_offline(data))


STRUCK: list[tuple[str, str, Kind, dict[str, Any]]] = [
    ("kucoin", "sequence_gap", Kind.ORDER_BOOK, {"every": 20}),
    ("kucoin", "missing_update", Kind.ORDER_BOOK, {"every": 5}),
    ("kucoin", "expired_token", Kind.ORDER_BOOK, {}),
    ("kucoin", "wrong_passphrase", Kind.AUTH, {}),
    ("kucoin", "withdraw_permission", Kind.AUTH, {}),
    ("kucoin", "any_signature", Kind.AUTH, {}),
    ("kucoin", "order_refused", Kind.PAPER_ORDER, {}),
    ("kucoin_perpetual", "sequence_gap", Kind.ORDER_BOOK, {"every": 20}),
    ("kucoin_perpetual", "expired_timestamp", Kind.AUTH, {}),
    ("kucoin_perpetual", "mark_price_off", Kind.PAPER_ORDER, {}),
    ("kucoin_perpetual", "candle_rewrite", Kind.CANDLES, {}),
]


@pytest.mark.slow("a stream has to break, and a break has to last")
@pytest.mark.parametrize(("connector_id", "fault", "kind", "parameters"), STRUCK)
def test_a_fault_of_every_dialect_is_found_again(
    connector_id: str, fault: str, kind: Kind, parameters: dict[str, Any]
) -> None:
    async def recorded_fault() -> tuple[CheckResult, bytes]:
        captures = Captures()
        async with standing(connector_id) as (sandbox, connector):
            sandbox.faults.switch_on(fault, **parameters)
            [result] = await run_checks(connector, [kind], seconds=0.3, captures=captures)
        return result, captures.write(kind)

    result, data = asyncio.run(recorded_fault())

    same(result, replayed_offline(data))


@pytest.mark.parametrize(
    "credentials",
    [Credentials("k\u00e9y", "c2VjcmV0"), Credentials("key", "not base64 !"), Credentials("key", ""), None],
    ids=["unreadable key", "unreadable secret", "no secret", "no credentials"],
)
def test_credentials_that_never_left_this_machine_are_judged_again(credentials: Credentials | None) -> None:
    async def recorded_auth() -> tuple[CheckResult, bytes]:
        captures = Captures()
        async with (
            KrakenSandbox() as sandbox,
            UnthrottledKraken(urls=sandbox.urls, credentials=credentials) as connector,
        ):
            [result] = await run_checks(connector, [Kind.AUTH], captures=captures)
        return result, captures.write(Kind.AUTH)

    result, data = asyncio.run(recorded_auth())

    same(result, replayed_offline(data))


async def test_what_unrelated_hosts_said_is_part_of_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vantage, "LOOPBACK", frozenset({"::1"}))  # a name of this machine stands for a far away venue
    far_away = {"rest": "http://localhost:1", "ws": "ws://localhost:1", "ws_auth": "ws://localhost:1"}
    captures = Captures()
    async with UnthrottledKraken(urls=far_away) as connector:
        [result] = await run_checks(connector, [Kind.MARKETS], control_hosts=["127.0.0.1:1"], captures=captures)

    again = await asyncio.to_thread(replay_check, captures.write(Kind.MARKETS))

    assert result.verdict.cause == "no_network"
    same(result, again)


def test_what_the_last_run_saw_is_part_of_the_recording() -> None:
    async def two_runs() -> tuple[CheckResult, bytes]:
        captures = Captures()
        async with standing("kraken") as (sandbox, connector):
            [first] = await run_checks(connector, [Kind.MARKETS])
            sandbox.faults.switch_on("rules_change", factor=10)
            [second] = await run_checks(
                connector, [Kind.MARKETS], previous={Kind.MARKETS: first.evidence}, captures=captures
            )
        return second, captures.write(Kind.MARKETS)

    result, data = asyncio.run(two_runs())

    assert result.verdict.cause == "rules_changed"
    same(result, replayed_offline(data))


# Nothing that must not be published.

AMOUNTS = {"BTC": "7319.48213377", "USD": "86204.5519", "ETH": "918273.64551234"}
QUICK = {"deadline_s": 0.3}
SIGNED = [Kind.AUTH, Kind.PAPER_ORDER]
EVERY_FAULT = [("kraken", fault) for fault in sorted(set(CATALOGUE) - set(KrakenSandbox.faults_left_out))] + [
    (connector_id, fault)
    for connector_id in ("kucoin", "kucoin_perpetual")
    for fault in ("malformed", "html", "expired_token", "wrong_passphrase", "withdraw_permission", "any_signature")
]


async def recorded_with(connector_id: str, fault: str) -> tuple[str, list[Capture], Credentials]:
    """All that one run of the signed checks with *fault* leaves behind, beside what it was made of."""
    captures = Captures()
    new_sandbox, new_connector = SANDBOXES[connector_id]
    planted = {"balances": AMOUNTS} if connector_id != "kucoin_perpetual" else {}
    thresholds = Thresholds.of({Kind.AUTH: QUICK, Kind.PAPER_ORDER: QUICK | {"rest_s": 0.05}})
    async with (
        new_sandbox(rate=100, **planted) as sandbox,
        new_connector(urls=sandbox.urls, credentials=sandbox.credentials) as connector,
    ):
        sandbox.faults.switch_on(fault, **({"megabytes": 1} if fault == "huge_message" else {}))
        await run_checks(connector, SIGNED, seconds=0.1, thresholds=thresholds, captures=captures)
    text = "".join(gzip.decompress(captures.write(kind)).decode() for kind in SIGNED)
    return text, [captures.of(kind) for kind in SIGNED], sandbox.credentials


def secrets_of(made: list[Capture], credentials: Credentials) -> set[str]:
    """The credentials, what was signed with them, and every token that was handed out."""
    secrets = {credentials.api_key, credentials.api_secret, credentials.passphrase or credentials.api_key}
    for capture in made:
        for exchange in capture.exchanges:
            secrets |= {value for value in exchange.request.hidden if len(value) > len("1763726400000")}
            body = exchange.answer.body.decode(errors="replace") if exchange.answer else ""
            secrets |= set(re.findall(r'"token":\s*"([^"]+)"', body))
        secrets |= {unquote(link.url.partition("token=")[2].partition("&")[0]) for link in capture.links}
    return secrets - {""}


def private_values(made: list[Capture]) -> set[str]:
    """Whatever stands in an answer to a signed request and can be recognised: amounts, identifiers, addresses."""
    bodies = [
        exchange.answer.body
        for capture in made
        for exchange in capture.exchanges
        if exchange.request.is_private and exchange.answer
    ]
    found: set[str] = set()
    for body in bodies:
        with suppress(ValueError):
            found |= set(leaves("", json.loads(body)))
    return found


def leaves(name: str, value: Any) -> Iterator[str]:
    match value:
        case dict():
            for key, item in value.items():
                yield from leaves(key, item)
        case list():
            for item in value:
                yield from leaves(name, item)
        case str() | int() | float() if name not in PUBLIC and re.fullmatch(r"(?=.*\d).{6,}", str(value)):
            yield str(value)


PUBLIC = KEPT_FIELDS | WORDS_OF_THE_VENUE


def spelled(secret: str) -> set[str]:
    """Every way to write it that could be read back; of base64 also where it is a part of something longer."""
    octets = secret.encode()
    json_text = json.dumps(secret)[1:-1]
    return {base64.b64encode(b"x" * offset + octets)[4:-4].decode() for offset in range(3)} | {
        secret,
        secret[::-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json_text,
        json_text.replace("/", r"\/"),
        octets.hex(),
        octets.hex().upper(),
    }


@pytest.mark.parametrize(("connector_id", "fault"), EVERY_FAULT)
def test_no_secret_and_nothing_of_an_account_is_in_a_capture_whatever_goes_wrong(connector_id: str, fault: str) -> None:
    text, made, credentials = asyncio.run(recorded_with(connector_id, fault))

    for secret in secrets_of(made, credentials):
        for spelling in spelled(secret):
            assert spelling not in text
    for value in private_values(made) | set(AMOUNTS.values()):
        assert value not in text


def test_the_fault_that_hides_nothing_would_have_shown_it() -> None:
    """The test above looks for what is really there."""
    _, made, credentials = asyncio.run(recorded_with("kraken", "bad_checksum"))

    assert len(secrets_of(made, credentials)) > 5
    assert set(AMOUNTS.values()) <= {value.rstrip("0") for value in private_values(made)}
