"""manage.py ledger: reads the ledger, and finds whatever was done to it behind its back.

Exit codes of `verify`: 0 the chain holds; 1 it is broken, and every place is named.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from registry.models import LedgerEntry
from registry.services import ledger

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(BaseCommand):
    help = "Verify the ledger's chain of hashes, or show its entries."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
        verify = acts.add_parser("verify", help="recompute every hash; exit code 1 where one does not hold")
        verify.add_argument(
            "--head", default="", metavar="HASH", help="a head of before, kept elsewhere: it must still be an entry's"
        )
        show = acts.add_parser("show", help="print the entries, the oldest first")
        show.add_argument("--epoch", type=int, metavar="N", help="those of one epoch")
        show.add_argument("--last", type=int, metavar="COUNT", help="only the latest so many")
        for one in (verify, show):
            one.add_argument("--json", action="store_true", dest="as_json", help="print JSON instead of words")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        if act == "verify":
            self._verify(kept_head=options["head"], as_json=options["as_json"])
        else:
            self._show(epoch=options["epoch"], last=options["last"], as_json=options["as_json"])

    def _verify(self, *, kept_head: str, as_json: bool) -> None:
        breaks = ledger.verify(kept_head=kept_head)
        count = LedgerEntry.objects.count()
        if as_json:
            found = [{"number": one.number, "text": one.text} for one in breaks]
            self.stdout.write(json.dumps({"entries": count, "head": ledger.head(), "breaks": found}, indent=2))
        if breaks:
            raise CommandError("\n".join(str(one) for one in breaks))
        if not as_json:
            self.stdout.write(f"{count} entries, every hash holds; head {ledger.head() or 'none'}")

    def _show(self, *, epoch: int | None, last: int | None, as_json: bool) -> None:
        entries = LedgerEntry.objects.order_by("-number")
        if epoch is not None:
            entries = entries.filter(epoch=epoch)
        chosen = list(reversed(entries[: max(last, 0)] if last is not None else entries))
        if as_json:
            self.stdout.write(json.dumps([_facts(entry) for entry in chosen], indent=2, ensure_ascii=False))
            return
        for entry in chosen:
            place = f" epoch {entry.epoch}" if entry.epoch is not None else ""
            reason = f": {entry.reason}" if entry.reason else ""
            act = f"{entry.get_action_display()}{place} by {entry.actor}{reason}"
            self.stdout.write(f"{entry.number} {entry.at:%Y-%m-%d %H:%M} UTC {act}")


def _facts(entry: LedgerEntry) -> dict[str, Any]:
    names = ("number", "actor", "action", "epoch", "subject", "policy", "reason", "before", "after", "hash")
    return {**{name: getattr(entry, name) for name in names}, "at": entry.at.isoformat()}
