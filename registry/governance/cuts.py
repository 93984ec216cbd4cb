"""Lines between ranks that separate fates: bands, the top that share a pool, the lowest that give up their slot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from registry.choices import PollGroup
from registry.governance.outcome import Question, QuestionKind
from registry.governance.policy_schema import Band, PolicyDocument
from registry.governance.ranking import Place
from registry.governance.wording import listed, votes_text


@dataclass(frozen=True, slots=True)
class Cut:
    """It runs behind rank `after`. `rule` is the place in the policy document that draws it."""

    after: int
    rule: str
    text: str  # follows on from "the line"

    def divides(self, place: Place) -> bool:
        """Whether the choice may stand on either side."""
        return place.first <= self.after < place.last


def band_cuts(policy: PolicyDocument, group: PollGroup) -> tuple[Cut, ...]:
    """Behind each band of *group*, also behind the last where it ends."""
    bands = policy.bands_of(group)
    cuts = []
    for position, (place, band) in enumerate(bands):
        if band.ranks[1] is not None:
            below = bands[position + 1][1].label.value if position + 1 < len(bands) else "the rest"
            text = f"between {band.label.value} and {below}"
            cuts.append(Cut(band.ranks[1], f"bands[{place}].ranks", text))
    return tuple(cuts)


def pool_cuts(policy: PolicyDocument) -> tuple[Cut, ...]:
    if policy.pool is None or policy.pool.top is None:
        return ()
    return (Cut(policy.pool.top, "pool.top", f"behind the top {policy.pool.top} that share the pool"),)


def slot_drop(policy: PolicyDocument, choices: int) -> tuple[int, str]:
    """How many of the lowest leave next, in a poll of so many *choices*, and the rule that says so."""
    for place, rule in enumerate(policy.slots.rules if policy.slots else ()):
        if rule.choices == choices:
            return rule.drop_lowest_next, f"slots.rules[{place}]"
    return 0, ""


def slot_cuts(policy: PolicyDocument, choices: int) -> tuple[Cut, ...]:
    dropped, rule = slot_drop(policy, choices)
    return (Cut(choices - dropped, rule, f"above the {dropped} lowest that leave next"),) if dropped else ()


def band_at(bands: Sequence[tuple[int, Band]], rank: int) -> tuple[int, Band] | None:
    """The band that holds *rank*, with its place in the document."""
    return next(((place, band) for place, band in bands if band.holds(rank)), None)


def divided(cuts: Iterable[Cut], places: Iterable[Place]) -> dict[int, Cut]:
    """By index, those of *places* that a cut divides, and the first cut that does."""
    lines = tuple(cuts)
    found = {}
    for place in places:
        line = next((cut for cut in lines if cut.divides(place)), None)
        if line:
            found[place.tally.index] = line
    return found


def tie_questions(cuts: Iterable[Cut], places: Mapping[int, Place], matters: Mapping[int, bool]) -> list[Question]:
    """One for each set of choices whose order is open across a cut, where that *matters* to any of them."""
    questions = []
    for cut in cuts:
        open_here = {index for index, place in places.items() if cut.divides(place)}
        while open_here:
            group = _connected(min(open_here), open_here, places)
            open_here -= group
            # One alone waits for another's inclusion, which has a question of its own.
            if len(group) > 1 and any(matters[index] for index in group):
                questions.append(_question(cut, [places[index] for index in sorted(group)]))
    return questions


def _connected(start: int, among: set[int], places: Mapping[int, Place]) -> set[int]:
    group, edge = {start}, [start]
    while edge:
        fresh = {index for index in places[edge.pop()].open_with if index in among} - group
        group |= fresh
        edge += fresh
    return group


def _question(cut: Cut, group: Sequence[Place]) -> Question:
    names = listed([place.tally.name for place in group])
    votes = {place.tally.votes for place in group}
    (same,) = votes if len(votes) == 1 else (None,)
    if None in votes:
        why = "the source does not say in which order they stand"
    elif same and same.is_exact:
        why = f"they have {votes_text(same)} each"
    else:
        why = "their votes are rounded and may stand in either order"
    text = f"{names}: {why}, and the line {cut.text} runs among them. Decide their order."
    return Question(QuestionKind.TIE, tuple(place.tally.index for place in group), text)
