"""What README tells people to type works as it stands there, here against a sandbox."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings

from connectors.sandbox import SANDBOXES, SandboxThread

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (settings.BASE_DIR / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\.venv/bin/python (-m [^#\n]+?) *(?:#.*)?$", README, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, SandboxThread[Any]]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(SandboxThread(kind)) for name, kind in SANDBOXES.items()}


def test_readme_shows_commands() -> None:
    assert len(COMMANDS) == 5


@pytest.mark.slow(reason="each command is a process, and some of them watch a market")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_in_the_readme_works(
    sandboxes: dict[str, SandboxThread[Any]], command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    words = command.replace("--seconds 10", "--seconds 1").split()
    name = next(word for word in words if word in sandboxes)
    elsewhere = [word for role, url in sandboxes[name].urls.items() for word in ("--url", f"{role}={url}")]
    key = sandboxes[name].credentials
    environment = os.environ | {
        f"{name.upper()}_API_KEY": key.api_key,
        f"{name.upper()}_API_SECRET": key.api_secret,
        f"{name.upper()}_API_PASSPHRASE": key.passphrase or "",
        "BELLWETHER_NONCE_DIR": str(tmp_path_factory.mktemp("nonces")),
    }

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


def test_the_version_that_the_figures_were_measured_against_is_the_pinned_one() -> None:
    pins = (settings.BASE_DIR / "requirements-dev.txt").read_text(encoding="utf-8")

    assert set(re.findall(r"ccxt (\d[\d.]*\d)", README)) == set(re.findall(r"^ccxt==(\S+)$", pins, flags=re.MULTILINE))
