"""Logs: one event, one line, with its fields as key=value, and no secret in it."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRET_NAMES = ("_KEY", "_SECRET", "_PASSPHRASE", "_PASSWORD")
_URL_NAMES = ("DATABASE_URL", "CELERY_BROKER_URL")
_SHORTEST_SECRET = 6  # a shorter value would blot out ordinary words
_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "data", "color_message"}
_PLAIN = (str, int, float, bool, type(None))


def secrets_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values that no log may show: keys, secrets, and the passwords inside URLs; longest first."""
    values = {value for name, value in environment.items() if name.endswith(_SECRET_NAMES)}
    values |= {urlsplit(environment.get(name, "")).password or "" for name in _URL_NAMES}
    return tuple(sorted((value for value in values if len(value) >= _SHORTEST_SECRET), key=len, reverse=True))


class LineFormatter(logging.Formatter):
    """`2026-11-21T10:00:00.123Z INFO monitoring.runner run finished exchange="kraken" outcome="ok"`."""

    def __init__(self, *, secrets: tuple[str, ...] | None = None) -> None:
        super().__init__()
        self._secrets = secrets_in(os.environ) if secrets is None else secrets

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        event = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        parts = [at.replace("+00:00", "Z"), record.levelname, record.name, event]
        parts += [f"{name}={_shown(value)}" for name, value in vars(record).items() if name not in _OWN_FIELDS]
        if record.exc_info:
            parts.append(f"exception={_shown(self.formatException(record.exc_info))}")
        line = " ".join(parts)
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        return line


def _shown(value: object) -> str:
    return json.dumps(value if isinstance(value, _PLAIN) else str(value), ensure_ascii=False)
