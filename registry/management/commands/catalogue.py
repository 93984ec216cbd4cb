"""Checks the catalogue's files, brings the registry to them, and writes the registry back as files."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.errors import CatalogueRefused
from registry.services.catalogue import CATALOGUE_DIR, Loaded, load_catalogue, read_catalogue
from registry.services.catalogue.load import PlanOutdated
from registry.services.catalogue.write import ExportRefused, export_catalogue


class Command(BaseCommand):
    help = "Check the catalogue of exchanges, apply it to the registry, or export the registry as a catalogue."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True, metavar="check|apply|export")
        check = acts.add_parser("check", help="read every file and say what is wrong; touches no database")
        apply = acts.add_parser("apply", help="say what would change, and change it; safe to repeat")
        for act in (check, apply):
            told = "another catalogue than the shipped one"
            act.add_argument("directory", nargs="?", type=Path, default=CATALOGUE_DIR, metavar="DIR", help=told)
        apply.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        apply.add_argument("--yes", action="store_true", help="do not ask, for scripts")
        export = acts.add_parser("export", help="write the registry as files; those that say the same are kept")
        export.add_argument("directory", type=Path, metavar="DIR", help="a new or empty folder, or one of an export")

    def handle(self, *args: Any, act: str, directory: Path, **options: Any) -> None:
        {"check": self._check, "apply": self._apply, "export": self._export}[act](directory, options)

    def _check(self, directory: Path, options: dict[str, Any]) -> None:
        try:
            catalogue = read_catalogue(directory)
        except CatalogueRefused as refusal:
            raise CommandError(_told(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{directory}: cannot be read: {error.strerror}") from error
        parts = {
            "exchange": len(catalogue.exchanges),
            "maintainer": len(catalogue.maintainers),
            "subject": len(catalogue.subjects),
            "proposal": len(catalogue.proposals),
        }
        counted = ", ".join(_counted(number, word) for word, number in parts.items())
        self.stdout.write(f"no problem in {directory}: {counted}")

    def _apply(self, directory: Path, options: dict[str, Any]) -> None:
        """The plan first. Only `--yes`, or a yes at a terminal, makes it more than a plan."""
        is_agreed = options["yes"] and not options["dry_run"]
        try:
            plan = load_catalogue(directory, dry_run=not is_agreed)
            self._tell(plan.told(dry_run=options["dry_run"]))
            if not plan.changes:
                return
            self.stdout.write(_summary(plan))
            if is_agreed or options["dry_run"]:
                return
            if self._is_agreed_by_hand():
                load_catalogue(directory, agreed=plan.changes)
                self.stdout.write("written")
            else:
                self.stdout.write("nothing was written: --yes writes it")
        except CatalogueRefused as refusal:
            raise CommandError(f"{_told(refusal)}; nothing was written") from refusal
        except PlanOutdated as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{directory}: cannot be read: {error.strerror}; nothing was written") from error

    def _is_agreed_by_hand(self) -> bool:
        """Asks at a terminal; where there is none, nobody can agree."""
        if not sys.stdin.isatty():
            return False
        try:
            return input("Write this? [y/N] ").strip().lower() in {"y", "yes"}
        except EOFError:
            return False

    def _export(self, directory: Path, options: dict[str, Any]) -> None:
        try:
            exported = export_catalogue(directory)
        except ExportRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as error:
            raise CommandError(f"{directory}: cannot be written: {error.strerror}") from error
        self._tell(f"wrote {name}" for name in exported.written)
        written, kept = len(exported.written), len(exported.kept)
        self.stdout.write(f"{_counted(written, 'file')} written; {_counted(kept, 'file')} kept, which say the same")

    def _tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)


def _told(refusal: CatalogueRefused) -> str:
    return f"{refusal}\n{_counted(len(refusal.problems), 'problem')} in the catalogue"


def _summary(plan: Loaded) -> str:
    """How many lines of each kind; what is neither created nor deleted is changed."""
    kinds = Counter(line.partition(" ")[0] for line in plan.changes)
    created, deleted = kinds.pop("created", 0), kinds.pop("deleted", 0)
    changed = sum(kinds.values())
    return f"{created} created, {changed} changed, {deleted} deleted, {len(plan.left_alone)} left alone"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
