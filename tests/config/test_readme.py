"""What README tells people to type works as it stands there, here against a sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from connectors.sandbox import KrakenSandbox, SandboxThread

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\.venv/bin/python (-m [^#\n]+?) *(?:#.*)?$", README, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxThread[KrakenSandbox]]:
    with SandboxThread(KrakenSandbox) as running:
        yield running


def test_readme_shows_commands() -> None:
    assert len(COMMANDS) == 4


@pytest.mark.slow(reason="each command is a process, and two of them watch a market")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_in_the_readme_works(
    sandbox: SandboxThread[KrakenSandbox], command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = [word for role, url in sandbox.urls.items() for word in ("--url", f"{role}={url}")]
    environment = os.environ | {
        "KRAKEN_API_KEY": sandbox.credentials.api_key,
        "KRAKEN_API_SECRET": sandbox.credentials.api_secret,
        "BELLWETHER_NONCE_DIR": str(tmp_path_factory.mktemp("nonces")),
    }
    words = command.replace("--seconds 10", "--seconds 1").split()

    ended = subprocess.run(
        [sys.executable, *words, *elsewhere],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout


def test_readme_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)

    assert links
    assert [link for link in links if not (settings.BASE_DIR / link).exists()] == []
