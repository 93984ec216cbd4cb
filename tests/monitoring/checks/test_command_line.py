"""`python -m monitoring.checks`: one JSON document or one table, one line for a mistake, and its exit codes."""

from __future__ import annotations

import gzip
import json
import runpy
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pytest_socket import disable_socket

from connectors.catalog import CONNECTORS
from connectors.sandbox import KrakenSandbox, SandboxThread
from monitoring.checks import __main__ as command
from monitoring.checks.__main__ import main
from tests.monitoring.checks.conftest import UnthrottledKraken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KINDS = ["connectivity", "markets", "order_book", "auth", "paper_order", "candles"]


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONNECTORS, "kraken", UnthrottledKraken)


@pytest.fixture
def venue() -> Iterator[SandboxThread[KrakenSandbox]]:
    with SandboxThread(lambda: KrakenSandbox(rate=100)) as running:
        yield running


def environ(venue: SandboxThread[KrakenSandbox], *, with_key: bool = False) -> dict[str, str]:
    variables = {f"KRAKEN_{role}_URL".upper(): url for role, url in venue.urls.items()}
    if with_key:
        variables["KRAKEN_API_KEY"] = venue.credentials.api_key
        variables["KRAKEN_API_SECRET"] = venue.credentials.api_secret
    return variables


