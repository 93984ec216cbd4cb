"""The sandbox exchange, and the environment that points the connector and its credentials there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from connectors.sandbox import KrakenSandbox, SandboxThread
from monitoring.services.schedule import plan_checks
from registry.services.catalogue.load import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxThread[KrakenSandbox]]:
    with SandboxThread(KrakenSandbox) as sandbox:
        for role, url in sandbox.urls.items():
            monkeypatch.setenv(f"KRAKEN_{role.upper()}_URL", url)
        monkeypatch.setenv("KRAKEN_API_KEY", sandbox.credentials.api_key)
        monkeypatch.setenv("KRAKEN_API_SECRET", sandbox.credentials.api_secret)
        yield sandbox


@pytest.fixture
def catalogue(db: None) -> None:
    """The project's own catalogue, and the checks that follow from it."""
    load_catalogue()
    plan_checks(now=timezone.now())
