"""Announces what was applied: the changelog page and the feed show a message from here on."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from registry.choices import EpochState, LedgerAction
from registry.models import OutboxMessage
from registry.services.epochs.actors import ANNOUNCE_EPOCH, Actor
from registry.services.epochs.errors import WrongState
from registry.services.epochs.guards import epoch_numbered
from registry.services.epochs.outbox import waiting_messages
from registry.services.ledger import changeset_name, record
from registry.services.lock import governance_lock


@transaction.atomic
def announce_epoch(number: int, *, actor: Actor) -> list[OutboxMessage]:
    """Publishes the epoch's messages that wait, and gives them; none where all were told already.

    Of an epoch that was taken back after it was told, that is the message of its withdrawal. Raises NotAllowed,
    NoSuchEpoch, WrongState.
    """
    governance_lock()
    actor.must(ANNOUNCE_EPOCH, "announce an epoch")
    epoch = epoch_numbered(number)
    if epoch.is_history:
        raise WrongState(f"{epoch} is history: it was told when it happened, and is not announced.")
    messages = waiting_messages(number)
    if not messages:
        if epoch.changesets.filter(messages__published_at__isnull=False).exists():
            return []
        raise WrongState(f"{epoch} has nothing to tell of: apply a plan of it first.")
    before = str(epoch.state)
    now = timezone.now()
    for message in messages:
        message.published_at = now
    OutboxMessage.objects.bulk_update(messages, ["published_at"])
    if epoch.state == EpochState.APPLIED:
        epoch.state = EpochState.ANNOUNCED
        epoch.save(update_fields=["state"])
    record(
        LedgerAction.ANNOUNCED,
        actor=actor,
        epoch=number,
        subject=changeset_name(messages[-1].changeset),
        before={"state": before},
        after={"state": str(epoch.state), "messages": [message.key for message in messages]},
    )
    return messages
