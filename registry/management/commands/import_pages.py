"""Imports exchange pages of the documentation site, or says what an import would change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.errors import CatalogueRefused
from registry.management.epoch_arguments import day
from registry.services.pages import ImportReport, PagesUnreadable, import_pages, read_pages
from registry.services.pages.report import told

UNREADABLE = 2


class Command(BaseCommand):
    help = "Hold exchange pages against the registry, page by page. Nothing is written without --apply."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "paths", type=Path, nargs="+", metavar="PATH", help="a page, or a folder with pages (*.md) in it"
        )
        parser.add_argument("--apply", action="store_true", help="write what the pages state: all of it or nothing")
        parser.add_argument("--on", type=day, metavar="DATE", help="hold tiers against those of this day (YYYY-MM-DD)")
        parser.add_argument("--json", action="store_true", help="print each page's facts as JSON")

    def handle(self, *args: Any, paths: Sequence[Path], apply: bool, on: date | None, **options: Any) -> None:
        try:
            pages = read_pages(paths)
        except PagesUnreadable as refusal:
            raise CommandError(f"{refusal}\nnothing was imported", returncode=UNREADABLE) from refusal
        try:
            report = import_pages(pages, apply=apply, as_of=on)
        except CatalogueRefused as refusal:
            raise CommandError(f"{refusal}\nnothing was imported") from refusal
        for line in _as_json(report) if options["json"] else told(report):
            self.stdout.write(line)


def _as_json(report: ImportReport) -> list[str]:
    """One array, with a page on each line of it."""
    pages = [json.dumps(page.as_json(), ensure_ascii=False) for page in report.pages]
    return ["[", *(f"{page}," for page in pages[:-1]), *pages[-1:], "]"]
