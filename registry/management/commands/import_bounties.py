"""Imports the bounty tracker, and prints what became of each of its lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from registry.errors import RegistryError
from registry.services.bounties.tracker import SHIPPED_TRACKER, import_tracker
from registry.services.epochs.actors import Actor, actor_for


class Command(BaseCommand):
    help = "Import the bounty tracker. Safe to repeat: what is already so is not written again."

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the tracker as a CSV file")
        source.add_argument("--shipped", action="store_true", help="the tracker that ships with the catalogue")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        parser.add_argument("--as", dest="user", required=True, metavar="USER", help="who imports it")

    def handle(self, *args: Any, file: Path | None, user: str, dry_run: bool, **options: Any) -> None:
        path = file or SHIPPED_TRACKER
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}") from error
        try:
            report = import_tracker(content, origin=path.name, actor=_actor(user), dry_run=dry_run)
        except RegistryError as refusal:
            raise CommandError(f"{refusal}\nnothing was imported") from refusal
        for sentence in report.sentences():
            self.stdout.write(sentence)
        if dry_run and report.has_changes:
            self.stdout.write("dry run: nothing was written")


def _actor(name: str) -> Actor:
    user = get_user_model().objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"there is no user {name}: name one who may change bounties, or make one (createsuperuser)")
    return actor_for(user)
