"""Two epochs side by side: who stands otherwise, what each poll gave to whom, and how the rules differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from django.db.models import Q

from registry.choices import Tier
from registry.governance.names import name_key
from registry.governance.policy_schema import PolicyDocument
from registry.governance.wording import figure
from registry.models import Changeset, Epoch
from registry.parameters import BadParameters, whole_number_of
from registry.public.epochs import epoch_on
from registry.public.missing import NotHere
from registry.public.policies import rules_in_words
from registry.public.wording import Outcome, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from django.http import QueryDict

    from registry.models import Policy
    from registry.public.epochs import ChoiceView, EpochView, PollView

NOT_VOTED_ON = Outcome("Not voted on", "g-absent", "absent")

CHANGES: Mapping[str, tuple[str, str, str]] = {
    "promoted": ("▲", "Promoted", "A better tier in the second."),
    "demoted": ("▼", "Demoted", "A lower tier in the second, and still one."),
    "gained": ("★", "Gained a tier", "In both, with a tier in the second alone."),
    "lost": ("○", "Lost the tier", "With a tier in the first alone, and not voted out."),
    "entered": ("+", "Entered", "In by the second, and not by the first."),
    "left": ("−", "Left", "In by the first, voted out in the second."),
    "absent": ("·", "Not voted on", "In by the first; the second says nothing of it."),
    "unchanged": ("=", "The same in both", ""),
}
"""Each change by shape, word and meaning, in the order in which they are shown."""

_HEIGHTS = {"": 0, Tier.BRONZE.value: 1, Tier.SILVER.value: 2, Tier.GOLD.value: 3}


class Decided(NamedTuple):
    """What an epoch decided about an exchange."""

    tier: str
    included: bool | None

    @property
    def is_in(self) -> bool:
        return bool(self.tier) or self.included is True


@dataclass(frozen=True, slots=True)
class Shift:
    """One exchange in two epochs; None where one of them decided nothing about it."""

    slug: str
    name: str
    before: Decided | None
    after: Decided | None

    @property
    def change(self) -> str:
        """A key of CHANGES; "" for one that was in by neither."""
        was_in, is_in = (one is not None and one.is_in for one in (self.before, self.after))
        if not was_in:
            return "entered" if is_in else ""
        if self.after is None:
            return "absent"
        if self.after.included is False:
            return "left"
        old, new = self.before.tier if self.before else "", self.after.tier
        if old == new:
            return "unchanged" if is_in else "absent"
        if not (old and new):
            return "gained" if new else "lost"
        return "promoted" if _HEIGHTS[new] > _HEIGHTS[old] else "demoted"

    @property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        return _outcome(self.before), _outcome(self.after)


@dataclass(frozen=True, slots=True)
class Section:
    change: str
    shifts: tuple[Shift, ...]

    @property
    def shape(self) -> str:
        return CHANGES[self.change][0]

    @property
    def word(self) -> str:
        return CHANGES[self.change][1]

    @property
    def meaning(self) -> str:
        return CHANGES[self.change][2]


@dataclass(frozen=True, slots=True)
class Pair:
    """What stood to vote in a poll of both epochs; None in the one where it did not."""

    before: ChoiceView | None
    after: ChoiceView | None

    @property
    def either(self) -> ChoiceView:
        choice = self.after or self.before
        assert choice is not None  # noqa: S101  it was found in one of the two
        return choice

    @property
    def name(self) -> str:
        return self.either.subject_name or self.either.name

    @property
    def moved(self) -> str:
        """How rank and votes differ, in words; "" where one of the two does not say."""
        return ", ".join(filter(None, (self._places(), self._votes())))

    def _places(self) -> str:
        ranks = [one.rank if one else None for one in (self.before, self.after)]
        old, new = ranks
        if old is None or new is None:
            return ""
        if old == new:
            return "same rank"
        count = abs(old - new)
        return f"{count} place{'s' if count > 1 else ''} {'up' if new < old else 'down'}"

    def _votes(self) -> str:
        if not (self.before and self.after):
            return ""
        old, new = self.before.choice.votes, self.after.choice.votes
        if old is None or new is None or old == new:
            return ""
        about = "about " if self.before.is_rounded or self.after.is_rounded else ""
        return f"{about}{figure(abs(new - old))} HBOT {'more' if new > old else 'fewer'}"


@dataclass(frozen=True, slots=True)
class PollPair:
    """One poll in two epochs; None in the one that did not hold it."""

    before: PollView | None
    after: PollView | None

    @property
    def either(self) -> PollView:
        poll = self.after or self.before
        assert poll is not None  # noqa: S101  it was found in one of the two
        return poll

    @property
    def title(self) -> str:
        poll = self.either.poll
        return f"{poll.get_group_display()}: {poll.target}" if poll.target else poll.get_group_display()

    @property
    def is_in_both(self) -> bool:
        return self.before is not None and self.after is not None

    @property
    def pairs(self) -> list[Pair]:
        """By the second's rank, then the first's, then by name."""
        old, new = (_by_subject(poll) for poll in (self.before, self.after))
        pairs = [Pair(old.get(key), new.get(key)) for key in {**new, **old}]
        return sorted(pairs, key=lambda pair: (_rank(pair.after), _rank(pair.before), pair.name.casefold()))


class RuleLine(NamedTuple):
    """What the rules of both say of one matter; "" where they say nothing of it."""

    label: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class EpochComparison:
    before: EpochView
    after: EpochView

    @property
    def pairs(self) -> list[tuple[str, int]]:
        """What is asked, but for the day, as parameters and their values."""
        return [("from", self.before.epoch.number), ("to", self.after.epoch.number)]

    @property
    def today(self) -> str:
        """The query of the same without a day."""
        return f"?{urlencode(self.pairs)}"

    @property
    def sections(self) -> list[Section]:
        """Who stands otherwise, by what changed; kinds that nothing falls under are left out."""
        shifts = list(_shifts(self.before, self.after))
        found = [Section(change, tuple(shift for shift in shifts if shift.change == change)) for change in CHANGES]
        return [section for section in found if section.shifts]

    @property
    def polls(self) -> list[PollPair]:
        """Those of the second first, behind them those that the first alone held."""
        old, new = ({_poll_key(poll): poll for poll in view.polls} for view in (self.before, self.after))
        return [PollPair(old.get(key), new.get(key)) for key in {**new, **old}]

    @property
    def in_both(self) -> list[PollPair]:
        return [pair for pair in self.polls if pair.is_in_both]

    @property
    def in_one(self) -> list[PollPair]:
        return [pair for pair in self.polls if not pair.is_in_both]

    @property
    def has_same_rules(self) -> bool:
        return self.before.policy == self.after.policy

    @property
    def rules(self) -> list[RuleLine]:
        old, new = (_facts(view.policy) for view in (self.before, self.after))
        return [RuleLine(label, old.get(label, ""), new.get(label, "")) for label in {**old, **new}]


def compare_epochs(given: QueryDict, *, as_of: date | None = None) -> EpochComparison:
    """The epochs that `from` and `to` name; where neither is given, the last two whose results stand on that day.

    Raises BadParameters and NotHere.
    """
    if "from" not in given and "to" not in given:
        first, second = _latest_two(as_of)
    else:
        missing = [name for name in ("from", "to") if name not in given]
        if missing:
            raise BadParameters({missing[0]: ["missing: name two epochs, such as from=5&to=6"]})
        first, second = (whole_number_of(given, name, default=0) for name in ("from", "to"))
    if first == second:
        raise BadParameters({"to": [f"{second} is the epoch that from names as well: name another"]})
    return EpochComparison(epoch_on(first, as_of=as_of), epoch_on(second, as_of=as_of))


def epoch_numbers() -> list[int]:
    """Of every epoch, for a reader to choose from."""
    return list(Epoch.objects.order_by("number").values_list("number", flat=True))


def _latest_two(as_of: date | None) -> tuple[int, int]:
    untouched = Q(reversed_by=None)
    decided = Changeset.objects.filter(reverses=None)
    if as_of:
        decided = decided.filter(untouched | Q(reversed_by__effective_from__gt=as_of), effective_from__lte=as_of)
    else:
        decided = decided.filter(untouched)
    numbers = list(decided.order_by("-epoch__number").values_list("epoch__number", flat=True).distinct()[:2])
    if len(numbers) < 2:
        raise NotHere(
            f"there were no two decided epochs to compare by {as_of}"
            if as_of
            else "there are no two decided epochs to compare yet"
        )
    return numbers[1], numbers[0]


def _shifts(before: EpochView, after: EpochView) -> Iterator[Shift]:
    old, new = ({move["exchange"]: move for move in view.document.get("moves", ())} for view in (before, after))
    for slug in sorted({**old, **new}, key=lambda slug: (new.get(slug) or old[slug])["name"].casefold()):
        name = (new.get(slug) or old[slug])["name"]
        yield Shift(slug, name, _decided(old.get(slug)), _decided(new.get(slug)))


def _decided(move: Mapping[str, Any] | None) -> Decided | None:
    """None too where the epoch only ended a tier, and said nothing of the exchange itself."""
    if move is None or (not move["new"]["tier"] and move["new"]["included"] is None and move["poll"] is None):
        return None
    return Decided(move["new"]["tier"], move["new"]["included"])


def _outcome(decided: Decided | None) -> Outcome:
    return outcome_of(decided.tier, decided.included) if decided else NOT_VOTED_ON


def _by_subject(poll: PollView | None) -> dict[str, ChoiceView]:
    """By whom or what a choice stands for, since polls print names differently; by its name where that is open."""
    choices = poll.choices if poll else ()
    return {_subject_key(choice): choice for choice in choices}


def _subject_key(choice: ChoiceView) -> str:
    subject = choice.choice.subject
    return f"{subject.kind} {subject.slug}" if subject else name_key(choice.name)


def _poll_key(poll: PollView) -> tuple[str, str]:
    return poll.poll.group, poll.poll.target.slug if poll.poll.target else ""


def _rank(choice: ChoiceView | None) -> int:
    return (choice.rank if choice else None) or 10_000


def _facts(policy: Policy | None) -> dict[str, str]:
    if policy is None:
        return {}
    facts: Sequence[tuple[str, str]] = rules_in_words(msgspec.convert(policy.document, PolicyDocument))
    return dict(facts)
