"""Brings a closed poll into an epoch: its bytes are kept, and the same bytes again change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from registry.choices import ChoiceMapping, LedgerAction, PollGroup, SubjectKind
from registry.governance.tallies import PollResult
from registry.importers.imported import ImportedPoll
from registry.models import Choice, Epoch, Poll, PollEvidence, Subject
from registry.services.epochs.actors import IMPORT_POLL, Actor
from registry.services.epochs.errors import BadValue, PollConflict, WrongState
from registry.services.epochs.guards import epoch_numbered, given_reason, must_not_stand, readable, step_back
from registry.services.epochs.mapping import certain_subjects, existing_poll
from registry.services.epochs.results import differing_lines, poll_result, result_digest
from registry.services.ledger import record
from registry.services.lock import governance_lock


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`is_new` is False where the same bytes were there already, and nothing was written."""

    poll: Poll
    is_new: bool
    sentences: tuple[str, ...]


@transaction.atomic
def import_poll(
    number: int, imported: ImportedPoll, *, actor: Actor, reason: str = "", replace: bool = False
) -> ImportReport:
    """Writes poll, choices and evidence, and maps every choice whose spelling is certain.

    One poll is told from another by its vote id, or by epoch and group. Other bytes for a poll that is there are for a
    person to settle: *replace*, with a reason, lets the new ones hold. Raises NotAllowed, NoSuchEpoch, WrongState for
    an applied epoch, PollConflict, BadValue.
    """
    governance_lock()
    actor.must(IMPORT_POLL, "import a poll")
    epoch = epoch_numbered(number)
    existing = _same_poll(epoch, imported)
    if existing and existing.evidence and existing.evidence.sha256 == imported.sha256:
        sentence = f"{existing} was imported from these very bytes before: nothing was changed."
        return ImportReport(existing, is_new=False, sentences=(sentence,))
    must_not_stand(epoch, "import its polls")
    _refuse_bytes_of_another(epoch, imported)
    if existing:
        difference = _difference(existing, imported)
        if not replace:
            raise PollConflict(
                f"{existing} is there with another result: settle which of the two holds, with a reason.",
                existing=existing,
                difference=difference,
            )
        reason = given_reason(reason, why="say why the new result holds and not the one that is there")
    before = _facts(existing) if existing else None
    poll = _write(epoch, imported, actor, existing)
    mapped = _map_certain(poll)
    step_back(epoch)
    record(
        LedgerAction.CONFLICT if existing else LedgerAction.IMPORTED,
        actor=actor,
        epoch=number,
        subject=f"{poll.group} poll {imported.sha256}",
        reason=readable(reason, field="reason"),
        before=before,
        after=_facts(poll),
    )
    return ImportReport(poll, is_new=True, sentences=(*mapped, *_unasked(poll), *imported.warnings))


@transaction.atomic
def remove_poll(poll_id: int, *, actor: Actor, reason: str) -> Epoch:
    """Takes a poll out of an epoch that is not applied; its evidence stays. Raises NotAllowed, WrongState, BadValue."""
    governance_lock()
    actor.must(IMPORT_POLL, "take a poll out")
    poll = existing_poll(poll_id)
    epoch = poll.epoch
    must_not_stand(epoch, "take its polls out")
    before, name = _facts(poll), f"{poll.group} poll"
    poll.delete()
    step_back(epoch)
    record(
        LedgerAction.CHANGED,
        actor=actor,
        epoch=epoch.number,
        subject=f"took out the {name}",
        reason=given_reason(reason),
        before=before,
    )
    return epoch


def _same_poll(epoch: Epoch, imported: ImportedPoll) -> Poll | None:
    """The poll that *imported* is a result of, if it is there. Raises PollConflict where it is another epoch's."""
    polls = Poll.objects.select_related("epoch", "evidence")
    group = imported.result.group
    by_vote = polls.filter(snapshot_id=imported.snapshot_id).first() if imported.snapshot_id else None
    if by_vote and (by_vote.epoch_id != epoch.pk or by_vote.group != group):
        raise PollConflict(
            f"The vote {imported.snapshot_id} is already that of {by_vote}: one vote decides one poll. "
            "Take it out there first if it stands in the wrong place.",
            existing=by_vote,
        )
    if group == PollGroup.PROPOSAL:
        return by_vote or polls.filter(epoch=epoch, group=group, evidence__sha256=imported.sha256).first()
    return by_vote or polls.filter(epoch=epoch, group=group).first()


def _unasked(poll: Poll) -> Iterable[str]:
    """Said at once, since a plan may be made by somebody else: the rules ask for other polls."""
    policy = poll.epoch.policy
    if policy and poll.group not in policy.document.get("groups", ()):
        group = PollGroup(poll.group).label
        yield f"{poll.epoch} goes by {policy}, which holds no poll on {group}: other rules can be chosen with the plan."


