"""The launcher: what it refuses and in which words, and what it lets its children know."""

from __future__ import annotations

import base64
import re
import signal
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from config import launch
from config.launch import (
    SANDBOXES,
    Address,
    base_environment,
    ephemeral_credentials,
    free_address,
    main,
    page_answers,
    prepare,
    remove_what_the_last_run_left,
    sole_user_of,
)
from config.supervisor import LaunchError

BASE_DIR = Path(__file__).resolve().parents[2]
ADDRESS = Address("127.0.0.1", 8000)


@pytest.mark.parametrize(("mode", "target"), [("demo", "make demo"), ("live", "make run")])
def test_taken_port_gives_one_line_with_the_remedy(
    mode: str, target: str, environment: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "config.launch", mode, "--port", str(port)],
            env=environment,
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    remedy = port + 1 if port < 65535 else 8000
    assert done.stderr == (
        f"bellwether: port {port} is taken by another program; choose another: {target} PORT={remedy}\n"
    )
    assert not (tmp_path / "var" / "bellwether.sqlite3").exists()


@pytest.mark.parametrize("text", ["", "http", "0", "65536", "-1", "80.0"])
def test_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(LaunchError, match="is no port: write a number from 1 to 65535"):
        free_address("127.0.0.1", text, mode="demo")


def test_host_of_another_machine_is_refused() -> None:
    with pytest.raises(LaunchError, match=r"HOST=192\.0\.2\.1 is no address of this machine"):
        free_address("192.0.2.1", "8000", mode="demo")


def test_port_that_was_used_a_moment_ago_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            accepted.close()
            client.recv(1)
    assert free_address("127.0.0.1", str(port), mode="demo") == Address("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://127.0.0.1:8000/"),  # noqa: S104 -- what an operator may ask for
        ("::1", "http://[::1]:8000/"),
        ("::", "http://[::1]:8000/"),
    ],
)
def test_the_printed_address_can_be_opened_on_this_machine(host: str, url: str) -> None:
    assert Address(host, 8000).url == url


def test_second_instance_in_the_same_folder_is_refused_with_the_process_of_the_first(tmp_path: Path) -> None:
    refused = pytest.raises(LaunchError, match=r"already running in .* \(process \d+\)")
    with sole_user_of(tmp_path), refused, sole_user_of(tmp_path):
        pytest.fail("two owners of one folder")
    with sole_user_of(tmp_path):
        pass


