"""`python -m monitoring.checks`: one JSON document or one table, one line for a mistake, and its exit codes."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from connectors.catalog import CONNECTORS
from connectors.sandbox import KrakenSandbox, SandboxThread
from monitoring.checks import __main__ as command
from monitoring.checks.__main__ import main
from tests.monitoring.checks.conftest import UnthrottledKraken

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def test_six_outcomes_ok_are_one_json_document_and_exit_code_0(
    venue: SandboxThread[KrakenSandbox], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["kraken", "--json", "--seconds", "0.2"], environ(venue, with_key=True))

    results = documents(capsys)
    assert code == 0
    assert [result["kind"] for result in results] == KINDS
    assert {result["outcome"] for result in results} == {"ok"}
    assert set(results[0]) == {
        "kind", "outcome", "cause", "blame", "summary", "duration_ms", "conditions", "evidence",
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

    title, head, markets, auth = capsys.readouterr().out.splitlines()
    assert code == 3
    assert title == "kraken ETH-USD (sandbox)"
    assert head.split() == ["check", "outcome", "cause", "blame", "ms", "summary"]
    assert markets.split()[:4] == ["markets", "ok", "none", "none"]
    assert auth.split()[:4] == ["auth", "inconclusive", "no_credentials", "none"]
    assert auth.endswith("not looked at: no credentials")


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
