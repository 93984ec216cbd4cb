"""One command for a whole installation on one machine: `python -m config.launch demo` or `live`."""

from __future__ import annotations

import argparse
import base64
import errno
import fcntl
import http.client
import json
import os
import secrets
import shutil
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from config.environment import given, listed
from config.supervisor import LaunchError, StopRequested, Supervisor, writing_in
from connectors.sandbox.catalog import SANDBOXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from io import FileIO

    from config.supervisor import Child

BASE_DIR = Path(__file__).resolve().parent.parent
MAKE_TARGETS = {"demo": "demo", "live": "run"}
START_TIMEOUT_S = 60.0
DEMO_CADENCE_S = "30"  # whoever switches a fault on wants to see it soon
DEMO_HISTORY = ("--through", "6")  # the last epoch with tiers; the later ones wait for whoever tries the governance out
# A task only waits while the worker's event loop does the I/O: one thread for each exchange's run, and spare ones
# so that the dispatcher never queues behind them.
WORKER_THREADS = 8
_CREDENTIAL_NAMES = ("_API_KEY", "_API_SECRET", "_API_PASSPHRASE", "_PARTNER_ID", "_PARTNER_NAME", "_PARTNER_KEY")


class Address(NamedTuple):
    """Where the web server listens."""

    host: str
    port: int

    @property
    def reachable_host(self) -> str:
        """The same machine as a client names it: a wildcard address cannot be connected to."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 -- compared, not bound

    @property
    def url(self) -> str:
        host = self.reachable_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


class Sandbox(NamedTuple):
    """A sandbox exchange that runs: the environment that points a connector at it, and its address."""

    venue: str
    environment: dict[str, str]
    rest_url: str


def main(arguments: list[str] | None = None) -> int:
    """Runs until a signal (0) or a failure (1, told in one line on stderr)."""
    parser = argparse.ArgumentParser(prog="python -m config.launch", description=__doc__)
    parser.add_argument("mode", choices=MAKE_TARGETS, help="demo: sandbox exchanges; live: the real ones")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default="8000")
    options = parser.parse_args(arguments)
    var = Path(given("BELLWETHER_VAR") or BASE_DIR / "var" / options.mode).resolve()
    try:
        with sole_user_of(var), Supervisor(var / "log") as supervisor:
            address = free_address(options.host, options.port, mode=options.mode)
            try:
                launch(supervisor, options.mode, var, address)
            except StopRequested:
                say("Stopping every process (once more to cut short) …")
    except LaunchError as exc:
        print(f"bellwether: {exc}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:  # before the supervisor listens for signals, so before anything was started
        return 0
    say("Stopped. The history is kept in", shown(var))
    return 0


def launch(supervisor: Supervisor, mode: str, var: Path, address: Address) -> None:
    """Starts all that *mode* needs, tells the address once pages answer, and watches. Raises StopRequested."""
    say(f"Bellwether {mode}:", "sandbox exchanges on this machine" if mode == "demo" else "live exchanges")
    environment = base_environment(os.environ, mode, var, address)
    with_credentials = dict(environment)
    remove_what_the_last_run_left(var)
    prepare(supervisor, environment, history=DEMO_HISTORY if mode == "demo" else ())

    sandboxes = []
    if mode == "demo":
        credentials = {venue: ephemeral_credentials(venue) for venue in SANDBOXES}
        with_credentials["BELLWETHER_NONCE_DIR"] = str(var / "nonces")
        say(f"  starting the sandboxes of {', '.join(SANDBOXES)}")
        children = {venue: start_sandbox(supervisor, venue, environment | credentials[venue]) for venue in SANDBOXES}
        for venue, child in children.items():
            sandbox = sandbox_when_ready(supervisor, venue, child)
            environment |= sandbox.environment
            with_credentials |= sandbox.environment | credentials[venue]
            sandboxes.append(sandbox)
    else:
        with_credentials |= {name: os.environ[name] for name in os.environ if name.endswith(_CREDENTIAL_NAMES)}

    say("  starting the web server, a worker and the beat")
    celery = [sys.executable, "-m", "celery", "--app", "config.celery"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    pool = ["--pool", "threads", "--concurrency", str(WORKER_THREADS)]
    server = [
        "--host",
        address.host,
        "--port",
        str(address.port),
        "--no-access-log",
        "--no-server-header",
        "--lifespan",
        "off",
    ]
    supervisor.start("worker", [*celery, "--quiet", "worker", *pool, *quiet], with_credentials, cwd=BASE_DIR)
    supervisor.start("beat", [*celery, "--quiet", "beat"], environment, cwd=BASE_DIR)
    supervisor.start(
        "web", [sys.executable, "-m", "uvicorn", "config.asgi:application", *server], environment, cwd=BASE_DIR
    )
    supervisor.wait_for("The first page", lambda: page_answers(address, environment), timeout_s=START_TIMEOUT_S)
    welcome(mode, var, address, sandboxes)
    supervisor.watch()


def base_environment(callers: Mapping[str, str], mode: str, var: Path, address: Address) -> dict[str, str]:
    """The environment of every child: the caller's without credentials; the demo's without real services too."""
    environment = {name: value for name, value in callers.items() if not name.endswith(_CREDENTIAL_NAMES)}
    usual = {"DJANGO_ALLOWED_HOSTS": f"localhost,127.0.0.1,[::1],{address.host}"}
    if mode == "demo":  # what a sandbox answered must never reach a database that somebody relies on
        for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
            environment.pop(name, None)
        environment |= {"NO_PROXY": "*", "no_proxy": "*"}  # all that the demo talks to is on this machine
        usual["BELLWETHER_CADENCE_S"] = DEMO_CADENCE_S
    environment |= {name: value for name, value in usual.items() if not given(name, environment)}
    return environment | {
        "BELLWETHER_VAR": str(var),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
    }


def ephemeral_credentials(venue: str) -> dict[str, str]:
    """A key for one sandbox that any venue's connector can sign with, gone with the processes that know it."""
    return {
        f"{venue}_API_KEY".upper(): secrets.token_hex(28),
        f"{venue}_API_SECRET".upper(): base64.b64encode(secrets.token_bytes(64)).decode("ascii"),
        f"{venue}_API_PASSPHRASE".upper(): secrets.token_urlsafe(18),
    }


