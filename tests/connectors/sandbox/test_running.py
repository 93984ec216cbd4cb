"""Starting, stopping and controlling a sandbox: in a loop, in a thread, from the command line, over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket as sockets
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from connectors.sandbox import KrakenSandbox, SandboxThread
from connectors.sandbox.__main__ import main
from connectors.types import Credentials
from tests.connectors.sandbox.kucoin_wire import headers_of
from tests.connectors.sandbox.wire import DEADLINE_S, rest_of, socket_of

if TYPE_CHECKING:
    from tests.connectors.sandbox.wire import Rest


async def test_faults_are_listed_with_what_they_do(rest: Rest) -> None:
    listed = (await rest.client.get("/_sandbox/faults")).json()["faults"]
    assert [fault["name"] for fault in listed] == list(KrakenSandbox.fault_names())
    assert listed[0] == {
        "name": "bad_checksum",
        "description": "every Nth book update carries a wrong checksum",
        "parameters": {"every": 1},
        "on": False,
        "active": None,
    }


async def test_faults_are_switched_over_http(rest: Rest, sandbox: KrakenSandbox) -> None:
    answer = await rest.client.put("/_sandbox/faults/bad_checksum", json={"every": 4})
    assert answer.json()["faults"][0]["active"] == {"every": 4}
    await rest.client.put("/_sandbox/faults/rate_limit")
    assert await rest.public("Time") == {"error": ["EGeneral:Too many requests"]}
    await rest.client.delete("/_sandbox/faults/rate_limit")
    assert (await rest.public("Time"))["error"] == []
    await rest.client.delete("/_sandbox/faults")
    assert not sandbox.faults.is_on("bad_checksum")


@pytest.mark.parametrize("fault", ["drop", "hang", "http_5xx", "html", "malformed", "huge_message"])
async def test_control_endpoint_answers_whatever_is_wrong(rest: Rest, fault: str) -> None:
    await rest.client.put(f"/_sandbox/faults/{fault}")
    assert (await rest.client.delete("/_sandbox/faults")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("PUT", "/_sandbox/faults/stal", "", 404, "no fault 'stal': did you mean stall"),
        ("PUT", "/_sandbox/faults/slow", '{"delay": 1}', 400, "no parameter 'delay': did you mean delay_s"),
        ("PUT", "/_sandbox/faults/slow", "[1]", 400, "parameters are one JSON object"),
        ("POST", "/_sandbox/faults", "", 405, "GET, PUT or DELETE"),
        ("GET", "/_sandbox/flaws", "", 404, "try /_sandbox/faults"),
    ],
)
async def test_control_errors_help(rest: Rest, method: str, path: str, body: str, status: int, message: str) -> None:
    answer = await rest.client.request(method, path, content=body)
    assert answer.status_code == status
    assert message in answer.json()["error"]


async def test_stopping_is_quick_with_a_client_that_never_reads() -> None:
    loop = asyncio.get_running_loop()
    async with KrakenSandbox(rate=2000) as sandbox:
        async with socket_of(sandbox) as socket, rest_of(sandbox) as rest:
            await socket.subscribe("book", symbol=["BTC/USD"], depth=1000)
            sandbox.faults.switch_on("hang", where="rest")
            waiting = asyncio.create_task(rest.public("Time"))
            await asyncio.wait([waiting], timeout=0.1)
            began = loop.time()
            await sandbox.stop()
            assert loop.time() - began < 1
            with pytest.raises(httpx.TransportError):
                await waiting
        await sandbox.start()  # so that leaving the block stops it once more


async def test_taken_port_is_an_error_at_start(sandbox: KrakenSandbox) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await KrakenSandbox(port=sandbox.port).start()


def test_thread_serves_synchronous_callers_and_takes_faults_from_them() -> None:
    with SandboxThread(lambda: KrakenSandbox(seed=7)) as sandbox, httpx.Client(trust_env=False) as client:
        url = f"{sandbox.urls['rest']}/0/public/Time"
        assert client.get(url).json()["error"] == []
        sandbox.faults.switch_on("rate_limit")
        assert client.get(url).json() == {"error": ["EGeneral:Too many requests"]}
        sandbox.faults.clear()
        assert client.get(url).json()["error"] == []


def test_thread_hands_over_what_start_up_raised() -> None:
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        thread = SandboxThread(lambda: KrakenSandbox(port=port))
        with pytest.raises(OSError, match="address already in use"):
            thread.__enter__()


@pytest.mark.slow(reason="starts a Python process")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_command_says_when_it_is_ready_and_stops_on_a_signal(ending: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "connectors.sandbox", "kraken", "--port", "0", "--fault", 'clock_skew={"seconds":60}'),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "KRAKEN_API_KEY": "open sesame", "KRAKEN_API_SECRET": "c2VjcmV0"},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    async with asyncio.timeout(20):
        ready = json.loads(await process.stdout.readline())
        assert set(ready["urls"]) == {"rest", "ws", "ws_auth"}
        async with httpx.AsyncClient(base_url=ready["urls"]["rest"], timeout=DEADLINE_S, trust_env=False) as client:
            faults = (await client.get("/_sandbox/faults")).json()["faults"]
            assert [fault["name"] for fault in faults if fault["on"]] == ["clock_skew"]
            process.send_signal(ending)
            printed, complaints = await process.communicate()
    assert (process.returncode, printed, complaints) == (0, b"", b"")
    assert "sesame" not in json.dumps(ready)


def test_command_names_a_taken_port_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["kraken", "--port", str(port)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"cannot listen on port {port}: ")
    assert captured.err.count("\n") == 1


@pytest.mark.slow(reason="starts a Python process")
@pytest.mark.parametrize("exchange", ["kucoin", "kucoin_perpetual"])
async def test_command_serves_kucoin_with_the_credentials_of_the_environment(exchange: str) -> None:
    prefix = exchange.upper()
    keys = {"_API_KEY": "key of ours", "_API_SECRET": "secret of ours", "_API_PASSPHRASE": "open sesame"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "connectors.sandbox", exchange, "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **{prefix + name: value for name, value in keys.items()}},
    )
    assert process.stdout is not None
    async with asyncio.timeout(20):
        ready = json.loads(await process.stdout.readline())
        async with httpx.AsyncClient(base_url=ready["urls"]["rest"], timeout=DEADLINE_S, trust_env=False) as client:
            headers = headers_of(Credentials(*keys.values()), "GET", "/api/v1/user/api-key", "")
            answer = (await client.get("/api/v1/user/api-key", headers=headers)).json()
        process.send_signal(signal.SIGTERM)
        printed, complaints = await process.communicate()
    assert answer["data"]["apiKey"] == "key of ours"
    assert (process.returncode, printed, complaints) == (0, b"", b"")
    assert "sesame" not in json.dumps(ready)


def test_command_wants_the_passphrase_of_a_kucoin_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUCOIN_API_KEY", "key")
    monkeypatch.setenv("KUCOIN_API_SECRET", "secret")
    monkeypatch.delenv("KUCOIN_API_PASSPHRASE", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["kucoin", "--port", "0"])
    assert ended.value.code == 2
    assert "passphrase: a KuCoin key has one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kraken", "--fault", "stal"], "no fault 'stal': did you mean stall"),
        (["kraken", "--fault", "slow={"], "after the = comes one JSON object"),
        (["krakken"], "invalid choice: 'krakken'"),
        (["kucoin", "--fault", "bad_nonce"], "kucoin has no fault 'bad_nonce': KuCoin signs with a timestamp"),
        (["kucoin", "--fault", "funding_off"], "kucoin has no fault 'funding_off': only a perpetual has funding"),
        (["kraken", "--port", "99999"], "argument --port: '99999' is not a port: 0 to 65535"),
        (["kraken", "--port=-1"], "argument --port: '-1' is not a port: 0 to 65535"),
        (["kraken", "--port", "http"], "argument --port: 'http' is not a port: 0 to 65535"),
        (["kraken", "--rate", "0"], "argument --rate: '0' is not a rate: above 0, at most 100,000"),
        (["kraken", "--rate", "nan"], "argument --rate: 'nan' is not a rate: above 0, at most 100,000"),
        (["kraken", "--rate", "fast"], "argument --rate: 'fast' is not a rate: above 0, at most 100,000"),
    ],
)
def test_wrong_arguments_are_usage_errors(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
