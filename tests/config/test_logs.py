"""One event, one line, no secret."""

from __future__ import annotations

import logging
import sys

from config.logs import LineFormatter, secrets_in


def line(event: str, *, secrets: tuple[str, ...] = (), **fields: object) -> str:
    record = logging.LogRecord("monitoring.runner", logging.INFO, __file__, 1, event, (), None)
    record.created = 1795255200.25
    vars(record).update(fields)
    return LineFormatter(secrets=secrets).format(record)


def test_fields_follow_the_event_as_key_and_json_value() -> None:
    assert line("run finished", exchange="kraken", kinds=6, cause=None, due="two words") == (
        "2026-11-21T10:00:00.250Z INFO monitoring.runner run finished "
        'exchange="kraken" kinds=6 cause=null due="two words"'
    )


def test_a_line_break_in_an_event_or_a_field_starts_no_new_line() -> None:
    assert line("a\nb\r", text="c\nd").count("\n") == 0


def test_an_exception_is_told_in_the_same_line() -> None:
    try:
        float("half a frame")
    except ValueError:
        caught = sys.exc_info()
    told = line("run crashed", exc_info=caught)
    assert "\n" not in told
    assert told.endswith("could not convert string to float: 'half a frame'\"")


def test_secrets_are_blotted_out_wherever_they_stand() -> None:
    told = line("sent key abcdef123", secrets=("abcdef123",), url="https://x/?k=abcdef123")
    assert "abcdef123" not in told
    assert told.count("[secret]") == 2


def test_secrets_are_keys_and_the_passwords_inside_urls() -> None:
    found = secrets_in(
        {
            "KRAKEN_API_KEY": "the-key",
            "KRAKEN_API_SECRET": "the-longer-secret",
            "DATABASE_URL": "postgresql://bell:wether-pass@db/bellwether",
            "CELERY_BROKER_URL": "redis://queue/0",
            "EMPTY_SECRET": "",
            "PATH": "/usr/bin",
        }
    )
    assert found == ("the-longer-secret", "wether-pass", "the-key")
