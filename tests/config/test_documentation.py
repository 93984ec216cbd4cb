"""The written word about the project, held against the project."""

from __future__ import annotations

import ast
import importlib.util
import pkgutil
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import connectors
from connectors import base
from connectors.catalog import CONNECTORS
from connectors.types import Credentials, Partner
from monitoring.checks.environment import credentials_of, partner_of

if TYPE_CHECKING:
    from connectors.base import Connector

BASE_DIR = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "connectors", "registry", "monitoring")
OURS = "|".join(("BELLWETHER", "CELERY", "DATABASE", "DJANGO", *map(str.upper, CONNECTORS)))
SETTING = re.compile(rf"({OURS})_[A-Z0-9_]+")
NOT_OURS = {"DJANGO_SETTINGS_MODULE"}
NOT_OF_THE_CONNECTORS = {"CannedServer", "Decimal", "msgspec", "repr"}
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


def names_in(package: str) -> set[str]:
    """Every name that the code of a package defines: classes, functions, arguments, fields."""
    names: set[str] = set()
    for path in (BASE_DIR / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    names.add(name)
                case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                    names.add(name)
    return names


def code_in(page: str) -> tuple[set[str], set[str]]:
    """What a page sets as code: in its sentences, and the words of its commands."""
    text = (BASE_DIR / "docs" / page).read_text(encoding="utf-8")
    sentences = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    commands = "".join(re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL))
    return set(re.findall(r"`([^`\n]+)`", sentences)), set(commands.split())


def test_every_path_on_the_page_about_adding_an_exchange_exists() -> None:
    said, typed = code_in("adding-an-exchange.md")
    paths = {text for text in said | typed if "/" in text and "://" not in text} | {"pyproject.toml"}

    assert len(paths) > 20
    assert {path for path in paths if not (BASE_DIR / path).exists()} == set()


def test_every_class_on_the_page_about_adding_an_exchange_can_be_imported() -> None:
    said, _ = code_in("adding-an-exchange.md")
    classes = {text for text in said if re.fullmatch(r"([A-Z][a-z]+)+", text)} - NOT_OF_THE_CONNECTORS
    modules = [module.name for module in pkgutil.walk_packages(connectors.__path__, "connectors.")]
    things = {name for module in modules if "__main__" not in module for name in vars(importlib.import_module(module))}
    protocols = {name for name, thing in vars(base).items() if getattr(thing, "_is_protocol", False)} - {"Protocol"}

    assert protocols <= classes
    assert classes - things == set()


def test_every_name_on_the_page_about_adding_an_exchange_is_one_of_the_connectors() -> None:
    said, _ = code_in("adding-an-exchange.md")
    names = {text for text in said if re.fullmatch(r"[A-Za-z_]\w+", text)} - NOT_OF_THE_CONNECTORS

    assert names - names_in("connectors") == set()


def test_every_command_on_the_page_about_adding_an_exchange_is_there() -> None:
    text = (BASE_DIR / "docs" / "adding-an-exchange.md").read_text(encoding="utf-8")
    makefile = (BASE_DIR / "Makefile").read_text(encoding="utf-8")

    assert all(importlib.util.find_spec(module) for module in re.findall(r"python -m ([\w.]+)", text))
    assert [
        target for target in re.findall(r"`?\bmake (\w+)`?$", text, re.MULTILINE) if f"\n{target}:" not in makefile
    ] == []


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
