"""The command line as its two readers meet it: a person, and a program that parses one JSON document."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from connectors.__main__ import main
from connectors.sandbox import KrakenSandbox, KucoinPerpetualSandbox, SandboxThread

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxThread[KrakenSandbox]]:
    with SandboxThread(lambda: KrakenSandbox(seed=3, rate=400)) as running:
        yield running


@pytest.fixture
def at(sandbox: SandboxThread[KrakenSandbox]) -> list[str]:
    return [argument for role, url in sandbox.urls.items() for argument in ("--url", f"{role}={url}")]


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main([*arguments, "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return json.loads(said.out)


def refusal(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    try:
        assert main(arguments) == code
    except SystemExit as stop:
        assert stop.code == code  # noqa: PT017  # argparse stops by itself
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


def test_pairs_as_json_have_exact_rules(capsys: pytest.CaptureFixture[str], at: list[str]) -> None:
    said = answer(capsys, "pairs", "kraken", *at)

    assert (said["connector"], said["source"]) == ("kraken", "sandbox")
    rules = next(entry for entry in said["pairs"] if entry["pair"] == "BTC-USD")
    assert rules == {
        "pair": "BTC-USD",
        "symbol": "BTC/USD",
        "status": "online",
        "price_tick": "0.1",
        "size_step": "0.00000001",
        "min_size": "0.00005",
        "min_cost": "0.5",
    }


def test_a_book_as_json_ends_with_its_counts(capsys: pytest.CaptureFixture[str], at: list[str]) -> None:
    said = answer(capsys, "book", "kraken", "btc-usd", "--updates", "25", *at)

    assert said["updates"] >= 25
    assert said["checksum_failures"] == said["sequence_gaps"] == said["resyncs"] == 0
    assert 0 < said["cpu_seconds"] <= said["seconds"] * 2
    assert said["first_snapshot_ms"] > 0
    assert said["updates_per_second"] > 0
    assert said["best_bid"] == said["bids"][0]["price"]
    assert Decimal(said["best_bid"]) < Decimal(said["best_ask"])
    assert Decimal(said["bids"][0]["size"]) > 0
    assert list(said)[-2:] == ["best_bid", "best_ask"]


def test_a_book_may_be_watched_for_a_time(capsys: pytest.CaptureFixture[str], at: list[str]) -> None:
    assert 0.2 <= answer(capsys, "book", "kraken", "BTC-USD", "--seconds", "0.2", *at)["seconds"] < 5


def test_candles_as_json_have_times_and_exact_numbers(capsys: pytest.CaptureFixture[str], at: list[str]) -> None:
    rows = answer(capsys, "candles", "kraken", "BTC-USD", "1m", "--limit", "5", *at)["candles"]

    assert len(rows) == 5
    assert all(row["open_time"].endswith(":00Z") and isinstance(row["close"], str) for row in rows)
    assert [row["closed"] for row in rows] == [True] * 4 + [False]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["pairs", "kraken"], "price tick"),
        (["book", "kraken", "BTC-USD", "--updates", "3"], "0 checksum failures"),
        (["candles", "kraken", "BTC-USD", "1h", "--limit", "3"], "forming"),
    ],
)
def test_a_person_reads_a_table(
    capsys: pytest.CaptureFixture[str], at: list[str], command: list[str], shown: str
) -> None:
    assert main([*command, *at]) == 0

    said = capsys.readouterr().out
    assert said.startswith("kraken (sandbox): ")
    assert shown in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pairs", "krakn"], "did you mean kraken?"),
        (["book", "kraken", "BTX-USD"], "did you mean BTC-USD"),
        (["candles", "kraken", "BTX-USD", "1m"], "did you mean BTC-USD"),
        (["candles", "kraken", "BTC-USD", "2m"], "did you mean"),
        (["candles", "kraken", "BTC-USD", "1m", "--limit", "721"], "1 to 720"),
        (["book", "kraken", "BTCUSD"], "write BASE-QUOTE"),
        (["book", "kraken", "BTC-USD", "--depth", "11"], "10, 25, 100, 500, 1000"),
        (["book", "kraken", "BTC-USD", "--seconds", "0"], "must be above zero"),
        (["book", "kraken", "BTC-USD", "--seconds", "1", "--updates", "1"], "not allowed with"),
        (["book", "kraken"], "required: pair"),
        (["pairs", "kraken", "--url", "rest"], "write ROLE=URL"),
        (["pairs", "kraken", "--url", "rets=http://127.0.0.1:9"], "did you mean rest?"),
        (["book", "kraken", "BTC-USD", "--url", "ws=ws://127.0.0.1:99999"], "is not an address like wss://"),
        (["boo"], "invalid choice"),
    ],
)
def test_a_mistake_is_told_in_one_line_with_exit_code_2(
    capsys: pytest.CaptureFixture[str], at: list[str], arguments: list[str], message: str
) -> None:
    needs_venue = "BTX-USD" in arguments
    assert message in refusal(capsys, 2, *arguments, *(at if needs_venue else []))


def test_a_book_that_stands_still_is_not_waited_for_for_ever(
    capsys: pytest.CaptureFixture[str],
    sandbox: SandboxThread[KrakenSandbox],
    at: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("connectors.__main__.IDLE_S", 0.2)
    sandbox.faults.switch_on("stall")
    try:
        said = refusal(capsys, 1, "book", "kraken", "BTC-USD", "--updates", "5", *at)
    finally:
        sandbox.faults.clear()

    assert "no update for 0.2 s" in said


def test_a_venue_out_of_reach_is_told_in_one_line_with_exit_code_1() -> None:
    """In a process of its own, with nothing but the two streams: no log line of a library may slip in."""
    command = [sys.executable, "-m", "connectors", "pairs", "kraken", "--url", "rest=http://127.0.0.1:9"]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, env=os.environ, check=False)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "kraken /0/public/AssetPairs: All connection attempts failed" in ended.stderr


def test_a_reader_that_leaves_early_gets_no_traceback(at: list[str]) -> None:
    command = [sys.executable, "-m", "connectors", "pairs", "kraken", "--json", *at]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert (process.returncode, said.count("\n")) == (1, 1)
    assert "Traceback" not in said


def test_a_perpetuals_book_is_followed_at_its_own_depth_and_its_contract_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with SandboxThread(lambda: KucoinPerpetualSandbox(seed=3, rate=400)) as running:
        at = [argument for role, url in running.urls.items() for argument in ("--url", f"{role}={url}")]
        pairs = answer(capsys, "pairs", "kucoin_perpetual", *at)["pairs"]
        book = answer(capsys, "book", "kucoin_perpetual", "BTC-USDT", "--updates", "20", *at)

    contract = next(entry for entry in pairs if entry["pair"] == "BTC-USDT")["contract"]
    assert contract == {"multiplier": "0.001", "settle_asset": "USDT", "max_leverage": "125", "is_inverse": False}
    assert (book["depth"], book["sequence_gaps"], book["resyncs"]) == (20, 0, 0)


def test_a_person_reads_what_a_contract_stands_for_and_no_word_of_the_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with SandboxThread(lambda: KucoinPerpetualSandbox(seed=3, rate=400)) as running:
        at = [argument for role, url in running.urls.items() for argument in ("--url", f"{role}={url}")]
        for command in (["pairs"], ["book", "BTC-USDT", "--updates", "3"], ["candles", "BTC-USDT", "1m"]):
            assert main([command[0], "kucoin_perpetual", *command[1:], *at]) == 0
        said = capsys.readouterr().out

    rows = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert rows["BTC-USDT"].endswith("0.001 BTC")
    assert rows["BTC-USD"].endswith("1 USD")
    assert "0 sequence gaps" in said
    assert "None" not in said
