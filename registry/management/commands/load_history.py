"""Takes the recorded epochs through plan and application, or says where the record contradicts itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.errors import CatalogueRefused, RegistryError
from registry.services.catalogue import CATALOGUE_DIR
from registry.services.history import find_in_history, load_history


class Command(BaseCommand):
    help = "Load the recorded epochs and apply them. Safe to repeat: what is already so is not written again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--path", type=Path, default=CATALOGUE_DIR, metavar="DIR", help="another catalogue")
        parser.add_argument("--through", type=int, metavar="N", help="apply epochs up to N; the later ones stay mapped")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        parser.add_argument("--report", action="store_true", help="only list where the record contradicts itself")

    def handle(self, *args: Any, path: Path, through: int | None, dry_run: bool, report: bool, **options: Any) -> None:
        try:
            if report:
                self._report(path)
            else:
                self._load(path, through=through, dry_run=dry_run)
        except CatalogueRefused as refusal:
            raise CommandError(f"{refusal}\nthe record was refused; nothing was loaded") from refusal
        except RegistryError as refusal:
            raise CommandError(f"{refusal}\nnothing was loaded") from refusal

    def _load(self, path: Path, *, through: int | None, dry_run: bool) -> None:
        loaded = load_history(through=through, dry_run=dry_run, directory=path)
        for line in loaded.told(dry_run=dry_run):
            self.stdout.write(line)

    def _report(self, path: Path) -> None:
        found = find_in_history(path)
        for one in found:
            place = f"epoch {one.epoch} {one.poll}".strip()
            self.stdout.write(f"{place}: {one.kind}: {one.text}")
        self.stdout.write(f"{len(found)} contradictions in the record; it is kept as printed")
