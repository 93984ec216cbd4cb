"""Takes the recorded epochs into the database, and through plan, approval and application, as the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from registry.choices import ChoiceMapping, EpochState, LedgerAction, PollSource
from registry.errors import RegistryError
from registry.governance.canonical import canonical_json, digest
from registry.governance.links import parse_proposal_link
from registry.governance.printed import printed_votes
from registry.governance.record import (
    EpochRecord,
    PollRecord,
    RecordedChoice,
    Removal,
    printed_day,
    printed_percent,
    reading_notes,
    recorded_choices,
    recorded_result,
)
from registry.models import Choice, Epoch, Policy, Poll, PollEvidence, Subject
from registry.services.catalogue.files import CATALOGUE_DIR
from registry.services.catalogue.sync import Loaded
from registry.services.epochs.actors import CATALOGUE
from registry.services.epochs.apply import apply_plan
from registry.services.epochs.approve import approve_plan
from registry.services.epochs.create import create_epoch
from registry.services.epochs.mapping import certain_subjects
from registry.services.epochs.plan import plan_epoch
from registry.services.epochs.results import result_digest
from registry.services.history.files import read_history
from registry.services.ledger import record as record_in_ledger
from registry.services.lock import governance_lock

REASON = "The printed record of the epochs, as shipped with the catalogue."
ACKNOWLEDGED = "The record is kept as printed; what it leaves open is told by load_history --report."


class HistoryRefused(RegistryError):
    """The record does not fit what the database holds; nothing of it was loaded."""


def load_history(*, through: int | None = None, dry_run: bool = False, directory: Path = CATALOGUE_DIR) -> Loaded:
    """Makes every recorded epoch a row with its polls, choices and evidence, and applies them up to *through*.

    None applies all of them; those behind *through* stay mapped. Nothing is announced: it was, in its time. All of it
    or nothing; a second load writes nothing. What an admin took back, planned or approved is left as it is. The
    catalogue must be loaded. Raises CatalogueRefused, HistoryRefused, EpochRefused.
    """
    epochs = read_history(directory)
    if through is not None and through not in {0, *(epoch.number for epoch in epochs)}:
        raise HistoryRefused(f"there is no epoch {through} in the record: name one of 0 to {epochs[-1].number}")
    loaded = Loaded()
    with transaction.atomic():
        governance_lock()
        _must_have_catalogue()
        for record in epochs:
            _load_epoch(record, loaded)
        for record in epochs:
            if record.polls and (through is None or record.number <= through):
                _apply(record, loaded)
        transaction.set_rollback(dry_run)
    return loaded


def _must_have_catalogue() -> None:
    if not Subject.objects.exists() or not Policy.objects.exists():
        raise HistoryRefused("there are no subjects or no policies in the registry: run catalogue apply first")


def _load_epoch(record: EpochRecord, loaded: Loaded) -> None:
    epoch = Epoch.objects.filter(number=record.number).first()
    if epoch is None:
        epoch = create_epoch(
            record.number,
            actor=CATALOGUE,
            label=record.label,
            starts_on=printed_day(record.dates.starts) if record.dates else None,
            ends_on=printed_day(record.dates.ends) if record.dates else None,
            reason=REASON,
            is_history=True,
        )
        loaded.changes.append(f"created {epoch} ({record.label})")
    elif not epoch.is_history:
        raise HistoryRefused(
            f"{epoch} was created here and is no part of the record: keep it, and load the history into a database "
            "of its own"
        )
    _sync_epoch(epoch, record, loaded)
    for poll in record.polls:
        _load_poll(epoch, poll, record.removals_of(poll.group), loaded)
    if record.polls and epoch.state in {EpochState.DRAFT, EpochState.IMPORTED}:
        epoch.state = EpochState.MAPPED
        epoch.save(update_fields=["state"])


def _sync_epoch(epoch: Epoch, record: EpochRecord, loaded: Loaded) -> None:
    """Writes what the record says beside polls. What an applied epoch rests on is no longer changed."""
    values: dict[str, Any] = {"label": record.label, "notes": _notes(record)}
    if epoch.state in {EpochState.DRAFT, EpochState.IMPORTED, EpochState.MAPPED}:
        values |= {"effective_from": record.effective_from, "decisions": _decisions(record)}
    differing = [name for name, value in values.items() if getattr(epoch, name) != value]
    for name in differing:
        setattr(epoch, name, values[name])
    if differing:
        epoch.save(update_fields=differing)
        loaded.changes.append(f"recorded of {epoch}: {', '.join(differing)}")


def _load_poll(epoch: Epoch, record: PollRecord, removals: Sequence[Removal], loaded: Loaded) -> None:
    facts = {"epoch": epoch.number, "poll": msgspec.to_builtins(record), "removals": msgspec.to_builtins(removals)}
    sha256 = digest(facts)
    existing = epoch.polls.filter(group=record.group).select_related("evidence").first()
    if existing is not None:
        if existing.evidence is None or existing.evidence.sha256 != sha256:
            raise HistoryRefused(
                f"{existing}: the record reads differently from what was loaded; roll {epoch} back if it is applied, "
                "take the poll out of it, and load again"
            )
        return
    choices = recorded_choices(record, removals)
    subjects = _subjects(epoch, record, choices)
    evidence, _ = PollEvidence.objects.get_or_create(
        sha256=sha256,
        defaults={
            "content": canonical_json(facts),
            "source": PollSource.RECORD,
            "origin": record.source,
            "received_at": timezone.now(),
            "received_by": CATALOGUE.name,
        },
    )
    poll = Poll.objects.create(epoch=epoch, evidence=evidence, **_poll_columns(record, removals))
    Choice.objects.bulk_create(_choice(poll, choice, subjects[choice.name]) for choice in choices)
    record_in_ledger(
        LedgerAction.IMPORTED,
        actor=CATALOGUE,
        epoch=epoch.number,
        subject=f"{record.group.value} poll {sha256}",
        reason=REASON,
        after={
            "group": record.group.value,
            "snapshot_id": record.snapshot_id,
            "evidence": sha256,
            "results": result_digest(recorded_result(record, removals)),
            "mapping": {name: subject.slug for name, subject in subjects.items()},
        },
    )
    loaded.changes.append(f"recorded {poll}: {len(choices)} choices")


def _subjects(epoch: Epoch, record: PollRecord, choices: Sequence[RecordedChoice]) -> Mapping[str, Subject]:
    """By name. Raises HistoryRefused for names that stand for nothing or for one thing twice."""
    kind = record.group.subject_kind
    found = certain_subjects([choice.name for choice in choices], kind, epoch.number)
    if unknown := [choice.name for choice in choices if choice.name not in found]:
        raise HistoryRefused(
            f"{epoch} {record.group.label}: no {kind.label.lower()} goes by {', '.join(unknown)} in this epoch; add "
            "the spelling to subjects.yaml and load the catalogue"
        )
    names: dict[int, str] = {}
    for name, subject in found.items():
        if (other := names.setdefault(subject.pk, name)) != name:
            raise HistoryRefused(
                f"{epoch} {record.group.label}: {other} and {name} both stand for {subject}; part their periods in "
                "subjects.yaml"
            )
    return found


def _poll_columns(record: PollRecord, removals: Sequence[Removal]) -> dict[str, Any]:
    total = printed_votes(record.total_votes) if record.total_votes else None
    return {
        "group": record.group,
        "voting": record.voting or "",
        "title": record.heading,
        "snapshot_id": record.snapshot_id,
        "space": parse_proposal_link(record.url).space,
        "proposal_number": record.proposal or "",
        "url": record.url,
        "total_votes": total.value if total else None,
        "total_votes_margin": total.margin if total else 0,
        "voters": record.voters,
        "stated_quorum_percent": printed_percent(record.quorum) if record.quorum else None,
        "warnings": reading_notes(record, removals),
    }


def _choice(poll: Poll, choice: RecordedChoice, subject: Subject) -> Choice:
    return Choice(
        poll=poll,
        index=choice.index,
        name=choice.name,
        votes=choice.votes.value if choice.votes else None,
        votes_margin=choice.votes.margin if choice.votes else 0,
        stated_votes=choice.stated_votes,
        stated_rank=choice.stated_rank,
        stated_share=choice.stated_share,
        stated_tier=choice.stated_tier,
        stated_included=choice.stated_included,
        stated_pot=choice.stated_pot,
        subject=subject,
        mapping=ChoiceMapping.MAPPED,
    )


def _apply(record: EpochRecord, loaded: Loaded) -> None:
    epoch = Epoch.objects.get(number=record.number)
    if epoch.state in {EpochState.APPLIED, EpochState.ANNOUNCED}:
        return
    if epoch.state != EpochState.MAPPED:
        loaded.left_alone.append(f"{epoch}: {epoch.get_state_display().lower()} by a person")
        return
    plan = plan_epoch(
        record.number,
        actor=CATALOGUE,
        reason=REASON,
        effective_from=record.effective_from,
        decisions=_decisions(record),
    )
    approve_plan(plan.hash, actor=CATALOGUE, acknowledgement=ACKNOWLEDGED)
    changeset = apply_plan(plan.hash, actor=CATALOGUE)
    loaded.changes.append(
        f"applied {epoch} from {record.effective_from}: {changeset.assignments.count()} decisions, "
        f"{changeset.pots.count()} pots"
    )


def _decisions(record: EpochRecord) -> list[dict[str, Any]]:
    """As the epoch keeps them: choices by their number."""
    decisions = []
    for decision in record.decisions:
        (poll,) = (poll for poll in record.polls if poll.group == decision.group)
        numbers = {choice.name: choice.index for choice in recorded_choices(poll, record.removals_of(poll.group))}
        decisions.append(
            {
                "group": decision.group.value,
                "kind": decision.kind,
                "choices": [numbers[name] for name in decision.names],
                "reason": decision.reason.strip(),
            }
        )
    return decisions


def _notes(record: EpochRecord) -> str:
    """What the record says of an epoch that has no column, one sentence a line."""
    lines = [f"Effective date: {record.dated_by}"] if record.dated_by else []
    lines += [f"Goal as printed: {record.goal}."] if record.goal else []
    lines += [f"{change.proposal} changed the rules: {change.url}" for change in record.governance_changes]
    if given := record.distribution:
        lines.append(
            f"{given.hbot_distributed:,} HBOT in {given.distributions} distributions to {given.unique_wallets} wallets "
            f"({given.quarters})."
        )
    return "\n".join(lines)