def _refuse_bytes_of_another(epoch: Epoch, imported: ImportedPoll) -> None:
    """One file chosen for two polls is a slip of the hand."""
    other = Poll.objects.filter(evidence__sha256=imported.sha256).select_related("epoch").first()
    if other and (other.epoch_id, other.group) != (epoch.pk, str(imported.result.group)):
        raise PollConflict(
            f"These very bytes are already the result of {other}: choose the right file, or take it out there first.",
            existing=other,
        )


def _difference(existing: Poll, imported: ImportedPoll) -> list[str]:
    lines = differing_lines(poll_result(existing), imported.result)
    if existing.snapshot_id != imported.snapshot_id:
        lines.insert(0, f"Vote: {existing.snapshot_id or 'no id'}, now {imported.snapshot_id or 'no id'}.")
    if existing.closed_at != imported.closed_at:
        lines.append(f"Closed: {_moment(existing.closed_at)}, now {_moment(imported.closed_at)}.")
    return lines or ["The bytes differ, and what was read from them does not."]


def _moment(value: Any) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "not stated"


def _write(epoch: Epoch, imported: ImportedPoll, actor: Actor, existing: Poll | None) -> Poll:
    if imported.closed_at > timezone.now():
        raise WrongState(f"The poll closes at {_moment(imported.closed_at)}: import it once it has closed.")
    if not imported.result.tallies:
        raise BadValue("poll", "it has no choices")
    evidence, _ = PollEvidence.objects.get_or_create(
        sha256=imported.sha256,
        defaults={
            "content": imported.content,
            "source": imported.source,
            "origin": imported.origin[:500],
            "received_at": timezone.now(),
            "received_by": actor.name,
        },
    )
    total = imported.result.total
    values = {
        "voting": imported.result.voting or "",
        "title": imported.title[:300],
        "snapshot_id": imported.snapshot_id,
        "space": imported.space,
        "url": imported.url,
        "opened_at": imported.opened_at,
        "closed_at": imported.closed_at,
        "total_votes": total.value if total else None,
        "total_votes_margin": total.margin if total else 0,
        "voters": imported.voters,
        "evidence": evidence,
        "warnings": list(imported.warnings),
    }
    if existing:
        for name, value in values.items():
            setattr(existing, name, value)
        existing.save(update_fields=list(values))
        existing.choices.all().delete()
        poll = existing
    else:
        poll = Poll.objects.create(
            epoch=epoch, group=imported.result.group, action=imported.result.action or "", **values
        )
    Choice.objects.bulk_create(_choices(poll, imported))
    return Poll.objects.select_related("epoch", "evidence").get(pk=poll.pk)


def _choices(poll: Poll, imported: ImportedPoll) -> list[Choice]:
    return [
        Choice(
            poll=poll,
            index=tally.index,
            name=tally.name,
            votes=tally.votes.value if tally.votes else None,
            votes_margin=tally.votes.margin if tally.votes else 0,
            stated_votes=imported.stated_votes.get(tally.index, "")[:30],
            stated_rank=tally.stated_rank,
            stated_share=imported.shares.get(tally.index),
            stated_included=tally.stated_included,
        )
        for tally in imported.result.tallies
    ]


def _map_certain(poll: Poll) -> list[str]:
    """Maps what is spelled as an alias of this epoch, each subject once; says what is left."""
    if poll.group == PollGroup.PROPOSAL:
        return ["Say whom the proposal is about, and what it asks for."] if not poll.target_id else []
    choices = list(poll.choices.order_by("index"))
    kind = PollGroup(poll.group).subject_kind
    certain = certain_subjects([choice.name for choice in choices], SubjectKind(kind), poll.epoch.number)
    taken: dict[int, Choice] = {}
    for choice in choices:
        subject = certain.get(choice.name)
        if subject is None:
            continue
        if subject.pk in taken:
            choice.mapping_note = f"Spelled like {subject}, for which choice {taken[subject.pk].index} stands already."
            continue
        taken[subject.pk] = choice
        choice.subject, choice.mapping = subject, ChoiceMapping.MAPPED
    Choice.objects.bulk_update(choices, ["subject", "mapping", "mapping_note"])
    still_open = [choice.name for choice in choices if choice.mapping == ChoiceMapping.UNMAPPED]
    sentences = [f"{len(taken)} of {len(choices)} choices stand for what is spelled like them."]
    if still_open:
        sentences.append(f"Say what these stand for: {', '.join(still_open)}.")
    return sentences


def _facts(poll: Poll) -> Mapping[str, Any]:
    """What the ledger keeps of a poll: enough to compute it again from the evidence."""
    result: PollResult = poll_result(poll)
    choices = poll.choices.select_related("subject").order_by("index")
    return {
        "group": str(poll.group),
        "snapshot_id": poll.snapshot_id,
        "evidence": poll.evidence.sha256 if poll.evidence else None,
        "results": result_digest(result),
        "votes": {tally.name: tally.votes.value if tally.votes else None for tally in result.tallies},
        "mapping": {choice.name: _slug(choice.subject) for choice in choices},
    }


def _slug(subject: Subject | None) -> str | None:
    return subject.slug if subject else None
