"""What the choices of a poll stand for: certain spellings by themselves, the others by a person's word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify

from registry.choices import ChoiceMapping, LedgerAction, PollGroup, ProposalAction, SubjectKind
from registry.governance.names import name_key
from registry.models import Alias, Choice, Epoch, Poll, Subject
from registry.services.epochs.actors import IMPORT_POLL, Actor
from registry.services.epochs.errors import BadValue, EpochRefused
from registry.services.epochs.guards import given_reason, must_not_stand, readable, step_back
from registry.services.ledger import record
from registry.services.lock import governance_lock

CLOSE_ENOUGH = 0.6
"""How alike two spellings must be for one to be suggested for the other; 1 is equal."""

LARGEST_AMOUNT = 10**12
"""HBOT; a thousand times as many as there are."""

_SUFFIXES = ("perpetual", "perp", "exchange", "finance", "chain", "spot", "protocol")
"""Words that polls add to an exchange's name or leave out."""


def certain_subjects(names: Iterable[str], kind: SubjectKind, epoch_number: int) -> dict[str, Subject]:
    """By name, the one subject of that kind which is spelled so in that epoch; names that stand for none or several
    are left out. Two queries, however many names."""
    keys = {name: name_key(name) for name in names}
    found: dict[str, dict[int, Subject]] = defaultdict(dict)
    in_use = Q(from_epoch__lte=epoch_number) & (Q(to_epoch=None) | Q(to_epoch__gte=epoch_number))
    for alias in Alias.objects.filter(in_use, subject__kind=kind, key__in=keys.values()).select_related("subject"):
        found[alias.key][alias.subject_id] = alias.subject
    for subject in Subject.objects.filter(kind=kind):
        for key in {name_key(subject.name), name_key(subject.slug)}:
            if key not in found or subject.pk in found[key]:  # a spelling of this epoch goes before a plain name
                found[key][subject.pk] = subject
    return {name: next(iter(found[key].values())) for name, key in keys.items() if len(found.get(key, {})) == 1}


def suggestions(choice: Choice) -> list[Subject]:
    """Up to five subjects that the choice may stand for, the likeliest first, whenever they were spelled so."""
    kind = PollGroup(choice.poll.group).subject_kind
    wanted = name_key(choice.name)
    likeness: dict[int, float] = defaultdict(float)
    subjects = {subject.pk: subject for subject in Subject.objects.filter(kind=kind)}
    spellings = [(subject.pk, name_key(subject.name)) for subject in subjects.values()]
    spellings += Alias.objects.filter(subject__kind=kind).values_list("subject_id", "key")
    for pk, key in spellings:
        likeness[pk] = max(likeness[pk], _likeness(wanted, key))
    likely = [pk for pk in likeness if likeness[pk] >= CLOSE_ENOUGH]
    return [subjects[pk] for pk in sorted(likely, key=lambda pk: (-likeness[pk], subjects[pk].slug))[:5]]


@transaction.atomic
def map_choice(
    choice_id: int,
    *,
    actor: Actor,
    subject: Subject | None = None,
    ignore: bool = False,
    new: tuple[str, str] | None = None,
    remember: bool = True,
    reason: str = "",
) -> Choice:
    """Says what a choice stands for: a subject, nothing (*ignore*, with a reason), or a *new* chain or strategy given
    as (slug, name). With none of the three it is open again.

    *remember* keeps the spelling as an alias from this epoch on, so that the next poll maps it by itself.
    Raises NotAllowed, BadValue, WrongState.
    """
    governance_lock()
    actor.must(IMPORT_POLL, "map the choices of a poll")
    choice = _existing_choice(choice_id)
    epoch, kind = choice.poll.epoch, PollGroup(choice.poll.group).subject_kind
    must_not_stand(epoch, "map its choices")
    if choice.poll.group == PollGroup.PROPOSAL:
        raise BadValue("choice", "of a single proposal, say whom it is about and what it asks for instead")
    if sum([subject is not None, ignore, new is not None]) > 1:
        raise BadValue("subject", "give one of subject, ignore and new")
    before = _mapped(choice)
    if new is not None:
        subject = _new_subject(kind, *new)
    if subject is not None and subject.kind != kind:
        raise BadValue("subject", f"{subject} is a {subject.get_kind_display().lower()}; this poll is on {kind.label}s")
    note = given_reason(reason, why="say why it is left out") if ignore else readable(reason, field="reason")
    choice.subject = subject
    choice.mapping = ChoiceMapping.MAPPED if subject else ChoiceMapping.IGNORED if ignore else ChoiceMapping.UNMAPPED
    choice.mapping_note = note[:200]
    if _mapped(choice) == before and new is None:
        return choice
    choice.save(update_fields=["subject", "mapping", "mapping_note"])
    if subject is not None and remember:
        _remember(choice, subject)
    step_back(epoch)
    record(
        LedgerAction.MAPPED,
        actor=actor,
        epoch=epoch.number,
        subject=f"{choice.poll.group} choice {choice.index}: {choice.name}",
        reason=note,
        before=before,
        after=_mapped(choice),
    )
    return choice


