"""Brings the registry's bounties to what the tracker says, and tells what became of each line.

A bounty has two sources, and each wins where it knows better. The tracker wins for kind, sponsor, amount, unit and
state, and for whom it names; an empty cell says nothing and takes nothing away. The catalogue and the admins win for
title, component, assignee and pot, which the tracker does not have, and for exchange and proposal once these are set.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from registry.choices import ProposalKind
from registry.importers.bounty_tracker import BountyLine, read_bounty_tracker
from registry.models import Bounty, Proposal
from registry.services.bounties.places import Places, Unplaced, read_places
from registry.services.bounties.report import LineNote, TrackerReport, UnplacedLine
from registry.services.catalogue import CATALOGUE_DIR
from registry.services.epochs.actors import Actor
from registry.services.lock import governance_lock

SHIPPED_TRACKER = CATALOGUE_DIR / "bounty-tracker.csv"

PERMISSIONS = ("add_bounty", "change_bounty")

CHUNK = 500
MAX_PARTS = 99

Key = tuple[str, str, int]
"""Id, issue and part: one issue may be paid in several parts, which the tracker lists under one id."""


def import_tracker(content: bytes, *, origin: str, actor: Actor, dry_run: bool = False) -> TrackerReport:
    """Writes what differs from the tracker in *content*. The same bytes again change nothing but `last_synced_at`.

    Lines that name no known exchange are kept with the exchange empty, and placed by a later import once the name is
    known. Of identical lines one counts; lines that say different things of one bounty are its parts, in their order.
    With *dry_run* everything is done and then undone. Raises NotAllowed, and ImportRefused before the first write.
    """
    for permission in PERMISSIONS:
        actor.must(permission, "import the bounty tracker")
    tracker = read_bounty_tracker(content, origin=origin)
    report = TrackerReport(origin, hashlib.sha256(content).hexdigest(), dry_run)
    report.lines = len(tracker.lines) + len(tracker.problems)
    report.problems = list(tracker.problems)
    entries = list(_entries(tracker.lines, report))
    with transaction.atomic():
        governance_lock()
        _write(entries, report, timezone.now())
        transaction.set_rollback(dry_run)
    return report


@dataclass(frozen=True, slots=True)
class _Entry:
    line: BountyLine
    part: int

    @property
    def key(self) -> Key:
        return (*self.line.key, self.part)

    def note(self, text: str) -> LineNote:
        return LineNote(self.line.line, self.line.tracker_id, text)


@dataclass(frozen=True, slots=True)
class _Known:
    """What lines may be joined to."""

    places: Places
    proposals: dict[str, list[Proposal]]


def _entries(lines: Iterable[BountyLine], report: TrackerReport) -> Iterator[_Entry]:
    """One for each bounty that the tracker states; notes repeats and parts."""
    parts: defaultdict[tuple[str, str], list[BountyLine]] = defaultdict(list)
    for line in lines:
        same = next((part for part in parts[line.key] if part.repeats(line)), None)
        if same:
            report.repeats.append(LineNote(line.line, line.tracker_id, f"says what line {same.line} says"))
        elif len(parts[line.key]) == MAX_PARTS:
            text = f"{MAX_PARTS} lines before it say something else of the same bounty: is it one?"
            report.conflicts.append(LineNote(line.line, line.tracker_id, text))
        else:
            parts[line.key].append(line)
            yield _Entry(line, len(parts[line.key]))
    for (tracker_id, _), stated in parts.items():
        if len(stated) > 1:
            places = ", ".join(str(part.line) for part in stated)
            report.parts.append(
                f"{tracker_id} stands {len(stated)} times for one issue, kept as {len(stated)} parts (lines {places})"
            )


def _write(entries: list[_Entry], report: TrackerReport, now: datetime) -> None:
    rows: defaultdict[Key, list[Bounty]] = defaultdict(list)
    for bounty in Bounty.objects.select_related("exchange"):
        rows[bounty.tracker_id, bounty.issue_url, bounty.part].append(bounty)
    known = _Known(read_places(), _proposals_by_number())
    new: list[Bounty] = []
    synced: list[int] = []
    for entry in entries:
        found = rows.get(entry.key, [])
        if len(found) > 1:
            text = f"the registry has {len(found)} bounties with this id, issue and part: keep one of them"
            report.conflicts.append(entry.note(text))
        elif found:
            _bring_up_to_date(found[0], entry, known, report)
            synced.append(found[0].pk)
        else:
            new.append(_new(entry, known, report, now))
    Bounty.objects.bulk_create(new, batch_size=CHUNK)
    for start in range(0, len(synced), CHUNK):
        Bounty.objects.filter(pk__in=synced[start : start + CHUNK]).update(last_synced_at=now)
    stated = {entry.key for entry in entries}
    gone = (bounty for key, found in rows.items() if key not in stated for bounty in found if bounty.last_synced_at)
    report.left_alone = [f"{bounty}: an earlier tracker stated it, and no line of this one does" for bounty in gone]


def _proposals_by_number() -> dict[str, list[Proposal]]:
    proposals: defaultdict[str, list[Proposal]] = defaultdict(list)
    for proposal in Proposal.objects.filter(kind=ProposalKind.HIP):
        proposals[proposal.number].append(proposal)
    return dict(proposals)


def _new(entry: _Entry, known: _Known, report: TrackerReport, now: datetime) -> Bounty:
    tracker_id, issue_url, part = entry.key
    bounty = Bounty(tracker_id=tracker_id, issue_url=issue_url, part=part, last_synced_at=now)
    for column, value in _wanted(bounty, entry, known, report).items():
        setattr(bounty, column, value)
    place = f", {bounty.exchange}" if bounty.exchange else ""
    text = f"{bounty.reward}, {bounty.get_kind_display()}, {bounty.get_state_display()}{place}"
    report.created.append(entry.note(text))
    return bounty


def _bring_up_to_date(bounty: Bounty, entry: _Entry, known: _Known, report: TrackerReport) -> None:
    wanted = _wanted(bounty, entry, known, report)
    differing = [column for column, value in wanted.items() if getattr(bounty, column) != value]
    if not differing:
        report.unchanged += 1
        return
    changes = []
    for column in differing:
        changes.append(f"{column} {_shown(getattr(bounty, column))} to {_shown(wanted[column])}")
        setattr(bounty, column, wanted[column])
    bounty.save(update_fields=differing)
    report.changed.append(entry.note("; ".join(changes)))


def _shown(value: object) -> str:
    return "nothing" if value in ("", None) else f"“{value}”"


def _wanted(bounty: Bounty, entry: _Entry, known: _Known, report: TrackerReport) -> dict[str, Any]:
    """The columns that the line decides, with what it says of them; see the module's docstring for who wins where."""
    line = entry.line
    if line.differing_issue:
        report.notes.append(entry.note(f"the id is not the number of the issue that it links, {line.differing_issue}"))
    stated = {
        "kind": line.kind.value,
        "sponsor": line.sponsor,
        "named": line.named,
        "amount": line.amount,
        "unit": line.unit.value if line.unit else "",
        "state": line.state.value,
    }
    wanted: dict[str, Any] = {column: value for column, value in stated.items() if value not in ("", None)}
    place = known.places.find(line.named)
    if isinstance(place, Unplaced):
        if bounty.exchange is None:
            report.unplaced.append(UnplacedLine(line.line, line.tracker_id, line.named, place))
    elif bounty.exchange is None:
        wanted["exchange"] = place
    elif bounty.exchange != place:
        report.notes.append(entry.note(f"the tracker names {place}; it stays with {bounty.exchange}, as it is here"))
    if line.proposal_number and bounty.proposal_id is None:
        found = known.proposals.get(line.proposal_number, [])
        if len(found) == 1:
            wanted["proposal"] = found[0]
        else:
            count = f"{len(found)} proposals are" if found else "no proposal is"
            report.notes.append(entry.note(f"{count} known as {line.proposal_number}, so it is linked to none"))
    return wanted
