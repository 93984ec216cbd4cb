"""What this machine offers the tests: real PostgreSQL, Redis and RabbitMQ where they listen by default, free ports."""

from __future__ import annotations

import functools
import os
import secrets
import socket
from typing import NamedTuple

import psycopg
import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

REQUIRED = os.environ.get("BELLWETHER_REQUIRE_SERVICES") == "1"
PORTS = {"postgresql": 5432, "redis": 6379, "rabbitmq": 5672}
BROKER_URLS = {"redis": "redis://127.0.0.1:6379/15", "rabbitmq": "amqp://guest:guest@127.0.0.1:5672//"}
POSTGRESQL_URLS = (
    "postgresql://postgres@127.0.0.1:5432/postgres",
    "postgresql:///postgres?host=/var/run/postgresql",
)
_TIMEOUT_S = 3


class Service(NamedTuple):
    """*url* is None where the service cannot be used, and *reason* says why."""

    name: str
    url: str | None
    reason: str = ""

    def url_or_skip(self) -> str:
        """The URL; without one the test is skipped, or failed where the service runs and is required."""
        if self.url is not None:
            return self.url
        if REQUIRED and _answers(PORTS[self.name]):
            pytest.fail(f"{self.name} runs here and cannot be used: {self.reason}")
        pytest.skip(f"{self.name}: {self.reason}")


@functools.cache
def service(name: str) -> Service:
    """What this machine offers under *name*, tried with a real login."""
    if not _answers(PORTS[name]):
        return Service(name, None, f"nothing listens on 127.0.0.1:{PORTS[name]}")
    reason = ""
    for url in POSTGRESQL_URLS if name == "postgresql" else (BROKER_URLS[name],):
        try:
            if name == "postgresql":
                psycopg.connect(url, connect_timeout=_TIMEOUT_S).close()
            else:
                with Connection(url, connect_timeout=_TIMEOUT_S) as connection:
                    connection.ensure_connection(max_retries=1, timeout=_TIMEOUT_S)
        except (psycopg.OperationalError, OperationalError) as exc:
            reason = str(exc).strip().splitlines()[0]
        else:
            return Service(name, url)
    return Service(name, None, reason)


def free_port() -> int:
    """A port that nobody listens on, below those that the system hands out to whoever asks for any (port 0)."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S).close()
    except OSError:
        return False
    return True
