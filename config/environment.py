"""What the environment says: an empty value is none, and one that cannot be read is refused by its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dj_database_url import DBConfig

SQLITE = "django.db.backends.sqlite3"
EMBEDDED_BROKER = "folder://localhost"
BROKERS = ("redis", "rediss", "amqp", "amqps", "pyamqp")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
CONNECTION_LIFE_S = 60


def given(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The variable's text, "" where it is not set."""
    return environ.get(name, "").strip()


def listed(name: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """What stands between the variable's commas."""
    return [item.strip() for item in given(name, environ).split(",") if item.strip()]


def flag(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Off where it is not set. Raises ImproperlyConfigured, as everything below does."""
    text = given(name, environ).lower()
    if text not in {"", "0", "1", "true", "false"}:
        raise ImproperlyConfigured(f"{name}={text!r}: write 1 or 0")
    return text in {"1", "true"}


def log_level(name: str, environ: Mapping[str, str] = os.environ) -> str:
    level = given(name, environ).upper() or "INFO"
    if level not in LOG_LEVELS:
        raise ImproperlyConfigured(f"{name}={level!r}: write DEBUG, INFO, WARNING or ERROR")
    return level


def whole_number(name: str, default: int, environ: Mapping[str, str] = os.environ) -> int:
    """A count of one or more."""
    text = given(name, environ) or str(default)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**6):
        raise ImproperlyConfigured(f"{name}={text!r}: write a whole number from 1 to 999999")
    return int(text)


def folder_to_read(name: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """An absolute path, None where it is not set. It need not be there yet: what reads it says so."""
    text = given(name, environ)
    return Path(text).resolve() if text else None


def folder(name: str, default: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """An absolute path, at which there is a folder from now on."""
    path = Path(given(name, environ) or default).resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{name}={str(path)!r} cannot be a folder: {error.strerror}") from error
    return path


def database(name: str, default: Path, environ: Mapping[str, str] = os.environ) -> DBConfig:
    """The database of a URL, whose text an error leaves out with its password; else an SQLite file at *default*."""
    url = given(name, environ)
    if not url:
        return {"ENGINE": SQLITE, "NAME": str(default), "CONN_MAX_AGE": CONNECTION_LIFE_S}
    try:
        return dj_database_url.parse(url, conn_max_age=CONNECTION_LIFE_S)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is no database: write postgresql://user:password@host:5432/name") from None


def broker(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """The URL of the task queue, whose text an error leaves out with its password."""
    url = given(name, environ) or EMBEDDED_BROKER
    try:
        parts = urlsplit(url)
        _ = parts.port
        is_known = url == EMBEDDED_BROKER or parts.scheme.partition("+")[0] in BROKERS  # redis+socket:///path
    except ValueError:
        is_known = False
    if not is_known:
        raise ImproperlyConfigured(f"{name} is no queue: write redis://host:6379/0 or amqp://user:password@host:5672//")
    return url
