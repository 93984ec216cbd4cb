"""Each kind of setting: what an empty value is, and in which words one that cannot be read is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import (
    broker,
    database,
    flag,
    folder,
    folder_to_read,
    given,
    listed,
    log_level,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NO_DATABASE = "X is no database: write postgresql://user:password@host:5432/name"
NO_QUEUE = "X is no queue: write redis://host:6379/0 or amqp://user:password@host:5672//"


@pytest.mark.parametrize("environ", [{}, {"X": ""}, {"X": "  "}])
def test_an_empty_value_is_none(environ: dict[str, str], tmp_path: Path) -> None:
    assert given("X", environ) == ""
    assert listed("X", environ) == []
    assert flag("X", environ) is False
    assert log_level("X", environ) == "INFO"
    assert folder("X", tmp_path, environ) == tmp_path
    assert folder_to_read("X", environ) is None
    assert whole_number("X", 24, environ) == 24
    assert database("X", tmp_path / "db", environ)["ENGINE"] == "django.db.backends.sqlite3"
    assert broker("X", environ) == "folder://localhost"


def test_a_list_has_no_blanks_and_no_empty_items() -> None:
    assert listed("X", {"X": "a.org, b.org ,,"}) == ["a.org", "b.org"]


def test_a_folder_to_read_is_neither_made_nor_asked_for(tmp_path: Path) -> None:
    assert folder_to_read("X", {"X": str(tmp_path / "there" / ".." / "pages")}) == tmp_path / "pages"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("999999", 999_999), ("048", 48)])
def test_a_whole_number_counts_from_one(text: str, number: int) -> None:
    assert whole_number("X", 24, {"X": text}) == number


@pytest.mark.parametrize(("text", "is_on"), [("1", True), ("True", True), ("0", False), ("false", False)])
def test_flags_are_on_or_off(text: str, is_on: bool) -> None:
    assert flag("X", {"X": text}) is is_on


@pytest.mark.parametrize("text", ["debug", "INFO", "Warning", "error"])
def test_the_four_documented_levels_are_taken_in_any_case(text: str) -> None:
    assert log_level("X", {"X": text}) == text.upper()


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%20b", "a b", "ä"])
def test_the_embedded_database_is_where_it_was_asked_for_whatever_the_folder_is_called(name: str) -> None:
    path = Path("/srv") / name / "bellwether.sqlite3"
    assert database("X", path, {}) == {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": f"/srv/{name}/bellwether.sqlite3",
        "CONN_MAX_AGE": 60,
    }


def test_a_database_url_replaces_the_embedded_one(tmp_path: Path) -> None:
    found = database("X", tmp_path, {"X": "postgresql://bell:p%40ss@db.example.org:5433/wether"})
    named = ("ENGINE", "USER", "PASSWORD", "HOST", "PORT", "NAME", "CONN_MAX_AGE")
    assert {name: dict(found)[name] for name in named} == {
        "ENGINE": "django.db.backends.postgresql",
        "USER": "bell",
        "PASSWORD": "p@ss",
        "HOST": "db.example.org",
        "PORT": 5433,
        "NAME": "wether",
        "CONN_MAX_AGE": 60,
    }


@pytest.mark.parametrize(
    "url",
    [
        "redis://queue:6379/0",
        "rediss://:pw@queue/1",
        "redis+socket:///run/redis.sock",
        "amqp://u:p@queue:5672//",
        "folder://localhost",
    ],
)
def test_queues_that_we_ship_the_client_of_are_taken(url: str) -> None:
    assert broker("X", {"X": url}) == url


@pytest.mark.parametrize(
    ("read", "text", "told"),
    [
        (flag, "yes", "X='yes': write 1 or 0"),
        (whole_number, "0", "X='0': write a whole number from 1 to 999999"),
        (whole_number, "1e3", "X='1e3': write a whole number from 1 to 999999"),
        (log_level, "loud", "X='LOUD': write DEBUG, INFO, WARNING or ERROR"),
        (log_level, "notset", "X='NOTSET': write DEBUG, INFO, WARNING or ERROR"),
        (database, "bogus", NO_DATABASE),
        (database, "bogus://user:secret@db/name", NO_DATABASE),
        (database, "postgresql://user:secret[x@db/name", NO_DATABASE),
        (database, "postgresql://user:secret@db:port/name", NO_DATABASE),
        (broker, "bogus", NO_QUEUE),
        (broker, "bogus://user:secret@queue", NO_QUEUE),
        (broker, "folder://elsewhere", NO_QUEUE),
        (broker, "redis://user:secret[x", NO_QUEUE),
        (broker, "redis://user:secret@queue:port", NO_QUEUE),
        (folder, "/dev/null", "X='/dev/null' cannot be a folder: File exists"),
        (folder, "/dev/null/x", "X='/dev/null/x' cannot be a folder: Not a directory"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_and_without_its_password(
    read: Callable[..., Any], text: str, told: str
) -> None:
    defaults = {database: [Path("unused")], folder: [Path("unused")], whole_number: [24]}.get(read, [])
    with pytest.raises(ImproperlyConfigured) as refusal:
        read("X", *defaults, {"X": text})
    assert str(refusal.value) == told