def remove_what_the_last_run_left(var: Path) -> None:
    """Messages nobody will take and the beat's clock; the database, its secret key and the logs stay."""
    shutil.rmtree(var / "broker", ignore_errors=True)
    with writing_in(var):
        for schedule in var.glob("beat-schedule*"):
            schedule.unlink()


def prepare(supervisor: Supervisor, environment: Mapping[str, str], history: Sequence[str] = ()) -> None:
    """Database, static files, catalogue, past votes and the checks that follow, each as its own command."""
    # Claims of runs that died with the last start would hold their checks back; elsewhere a worker may still run them.
    claims = [] if given("DATABASE_URL", environment) else ["--release-claims"]
    for said, name, options in (
        ("migrating the database", "migrate", ["--verbosity", "0"]),
        ("collecting static files", "collectstatic", ["--noinput", "--verbosity", "0"]),
        ("loading the catalogue", "catalogue", ["apply", "--yes"]),
        ("loading the votes of the past", "load_history", history),
        ("planning the checks", "plan_checks", claims),
    ):
        say(f"  {said}")
        command = [sys.executable, "manage.py", name, *options]
        supervisor.run(name, command, environment, cwd=BASE_DIR, timeout_s=5 * START_TIMEOUT_S)


def start_sandbox(supervisor: Supervisor, venue: str, environment: Mapping[str, str]) -> Child:
    """One sandbox exchange on a free port."""
    return supervisor.start(
        f"{venue}-sandbox",
        [sys.executable, "-m", "connectors.sandbox", venue, "--port", "0"],
        environment,
        cwd=BASE_DIR,
        needed_by_others=True,
    )


