"""What every step asks before it writes: is there such an epoch, did it come this far, and was a reason given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registry.choices import ChoiceMapping, EpochState, PollGroup
from registry.models import Choice, Epoch, OutboxMessage, Poll
from registry.printable import is_printable
from registry.services.epochs.actors import ANNOUNCE_EPOCH, APPLY_PLAN, APPROVE_PLAN, IMPORT_POLL, PLAN_EPOCH
from registry.services.epochs.errors import BadValue, NoSuchEpoch, WrongState

LONGEST_TEXT = 4000
"""Of a reason or an acknowledgement, which stay in the ledger for good."""

APPLIED_STATES = (EpochState.APPLIED, EpochState.ANNOUNCED)


def epoch_numbered(number: int) -> Epoch:
    """Raises NoSuchEpoch."""
    try:
        return Epoch.objects.select_related("policy").get(number=number)
    except Epoch.DoesNotExist:
        raise NoSuchEpoch(number) from None


def must_not_stand(epoch: Epoch, act: str) -> None:
    """Raises WrongState for an epoch that was applied and not taken back, whatever its state says."""
    if epoch.state in APPLIED_STATES or epoch.standing_changeset is not None:
        raise WrongState(f"{epoch} is applied: roll back first, then {act}.")


def given_reason(reason: str, *, field: str = "reason", why: str = "say why; it goes into the ledger") -> str:
    """The reason without blanks around it. Raises BadValue for an empty one, or one no database keeps."""
    text = readable(reason, field=field)
    if not text:
        raise BadValue(field, why)
    return text


def readable(text: str, *, field: str) -> str:
    """The text without blanks around it. Raises BadValue for characters that no database keeps, or no feed may hold."""
    if len(text) > LONGEST_TEXT:
        raise BadValue(field, f"it is longer than {LONGEST_TEXT:,} characters: shorten it")
    if not is_printable(text):
        raise BadValue(field, "it holds characters that are no text; type it again")
    return text.strip()


def open_choices(epoch: Epoch) -> list[Choice]:
    """Choices that stand for nothing yet, in the order of polls. Single proposals need a target instead."""
    choices = Choice.objects.filter(poll__epoch=epoch, mapping=ChoiceMapping.UNMAPPED)
    return list(choices.exclude(poll__group=PollGroup.PROPOSAL).select_related("poll__epoch").order_by("poll", "index"))


def subjects_twice(epoch: Epoch) -> list[tuple[Choice, Choice]]:
    """Pairs of choices of one poll that are mapped to one subject."""
    pairs = []
    first: dict[tuple[int, int | None], Choice] = {}
    mapped = Choice.objects.filter(poll__epoch=epoch, mapping=ChoiceMapping.MAPPED)
    for choice in mapped.select_related("poll__epoch", "subject").order_by("poll", "index"):
        key = (choice.poll_id, choice.subject_id)
        if key in first:
            pairs.append((first[key], choice))
        first.setdefault(key, choice)
    return pairs


def untargeted(epoch: Epoch) -> list[Poll]:
    """Single proposals of which nobody said what they ask for, and about whom."""
    proposals = epoch.polls.filter(group=PollGroup.PROPOSAL)
    return [poll for poll in proposals if poll.target_id is None or not poll.action]


def before_planning(epoch: Epoch) -> EpochState:
    """How far it came as its polls say: draft, imported or mapped."""
    if not epoch.polls.exists():
        return EpochState.DRAFT
    if open_choices(epoch) or subjects_twice(epoch) or untargeted(epoch):
        return EpochState.IMPORTED
    return EpochState.MAPPED


def step_back(epoch: Epoch) -> None:
    """Sets the state that the polls say, since a plan or approval that may be there no longer counts."""
    epoch.state = before_planning(epoch)
    epoch.save(update_fields=["state"])


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that may be done with an epoch now."""

    service: str
    text: str
    permission: str


_STEPS = {
    "import": Step("import_poll", "Import a poll", IMPORT_POLL),
    "map": Step("map_choice", "Say what the open choices stand for", IMPORT_POLL),
    "plan": Step("plan_epoch", "Plan", PLAN_EPOCH),
    "approve": Step("approve_plan", "Approve the plan", APPROVE_PLAN),
    "apply": Step("apply_plan", "Apply the approved plan", APPLY_PLAN),
    "announce": Step("announce_epoch", "Announce", ANNOUNCE_EPOCH),
    "rollback": Step("plan_rollback", "Plan to take it back", PLAN_EPOCH),
}


def next_steps(epoch: Epoch) -> list[Step]:
    """What may be done with *epoch* now, the step that leads on first."""
    return [_STEPS[name] for name in _steps(epoch)]


def _steps(epoch: Epoch) -> Iterable[str]:
    plan = epoch.current_plan
    pending = plan is not None and plan.kind == "rollback" and not hasattr(plan, "changeset")
    untold = OutboxMessage.objects.filter(changeset__epoch=epoch, published_at=None, cancelled_at=None).exists()
    match EpochState(epoch.state):
        case EpochState.DRAFT:
            return ["import"]
        case EpochState.IMPORTED:
            return ["map", "import"]
        case EpochState.MAPPED | EpochState.ROLLED_BACK:
            return [*(["announce"] if untold else []), "plan", "import"]
        case EpochState.PLANNED:
            return ["approve", "plan", "import"]
        case EpochState.APPROVED:
            return ["apply", "plan", "import"]
        case EpochState.APPLIED | EpochState.ANNOUNCED:
            undo = ["rollback"]
            if plan is not None and pending:
                undo = ["apply" if plan.approved_at else "approve", "rollback"]
            return [*(["announce"] if untold else []), *undo]
