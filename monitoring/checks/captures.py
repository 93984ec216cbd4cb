"""What a run leaves behind to be replayed: for each of its checks the wire, and what else went into the verdict."""

from __future__ import annotations

import asyncio
import base64
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from connectors.capture import Capture, wire_in_use
from connectors.capture_file import write_capture
from connectors.scrub import address_of
from monitoring.checks.evidence import as_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from _typeshed import DataclassInstance

    from connectors.base import Connector
    from connectors.types import Credentials
    from monitoring.checks.outcomes import CheckResult, Kind
    from monitoring.checks.vantage import Guard, Meanwhile

SECRET_FIELDS = ("api_key", "api_secret", "passphrase")


class Captures:
    """The captures of one run, given to `run_checks`; `around` is of what belongs to no single check.

    They hold secrets until `write` makes a file of one, which takes a while: not a thing to do in a busy event loop.
    """

    def __init__(self) -> None:
        self.around = Capture()
        self._of: dict[Kind, Capture] = {}
        self._concluded: dict[Kind, tuple[Connector, Mapping[str, Any]]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Records the wire of this task and of those that it starts, and when our own process stands still."""
        wire_in_use.set(self.around)
        noting = asyncio.create_task(self.around.note_stalls())
        try:
            yield
        finally:
            noting.cancel()

    def begin(self, kind: Kind) -> Capture:
        """The capture of one check, which starts now."""
        capture = self._of[kind] = self.around.beside()
        return capture

    def of(self, kind: Kind) -> Capture:
        return self._of[kind]

    def conclude(
        self,
        connector: Connector,
        result: CheckResult,
        *,
        pair: str,
        seconds: float,
        deadline_s: float | None,
        limits: DataclassInstance,
        previous: Mapping[str, Any],
        guard: Guard,
        meanwhile: Meanwhile,
    ) -> None:
        """Note what a verdict rests on beside the wire, as the second look knew it by then."""
        circumstances = {"vantage": guard.vantage, "status": guard.status, "meanwhile": meanwhile}
        verdict = result.to_json()
        del verdict["evidence"]
        about = {
            "connector": connector.id,
            "pair": pair,
            "kind": result.kind.value,
            "source": connector.source,
            "urls": {role: address_of(url) for role, url in connector.urls.items()},
            "credentials": _shapes(connector.credentials),
            "seconds": seconds,
            "deadline_s": deadline_s,
            "thresholds": asdict(limits),
            "previous": as_json(dict(previous)),
            "circumstances": as_json(circumstances),
            "verdict": verdict,
        }
        self._concluded[result.kind] = (connector, about)

    def write(self, kind: Kind) -> bytes:
        """The file of one check's capture, free of secrets."""
        connector, about = self._concluded[kind]
        return write_capture(
            self._of[kind], about, secrets=_secrets(connector), remembers=connector.remembers, around=self.around
        )


def _secrets(connector: Connector) -> list[str]:
    credentials, partner = connector.credentials, connector.partner
    values = [getattr(credentials, name) for name in SECRET_FIELDS] if credentials else []
    return [value for value in (*values, partner.key if partner else None) if value]


def _shapes(credentials: Credentials | None) -> dict[str, str] | None:
    """What kind of text each of them is: some connectors refuse a key by its looks, before they ask anybody."""
    if credentials is None:
        return None
    return {name: _shape(getattr(credentials, name)) for name in SECRET_FIELDS}


STAND_INS = {
    "none": None,
    "empty": "",
    "unreadable": "stand-in \N{KEY}",
    "base64": "c3RhbmQtaW4=",
    "plain": "stand-in!",
}
"""By shape: what stands for it in a replay."""


def _shape(secret: str | None) -> str:
    if secret is None:
        return "none"
    if not secret.strip():
        return "empty"
    if not (secret.strip().isascii() and secret.strip().isprintable()):
        return "unreadable"
    try:
        base64.b64decode(secret.strip(), validate=True)
    except ValueError:
        return "plain"
    return "base64"
