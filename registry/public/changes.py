"""What the registry told about its changes, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Max, Prefetch
from django.db.models.fields.json import KeyTextTransform

from registry.choices import ChangesetKind
from registry.models import Changeset, OutboxMessage
from registry.public.missing import NotHere
from registry.services.epochs.plan_words import asides, sections

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from registry.services.epochs.plan_words import Section


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One changeset, with what of it was told to anyone."""

    changeset: Changeset
    messages: tuple[OutboxMessage, ...]

    @property
    def title(self) -> str:
        epoch = self.changeset.epoch
        return f"{epoch} taken back" if self.is_rollback else f"{epoch} applied"

    @property
    def is_rollback(self) -> bool:
        return self.changeset.kind == ChangesetKind.ROLLBACK

    @property
    def reversed_by(self) -> Changeset | None:
        return getattr(self.changeset, "reversed_by", None)

    def stands_on(self, day: date | None) -> bool:
        """Applied and in effect on *day*; None: applied and not taken back, even where it takes effect later."""
        if self.is_rollback:
            return False
        taken_back = self.reversed_by
        if day is None:
            return taken_back is None
        return self.changeset.effective_from <= day and (taken_back is None or day < taken_back.effective_from)

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = self.changeset.plan.document
        return document

    @property
    def sections(self) -> list[Section]:
        """The moves by what changed."""
        return sections(self.document)

    @property
    def asides(self) -> list[tuple[str, list[str]]]:
        """What else its plan said, by heading."""
        return asides(self.document)

    @property
    def summary(self) -> str:
        """How many were promoted, demoted and so on, in words."""
        return getattr(self.changeset, "summary", None) or "Nothing changes."


def registry_serial() -> int:
    """The number of the latest public change, 0 before the first."""
    return Changeset.objects.aggregate(latest=Max("serial"))["latest"] or 0


def published_messages() -> QuerySet[OutboxMessage]:
    """What was told, newest first."""
    told = OutboxMessage.objects.filter(published_at__isnull=False)
    return told.select_related("changeset__epoch").order_by("-published_at", "-pk")


def changes_since(serial: int = 0, *, as_of: date | None = None) -> list[ChangeView]:
    """Every changeset after *serial*, newest first; as of a day, those that were in effect by then."""
    rows = in_short(with_messages()).filter(serial__gt=serial)
    if as_of:
        rows = rows.filter(effective_from__lte=as_of)
    return [view_of(row) for row in rows]


def change_of(serial: int, *, as_of: date | None = None) -> ChangeView:
    """Raises NotHere."""
    row = with_messages().filter(serial=serial).first()
    if row is None:
        raise NotHere(f"there is no change {serial} here: the latest is {registry_serial()}")
    if as_of and row.effective_from > as_of:
        raise NotHere(f"change {serial} takes effect on {row.effective_from}, after {as_of}: ask about a later day")
    return view_of(row)


def with_messages() -> QuerySet[Changeset]:
    """Newest first, each with the messages that were published of it and its plan's one-line summary."""
    related = Changeset.objects.select_related("epoch", "plan", "policy", "reverses", "reversed_by")
    summed_up = related.annotate(summary=KeyTextTransform("summary", "plan__document"))
    newest_first: QuerySet[Changeset] = summed_up.order_by("-serial")
    return newest_first.prefetch_related(Prefetch("messages", queryset=published_messages()))


def in_short(changesets: QuerySet[Changeset]) -> QuerySet[Changeset]:
    """Without the plans' documents, which are long: of each only its summary."""
    return changesets.defer("plan__document")


def view_of(row: Changeset) -> ChangeView:
    return ChangeView(row, tuple(row.messages.all()))
