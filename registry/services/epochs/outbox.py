"""What is to be told of a changeset: written in its transaction, published at most once, never of what was undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from registry.models import Changeset, OutboxMessage
from registry.services.epochs.post import post_body, post_title


def message_key(changeset: Changeset) -> str:
    return f"changeset:{changeset.serial}"


def write_message(changeset: Changeset, document: Mapping[str, Any]) -> OutboxMessage:
    """The post about *changeset*, which announcing the epoch publishes."""
    return OutboxMessage.objects.create(
        key=message_key(changeset),
        changeset=changeset,
        title=post_title(document),
        body=post_body(changeset, document),
        created_at=timezone.now(),
    )


def cancel_untold(changeset: Changeset) -> bool:
    """Whether nobody was told of *changeset*, and now nobody will be."""
    messages = OutboxMessage.objects.filter(changeset=changeset)
    messages.filter(published_at__isnull=True, cancelled_at__isnull=True).update(cancelled_at=timezone.now())
    return not messages.filter(published_at__isnull=False).exists()


def waiting_messages(epoch_number: int) -> list[OutboxMessage]:
    """Those of the epoch that are neither published nor cancelled, oldest first."""
    waiting = OutboxMessage.objects.filter(
        changeset__epoch__number=epoch_number, published_at__isnull=True, cancelled_at__isnull=True
    )
    return list(waiting.select_related("changeset").order_by("pk"))