@pytest.mark.parametrize(("var", "reason"), [("/dev/null", "File exists"), ("/dev/null/x", "Not a directory")])
def test_unusable_folder_gives_one_line(
    var: str, reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BELLWETHER_VAR", var)
    assert main(["demo"]) == 1
    assert capsys.readouterr() == (
        "",
        f"bellwether: cannot write {var}: {reason}; BELLWETHER_VAR can name another folder\n",
    )


def test_lock_that_cannot_be_opened_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(LaunchError, match=r"cannot write .*/lock: Is a directory; "), sole_user_of(tmp_path):
        pytest.fail("nobody can hold this lock")


def test_ctrl_c_before_anything_was_started_leaves_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "sole_user_of", lambda _: signal.raise_signal(signal.SIGINT))
    try:
        assert main(["demo"]) == 0
    except KeyboardInterrupt:  # which would end the whole test run
        pytest.fail("a traceback")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("named", "asked_for"),
    [
        ("status.example.org, other.example.org", "status.example.org"),
        (" .example.org", "example.org"),
        ("*", "localhost"),
        ("*,status.example.org", "status.example.org"),
        ("", "localhost"),
    ],
)
def test_the_first_page_is_asked_for_by_a_name_that_is_allowed(named: str, asked_for: str) -> None:
    hosts = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hosts.append(self.headers["Host"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        serving = Thread(target=server.handle_request)
        serving.start()
        assert page_answers(Address("127.0.0.1", server.server_port), {"DJANGO_ALLOWED_HOSTS": named}) is True
        serving.join()
    assert hosts == [asked_for]


@pytest.mark.parametrize(
    ("url", "options"),
    [("", ["--release-claims"]), (" ", ["--release-claims"]), ("postgresql://db/bellwether", [])],
)
def test_claims_are_released_only_where_no_other_machine_can_hold_them(url: str, options: list[str]) -> None:
    ran: dict[str, list[str]] = {}

    class Recorder:
        def run(self, name: str, command: list[str], *_: object, **__: object) -> None:
            ran[name] = command[3:]

    prepare(Recorder(), {"DATABASE_URL": url})  # type: ignore[arg-type]  # all that it needs of a supervisor
    assert ran["plan_checks"] == options


def test_demo_never_touches_the_real_database_or_queue() -> None:
    given = {"DATABASE_URL": "postgresql://db/bellwether", "CELERY_BROKER_URL": "redis://queue/0"}
    demo = base_environment(given, "demo", Path("/var/x"), ADDRESS)
    assert demo.keys().isdisjoint(given)
    live = base_environment(given, "live", Path("/var/x"), ADDRESS)
    assert given.items() <= live.items()


def test_demo_reaches_its_sandboxes_past_any_proxy() -> None:
    given = {"HTTP_PROXY": "http://proxy.example:3128", "no_proxy": "intranet.example"}
    demo = base_environment(given, "demo", Path("/var/x"), ADDRESS)
    assert (demo["NO_PROXY"], demo["no_proxy"]) == ("*", "*")
    live = base_environment(given, "live", Path("/var/x"), ADDRESS)
    assert given.items() <= live.items()


def test_empty_settings_are_filled_like_missing_ones() -> None:
    empty = {"DJANGO_ALLOWED_HOSTS": "", "BELLWETHER_CADENCE_S": ""}
    demo = base_environment(empty, "demo", Path("/var/x"), ADDRESS)
    assert demo == base_environment({}, "demo", Path("/var/x"), ADDRESS)
    assert demo["BELLWETHER_CADENCE_S"] == "30"


@pytest.mark.parametrize("mode", ["demo", "live"])
def test_the_common_environment_has_no_exchange_credentials(mode: str) -> None:
    given = {"KRAKEN_API_KEY": "k", "KRAKEN_API_SECRET": "s", "KUCOIN_API_PASSPHRASE": "p", "PATH": "/bin"}
    given["KUCOIN_PARTNER_KEY"] = "q"
    environment = base_environment(given, mode, Path("/var/x"), ADDRESS)
    assert not set(environment.values()) & {"k", "s", "p", "q"}
    assert environment["PATH"] == "/bin"


def test_pages_answer_to_the_host_that_was_asked_for() -> None:
    environment = base_environment({}, "live", Path("/var/x"), Address("192.0.2.7", 80))
    assert environment["DJANGO_ALLOWED_HOSTS"] == "localhost,127.0.0.1,[::1],192.0.2.7"


@pytest.mark.parametrize("venue", SANDBOXES)
def test_sandbox_credentials_are_new_each_time_and_fit_any_venue(venue: str) -> None:
    first, second = ephemeral_credentials(venue), ephemeral_credentials(venue)
    names = [f"{venue.upper()}_API_{end}" for end in ("KEY", "SECRET", "PASSPHRASE")]
    assert list(first) == names
    assert re.fullmatch("[0-9a-f]{56}", first[names[0]])
    assert len(base64.b64decode(first[names[1]], validate=True)) == 64
    assert len(first[names[2]]) == 24
    assert not set(first.values()) & set(second.values())


def test_a_new_start_drops_stale_messages_and_keeps_the_history(tmp_path: Path) -> None:
    (tmp_path / "broker" / "messages").mkdir(parents=True)
    (tmp_path / "broker" / "messages" / "1_a.bellwether.msg").write_text("{}")
    for name in ("beat-schedule", "beat-schedule.db", "bellwether.sqlite3", "secret-key"):
        (tmp_path / name).write_text("x")
    remove_what_the_last_run_left(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bellwether.sqlite3", "secret-key"]
