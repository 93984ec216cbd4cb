"""The Makefile: what a person types, and the Python it finds."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parents[2]
MAKEFILE = (BASE_DIR / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))


def python_that_says(folder: Path, version: str, *, has_venv: bool = True, name: str = "python3") -> Path:
    """An interpreter as far as finding one goes: it tells its version, and whether it has the venv module."""
    path = folder / name
    path.write_text(f'#!/bin/sh\ncase "$2" in *version*) echo {version};; *) exit {0 if has_venv else 1};; esac\n')
    path.chmod(0o755)
    return path


def find_python(path: Path, python: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "config/find-python.sh"],
        env={"PATH": str(path), "PYTHON": python},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        timeout=10,
    )


def test_help_is_the_default_and_tells_every_target() -> None:
    said = subprocess.run(["make"], cwd=BASE_DIR, capture_output=True, text=True, check=True, timeout=30).stdout
    assert set(re.findall(r"^  make ([a-z-]+)", said, flags=re.MULTILINE)) == TARGETS
    assert {"help", "install", "demo", "run", "test", "lint", "pins", "bench-book", "bench-pages", "clean"} <= TARGETS


def test_commands_in_the_readme_are_targets() -> None:
    readme = (BASE_DIR / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"```.*?```|`[^`\n]+`", readme, flags=re.DOTALL)
    named = {target for piece in code for target in re.findall(r"\bmake ([a-z][a-z-]*)", piece)}
    assert {"demo", "test"} <= named
    assert named <= TARGETS


def test_old_python_gives_one_line_naming_what_was_found_and_what_is_needed(tmp_path: Path) -> None:
    python_that_says(tmp_path, "3.9.2")
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr == (
        "bellwether: needs Python 3.11 or newer, found 3.9.2 (python3); "
        "install one, or name it: make PYTHON=/path/to/python3\n"
    )


def test_no_python_at_all_gives_one_line(tmp_path: Path) -> None:
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert found.stderr.startswith("bellwether: needs Python 3.11 or newer, found none;")
    assert found.stderr.count("\n") == 1


def test_python_without_venv_gives_one_line_with_the_remedy(tmp_path: Path) -> None:
    python_that_says(tmp_path, "3.11.2", has_venv=False)
    found = find_python(tmp_path)
    assert found.returncode == 1
    assert found.stderr == (
        "bellwether: python3 has no venv module; on Debian and Ubuntu: apt-get install python3.11-venv\n"
    )


def test_a_suitable_python_is_preferred_to_an_old_and_to_a_crippled_one(tmp_path: Path) -> None:
    python_that_says(tmp_path, "3.13.1", has_venv=False, name="python3.13")
    python_that_says(tmp_path, "3.12.4", name="python3.12")
    python_that_says(tmp_path, "3.9.2", name="python3")
    assert find_python(tmp_path).stdout == "python3.12\n"


def test_the_python_that_was_named_is_the_only_one_tried(tmp_path: Path) -> None:
    python_that_says(tmp_path, "3.12.4")
    found = find_python(tmp_path, python="/nowhere/python3")
    assert found.returncode == 1
    assert found.stderr.startswith("bellwether: PYTHON=/nowhere/python3 is no Python that runs here;")


@pytest.mark.parametrize("version", ["3.14.0", "3.11.0"])
def test_newer_pythons_pass_by_number_not_by_text(version: str, tmp_path: Path) -> None:
    python_that_says(tmp_path, version)
    assert find_python(tmp_path).stdout == "python3\n"


def test_make_demo_stops_at_an_old_python_and_leaves_no_environment(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    for name in ("Makefile", "requirements.txt", "config/find-python.sh"):
        shutil.copy(BASE_DIR / name, tmp_path / name)
    old = python_that_says(tmp_path, "3.10.12")
    done = subprocess.run(["make", "demo", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    ours = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(ours) == 1
    assert f"found 3.10.12 ({old})" in ours[0]
    assert not (tmp_path / ".venv").exists()
