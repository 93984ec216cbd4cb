"""manage.py drift: where words differ from one another, and from what is observed. It writes nothing."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from monitoring.drift_report import drift_report
from registry.drift.findings import counted
from registry.errors import RegistryError
from registry.importers.client_tiers import MAX_BYTES, read_client_tiers
from registry.parameters import ISO_DAY
from registry.printable import NO_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.management.base import CommandParser

    from monitoring.drift_report import DriftReport
    from registry.drift.findings import Comparison, Finding, Group
    from registry.importers.client_tiers import ClientTiers


class Command(BaseCommand):
    help = "Hold the registry against exchange pages, the client's tier lists, and what the checks observe."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--pages",
            type=Path,
            nargs="+",
            metavar="PATH",
            help="pages and folders of pages; default: BELLWETHER_PAGES",
        )
        parser.add_argument(
            "--client",
            type=Path,
            metavar="FILE",
            help="a list of the client: its connector_status.py, or JSON as in registry/catalogue/client-tiers.json; "
            "default: the versions that ship",
        )
        parser.add_argument("--on", type=_day, metavar="DATE", help="the day whose tiers are compared; default: today")
        parser.add_argument("--json", action="store_true", help="the whole report as JSON, as /api/v1/drift/ gives it")
        parser.add_argument("--fail", action="store_true", help="exit with 1 where something was found")

    def handle(self, *_: Any, pages: list[Path] | None, client: Path | None, on: date | None, **options: Any) -> None:
        try:
            versions = _versions(client) if client else None
            report = drift_report(timezone.now(), on=on, places=pages, versions=versions)
        except RegistryError as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        if report.unreadable:
            raise CommandError(report.unreadable, returncode=2)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
        else:
            for line in _lines(report):
                self.stdout.write(NO_TEXT.sub("\ufffd", line))
        if options["fail"] and report.drift:
            raise CommandError(f"{counted(len(report.drift), 'difference')} found", returncode=1)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if ISO_DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise ArgumentTypeError(f"{text!r} is no day: write YYYY-MM-DD, such as 2023-11-10")
    if day > (today := timezone.now().date()):
        raise ArgumentTypeError(f"{day} lies ahead of today, {today} in UTC: name a day up to today")
    return day


def _versions(path: Path) -> tuple[ClientTiers, ...]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}", returncode=2) from error
    return read_client_tiers(content, path.name)


def _lines(report: DriftReport) -> Iterator[str]:
    yield from _section(report.observed)
    if report.pages:
        yield from _section(report.pages)
    else:
        yield "Pages of the documentation"
        yield "  Not compared: name them with --pages, or set BELLWETHER_PAGES to their folder."
        yield ""
    for comparison in report.clients:
        yield from _section(comparison)
    yield f"{counted(len(report.drift), 'difference')} found."


def _section(comparison: Comparison) -> Iterator[str]:
    yield f"{comparison.title} ({comparison.remark})" if comparison.remark else comparison.title
    yield f"  {comparison.compared} {comparison.agreement}"
    if comparison.note:
        yield f"  {comparison.note}"
    for group in comparison.groups:
        yield f"  {group.kind.heading} ({len(group.findings)})"
        yield from _findings(group) if group.kind.is_drift else _reasons(group)
    for aside in comparison.asides:
        yield f"  {aside.title} ({len(aside.items)}). {aside.remedy}"
        yield from (f"    {item}" for item in aside.items)
    yield ""


def _findings(group: Group) -> Iterator[str]:
    if group.shared_remedy:
        yield f"    → {group.shared_remedy}"
    for finding in group.findings:
        there = f"{finding.other} ({finding.where})" if finding.where else finding.other
        here = finding.registry.removesuffix(".")
        yield f"    {finding.name}, {finding.about}: here {here}; there {there}{_since(finding)}"
        if finding.remedy and not group.shared_remedy:
            yield f"      → {finding.remedy}"


def _since(finding: Finding) -> str:
    return f"; {finding.since_what} since {finding.since:%Y-%m-%d}" if finding.since else ""


def _reasons(group: Group) -> Iterator[str]:
    for reason in group.reasons:
        names = ", ".join(found[0].name for found in reason.exchanges)
        yield f"    {reason.other}: {names}"