@transaction.atomic
def set_target(
    poll_id: int,
    *,
    actor: Actor,
    subject: Subject,
    action: ProposalAction | str,
    amount: Decimal | None = None,
    reason: str = "",
) -> Poll:
    """Says whom a single proposal is about, and what it asks for; *amount* in HBOT is what it funds.

    Raises NotAllowed, BadValue, WrongState.
    """
    governance_lock()
    actor.must(IMPORT_POLL, "say what a proposal is about")
    poll = existing_poll(poll_id)
    must_not_stand(poll.epoch, "say what its proposals are about")
    if poll.group != PollGroup.PROPOSAL:
        raise BadValue("poll", f"{poll} has choices that are mapped one by one; only single proposals have a target")
    if action not in ProposalAction.values:
        raise BadValue("action", f"{action!r} is none; choose one of {', '.join(ProposalAction.values)}")
    if action != ProposalAction.FUND and subject.kind != SubjectKind.EXCHANGE:
        raise BadValue("subject", f"{subject} is no exchange; only exchanges are added and removed")
    if amount is not None and (not amount.is_finite() or not 0 <= amount < LARGEST_AMOUNT):
        raise BadValue("amount", f"write an amount of HBOT from 0 to {LARGEST_AMOUNT:,}, or leave it out")
    if amount is not None and amount != amount.quantize(Decimal("0.01")):
        raise BadValue("amount", "write it with two decimals at most: the smallest sum is 0.01 HBOT")
    if action == ProposalAction.FUND and not amount:
        raise BadValue("amount", "say how much HBOT the proposal asks for")
    before = _targeted(poll)
    poll.target, poll.action, poll.amount = subject, ProposalAction(action), amount
    poll.save(update_fields=["target", "action", "amount"])
    step_back(poll.epoch)
    record(
        LedgerAction.MAPPED,
        actor=actor,
        epoch=poll.epoch.number,
        subject=f"proposal {poll.proposal_number or poll.title or poll.pk}",
        reason=readable(reason, field="reason"),
        before=before,
        after=_targeted(poll),
    )
    return poll


def existing_poll(poll_id: int) -> Poll:
    """Raises EpochRefused."""
    try:
        return Poll.objects.select_related("epoch", "target", "evidence").get(pk=poll_id)
    except Poll.DoesNotExist:
        raise EpochRefused(f"There is no poll {poll_id}: it was taken out, or imported anew. Open the epoch.") from None


def _existing_choice(choice_id: int) -> Choice:
    try:
        return Choice.objects.select_related("poll__epoch", "subject").get(pk=choice_id)
    except Choice.DoesNotExist:
        raise EpochRefused(
            f"There is no choice {choice_id}: its poll was taken out, or imported anew. Open the epoch."
        ) from None


def _new_subject(kind: SubjectKind, slug: str, name: str) -> Subject:
    if kind == SubjectKind.EXCHANGE:
        raise BadValue("new", "an exchange is added to the catalogue first; then the choice maps to it")
    name = given_reason(name, field="new", why="give the name")
    slug = slugify(slug or name)
    if not slug or len(slug) > 50 or len(name) > 120:
        raise BadValue("new", "give a slug of up to 50 letters and digits, and a name of up to 120 characters")
    if Subject.objects.filter(kind=kind, slug=slug).exists():
        raise BadValue("new", f"there is a {kind.label.lower()} {slug} already: choose it as the subject")
    return Subject.objects.create(kind=kind, slug=slug, name=name)


def _remember(choice: Choice, subject: Subject) -> None:
    """Keeps a spelling that no alias of the epoch has, unless it would stand for two."""
    epoch: Epoch = choice.poll.epoch
    kind = SubjectKind(subject.kind)
    if choice.name in certain_subjects([choice.name], kind, epoch.number):
        return
    others = Alias.objects.filter(key=name_key(choice.name), subject__kind=kind).exclude(subject=subject)
    if others.filter(Q(to_epoch=None) | Q(to_epoch__gte=epoch.number)).exists():
        return
    Alias.objects.get_or_create(
        subject=subject,
        name=choice.name,
        from_epoch=epoch.number,
        defaults={"key": name_key(choice.name), "source": f"{choice.poll}, mapped by hand"},
    )


def _likeness(wanted: str, key: str) -> float:
    if not wanted or not key:
        return 0
    if wanted == key:
        return 1
    if _bare(wanted) == _bare(key):
        return 0.95
    if len(key) > 2 and (wanted.startswith(key) or key.startswith(wanted)):
        return 0.9
    return SequenceMatcher(None, wanted, key).ratio()


def _bare(key: str) -> str:
    for suffix in _SUFFIXES:
        if len(key) > len(suffix) + 1:
            key = key.removesuffix(suffix)
    return key


def _mapped(choice: Choice) -> dict[str, Any]:
    return {
        "mapping": str(choice.mapping),
        "subject": choice.subject.slug if choice.subject else None,
        "note": choice.mapping_note,
    }


def _targeted(poll: Poll) -> dict[str, Any]:
    return {
        "target": poll.target.slug if poll.target else None,
        "action": str(poll.action),
        "amount": poll.amount,
    }