def documents(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    out, err = capsys.readouterr()
    assert err == ""
    parsed: list[dict[str, Any]] = json.loads(out)
    return parsed


def mistake(capsys: pytest.CaptureFixture[str], arguments: list[str], variables: dict[str, str] | None = None) -> str:
    """What is said of wrong usage: one line on stderr, nothing on stdout, exit code 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments, variables or {})
    out, err = capsys.readouterr()
    assert (caught.value.code, out, err.count("\n")) == (2, "", 1)
    return err.removeprefix("python -m monitoring.checks: ").rstrip("\n")


def altered(name: str, value: object) -> Callable[[bytes], bytes]:
    """A change to the first line of a capture."""

    def change(data: bytes) -> bytes:
        first, rest = gzip.decompress(data).split(b"\n", 1)
        return gzip.compress(json.dumps(json.loads(first) | {name: value}).encode() + b"\n" + rest)

    return change


def test_six_outcomes_ok_are_one_json_document_and_exit_code_0(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["kraken", "--json", "--seconds", "0.2"], environ(venue, with_key=True))

    results = documents(capsys)
    assert code == 0
    assert [result["kind"] for result in results] == KINDS
    assert {result["outcome"] for result in results} == {"ok"}
    assert set(results[0]) == {
        "kind", "outcome", "cause", "blame", "confidence", "reasons",
        "summary", "duration_ms", "conditions", "evidence",
    }  # fmt: skip
    assert set(results[0]["conditions"][0]) == {"name", "limit", "seen", "outcome"}


def test_without_credentials_the_exit_code_is_3(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["kraken", "--json", "--kind", "auth", "--kind", "markets", "--kind", "auth"], environ(venue))

    assert code == 3
    assert [(result["kind"], result["outcome"]) for result in documents(capsys)] == [
        ("auth", "inconclusive"),
        ("markets", "ok"),
    ]


def test_a_failure_counts_more_than_what_is_inconclusive_and_gives_exit_code_1(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    venue.faults.switch_on("maintenance", mode="cancel_only")

    code = main(["kraken", "--json", "--kind", "auth", "--kind", "connectivity"], environ(venue))

    assert code == 1
    assert [result["cause"] for result in documents(capsys)] == ["no_credentials", "exchange_maintenance"]


def test_an_address_on_the_command_line_overrides_the_environments(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    variables = {**environ(venue), "KRAKEN_REST_URL": "http://127.0.0.1:1"}
    arguments = ["kraken", "--json", "--kind", "markets"]

    assert main(arguments, variables) == 1
    assert documents(capsys)[0]["cause"] == "transport"
    assert main([*arguments, "--url", f"rest={venue.urls['rest']}"], variables) == 0
    assert documents(capsys)[0]["outcome"] == "ok"


def test_the_table_has_a_line_per_check_and_says_where_it_comes_from(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["kraken", "--pair", "eth-usd", "--kind", "markets", "--kind", "auth"], environ(venue))

    title, head, markets, auth, why = capsys.readouterr().out.splitlines()
    assert code == 3
    assert title == "kraken ETH-USD (sandbox)"
    assert head.split() == ["check", "outcome", "cause", "blame", "sure", "ms", "summary"]
    assert markets.split()[:4] == ["markets", "ok", "none", "none"]
    assert auth.split()[:5] == ["auth", "inconclusive", "no_credentials", "none", "high"]
    assert auth.endswith("not looked at: no credentials")
    assert why.startswith("auth: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["krakn"], "no connector 'krakn': did you mean kraken?"),
        (["kraken", "--kind", "orderbook"], "no kind of check 'orderbook': did you mean order_book, paper_order?"),
        (["kraken", "--pair", "BTCUSD"], "'BTCUSD' is not a trading pair: write BASE-QUOTE, like BTC-USD"),
        (["kraken", "--url", "http://x"], "--url 'http://x': write ROLE=URL"),
        (["kraken", "--url", "rst=http://x"], "kraken: no URL role 'rst': did you mean rest?"),
        (["kraken", "--url", "ws=http://x"], "kraken: ws: 'http://x' is not an address like wss://ws.kraken.com/v2"),
        (["kraken", "--seconds", "0"], "argument --seconds: 0: above 0, at most 3600"),
        (["kraken", "--seconds", "soon"], "argument --seconds: not a number of seconds: soon"),
        (["kraken", "--jsn"], "unrecognized arguments: --jsn"),
        ([], "the following arguments are required: connector"),
        (["kraken", "--limit", "order_book.depth"], "--limit 'order_book.depth': write KIND.NAME=NUMBER"),
        (
            ["kraken", "--limit", "orderbook.depth=5"],
            "no thresholds for 'orderbook': did you mean order_book, paper_order?",
        ),
        (["kraken", "--capture", "x"], "--capture: name the one check to keep with --kind"),
        (["kraken", "--replay", "x", "--pair", "BTC-USD"], "--pair: a replay takes it from the file"),
        (["--replay", "/nowhere/x"], "--replay /nowhere/x: No such file or directory"),
    ],
)
def test_a_mistake_is_one_line_that_names_what_is_valid(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert mistake(capsys, arguments) == said


def test_a_pair_that_the_venue_does_not_list_is_a_mistake(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    said = mistake(capsys, ["kraken", "--pair", "BTC-UDS"], environ(venue))

    assert said.startswith("kraken: no pair BTC-UDS: did you mean BTC-USD")


def test_half_a_pair_of_credentials_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    said = mistake(capsys, ["kraken"], {"KRAKEN_API_KEY": "MY-KEY"})

    assert said == "KRAKEN_API_SECRET is not set although KRAKEN_API_KEY is"


def test_an_operators_file_of_limits_that_cannot_be_read_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    said = mistake(capsys, ["kraken"], {"BELLWETHER_THRESHOLDS": "/nowhere/limits.toml"})

    assert said == "/nowhere/limits.toml: No such file or directory"


def test_unreadable_control_hosts_are_a_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BELLWETHER_CONTROL_HOSTS", "[x")

    said = mistake(capsys, ["kraken"])

    assert said == "BELLWETHER_CONTROL_HOSTS: '[x' is no host: write name:443 or https://name"


def test_a_pair_of_a_venue_that_does_not_answer_is_left_to_the_checks(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    venue.faults.switch_on("http_5xx")

    code = main(["kraken", "--json", "--pair", "ETH-USD", "--kind", "markets"], environ(venue))

    assert code == 1
    assert documents(capsys)[0]["cause"] == "venue_error"


def test_the_connectors_own_pair_is_a_finding_when_it_is_gone(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    venue.faults.switch_on("pair_delisted")

    code = main(["kraken", "--json", "--pair", "BTC-USD", "--kind", "markets"], environ(venue))

    assert code == 1
    assert documents(capsys)[0]["cause"] == "pair_unavailable"


def captured(venue: SandboxThread[KrakenSandbox], file: Path, *options: str, kind: str = "connectivity") -> int:
    return main(["kraken", "--kind", kind, "--capture", str(file), "--json", *options], environ(venue, with_key=True))


def test_a_capture_is_replayed_without_the_venue_and_its_key(
    venue: SandboxThread[KrakenSandbox], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    venue.faults.switch_on("maintenance")
    file = tmp_path / "capture"

    recorded = (captured(venue, file, kind="auth"), *documents(capsys))
    disable_socket(allow_unix_socket=True)
    replayed = (main(["kraken", "--replay", str(file), "--json"], {}), *documents(capsys))

    assert recorded[0] == replayed[0] == 1
    assert replayed[1].pop("replay") == {"same": True, "differences": [], "missing": []}
    for name in ("outcome", "cause", "blame", "confidence", "reasons", "summary", "conditions"):
        assert replayed[1][name] == recorded[1][name]


def test_a_capture_is_kept_of_a_check_that_is_well_too(
    venue: SandboxThread[KrakenSandbox], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "capture"
    assert captured(venue, file) == 0
    documents(capsys)

    code = main(["--replay", str(file)], {})

    title, _, row, last = capsys.readouterr().out.splitlines()
    assert code == 0
    assert title == "kraken BTC-USD (sandbox), replayed"
    assert row.split()[:4] == ["connectivity", "ok", "none", "none"]
    assert last == "the same as recorded"


def test_the_limits_of_the_run_are_those_of_its_replay_unless_others_are_given(
    venue: SandboxThread[KrakenSandbox], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "capture"
    assert captured(venue, file, "--limit", "connectivity.slow_ms=0", "--limit", "connectivity.calls=1") == 1
    documents(capsys)

    assert main(["--replay", str(file)], {}) == 1
    assert capsys.readouterr().out.endswith("\nthe same as recorded\n")
    assert main(["--replay", str(file), "--limit", "connectivity.slow_ms=5000"], {}) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("not as recorded: outcome was degraded, is ok, cause was slow, is none")


def test_a_build_that_asks_for_more_than_was_recorded_says_so(
    venue: SandboxThread[KrakenSandbox], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "capture"
    captured(venue, file, "--limit", "connectivity.calls=1")
    documents(capsys)

    code = main(["--replay", str(file), "--limit", "connectivity.calls=9"], {})

    assert code == 1
    assert capsys.readouterr().out.endswith("; the recording has no GET /0/public/Time\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data[:-20], "damaged: the file ends too soon"),
        (lambda _: b"hello", "not a capture: not gzip, or damaged"),
        (altered("bellwether_capture", 7), "a capture of version 7; this build reads version 1"),
        (altered("kind", "weather"), "damaged: its first line: Invalid enum value 'weather' - at `$.kind`"),
        (altered("connector", "krakn"), "no connector 'krakn': did you mean kraken?"),
        (altered("credentials", {"api_key": "odd"}), "damaged: its first line: credentials: 'odd'"),
        (altered("thresholds", {"gone": 1}), "connectivity has no limit 'gone': "),
        (
            altered("left_out", 12),
            "truncated: 12 frames and answers no longer fitted into the capture, so it can be read and not be replayed",
        ),
    ],
)
def test_a_file_that_cannot_be_replayed_is_a_mistake(
    venue: SandboxThread[KrakenSandbox],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[bytes], bytes],
    said: str,
) -> None:
    file = tmp_path / "capture"
    captured(venue, file)
    documents(capsys)
    file.write_bytes(change(file.read_bytes()))

    assert mistake(capsys, ["--replay", str(file)]).startswith(f"--replay {file}: {said}")


def test_a_capture_of_another_connector_is_a_mistake(
    venue: SandboxThread[KrakenSandbox], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "capture"
    captured(venue, file)
    documents(capsys)

    assert mistake(capsys, ["kucoin", "--replay", str(file)]) == f"--replay {file}: of kraken, not of kucoin"


def test_a_capture_that_cannot_be_written_is_a_mistake(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    said = mistake(capsys, ["kraken", "--kind", "auth", "--capture", "/nowhere/x"], environ(venue))

    assert said == "--capture /nowhere/x: No such file or directory"


def test_an_interrupted_run_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def interrupted(*_: object, **__: object) -> list[Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run_checks", interrupted)

    assert main(["kraken"], {}) == 130
    assert capsys.readouterr() == ("", "")


def test_the_module_runs_as_a_program(
    venue: SandboxThread[KrakenSandbox], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"rest={venue.urls['rest']}"
    monkeypatch.setattr(sys, "argv", ["checks", "kraken", "--kind", "markets", "--url", address, "--json"])
    monkeypatch.delitem(sys.modules, command.__name__)

    with pytest.raises(SystemExit) as caught:
        runpy.run_module("monitoring.checks", run_name="__main__")

    assert caught.value.code == 0
    assert documents(capsys)[0]["outcome"] == "ok"


@pytest.mark.slow("starts an interpreter")
def test_the_command_needs_no_django() -> None:
    program = (
        "import sys; sys.modules['django'] = sys.modules['celery'] = None\n"
        "from monitoring.checks.__main__ import main; main(['--help'])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "exit codes: 0 all ok" in done.stdout