def sandbox_when_ready(supervisor: Supervisor, venue: str, child: Child) -> Sandbox:
    """The sandbox once it answers: the first line of its output is JSON with its URLs."""

    def urls() -> dict[str, str] | None:
        lines = [line for line in child.log.read_text(encoding="utf-8").splitlines(keepends=True) if line[0] == "{"]
        return json.loads(lines[0])["urls"] if lines and lines[0].endswith("\n") else None

    found = supervisor.wait_for(f"The {venue} sandbox", urls, timeout_s=START_TIMEOUT_S)
    return Sandbox(venue, {f"{venue}_{role}_url".upper(): url for role, url in found.items()}, found["rest"])


def page_answers(address: Address, environment: Mapping[str, str]) -> bool | None:
    """True once the index answers 200, None while nobody listens. Raises LaunchError on any other answer."""
    allowed = [name.lstrip(".") for name in listed("DJANGO_ALLOWED_HOSTS", environment) if name != "*"]
    connection = http.client.HTTPConnection(address.reachable_host, address.port, timeout=30)
    try:
        connection.request("GET", "/", headers={"Host": [*allowed, "localhost"][0], "X-Forwarded-Proto": "https"})
        status = connection.getresponse().status
    except (ConnectionError, TimeoutError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        raise LaunchError(
            f"{address.url} answered {status}; the reason is in {environment['BELLWETHER_VAR']}/log/web.log"
        )
    return True


def welcome(mode: str, var: Path, address: Address, sandboxes: list[Sandbox]) -> None:
    """What a person needs to know now."""
    say(f"\nBellwether is at {address.url}")
    say("  The first checks finish within a minute; Ctrl-C stops every process; logs are in", shown(var / "log"))
    if sandboxes:
        say("  Faults to switch on, by name:")
    for sandbox in sandboxes:
        faults = f"{sandbox.rest_url.rstrip('/')}/_sandbox/faults"
        say(f"    {sandbox.venue:<17} curl {faults}")
    if sandboxes:
        say(f"  one on, and off:      curl -X PUT {faults}/stall ; curl -X DELETE {faults}/stall")
        say(f"  Votes: {address.url}governance/ stands at epoch 6; docs/governance.md takes the next one through")


@contextmanager
def sole_user_of(var: Path) -> Iterator[None]:
    """Holds the folder's lock: two installations in one folder would share a broker and a beat."""
    with writing_in(var):
        var.mkdir(parents=True, exist_ok=True)
        lock = (var / "lock").open("a+b", buffering=0)
    with lock:
        with writing_in(var):
            take(lock, var)
        yield


def take(lock: FileIO, var: Path) -> None:
    """Locks the file and writes our process into it. Raises LaunchError where another process holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise LaunchError(
            f"already running in {shown(var)} (process {lock.read().decode().strip()}): "
            "stop that one, or name another folder with BELLWETHER_VAR"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()).encode())


def free_address(host: str, port_text: str, *, mode: str) -> Address:
    """The address if a server may listen there. Raises LaunchError with the remedy."""
    if not port_text.isdecimal() or not 1 <= int(port_text) <= 65535:
        raise LaunchError(f"PORT={port_text} is no port: write a number from 1 to 65535")
    port = int(port_text)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise LaunchError(f"HOST={host} is no address of this machine") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as exc:
            remedy = f"make {MAKE_TARGETS[mode]} PORT={port + 1 if 1023 < port < 65535 else 8000}"
            told = {
                errno.EADDRINUSE: f"port {port} is taken by another program; choose another: {remedy}",
                errno.EACCES: f"port {port} is reserved for the system; choose another: {remedy}",
                errno.EADDRNOTAVAIL: f"HOST={host} is no address of this machine",
            }
            raise LaunchError(told.get(exc.errno or 0, f"cannot listen on {host}:{port}: {exc.strerror}")) from None
    return Address(host, port)


def shown(path: Path) -> str:
    """The path as seen from here, where that is shorter."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def say(*words: str) -> None:
    """One line for the person who started this, at once."""
    print(*words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
