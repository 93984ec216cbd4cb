"""The real pages of the test data, and a page as the record to hold it against."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from registry.importers.pages import Page

DATA = Path(__file__).parents[3] / "payloads" / "pages"
PAGES = sorted(path.relative_to(DATA).as_posix() for path in DATA.glob("*/*.md"))
EXPECTED = Path(__file__).parent / "expected"


def record(page: Page) -> Any:
    """All that was read, as JSON gives it back; of repairs the lines alone."""
    values = asdict(page) | {"repairs": [repair.line for repair in page.repairs]}
    return json.loads(json.dumps(values))


def expected(name: str) -> Any:
    """What a person read on the page of that name."""
    return json.loads((EXPECTED / name).with_suffix(".json").read_text(encoding="utf-8"))
