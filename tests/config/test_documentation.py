"""The written word about the project, held against the project."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connectors.catalog import CONNECTORS
from connectors.types import Credentials, Partner
from monitoring.checks.environment import credentials_of, partner_of

if TYPE_CHECKING:
    from connectors.base import Connector

BASE_DIR = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "connectors", "registry", "monitoring")
SETTING = re.compile(r"(BELLWETHER|CELERY|DATABASE|DJANGO|KRAKEN|KUCOIN)_[A-Z0-9_]+")
NOT_OURS = {"DJANGO_SETTINGS_MODULE"}
HERE = "|".join(re.escape(f"{path}/") for path in (BASE_DIR, Path.home()))
ON_SOMEBODYS_MACHINE = re.compile(rf"(?<![\w.:])(?:{HERE}|/(?:root|Users|work|mnt)/\w)")


def settings_read_by_the_code() -> set[str]:
    """Every text in the code that is the name of an environment variable of ours."""
    return {
        node.value
        for package in PACKAGES
        for path in (BASE_DIR / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SETTING.fullmatch(node.value)
    } - NOT_OURS


def headings(text: str) -> set[str]:
    return set(re.findall(r"^### `?([A-Z][A-Z0-9_]+)`?$", text, flags=re.MULTILINE))


def test_every_setting_has_its_heading() -> None:
    documented = headings((BASE_DIR / "docs" / "operating.md").read_text(encoding="utf-8"))
    assert settings_read_by_the_code() - documented == set()


def test_every_heading_is_a_setting() -> None:
    documented = headings((BASE_DIR / "docs" / "operating.md").read_text(encoding="utf-8"))
    composed = {name for name in documented if name.startswith("CONNECTOR_")}
    assert documented - settings_read_by_the_code() - composed == set()


@pytest.mark.parametrize("connector", CONNECTORS.values(), ids=CONNECTORS)
def test_every_setting_of_a_connector_is_read_and_documented(connector: type[Connector]) -> None:
    documentation = (BASE_DIR / "docs" / "operating.md").read_text(encoding="utf-8")
    prefix = connector.id.upper()
    ours = {
        name: f"{prefix}_{name.removeprefix('CONNECTOR_')}" for name in headings(documentation) if "PARTNER" in name
    }
    partner = partner_of(connector.id, {ours[name]: name for name in ours})
    assert partner == Partner("CONNECTOR_PARTNER_ID", "CONNECTOR_PARTNER_NAME", "CONNECTOR_PARTNER_KEY")
    names = [f"{prefix}_API_{end}" for end in ("KEY", "SECRET", "PASSPHRASE")]
    assert credentials_of(connector.id, dict(zip(names, "ksp", strict=True))) == Credentials("k", "s", "p")
    for role in connector.live_urls:
        assert f"`{prefix}_{role.upper()}_URL`" in documentation


def test_nothing_names_a_path_of_somebodys_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    found = []
    for name in filter(None, listed):
        path = BASE_DIR / name
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # an image, or removed and not yet committed
        found += [f"{name}: {match.group()}" for match in ON_SOMEBODYS_MACHINE.finditer(text)]
    assert found == []
