"""A check run again from a capture: the same connector, the same observing and judging, and no network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.capture_file import read_capture
from connectors.catalog import find_connector
from connectors.errors import UsageError
from connectors.replay import replay
from connectors.types import Credentials, TradingPair, VenueStatus
from monitoring.checks.captures import SECRET_FIELDS, STAND_INS
from monitoring.checks.outcomes import CheckResult, Kind
from monitoring.checks.runner import run_checks
from monitoring.checks.thresholds import Thresholds, UnknownThreshold
from monitoring.checks.vantage import NOBODY_ASKED, Guard, Meanwhile, Vantage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.capture_file import Recording
    from connectors.replay import Replay

COMPARED = ("outcome", "cause", "blame", "confidence")


class _Circumstances(msgspec.Struct):
    meanwhile: Meanwhile
    vantage: Vantage | None = None
    status: VenueStatus | None = None


class About(msgspec.Struct):
    """What was run, as the first line of a capture says it."""

    connector: str
    kind: Kind
    pair: str
    source: str
    urls: dict[str, str]
    seconds: float
    thresholds: dict[str, Any]
    circumstances: _Circumstances
    verdict: dict[str, Any]
    credentials: dict[str, str] | None = None
    deadline_s: float | None = None
    previous: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to; `missing` names what this build asks for and the recorded run had not."""

    about: About
    result: CheckResult
    missing: tuple[str, ...]

    @property
    def differences(self) -> tuple[str, ...]:
        """What of the verdict is not as it was recorded, one short text each."""
        now = self.result.to_json()
        return tuple(
            f"{name} was {recorded}, is {now[name]}"
            for name in COMPARED
            if (recorded := self.about.verdict.get(name)) != now[name]
        )


def replay_check(data: bytes, *, limits: Mapping[str, Mapping[str, float]] | None = None) -> Replayed:
    """Run the check of a capture file again; *limits* replace recorded ones, as {kind: {limit: number}}.

    Raises UsageError, which says why this file cannot be replayed.
    """
    recording = read_capture(data)
    about = _about(recording)
    if recording.left_out:
        raise UsageError(
            f"truncated: {recording.left_out} frames and answers no longer fitted into the capture, "
            "so it can be read and not be replayed"
        )
    kind = find_connector(about.connector)
    pair = TradingPair.parse(about.pair)
    credentials = _stand_in(about.credentials)
    try:
        thresholds = Thresholds.of(
            {**(limits or {}), about.kind: {**about.thresholds, **(limits or {}).get(about.kind, {})}}
        )
    except UnknownThreshold as error:
        raise UsageError(str(error)) from error

    async def look_around() -> Vantage:
        return about.circumstances.vantage or NOBODY_ASKED

    async def run(wire: Replay) -> Replayed:
        async with kind(urls=about.urls, credentials=credentials) as connector:
            [result] = await run_checks(
                connector,
                [about.kind],
                pair,
                seconds=about.seconds,
                thresholds=thresholds,
                deadline_s=about.deadline_s,
                previous={about.kind: about.previous},
                guard=Guard(connector, look_around=look_around, status=about.circumstances.status),
                meanwhile=about.circumstances.meanwhile,
            )
        return Replayed(about, result, tuple(wire.missing))

    return replay(recording, run)


def _about(recording: Recording) -> About:
    try:
        return msgspec.convert(dict(recording.about), About)
    except msgspec.ValidationError as error:
        raise UsageError(f"damaged: its first line: {error}") from error


def _stand_in(shapes: Mapping[str, str] | None) -> Credentials | None:
    """Credentials of the same looks: they make signed calls possible, and nobody ever sees the signatures."""
    if shapes is None:
        return None
    try:
        key, secret, passphrase = (STAND_INS[shapes[name]] for name in SECRET_FIELDS)
    except KeyError as error:
        raise UsageError(f"damaged: its first line: credentials: {error}") from error
    return Credentials(key or "", secret or "", passphrase)
