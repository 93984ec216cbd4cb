"""An epoch as the public reads it: its polls, what each choice came to and why, and what the registry made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch
from django.utils import timezone

from registry.choices import EpochState
from registry.governance.wording import figure, margin_words, percent, rule_words
from registry.models import Changeset, Choice, Epoch, Poll
from registry.public.changes import ChangeView, in_short, view_of, with_messages
from registry.public.contradictions import contradictions_of
from registry.public.missing import NotHere
from registry.public.wording import OPEN, outcome_of
from registry.services.epochs.plan_words import asides

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from django.db.models import QuerySet

    from registry.models import Policy
    from registry.public.wording import Outcome


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """One choice; *outcome* of it is empty where nothing was decided on the day that is shown."""

    choice: Choice
    decided: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.choice.name

    @property
    def exchange_slug(self) -> str:
        """Of the exchange that it stands for, "" for chains, strategies and what was left out."""
        subject = self.choice.subject
        return subject.slug if subject and subject.exchange_id else ""

    @property
    def subject_name(self) -> str:
        """Today's name, "" where it is the printed one."""
        subject = self.choice.subject
        return subject.name if subject and subject.name != self.choice.name else ""

    @property
    def rank(self) -> int | None:
        rank: int | None = self.decided.get("rank") if self.decided else self.choice.stated_rank
        return rank

    @property
    def votes(self) -> str:
        return self.choice.stated_votes or figure(self.choice.votes)

    @property
    def is_rounded(self) -> bool:
        return self.choice.votes is not None and self.choice.votes_margin != 0

    @property
    def share(self) -> str:
        return percent(self.decided.get("share") or self.choice.stated_share)

    @property
    def outcome(self) -> Outcome:
        if not self.decided:
            return OPEN
        return outcome_of(self.decided.get("label", ""), self.decided.get("included"))

    @property
    def pot(self) -> str:
        return figure(self.decided.get("pot") or self.choice.stated_pot)

    @property
    def rule(self) -> str:
        return rule_words(self.decided.get("rule") or "")

    @property
    def margins(self) -> list[str]:
        """How far it is from the next better band and from leaving, in words."""
        return list(margin_words(self.decided))


@dataclass(frozen=True, slots=True)
class PollView:
    """One vote of an epoch; *decided* is what the evaluation said, empty where none is in effect."""

    poll: Poll
    decided: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        return f"poll-{self.poll.pk}"

    @property
    def choices(self) -> list[ChoiceView]:
        """By rank, those without one behind, each group in the order of the poll."""
        by_index = {choice["index"]: choice for choice in self.decided.get("choices", ())}
        views = [ChoiceView(choice, by_index.get(choice.index, {})) for choice in self.poll.choices.all()]
        return sorted(views, key=lambda view: (view.rank is None, view.rank or 0, view.choice.index))

    @property
    def has_pots(self) -> bool:
        return any(view.pot for view in self.choices)

    @property
    def total(self) -> str:
        return figure(self.poll.total_votes)

    @property
    def quorum(self) -> str:
        words = {True: "reached", False: "missed", None: ""}[self.decided.get("quorum_reached")]
        return f"{percent(self.poll.stated_quorum_percent)} {words}".strip()


@dataclass(frozen=True, slots=True)
class EpochView:
    """*change* is what was applied for it and stands on the day that is shown; None: nothing in effect."""

    epoch: Epoch
    change: ChangeView | None
    changes: tuple[ChangeView, ...]
    as_of: date | None

    @property
    def policy(self) -> Policy | None:
        """The rules that decided, or that it would be decided by."""
        return (self.change.changeset.policy if self.change else None) or self.epoch.policy

    @property
    def polls(self) -> list[PollView]:
        decided = {poll["poll"]: poll for poll in (self.change.document.get("polls", ()) if self.change else ())}
        return [PollView(poll, decided.get(poll.pk, {})) for poll in self.epoch.polls.all()]

    @property
    def document(self) -> dict[str, Any]:
        return self.change.document if self.change else {}

    @property
    def asides(self) -> list[tuple[str, list[str]]]:
        """What its plan said beside the ranks and the pots, by heading."""
        return asides(self.document | {"pots": []})

    @property
    def contradictions(self) -> list[str]:
        """Where the printed record of it contradicts itself."""
        return contradictions_of(self.epoch.number) if self.epoch.is_history else []

    @property
    def is_waiting(self) -> bool:
        """Whether its polls are recorded and nothing was ever made of them."""
        return not self.changes and bool(self.epoch.polls.all())

    @property
    def standing(self) -> str:
        """In one sentence, whether its result is in effect."""
        if self.change:
            since = self.change.changeset.effective_from
            is_ahead = since > (self.as_of or timezone.now().date())
            return f"Takes effect on {since}." if is_ahead else f"In effect from {since}."
        if self.as_of and self.changes:
            return f"Not in effect on {self.as_of}."
        if self.epoch.state == EpochState.ROLLED_BACK:
            return "Its result was taken back and is not in effect."
        if not self.epoch.polls.all():
            return "No poll was held in it." if self.epoch.is_history else "Nothing was imported yet."
        return f"{self.epoch.get_state_display()}: nothing of it is in effect yet."


def epochs_on(*, as_of: date | None = None) -> list[EpochView]:
    """Every epoch, newest first, with what of it stands on that day."""
    epochs = _epochs(in_short(with_messages())).prefetch_related("polls")
    return [_view(epoch, as_of) for epoch in epochs]


def epoch_on(number: int, *, as_of: date | None = None) -> EpochView:
    """One epoch with its polls. Raises NotHere."""
    polls = Poll.objects.select_related("evidence", "target").defer("evidence__content")
    with_choices = polls.prefetch_related(Prefetch("choices", Choice.objects.select_related("subject")))
    epoch = _epochs(with_messages()).filter(number=number).prefetch_related(Prefetch("polls", with_choices)).first()
    if epoch is None:
        known = list(Epoch.objects.order_by("number").values_list("number", flat=True))
        hint = f": there are {known[0]} to {known[-1]}" if known else ": no epoch was ever recorded"
        raise NotHere(f"there is no epoch {number} here{hint}")
    return _view(epoch, as_of)


def _epochs(changesets: QuerySet[Changeset]) -> QuerySet[Epoch]:
    return Epoch.objects.select_related("policy").prefetch_related(Prefetch("changesets", changesets))


def _view(epoch: Epoch, as_of: date | None) -> EpochView:
    views = tuple(view_of(change) for change in epoch.changesets.all())
    standing = next((view for view in views if view.stands_on(as_of)), None)
    return EpochView(epoch, standing, views, as_of)
