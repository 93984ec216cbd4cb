"""What `manage.py check` says of the settings that only the live checks read."""

from __future__ import annotations

import pytest
from django.core.checks import Error

from monitoring.system_checks import settings_can_be_read


def test_nothing_is_said_of_settings_that_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_CADENCE_S", "30")
    monkeypatch.setenv("BELLWETHER_CONTROL_HOSTS", "a.example:443,http://b.example")
    monkeypatch.setenv("KRAKEN_WS_URL", "ws://127.0.0.1:8701/v2")
    assert settings_can_be_read(None) == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BELLWETHER_CADENCE_S", "abc", "BELLWETHER_CADENCE_S='abc': write whole seconds, at least 1"),
        (
            "BELLWETHER_CONTROL_HOSTS",
            "a.example:https",
            "BELLWETHER_CONTROL_HOSTS: 'a.example:https' is no host: write name:443 or https://name",
        ),
        ("BELLWETHER_THRESHOLDS", "/nowhere/limits.toml", "/nowhere/limits.toml: No such file or directory"),
        ("KRAKEN_WS_URL", "http://x", "KRAKEN_WS_URL is not an address like wss://ws.kraken.com/v2"),
    ],
)
def test_a_setting_that_cannot_be_read_is_an_error_that_names_it(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert settings_can_be_read(None) == [Error(told, id="monitoring.E001")]
