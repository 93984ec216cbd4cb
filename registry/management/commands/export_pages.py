"""Writes exchanges as pages of the documentation site, or says which pages are not up to date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.management.epoch_arguments import day
from registry.page_export import PageLayout
from registry.services.pages.exporting import ExportRefused, PageWrite, plan_export
from registry.services.pages.files import printable


class Command(BaseCommand):
    help = "Write each exchange as a page. Of a page that is there, only the part between its marks is replaced."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="the site's folder of exchange pages")
        parser.add_argument(
            "--exchange", action="append", default=[], metavar="SLUG", help="only this one; may be repeated"
        )
        parser.add_argument("--shipped", action="store_true", help="only those that the bot's current release has")
        parser.add_argument(
            "--layout",
            choices=[layout.value for layout in PageLayout],
            default=PageLayout.TODAY.value,
            help="today: as the site is now; tiers: with tier and maintainer",
        )
        parser.add_argument("--on", type=day, metavar="DATE", help="the day whose tiers are printed (YYYY-MM-DD)")
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is not up to date")

    def handle(
        self, *args: Any, folder: Path, exchange: Sequence[str], layout: str, on: date | None, **options: Any
    ) -> None:
        if folder.exists() and not folder.is_dir():
            raise CommandError(f"{folder} is no folder: name one for the pages")
        try:
            pages = plan_export(
                folder, layout=PageLayout(layout), slugs=exchange, only_shipped=options["shipped"], as_of=on
            )
        except ExportRefused as refusal:
            raise CommandError(f"{refusal}\nnothing was written") from refusal
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror}") from error
        check = options["check"]
        done = Counter(self._take(page, check=check) for page in pages)
        verb = "to write" if check else "written"
        self.stdout.write(f"{done['change']} {verb}, {done['same']} as they were, {done['refused']} refused")
        if done["refused"] or (check and done["change"]):
            raise CommandError("not every page is as the registry has it")

    def _take(self, page: PageWrite, *, check: bool) -> str:
        """Writes the page, or says why not: one that cannot be written keeps no other from it."""
        refused = page.refused
        if not refused and not page.is_change:
            return "same"
        if not refused and not check:
            try:
                page.write()
            except OSError as error:
                refused = f"it cannot be written: {error.strerror}"
        verb = "not up to date:" if check else "wrote" if page.before is None else "changed"
        self.stdout.write(f"refused {printable(page.path)}: {refused}" if refused else f"{verb} {printable(page.path)}")
        return "refused" if refused else "change"
