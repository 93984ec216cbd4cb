"""Loads the catalogue into the database, or says what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.errors import CatalogueRefused
from registry.services.catalogue import CATALOGUE_DIR, load_catalogue


class Command(BaseCommand):
    help = "Load the catalogue of exchanges. Safe to repeat: what is already so is not written again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--path", type=Path, default=CATALOGUE_DIR, metavar="DIR", help="another catalogue")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")

    def handle(self, *args: Any, path: Path, dry_run: bool, **options: Any) -> None:
        try:
            loaded = load_catalogue(path, dry_run=dry_run)
        except CatalogueRefused as refusal:
            count = len(refusal.problems)
            found = "1 problem" if count == 1 else f"{count} problems"
            raise CommandError(f"{refusal}\n{found} in the catalogue; nothing was loaded") from refusal
        for line in loaded.told(dry_run=dry_run):
            self.stdout.write(line)
