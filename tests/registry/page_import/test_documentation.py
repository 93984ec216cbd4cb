"""docs/pages.md names every option and every code that there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import load_command_class

from registry.importers import pages as importer
from registry.importers.pages import ImportedWarning, Page
from registry.page_export import BEGIN, END
from registry.services.pages.importing import PlacingWarning

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "pages.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["import_pages", "export_pages"])
def test_every_option_is_explained(name: str) -> None:
    parser = load_command_class("registry", name).create_parser("manage.py", name)
    of_django = {"--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color"}
    of_django |= {"--force-color", "--skip-checks"}
    options = {option for action in parser._actions for option in action.option_strings if option.startswith("--")}

    usage = next(line for line in DOCUMENT.splitlines() if line.startswith(f"manage.py {name} "))
    assert {option for option in options - of_django if option not in usage} == set()


def test_every_code_is_explained() -> None:
    assert [code.value for code in PlacingWarning if f"\n| {code.value} | " not in DOCUMENT] == []
    assert [code.value for code in ImportedWarning if code.value not in (importer.__doc__ or "")] == []


def test_every_key_of_the_json_is_explained() -> None:
    keys = Page(file="a.md").as_json()

    assert [key for key in keys if f"`{key}`" not in DOCUMENT] == []


def test_marks_are_shown_as_they_are_looked_for() -> None:
    assert f"\n{BEGIN}\n" in DOCUMENT
    assert f"\n{END}\n" in DOCUMENT
